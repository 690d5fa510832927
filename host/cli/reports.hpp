// SPDX-License-Identifier: Apache-2.0
// Where reports of tests go, for the commands test and run.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>
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
                     "(.txt, .tap, .xml for JUnit, .json, .html) or stands before it "
                     "(junit:FILE)");

/// Reads and checks the choice: form, directory, and that standard output is asked for once at most; then nothing else
/// is said there. Throws Error{invalid} before anything has begun.
std::vector<report::ReportTarget> report_targets(Session& session, const ReportChoice& choice);

/// Tells the user what was found, but for what was told as tests ended, and writes every file. One that cannot be
/// written keeps none of the others; it is told as an error. Returns whether all were written.
bool deliver(const Session& session, const check::Report& report, const Lab& lab,
             const std::vector<report::ReportTarget>& targets);

/// Writes one; what goes wrong is told as an error. Returns whether it was written.
bool write_report(const std::string& path, const std::string& text);

/// "Could not run" has one exit code, whatever was the reason.
inline constexpr int kCouldNotRun = 2;
/// Runs a command that tests: its errors end with kCouldNotRun, but for an interruption and a defect.
int answered(Session& session, const std::function<int()>& body);

/// 0: all passed or were skipped; 1: some failed; 2: some could not run; 130: interrupted.
int exit_code_of(const check::Report& report);

}  // namespace netrig::cli
