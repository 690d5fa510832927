// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "check/prober.hpp"
#include "check/run_checks.hpp"

namespace netrig::check {
namespace {

constexpr int kTries = 2;
constexpr std::size_t kGiveUp = 5;  // hops in a row that say nothing

/// The way to one target, as far as it is known.
struct Way {
  std::vector<std::optional<IpAddress>> hops;  ///< unset: said nothing
  bool arrived = false;
  std::string end;  ///< why it ended before the target

  [[nodiscard]] bool is_open() const { return !arrived && end.empty(); }
};

std::string hop_text(const Job& job, const std::optional<IpAddress>& hop) {
  if (!hop) return "*";
  std::vector<std::string> names;
  for (const std::size_t owner : owners_of(job.lab(), *hop)) names.push_back(job.ground.name(owner));
  return names.empty() ? hop->str() : fmt::format("{} ({})", fmt::join(names, " or "), hop->str());
}

std::string way_text(const Job& job, const Way& way) {
  std::vector<std::string> hops;
  for (const auto& hop : way.hops) hops.push_back(hop_text(job, hop));
  if (!way.end.empty()) hops.push_back("[" + way.end + "]");
  return fmt::format("{}", fmt::join(hops, ", "));
}

bool is_expected(const Job& job, const std::string& wanted, const std::optional<IpAddress>& hop) {
  if (wanted == "*") return true;
  if (!hop) return false;
  if (const auto address = IpAddress::parse(wanted)) return *address == *hop;
  const auto owners = owners_of(job.lab(), *hop);
  return std::any_of(owners.begin(), owners.end(), [&](std::size_t owner) { return job.ground.name(owner) == wanted; });
}

/// Asks the hop at this distance on all ways that are open, twice those that say nothing.
void step(const PathCheck& check, const Job& job, Prober& prober, const std::vector<Pair>& pairs,
          std::vector<Way>& ways, std::uint8_t distance) {
  for (Way& way : ways)
    if (way.is_open()) way.hops.emplace_back();
  for (int attempt = 0; attempt < kTries; ++attempt) {
    std::vector<Probe> probes;
    for (std::size_t i = 0; i < pairs.size(); ++i)
      if (ways[i].is_open() && !ways[i].hops.back()) probes.push_back({.pair = i, .ttl = distance});
    prober.run(pairs, probes, {.timeout = check.timeout, .again = true}, job.until, Clock::now());
    for (const Probe& probe : probes) {
      Way& way = ways[probe.pair];
      const Pair& pair = pairs[probe.pair];
      if (probe.fate == Probe::Fate::replied) {
        way.hops.back() = pair.address;
        way.arrived = true;
      } else if (probe.fate == Probe::Fate::refused) {
        way.hops.back() = *probe.who;
        if (!is_time_exceeded(pair.address.family, probe.type))
          way.end = icmp_error_text(pair.address.family, probe.type, probe.code);
      } else if (probe.fate == Probe::Fate::unsendable) {
        way.hops.pop_back();
        way.end = fate_text(probe, pair);
      }
    }
  }
  for (Way& way : ways)
    if (way.is_open() && way.hops.size() >= kGiveUp &&
        std::none_of(way.hops.end() - kGiveUp, way.hops.end(), [](const auto& hop) { return hop.has_value(); }))
      way.end = "nothing from here on";
}

void judge(const PathCheck& check, const Job& job, const Pair& pair, const Way& way) {
  PairResult& result = job.add(pair);
  result.metrics = {{"hops", static_cast<double>(way.hops.size()), "hops"}};
  bool right = way.arrived;
  if (!check.hops.empty()) {
    right = way.arrived && way.hops.size() == check.hops.size();
    for (std::size_t i = 0; right && i < check.hops.size(); ++i) right = is_expected(job, check.hops[i], way.hops[i]);
  }
  const std::string line = job.exec_line(
      pair.from,
      fmt::format("traceroute {}-I {}", pair.address.family == Family::ipv6 ? "-6 " : "", pair.address.str()));
  if (!right) {
    result.outcome = Outcome::failed;
    job.fail({.about = job.about(pair),
              .seen = way.hops.empty() && way.end.empty() ? "no hop at all" : way_text(job, way),
              .expected =
                  check.hops.empty() ? "a way that ends at the target" : fmt::format("{}", fmt::join(check.hops, ", ")),
              .look_at = job.exec_line(pair.from, fmt::format("ip route get {}", pair.address.str()))});
  }
  if (!right || job.result.reproduce.empty()) job.result.reproduce.push_back(line);
}

}  // namespace

void run(const PathCheck& check, const Job& job) {
  const std::vector<Pair> pairs = job.pairs(check.to);
  Prober prober(job.ground, check.to.sender);
  std::vector<Way> ways(pairs.size());
  for (unsigned distance = 1; distance <= check.max_hops && !job.until.over(); ++distance) {
    if (std::none_of(ways.begin(), ways.end(), [](const Way& way) { return way.is_open(); })) break;
    step(check, job, prober, pairs, ways, static_cast<std::uint8_t>(distance));
  }
  for (std::size_t i = 0; i < pairs.size(); ++i) judge(check, job, pairs[i], ways[i]);
  job.result.metrics = job.result.pairs.front().metrics;
}

}  // namespace netrig::check
