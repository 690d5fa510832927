// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "check/process.hpp"
#include "check/run_checks.hpp"
#include "model/regex.hpp"

namespace netrig::check {
namespace {

std::string brief(const std::string& text) {
  constexpr std::size_t kMost = 200;
  std::string line = text.substr(0, kMost);
  while (!line.empty() && line.back() == '\n') line.pop_back();
  if (line.empty()) return "nothing";
  return fmt::format("\"{}\"{}", line, text.size() > kMost ? "..." : "");
}

void run_in(const ExecCheck& check, const Job& job, std::size_t space) {
  const Output output = run_command(job.ground, {.command = check.command, .space = space}, job.until);
  const std::string line = job.exec_line(space, shell_line(check.command));
  job.result.reproduce.push_back(line);
  Finding finding{.about = job.ground.name(space), .look_at = line};
  if (output.ended.timed_out) {
    finding.seen = "the command did not end in time";
    finding.expected = job.test.waiting.within
                           ? std::string("its end")
                           : fmt::format("its end within {}", format_duration(job.test.timeout.count()));
  } else if (output.ended.exit != check.exit) {
    finding.seen = fmt::format("exit code {}; standard error: {}", output.ended.exit, brief(output.err));
    finding.expected = fmt::format("exit code {}", check.exit);
  } else if (!check.matches.empty() && !Regex(check.matches).found_in(output.out)) {
    finding.seen = fmt::format("standard output is {}", brief(output.out));
    finding.expected = fmt::format("a line that matches \"{}\"", check.matches);
  }
  job.result.pairs.push_back({.from = job.ground.name(space),
                              .outcome = finding.seen.empty() ? Outcome::passed : Outcome::failed,
                              .metrics = {{"user", output.ended.user_seconds * 1e3, "ms"},
                                          {"system", output.ended.system_seconds * 1e3, "ms"}}});
  if (finding.seen.empty()) return;
  job.fail(std::move(finding));
  const std::string said = output.out + output.err;
  if (!said.empty())
    job.result.attachments.push_back({.name = fmt::format("output in {}", job.ground.name(space)), .text = said});
}

}  // namespace

void run(const ExecCheck& check, const Job& job) {
  for (const std::size_t space : spaces_of(job.lab(), job.test.from)) run_in(check, job, space);
}

}  // namespace netrig::check
