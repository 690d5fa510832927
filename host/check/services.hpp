// SPDX-License-Identifier: Apache-2.0
// Services in tests.
#pragma once
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "check/process.hpp"
#include "process/log.hpp"

namespace netrig::check {

/// Services that a test names, and those that start with tests and come before them.
std::vector<const Service*> services_of(const Lab& lab, const Test& test);

/// Services that start with tests, which tests that follow each other keep running. Two tests never use one at once.
/// Thread: any.
class ServicePool {
 public:
  explicit ServicePool(const Ground& ground) : ground_(ground) {}
  /// Ends all that still run.
  ~ServicePool();
  ServicePool(const ServicePool&) = delete;
  ServicePool& operator=(const ServicePool&) = delete;

 private:
  friend class TestServices;
  struct Running {
    const Service* service;
    Process process;
  };

  /// Those that run and can be used again; what this test does not need, and no other uses, is ended.
  std::vector<Running> take(const std::vector<const Service*>& services);
  void give_back(std::vector<Running> running);

  const Ground& ground_;
  std::mutex mutex_;
  std::vector<Running> idle_;
};

/// The services of one repetition of a test: all are ready once this is made. Throws Error.
class TestServices {
 public:
  TestServices(const Job& job, ServicePool& pool);
  /// What was changed is put back, as far as restore() has not done that.
  ~TestServices();
  TestServices(const TestServices&) = delete;
  TestServices& operator=(const TestServices&) = delete;

  /// Does what an event says; returns the services' names. Throws Error if one cannot be ended or started. Thread: one
  /// at a time.
  std::vector<std::string> change(const ServiceEvent& event);
  /// What ran before it was changed runs again, what did not is ended. Returns what could not be put back.
  std::vector<std::string> restore();
  /// Those that ended before the test did are findings. After a test that found something they are ended, so that the
  /// next does not inherit it.
  void finish();

 private:
  struct Kept {
    const Service* service;
    process::LogReader log;
  };
  void require_kept(const std::vector<const Service*>& services);
  [[nodiscard]] bool is_running(const Service& service) const;
  void end(const std::vector<const Service*>& services, ServiceEvent::How how);
  void start(const std::vector<const Service*>& services, const Until& until);

  const Job& job_;
  ServicePool& pool_;
  std::vector<ServicePool::Running> running_;
  UniqueFd logs_;
  std::vector<Kept> kept_;                                     ///< that `up` has started
  std::vector<std::pair<const Service*, bool>> changed_;       ///< and whether it ran before
  std::vector<std::pair<const Service*, std::string>> ended_;  ///< by events, with what they had said
};

}  // namespace netrig::check
