// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "check/result.hpp"

namespace netrig::report {

/// Everything, as docs/test-report.schema.json describes it. Ends with a newline.
std::string json_report(const check::Report& report);

}  // namespace netrig::report
