// SPDX-License-Identifier: Apache-2.0
#include "model/settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace netrig {

std::string setting_text(Scope value) {
  switch (value) {
    case Scope::global:
      return "global";
    case Scope::site:
      return "site";
    case Scope::link:
      return "link";
    case Scope::host:
      return "host";
  }
  return fmt::format("{}", static_cast<unsigned>(value));
}

std::string setting_text(const std::vector<std::string>& value) { return fmt::format("{}", fmt::join(value, " ")); }

}  // namespace netrig
