// SPDX-License-Identifier: Apache-2.0
// The process behind a fenced driver, as the host sees it.
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "driver/channel.hpp"
#include "driver/fence.hpp"

namespace netrig::driver {

/// A thread that lives as long as workers do: the kernel ends a worker (PR_SET_PDEATHSIG) with the thread that started
/// it, not with that thread's process. It stays in the network namespace it was made in.
class WorkerStarter {
 public:
  WorkerStarter();
  ~WorkerStarter();
  WorkerStarter(const WorkerStarter&) = delete;
  WorkerStarter& operator=(const WorkerStarter&) = delete;

  /// Runs `work` there and waits for its end.
  void run(const std::function<void()>& work);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void()>* work_ = nullptr;
  bool stop_ = false;
  std::thread thread_;  // last: it uses all of the above
};

/// Owns one worker; kills and reaps it at the end. Thread: one at a time.
class WorkerProcess {
 public:
  /// Starts this very program anew, with nothing but a socket and the sealed plugin. Throws Error{failed}.
  static WorkerProcess start(WorkerStarter& starter, const std::string& kind, int plugin, FenceOptions options);

  WorkerProcess(WorkerProcess&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), channel_(std::move(other.channel_)), output_(std::move(other.output_)) {}
  WorkerProcess& operator=(WorkerProcess&&) = delete;
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  ~WorkerProcess() { static_cast<void>(reap()); }

  [[nodiscard]] Channel& channel() { return channel_; }
  [[nodiscard]] int pid() const { return pid_; }
  /// Kills it if it still runs. How it had ended before: "crashed (signal SEGV)", "exited with 3"; empty: it had not.
  std::string end();
  /// Likewise; its wait status.
  std::optional<int> reap() noexcept;
  /// What it has printed since the last time; also after its end.
  std::string take_output();

 private:
  WorkerProcess(int pid, UniqueFd socket, UniqueFd output)
      : pid_(pid), channel_(std::move(socket), false), output_(std::move(output)) {}

  int pid_;
  Channel channel_;
  UniqueFd output_;  ///< what it prints, 64 KiB at most; more is lost
};

/// Runs as a worker if this process was started as one; then its exit code. The first thing main() does.
std::optional<int> run_as_worker(int argc, char** argv);

}  // namespace netrig::driver
