// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "check/neighbours.hpp"
#include "check/prober.hpp"
#include "check/run_checks.hpp"
#include "check/sender.hpp"

namespace netrig::check {
namespace {

// Many pairs do not begin in the same instant: neighbour discovery of all at once floods every bridge between.
constexpr auto kSpread = 50us;
constexpr std::size_t kMostSeries = 16;
constexpr std::size_t kMostReproduced = 5;

double milliseconds(nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

/// What came of all requests of one pair, or of all pairs.
struct Tally {
  std::size_t sent = 0;
  std::size_t received = 0;
  std::size_t duplicates = 0;
  std::size_t corrupt = 0;
  std::size_t resent = 0;
  nanoseconds least = nanoseconds::max();
  nanoseconds most{};
  nanoseconds sum{};
  std::map<std::string, std::size_t> silence;  ///< why there was no reply: how often

  void add(const Probe& probe, const Pair& pair, nanoseconds timeout) {
    ++sent;
    duplicates += probe.duplicates;
    resent += probe.resent;
    if (probe.fate != Probe::Fate::replied || probe.rtt > timeout) {
      ++silence[probe.fate == Probe::Fate::replied ? "no reply in time" : fate_text(probe, pair)];
      return;
    }
    ++received;
    corrupt += probe.corrupt ? 1 : 0;
    least = std::min(least, probe.rtt);
    most = std::max(most, probe.rtt);
    sum += probe.rtt;
  }
  void add(const Tally& other) {
    sent += other.sent;
    received += other.received;
    duplicates += other.duplicates;
    resent += other.resent;
    corrupt += other.corrupt;
    least = std::min(least, other.least);
    most = std::max(most, other.most);
    sum += other.sum;
  }
  [[nodiscard]] double loss() const {
    return sent == 0 ? 0 : 100.0 * static_cast<double>(sent - received) / static_cast<double>(sent);
  }
  [[nodiscard]] std::vector<Metric> metrics() const {
    std::vector<Metric> all = {{"sent", static_cast<double>(sent), "packets"},
                               {"received", static_cast<double>(received), "packets"},
                               {"loss", loss(), "%"}};
    if (received > 0) {
      all.push_back({"rtt_min", milliseconds(least), "ms"});
      all.push_back({"rtt_avg", milliseconds(sum) / static_cast<double>(received), "ms"});
      all.push_back({"rtt_max", milliseconds(most), "ms"});
    }
    if (resent > 0) all.push_back({"resent", static_cast<double>(resent), "packets"});
    if (duplicates > 0) all.push_back({"duplicates", static_cast<double>(duplicates), "packets"});
    return all;
  }
};

std::string ping_line(const PingCheck& check, const Job& job, const Pair& pair) {
  return job.exec_line(
      pair.from, fmt::format("ping -c {} -i {:g} -s {}{}{}{} {}", check.count,
                             std::chrono::duration<double>(check.interval).count(), check.size,
                             check.dont_fragment ? " -M do" : "", check.ttl ? fmt::format(" -t {}", *check.ttl) : "",
                             ping_options(check.to.sender), pair.address.str()));
}

std::string why(const Tally& tally) {
  std::vector<std::string> reasons;
  for (const auto& [reason, times] : tally.silence)
    reasons.push_back(tally.silence.size() == 1 ? reason : fmt::format("{} ({} times)", reason, times));
  return fmt::format("{}", fmt::join(reasons, "; "));
}

/// Adds the pair and what is wrong with it.
void judge(const PingCheck& check, const Job& job, const Pair& pair, const Tally& tally) {
  PairResult& result = job.add(pair);
  result.metrics = tally.metrics();
  const auto fail = [&](std::string seen, std::string expected, std::string look_at) {
    if (result.outcome == Outcome::passed && job.result.reproduce.size() < kMostReproduced)
      job.result.reproduce.push_back(ping_line(check, job, pair));
    result.outcome = Outcome::failed;
    job.fail({.about = job.about(pair),
              .seen = std::move(seen),
              .expected = std::move(expected),
              .look_at = std::move(look_at)});
  };
  if (tally.loss() > check.max_loss)
    fail(fmt::format("{} of {} echo requests got no reply: {}", tally.sent - tally.received, tally.sent, why(tally)),
         fmt::format("at most {:g}% loss", check.max_loss),
         job.exec_line(pair.from, fmt::format("ip route get {}", pair.address.str())));
  if (tally.loss() < check.min_loss)
    fail(fmt::format("{} of {} echo requests were answered, which is {:g}% loss", tally.received, tally.sent,
                     tally.loss()),
         fmt::format("at least {:g}% loss", check.min_loss), ping_line(check, job, pair));
  if (check.min_rtt && tally.received > 0 && tally.least < *check.min_rtt)
    fail(fmt::format("a round trip took {:.3f} ms", milliseconds(tally.least)),
         fmt::format("at least {}", format_duration(check.min_rtt->count())), ping_line(check, job, pair));
  if (check.max_rtt && tally.received > 0 && tally.most > *check.max_rtt)
    fail(fmt::format("a round trip took {:.3f} ms", milliseconds(tally.most)),
         fmt::format("at most {}", format_duration(check.max_rtt->count())), ping_line(check, job, pair));
  if (tally.corrupt > 0)
    fail(fmt::format("{} of {} replies carried other bytes than the request", tally.corrupt, tally.received),
         "replies with the request's payload (RFC 792)", ping_line(check, job, pair));
}

std::vector<Probe> schedule(const PingCheck& check, std::size_t pairs) {
  std::vector<Probe> probes;
  probes.reserve(pairs * check.count);
  for (std::uint32_t k = 0; k < check.count; ++k)
    for (std::size_t i = 0; i < pairs; ++i)
      probes.push_back({.pair = i,
                        .at = k * check.interval + kSpread * static_cast<std::int64_t>(i),
                        .size = check.size,
                        .ttl = check.ttl});
  std::stable_sort(probes.begin(), probes.end(), [](const Probe& a, const Probe& b) { return a.at < b.at; });
  return probes;
}

void draw(const Job& job, const std::vector<Pair>& pairs, const std::vector<Probe>& probes, double offset) {
  const std::size_t first = job.result.series.size();
  for (const Pair& pair : pairs)
    job.result.series.push_back({.name = job.about(pair), .quantity = "rtt", .unit = "ms"});
  for (const Probe& probe : probes) {
    if (probe.fate == Probe::Fate::unsent) continue;
    const bool lost = probe.fate != Probe::Fate::replied;
    job.result.series[first + probe.pair].points.push_back(
        {.at = offset + std::chrono::duration<double>(probe.sent_at).count(),
         .value = lost ? 0 : milliseconds(probe.rtt),
         .lost = lost});
  }
}

}  // namespace

void run(const PingCheck& check, const Job& job) { run_pings(check, job, job.pairs(check.to)); }

void run_pings(const PingCheck& check, const Job& job, const std::vector<Pair>& pairs) {
  const auto waves = waves_of(job.lab(), pairs);
  Prober prober(job.ground, check.to.sender);
  Tally all;
  for (const std::vector<Pair>& wave : waves) {
    std::optional<NeighbourBroom> broom;
    if (waves.size() > 1) broom.emplace(job.ground, wave);
    std::vector<Probe> probes = schedule(check, wave.size());
    const auto begin = Clock::now();
    prober.run(wave, probes, {.dont_fragment = check.dont_fragment, .timeout = check.timeout, .again = true}, job.until,
               begin);
    std::vector<Tally> tallies(wave.size());
    for (const Probe& probe : probes) tallies[probe.pair].add(probe, wave[probe.pair], check.timeout);
    for (std::size_t i = 0; i < wave.size(); ++i) {
      judge(check, job, wave[i], tallies[i]);
      all.add(tallies[i]);
    }
    if (pairs.size() <= kMostSeries) draw(job, wave, probes, std::chrono::duration<double>(begin - job.began).count());
    if (broom) broom->sweep();
  }
  job.result.metrics = all.metrics();
  if (job.result.reproduce.empty()) job.result.reproduce.push_back(ping_line(check, job, pairs.front()));
}

}  // namespace netrig::check
