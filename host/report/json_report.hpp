// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "check/result.hpp"
#include "report/lab_run.hpp"

namespace netrig::report {

/// Everything, as docs/test-report.schema.json describes it. Ends with a newline.
std::string json_report(const check::Report& report);
/// The same of several labs: a list of such reports and totals.
std::string json_report(LabRuns runs);

/// As values, for who passes them on to another process.
nlohmann::ordered_json to_json(const check::Report& report);
nlohmann::ordered_json to_json(const check::TestResult& test);
/// What to_json() was given. Throws nlohmann::json::exception for what it did not write.
check::Report report_of(const nlohmann::ordered_json& json);
check::TestResult test_of(const nlohmann::ordered_json& json);

}  // namespace netrig::report
