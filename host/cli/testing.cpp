// SPDX-License-Identifier: Apache-2.0
#include "cli/testing.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <set>
#include <unordered_map>

#include "check/runner.hpp"
#include "cli/lab.hpp"
#include "cli/values.hpp"
#include "kernel/inside.hpp"
#include "kernel/namespace.hpp"
#include "report/progress.hpp"
#include "report/text_report.hpp"
#include "session/commands.hpp"

namespace netrig::cli {
namespace {

std::vector<check::DriverUsed> drivers_of(Session& session, const Lab& lab) {
  std::set<std::string> kinds;
  for (const Device& device : lab.devices) kinds.insert(device.driver);
  std::vector<check::DriverUsed> used;
  for (const std::string& kind : kinds)
    if (const auto driver = session.drivers().find(kind))
      used.push_back({.name = kind, .version = driver->version, .path = driver->path});
  return used;
}

}  // namespace

check::Ground open_ground(const Lab& lab, const engine::Record& record, std::uint64_t seed) {
  std::unordered_map<std::string, std::uint64_t> cookies;
  for (const auto& made : record.namespaces) cookies.emplace(made.name, made.cookie);
  std::vector<UniqueFd> fds(lab.namespaces.size());
  kernel::aside([&] {
    for (std::size_t i = 0; i < fds.size(); ++i) {
      const std::string& name = lab.namespaces[i].name.str();
      auto fd = kernel::open_namespace(kernel::path_of(lab.namespaces[i]));
      const auto cookie = cookies.find(name);
      if (!fd || cookie == cookies.end() || kernel::cookie_of(*fd) != cookie->second)
        throw Error(ErrorCode::not_found, fmt::format("namespace {} of lab {} is gone; see \"netrig status {}\"", name,
                                                      record.lab, record.lab));
      fds[i] = std::move(*fd);
    }
  });
  return {lab, std::move(fds), seed};
}

void add_choice(CLI::App& command, TestChoice& choice) {
  command
      .add_option("-f,--filter", choice.filters,
                  "Only tests whose name or tag matches this pattern, and what they depend on; may be repeated")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
  command.add_option("-j,--jobs", choice.jobs, "So many tests at once, where they do not disturb each other")
      ->check(number_from(1, 256))
      ->type_name("N");
  command.add_option("--repeat", choice.repeat, "Run every test so many times, until it fails")
      ->check(number_from(1, 1'000'000))
      ->type_name("N");
  command.add_flag("--until-fails", choice.until_fails,
                   "Run all of them round after round, until one fails or Ctrl-C ends it; the last round is reported");
  command
      .add_option("--seed", choice.seed,
                  "Draw the pairs of tests with \"pairs\" in another way, the same for the same number; the report "
                  "says it")
      ->check(number_from(1, std::numeric_limits<std::int64_t>::max()))
      ->type_name("N");
  command.add_flag("--fail-fast", choice.fail_fast, "Skip the rest after a test that does not pass");
  command
      .add_option("--artifacts", choice.artifacts,
                  "Directory for captures of tests that failed, made when there is one")
      ->type_name("DIRECTORY")
      ->capture_default_str();
}

void add_verify_choice(CLI::App& command, TestChoice& choice) {
  command.add_flag("--verify", choice.verify,
                   "Verify the lab after every test: one that leaves it otherwise than as its file says has failed");
}

std::vector<Test> chosen_tests(const Lab& lab, const TestChoice& choice, const std::vector<std::string>& only) {
  if (lab.tests.empty() && !only.empty())
    throw Error(
        ErrorCode::invalid,
        fmt::format("with --only {} no [[test]] of lab {} is left: each needs more of the lab, or there is none; take "
                    "more of it, or all",
                    fmt::join(only, " "), lab.name.str()));
  if (lab.tests.empty())
    throw Error(ErrorCode::invalid, "the lab has no [[test]]; see docs/testing.md for how to write one", lab.file);
  auto tests = check::selected(lab, choice.filters);
  check::check_runnable(lab, tests);
  return tests;
}

check::Report run_chosen(Session& session, const Lab& lab, engine::Journal& journal, const std::vector<Test>& tests,
                         const TestChoice& choice, const Listener& listener) {
  session::require_commands(session.drivers().policy(), lab, session::CommandUse::test);
  report::Progress progress(!session.options().quiet && !session.options().json);
  const report::ResultLines lines(tests, Session::columns(), colour_wanted(session.options(), STDOUT_FILENO));
  std::uint32_t round = 1;
  const check::RunOptions options{.jobs = std::max(choice.jobs, 1U),
                                  .repeat = choice.repeat,
                                  .fail_fast = choice.fail_fast,
                                  .verify = choice.verify,
                                  .artifacts = choice.artifacts,
                                  .journal = &journal,
                                  .interrupted = &interrupted(),
                                  .progress =
                                      [&](const std::string& running, std::size_t done, std::size_t total) {
                                        progress.show(choice.until_fails
                                                          ? fmt::format("round {}, at \"{}\"", round, running)
                                                          : fmt::format("tests, at \"{}\"", running),
                                                      done, total);
                                      },
                                  .ended =
                                      [&](const check::TestResult& test) {
                                        // Of rounds that are all alike nobody wants to read every test.
                                        if (choice.until_fails && test.outcome == check::Outcome::passed) return;
                                        if (listener.ended) return listener.ended(test);
                                        progress.clear();
                                        session.say_painted(lines.line(test));
                                      }};
  const check::Ground ground = open_ground(lab, journal.record(), choice.seed.value_or(0));
  check::Report report;
  for (;; ++round) {
    report = check::run_tests(ground, tests, options);
    report.rounds = round;
    const check::Totals totals = report.totals();
    if (!choice.until_fails || report.interrupted || totals.failed + totals.error > 0 || totals.passed == 0) break;
    const std::string text =
        fmt::format("round {}: {} ({:.2f} s)\n", round, report::totals_text(totals), report.seconds);
    progress.clear();
    listener.said ? listener.said(text) : session.say(text);
  }
  report.environment.drivers = drivers_of(session, lab);
  return report;
}

check::Report up_test_down(Session& session, const Lab& lab, const std::vector<std::string>& only,
                           const std::vector<Test>& tests, const TestChoice& choice, const RunOptions& options) {
  // A lab that may be left up lives like one that "up" has brought up.
  if (options.keep) session::require_commands(session.drivers().policy(), lab, session::CommandUse::up);
  session::raise_open_files();
  catch_signals();
  engine::Journal journal =
      bring_up(session, lab, {.only = only, .wait = options.wait, .purpose = engine::Purpose::run}).journal;
  check::Report report;
  try {
    report = run_chosen(session, lab, journal, tests, choice, options.listener);
  } catch (const std::exception& error) {
    try {
      take_down(session, journal);
    } catch (const Error& second) {
      const auto* known = dynamic_cast<const Error*>(&error);
      throw Error(known != nullptr ? known->code() : ErrorCode::internal,
                  fmt::format("{}; and then {}", error.what(), second.what()));
    }
    throw;
  }
  std::exception_ptr left;
  if (options.keep && report.totals().passed != report.tests.size()) {
    journal.keep();
    session.say(fmt::format("lab {0} is left up, to look at; take it down with \"netrig down {0}\"\n", lab.name.str()));
  } else {
    try {
      take_down(session, journal);
    } catch (const Error&) {
      left = std::current_exception();
    }
  }
  if (options.deliver) options.deliver(report);
  if (left) std::rethrow_exception(left);
  return report;
}

}  // namespace netrig::cli
