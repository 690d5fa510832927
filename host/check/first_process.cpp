// SPDX-License-Identifier: Apache-2.0
#include "check/first_process.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "kernel/namespace.hpp"
#include "model/error.hpp"

namespace netrig::check {
namespace {

using std::chrono::steady_clock;

constexpr auto kGrace = std::chrono::milliseconds(500);

[[noreturn]] void give_up(const Start& start, int error, bool command, const char* what) {
  StartFault fault;
  fault.error = error;
  fault.command = command;
  std::snprintf(fault.what, sizeof fault.what, "%s", what);
  static_cast<void>(!::write(start.begun, &fault, sizeof fault));
  ::_exit(127);
}

/// Closes every descriptor but 0 to 2 and these: another thread of netrig may just have opened some.
template <std::size_t N>
void close_all_but(std::array<int, N> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned from = 3;
  for (const int fd : kept) {
    if (static_cast<unsigned>(fd) > from) ::close_range(from, static_cast<unsigned>(fd) - 1, 0);
    from = static_cast<unsigned>(fd) + 1;
  }
  ::close_range(from, ~0U, 0);
}

void take_standard_streams(int in, int out, int err) {
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
}

void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void become_command(const Start& start, int null) {
  ::setsid();
  take_standard_streams(null, start.out, start.err);
  reset_signals();
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  ::execvpe(start.arguments.front(), start.arguments.data(), start.environment.data());
  give_up(start, errno, true, start.arguments.front());
}

/// The command's end, if it has come; reaps whatever else has ended.
bool reap(pid_t command, EndMessage& message) {
  bool ended = false;
  while (true) {
    int status = 0;
    rusage usage{};
    const pid_t gone = ::wait4(-1, &status, WNOHANG, &usage);
    if (gone <= 0) return ended;
    if (gone != command) continue;
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    message = {
        .wait_status = status, .user_seconds = seconds(usage.ru_utime), .system_seconds = seconds(usage.ru_stime)};
    ended = true;
  }
}

/// Lives until the command ends or netrig lets go.
[[noreturn]] void watch_over(const Start& start, pid_t command, int children) {
  auto last = steady_clock::time_point::max();
  while (true) {
    std::array<pollfd, 2> waits = {pollfd{start.life, POLLIN, 0}, pollfd{children, POLLIN, 0}};
    int timeout = -1;
    if (last != steady_clock::time_point::max())
      timeout = static_cast<int>(
          std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::milliseconds>(last - steady_clock::now()).count()));
    const int ready = ::poll(waits.data(), waits.size(), timeout);
    if (ready == 0) ::kill(command, SIGKILL);  // its end is still told
    if (ready <= 0 && errno != EINTR && last == steady_clock::time_point::max()) ::_exit(1);
    if (waits[0].revents != 0) {
      char order = 0;
      if (::read(start.life, &order, 1) <= 0) ::_exit(0);
      ::kill(-1, SIGTERM);
      last = steady_clock::now() + kGrace;
    }
    signalfd_siginfo ignored{};
    if (waits[1].revents != 0) static_cast<void>(!::read(children, &ignored, sizeof ignored));
    EndMessage message;
    if (!reap(command, message)) continue;
    static_cast<void>(!::write(start.status, &message, sizeof message));
    ::_exit(0);
  }
}

[[noreturn]] void run_first(const Start& start, int null) {
  // Its own processes, not the machine's; without it ps and kill would speak of others.
  if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
    give_up(start, errno, false, "cannot mount /proc");
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child, nullptr);
  const int children = ::signalfd(-1, &child, SFD_CLOEXEC);
  if (children < 0) give_up(start, errno, false, "cannot watch processes");
  const pid_t command = ::fork();
  if (command < 0) give_up(start, errno, false, "cannot start a process");
  if (command == 0) become_command(start, null);
  close_all_but(std::array{start.life, start.status, children});
  watch_over(start, command, children);
}

}  // namespace

void run_relay(const Start& start) {
  close_all_but(std::array{start.space.get(), start.life, start.out, start.err, start.status, start.begun});
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) give_up(start, errno, false, "cannot open /dev/null");
  take_standard_streams(null, null, null);
  try {
    kernel::move_in(start.space, start.name);
  } catch (const Error& error) {
    give_up(start, 0, false, error.what());
  }
  if (::unshare(CLONE_NEWPID) != 0) give_up(start, errno, false, "cannot make a PID namespace");
  const pid_t first = ::fork();
  if (first < 0) give_up(start, errno, false, "cannot start a process");
  if (first == 0) run_first(start, null);
  ::close_range(3, ~0U, 0);
  while (::waitpid(first, nullptr, 0) < 0 && errno == EINTR) {
  }
  ::_exit(0);
}

}  // namespace netrig::check
