// SPDX-License-Identifier: Apache-2.0
// Why a plugin is no driver, for whoever tells its author which law it breaks (docs/drivers/laws.md).
#pragma once
#include <string>

#include "model/error.hpp"

namespace netrig::driver {

class Refusal : public Error {
 public:
  /// `check`: of `netrig drivers test`, "binary.note"; it lives as long as the program.
  Refusal(const char* check, const std::string& reason) : Error(ErrorCode::driver, reason), check_(check) {}
  [[nodiscard]] const char* check() const noexcept { return check_; }

 private:
  const char* check_;
};

}  // namespace netrig::driver
