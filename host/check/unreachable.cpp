// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <thread>

#include "check/echo_server.hpp"
#include "check/exchange.hpp"
#include "check/prober.hpp"
#include "check/run_checks.hpp"
#include "check/sender.hpp"

namespace netrig::check {
namespace {

/// What one attempt to get through met.
struct Attempt {
  std::size_t pair = 0;
  bool through = false;
  bool rejected = false;  ///< something said no
  std::string text;
};

/// Tries every pair `count` times; a pair is told by its index.
using Try = std::function<std::vector<Attempt>(const std::vector<Pair>& pairs, std::uint32_t count)>;

std::vector<Attempt> by_icmp(const UnreachableCheck& check, const Job& job, const std::vector<Pair>& pairs,
                             std::uint32_t count) {
  constexpr auto kInterval = 50ms;
  std::vector<Probe> probes;
  for (std::uint32_t k = 0; k < count; ++k)
    for (std::size_t i = 0; i < pairs.size(); ++i) probes.push_back({.pair = i, .at = k * kInterval});
  Prober prober(job.ground, check.to.sender);
  prober.run(pairs, probes, {.timeout = check.timeout, .again = true}, job.until, Clock::now());
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
                                 std::uint32_t count, const EchoServers* servers) {
  const ExchangeOptions options{.protocol = check.protocol,
                                .port = check.port,
                                .size = check.protocol == Protocol::tcp ? 0U : 16U,
                                .any_answer = true,
                                .timeout = check.timeout,
                                .sender = check.to.sender};
  std::vector<Exchange> exchanges;
  for (std::uint32_t k = 0; k < count; ++k)
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

/// A kernel sends one host five ICMP errors and then one a second, whatever the sysctls are (ip_error); where
/// icmp_ratelimit takes from the same account, one in two seconds or three.
constexpr auto kErrorInterval = 1100ms;
constexpr auto kLongestInterval = 3 * kErrorInterval;
/// A source that is not answered so many times on end gets no rejections.
constexpr std::uint32_t kMostMisses = 3;

/// What a source still has to ask.
struct Unanswered {
  std::deque<std::size_t> pairs;
  std::uint32_t misses = 0;  ///< on end
};

/// Asks for the rejections that did not come, one of a source at a time, as slowly as kernels send them.
void ask_again(const Job& job, const std::vector<Pair>& pairs, const Try& attempt, std::vector<Attempt>& attempts) {
  std::vector<bool> answered(pairs.size());
  for (const Attempt& one : attempts)
    if (one.rejected || one.through) answered[one.pair] = true;
  std::map<std::size_t, Unanswered> sources;
  for (std::size_t i = 0; i < pairs.size(); ++i)
    if (!answered[i]) sources[pairs[i].from].pairs.push_back(i);
  for (Clock::duration pause = kErrorInterval; !sources.empty();) {
    for (const auto next = Clock::now() + pause; Clock::now() < next;) {
      if (job.until.over()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(job.until.at_most(next - Clock::now()).poll_timeout()));
    }
    std::vector<std::size_t> which;
    std::vector<Pair> asked;
    for (const auto& [from, source] : sources) {
      which.push_back(source.pairs.front());
      asked.push_back(pairs[which.back()]);
    }
    bool missed = false;
    for (Attempt& one : attempt(asked, 1)) {
      one.pair = which[one.pair];
      Unanswered& source = sources[pairs[one.pair].from];
      source.pairs.pop_front();
      const bool silent = !one.rejected && !one.through;
      source.misses = silent ? source.misses + 1 : 0;
      if (silent) source.pairs.push_back(one.pair);
      missed = missed || silent;
      attempts.push_back(std::move(one));
    }
    std::erase_if(sources,
                  [](const auto& entry) { return entry.second.pairs.empty() || entry.second.misses == kMostMisses; });
    if (missed) pause = std::min<Clock::duration>(pause + kErrorInterval, kLongestInterval);
  }
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
    fail(fmt::format("{}: {}, {} times{}", what, attempts.front()->text, attempts.size(),
                     job.until.over() ? "; there was no time to ask again, one second apart" : ""),
         "a rejection (how = \"rejected\")");
}

}  // namespace

void run(const UnreachableCheck& check, const Job& job) {
  const std::vector<Pair> pairs = job.pairs(check.to);
  const bool icmp = check.protocol == Protocol::icmp;
  std::unique_ptr<EchoServers> servers;
  if (!icmp && check.server) servers = std::make_unique<EchoServers>(job.ground, pairs, check.protocol, check.port);
  const Try attempt = [&](const std::vector<Pair>& asked, std::uint32_t count) {
    return icmp ? by_icmp(check, job, asked, count) : by_exchange(check, job, asked, count, servers.get());
  };
  auto attempts = attempt(pairs, check.count);
  if (check.how == UnreachableCheck::How::rejected) ask_again(job, pairs, attempt, attempts);
  if (servers) servers->finish();
  std::vector<std::vector<const Attempt*>> by_pair(pairs.size());
  for (const Attempt& attempt : attempts) by_pair[attempt.pair].push_back(&attempt);
  for (std::size_t i = 0; i < pairs.size(); ++i) judge(check, job, pairs[i], by_pair[i]);
  // One way may be open although no answer comes back: then something still arrived.
  if (servers && servers->arrived() > 0 && job.result.findings.empty())
    job.fail({.seen = fmt::format("{} reached the target, although no answer came back",
                                  check.protocol == Protocol::tcp ? fmt::format("{} connections", servers->arrived())
                                                                  : fmt::format("{} datagrams", servers->arrived())),
              .expected = "no way through",
              .look_at = "the way back, or a firewall that drops answers only"});
  const Pair& first = pairs.front();
  job.result.reproduce.push_back(job.exec_line(
      first.from, icmp ? fmt::format("ping -c 2{} {}", ping_options(check.to.sender), first.address.str())
                       : fmt::format("nc {}-vz -w 1{} {} {}", check.protocol == Protocol::udp ? "-u " : "",
                                     netcat_options(check.to.sender), first.address.str(), check.port)));
}

}  // namespace netrig::check
