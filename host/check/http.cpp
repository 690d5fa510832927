// SPDX-License-Identifier: Apache-2.0
// curl asks; this judges what it says.
#include <fmt/format.h>

#include <optional>
#include <sstream>

#include "check/process.hpp"
#include "check/run_checks.hpp"
#include "model/regex.hpp"

namespace netrig::check {
namespace {

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

// Field by field: %{json} has curl's version, too, which makes OpenLDAP look for the address of its own host name.
constexpr const char* kSummary =
    "%{stderr}\nsummary %{http_code} %{time_connect} %{time_starttransfer} %{time_total} %{size_download} %{errormsg}";

struct Summary {
  int status = 0;                                 ///< 0: none came
  double connect = 0, first_byte = 0, total = 0;  ///< seconds
  double size = 0;                                ///< bytes of the body
  std::string error;
};

/// What curl tells of itself behind its error text, if any.
std::optional<Summary> parse_summary(const std::string& text) {
  constexpr std::string_view kBegin = "\nsummary ";
  const std::size_t begin = text.rfind(kBegin);
  if (begin == std::string::npos) return std::nullopt;
  std::istringstream in(text.substr(begin + kBegin.size()));
  Summary summary;
  in >> summary.status >> summary.connect >> summary.first_byte >> summary.total >> summary.size;
  if (!in) return std::nullopt;
  std::getline(in >> std::ws, summary.error);
  return summary;
}

void ask(const HttpCheck& check, const Job& job, const Pair& pair) {
  Command command = curl_command(check, pair);
  const std::string line = job.exec_line(pair.from, shell_line(command));
  job.result.reproduce.push_back(line);
  command.insert(command.begin() + 1, {"--write-out", kSummary});
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
  const auto summary = parse_summary(output.err);
  if (output.ended.timed_out || !summary) {
    fail("no answer in time", wanted);
    return;
  }
  const int status = summary->status;
  if (output.ended.exit != 0 && status == 0) {
    fail(fmt::format("no answer: {}", summary->error.empty() ? "curl failed" : summary->error), wanted);
    return;
  }
  result.metrics = {{"connect", summary->connect * 1e3, "ms"},
                    {"first_byte", summary->first_byte * 1e3, "ms"},
                    {"total", summary->total * 1e3, "ms"},
                    {"size", summary->size, "bytes"}};
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
