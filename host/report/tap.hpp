// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>

#include "check/result.hpp"

namespace netrig::report {

/// What the first line says. What follows is the same, for it uses nothing that 13 lacks (docs/decisions/010-tap.md).
enum class TapVersion : std::uint8_t { v13 = 13, v14 = 14 };

/// Test Anything Protocol (testanything.org): one test point a test, with a YAML block for what went wrong.
std::string tap(const check::Report& report, TapVersion version);

}  // namespace netrig::report
