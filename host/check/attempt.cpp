// SPDX-License-Identifier: Apache-2.0
#include "check/attempt.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "check/again.hpp"
#include "check/aim.hpp"
#include "check/process.hpp"
#include "check/services.hpp"
#include "check/watch.hpp"
#include "kernel/namespace.hpp"
#include "model/error_number.hpp"

namespace netrig::check {
namespace {

constexpr auto kInterrupted = 10s;  // for each command of `after` where somebody waits for the end

constexpr auto kLinks = 1200ms;  // until links work again, see await_links()

constexpr auto kIpv6 = 5s;  // until its addresses work, see await_ipv6()

/// A namespace that we hold open lives on without its name, and would go on answering; the lab is dead all the same.
std::optional<std::string> missing_space(const Ground& ground) {
  for (std::size_t i = 0; i < ground.lab().namespaces.size(); ++i) {
    struct stat ours {};
    struct stat named {};
    if (::fstat(ground.space(i).get(), &ours) != 0 ||
        ::stat(kernel::path_of(ground.lab().namespaces[i]).c_str(), &named) != 0 || ours.st_ino != named.st_ino ||
        ours.st_dev != named.st_dev)
      return ground.name(i);
  }
  return std::nullopt;
}

void require_alive(const Ground& ground) {
  if (const auto missing = missing_space(ground))
    throw Error(ErrorCode::failed,
                fmt::format("namespace {} of lab {} is gone; the lab was taken away while it was tested", *missing,
                            ground.lab().name.str()));
}

std::string last_lines(const std::string& text) {
  constexpr std::size_t kMost = 4096;
  return text.size() <= kMost ? text : "..." + text.substr(text.size() - kMost);
}

/// One of the commands of `after`.
void run_afterwards(const Job& job, const PlacedCommand& placed) {
  const std::size_t space = *job.lab().find_namespace(placed.space);
  const auto most =
      job.until.is_interrupted() ? std::min<nanoseconds>(job.test.timeout, kInterrupted) : job.test.timeout;
  const Output output =
      run_command(job.ground, {.command = placed.command, .space = space}, {Clock::now() + most, nullptr});
  if (output.ended.exit == 0 && !output.ended.timed_out) return;
  const std::string line = shell_line(placed.command);
  job.fail({.about = fmt::format("after, at {}", job.lab().at(placed.where)),
            .seen = output.ended.timed_out ? fmt::format("\"{}\" did not end in time", line)
                                           : fmt::format("\"{}\" ended with exit code {}", line, output.ended.exit),
            .expected = "exit code 0",
            .look_at = job.exec_line(space, line)});
  job.result.attachments.push_back(
      {.name = fmt::format("after {}: output", placed.space), .text = last_lines(output.out + output.err)});
}

/// Runs `after` when it goes out of scope, also when the test threw.
class Afterwards {
 public:
  explicit Afterwards(const Job& job) : job_(job) {}
  ~Afterwards() {
    // What was killed did not end, and what was not waited for did not come: that says nothing of the lab. What cannot
    // be tidied up does.
    if (job_.until.is_interrupted()) job_.result.findings.clear();
    try {
      for (const PlacedCommand& one : job_.test.after) run_afterwards(job_, one);
    } catch (const Error& error) {
      job_.fail({.about = "after", .seen = error.what(), .expected = "exit code 0"});
    }
  }
  Afterwards(const Afterwards&) = delete;
  Afterwards& operator=(const Afterwards&) = delete;

 private:
  const Job& job_;
};

/// Returns when it was over, before `after`, whose time is its own.
Clock::time_point run_once(Job& job, ServicePool& pool, const std::string& artifacts) {
  require_alive(job.ground);
  await_ipv6(job.ground, {job.test}, job.until.at_most(kIpv6));
  const Afterwards afterwards(job);
  TestServices services(job, pool);
  std::optional<Preparation> preparation;
  if (!job.test.before.empty()) preparation.emplace(job, services);
  if (!preparation || preparation->run()) {
    std::optional<CounterWatch> counters;
    std::optional<CaptureWatch> captures;
    if (!job.test.counters.empty()) counters.emplace(job);
    if (!job.test.captures.empty()) captures.emplace(job, artifacts);
    job.began = Clock::now();
    {
      std::optional<Events> events;
      if (!job.test.during.empty()) events.emplace(job, services);
      std::optional<ShareWatch> share;
      if (job.test.share) share.emplace(job);
      run_check(job);
      if (share) share->finish(job);
      if (events) events->finish(job);
    }
    // The links that came back are those of the next test, too.
    if (!job.test.during.empty()) await_links(job.ground, {Clock::now() + kLinks, job.until.interrupted});
    if (counters) counters->finish(job);
    if (captures) captures->finish(job);  // last: packets of tests that failed are kept
  }
  const bool prepared = preparation.has_value();
  preparation.reset();
  for (const std::string& fault : services.restore())
    job.fail({.about = "after the test", .seen = fault, .expected = "that services are as they were"});
  if (prepared) await_links(job.ground, {Clock::now() + kLinks, job.until.interrupted});
  services.finish();
  if (!job.result.findings.empty()) require_alive(job.ground);
  return Clock::now();
}

/// How the headline figures went over the repetitions.
void extend(std::vector<Series>& history, const std::vector<Metric>& metrics, std::uint32_t repetition) {
  for (const Metric& metric : metrics) {
    auto found = std::find_if(history.begin(), history.end(), [&](const Series& s) { return s.name == metric.name; });
    if (found == history.end())
      found = history.insert(found, {.name = metric.name, .quantity = "repetition", .unit = metric.unit});
    found->points.push_back({.at = static_cast<double>(repetition), .value = metric.value});
  }
}

void clear_measured(TestResult& result) {
  result.pairs.clear();
  result.metrics.clear();
  result.series.clear();
  result.events.clear();
  result.reproduce.clear();
}

void interrupt(TestResult& result) {
  result.outcome = Outcome::interrupted;
  result.reason = "interrupted while it ran";
  for (PairResult& pair : result.pairs)
    if (pair.outcome == Outcome::failed) pair.outcome = Outcome::interrupted;
}

void repeat(const Ground& ground, const Test& test, const RunOptions& options, ServicePool& pool, TestResult& result) {
  const std::uint32_t times = test.repeat * std::max<std::uint32_t>(options.repeat, 1);
  std::vector<Series> history;
  for (std::uint32_t repetition = 1; repetition <= times; ++repetition) {
    clear_measured(result);
    result.repetitions = repetition;
    Job job{.ground = ground,
            .test = test,
            .until = {Clock::now() + test.timeout, options.interrupted},
            .result = result,
            .began = Clock::now(),
            .journal = options.journal};
    const Clock::time_point ended = run_once(job, pool, options.artifacts);
    if (job.until.is_interrupted()) return interrupt(result);
    if (result.findings.empty() && ended >= job.until.deadline)
      job.fail({.seen = fmt::format("it took longer than its timeout of {}", format_duration(test.timeout.count())),
                .expected = "an end in time",
                .look_at = "timeout of the test in the lab file"});
    if (times > 1) extend(history, result.metrics, repetition);
    if (!result.findings.empty()) {
      if (times > 1) result.reason = fmt::format("in repetition {} of {}", repetition, times);
      break;
    }
  }
  for (Series& series : history) result.series.push_back(std::move(series));
  result.outcome = result.findings.empty() ? Outcome::passed : Outcome::failed;
}

}  // namespace

TestResult attempt(const Ground& ground, const Test& test, const RunOptions& options, ServicePool& pool) {
  TestResult result{.name = test.name,
                    .description = test.description,
                    .check = std::string(name_of(test.check)),
                    .where = ground.lab().at(test.where),
                    .tags = test.tags};
  const auto began = Clock::now();
  try {
    repeat(ground, test, options, pool, result);
  } catch (const Error& error) {
    if (options.interrupted != nullptr && options.interrupted->load()) {
      interrupt(result);
    } else {
      result.outcome = error.code() == ErrorCode::unsupported ? Outcome::skipped : Outcome::error;
      result.reason = error.what();
    }
  } catch (const std::bad_alloc&) {
    result.outcome = Outcome::error;
    result.reason = "out of memory";
  } catch (const std::exception& error) {
    result.outcome = Outcome::error;
    result.reason = code_of(error) != ErrorCode::internal
                        ? error.what()
                        : fmt::format("internal error: {}; please report this", error.what());
  }
  result.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  return result;
}

std::vector<std::string> resources_of(const Ground& ground, const Test& test) {
  const Lab& lab = ground.lab();
  std::vector<std::string> resources;
  for (const Service* service : services_of(lab, test))
    if (service->start == Service::Start::test) resources.push_back("service " + service->name);
  const auto port = [&](const Target& target, Protocol protocol, std::uint16_t number) {
    std::set<std::size_t> servers;
    for (const Aim& aim : aims_of(lab, test, target, ground.seed())) {
      if (aim.to)
        servers.insert(*aim.to);
      else if (aim.address)
        for (const std::size_t owner : owners_of(lab, *aim.address)) servers.insert(owner);
    }
    for (const std::size_t server : servers)
      resources.push_back(
          fmt::format("port {}/{} in {}", number, static_cast<int>(protocol), lab.namespaces[server].name.str()));
  };
  if (const auto* connect = std::get_if<ConnectCheck>(&test.check); connect != nullptr && connect->server)
    port(connect->to, connect->protocol, connect->port);
  if (const auto* unreachable = std::get_if<UnreachableCheck>(&test.check);
      unreachable != nullptr && unreachable->server && unreachable->protocol != Protocol::icmp)
    port(unreachable->to, unreachable->protocol, unreachable->port);
  std::sort(resources.begin(), resources.end());
  resources.erase(std::unique(resources.begin(), resources.end()), resources.end());
  return resources;
}

bool runs_alone(const Test& test) {
  return std::holds_alternative<ThroughputCheck>(test.check) || std::holds_alternative<FailoverCheck>(test.check) ||
         std::holds_alternative<ExecCheck>(test.check) || !test.before.empty() || !test.after.empty() ||
         !test.during.empty() || !test.counters.empty() || !test.captures.empty() || test.share;
}

}  // namespace netrig::check
