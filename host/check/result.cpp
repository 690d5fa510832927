// SPDX-License-Identifier: Apache-2.0
#include "check/result.hpp"

namespace netrig::check {

std::string_view to_text(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return "passed";
    case Outcome::failed:
      return "failed";
    case Outcome::error:
      return "error";
    case Outcome::skipped:
      return "skipped";
    case Outcome::interrupted:
      return "interrupted";
  }
  return "error";
}

Totals Report::totals() const {
  Totals totals;
  for (const TestResult& test : tests) {
    switch (test.outcome) {
      case Outcome::passed:
        ++totals.passed;
        break;
      case Outcome::failed:
        ++totals.failed;
        break;
      case Outcome::error:
        ++totals.error;
        break;
      case Outcome::skipped:
        ++totals.skipped;
        break;
      case Outcome::interrupted:
        ++totals.interrupted;
        break;
    }
  }
  return totals;
}

}  // namespace netrig::check
