// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "check/result.hpp"
#include "model/test.hpp"

namespace netrig::report {

/// What a run of tests has found, for people: a table, what went wrong, and one line that sums up.
std::string text_report(const check::Report& report, bool colour);

/// The lines of its table one by one, as tests end.
class ResultLines {
 public:
  /// `tests`: that are to come. `columns`: of the terminal; 0: it is none.
  ResultLines(const std::vector<Test>& tests, std::size_t columns, bool colour);
  /// "passed   web answers   0.12 s  connect 0.3 ms", in two lines or more where it would not fit.
  [[nodiscard]] std::string line(const check::TestResult& test) const;

 private:
  std::size_t name_width_ = 0;
  std::size_t columns_;
  bool colour_;
};
/// What follows those lines: text_report() without its table.
std::string closing_text(const check::Report& report, bool colour);

/// Its middle part alone: each test that did not pass, with findings and attachments.
std::string troubles(const check::Report& report, bool colour);
/// ", in round 7, seed 3": what is not as in any other run; mostly empty.
std::string circumstances(const check::Report& report);
/// "12 tests: 10 passed, 1 failed, 1 skipped".
std::string totals_text(const check::Totals& totals);
/// The figures of a test in a few words: "loss 0%, rtt avg 0.05 ms".
std::string headline(const check::TestResult& test);

}  // namespace netrig::report
