// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <new>

#include "cli/session.hpp"
#include "conformance/actor.hpp"
#include "driver/worker_process.hpp"
#include "report/output.hpp"

namespace {

/// A program that is started with 0, 1 or 2 closed would get those numbers for its own files, and what it prints would
/// end up in them. What takes the number cannot be written, so that output that goes nowhere is an error as any other.
/// Where there is no /dev/null, it cannot be read either.
bool hold_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF && ::open("/dev/null", O_RDONLY) != fd && ::open("/", O_PATH) != fd)
      return false;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (!hold_standard_streams()) return static_cast<int>(netrig::ErrorCode::failed);
  try {
    if (const auto actor = netrig::conformance::run_as_actor(argc, argv)) return *actor;
    if (const auto worker = netrig::driver::run_as_worker(argc, argv)) return *worker;
    return netrig::cli::run(argc, argv,
                            {.file = NETRIG_POLICY_FILE,
                             .required = NETRIG_DEVELOPMENT,
                             .development = NETRIG_DEVELOPMENT,
                             .driver_directory = NETRIG_DRIVER_DIRECTORY,
                             .key_directory = NETRIG_KEY_DIRECTORY,
                             .audit_log = NETRIG_AUDIT_LOG});
  } catch (const std::bad_alloc&) {
    netrig::report::say_error("netrig: out of memory\n");
    return static_cast<int>(netrig::ErrorCode::failed);
  }
}
