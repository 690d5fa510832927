// SPDX-License-Identifier: Apache-2.0
// curl asks; this judges what it says.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "check/process.hpp"
#include "check/run_checks.hpp"
#include "model/regex.hpp"

namespace netrig::check {
namespace {

using Json = nlohmann::json;

Command curl_command(const HttpCheck& check, const Pair& pair) {
  const std::string address =
      pair.address.family == Family::ipv6 ? fmt::format("[{}]", pair.address.str()) : pair.address.str();
  const std::string host = check.host.empty() ? address : check.host;
  const double seconds = std::chrono::duration<double>(check.timeout).count();
  Command command = {"curl",         "--disable",  "--silent",
                     "--show-error", "--noproxy",  "*",
                     "--path-as-is", "--max-time", fmt::format("{:.3f}", seconds)};
  if (check.tls) command.emplace_back("--insecure");
  // With a prefix, for an interface may be called like a host.
  if (const auto& source = check.to.sender.source)
    command.insert(command.end(), {"--interface", "host!" + source->str()});
  if (const auto& dev = check.to.sender.dev) command.insert(command.end(), {"--interface", "if!" + dev->str()});
  // The name in the request and in TLS, without asking a resolver.
  if (!check.host.empty())
    command.insert(command.end(), {"--resolve", fmt::format("{}:{}:{}", check.host, check.port, address)});
  command.push_back(fmt::format("{}://{}:{}{}", check.tls ? "https" : "http", host, check.port, check.path));
  return command;
}

/// What curl tells of itself behind its error text, if any.
Json parse_summary(const std::string& text) {
  const std::size_t begin = text.find("{\"certs\"");
  if (begin != std::string::npos) {
    Json json = Json::parse(text.substr(begin), nullptr, false);
    if (json.is_object()) return json;
  }
  const std::size_t brace = text.find('{');
  return brace == std::string::npos ? Json() : Json::parse(text.substr(brace), nullptr, false);
}

void ask(const HttpCheck& check, const Job& job, const Pair& pair) {
  Command command = curl_command(check, pair);
  const std::string line = job.exec_line(pair.from, shell_line(command));
  job.result.reproduce.push_back(line);
  command.insert(command.begin() + 1, {"--write-out", "%{stderr}%{json}"});
  Output output;
  try {
    output = run_command(job.ground, {.command = command, .space = pair.from}, job.until);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) throw;
    throw Error(ErrorCode::failed, "http is asked by curl, which is not installed; install the package curl");
  }
  PairResult& result = job.add(pair);
  const auto fail = [&](const std::string& seen, const std::string& expected) {
    result.outcome = Outcome::failed;
    job.fail({.about = job.about(pair), .seen = seen, .expected = expected, .look_at = line});
  };
  const std::string wanted = fmt::format("status {}", check.status);
  const Json summary = parse_summary(output.err);
  if (output.ended.timed_out || !summary.is_object()) {
    fail("no answer in time", wanted);
    return;
  }
  const int status = summary.value("http_code", 0);
  if (output.ended.exit != 0 && status == 0) {
    const bool told = summary.contains("errormsg") && summary["errormsg"].is_string();
    fail(fmt::format("no answer: {}", told ? summary["errormsg"].get<std::string>() : "curl failed"), wanted);
    return;
  }
  const auto milliseconds = [&](const char* key) { return summary.value(key, 0.0) * 1e3; };
  result.metrics = {{"connect", milliseconds("time_connect"), "ms"},
                    {"first_byte", milliseconds("time_starttransfer"), "ms"},
                    {"total", milliseconds("time_total"), "ms"},
                    {"size", summary.value("size_download", 0.0), "bytes"}};
  if (job.result.metrics.empty()) job.result.metrics = result.metrics;
  if (status != check.status)
    fail(fmt::format("status {}", status), wanted);
  else if (output.ended.exit != 0)
    fail(fmt::format("status {}, but the body did not come whole (curl exit code {})", status, output.ended.exit),
         "the whole body");
  else if (!check.matches.empty() && !Regex(check.matches).found_in(output.out))
    fail(fmt::format("a body of {} bytes that begins \"{}\"", output.out.size(), output.out.substr(0, 80)),
         fmt::format("a line that matches \"{}\"", check.matches));
}

}  // namespace

void run(const HttpCheck& check, const Job& job) {
  for (const Pair& pair : job.pairs(check.to)) {
    if (job.until.over()) return;
    ask(check, job, pair);
  }
}

}  // namespace netrig::check
