// SPDX-License-Identifier: Apache-2.0
// Where reports of tests go, for the commands test and run.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "check/result.hpp"
#include "cli/session.hpp"
#include "report/formats.hpp"

namespace netrig::cli {

/// What the user typed after --report.
using ReportChoice = std::vector<std::string>;
/// `forms`: how the option tells the forms that the command can write.
void add_reports(CLI::App& command, ReportChoice& choice,
                 const std::string& forms =
                     "(.txt, .tap, .xml for JUnit, .json, .html, .md) or stands before it "
                     "(junit:FILE)");

/// Reads and checks the choice: form, directory, and that standard output is asked for once at most; then nothing else
/// is said there. Throws Error{invalid} before anything has begun.
std::vector<report::ReportTarget> report_targets(Session& session, const ReportChoice& choice);

/// What the user wants of GitHub Actions; neither: what the environment says (GITHUB_ACTIONS).
struct GithubChoice {
  bool on = false;
  bool off = false;
};
void add_github(CLI::App& command, GithubChoice& choice);

/// Everything that a report goes to, checked before anything begins.
struct Delivery {
  std::vector<report::ReportTarget> targets;
  bool output_taken = false;  ///< by a report
  bool github = false;
  std::string summary = {};  ///< file that Markdown is appended to; empty: none
  /// While it is there GitHub obeys nothing of what is printed, for labs write what they like.
  std::shared_ptr<const void> silence = {};
  /// With what the targets need of the lab.
  [[nodiscard]] report::LabRun run_of(check::Report report, const Lab& lab) const;
};
/// Throws Error{invalid} as report_targets() does.
Delivery delivery_of(Session& session, const ReportChoice& reports, const GithubChoice& github);

/// Tells the user what was found, but for what was told as tests ended, and writes every file. One that cannot be
/// written keeps none of the others; it is told as an error. Returns whether all were written.
bool deliver(const Session& session, const report::LabRun& run, Delivery& delivery);
/// The same of several labs. `seconds`: that all took.
bool deliver(const Session& session, report::LabRuns runs, double seconds, Delivery& delivery);

/// Writes one; what goes wrong is told as an error. Returns whether it was written.
bool write_report(const std::string& path, const std::string& text);

/// "Could not run" has one exit code, whatever was the reason.
inline constexpr int kCouldNotRun = 2;
/// Runs a command that tests: its errors end with kCouldNotRun, but for an interruption and a defect.
int answered(Session& session, const std::function<int()>& body);

/// 0: all passed or were skipped; 1: some failed; 2: some could not run; 130: interrupted.
int exit_code_of(const check::Report& report);
/// Of all together.
int exit_code_of(report::LabRuns runs);

}  // namespace netrig::cli
