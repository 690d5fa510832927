// SPDX-License-Identifier: Apache-2.0
// The forked side of check::Process. netrig forks a relay, which makes the PID namespace and forks its first process,
// which forks the command. When the first process ends, the kernel kills whatever is left in the namespace; and it ends
// when the pipe from netrig is closed, be it by kill -9. (PR_SET_PDEATHSIG would follow the thread that forked.)
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "model/unique_fd.hpp"

namespace netrig::check {

/// All that the forked side needs, made before the fork. The descriptors are the ends it uses.
struct Start {
  const UniqueFd& space;
  const std::string& name;  ///< of the namespace
  std::vector<char*> arguments;
  std::vector<char*> environment;
  int life = -1;    ///< read end: a byte asks for SIGTERM, its end ends everything
  int out = -1;     ///< write end
  int err = -1;     ///< write end
  int status = -1;  ///< write end: one EndMessage
  int begun = -1;   ///< write end: closed by exec; before that one StartFault
};

struct EndMessage {
  std::int32_t wait_status = 0;  ///< as wait4(2) gives it
  double user_seconds = 0;
  double system_seconds = 0;
};

struct StartFault {
  std::int32_t error = 0;  ///< errno
  bool command = false;    ///< of the command itself; otherwise of what surrounds it
  char what[240] = {};     // NOLINT(modernize-avoid-c-arrays): bytes in a pipe
};

/// Body of the relay; never returns.
[[noreturn]] void run_relay(const Start& start);

}  // namespace netrig::check
