// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "check/result.hpp"
#include "report/lab_run.hpp"

namespace netrig::report {

/// JUnit XML as the Ant task writes it and CI systems read it: one suite a lab, one case a test, with the file
/// and the line that it stands in.
std::string junit(LabRuns runs);
std::string junit(const check::Report& report);

}  // namespace netrig::report
