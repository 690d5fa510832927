// SPDX-License-Identifier: Apache-2.0
// What is observed and what happens while a check runs.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "check/job.hpp"

namespace netrig::check {

/// Counters before and after.
class CounterWatch {
 public:
  /// Reads the counters of all interfaces that the test's assertions name.
  explicit CounterWatch(const Job& job);
  ~CounterWatch();
  CounterWatch(const CounterWatch&) = delete;
  CounterWatch& operator=(const CounterWatch&) = delete;
  /// Reads them again; adds metrics and findings.
  void finish(const Job& job);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// How what interfaces send spreads over them.
class ShareWatch {
 public:
  /// Reads the counters of the interfaces that the test's share names. Throws Error{not_found} if one is not there.
  explicit ShareWatch(const Job& job);
  ~ShareWatch();
  ShareWatch(const ShareWatch&) = delete;
  ShareWatch& operator=(const ShareWatch&) = delete;
  /// Reads them again; adds metrics and what is wrong.
  void finish(const Job& job);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Captures at all interfaces that the test's assertions name.
class CaptureWatch {
 public:
  /// Packets are captured when this returns. `directory`: where a capture of a failed assertion is kept.
  CaptureWatch(const Job& job, std::string directory);
  ~CaptureWatch();
  CaptureWatch(const CaptureWatch&) = delete;
  CaptureWatch& operator=(const CaptureWatch&) = delete;
  /// Stops after what is on its way has arrived; adds metrics and findings. If an assertion failed, the packets of all
  /// are kept in a pcapng file, attached to the result.
  void finish(const Job& job);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class TestServices;

/// What happens before a check: makes it happen at once, in the calling thread.
class Preparation {
 public:
  Preparation(const Job& job, TestServices& services);
  /// Puts links back.
  ~Preparation();
  Preparation(const Preparation&) = delete;
  Preparation& operator=(const Preparation&) = delete;
  /// In order. False: one could not happen, which is a finding, and those after it have not.
  bool run();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Makes the events of a test happen, in a thread of its own, from `job.began` on.
class Events {
 public:
  Events(const Job& job, TestServices& services);
  /// Puts every link back to the state that it had before, with the addresses and routes that the kernel took. Services
  /// are for their owner to put back.
  ~Events();
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;
  /// Waits for those still to come (unless the job's time is over), puts links back, adds what happened to the result.
  /// A command that failed is a finding.
  void finish(const Job& job);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace netrig::check
