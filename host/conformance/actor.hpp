// SPDX-License-Identifier: Apache-2.0
// A driver that plays scenes, mostly in a fenced process of its own.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "conformance/rehearse.hpp"
#include "driver/trust.hpp"
#include "driver/worker_process.hpp"

namespace netrig::conformance {

/// How a scene ended.
struct Ending {
  enum class How : std::uint8_t {
    played,    ///< the driver returned; `account` says what it did
    crashed,   ///< its process ended, by a signal or by itself
    stopped,   ///< it made a system call that no driver may
    hung,      ///< it did not return in time
    unloaded,  ///< its code cannot be loaded
  };
  How how = How::played;
  std::string text = {};  ///< of all but played: what happened
  Account account = {};
  int threads = 1;  ///< that its process had when it had returned, after they had time to end
};

/// Where a driver plays.
struct Scenery {
  const driver::SealedPlugin& plugin;
  std::shared_ptr<const DriverDescription> about;
  std::chrono::nanoseconds deadline;  ///< of a scene
  std::uint64_t memory;               ///< address space; Units: bytes
  bool in_process = false;            ///< in this very process, for a debugger
};

/// Starts its process with the first scene, and another after one that did not end well.
class Actor {
 public:
  Actor(driver::WorkerStarter& starter, const Scenery& scenery) : starter_(starter), scenery_(scenery) {}
  Ending play(const Scene& scene);

 private:
  Ending start();
  Ending play_here(const Scene& scene) const;
  /// `time`: that it was given.
  Ending unhappy(driver::Message& message, std::chrono::nanoseconds time);

  driver::WorkerStarter& starter_;
  const Scenery& scenery_;
  std::optional<driver::WorkerProcess> process_;
};

/// Runs as the process of an Actor if this one was started as that; then its exit code. Before driver::run_as_worker.
std::optional<int> run_as_actor(int argc, char** argv);

}  // namespace netrig::conformance
