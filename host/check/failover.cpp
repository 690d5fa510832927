// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "check/prober.hpp"
#include "check/run_checks.hpp"
#include "check/sender.hpp"

namespace netrig::check {
namespace {

constexpr std::size_t kAtTheEnd = 5;  // the last requests that must be answered again
// What was sent so shortly before the first event may have been under way when it happened: then it belongs to the
// outage.
constexpr auto kUnderWay = 250ms;

double milliseconds(nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

/// How long nothing came back.
struct Outage {
  nanoseconds from{};
  nanoseconds length{};
};

/// The longest of one pair, by when replies arrived: a packet that waited in a queue until the way was open again tells
/// of the outage as much as one that was lost.
Outage longest(const std::vector<const Probe*>& probes, nanoseconds interval) {
  std::vector<nanoseconds> arrivals;
  for (const Probe* probe : probes)
    if (probe->fate == Probe::Fate::replied) arrivals.push_back(probe->sent_at + probe->rtt);
  if (!probes.empty()) arrivals.push_back(probes.back()->sent_at);  // until then one could have come
  std::sort(arrivals.begin(), arrivals.end());
  Outage worst;
  nanoseconds last{};
  for (const nanoseconds arrival : arrivals) {
    if (arrival - last - interval > worst.length) worst = {.from = last, .length = arrival - last - interval};
    last = arrival;
  }
  return worst;
}

/// The first request that was lost although nothing had happened yet: a later one was answered before the first event,
/// or none at all was, or it had all the time that a reply takes.
const Probe* lost_before(nanoseconds first_event, const std::vector<const Probe*>& probes) {
  nanoseconds answered = -1ns;  // when the last of those was sent that were answered before the event
  nanoseconds longest{};
  for (const Probe* probe : probes) {
    if (probe->fate != Probe::Fate::replied || probe->sent_at + probe->rtt >= first_event) continue;
    longest = std::max(longest, probe->rtt);
    answered = std::max(answered, probe->sent_at);
  }
  const nanoseconds time_enough = answered < 0ns ? first_event : first_event - kUnderWay - longest;
  const auto found = std::find_if(probes.begin(), probes.end(), [&](const Probe* probe) {
    return probe->fate != Probe::Fate::replied && (probe->sent_at < answered || probe->sent_at < time_enough);
  });
  return found == probes.end() ? nullptr : *found;
}

void judge(const FailoverCheck& check, const Job& job, const Pair& pair, const std::vector<const Probe*>& probes) {
  const nanoseconds first_event = job.test.during.front().at;
  const auto is_lost = [](const Probe* probe) { return probe->fate != Probe::Fate::replied; };
  const auto lost = std::count_if(probes.begin(), probes.end(), is_lost);
  const Outage outage = longest(probes, check.interval);
  PairResult& result = job.add(pair);
  result.metrics = {{"sent", static_cast<double>(probes.size()), "packets"},
                    {"lost", static_cast<double>(lost), "packets"},
                    {"outage", milliseconds(outage.length), "ms"}};
  const auto fail = [&](std::string seen, std::string expected, std::string look_at) {
    result.outcome = Outcome::failed;
    job.fail({.about = job.about(pair),
              .seen = std::move(seen),
              .expected = std::move(expected),
              .look_at = std::move(look_at)});
  };
  const std::string route = job.exec_line(pair.from, fmt::format("ip route get {}", pair.address.str()));
  if (const Probe* before = lost_before(first_event, probes))
    fail(fmt::format("packets were lost {:.0f} ms after the begin, before anything happened: {}",
                     milliseconds(before->sent_at), fate_text(*before, pair)),
         "packets flow until the first event", route);
  else if (outage.length > check.max_outage)
    fail(fmt::format("nothing came back for {:.0f} ms, from {:.0f} ms on", milliseconds(outage.length),
                     milliseconds(outage.from)),
         fmt::format("at most {}", format_duration(check.max_outage.count())), route);
  if (probes.size() > kAtTheEnd && std::all_of(probes.end() - kAtTheEnd, probes.end(), is_lost))
    fail(fmt::format("packets do not flow at the end: {}", fate_text(*probes.back(), pair)),
         "packets flow again after the last event", route);
}

void draw(const Job& job, const Pair& pair, const std::vector<const Probe*>& probes) {
  Series series{.name = job.about(pair), .quantity = "rtt", .unit = "ms"};
  for (const Probe* probe : probes) {
    const bool lost = probe->fate != Probe::Fate::replied;
    series.points.push_back({.at = std::chrono::duration<double>(probe->sent_at).count(),
                             .value = lost ? 0 : milliseconds(probe->rtt),
                             .lost = lost});
  }
  job.result.series.push_back(std::move(series));
}

}  // namespace

void run(const FailoverCheck& check, const Job& job) {
  const std::vector<Pair> pairs = job.pairs(check.to);
  std::vector<Probe> probes;
  for (nanoseconds at = 0ns; at < check.duration; at += check.interval)
    for (std::size_t i = 0; i < pairs.size(); ++i) probes.push_back({.pair = i, .at = at});
  Prober prober(job.ground, check.to.sender);
  prober.run(pairs, probes, {.dont_fragment = false, .timeout = 1s}, job.until, job.began);
  std::vector<std::vector<const Probe*>> by_pair(pairs.size());
  for (const Probe& probe : probes) by_pair[probe.pair].push_back(&probe);
  double worst = 0;
  double lost = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    judge(check, job, pairs[i], by_pair[i]);
    draw(job, pairs[i], by_pair[i]);
    lost += job.result.pairs.back().metrics[1].value;
    worst = std::max(worst, job.result.pairs.back().metrics[2].value);
  }
  job.result.metrics = {{"outage", worst, "ms"}, {"lost", lost, "packets"}};
  job.result.reproduce.push_back(job.exec_line(
      pairs.front().from, fmt::format("ping -i {:g} -D{} {}", std::chrono::duration<double>(check.interval).count(),
                                      ping_options(check.to.sender), pairs.front().address.str())));
}

}  // namespace netrig::check
