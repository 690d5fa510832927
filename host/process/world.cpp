// SPDX-License-Identifier: Apache-2.0
#include "process/world.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "kernel/link.hpp"
#include "kernel/sysfs.hpp"
#include "model/error_number.hpp"

namespace netrig::process {
namespace {

struct Kind {
  int flag;
  const char* name;
  const char* limit;  ///< sysctl below user.
};
constexpr std::array kKinds = {
    Kind{CLONE_NEWNS, "mount", "max_mnt_namespaces"}, Kind{CLONE_NEWNET, "network", "max_net_namespaces"},
    Kind{CLONE_NEWPID, "PID", "max_pid_namespaces"}, Kind{CLONE_NEWIPC, "IPC", "max_ipc_namespaces"},
    Kind{CLONE_NEWUTS, "UTS", "max_uts_namespaces"}};
constexpr std::uint32_t kLoopback = 1;
constexpr int kNoWorld = 127;

int exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

int wait_for(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0)
    if (errno != EINTR) return kNoWorld;
  return exit_code(status);
}

/// 0, or why this kind of namespace is refused.
int refusal_of(const Kind& kind) {
  const pid_t probe = ::fork();
  if (probe == 0) ::_exit(::unshare(kind.flag) == 0 ? 0 : errno);
  return probe < 0 ? errno : wait_for(probe);
}

/// The kernel tells one error for all kinds, so each is tried alone.
Error no_spaces(int error) {
  for (const Kind& kind : kKinds) {
    const int refusal = refusal_of(kind);
    if (refusal == 0) continue;
    const std::string what = fmt::format("cannot make a {} namespace: {}", kind.name, errno_text(refusal));
    if (refusal == ENOSPC)
      return {ErrorCode::unsupported,
              fmt::format("{}; the limit is reached: raise the sysctl user.{}", what, kind.limit)};
    if (refusal == EINVAL) return {ErrorCode::unsupported, fmt::format("{}; this kernel is built without them", what)};
    if (refusal == EPERM)
      return {ErrorCode::denied,
              fmt::format("{}; this needs CAP_SYS_ADMIN: run it with sudo, and in a container with --privileged (see "
                          "docs/ci.md)",
                          what)};
    return {ErrorCode::failed, what};
  }
  return {ErrorCode::failed, fmt::format("cannot begin a process in namespaces of its own: {}", errno_text(error))};
}

[[noreturn]] void fail(const std::string& what, const char* advice) {
  const int error = errno;
  throw Error(refusal_code(error), fmt::format("{}: {}; {}", what, errno_text(error), advice));
}

void mount_over(const char* type, const char* place, unsigned long flags, const char* options) {
  if (::mount(type, place, type, flags, options) != 0)
    fail(fmt::format("cannot mount {}", place),
         "a container needs CAP_SYS_ADMIN, no AppArmor profile that refuses mounts, and no paths of /proc masked: run "
         "it "
         "with --privileged (see docs/ci.md), or run one lab at a time");
}

void make_directory(const char* path, mode_t mode) {
  if ((::mkdir(path, mode) != 0 && errno != EEXIST) || ::chmod(path, mode) != 0)
    fail(fmt::format("cannot make {}", path), "the new /run must be writable");
}

/// Of the process that is in the new namespaces already.
void furnish() {
  if (::mount("", "/", "none", MS_SLAVE | MS_REC, nullptr) != 0)
    fail("cannot take mounts from those outside",
         "a container needs CAP_SYS_ADMIN and no AppArmor profile that refuses mounts (see docs/ci.md)");
  // Namespaces that others delete meanwhile must not be held by our copies of their names.
  ::umount2("/run/netns", MNT_DETACH | UMOUNT_NOFOLLOW);
  mount_over("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755");
  make_directory("/run/netns", 0755);
  make_directory("/run/netrig", 0755);
  make_directory("/run/lock", 01777);
  mount_over("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
  kernel::remount_sysfs();
  kernel::Socket socket;
  kernel::Batch batch;
  kernel::set_link_up(batch, kLoopback, true);
  if (const auto refusals = socket.run(batch); !refusals.empty())
    throw Error(ErrorCode::failed, fmt::format("cannot bring up lo of a new namespace: {}", refusals.front().str()));
}

/// Process 1: collects whoever ends, passes signals on to the body, and ends with it, and with it everything.
[[noreturn]] void keep_watch(pid_t body) {
  sigset_t awaited;
  ::sigemptyset(&awaited);
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&awaited, signal);
  for (;;) {
    const int signal = ::sigwaitinfo(&awaited, nullptr);
    if (signal > 0 && signal != SIGCHLD) ::kill(body, signal);
    int status = 0;
    for (pid_t ended = ::waitpid(-1, &status, WNOHANG); ended > 0; ended = ::waitpid(-1, &status, WNOHANG))
      if (ended == body) ::_exit(exit_code(status));
  }
}

struct Ends {
  UniqueFd parent;   ///< pidfd
  UniqueFd results;  ///< write end
  UniqueFd begun;    ///< write end: closed when the body begins; before that one code and message
};

[[noreturn]] void be_first(const std::function<int(int)>& body, Ends ends) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // It may have been killed before it could take us along.
  pollfd parent{.fd = ends.parent.get(), .events = POLLIN, .revents = 0};
  if (::poll(&parent, 1, 0) != 0) ::_exit(kNoWorld);
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, &before);
  pid_t child = -1;
  try {
    furnish();
    child = ::fork();
    if (child < 0) fail("cannot begin a process", "there are too many of them");
  } catch (const Error& error) {
    const std::string fault = static_cast<char>(error.code()) + error.message();
    static_cast<void>(!::write(ends.begun.get(), fault.data(), fault.size()));
    ::_exit(kNoWorld);
  }
  ends.begun.reset();
  if (child != 0) {
    ends.results.reset();
    ::prctl(PR_SET_NAME, "netrig-world");
    keep_watch(child);
  }
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  ::_exit(body(ends.results.get()));
}

std::pair<UniqueFd, UniqueFd> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw Error(ErrorCode::failed, fmt::format("cannot make a pipe: {}", errno_text(errno)));
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::string read_all(const UniqueFd& pipe) {
  std::string text;
  std::array<char, 512> chunk{};
  for (;;) {
    const ssize_t size = ::read(pipe.get(), chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace

World World::begin(const std::function<int(int results)>& body) {
  auto [results, results_end] = make_pipe();
  auto [begun, begun_end] = make_pipe();
  UniqueFd self(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  if (!self) throw Error(ErrorCode::failed, fmt::format("cannot open a process: {}", errno_text(errno)));
  unsigned long flags = SIGCHLD;
  for (const Kind& kind : kKinds) flags |= static_cast<unsigned long>(kind.flag);
  // fork(2) makes no namespaces, and unshare(2) would put all later children into the one PID namespace.
  const auto first = static_cast<pid_t>(::syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr));
  if (first == 0)
    be_first(body, {.parent = std::move(self), .results = std::move(results_end), .begun = std::move(begun_end)});
  if (first < 0) throw no_spaces(errno);
  begun_end.reset();
  World world(first, std::move(results));
  if (const std::string fault = read_all(begun); !fault.empty())
    throw Error(static_cast<ErrorCode>(static_cast<unsigned char>(fault.front())),
                fmt::format("no world of its own can be made for the lab: {}", fault.substr(1)));
  return world;
}

World::~World() {
  if (first_ < 0) return;
  ::kill(first_, SIGKILL);
  wait_for(first_);
}

void World::signal(int signal) const {
  if (first_ > 0) ::kill(first_, signal);
}

int World::await() { return wait_for(std::exchange(first_, -1)); }

std::string try_world() {
  try {
    static_cast<void>(World::begin([](int) { return 0; }).await());
    return {};
  } catch (const Error& error) {
    return error.message();
  }
}

}  // namespace netrig::process
