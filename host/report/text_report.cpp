// SPDX-License-Identifier: Apache-2.0
#include "report/text_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "report/escape.hpp"
#include "report/table.hpp"
#include "report/terminal.hpp"

namespace netrig::report {
namespace {

using check::Outcome;

constexpr std::size_t kMostFindings = 10;

/// ECMA-48 colours; empty without colour.
std::string_view colour_of(Outcome outcome, bool colour) {
  if (!colour) return "";
  switch (outcome) {
    case Outcome::passed:
      return "\x1b[32m";
    case Outcome::failed:
    case Outcome::error:
      return "\x1b[31m";
    default:
      return "\x1b[33m";
  }
}

std::string table_of(const check::Report& report, bool colour) {
  TextTable table({"TEST", "CHECK", "OUTCOME", "MEASURED", "TIME"});
  for (const check::TestResult& test : report.tests)
    table.add({one_line(test.name), test.check, std::string(to_text(test.outcome)), headline(test),
               test.repetitions == 0 ? "" : fmt::format("{:.2f} s", test.seconds)});
  std::string text = table.str();
  if (!colour) return text;
  // Painted after the columns are laid out, for colour has no width: the line of each test, from its outcome to the
  // end.
  std::string painted;
  std::size_t at = 0;
  for (std::size_t line = 0; at < text.size(); ++line) {
    const std::size_t end = text.find('\n', at);
    const std::string row = text.substr(at, end - at);
    painted += line == 0 ? "\x1b[1m" + row : std::string(colour_of(report.tests[line - 1].outcome, true)) + row;
    painted += "\x1b[0m\n";
    at = end + 1;
  }
  return painted;
}

/// Text to be followed by a newline.
std::string unended(const std::string& text) {
  std::string result = printable(text);
  if (result.ends_with('\n')) result.pop_back();
  return result;
}

std::string trouble(const check::TestResult& test, bool colour) {
  std::string text = fmt::format("\n{}{}{}: {}  ({})\n", colour_of(test.outcome, colour), to_text(test.outcome),
                                 colour ? "\x1b[0m" : "", one_line(test.name), one_line(test.where));
  if (!test.reason.empty()) text += fmt::format("  {}\n", one_line(test.reason));
  for (std::size_t i = 0; i < test.findings.size() && i < kMostFindings; ++i) {
    const check::Finding& finding = test.findings[i];
    if (!finding.about.empty()) text += fmt::format("  {}\n", one_line(finding.about));
    text += fmt::format("    seen:     {}\n", one_line(finding.seen));
    if (!finding.expected.empty()) text += fmt::format("    expected: {}\n", one_line(finding.expected));
    if (!finding.look_at.empty()) text += fmt::format("    look at:  {}\n", one_line(finding.look_at));
  }
  if (test.findings.size() > kMostFindings)
    text += fmt::format("  and {} more\n", test.findings.size() - kMostFindings);
  for (const check::Attachment& attachment : test.attachments)
    text += attachment.path.empty() ? fmt::format("  {}:\n{}\n", one_line(attachment.name), unended(attachment.text))
                                    : fmt::format("  {}: {}\n", one_line(attachment.name), one_line(attachment.path));
  return text;
}

}  // namespace

std::string headline(const check::TestResult& test) {
  static constexpr std::array<std::string_view, 12> kWorth = {"loss",    "rtt_avg",     "outage", "throughput",
                                                              "jitter",  "retransmits", "hops",   "mtu",
                                                              "connect", "connect_avg", "answer", "total"};
  std::vector<std::string> words;
  if (test.pairs.size() > 1) words.push_back(counted(test.pairs.size(), "pair"));
  for (const std::string_view name : kWorth)
    for (const check::Metric& metric : test.metrics) {
      if (metric.name != name) continue;
      std::string label(name);
      std::replace(label.begin(), label.end(), '_', ' ');
      // "2 hops", not "hops 2 hops".
      words.push_back(label == metric.unit ? check::to_text(metric)
                                           : fmt::format("{} {}", label, check::to_text(metric)));
    }
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string totals_text(const check::Totals& totals) {
  std::vector<std::string> parts;
  const auto add = [&](std::size_t count, std::string_view what) {
    if (count > 0) parts.push_back(fmt::format("{} {}", count, what));
  };
  add(totals.passed, "passed");
  add(totals.failed, "failed");
  add(totals.error, "could not run");
  add(totals.skipped, "skipped");
  add(totals.interrupted, "interrupted");
  return fmt::format("{}: {}", counted(totals.all(), "test"), fmt::join(parts, ", "));
}

std::string circumstances(const check::Report& report) {
  return (report.rounds > 1 ? fmt::format(", in round {}", report.rounds) : "") +
         (report.seed ? fmt::format(", seed {}", *report.seed) : "");
}

std::string troubles(const check::Report& report, bool colour) {
  std::string text;
  for (const check::TestResult& test : report.tests)
    if (test.outcome != Outcome::passed) text += trouble(test, colour);
  return text;
}

ResultLines::ResultLines(const std::vector<Test>& tests, std::size_t columns, bool colour)
    : columns_(columns), colour_(colour) {
  for (const Test& test : tests) name_width_ = std::max(name_width_, width_of(one_line(test.name)));
}

std::string ResultLines::line(const check::TestResult& test) const {
  constexpr std::size_t kOutcome = 13;  // "interrupted" and two blanks
  constexpr std::size_t kTime = 10;
  constexpr std::size_t kWorthwhile = 20;  // columns for what was measured
  const std::string name = one_line(test.name);
  const std::string word(to_text(test.outcome));
  const std::string outcome = fmt::format("{}{}{}{}", colour_of(test.outcome, colour_), word, colour_ ? "\x1b[0m" : "",
                                          std::string(kOutcome - std::min(kOutcome, word.size()), ' '));
  const std::size_t name_width = std::max(name_width_, width_of(name));
  const std::string time = test.repetitions == 0 ? "" : fmt::format("{:.2f} s", test.seconds);
  const std::string measured = headline(test);
  if (columns_ == 0 || kOutcome + name_width + kTime + kWorthwhile <= columns_) {
    const std::size_t before = kOutcome + name_width + kTime + 2;
    const auto parts = wrapped(measured, columns_ == 0 ? 0 : columns_ - before);
    std::string text =
        fmt::format("{}{}{:>{}}  {}", outcome, name, time, name_width - width_of(name) + kTime, parts[0]);
    text.erase(text.find_last_not_of(' ') + 1);
    for (std::size_t i = 1; i < parts.size(); ++i) text += "\n" + std::string(before, ' ') + parts[i];
    return text + "\n";
  }
  const std::size_t room = columns_ > 2 * kOutcome ? columns_ - kOutcome : 0;
  const std::string indent(kOutcome, ' ');
  std::string text = outcome;
  for (const std::string& part : wrapped(name, room)) text += (text == outcome ? "" : indent) + part + "\n";
  const std::string rest = time + (time.empty() || measured.empty() ? "" : ", ") + measured;
  if (!rest.empty())
    for (const std::string& part : wrapped(rest, room)) text += indent + part + "\n";
  return text;
}

std::string text_report(const check::Report& report, bool colour) {
  return table_of(report, colour) + closing_text(report, colour);
}

std::string closing_text(const check::Report& report, bool colour) {
  std::string text = troubles(report, colour);
  const check::Totals totals = report.totals();
  const Outcome verdict = totals.failed + totals.error > 0 ? Outcome::failed
                          : totals.passed < totals.all()   ? Outcome::skipped
                                                           : Outcome::passed;
  text += fmt::format("\n{}{}{}{} ({:.2f} s)\n", colour_of(verdict, colour), totals_text(totals),
                      colour ? "\x1b[0m" : "", circumstances(report), report.seconds);
  return text;
}

}  // namespace netrig::report
