// SPDX-License-Identifier: Apache-2.0
#include "report/markdown.hpp"

#include <fmt/format.h>

#include "report/escape.hpp"
#include "report/table.hpp"
#include "report/text_report.hpp"

namespace netrig::report {
namespace {

using check::Outcome;

constexpr std::size_t kMostFindings = 10;

/// One line as it stands: neither Markdown's marks nor HTML's mean anything in it.
std::string plain(std::string_view text) {
  std::string result;
  for (const char c : xml(one_line(text))) {
    // "&" begins what xml() has written.
    if (std::string_view("\\`*_[]|~!").find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

std::string code(std::string_view text) { return fmt::format("<code>{}</code>", plain(text)); }

std::string outcome_text(Outcome outcome) {
  const std::string_view word = outcome == Outcome::error ? "could not run" : to_text(outcome);
  return outcome == Outcome::passed ? std::string(word) : fmt::format("**{}**", word);
}

std::string labs_table(LabRuns runs) {
  std::string text = "| lab | file | outcome | tests | time |\n| --- | --- | --- | --- | ---: |\n";
  for (const LabRun& run : runs)
    text += fmt::format("| {} | {} | {} | {} | {:.2f} s |\n", plain(run.report.lab), plain(run.report.file),
                        outcome_text(outcome_of(run.report)), totals_text(run.report.totals()), run.report.seconds);
  return text + "\n";
}

std::string tests_table(const check::Report& report) {
  std::string text = "| test | outcome | measured | time |\n| --- | --- | --- | ---: |\n";
  for (const check::TestResult& test : report.tests)
    text += fmt::format("| {} | {} | {} | {} |\n", plain(test.name), outcome_text(test.outcome), plain(headline(test)),
                        test.repetitions == 0 ? "" : fmt::format("{:.2f} s", test.seconds));
  return text + "\n";
}

std::string trouble(const check::TestResult& test) {
  std::string text = fmt::format("#### {}: {}\n\n{}\n\n", to_text(test.outcome), plain(test.name), code(test.where));
  if (!test.reason.empty()) text += plain(test.reason) + "\n\n";
  for (std::size_t i = 0; i < test.findings.size() && i < kMostFindings; ++i) {
    const check::Finding& finding = test.findings[i];
    text += fmt::format("- {}{}seen: {}", plain(finding.about), finding.about.empty() ? "" : ": ", plain(finding.seen));
    if (!finding.expected.empty()) text += fmt::format("; expected: {}", plain(finding.expected));
    if (!finding.look_at.empty()) text += fmt::format("; look at: {}", code(finding.look_at));
    text += "\n";
  }
  if (test.findings.size() > kMostFindings)
    text += fmt::format("- and {} more\n", test.findings.size() - kMostFindings);
  if (!test.findings.empty()) text += "\n";
  for (const check::Attachment& attachment : test.attachments) {
    if (!attachment.path.empty()) text += fmt::format("{}: {}\n\n", plain(attachment.name), code(attachment.path));
    if (attachment.text.empty()) continue;
    // Of HTML, and so of Markdown too, an empty line is the end; it is written as a line with a blank.
    std::string body = xml(attachment.text);
    for (std::size_t at = body.find("\n\n"); at != std::string::npos; at = body.find("\n\n", at))
      body.insert(at + 1, " ");
    text += fmt::format("<details><summary>{}</summary>\n<pre>{}</pre>\n</details>\n\n", xml(one_line(attachment.name)),
                        body);
  }
  return text;
}

std::string heading(LabRuns runs) {
  if (runs.size() != 1) return labs_outcomes_text(runs);
  const check::Report& report = runs.front().report;
  return fmt::format("{}: {}{}", plain(report.lab), totals_text(report.totals()), circumstances(report));
}

}  // namespace

std::string markdown(LabRuns runs, std::size_t most) {
  // What says how many are left out fits in whatever was written before.
  constexpr std::size_t kReserve = 100;
  const std::size_t room = most - std::min(most, kReserve);
  std::string text = fmt::format("## {}\n\n", heading(runs));
  std::size_t left_out = 0;
  const auto add = [&](const std::string& part, std::size_t tests) {
    if (left_out == 0 && text.size() + part.size() <= room)
      text += part;
    else
      left_out += tests;
  };
  if (runs.size() != 1) add(labs_table(runs), 0);
  for (const LabRun& run : runs) {
    const check::Report& report = run.report;
    const bool good = outcome_of(report) == Outcome::passed;
    // Of several labs those that passed are told enough of by their line.
    if (runs.size() != 1 && good) continue;
    if (runs.size() != 1) add(fmt::format("### {} ({})\n\n", plain(report.lab), plain(report.file)), 0);
    add(tests_table(report), 0);
    for (const check::TestResult& test : report.tests)
      if (test.outcome != Outcome::passed) add(trouble(test), 1);
  }
  if (left_out > 0) text += fmt::format("{} more did not pass; other reports have them.\n", counted(left_out, "test"));
  return text;
}

}  // namespace netrig::report
