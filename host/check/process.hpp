// SPDX-License-Identifier: Apache-2.0
// Processes in a lab's namespaces. Each lives in a PID namespace of its own under a small first process, so that
// nothing it starts, however it detaches, outlives it or netrig.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "check/job.hpp"

namespace netrig::check {

struct ProcessSpec {
  Command command;
  std::size_t space = 0;  ///< index in Lab::namespaces
};

/// How a process ended.
struct Ended {
  int exit = 0;            ///< as a shell tells it: 128 + signal
  bool timed_out = false;  ///< it was killed at the deadline (or at an interruption)
  double user_seconds = 0;
  double system_seconds = 0;
};

/// A process and what it writes. Destroying it kills it and everything that it started. Thread: one at a time.
class Process {
 public:
  /// Starts it the way `netrig exec` does (see kernel::move_in), standard input from /dev/null, NETRIG_LAB and
  /// NETRIG_NAMESPACE set. Throws Error if it cannot be started: not_found if there is no such command.
  static Process start(const Ground& ground, const ProcessSpec& spec);
  Process(Process&&) noexcept;
  Process& operator=(Process&&) noexcept;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  /// Reads output as it comes until the process ends or time is over; then it is left running.
  std::optional<Ended> wait(const Until& until);
  /// SIGTERM to all of it, half a second, SIGKILL.
  void stop();
  /// What it has written; the last 256 KiB of each.
  [[nodiscard]] const std::string& out() const;
  [[nodiscard]] const std::string& err() const;

 private:
  struct State;
  explicit Process(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Runs a command to its end; kills it when time is over.
struct Output {
  Ended ended;
  std::string out;
  std::string err;
};
Output run_command(const Ground& ground, const ProcessSpec& spec, const Until& until);

/// A command as one shell-quoted line.
std::string shell_line(const Command& command);

/// Services of the lab, all started and then all awaited. Throws Error{failed} with its last output if one ends or does
/// not become ready in its time, counted from its start. `until` ends the wait, too.
std::vector<Process> start_services(const Ground& ground, const std::vector<const Service*>& services,
                                    const Until& until);
/// The same for one.
Process start_service(const Ground& ground, const Service& service, const Until& until);

}  // namespace netrig::check
