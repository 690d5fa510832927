// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "check/result.hpp"

namespace netrig::report {

/// TAP version 14 (testanything.org): one test point a test, with a YAML block for what went wrong.
std::string tap(const check::Report& report);

}  // namespace netrig::report
