// SPDX-License-Identifier: Apache-2.0
// iperf3 measures; this starts both ends, reads its JSON and judges. So many bytes are carried by check/transfer.hpp.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "check/process.hpp"
#include "check/run_checks.hpp"
#include "check/transfer.hpp"

namespace netrig::check {
namespace {

using Json = nlohmann::json;

constexpr auto kReady = 5s;

/// Of UDP, which sends as fast as it is told. iperf3's own is as much, but of each stream.
constexpr std::uint64_t kUdpRate = 1'000'000;

[[noreturn]] void without_tool(const Error& error) {
  if (error.code() != ErrorCode::not_found) throw Error(error);
  throw Error(ErrorCode::failed,
              "throughput is measured by iperf3, which is not installed; install the package iperf3");
}

/// An iperf3 that serves one client.
Process start_server(const ThroughputCheck& check, const Job& job, std::size_t space) {
  const Service server{.name = "iperf3",
                       .space = job.ground.name(space),
                       .command = {"iperf3", "--server", "--one-off", "--port", std::to_string(check.port)},
                       .start = Service::Start::test,
                       .ready = {.tcp_port = check.port},
                       .timeout = kReady,
                       .stop = 500ms,
                       .where = job.test.where};
  try {
    return start_service(job.ground, server, job.until);
  } catch (const Error& error) {
    without_tool(error);
  }
}

Command client_command(const ThroughputCheck& check, const Pair& pair) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(check.duration).count();
  Command command = {"iperf3",
                     "--client",
                     pair.address.str(),
                     "--port",
                     std::to_string(check.port),
                     "--time",
                     std::to_string(seconds),
                     "--interval",
                     seconds > 20 ? "1" : "0.2",
                     "--parallel",
                     std::to_string(check.streams)};
  if (check.protocol == Protocol::udp) command.emplace_back("--udp");
  if (check.reverse) command.emplace_back("--reverse");
  auto rate = check.rate;
  if (check.protocol == Protocol::udp && !rate) rate = kUdpRate;
  // iperf3's --bitrate is that of each stream; 0 would be no limit.
  if (rate)
    command.insert(command.end(), {"--bitrate", std::to_string(std::max<std::uint64_t>(*rate / check.streams, 1))});
  return command;
}

double number(const Json& json, const char* pointer) {
  const Json::json_pointer at(pointer);
  return json.contains(at) && json[at].is_number() ? json[at].get<double>() : 0;
}

struct Measured {
  double rate = 0;  ///< Units: bit/s
  double retransmits = 0;
  double jitter = 0;  ///< Units: ms
  double loss = 0;    ///< Units: percent
  double cpu_sender = 0;
  double cpu_receiver = 0;
  double packets = 0;
  double seconds = 0;
};

Measured measured_of(const Transferred& done) {
  return {.rate = done.seconds > 0 ? 8 * static_cast<double>(done.received) / done.seconds : 0,
          .retransmits = static_cast<double>(done.segments_sent_again),
          .cpu_sender = done.cpu_sender,
          .cpu_receiver = done.cpu_receiver,
          .packets = done.packets,
          .seconds = done.seconds};
}

Measured read_result(const Json& json, const ThroughputCheck& check) {
  const char* host =
      check.reverse ? "/end/cpu_utilization_percent/remote_total" : "/end/cpu_utilization_percent/host_total";
  const char* remote =
      check.reverse ? "/end/cpu_utilization_percent/host_total" : "/end/cpu_utilization_percent/remote_total";
  Measured measured{.rate = number(json, "/end/sum_received/bits_per_second"),
                    .retransmits = number(json, "/end/sum_sent/retransmits"),
                    .jitter = number(json, "/end/sum_received/jitter_ms"),
                    .loss = number(json, "/end/sum_received/lost_percent"),
                    .cpu_sender = number(json, host),
                    .cpu_receiver = number(json, remote),
                    .packets = number(json, "/end/sum_received/packets"),
                    .seconds = number(json, "/end/sum_received/seconds")};
  if (const double segment = number(json, "/start/tcp_mss_default"); check.protocol == Protocol::tcp && segment > 0)
    measured.packets = number(json, "/end/sum_received/bytes") / segment;
  return measured;
}

std::vector<Metric> metrics_of(const Measured& measured, const ThroughputCheck& check) {
  std::vector<Metric> metrics = {{"throughput", measured.rate, "bit/s"}};
  if (check.protocol == Protocol::tcp) {
    metrics.push_back({"retransmits", measured.retransmits, "segments"});
  } else {
    metrics.push_back({"jitter", measured.jitter, "ms"});
    metrics.push_back({"loss", measured.loss, "%"});
  }
  if (check.size) metrics.push_back({"took", measured.seconds * 1e3, "ms"});
  metrics.push_back({"cpu_sender", measured.cpu_sender, "%"});
  metrics.push_back({"cpu_receiver", measured.cpu_receiver, "%"});
  if (measured.packets > 0)
    metrics.push_back({"cpu_per_packet",
                       (measured.cpu_sender + measured.cpu_receiver) / 100 * measured.seconds * 1e6 / measured.packets,
                       "us"});
  return metrics;
}

Series series_of(const Json& json, const std::string& name) {
  Series series{.name = name, .quantity = "throughput", .unit = "bit/s"};
  for (const Json& interval : json.value("intervals", Json::array()))
    series.points.push_back({.at = number(interval, "/sum/end"), .value = number(interval, "/sum/bits_per_second")});
  return series;
}

Series series_of(const Transferred& done, const std::string& name) {
  Series series{.name = name, .quantity = "throughput", .unit = "bit/s"};
  double at = 0;
  std::uint64_t before = 0;
  for (const auto& [when, received] : done.course) {
    if (when <= at) continue;
    series.points.push_back({.at = when, .value = 8 * static_cast<double>(received - before) / (when - at)});
    at = when;
    before = received;
  }
  return series;
}

std::vector<Finding> judge(const Measured& measured, const ThroughputCheck& check) {
  std::vector<Finding> findings;
  const auto expect = [&](bool right, std::string seen, std::string expected) {
    if (!right) findings.push_back({.seen = std::move(seen), .expected = std::move(expected)});
  };
  const std::string rate = to_text(Metric{.value = measured.rate, .unit = "bit/s"});
  if (check.min) expect(measured.rate >= static_cast<double>(*check.min), rate, "at least " + format_rate(*check.min));
  if (check.max) expect(measured.rate <= static_cast<double>(*check.max), rate, "at most " + format_rate(*check.max));
  if (check.max_retransmits)
    expect(measured.retransmits <= static_cast<double>(*check.max_retransmits),
           fmt::format("{} segments retransmitted", measured.retransmits),
           fmt::format("at most {}", *check.max_retransmits));
  if (check.max_jitter)
    expect(measured.jitter <= std::chrono::duration<double, std::milli>(*check.max_jitter).count(),
           fmt::format("a jitter of {:.3f} ms", measured.jitter),
           fmt::format("at most {}", format_duration(check.max_jitter->count())));
  if (check.max_loss)
    expect(measured.loss <= *check.max_loss, fmt::format("{:.2f}% lost", measured.loss),
           fmt::format("at most {}%", *check.max_loss));
  return findings;
}

/// One client; its answer, or nothing when time was over.
std::optional<Json> run_client(const Job& job, const Pair& pair, Command command) {
  command.emplace_back("--json");
  Output output;
  try {
    output = run_command(job.ground, {.command = command, .space = pair.from}, job.until);
  } catch (const Error& error) {
    without_tool(error);
  }
  if (output.ended.timed_out) return std::nullopt;
  Json json = Json::parse(output.out, nullptr, false);
  if (!json.is_object())
    throw Error(ErrorCode::failed,
                fmt::format("iperf3 gave no JSON (exit code {}): {}", output.ended.exit, output.err));
  return json;
}

/// The metrics of the one pair, or of all: rates add up, the worst of the rest counts.
void summarise(std::vector<Metric>& all, const std::vector<Metric>& one) {
  if (all.empty()) {
    all = one;
    return;
  }
  for (std::size_t i = 0; i < all.size() && i < one.size(); ++i)
    all[i].value = all[i].name == "throughput" || all[i].name == "retransmits" ? all[i].value + one[i].value
                                                                               : std::max(all[i].value, one[i].value);
}

using Fail = std::function<void(Finding)>;

void settle(const ThroughputCheck& check, const Job& job, PairResult& result, const Measured& measured, Series series,
            const Fail& fail) {
  result.metrics = metrics_of(measured, check);
  summarise(job.result.metrics, result.metrics);
  job.result.series.push_back(std::move(series));
  for (Finding& finding : judge(measured, check)) fail(std::move(finding));
}

/// Without iperf3, see check/transfer.hpp.
void measure_size(const ThroughputCheck& check, const Job& job, const Pair& pair) {
  if (!pair.to)
    throw Error(
        ErrorCode::failed,
        fmt::format("{} is no namespace of the lab, where netrig could receive; leave size out", pair.address.str()));
  const TransferSpec spec{.from = pair.from,
                          .to = *pair.to,
                          .address = pair.address,
                          .port = check.port,
                          .size = *check.size,
                          .streams = check.streams,
                          .reverse = check.reverse,
                          .rate = check.rate};
  const Transferred done = transfer(job.ground, spec, job.until);
  PairResult& result = job.add(pair);
  const auto fail = [&](Finding finding) {
    finding.about = job.about(pair);
    finding.look_at = job.exec_line(pair.from, fmt::format("ip route get {}", pair.address.str()));
    result.outcome = Outcome::failed;
    job.fail(std::move(finding));
  };
  if (!done.fault.empty()) return fail({.seen = done.fault, .expected = fmt::format("{} bytes over TCP", *check.size)});
  settle(check, job, result, measured_of(done), series_of(done, job.about(pair)), fail);
}

void measure(const ThroughputCheck& check, const Job& job, const Pair& pair) {
  std::optional<Process> server;
  if (pair.to) server.emplace(start_server(check, job, *pair.to));
  const Command command = client_command(check, pair);
  const std::string line = job.exec_line(pair.from, shell_line(command));
  if (pair.to)
    job.result.reproduce.push_back(
        job.exec_line(*pair.to, fmt::format("iperf3 --server --one-off --port {} &", check.port)));
  job.result.reproduce.push_back(line);
  const auto json = run_client(job, pair, command);
  PairResult& result = job.add(pair);
  const auto fail = [&](Finding finding) {
    finding.about = job.about(pair);
    finding.look_at = line;
    result.outcome = Outcome::failed;
    job.fail(std::move(finding));
  };
  if (!json) {
    fail({.seen = "iperf3 did not end in time", .expected = "an end before the test's timeout"});
    return;
  }
  if (json->contains("error")) {
    fail({.seen = "iperf3: " + json->value("error", ""), .expected = "a measurement"});
    return;
  }
  settle(check, job, result, read_result(*json, check), series_of(*json, job.about(pair)), fail);
}

}  // namespace

void run(const ThroughputCheck& check, const Job& job) {
  for (const Pair& pair : job.pairs(check.to)) {
    if (job.until.over()) return;
    if (!pair.to && !owners_of(job.lab(), pair.address).empty())
      throw Error(ErrorCode::failed,
                  fmt::format("several namespaces have the address {}; name the one that is to receive, or its "
                              "interface: to = \"NAMESPACE:INTERFACE\"",
                              pair.address.str()));
    check.size ? measure_size(check, job, pair) : measure(check, job, pair);
  }
}

}  // namespace netrig::check
