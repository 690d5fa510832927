// SPDX-License-Identifier: Apache-2.0
// Runs a program with every process that comes of it under ptrace(2), counts the system calls that can fail, and lets
// one of them fail.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fault {

/// The n-th (from 1) call of that name by all processes and threads of a role. Roles: "host", "worker.KIND", each with
/// "+" for a process between fork and exec. What else is run (a lab's commands) has none, and nothing is done to it.
struct Point {
  std::string role;
  std::string call;
  unsigned nth = 0;
  int error = 0;         ///< or kKill
  bool lasting = false;  ///< all later ones fail as well
};

struct Traced {
  int exit = -1;  ///< exit code, or 128 + signal
  bool hung = false;
  bool reached = false;
  std::string about;  ///< of the call that failed: its path, or descriptor
  std::chrono::duration<double> time{};
  unsigned outlived = 0;  ///< processes that were still there a second after the program had ended
  std::map<std::pair<std::string, std::string>, unsigned> counts;  ///< by role and call
  std::string out;
  std::string err;
};

/// Runs `command` in this process's namespaces. After `limit` everything is killed. `processes`: a descriptor of /proc
/// that shows process numbers as this process has them.
Traced trace(const std::vector<std::string>& command, const std::optional<Point>& point, std::chrono::seconds limit,
             int processes);

}  // namespace fault
