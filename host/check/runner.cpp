// SPDX-License-Identifier: Apache-2.0
#include "check/runner.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>

#include "capture/tap.hpp"
#include "check/aim.hpp"
#include "check/attempt.hpp"
#include "check/drift.hpp"
#include "check/watch.hpp"
#include "model/thread.hpp"

namespace netrig::check {
namespace {

/// Gives out tests to several threads so that none disturbs another. Thread: any.
class Schedule {
 public:
  Schedule(const Ground& ground, const std::vector<Test>& tests, const RunOptions& options)
      : ground_(ground),
        tests_(tests),
        options_(options),
        results_(tests.size()),
        states_(tests.size(), State::waiting) {
    for (std::size_t i = 0; i < tests.size(); ++i) index_.emplace(tests[i].name, i);
    if (options.verify) drift_.emplace(ground.lab());
  }

  std::vector<TestResult> run() {
    std::vector<std::thread> threads;
    try {
      for (unsigned i = 1; i < options_.jobs && i < tests_.size(); ++i)
        threads.push_back(start_thread([this] { work(); }));
    } catch (const Error& error) {
      spdlog::warn("{} tests at once, not {}: {}", threads.size() + 1, options_.jobs, error.what());
    }
    work();
    for (std::thread& thread : threads) thread.join();
    return std::move(results_);
  }

 private:
  enum class State : std::uint8_t { waiting, running, done };

  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      const auto next = take();
      if (!next) {
        if (done_ == tests_.size()) return;
        changed_.wait(lock);
        continue;
      }
      lock.unlock();
      TestResult result = attempt(ground_, tests_[*next], options_, services_);
      if (drift_) drift_->judge(result);
      lock.lock();
      finish(*next, std::move(result));
    }
  }

  /// The first test that can begin; those that need not begin are settled on the way.
  std::optional<std::size_t> take() {
    for (std::size_t i = 0; i < tests_.size(); ++i) {
      if (states_[i] != State::waiting) continue;
      if (const auto verdict = without_running(i)) {
        settle(i, *verdict);
        continue;
      }
      if (!can_begin(i)) continue;
      states_[i] = State::running;
      ++running_;
      alone_ = alone_ || runs_alone(tests_[i]);
      for (const std::string& resource : resources_of(ground_, tests_[i])) used_.insert(resource);
      began_[i] = Clock::now();
      if (options_.progress) options_.progress(tests_[i].name, done_, tests_.size());
      return i;
    }
    return std::nullopt;
  }

  struct Verdict {
    Outcome outcome = Outcome::skipped;
    std::string reason;
  };
  [[nodiscard]] std::optional<Verdict> without_running(std::size_t i) const {
    if (options_.interrupted != nullptr && *options_.interrupted)
      return Verdict{Outcome::interrupted, "interrupted before it began"};
    if (options_.fail_fast && broken_) return Verdict{Outcome::skipped, "an earlier test did not pass"};
    for (const std::string& name : tests_[i].depends_on) {
      const auto found = index_.find(name);
      if (found == index_.end() || states_[found->second] != State::done) continue;
      const Outcome outcome = results_[found->second].outcome;
      if (outcome != Outcome::passed)
        return Verdict{Outcome::skipped, fmt::format("it depends on \"{}\", which {}", name,
                                                     outcome == Outcome::skipped ? "was skipped" : "did not pass")};
    }
    return std::nullopt;
  }

  [[nodiscard]] bool can_begin(std::size_t i) const {
    if (alone_ || (running_ > 0 && runs_alone(tests_[i]))) return false;
    for (const std::string& name : tests_[i].depends_on)
      if (const auto found = index_.find(name); found != index_.end() && states_[found->second] != State::done)
        return false;
    if (running_ == 0) return true;
    const auto resources = resources_of(ground_, tests_[i]);
    return std::none_of(resources.begin(), resources.end(), [&](const std::string& r) { return used_.contains(r); });
  }

  void settle(std::size_t i, const Verdict& verdict) {
    const Test& test = tests_[i];
    results_[i] = {.name = test.name,
                   .description = test.description,
                   .check = std::string(name_of(test.check)),
                   .where = ground_.lab().at(test.where),
                   .tags = test.tags,
                   .outcome = verdict.outcome,
                   .reason = verdict.reason,
                   .repetitions = 0,
                   .began = since_begin(Clock::now())};
    states_[i] = State::done;
    ++done_;
    if (options_.ended) options_.ended(results_[i]);
    changed_.notify_all();
  }

  void finish(std::size_t i, TestResult result) {
    result.began = since_begin(began_[i]);
    broken_ = broken_ || (result.outcome != Outcome::passed && result.outcome != Outcome::skipped);
    results_[i] = std::move(result);
    states_[i] = State::done;
    ++done_;
    --running_;
    alone_ = false;
    for (const std::string& resource : resources_of(ground_, tests_[i])) used_.erase(resource);
    if (options_.ended) options_.ended(results_[i]);
    if (options_.progress) options_.progress(tests_[i].name, done_, tests_.size());
    changed_.notify_all();
  }

  [[nodiscard]] double since_begin(Clock::time_point when) const {
    return std::chrono::duration<double>(when - begin_).count();
  }

  const Ground& ground_;
  const std::vector<Test>& tests_;
  const RunOptions& options_;
  const Clock::time_point begin_ = Clock::now();
  std::optional<DriftJudge> drift_;
  ServicePool services_{ground_};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<TestResult> results_;
  std::vector<State> states_;
  std::unordered_map<std::string, std::size_t> index_;
  std::unordered_map<std::size_t, Clock::time_point> began_;
  std::set<std::string> used_;
  std::size_t done_ = 0;
  unsigned running_ = 0;
  bool alone_ = false;
  bool broken_ = false;
};

}  // namespace

bool answers_to(const Test& test, const std::string& pattern) {
  return test.name == pattern || matches(pattern, test.name) ||
         std::any_of(test.tags.begin(), test.tags.end(), [&](const auto& tag) { return matches(pattern, tag); });
}

std::vector<Test> selected(const Lab& lab, const std::vector<std::string>& patterns) {
  if (patterns.empty()) return lab.tests;
  std::set<std::string> wanted;
  for (const std::string& pattern : patterns) {
    std::size_t found = 0;
    for (const Test& test : lab.tests)
      if (answers_to(test, pattern)) {
        wanted.insert(test.name);
        ++found;
      }
    if (found == 0) {
      std::vector<std::string> names;
      for (const Test& test : lab.tests) names.push_back(test.name);
      const auto hint = closest(pattern, names);
      throw Error(ErrorCode::invalid, fmt::format("--filter \"{}\" matches no test and no tag{}", pattern,
                                                  hint ? fmt::format("; did you mean \"{}\"?", *hint) : ""));
    }
  }
  // A test stands after those it depends on, so one pass backwards finds them all.
  for (auto test = lab.tests.rbegin(); test != lab.tests.rend(); ++test)
    if (wanted.contains(test->name)) wanted.insert(test->depends_on.begin(), test->depends_on.end());
  std::vector<Test> tests;
  for (const Test& test : lab.tests)
    if (wanted.contains(test.name)) tests.push_back(test);
  return tests;
}

void check_runnable(const Lab& lab, const std::vector<Test>& tests) {
  for (const Test& test : tests) {
    if (const Target* target = target_of(test.check)) static_cast<void>(aims_of(lab, test, *target));
    for (const CaptureAssertion& wanted : test.captures)
      if (const auto fault = capture::filter_fault(wanted.filter))
        throw Error(ErrorCode::invalid,
                    fmt::format("test \"{}\": \"{}\" is no capture filter: {}; see pcap-filter(7)", test.name,
                                wanted.filter, *fault),
                    lab.at(wanted.where));
  }
}

Report run_tests(const Ground& ground, const std::vector<Test>& tests, const RunOptions& options) {
  const auto began = Clock::now();
  const auto clock = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  Report report{.lab = ground.lab().name.str(),
                .file = ground.lab().file,
                .description = ground.lab().description,
                .began = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(clock)),
                .environment = environment_here()};
  if (ground.seed() != 0) report.seed = ground.seed();
  report.tests = Schedule(ground, tests, options).run();
  report.interrupted = options.interrupted != nullptr && *options.interrupted;
  report.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  return report;
}

Environment environment_here() {
  Environment here;
  here.netrig = NETRIG_VERSION;
  struct utsname names {};
  if (::uname(&names) == 0) {
    here.kernel = names.release;
    here.machine = names.machine;
    here.host = names.nodename;
  }
  here.cpus = std::thread::hardware_concurrency();
  std::ifstream cpus("/proc/cpuinfo");
  for (std::string line; std::getline(cpus, line);)
    if (line.starts_with("model name")) {
      here.cpu = line.substr(line.find(':') + 2);
      break;
    }
  return here;
}

}  // namespace netrig::check
