// SPDX-License-Identifier: Apache-2.0
// Running tests, for the commands test, run and bench.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "check/job.hpp"
#include "check/result.hpp"
#include "cli/session.hpp"
#include "engine/journal.hpp"

namespace netrig::cli {

/// Which tests, and how.
struct TestChoice {
  std::vector<std::string> filters;
  unsigned jobs = 0;  ///< 0: not said
  std::uint32_t repeat = 1;
  bool until_fails = false;  // all of them, again and again
  std::optional<std::uint64_t> seed = {};
  bool fail_fast = false;
  bool verify = false;  // after every test
  std::string artifacts = "netrig-artifacts";
};
void add_choice(CLI::App& command, TestChoice& choice);
void add_verify_choice(CLI::App& command, TestChoice& choice);

/// `only`: patterns that the lab was narrowed by. Throws Error{invalid} if there is none, or one cannot run.
std::vector<Test> chosen_tests(const Lab& lab, const TestChoice& choice, const std::vector<std::string>& only = {});

/// The lab's own namespaces, held open; not others that took their names. `seed`: of what tests draw.
check::Ground open_ground(const Lab& lab, const engine::Record& record, std::uint64_t seed = 0);

/// Who is told what happens instead of the user; where nothing is set it is the user.
struct Listener {
  std::function<void(const check::TestResult&)> ended = {};
  std::function<void(const std::string&)> said = {};
};

/// Runs the tests of a lab that is up. `journal`: the lab's, held.
check::Report run_chosen(Session& session, const Lab& lab, engine::Journal& journal, const std::vector<Test>& tests,
                         const TestChoice& choice, const Listener& listener = {});

struct RunOptions {
  bool keep = false;  ///< leave the lab up if a test did not pass
  engine::Journal::Wait wait = engine::Journal::Wait::no;
  /// Gets the report once the lab is down, or could not be taken down: who reads it may let us wait.
  std::function<void(const check::Report&)> deliver;
  Listener listener = {};
};

/// Brings a lab up that is not, runs tests, and takes it down, also after an interruption or an error. Throws
/// Error{conflict} if it is up already.
check::Report up_test_down(Session& session, const Lab& lab, const std::vector<std::string>& only,
                           const std::vector<Test>& tests, const TestChoice& choice, const RunOptions& options);

}  // namespace netrig::cli
