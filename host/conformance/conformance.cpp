// SPDX-License-Identifier: Apache-2.0
#include "conformance/conformance.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <ctime>

#include "check/runner.hpp"
#include "conformance/bench.hpp"

namespace netrig::conformance {
namespace {

using check::Outcome;

constexpr std::uint32_t kMostInterfaces = 16;  // each has a namespace of its own

std::vector<const Check*> every_check() {
  std::vector<const Check*> all;
  for (const auto group : {binary_checks(), table_checks(), parameter_checks(), call_checks(), fault_checks(),
                           kernel_checks(), life_checks(), change_checks()})
    for (const Check& one : group) all.push_back(&one);
  return all;
}

bool is_wanted(const Check& check, const std::vector<std::string>& filters) {
  return filters.empty() || std::any_of(filters.begin(), filters.end(), [&](const std::string& pattern) {
           return ::fnmatch(pattern.c_str(), check.id, 0) == 0;
         });
}

void require_matches(const std::vector<const Check*>& all, const std::vector<std::string>& filters) {
  for (const std::string& pattern : filters)
    if (std::none_of(all.begin(), all.end(), [&](const Check* one) { return is_wanted(*one, {pattern}); }))
      throw Error(ErrorCode::invalid,
                  fmt::format("no check matches \"{}\"; \"netrig drivers test --list\" names them", pattern));
}

std::string group_of(const Check& check) { return std::string(check.id, std::string_view(check.id).find('.')); }

/// Why a check has nothing to look at; empty: it has.
std::string not_applicable(const Bench& bench, const Check& check) {
  if (!bench.refused_by().empty())
    return bench.refused_by() == check.id ? "" : "the file is refused before that is looked at";
  if (check.needs == Needs::functions && bench.about().functions == 0)
    return "it has no functions: its table says all, and nothing of it runs";
  if (check.needs == Needs::file) return {};
  if (!bench.no_parameters().empty()) return bench.no_parameters();
  if (check.needs != Needs::kernel) return {};
  if (bench.about().min_interfaces > kMostInterfaces)
    return fmt::format("a device has {} interfaces or more, and devices of {} are tried at most",
                       bench.about().min_interfaces, kMostInterfaces);
  return bench.options().unprivileged;
}

void look(Bench& bench, const Check& check, Findings& findings) {
  if (!bench.refused_by().empty()) return findings.add(bench.refusal());
  if (check.run != nullptr) return check.run(bench, findings);
  if (check.needs == Needs::file) return;  // it is not refused for it
  // It was never looked for if no other check has called the driver.
  bool called = false;
  for (const auto operation : kOperations) {
    if (!bench.has(1U << static_cast<unsigned>(operation))) continue;
    const auto how = bench.plain(operation).how;
    called = called || how == Ending::How::played || how == Ending::How::stopped;
  }
  if (!called) findings.skip("none of its functions has ever returned");
  for (const std::string& misdeed : bench.misdeeds(check.id)) findings.add(misdeed);
}

check::TestResult result_of(Bench& bench, const Check& check) {
  check::TestResult result;
  result.name = fmt::format("{} {}", check.id, check.words);
  result.description = fmt::format("NRD-{}, docs/drivers/laws.md", check.law);
  result.check = group_of(check);
  result.where = bench.path();
  result.tags = {fmt::format("NRD-{}", check.law), check.id};
  result.reason = not_applicable(bench, check);
  if (!result.reason.empty()) {
    result.outcome = Outcome::skipped;
    result.repetitions = 0;
    return result;
  }
  const auto began = std::chrono::steady_clock::now();
  Findings findings;
  try {
    look(bench, check, findings);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::interrupted) throw;
    result.outcome = Outcome::error;
    result.reason = error.message();
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  for (const auto& one : findings.list())
    result.findings.push_back({.about = one.about,
                               .seen = one.seen,
                               .expected = fmt::format("{} (NRD-{})", check.words, check.law),
                               .look_at = {}});
  if (!result.findings.empty()) {
    result.outcome = Outcome::failed;
  } else if (!findings.skipped().empty()) {
    result.outcome = Outcome::skipped;
    result.reason = findings.skipped();
  }
  return result;
}

}  // namespace

std::vector<CheckInfo> all_checks() {
  std::vector<CheckInfo> all;
  for (const Check* one : every_check()) all.push_back({.id = one->id, .law = one->law, .words = one->words});
  return all;
}

check::Report run(const std::string& path, const Options& options) {
  auto checks = every_check();
  require_matches(checks, options.filters);
  std::erase_if(checks, [&](const Check* one) { return !is_wanted(*one, options.filters); });
  const auto clock = std::time(nullptr);
  const auto began = std::chrono::steady_clock::now();
  Bench bench(path, options);
  check::Report report{.lab = bench.refused_by().empty() ? bench.about().kind : path,
                       .file = path,
                       .description = "laws of drivers",
                       .began = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(clock)),
                       .environment = check::environment_here()};
  if (bench.refused_by().empty())
    report.environment.drivers = {{.name = bench.about().kind, .version = bench.about().version, .path = path}};
  // What is only written down while others run comes when all have.
  const auto is_written_down = [](const Check* one) { return one->run == nullptr && one->needs == Needs::functions; };
  std::stable_partition(checks.begin(), checks.end(), [&](const Check* one) { return !is_written_down(one); });
  try {
    for (const Check* one : checks) {
      if (options.interrupted != nullptr && *options.interrupted) throw Error(ErrorCode::interrupted, "interrupted");
      report.tests.push_back(result_of(bench, *one));
      if (options.ended) options.ended(report.tests.back());
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::interrupted) throw;
    report.interrupted = true;
  }
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return report;
}

}  // namespace netrig::conformance
