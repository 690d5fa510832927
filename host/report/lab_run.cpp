// SPDX-License-Identifier: Apache-2.0
#include "report/lab_run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "model/printable.hpp"
#include "report/table.hpp"
#include "report/text_report.hpp"

namespace netrig::report {
namespace {

using check::Outcome;

void count(check::Totals& totals, Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      ++totals.passed;
      return;
    case Outcome::failed:
      ++totals.failed;
      return;
    case Outcome::error:
      ++totals.error;
      return;
    case Outcome::skipped:
      ++totals.skipped;
      return;
    case Outcome::interrupted:
      ++totals.interrupted;
      return;
  }
}

std::string word_of(Outcome outcome) {
  return outcome == Outcome::error ? "could not run" : std::string(to_text(outcome));
}

/// What a lab's line says beside the outcome.
std::string tests_text(const check::Report& report) {
  const auto itself = std::find_if(report.tests.begin(), report.tests.end(),
                                   [](const check::TestResult& test) { return test.name == kLabItself; });
  return itself == report.tests.end() ? totals_text(report.totals()) : itself->reason;
}

}  // namespace

check::Totals test_totals(LabRuns runs) {
  check::Totals all;
  for (const LabRun& run : runs) {
    const check::Totals one = run.report.totals();
    all.passed += one.passed;
    all.failed += one.failed;
    all.error += one.error;
    all.skipped += one.skipped;
    all.interrupted += one.interrupted;
  }
  return all;
}

check::Totals lab_totals(LabRuns runs) {
  check::Totals totals;
  for (const LabRun& run : runs) count(totals, outcome_of(run.report));
  return totals;
}

Outcome outcome_of(const check::Report& report) {
  const check::Totals totals = report.totals();
  return totals.failed > 0                              ? Outcome::failed
         : totals.error > 0                             ? Outcome::error
         : report.interrupted || totals.interrupted > 0 ? Outcome::interrupted
         : totals.passed == 0                           ? Outcome::skipped
                                                        : Outcome::passed;
}

check::Report merged(LabRuns runs, double seconds) {
  check::Report all;
  if (runs.empty()) return all;
  all.lab = counted(runs.size(), "lab");
  all.began = runs.front().report.began;
  all.seconds = seconds;
  all.environment = runs.front().report.environment;
  for (const LabRun& run : runs) {
    all.began = std::min(all.began, run.report.began);
    all.interrupted = all.interrupted || run.report.interrupted;
    if (!all.seed) all.seed = run.report.seed;
    for (check::TestResult test : run.report.tests) {
      test.name = fmt::format("{}: {}", run.report.file, test.name);
      all.tests.push_back(std::move(test));
    }
  }
  return all;
}

std::string labs_outcomes_text(LabRuns runs) {
  const check::Totals labs = lab_totals(runs);
  std::vector<std::string> parts;
  for (const auto& [number, what] :
       {std::pair{labs.passed, "passed"}, std::pair{labs.failed, "failed"}, std::pair{labs.error, "could not run"},
        std::pair{labs.skipped, "skipped"}, std::pair{labs.interrupted, "interrupted"}})
    if (number > 0) parts.push_back(fmt::format("{} {}", number, what));
  return fmt::format("{}: {}", counted(runs.size(), "lab"), fmt::join(parts, ", "));
}

std::string labs_totals_text(LabRuns runs, double seconds) {
  return fmt::format("{} ({}, {:.2f} s)", labs_outcomes_text(runs), counted(test_totals(runs).all(), "test"), seconds);
}

std::string labs_text(LabRuns runs, double seconds, std::size_t columns, bool colour) {
  TextTable table({"LAB", "OUTCOME", "TIME", "TESTS"});
  for (const LabRun& run : runs)
    table.add({one_line(run.report.file), word_of(outcome_of(run.report)), fmt::format("{:.2f} s", run.report.seconds),
               tests_text(run.report)});
  const check::Totals labs = lab_totals(runs);
  const std::string_view paint = !colour                        ? ""
                                 : labs.failed + labs.error > 0 ? "\x1b[31m"
                                 : labs.passed < runs.size()    ? "\x1b[33m"
                                                                : "\x1b[32m";
  return fmt::format("\n{}\n{}{}{}\n", table.str(columns), paint, labs_totals_text(runs, seconds),
                     colour ? "\x1b[0m" : "");
}

}  // namespace netrig::report
