// SPDX-License-Identifier: Apache-2.0
// How long to wait for a descriptor: no wait in netrig is without an end, or deaf to who wants to stop it.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>

namespace netrig {

struct Patience {
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::function<bool()> gave_up = {};  ///< asked a few times a second; empty: nobody gives up
};

enum class Waited : std::uint8_t {
  ready,
  late,     ///< the deadline has passed
  gave_up,  ///< the caller no longer wants to wait
  failed,   ///< the kernel cannot wait: errno
};

/// Waits until `fd` has one of `events` (poll(2)).
Waited wait_for(int fd, short events, const Patience& patience);

/// Whether an errno says that the kernel had no memory for the moment. What is asked again soon goes through, and it is
/// nobody's fault at the other end. Sleeps a little before it says so; false once `tries` says that this went on too
/// long.
bool passes_by_itself(int error, int& tries);

}  // namespace netrig
