// SPDX-License-Identifier: Apache-2.0
#include "check/runner.hpp"
#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/lab.hpp"
#include "cli/reports.hpp"
#include "cli/testing.hpp"
#include "cli/values.hpp"
#include "model/printable.hpp"

namespace netrig::cli {
namespace {

struct RunRequest {
  std::string lab;
  TestChoice choice;
  ReportChoice reports;
  bool list = false;
  std::vector<std::string> only;
  LabSettings settings;
  bool keep = false;
  bool wait = false;
};

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

int run_lab(Session& session, const RunRequest& options) {
  const auto targets = report_targets(session, options.reports);
  Json warnings;
  const Lab lab = session.load(options.lab, options.only, warnings, options.settings);
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

void add_run(CLI::App& app, Action& action) {
  auto options = std::make_shared<RunRequest>();
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
  add_settings(*command, options->settings.set);
  command
      ->add_option("--name", options->settings.name,
                   "Call the lab like this, and put this and \"-\" before its namespaces in /run/netns, so that it "
                   "runs beside itself")
      ->type_name("NAME");
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
