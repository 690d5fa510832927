// SPDX-License-Identifier: Apache-2.0
// Labs run in worlds of their own (process/world.hpp), several at once, and what comes of them, told as it comes.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/session.hpp"
#include "model/error.hpp"
#include "report/lab_run.hpp"

namespace netrig::cli {

/// What is said in a world to the netrig outside: lines of JSON.
class Teller {
 public:
  explicit Teller(int pipe) : pipe_(pipe) {}
  void ended(const check::TestResult& test) const;
  void said(const std::string& text) const;
  void report(const report::LabRun& run) const;
  void error(const Error& error) const;
  /// Which patterns of --filter its tests answer to; if none, the lab is not run.
  void answers_to(const std::vector<std::string>& patterns) const;

 private:
  void send(const Json& message) const;
  int pipe_;
};

struct WorldsRequest {
  std::vector<std::string> files;
  bool several = false;  ///< what is said names the lab's file
  unsigned at_once = 1;
  bool fail_fast = false;  ///< once something did not pass no other lab begins
  /// Runs the lab of a file; called in its world, in a process of its own. What it throws is told.
  std::function<void(Session& session, const std::string& file, const Teller& teller)> run;
};

struct LabOutcome {
  report::LabRun run;
  std::optional<Error> error = {};                          ///< why it could not be run, or not be taken away
  std::optional<std::vector<std::string>> answers_to = {};  ///< as told
};

/// Runs all, in the order of the files, and says of each test and each lab what came of it. An interruption is passed
/// on to those that run; the others do not begin. Only while this process has one thread. Throws Error if no world can
/// be made.
std::vector<LabOutcome> run_in_worlds(Session& session, const WorldsRequest& request);

}  // namespace netrig::cli
