// SPDX-License-Identifier: Apache-2.0
#include "report/github.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "model/printable.hpp"
#include "report/place.hpp"

namespace netrig::report {
namespace {

constexpr std::size_t kMostFindings = 10;

/// As actions/toolkit writes values (packages/core/src/command.ts): data, and more in properties.
std::string escaped(std::string_view text, std::string_view marks) {
  std::string result;
  for (const char c : printable(text))
    if (marks.find(c) != std::string_view::npos)
      result += fmt::format("%{:02X}", static_cast<unsigned>(c));
    else
      result += c;
  return result;
}
std::string message_value(std::string_view text) { return escaped(text, "%\r\n"); }
std::string property_value(std::string_view text) { return escaped(text, "%\r\n:,"); }

/// GitHub finds files by their path in the repository.
std::string below(const std::string& file, const std::string& root) {
  std::error_code ignored;
  if (root.empty()) return file;
  const auto path = std::filesystem::weakly_canonical(file, ignored)
                        .lexically_relative(std::filesystem::weakly_canonical(root, ignored));
  return path.empty() || *path.begin() == ".." ? file : path.string();
}

std::string message_of(const check::TestResult& test) {
  std::string text = test.reason;
  const auto add_line = [&](const std::string& line) { text += (text.empty() ? "" : "\n") + line; };
  for (std::size_t i = 0; i < test.findings.size() && i < kMostFindings; ++i) {
    const check::Finding& finding = test.findings[i];
    add_line(fmt::format("{}{}{}{}{}", finding.about, finding.about.empty() ? "" : ": ", finding.seen,
                         finding.expected.empty() ? "" : "; expected ", finding.expected));
    if (!finding.look_at.empty()) add_line("look at: " + finding.look_at);
  }
  if (test.findings.size() > kMostFindings) add_line(fmt::format("and {} more", test.findings.size() - kMostFindings));
  return text;
}

std::string annotation(const check::Report& report, const check::TestResult& test, const std::string& root) {
  const FilePlace place = place_of(test.where);
  std::string text =
      fmt::format("::error file={}", property_value(below(place.file.empty() ? report.file : place.file, root)));
  if (place.line != 0) text += fmt::format(",line={}", place.line);
  if (place.column != 0) text += fmt::format(",col={}", place.column);
  return text + fmt::format(",title={}::{}\n", property_value(fmt::format("{}: {}", report.lab, one_line(test.name))),
                            message_value(message_of(test)));
}

}  // namespace

std::string github_annotations(LabRuns runs, const std::string& root) {
  std::string text;
  for (const LabRun& run : runs)
    for (const check::TestResult& test : run.report.tests)
      if (test.outcome == check::Outcome::failed || test.outcome == check::Outcome::error)
        text += annotation(run.report, test, root);
  return text;
}

}  // namespace netrig::report
