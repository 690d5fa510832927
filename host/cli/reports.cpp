// SPDX-License-Identifier: Apache-2.0
#include "cli/reports.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "model/error_number.hpp"
#include "report/github.hpp"
#include "report/html.hpp"
#include "report/markdown.hpp"
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

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Appends, for a job's steps, and the commands of one, share the file. Returns whether it was written.
bool append_summary(const std::string& path, report::LabRuns runs) {
  constexpr std::uintmax_t kMost = 1U << 20U;  // GitHub drops what is larger
  try {
    std::error_code none;
    const std::uintmax_t there = std::filesystem::file_size(path, none);
    const UniqueFd file = report::open_log(path);
    const int error =
        report::write_all(file.get(), report::markdown(runs, kMost - (none ? 0 : std::min(there, kMost))) + "\n");
    if (error != 0) throw Error(ErrorCode::failed, fmt::format("cannot write {}: {}", path, errno_text(error)));
    return true;
  } catch (const Error& error) {
    complain(fmt::format("netrig: {}", error.what()));
    return false;
  }
}

/// Between two commands of GitHub's own.
class Silence {
 public:
  Silence() { report::say(fmt::format("::stop-commands::{}\n", token_)); }
  ~Silence() { report::say(fmt::format("::{}::\n", token_)); }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  /// Nobody can know it who prints something in between.
  std::string token_ = [] {
    std::random_device random;
    return fmt::format("netrig-{:08x}{:08x}", random(), random());
  }();
};

bool tell_github(report::LabRuns runs, Delivery& delivery) {
  if (!delivery.github) return true;
  delivery.silence.reset();
  const std::string text = report::github_annotations(runs, variable("GITHUB_WORKSPACE"));
  // GitHub reads both streams.
  delivery.output_taken ? report::say_error(text) : report::say(text);
  return delivery.summary.empty() || append_summary(delivery.summary, runs);
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

void add_github(CLI::App& command, GithubChoice& choice) {
  auto* on = command.add_flag("--github", choice.on,
                              "Annotate what failed, and append to the step's summary, as GitHub Actions reads them; "
                              "so by itself where GITHUB_ACTIONS=true");
  command.add_flag("--no-github", choice.off, "Not so")->excludes(on);
}

report::LabRun Delivery::run_of(check::Report report, const Lab& lab) const {
  const bool drawn = std::any_of(targets.begin(), targets.end(), [](const auto& one) { return one.format == "html"; });
  std::string drawing = drawn ? report::drawing_of(report, lab) : std::string();
  return {.report = std::move(report), .drawing = std::move(drawing)};
}

Delivery delivery_of(Session& session, const ReportChoice& reports, const GithubChoice& github) {
  Delivery delivery{.targets = report_targets(session, reports)};
  delivery.output_taken = session.options().json || std::any_of(delivery.targets.begin(), delivery.targets.end(),
                                                                [](const auto& target) { return target.path == "-"; });
  delivery.github = github.on || (!github.off && variable("GITHUB_ACTIONS") == "true");
  if (delivery.github) delivery.summary = variable("GITHUB_STEP_SUMMARY");
  if (!delivery.summary.empty()) report::check_log(delivery.summary);
  if (delivery.github && !delivery.output_taken && !session.options().quiet)
    delivery.silence = std::make_shared<const Silence>();
  return delivery;
}

bool deliver(const Session& session, const report::LabRun& run, Delivery& delivery) {
  session.say_painted(report::closing_text(run.report, colour_wanted(session.options(), STDOUT_FILENO)));
  if (session.options().json) report::say(report::rendered(run, "json"));
  bool all = tell_github(report::LabRuns(&run, 1), delivery);
  for (const report::ReportTarget& target : delivery.targets)
    all = write_report(target.path, report::rendered(run, target.format)) && all;
  return all;
}

bool deliver(const Session& session, report::LabRuns runs, double seconds, Delivery& delivery) {
  session.say_painted(
      report::labs_text(runs, seconds, Session::columns(), colour_wanted(session.options(), STDOUT_FILENO)));
  if (session.options().json) report::say(report::rendered(runs, seconds, "json"));
  bool all = tell_github(runs, delivery);
  for (const report::ReportTarget& target : delivery.targets)
    all = write_report(target.path, report::rendered(runs, seconds, target.format)) && all;
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

namespace {

int code_of_totals(const check::Totals& totals, bool interrupted) {
  if (interrupted) return static_cast<int>(ErrorCode::interrupted);
  if (totals.failed > 0) return static_cast<int>(ErrorCode::failed);
  return totals.error > 0 ? kCouldNotRun : 0;
}

}  // namespace

int exit_code_of(const check::Report& report) { return code_of_totals(report.totals(), report.interrupted); }

int exit_code_of(report::LabRuns runs) {
  return code_of_totals(report::test_totals(runs),
                        std::any_of(runs.begin(), runs.end(), [](const auto& run) { return run.report.interrupted; }));
}

}  // namespace netrig::cli
