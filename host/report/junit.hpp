// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "check/result.hpp"

namespace netrig::report {

/// JUnit XML as the Ant task writes it and CI systems read it: one suite a lab, one case a test.
std::string junit(const check::Report& report);

}  // namespace netrig::report
