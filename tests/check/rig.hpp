// SPDX-License-Identifier: Apache-2.0
// A lab that is up in the test's scratch ground, and its checks called one by one.
#pragma once
#include <memory>
#include <string>

#include "check/job.hpp"
#include "check/run_checks.hpp"
#include "model/lab.hpp"
#include "scratch.hpp"

namespace rig {

/// Two hosts on a wire, as config/two-hosts.toml has them, with a router between if you want one: the text of a lab
/// without tests. h1 eth0 192.0.2.1/24 2001:db8:1::1/64 - r eth1 192.0.2.254/24 / r eth2 198.51.100.254/24
/// 2001:db8:2::fe/64 - h2 eth0 198.51.100.2/24 2001:db8:2::2/64; forwarding on, default routes by r.
extern const char* const kWire;
extern const char* const kRouted;

class Rig {
 public:
  /// Brings the lab up with the built netrig; the text must name it "rig". Fails the test if that fails.
  explicit Rig(const std::string& lab);
  ~Rig();  ///< takes it down
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  [[nodiscard]] const netrig::Lab& lab() const { return lab_; }
  [[nodiscard]] const netrig::check::Ground& ground() const { return *ground_; }
  [[nodiscard]] const netrig::Test& test(const std::string& name) const;

  /// Runs only the check of a test (no before, after, events...); outcome is passed or failed by its findings.
  /// Check: PingCheck...
  template <typename Check>
  netrig::check::TestResult run(const std::string& name, std::chrono::seconds timeout = std::chrono::minutes(5)) const {
    const netrig::Test& wanted = test(name);
    netrig::check::TestResult result;
    const netrig::check::Job job{.ground = ground(),
                                 .test = wanted,
                                 .until = {netrig::check::Clock::now() + timeout, nullptr},
                                 .result = result};
    netrig::check::run(std::get<Check>(wanted.check), job);
    result.outcome = result.findings.empty() ? netrig::check::Outcome::passed : netrig::check::Outcome::failed;
    return result;
  }

 private:
  netrig::Lab lab_;
  std::unique_ptr<netrig::check::Ground> ground_;
};

/// A job that a test fills in itself, for watchers.
struct OpenJob {
  netrig::check::TestResult result;
  netrig::check::Job job;
  OpenJob(const Rig& rig, const std::string& name, std::chrono::seconds timeout = std::chrono::minutes(5))
      : job{.ground = rig.ground(),
            .test = rig.test(name),
            .until = {netrig::check::Clock::now() + timeout, nullptr},
            .result = result} {}
};

/// Seconds for sleep(1), an hour, that no other test process uses, so that processes_with() finds those that sleep
/// them.
const std::string& an_hour();
/// Processes of the machine whose command line has this word.
std::size_t processes_with(const std::string& word);

/// Value of a metric of that name; fails the test if there is none.
double metric(const std::vector<netrig::check::Metric>& metrics, const std::string& name);

}  // namespace rig
