// SPDX-License-Identifier: Apache-2.0
// What a driver throws to say no. Part of netrig/driver.hpp.
#ifndef NETRIG_FAILURE_HPP
#define NETRIG_FAILURE_HPP

#include <netrig/driver.h>

#include <exception>
#include <string>
#include <utility>

namespace netrig {

/// A status with its reason: one sentence, lower case, no full stop. The host adds lab, device, driver and position.
class Failure : public std::exception {
 public:
  Failure(netrig_status status, std::string message) : status_(status), message_(std::move(message)) {}
  [[nodiscard]] netrig_status status() const noexcept { return status_; }
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

 private:
  netrig_status status_;
  std::string message_;
};

}  // namespace netrig

#endif  // NETRIG_FAILURE_HPP
