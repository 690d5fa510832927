// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>

#include "check/runner.hpp"
#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/lab.hpp"
#include "cli/reports.hpp"
#include "cli/testing.hpp"
#include "engine/engine.hpp"
#include "model/printable.hpp"
#include "plan/plan.hpp"

namespace netrig::cli {
namespace {

struct TestOptions {
  std::string lab;
  TestChoice choice;
  ReportChoice reports;
  bool list = false;
  std::vector<std::string> only;  // run alone
  bool keep = false;
  bool wait = false;
};

/// The tests are the file's as it is now, so that one can work on them while the lab is up; what is up must be what the
/// file says.
Lab lab_to_test(Session& session, const std::string& typed, const engine::Record& record) {
  std::error_code ignored;
  if (typed == record.lab || !std::filesystem::is_regular_file(typed, ignored)) return session.applied(record);
  Json warnings;
  Lab lab = session.load(typed, record.only, warnings);
  const Lab applied = session.applied(record);
  if (lab.name.str() != record.lab || !session::is_same(applied, lab))
    throw Error(ErrorCode::conflict,
                fmt::format("the lab that is up differs from the file, see \"netrig plan {0}\"; bring it to what the "
                            "file says with \"netrig up {0}\", or test what is up with \"netrig test {1}\"",
                            shell_word(typed), record.lab),
                typed);
  return lab;
}

int list_tests(const Session& session, const std::vector<Test>& tests) {
  Json json = Json::array();
  std::string text;
  for (const Test& test : tests) {
    json.push_back({{"name", test.name},
                    {"check", name_of(test.check)},
                    {"tags", test.tags},
                    {"depends_on", test.depends_on},
                    {"description", test.description}});
    text += one_line(test.name) + "\n";
  }
  session.say(text);
  session.answer({{"tests", json}});
  return 0;
}

int test_lab(Session& session, const TestOptions& options) {
  const auto targets = report_targets(session, options.reports);
  const std::string name = resolve_lab(options.lab);
  session::require_privileges("testing a lab");
  catch_signals();
  const auto journal = engine::Journal::open(
      name,
      {.wait = options.wait ? engine::Journal::Wait::yes : engine::Journal::Wait::no, .interrupted = &interrupted()});
  if (!journal) throw Error(ErrorCode::not_found, fmt::format("no lab \"{}\" is up", name));
  const engine::Record& record = journal->record();
  if (!record.begun || record.phase != engine::Phase::running || engine::is_lost(record))
    throw Error(ErrorCode::not_found, fmt::format("lab \"{0}\" is not up, see \"netrig status {0}\"", name));
  session::raise_open_files();
  const Lab lab = lab_to_test(session, options.lab, record);
  const std::vector<Test> tests = chosen_tests(lab, options.choice, record.only);
  const check::Report report = run_chosen(session, lab, record, tests, options.choice);
  const bool written = deliver(session, report, lab, targets);
  const int code = exit_code_of(report);
  return code == 0 && !written ? kCouldNotRun : code;
}

int run_lab(Session& session, const TestOptions& options) {
  const auto targets = report_targets(session, options.reports);
  Json warnings;
  const Lab lab = session.load(options.lab, options.only, warnings);
  const std::vector<Test> tests = chosen_tests(lab, options.choice, options.only);
  if (options.list) return list_tests(session, tests);
  session::check_machine(lab);
  bool written = true;
  const check::Report report =
      up_test_down(session, lab, options.only, tests, options.choice,
                   {.keep = options.keep,
                    .wait = options.wait ? engine::Journal::Wait::yes : engine::Journal::Wait::no,
                    .deliver = [&](const check::Report& found) { written = deliver(session, found, lab, targets); }});
  const int code = exit_code_of(report);
  return code == 0 && !written ? kCouldNotRun : code;
}

}  // namespace

void add_test(CLI::App& app, Action& action) {
  auto options = std::make_shared<TestOptions>();
  auto* command = app.add_subcommand("test", "Run the tests of a lab that is up");
  command->add_option("LAB", options->lab, "Name of a lab, or its file, whose tests are read anew")
      ->required()
      ->type_name("NAME|FILE");
  add_choice(*command, options->choice);
  add_verify_choice(*command, options->choice);
  add_reports(*command, options->reports);
  command->add_flag("--wait", options->wait, "Wait if another netrig is changing or testing the lab");
  describe(*command,
           {{"netrig test two-hosts", "the tests that the lab came up with"},
            {"netrig test two-hosts.toml -f ping", "those that its file has now, of that name or tag"},
            {"netrig test two-hosts --verify", "and which of them leaves the lab otherwise than it found it"}},
           testing_codes());
  command->callback([options, &action] {
    action = [options](Session& session) { return answered(session, [&] { return test_lab(session, *options); }); };
  });
}

void add_run(CLI::App& app, Action& action) {
  auto options = std::make_shared<TestOptions>();
  auto* command = app.add_subcommand("run", "Bring a lab up, run its tests, take it down: one exit code for all");
  command->add_option("LAB", options->lab, "Lab file (TOML)")->required()->type_name("FILE");
  add_choice(*command, options->choice);
  add_verify_choice(*command, options->choice);
  add_reports(*command, options->reports);
  command->add_flag("--list", options->list, "Only list the tests that would be run; needs no privilege");
  command
      ->add_option("--only", options->only,
                   "Only namespaces that match this pattern, the devices within, and the tests that need no others; "
                   "may be repeated")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
  command->add_flag("--keep", options->keep, "Leave the lab up if a test did not pass, to look at it");
  command->add_flag("--wait", options->wait, "Wait if another netrig is changing the lab");
  describe(*command,
           {{"netrig run two-hosts.toml -r results.xml -r report.html", "with a JUnit file and a page"},
            {"netrig run two-hosts.toml -f ping --repeat 10 --keep", "hunt a test that fails at times"},
            {"netrig run two-hosts.toml --list", "only say which tests there are"}},
           testing_codes());
  command->callback([options, &action] {
    action = [options](Session& session) { return answered(session, [&] { return run_lab(session, *options); }); };
  });
}

}  // namespace netrig::cli
