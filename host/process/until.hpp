// SPDX-License-Identifier: Apache-2.0
// This folder runs processes in namespaces of a lab: commands of tests, and services, which may outlive netrig. Of the
// lab it knows the model; who started what is in the engine's record.
#pragma once
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace netrig::process {

using Clock = std::chrono::steady_clock;

/// When to stop: at a deadline, or when the user interrupts. Thread: any.
struct Until {
  Clock::time_point deadline;
  const std::atomic<bool>* interrupted = nullptr;  ///< may be nullptr

  [[nodiscard]] bool over() const { return is_interrupted() || Clock::now() >= deadline; }
  [[nodiscard]] bool is_interrupted() const { return interrupted != nullptr && interrupted->load(); }
  /// For poll(2): milliseconds to the deadline, at most 50, so that an interruption is soon seen.
  [[nodiscard]] int poll_timeout() const;
  /// The same, but to an earlier point in time.
  [[nodiscard]] Until at_most(Clock::duration time) const {
    return {std::min(deadline, Clock::now() + time), interrupted};
  }
};

}  // namespace netrig::process
