// SPDX-License-Identifier: Apache-2.0
// What a driver throws to say no. Part of netrig/driver.hpp.
#ifndef NETRIG_FAILURE_HPP
#define NETRIG_FAILURE_HPP

#include <netrig/driver.h>

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace netrig {

/// What the kernel said no with.
struct KernelWords {
  std::int32_t error_number = 0;      ///< errno; 0: it was not the kernel who said no
  std::uint32_t offset = UINT32_MAX;  ///< of the fault in what it was given; NETRIG_NONE: not known
  std::string text;                   ///< extended acknowledgement; often empty
};

/// A status with its reason: one sentence, lower case, no full stop. The host adds lab, device, driver and position.
class Failure : public std::exception {
 public:
  Failure(netrig_status status, std::string message) : status_(status), message_(std::move(message)) {}
  /// Of a service that failed: whoever catches it may go another way.
  Failure(netrig_status status, std::string message, KernelWords kernel)
      : status_(status), message_(std::move(message)), kernel_(std::move(kernel)) {}
  [[nodiscard]] netrig_status status() const noexcept { return status_; }
  [[nodiscard]] const KernelWords& kernel() const noexcept { return kernel_; }
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

 private:
  netrig_status status_;
  std::string message_;
  KernelWords kernel_;
};

}  // namespace netrig

#endif  // NETRIG_FAILURE_HPP
