// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "check/result.hpp"

namespace netrig::report {

/// What a run of tests has found, for people: a table, what went wrong, and one line that sums up.
std::string text_report(const check::Report& report, bool colour);

/// Its middle part alone: each test that did not pass, with findings and attachments.
std::string troubles(const check::Report& report, bool colour);
/// "12 tests: 10 passed, 1 failed, 1 skipped".
std::string totals_text(const check::Totals& totals);
/// The figures of a test in a few words: "loss 0%, rtt avg 0.05 ms".
std::string headline(const check::TestResult& test);

}  // namespace netrig::report
