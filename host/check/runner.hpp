// SPDX-License-Identifier: Apache-2.0
// Runs the tests of a lab that is up: order, repetition, what surrounds a check, and what came of it.
#pragma once
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "check/job.hpp"

namespace netrig::check {

struct RunOptions {
  unsigned jobs = 1;                   ///< tests at once, as far as they do not disturb each other
  std::uint32_t repeat = 1;            ///< every test so many times as often as its file says
  bool fail_fast = false;              ///< after the first test that does not pass, the rest is skipped
  bool verify = false;                 ///< a test that leaves the lab otherwise than as its file says has failed
  std::string artifacts;               ///< directory for captures of failed tests; created when needed
  engine::Journal* journal = nullptr;  ///< of the lab, for tests that change its services
  const std::atomic<bool>* interrupted = nullptr;
  /// Called when a test begins (with its name) and after each that ended. Thread: any, one at a time.
  std::function<void(const std::string& running, std::size_t done, std::size_t total)> progress;
  /// Called as each test ends, or is known not to begin, before progress. Thread: any, one at a time.
  std::function<void(const TestResult&)> ended;
};

/// Whether a test has this name or a tag like it, as --filter means it.
bool answers_to(const Test& test, const std::string& pattern);
/// Those of the lab's tests whose name or one of whose tags matches a pattern, and what they depend on; all if there is
/// no pattern. Throws Error{invalid} for a pattern that matches nothing.
std::vector<Test> selected(const Lab& lab, const std::vector<std::string>& patterns);

/// What the lab file's reader cannot know: whether capture filters compile and every test finds its ends. Throws
/// Error{invalid}.
void check_runnable(const Lab& lab, const std::vector<Test>& tests);

/// Runs the tests; throws nothing that a test does. The report's lab, began, seconds and tests are filled in.
Report run_tests(const Ground& ground, const std::vector<Test>& tests, const RunOptions& options);

/// This machine, for a report.
Environment environment_here();

}  // namespace netrig::check
