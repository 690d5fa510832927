// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <system_error>
#include <thread>
#include <utility>

#include "model/error.hpp"

namespace netrig {

/// Starts a thread. Throws Error{failed} where no more threads can be had: containers limit processes.
template <typename Body>
std::thread start_thread(Body&& body) {
  try {
    return std::thread(std::forward<Body>(body));
  } catch (const std::system_error& error) {
    throw Error(ErrorCode::failed, "cannot start a thread: " + error.code().message() +
                                       "; see \"ulimit -u\", and pids.max of the control group");
  }
}

}  // namespace netrig
