// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "check/watch.hpp"
#include "kernel/counters.hpp"

namespace netrig::check {
namespace {

constexpr std::size_t kMostMetrics = 8;

/// By namespace and name of the interface.
using Readings = std::map<std::pair<std::size_t, std::string>, kernel::LinkCounters>;

Readings read_all(const Job& job) {
  Readings readings;
  for (std::size_t space = 0; space < job.lab().namespaces.size(); ++space) {
    const bool wanted = std::any_of(job.test.counters.begin(), job.test.counters.end(), [&](const CounterAssertion& c) {
      return picks(c.interface.space, job.lab().namespaces[space]);
    });
    if (!wanted) continue;
    job.ground.inside(space, [&] {
      kernel::Socket socket;
      for (kernel::LinkCounters& one : kernel::list_counters(socket)) {
        std::string name = one.name;
        readings.insert_or_assign({space, std::move(name)}, std::move(one));
      }
    });
  }
  return readings;
}

void judge(const Job& job, const CounterAssertion& wanted, std::size_t space, const std::string& name,
           const kernel::LinkCounters& before, const kernel::LinkCounters& after) {
  const std::string about = job.ground.name(space) + ":" + name;
  const std::string look_at = job.exec_line(space, fmt::format("ip -s -s link show {}", name));
  const auto fail = [&](std::string seen, std::string expected) {
    job.fail({.about = about, .seen = std::move(seen), .expected = std::move(expected), .look_at = look_at});
  };
  if (after.ifindex != before.ifindex) {
    fail("the interface is another one than before the test", "the same interface");
    return;
  }
  const std::uint64_t drops = after.drops - before.drops;
  const std::uint64_t errors = after.errors - before.errors;
  const std::uint64_t packets = after.packets - before.packets;
  if (job.result.metrics.size() < kMostMetrics) {
    job.result.metrics.push_back({about + " packets", static_cast<double>(packets), "packets"});
    job.result.metrics.push_back({about + " drops", static_cast<double>(drops), "packets"});
  }
  if (drops > wanted.max_drops)
    fail(fmt::format("{} packets dropped", drops), fmt::format("at most {}", wanted.max_drops));
  if (errors > wanted.max_errors)
    fail(fmt::format("{} packets with errors", errors), fmt::format("at most {}", wanted.max_errors));
  if (wanted.min_packets && packets < *wanted.min_packets)
    fail(fmt::format("{} packets received and sent", packets), fmt::format("at least {}", *wanted.min_packets));
  if (wanted.max_packets && packets > *wanted.max_packets)
    fail(fmt::format("{} packets received and sent", packets), fmt::format("at most {}", *wanted.max_packets));
}

}  // namespace

struct CounterWatch::State {
  Readings before;
};

CounterWatch::CounterWatch(const Job& job) : state_(std::make_unique<State>()) { state_->before = read_all(job); }
CounterWatch::~CounterWatch() = default;

void CounterWatch::finish(const Job& job) {
  const Readings after = read_all(job);
  for (const CounterAssertion& wanted : job.test.counters) {
    bool found = false;
    for (const auto& [place, before] : state_->before) {
      const std::size_t space = place.first;
      const std::string& name = place.second;
      if (!picks(wanted.interface.space, job.lab().namespaces[space]) || !matches(wanted.interface.interface, name))
        continue;
      found = true;
      const auto now = after.find(place);
      if (now != after.end())
        judge(job, wanted, space, name, before, now->second);
      else
        job.fail({.about = job.ground.name(space) + ":" + name,
                  .seen = "the interface went away during the test",
                  .expected = "that it is there to count",
                  .look_at = job.exec_line(space, "ip link")});
    }
    if (!found)
      job.fail({.about = wanted.interface.str(),
                .seen = "no such interface",
                .expected = "an interface to count at",
                .look_at = fmt::format("netrig status {}", job.lab().name.str())});
  }
}

}  // namespace netrig::check
