// SPDX-License-Identifier: Apache-2.0
// Runs a program with every process that comes of it under ptrace(2), counts the system calls that can fail, and lets
// one of them fail.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
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

/// Whether services of a lab outlive the command.
enum class Services : std::uint8_t {
  end,
  stay_if_up,  ///< if it ends well
  stay,        ///< those of before, where it does not
};

class Tracer;

class Tracing {
 public:
  /// `processes`: a descriptor of /proc that shows process numbers as this process has them.
  Tracing(const std::optional<Point>& point, int processes, Services services);
  ~Tracing();
  Tracing(const Tracing&) = delete;
  Tracing& operator=(const Tracing&) = delete;

  /// Runs `command` in this process's namespaces, once. After `limit` everything is killed.
  Traced run(const std::vector<std::string>& command, std::chrono::seconds limit);
  /// Asks in a child of this process, while this one lets services go on.
  std::vector<std::string> ask(const std::function<std::vector<std::string>()>& question);

 private:
  std::unique_ptr<Tracer> tracer_;
};

}  // namespace fault
