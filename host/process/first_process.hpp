// SPDX-License-Identifier: Apache-2.0
// The forked side of Process. netrig forks a relay, which makes the PID namespace and forks its first process, which
// forks the command. When the first process ends, the kernel kills whatever is left in the namespace.
//
// One that is attached ends when the pipe from netrig is closed, be it by kill -9. (PR_SET_PDEATHSIG would follow the
// thread that forked.) One that is kept waits on that pipe for a word before it starts the command, so that netrig can
// write down first who it is; from then on it lives without netrig, until its command ends or SIGTERM comes from
// outside.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "model/lab.hpp"
#include "model/unique_fd.hpp"
#include "process/identity.hpp"

namespace netrig::process {

/// Who a command runs as, looked up before the fork.
struct User {
  std::uint32_t id = 0;
  std::uint32_t group = 0;
  std::vector<std::uint32_t> groups;  ///< supplementary
  std::string name;
  std::string home;
};

/// All that the forked side needs, made before the fork. The descriptors are the ends it uses.
struct Start {
  const UniqueFd& space;
  const std::string& name;  ///< of the namespace
  const View& view;
  const std::string& lab;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  const User* user = nullptr;
  const char* directory = nullptr;  ///< nullptr: where netrig is
  bool forks = false;
  std::chrono::nanoseconds stop{};  ///< between SIGTERM and SIGKILL
  int life = -1;      ///< read end: 'T' asks for SIGTERM, the end ends everything; of one that is kept: see above
  int out = -1;       ///< write end; of one that is kept, of both streams, and only while netrig reads
  int err = -1;       ///< write end
  int status = -1;    ///< write end: EndMessages
  int begun = -1;     ///< write end: closed by exec; before that one StartFault
  int identity = -1;  ///< write end: one Identity, or its end where there is none
  // Of one that is kept.
  bool kept = false;
  int logs = -1;  ///< directory
  std::string service = {};
  std::uint64_t log = 0;   ///< Units: bytes kept
  std::string title = {};  ///< what process lists show
};

constexpr char kGo = 'G';
constexpr char kTerminate = 'T';

struct EndMessage {
  std::int32_t wait_status = 0;  ///< as wait4(2) gives it
  bool forked = false;           ///< the command has ended well, and what it left behind goes on
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

}  // namespace netrig::process
