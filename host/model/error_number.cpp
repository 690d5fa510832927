// SPDX-License-Identifier: Apache-2.0
#include "model/error_number.hpp"

#include <fmt/format.h>

#include <cstring>

namespace netrig {

std::string errno_name(int error) {
  const char* name = strerrorname_np(error);
  return name != nullptr ? name : fmt::format("errno {}", error);
}

std::string errno_text(int error) {
  const char* text = strerrordesc_np(error);
  return fmt::format("{} ({})", text != nullptr ? text : "unknown error", errno_name(error));
}

}  // namespace netrig
