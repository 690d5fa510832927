// SPDX-License-Identifier: Apache-2.0
// One lab of a run over several.
#pragma once
#include <span>
#include <string>

#include "check/result.hpp"

namespace netrig::report {

struct LabRun {
  check::Report report;      ///< `file` is the lab's, as the user named it
  std::string drawing = {};  ///< of the lab, SVG; only for HTML
};
using LabRuns = std::span<const LabRun>;

/// The name of a test that stands for its lab: what kept it from running, or from being taken away.
inline constexpr const char* kLabItself = "the lab itself";

/// Of all tests of all labs.
check::Totals test_totals(LabRuns runs);
/// Labs by what came of them.
check::Totals lab_totals(LabRuns runs);
/// What came of a lab: of its tests the worst.
check::Outcome outcome_of(const check::Report& report);
/// All as one report, whose tests are called "labs/a.toml: web answers".
check::Report merged(LabRuns runs, double seconds);

/// "12 labs: 10 passed, 1 failed".
std::string labs_outcomes_text(LabRuns runs);
/// "12 labs: 10 passed, 1 failed, 1 could not run (72 tests, 14.20 s)".
std::string labs_totals_text(LabRuns runs, double seconds);
/// A table with a line for each lab, and the totals below.
std::string labs_text(LabRuns runs, double seconds, std::size_t columns, bool colour);

}  // namespace netrig::report
