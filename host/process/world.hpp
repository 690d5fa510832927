// SPDX-License-Identifier: Apache-2.0
// A world for one lab: a process in mount, network, PID, IPC and UTS namespaces of its own, with an empty /run and the
// /proc and /sys that belong to them. What is made there has no name outside, so that labs that name things alike do
// not meet, and the kernel takes it away when the world's first process ends: at the latest when netrig does, be it by
// kill -9.
#pragma once
#include <sys/types.h>

#include <functional>
#include <string>
#include <utility>

#include "model/unique_fd.hpp"

namespace netrig::process {

/// Destroying one ends all that is in it.
class World {
 public:
  /// Makes a world and runs `body` there, in a process of its own with this one's memory; what it returns is the exit
  /// code. `results`: end of a pipe that it may write to. Only while this process has one thread. Throws Error naming
  /// what is missing for a world.
  static World begin(const std::function<int(int results)>& body);

  World(World&& other) noexcept : first_(std::exchange(other.first_, -1)), results_(std::move(other.results_)) {}
  World& operator=(World&&) = delete;
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  /// What the body has written; at its end when the body has ended.
  [[nodiscard]] int results() const { return results_.get(); }
  /// Passes SIGINT, SIGTERM or SIGHUP on to the body.
  void signal(int signal) const;
  /// Waits for its end. Returns the exit code as a shell tells it.
  int await();

 private:
  World(pid_t first, UniqueFd results) : first_(first), results_(std::move(results)) {}

  pid_t first_;  ///< process 1 of the world; -1: it has ended
  UniqueFd results_;
};

/// Why no world can be made here, one sentence; empty: it can.
std::string try_world();

}  // namespace netrig::process
