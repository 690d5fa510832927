// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "check/echo_server.hpp"
#include "check/exchange.hpp"
#include "check/run_checks.hpp"
#include "check/sender.hpp"

namespace netrig::check {
namespace {

double milliseconds(nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

std::string reproduce(const ConnectCheck& check, const Job& job, const Pair& pair) {
  return job.exec_line(pair.from, fmt::format("nc {}-vz -w 2{} {} {}", check.protocol == Protocol::udp ? "-u " : "",
                                              netcat_options(check.to.sender), pair.address.str(), check.port));
}

void add_times(std::vector<Metric>& metrics, const std::string& name, std::vector<double> times) {
  if (times.empty()) return;
  std::sort(times.begin(), times.end());
  double sum = 0;
  for (const double time : times) sum += time;
  if (times.size() > 1) metrics.push_back({name + "_min", times.front(), "ms"});
  metrics.push_back({times.size() > 1 ? name + "_avg" : name, sum / static_cast<double>(times.size()), "ms"});
  if (times.size() > 1) metrics.push_back({name + "_max", times.back(), "ms"});
}

/// What the exchanges of one pair took.
std::vector<Metric> times_of(const ConnectCheck& check, const std::vector<const Exchange*>& exchanges) {
  std::vector<double> connects;
  std::vector<double> echoes;
  for (const Exchange* one : exchanges) {
    if (one->fate != Exchange::Fate::done) continue;
    if (check.protocol == Protocol::tcp) connects.push_back(milliseconds(one->connect));
    if (check.size > 0) echoes.push_back(milliseconds(one->echo));
  }
  std::vector<Metric> metrics;
  add_times(metrics, "connect", std::move(connects));
  add_times(metrics, check.server ? "echo" : "answer", std::move(echoes));
  return metrics;
}

void judge(const ConnectCheck& check, const Job& job, const Pair& pair, const std::vector<const Exchange*>& exchanges,
           const ExchangeOptions& options) {
  PairResult& result = job.add(pair);
  result.metrics = times_of(check, exchanges);
  const auto fail = [&](std::string seen, std::string expected) {
    result.outcome = Outcome::failed;
    job.fail({.about = job.about(pair),
              .seen = std::move(seen),
              .expected = std::move(expected),
              .look_at = pair.to ? job.exec_line(*pair.to, "ss -lntu") : reproduce(check, job, pair)});
  };
  const auto right = [](const Exchange* one) { return one->fate == Exchange::Fate::done; };
  const auto wrong = std::find_if_not(exchanges.begin(), exchanges.end(), right);
  if (wrong != exchanges.end()) {
    const auto count = std::count_if(exchanges.begin(), exchanges.end(), right);
    fail(exchanges.size() == 1
             ? fate_text(**wrong, options)
             : fmt::format("{} of {} failed: {}", static_cast<std::ptrdiff_t>(exchanges.size()) - count,
                           exchanges.size(), fate_text(**wrong, options)),
         check.size == 0
             ? fmt::format("a connection to port {}", check.port)
             : fmt::format("an answer from port {} within {}", check.port, format_duration(check.timeout.count())));
  }
  if (!check.max_rtt) return;
  nanoseconds worst{};
  for (const Exchange* one : exchanges)
    if (right(one)) worst = std::max({worst, one->connect, one->echo});
  if (worst > *check.max_rtt)
    fail(fmt::format("it took {:.3f} ms", milliseconds(worst)),
         fmt::format("at most {}", format_duration(check.max_rtt->count())));
}

/// Of all pairs, one after the other.
std::vector<Exchange> one_each(std::size_t pairs, std::uint32_t times) {
  std::vector<Exchange> exchanges;
  for (std::uint32_t k = 0; k < times; ++k)
    for (std::size_t i = 0; i < pairs; ++i) exchanges.push_back({.pair = i});
  return exchanges;
}

std::vector<Exchange> run_all(const ConnectCheck& check, const Job& job, const std::vector<Pair>& pairs,
                              const ExchangeOptions& options) {
  std::vector<Exchange> all;
  if (!check.flows) {
    all = one_each(pairs.size(), check.count);
    run_exchanges(job.ground, pairs, all, options, job.until);
    return all;
  }
  // A port is one socket's, so each is asked again when all have answered.
  std::vector<Exchange> round = one_each(pairs.size(), *check.flows);
  for (std::uint32_t k = 0; k < check.count && !job.until.over(); ++k) {
    for (Exchange& one : round) one = {.pair = one.pair, .source_port = one.source_port};
    run_exchanges(job.ground, pairs, round, options, job.until);
    all.insert(all.end(), round.begin(), round.end());
  }
  return all;
}

}  // namespace

void run(const ConnectCheck& check, const Job& job) {
  const std::vector<Pair> pairs = job.pairs(check.to);
  const ExchangeOptions options{.protocol = check.protocol,
                                .port = check.port,
                                .size = check.size,
                                .any_answer = !check.server,
                                .own_ports = check.flows.has_value(),
                                .again = true,
                                .timeout = check.timeout,
                                .sender = check.to.sender};
  std::optional<EchoServers> servers;
  if (check.server) servers.emplace(job.ground, pairs, check.protocol, check.port);
  const std::vector<Exchange> exchanges = run_all(check, job, pairs, options);
  if (servers) servers->finish();
  std::vector<std::vector<const Exchange*>> by_pair(pairs.size());
  for (const Exchange& exchange : exchanges) by_pair[exchange.pair].push_back(&exchange);
  for (std::size_t i = 0; i < pairs.size(); ++i) judge(check, job, pairs[i], by_pair[i], options);
  std::vector<const Exchange*> all;
  all.reserve(exchanges.size());
  for (const Exchange& exchange : exchanges) all.push_back(&exchange);
  job.result.metrics = times_of(check, all);
  const auto again = std::accumulate(exchanges.begin(), exchanges.end(), 0U,
                                     [](unsigned sum, const Exchange& one) { return sum + one.again; });
  if (again > 0) job.result.metrics.push_back({"resent", static_cast<double>(again), ""});
  job.result.reproduce.push_back(reproduce(check, job, pairs.front()));
}

}  // namespace netrig::check
