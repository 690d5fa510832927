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

namespace netrig::cli {
namespace {

struct TestOptions {
  std::string lab;
  TestChoice choice;
  ReportChoice reports;
  GithubChoice github;
  bool wait = false;
};

/// The tests are the file's as it is now, so that one can work on them while the lab is up; what is up must be what the
/// file says.
Lab lab_to_test(Session& session, const std::string& typed, const engine::Record& record) {
  std::error_code ignored;
  if (typed == record.lab || !std::filesystem::is_regular_file(typed, ignored)) return session.applied(record);
  Json warnings;
  // Of the file as it is now, but with what it was brought up with.
  config::Source said = config::said_in(engine::Journal::applied_source(record.lab));
  Lab lab = session.load(typed, record.only, warnings, {.set = std::move(said.set), .name = std::move(said.name)});
  const Lab applied = session.applied(record);
  if (lab.name.str() != record.lab || !session::is_same(applied, lab))
    throw Error(ErrorCode::conflict,
                fmt::format("the lab that is up differs from the file, see \"netrig plan {0}\"; bring it to what the "
                            "file says with \"netrig up {0}\", or test what is up with \"netrig test {1}\"",
                            shell_word(typed), record.lab),
                typed);
  return lab;
}

int test_lab(Session& session, const TestOptions& options) {
  Delivery delivery = delivery_of(session, options.reports, options.github);
  const std::string name = resolve_lab(options.lab);
  session::require_privileges("testing a lab");
  catch_signals();
  auto journal = engine::Journal::open(
      name,
      {.wait = options.wait ? engine::Journal::Wait::yes : engine::Journal::Wait::no, .interrupted = &interrupted()});
  if (!journal) throw Error(ErrorCode::not_found, fmt::format("no lab \"{}\" is up", name));
  const engine::Record& record = journal->record();
  if (!record.begun || record.phase != engine::Phase::running || engine::is_lost(record))
    throw Error(ErrorCode::not_found, fmt::format("lab \"{0}\" is not up, see \"netrig status {0}\"", name));
  session::raise_open_files();
  const Lab lab = lab_to_test(session, options.lab, record);
  const std::vector<Test> tests = chosen_tests(lab, options.choice, record.only);
  const report::LabRun run = delivery.run_of(run_chosen(session, lab, *journal, tests, options.choice), lab);
  const bool written = deliver(session, run, delivery);
  const int code = exit_code_of(run.report);
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
  add_github(*command, options->github);
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

}  // namespace netrig::cli
