// SPDX-License-Identifier: Apache-2.0
#include "cli/happenings.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace netrig::cli {

std::string time_text(std::chrono::system_clock::time_point when) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(when);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(whole),
                     std::chrono::duration_cast<std::chrono::milliseconds>(when - whole).count());
}

Json happening(const char* event, const std::string& lab) {
  return {{"event", event}, {"time", time_text(std::chrono::system_clock::now())}, {"lab", lab}};
}

}  // namespace netrig::cli
