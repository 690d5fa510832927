// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <set>
#include <thread>

#include "check/runner.hpp"
#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/lab_files.hpp"
#include "cli/reports.hpp"
#include "cli/testing.hpp"
#include "cli/values.hpp"
#include "cli/worlds.hpp"
#include "model/printable.hpp"

namespace netrig::cli {
namespace {

struct RunRequest {
  std::vector<std::string> labs;
  TestChoice choice;
  ReportChoice reports;
  GithubChoice github;
  bool list = false;
  std::vector<std::string> only;
  LabSettings settings;
  bool keep = false;
  bool wait = false;
  bool isolated = false;
};

Json tests_json(const std::vector<Test>& tests) {
  Json json = Json::array();
  for (const Test& test : tests)
    json.push_back({{"name", test.name},
                    {"check", name_of(test.check)},
                    {"tags", test.tags},
                    {"depends_on", test.depends_on},
                    {"description", test.description}});
  return json;
}

/// Of several labs each has tests of its own, so a pattern need mean some of one lab only.
std::vector<std::string> filters_for(const Lab& lab, const std::vector<std::string>& filters) {
  std::vector<std::string> own;
  std::copy_if(filters.begin(), filters.end(), std::back_inserter(own), [&](const std::string& pattern) {
    return std::any_of(lab.tests.begin(), lab.tests.end(),
                       [&](const Test& test) { return check::answers_to(test, pattern); });
  });
  return own;
}

void require_all(const std::vector<std::string>& filters, const std::set<std::string>& answered) {
  for (const std::string& pattern : filters)
    if (!answered.contains(pattern))
      throw Error(ErrorCode::invalid, fmt::format("--filter \"{}\" matches no test and no tag of these labs", pattern));
}

int list_tests(Session& session, const RunRequest& options, const LabFiles& labs) {
  Json answer = Json::array();
  std::set<std::string> answered;
  for (const std::string& file : labs.files) {
    Json warnings;
    const Lab lab = session.load(file, options.only, warnings, options.settings);
    TestChoice choice = options.choice;
    if (labs.several) {
      choice.filters = filters_for(lab, choice.filters);
      answered.insert(choice.filters.begin(), choice.filters.end());
    }
    if (choice.filters.empty() && !options.choice.filters.empty()) continue;
    const std::vector<Test> tests = chosen_tests(lab, choice, options.only);
    for (const Test& test : tests)
      session.say((labs.several ? file + ": " : std::string()) + one_line(test.name) + "\n");
    answer.push_back({{"file", file}, {"tests", tests_json(tests)}});
  }
  if (labs.several) require_all(options.choice.filters, answered);
  session.answer(labs.several ? Json{{"labs", answer}} : Json{{"tests", answer.front()["tests"]}});
  return 0;
}

/// Who learns what comes of a lab.
struct Audience {
  std::function<void(const report::LabRun&)> found;  ///< the lab is down, or could not be taken down
  Listener listener = {};
};

/// Of one lab, wherever it is run. Returns the exit code.
int run_lab(Session& session, const RunRequest& options, const Lab& lab, const Delivery& delivery,
            const Audience& audience) {
  const std::vector<Test> tests = chosen_tests(lab, options.choice, options.only);
  session::check_machine(lab);
  return exit_code_of(
      up_test_down(session, lab, options.only, tests, options.choice,
                   {.keep = options.keep,
                    .wait = options.wait ? engine::Journal::Wait::yes : engine::Journal::Wait::no,
                    .deliver = [&](const check::Report& found) { audience.found(delivery.run_of(found, lab)); },
                    .listener = audience.listener}));
}

/// What to look at is in labs that are down by now.
void say_how_to_look(const Session& session, const RunRequest& options, const std::vector<report::LabRun>& runs) {
  const auto advises = [](const report::LabRun& run) {
    return std::any_of(run.report.tests.begin(), run.report.tests.end(), [](const check::TestResult& test) {
      return std::any_of(test.findings.begin(), test.findings.end(),
                         [](const check::Finding& finding) { return !finding.look_at.empty(); });
    });
  };
  const auto first = std::find_if(runs.begin(), runs.end(), advises);
  if (options.keep || first == runs.end()) return;
  session.say(fmt::format("to look at it, leave the lab up: netrig run --keep {}\n", shell_word(first->report.file)));
}

int run_here(Session& session, const RunRequest& options, const std::string& file) {
  Delivery delivery = delivery_of(session, options.reports, options.github);
  Json warnings;
  const Lab lab = session.load(file, options.only, warnings, options.settings);
  bool written = true;
  const int code = run_lab(session, options, lab, delivery, {.found = [&](const report::LabRun& run) {
                             written = deliver(session, run, delivery);
                             say_how_to_look(session, options, {run});
                           }});
  return code == 0 && !written ? kCouldNotRun : code;
}

/// Where the lab is run, nothing of the machine's network is.
void require_own(const Lab& lab) {
  for (const Namespace& space : lab.namespaces)
    if (space.existing)
      throw Error(ErrorCode::invalid,
                  fmt::format("namespace {} is said to exist already, and in the world of its own that this lab is run "
                              "in nothing of the machine's does; run the lab alone: \"netrig run {}\"",
                              space.name.str(), shell_word(lab.file)),
                  lab.at(space.where));
}

/// A world has a /run of its own; what is to be read or written there would be another file.
void require_outside_run(const std::string& path, const char* what) {
  std::error_code ignored;
  const std::string place = std::filesystem::weakly_canonical(std::filesystem::absolute(path, ignored), ignored);
  if (place == "/run" || place.starts_with("/run/"))
    throw Error(
        ErrorCode::invalid,
        fmt::format("{} {} is below /run, and a lab in a world of its own has a /run of its own; put it elsewhere",
                    what, path));
}

void check_worlds(const Session& session, const RunRequest& options, const LabFiles& labs) {
  if (options.keep)
    throw Error(
        ErrorCode::invalid,
        "--keep leaves a lab up, and one in a world of its own goes with it; run it alone and without --isolated");
  if (labs.several && options.choice.until_fails)
    throw Error(ErrorCode::invalid,
                "--until-fails is for one lab: of several, those that pass would never end; run it alone");
  if (labs.several && !options.settings.name.empty())
    throw Error(ErrorCode::invalid, "--name is for one lab; several have worlds of their own, where names do not meet");
  for (const std::string& file : labs.files) require_outside_run(file, "lab file");
  require_outside_run(options.choice.artifacts, "directory for artifacts");
  if (!session.options().host_config.empty()) require_outside_run(session.options().host_config, "policy");
}

/// Captures of tests that are called alike in several labs must not meet.
std::string artifacts_of(const std::string& directory, const std::string& file) {
  std::string name = file;
  std::replace(name.begin(), name.end(), '/', '-');
  return directory + "/" + name;
}

int run_in_worlds(Session& session, const RunRequest& options, const LabFiles& labs) {
  const auto began = std::chrono::steady_clock::now();
  check_worlds(session, options, labs);
  Delivery delivery = delivery_of(session, options.reports, options.github);
  session::require_privileges("running a lab in a world of its own");
  catch_signals();
  const unsigned processors = std::max(std::thread::hardware_concurrency(), 1U);
  const std::vector<LabOutcome> outcomes = run_in_worlds(
      session, {.files = labs.files,
                .several = labs.several,
                .at_once = options.choice.jobs == 0 ? processors : options.choice.jobs,
                .fail_fast = options.choice.fail_fast,
                .run = [&](Session& inner, const std::string& file, const Teller& teller) {
                  Json warnings;
                  const Lab lab = inner.load(file, options.only, warnings, options.settings);
                  require_own(lab);
                  RunRequest own = options;
                  if (labs.several) {
                    own.choice.jobs = 1;
                    own.choice.artifacts = artifacts_of(options.choice.artifacts, file);
                  }
                  if (labs.several && !options.choice.filters.empty()) {
                    own.choice.filters = filters_for(lab, options.choice.filters);
                    teller.answers_to(own.choice.filters);
                    if (own.choice.filters.empty()) return;
                  }
                  run_lab(inner, own, lab, delivery,
                          {.found = [&](const report::LabRun& run) { teller.report(run); },
                           .listener = {.ended = [&](const check::TestResult& test) { teller.ended(test); },
                                        .said = [&](const std::string& text) { teller.said(text); }}});
                }});
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (!labs.several) {
    const LabOutcome& outcome = outcomes.front();
    // One that could not be taken away has a report all the same; without one nothing was tested.
    const bool tested = !outcome.error || outcome.run.report.tests.size() > 1;
    const bool written = !tested || deliver(session, outcome.run, delivery);
    say_how_to_look(session, options, {outcome.run});
    if (outcome.error) throw Error(*outcome.error);
    const int code = exit_code_of(outcome.run.report);
    return code == 0 && !written ? kCouldNotRun : code;
  }
  std::vector<report::LabRun> runs;
  for (const LabOutcome& outcome : outcomes) runs.push_back(outcome.run);
  const bool written = deliver(session, runs, seconds, delivery);
  say_how_to_look(session, options, runs);
  // Of a lab that could not be read nobody knows what its tests answer to.
  const bool known =
      std::all_of(outcomes.begin(), outcomes.end(), [](const LabOutcome& one) { return one.answers_to.has_value(); });
  std::set<std::string> answered;
  for (const LabOutcome& outcome : outcomes)
    if (outcome.answers_to) answered.insert(outcome.answers_to->begin(), outcome.answers_to->end());
  if (known) require_all(options.choice.filters, answered);
  const bool defect = std::any_of(outcomes.begin(), outcomes.end(), [](const LabOutcome& one) {
    return one.error && one.error->code() == ErrorCode::internal;
  });
  const int code = defect ? static_cast<int>(ErrorCode::internal) : exit_code_of(runs);
  return code == 0 && !written ? kCouldNotRun : code;
}

int run_labs(Session& session, const RunRequest& options) {
  const LabFiles labs = lab_files(options.labs);
  if (options.list) return list_tests(session, options, labs);
  if (labs.several || options.isolated) return run_in_worlds(session, options, labs);
  return run_here(session, options, labs.files.front());
}

}  // namespace

void add_run(CLI::App& app, Action& action) {
  auto options = std::make_shared<RunRequest>();
  auto* command = app.add_subcommand("run", "Bring labs up, run their tests, take them down: one exit code for all");
  command
      ->add_option("LAB", options->labs,
                   "Lab files (TOML), or quoted patterns ('labs/*.toml'); several are run side by side")
      ->required()
      ->type_name("FILE");
  add_choice(*command, options->choice);
  command->get_option("--jobs")->description(
      "Of one lab, so many tests at once, where they do not disturb each other (1); of several, so many labs at once "
      "(as many as there are processors)");
  command->get_option("--fail-fast")
      ->description("Skip the rest of the lab after a test that does not pass; of several, begin none after it");
  add_verify_choice(*command, options->choice);
  add_reports(*command, options->reports);
  add_github(*command, options->github);
  command->add_flag("--isolated", options->isolated,
                    "Run the lab in a world of its own, with network, mount, PID, IPC and UTS namespaces and a /run "
                    "of its own, which goes whatever happens; several labs always are");
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
            {"netrig run a.toml 'labs/*.toml' --jobs 4 -r results.xml", "several, four at once, and one JUnit file"},
            {"netrig run two-hosts.toml --until-fails", "round after round, until a test fails"},
            {"netrig run two-hosts.toml --list", "only say which tests there are"}},
           testing_codes());
  command->callback([options, &action] {
    action = [options](Session& session) { return answered(session, [&] { return run_labs(session, *options); }); };
  });
}

}  // namespace netrig::cli
