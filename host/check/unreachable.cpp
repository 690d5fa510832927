// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "check/checks.hpp"
#include "check/echo_server.hpp"
#include "check/exchange.hpp"
#include "check/prober.hpp"

namespace netrig::check {
namespace {

/// What one attempt to get through met.
struct Attempt {
  std::size_t pair = 0;
  bool through = false;
  bool rejected = false;  ///< something said no
  std::string text;
};

std::vector<Attempt> by_icmp(const UnreachableCheck& check, const Job& job, const std::vector<Pair>& pairs) {
  constexpr auto kInterval = 50ms;
  std::vector<Probe> probes;
  for (std::uint32_t k = 0; k < check.count; ++k)
    for (std::size_t i = 0; i < pairs.size(); ++i)
      probes.push_back({.pair = i, .at = k * kInterval, .ttl = {}, .who = {}});
  Prober prober(job.ground);
  prober.run(pairs, probes, {.dont_fragment = false, .timeout = check.timeout}, job.until, Clock::now());
  std::vector<Attempt> attempts;
  attempts.reserve(probes.size());
  for (const Probe& probe : probes)
    attempts.push_back({.pair = probe.pair,
                        .through = probe.fate == Probe::Fate::replied,
                        .rejected = probe.fate == Probe::Fate::refused || probe.fate == Probe::Fate::unsendable,
                        .text = fate_text(probe, pairs[probe.pair])});
  return attempts;
}

std::vector<Attempt> by_exchange(const UnreachableCheck& check, const Job& job, const std::vector<Pair>& pairs,
                                 const EchoServers* servers) {
  const ExchangeOptions options{.protocol = check.protocol,
                                .port = check.port,
                                .size = check.protocol == Protocol::tcp ? 0U : 16U,
                                .any_answer = true,
                                .timeout = check.timeout};
  std::vector<Exchange> exchanges;
  for (std::uint32_t k = 0; k < check.count; ++k)
    for (std::size_t i = 0; i < pairs.size(); ++i) exchanges.push_back({.pair = i});
  run_exchanges(job.ground, pairs, exchanges, options, job.until);
  std::vector<Attempt> attempts;
  for (const Exchange& exchange : exchanges) {
    const bool through = exchange.fate == Exchange::Fate::done || exchange.fate == Exchange::Fate::connected ||
                         exchange.fate == Exchange::Fate::closed;
    // Without a server a reset is the host's own word that nobody listens: the packet did get there.
    const bool own_refusal = servers == nullptr && exchange.error == ECONNREFUSED;
    attempts.push_back(
        {.pair = exchange.pair,
         .through = through || own_refusal,
         .rejected = exchange.fate == Exchange::Fate::refused,
         .text = own_refusal ? "the target itself answered that nobody listens" : fate_text(exchange, options)});
  }
  return attempts;
}

void judge(const UnreachableCheck& check, const Job& job, const Pair& pair,
           const std::vector<const Attempt*>& attempts) {
  PairResult& result = job.add(pair);
  const std::string what = check.protocol == Protocol::icmp
                               ? "an echo request"
                               : fmt::format("{} port {}", check.protocol == Protocol::tcp ? "TCP" : "UDP", check.port);
  const auto fail = [&](std::string seen, std::string expected) {
    result.outcome = Outcome::failed;
    job.fail({.about = job.about(pair),
              .seen = std::move(seen),
              .expected = std::move(expected),
              .look_at = job.exec_line(pair.from, fmt::format("ip route get {}", pair.address.str())) +
                         (pair.to ? "; " + job.exec_line(*pair.to, "nft list ruleset") : std::string())});
  };
  const auto with = [&](bool Attempt::*property) {
    const auto found = std::find_if(attempts.begin(), attempts.end(), [&](const Attempt* a) { return a->*property; });
    return found == attempts.end() ? nullptr : *found;
  };
  if (const Attempt* through = with(&Attempt::through))
    fail(fmt::format("{} got through: {}", what, through->text), "no way through");
  else if (const Attempt* rejected = with(&Attempt::rejected);
           rejected != nullptr && check.how == UnreachableCheck::How::silent)
    fail(fmt::format("{} was rejected: {}", what, rejected->text), "silence (how = \"silent\")");
  else if (rejected == nullptr && check.how == UnreachableCheck::How::rejected)
    fail(fmt::format("{}: {}", what, attempts.front()->text), "a rejection (how = \"rejected\")");
}

}  // namespace

void run(const UnreachableCheck& check, const Job& job) {
  const std::vector<Pair> pairs = pairs_of(job.lab(), job.test, check.to);
  const bool icmp = check.protocol == Protocol::icmp;
  std::unique_ptr<EchoServers> servers;
  if (!icmp && check.server) servers = std::make_unique<EchoServers>(job.ground, pairs, check.protocol, check.port);
  const auto attempts = icmp ? by_icmp(check, job, pairs) : by_exchange(check, job, pairs, servers.get());
  std::vector<std::vector<const Attempt*>> by_pair(pairs.size());
  for (const Attempt& attempt : attempts) by_pair[attempt.pair].push_back(&attempt);
  for (std::size_t i = 0; i < pairs.size(); ++i) judge(check, job, pairs[i], by_pair[i]);
  // One way may be open although no answer comes back: then something still arrived.
  if (servers && servers->arrived() > 0 && job.result.findings.empty())
    job.fail({.about = {},
              .seen = fmt::format("{} reached the target, although no answer came back",
                                  check.protocol == Protocol::tcp ? fmt::format("{} connections", servers->arrived())
                                                                  : fmt::format("{} datagrams", servers->arrived())),
              .expected = "no way through",
              .look_at = "the way back, or a firewall that drops answers only"});
  const Pair& first = pairs.front();
  job.result.reproduce.push_back(
      job.exec_line(first.from, icmp ? fmt::format("ping -c 2 {}", first.address.str())
                                     : fmt::format("nc {}-vz -w 1 {} {}", check.protocol == Protocol::udp ? "-u " : "",
                                                   first.address.str(), check.port)));
}

}  // namespace netrig::check
