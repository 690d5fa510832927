// SPDX-License-Identifier: Apache-2.0
// netrig drivers test: whether a plugin keeps the laws of drivers.
#include "conformance/conformance.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/reports.hpp"
#include "cli/values.hpp"
#include "model/parameter.hpp"
#include "model/printable.hpp"
#include "report/output.hpp"
#include "report/table.hpp"

namespace netrig::cli {
namespace {

struct ConformanceOptions {
  std::string file;
  std::vector<std::string> parameters;
  std::vector<std::string> filters;
  std::uint32_t cycles = 1000;
  std::string deadline;
  bool in_process = false;
  bool list = false;
  ReportChoice reports;
};

int list_checks(Session& session) {
  report::TextTable table({"CHECK", "LAW", "A DRIVER..."});
  Json json = Json::array();
  for (const conformance::CheckInfo& one : conformance::all_checks()) {
    table.add({one.id, fmt::format("NRD-{}", one.law), one.words});
    json.push_back({{"check", one.id}, {"law", fmt::format("NRD-{}", one.law)}, {"words", one.words}});
  }
  session.say(table.str(Session::columns()));
  session.answer({{"checks", json}});
  return 0;
}

std::map<std::string, std::string> parameters_of(const std::vector<std::string>& typed) {
  std::map<std::string, std::string> parameters;
  for (const std::string& text : typed) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      throw Error(ErrorCode::invalid, fmt::format("--param: \"{}\" is not NAME=VALUE", text));
    parameters[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return parameters;
}

/// Why there are no namespaces to be had; empty: there are.
std::string unprivileged() {
  try {
    session::require_privileges("making devices");
    return {};
  } catch (const Error& error) {
    return error.message();
  }
}

std::string line_of(const check::TestResult& result) {
  return fmt::format("{:<9} {:<7} {}\n", check::to_text(result.outcome), result.tags.front(), result.name);
}

/// What did not pass, and why what was not looked at was not.
std::string closing_of(const check::Report& report) {
  std::string text;
  std::map<std::string, std::vector<std::string>> skipped;
  for (const check::TestResult& one : report.tests) {
    if (one.outcome == check::Outcome::skipped) skipped[one.reason].push_back(one.tags.back());
    if (one.outcome == check::Outcome::passed || one.outcome == check::Outcome::skipped) continue;
    text += fmt::format("\n{}: {} ({})\n", check::to_text(one.outcome), one.name, one.tags.front());
    if (!one.reason.empty()) text += fmt::format("  {}\n", one_line(one.reason));
    for (const check::Finding& finding : one.findings)
      text +=
          fmt::format("  {}{}{}\n", one_line(finding.about), finding.about.empty() ? "" : ": ", one_line(finding.seen));
  }
  if (!skipped.empty()) text += "\n";
  for (const auto& [reason, checks] : skipped)
    text += fmt::format("{} not applicable: {}\n", report::counted(checks.size(), "check"), one_line(reason));
  const check::Totals totals = report.totals();
  text += fmt::format("\n{}: {} passed, {} failed{}, {} not applicable ({:.2f} s)\n",
                      report::counted(totals.all(), "check"), totals.passed, totals.failed,
                      totals.error == 0 ? "" : fmt::format(", {} could not run", totals.error), totals.skipped,
                      report.seconds);
  return text;
}

int test_driver(Session& session, const ConformanceOptions& options) {
  if (options.list) return list_checks(session);
  if (options.file.empty()) throw Error(ErrorCode::invalid, "which plugin? netrig drivers test FILE.so");
  const auto targets = report_targets(session, options.reports);
  catch_signals();
  conformance::Options wanted{.parameters = parameters_of(options.parameters),
                              .filters = options.filters,
                              .cycles = options.cycles,
                              .in_process = options.in_process,
                              .unprivileged = unprivileged(),
                              .interrupted = &interrupted(),
                              .ended = [&](const check::TestResult& one) {
                                if (one.outcome != check::Outcome::skipped) session.say(line_of(one));
                              }};
  if (!options.deadline.empty()) wanted.deadline = std::chrono::nanoseconds(*parse_duration(options.deadline));
  const report::LabRun run{.report = conformance::run(options.file, wanted)};
  session.say(closing_of(run.report));
  if (session.options().json) report::say(report::rendered(run, "json"));
  bool written = true;
  for (const report::ReportTarget& target : targets)
    written = write_report(target.path, report::rendered(run, target.format)) && written;
  const int code = exit_code_of(run.report);
  return code == 0 && !written ? kCouldNotRun : code;
}

}  // namespace

void add_conformance(CLI::App& drivers, Action& action) {
  auto options = std::make_shared<ConformanceOptions>();
  auto* command = drivers.add_subcommand("test", "Test whether a plugin keeps the laws of drivers");
  command
      ->add_option("FILE", options->file, "The plugin, KIND.so; whoever signed it, and whatever the policy says of it")
      ->type_name("FILE");
  command->add_option("--param", options->parameters, "A parameter of the devices that are made; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  command->add_option("-f,--filter", options->filters, "Only checks that match this pattern; may be repeated")
      ->type_name("CHECK")
      ->allow_extra_args(false);
  command->add_option("--cycles", options->cycles, "So many calls in a row, and so many devices")
      ->check(number_from(2, 1'000'000))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--deadline", options->deadline, "Time of one operation; default: 10s")
      ->check(duration())
      ->type_name("DURATION");
  command->add_flag("--in-process", options->in_process,
                    "In netrig's own process, with all its powers, for a debugger; a crash is netrig's, too");
  command->add_flag("--list", options->list, "Only name the checks, each with its law");
  add_reports(*command, options->reports,
              "(.txt, .tap, .xml for JUnit, .json, .html, .md) or stands before it (tap:FILE)");
  describe(*command,
           {{"netrig drivers test build/mynic.so", "all checks; as root also those that make devices"},
            {"netrig drivers test mynic.so --param mode=vepa -f 'kernel.*'", "what the kernel makes of its parameters"},
            {"netrig drivers test mynic.so -r conformance.xml", "and a report for CI"}},
           testing_codes());
  command->callback([options, &action] {
    action = [options](Session& session) { return answered(session, [&] { return test_driver(session, *options); }); };
  });
}

}  // namespace netrig::cli
