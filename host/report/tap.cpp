// SPDX-License-Identifier: Apache-2.0
#include "report/tap.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "report/escape.hpp"

namespace netrig::report {
namespace {

using check::Outcome;

/// '#' would begin a directive.
std::string description(const std::string& name) {
  std::string text;
  for (const char c : one_line(name)) {
    if (c == '#' || c == '\\') text += '\\';
    text += c;
  }
  return text;
}

/// A JSON string is a YAML double-quoted scalar.
std::string scalar(const std::string& text) { return nlohmann::json(printable(text)).dump(); }

std::string diagnosis(const check::TestResult& test) {
  std::string text = "  ---\n";
  text += fmt::format("  outcome: {}\n", to_text(test.outcome));
  text += fmt::format("  at: {}\n", scalar(test.where));
  if (!test.reason.empty()) text += fmt::format("  message: {}\n", scalar(test.reason));
  if (!test.findings.empty()) text += "  findings:\n";
  for (const check::Finding& finding : test.findings) {
    text += fmt::format("    - about: {}\n", scalar(finding.about));
    text += fmt::format("      seen: {}\n", scalar(finding.seen));
    text += fmt::format("      expected: {}\n", scalar(finding.expected));
    text += fmt::format("      look_at: {}\n", scalar(finding.look_at));
  }
  if (!test.reproduce.empty()) text += "  reproduce:\n";
  for (const std::string& line : test.reproduce) text += fmt::format("    - {}\n", scalar(line));
  return text + "  ...\n";
}

}  // namespace

std::string tap(const check::Report& report, TapVersion version) {
  std::string text = fmt::format("TAP version {}\n1..{}\n", static_cast<int>(version), report.tests.size());
  for (std::size_t i = 0; i < report.tests.size(); ++i) {
    const check::TestResult& test = report.tests[i];
    const bool good = test.outcome == Outcome::passed || test.outcome == Outcome::skipped;
    text += fmt::format("{}ok {} - {}", good ? "" : "not ", i + 1, description(test.name));
    if (test.outcome == Outcome::skipped) text += fmt::format(" # SKIP {}", one_line(test.reason));
    text += "\n";
    if (!good) text += diagnosis(test);
  }
  if (report.interrupted) text += "Bail out! interrupted\n";
  return text;
}

}  // namespace netrig::report
