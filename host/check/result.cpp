// SPDX-License-Identifier: Apache-2.0
#include "check/result.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

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

std::string to_text(const Metric& metric) {
  static constexpr std::array kRates = {"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"};
  const double value = metric.value;
  if (metric.unit == "bit/s") {
    double scaled = value;
    std::size_t unit = 0;
    for (; scaled >= 1000 && unit + 1 < kRates.size(); ++unit) scaled /= 1000;
    return fmt::format("{:.3g} {}", scaled, kRates.at(unit));
  }
  if (metric.unit == "%") return fmt::format("{:.3g}%", value);
  if (metric.unit == "ms") return fmt::format("{:.{}f} ms", value, value < 1 ? 3 : value < 100 ? 2 : 0);
  const std::string number = value == std::floor(value) ? fmt::format("{:.0f}", value) : fmt::format("{:.3g}", value);
  return metric.unit.empty() ? number : number + " " + metric.unit;
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
