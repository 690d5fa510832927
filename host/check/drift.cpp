// SPDX-License-Identifier: Apache-2.0
#include "check/drift.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <numeric>

#include "check/run_checks.hpp"
#include "engine/journal.hpp"
#include "engine/services.hpp"
#include "engine/sight.hpp"
#include "plan/drift.hpp"

namespace netrig::check {
namespace {

constexpr std::size_t kMostFindings = 20;

bool has(const std::vector<plan::Fault>& faults, const plan::Fault& one) {
  return std::find(faults.begin(), faults.end(), one) != faults.end();
}

std::vector<std::size_t> spaces_with_services(const Lab& lab, const std::vector<std::size_t>& spaces) {
  std::vector<std::size_t> found;
  for (const std::size_t s : spaces)
    if (std::any_of(lab.services.begin(), lab.services.end(),
                    [&](const Service& service) { return service.space == lab.namespaces[s].name.str(); }))
      found.push_back(s);
  return found;
}

}  // namespace

std::vector<plan::Fault> faults_in(const Lab& lab, const std::vector<std::size_t>& spaces, bool strict) {
  const auto record = engine::Journal::peek(lab.name.str());
  if (!record) throw Error(ErrorCode::not_found, fmt::format("lab {} is not up any more", lab.name.str()));
  const plan::Drift drift = engine::drift_in(*record, lab, spaces);
  std::vector<plan::Fault> all;
  const auto add = [&all](const plan::Line& line) {
    std::vector<plan::Fault> faults = plan::faults_of(line);
    std::move(faults.begin(), faults.end(), std::back_inserter(all));
  };
  for (const plan::Line& line : drift.lines) add(line);
  if (strict)
    for (const auto& [space, object] : drift.foreign) add(plan::foreign_line(object, space));
  for (const std::size_t s : spaces_with_services(lab, spaces))
    for (const plan::Line& line : engine::service_lines(*record, &lab, lab, lab.namespaces[s].name.str())) add(line);
  return all;
}

std::vector<Finding> findings_of(const std::vector<plan::Fault>& faults, const Lab& lab) {
  std::vector<Finding> findings;
  const std::string look_at = fmt::format("netrig verify {}", lab.name.str());
  for (std::size_t i = 0; i < std::min(faults.size(), kMostFindings); ++i)
    findings.push_back({.about = faults[i].about,
                        .seen = faults[i].wrong,
                        .expected = faults[i].where.line == 0 ? "nothing that is not in the file"
                                                              : fmt::format("what {} says", lab.at(faults[i].where)),
                        .look_at = look_at});
  if (faults.size() > kMostFindings)
    findings.push_back({.about = {},
                        .seen = fmt::format("{} more differences", faults.size() - kMostFindings),
                        .expected = "what the file says",
                        .look_at = look_at});
  return findings;
}

void run(const VerifyCheck& check, const Job& job) {
  const std::vector<std::size_t> spaces = spaces_of(job.lab(), job.test.from);
  const std::vector<plan::Fault> faults = faults_in(job.lab(), spaces, check.strict);
  for (Finding& finding : findings_of(faults, job.lab())) job.fail(std::move(finding));
  job.result.metrics.push_back({"differences", static_cast<double>(faults.size()), ""});
  job.result.reproduce.push_back(
      fmt::format("netrig verify {}{}", job.lab().name.str(), check.strict ? " --strict" : ""));
}

DriftJudge::DriftJudge(const Lab& lab) : lab_(lab), spaces_(lab.namespaces.size()) {
  std::iota(spaces_.begin(), spaces_.end(), 0U);
  known_ = faults_in(lab, spaces_, false);
  if (!known_.empty())
    spdlog::warn(
        "lab \"{0}\" is otherwise than its file says before the first test, see \"netrig verify {0}\"; no test "
        "is blamed for that",
        lab.name.str());
}

void DriftJudge::judge(TestResult& result) {
  const std::lock_guard guard(mutex_);
  try {
    std::vector<plan::Fault> now = faults_in(lab_, spaces_, false);
    std::vector<plan::Fault> left;
    for (const plan::Fault& one : now)
      if (!has(known_, one)) left.push_back(one);
    known_ = std::move(now);
    if (left.empty() || result.outcome == Outcome::interrupted) return;
    for (Finding& finding : findings_of(left, lab_)) {
      finding.seen = "the test left it so: " + finding.seen;
      result.findings.push_back(std::move(finding));
    }
    if (result.outcome == Outcome::passed) result.outcome = Outcome::failed;
  } catch (const Error& error) {
    if (result.outcome != Outcome::passed) return;
    result.outcome = Outcome::error;
    result.reason = fmt::format("the lab cannot be verified: {}", error.what());
  }
}

}  // namespace netrig::check
