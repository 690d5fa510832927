// SPDX-License-Identifier: Apache-2.0
#include "cli/reports.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "report/json_report.hpp"
#include "report/output.hpp"
#include "report/text_report.hpp"

namespace netrig::cli {
namespace {

void require_place(const std::string& path) {
  const auto directory = std::filesystem::path(path).parent_path();
  std::error_code ignored;
  if (!directory.empty() && !std::filesystem::is_directory(directory, ignored))
    throw Error(ErrorCode::invalid,
                fmt::format("no report can be written to {}: there is no directory {}", path, directory.string()));
  if (std::filesystem::is_directory(path, ignored))
    throw Error(ErrorCode::invalid, fmt::format("no report can be written to {}: it is a directory", path));
  report::check_output(path);
}

/// The second would take the place of the first.
void require_apart(const std::vector<report::ReportTarget>& targets) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  for (auto one = targets.begin(); one != targets.end(); ++one)
    for (auto other = targets.begin(); other != one; ++other)
      if (one->path != "-" && other->path != "-" &&
          (fs::weakly_canonical(one->path, ignored) == fs::weakly_canonical(other->path, ignored) ||
           fs::equivalent(one->path, other->path, ignored)))
        throw Error(ErrorCode::invalid,
                    fmt::format("two reports cannot be written to one file, {}; give each its own", one->path));
}

}  // namespace

void add_reports(CLI::App& command, ReportChoice& choice, const std::string& forms) {
  command
      .add_option("-r,--report", choice,
                  fmt::format("Also write a report; its form is what the file ends in {}; \"-\" is standard output; "
                              "may be repeated",
                              forms))
      ->type_name("[FORM:]FILE")
      ->allow_extra_args(false);
}

std::vector<report::ReportTarget> report_targets(Session& session, const ReportChoice& choice) {
  std::vector<report::ReportTarget> targets;
  for (const std::string& text : choice) {
    targets.push_back(report::parse_target(text));
    if (targets.back().path != "-") require_place(targets.back().path);
  }
  require_apart(targets);
  const auto to_output = std::count_if(targets.begin(), targets.end(), [](const auto& t) { return t.path == "-"; });
  if (to_output + (session.options().json ? 1 : 0) > 1)
    throw Error(ErrorCode::invalid, "standard output takes one report; write the others to files");
  if (to_output == 1) session.mute(true);
  return targets;
}

bool deliver(const Session& session, const check::Report& report, const Lab& lab,
             const std::vector<report::ReportTarget>& targets) {
  bool all = true;
  session.say_painted(report::closing_text(report, colour_wanted(session.options(), STDOUT_FILENO)));
  if (session.options().json) report::say(report::json_report(report));
  for (const report::ReportTarget& target : targets)
    all = write_report(target.path, report::rendered(report, lab, target.format)) && all;
  return all;
}

bool write_report(const std::string& path, const std::string& text) {
  try {
    report::write_output(path, text);
    return true;
  } catch (const Error& error) {
    complain(fmt::format("netrig: {}", error.what()));
    return false;
  }
}

int answered(Session& session, const std::function<int()>& body) {
  try {
    const int code = body();
    if (const auto fault = report::output_fault(); fault && code == 0)
      throw Error(ErrorCode::failed, unwritten(*fault));
    return code;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::interrupted || error.code() == ErrorCode::internal) throw;
    return print_error(session.options(), error, kCouldNotRun);
  }
}

int exit_code_of(const check::Report& report) {
  const check::Totals totals = report.totals();
  if (report.interrupted) return static_cast<int>(ErrorCode::interrupted);
  if (totals.failed > 0) return static_cast<int>(ErrorCode::failed);
  return totals.error > 0 ? static_cast<int>(ErrorCode::invalid) : 0;
}

}  // namespace netrig::cli
