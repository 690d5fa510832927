// SPDX-License-Identifier: Apache-2.0
// Processes in a lab's namespaces. Each lives in a PID namespace of its own under a small first process, so that
// nothing it starts, however it detaches, outlives it.
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/lab.hpp"
#include "model/unique_fd.hpp"
#include "process/first_process.hpp"
#include "process/identity.hpp"
#include "process/until.hpp"

namespace netrig::process {

/// A namespace of a lab, as its commands have it. What it refers to must outlive it.
struct Place {
  const UniqueFd& space;
  const Namespace& home;
  const std::string& lab;
};

struct Task {
  Command command;
  std::chrono::nanoseconds stop = std::chrono::milliseconds(500);  ///< between SIGTERM and SIGKILL
  bool forks = false;  ///< the command ends, and its children are what is wanted
  std::optional<User> user = {};
  std::string directory = {};                                         ///< empty: where netrig is
  std::vector<std::pair<std::string, std::string>> environment = {};  ///< beside netrig's own
};
/// Throws Error{not_found} if there is no such user.
Task task_of(const Service& service);
/// A text that is the number of a user or a group. Nothing: it is a name, or no number that either can have: what is
/// too large must not become 0, and the largest means "unchanged" to the kernel.
std::optional<std::uint32_t> account_number(const std::string& text);
/// Throws Error{not_found}.
User user_of(const std::string& name);

/// How a process ended.
struct Ended {
  int exit = 0;            ///< as a shell tells it: 128 + signal
  bool timed_out = false;  ///< it was killed at the deadline (or at an interruption)
  double user_seconds = 0;
  double system_seconds = 0;
};

/// Where what a service writes is kept.
struct Log {
  int directory = -1;  ///< open
  std::string service;
  std::uint64_t most = 0;  ///< Units: bytes
};

/// A process and what it writes. Destroying it kills it and everything that it started, unless it is kept. Thread: one
/// at a time.
class Process {
 public:
  /// Starts it the way `netrig exec` does (see kernel::move_in), standard input from /dev/null, LAB and NAMESPACE,
  /// also with NETRIG_ before them, and what the namespace has as `values` set. Throws Error if it cannot be started:
  /// not_found if there is no such command.
  static Process start(const Place& place, const Task& task);
  /// The same for one that is to outlive netrig, as far as its first process, which waits for go(). Until then it ends
  /// with netrig.
  static Process prepare(const Place& place, const Task& task, const Log& log);
  /// Starts the command. Throws as start() does.
  void go();
  Process(Process&&) noexcept;
  Process& operator=(Process&&) noexcept;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  /// Of the first process of one that is kept.
  [[nodiscard]] const Identity& identity() const;
  /// Reads output as it comes until the process ends or time is over; then it is left running.
  std::optional<Ended> wait(const Until& until);
  /// Of one that forks: its command has ended well.
  [[nodiscard]] bool has_forked() const;
  /// SIGTERM to all of it, its time to stop, SIGKILL. Not of one that is kept.
  void stop();
  /// What it has written; the last 256 KiB of each. One that is kept writes both into `out`.
  [[nodiscard]] const std::string& out() const;
  [[nodiscard]] const std::string& err() const;
  void forget_output();

 private:
  struct State;
  explicit Process(std::unique_ptr<State> state);
  static Process fork(const Place& place, const Task& task, const Log* log);
  std::unique_ptr<State> state_;
};

/// Runs a command to its end; kills it when time is over.
struct Output {
  Ended ended;
  std::string out;
  std::string err;
};
Output run_command(const Place& place, const Task& task, const Until& until);

}  // namespace netrig::process
