// SPDX-License-Identifier: Apache-2.0
#include "process/first_process.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
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
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

#include "kernel/namespace.hpp"
#include "kernel/view.hpp"
#include "model/error.hpp"
#include "process/log.hpp"
#include "process/stat.hpp"

namespace netrig::process {
namespace {

using std::chrono::steady_clock;

// netrig reads what a service writes until it is ready; one that was stopped meanwhile must not stop the service.
constexpr int kPatience = 500;  // Units: ms
// As much as a pipe holds, and a little more (pipe(7): 64 KiB; one read takes as much).
constexpr int kLastReads = 4;

[[noreturn]] void give_up(const Start& start, int error, bool command, const char* what) {
  StartFault fault;
  fault.error = error;
  fault.command = command;
  std::snprintf(fault.what, sizeof fault.what, "%s", what);
  static_cast<void>(!::write(start.begun, &fault, sizeof fault));
  ::_exit(127);
}

/// Filters of containers refuse calls that they do not know; what stays open then would be waited for in vain.
void close_from_to(unsigned from, unsigned last) {
  if (::close_range(from, last, 0) == 0) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir("/proc/self/fd"), ::closedir);
  if (!open) return;
  const auto listing = static_cast<unsigned>(::dirfd(open.get()));
  while (const dirent* entry = ::readdir(open.get())) {
    const auto fd = static_cast<unsigned>(std::strtoul(entry->d_name, nullptr, 10));
    if (fd >= from && fd <= last && fd != listing) ::close(static_cast<int>(fd));
  }
}

/// Closes every descriptor but 0 to 2 and these: another thread of netrig may just have opened some.
void close_all_but(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned from = 3;
  for (const int fd : kept) {
    if (fd < 3) continue;
    if (static_cast<unsigned>(fd) > from) close_from_to(from, static_cast<unsigned>(fd) - 1);
    from = static_cast<unsigned>(fd) + 1;
  }
  close_from_to(from, ~0U);
}

void take_standard_streams(int in, int out, int err) {
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
}

void reset_handlers() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
}

void unblock_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void become_user(const Start& start) {
  const User& user = *start.user;
  const std::vector<gid_t> groups(user.groups.begin(), user.groups.end());
  if (::setgroups(groups.size(), groups.data()) != 0 || ::setresgid(user.group, user.group, user.group) != 0 ||
      ::setresuid(user.id, user.id, user.id) != 0)
    give_up(start, errno, false, fmt::format("cannot become user {}", user.name).c_str());
}

[[noreturn]] void become_command(const Start& start, int null, int out, int err) {
  ::setsid();
  take_standard_streams(null, out, err);
  reset_handlers();
  unblock_signals();
  if (start.user != nullptr) become_user(start);
  if (start.directory != nullptr && ::chdir(start.directory) != 0)
    give_up(start, errno, false, fmt::format("cannot enter {}", start.directory).c_str());
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  ::execvpe(start.arguments.front(), start.arguments.data(), start.environment.data());
  give_up(start, errno, true, start.arguments.front());
}

/// What process lists show instead of a netrig that has long ended, as far as that netrig's words leave room.
void take_title(const std::string& title) {
  constexpr std::size_t kArgumentsBegin = 48;  // proc(5)
  constexpr std::size_t kArgumentsEnd = 49;
  ::prctl(PR_SET_NAME, "netrig-service");
  const auto begin = stat_field(::getpid(), kArgumentsBegin);
  const auto end = stat_field(::getpid(), kArgumentsEnd);
  if (!begin || !end || *begin == 0 || *end <= *begin) return;
  auto* words = reinterpret_cast<char*>(*begin);  // NOLINT(performance-no-int-to-ptr): the kernel says where they are
  const std::size_t room = *end - *begin;
  std::memset(words, 0, room);
  std::copy_n(title.begin(), std::min(title.size(), room - 1), words);
}

/// The first process, from when its command runs.
class Vigil {
 public:
  Vigil(const Start& start, pid_t command, int signals, UniqueFd output)
      : start_(start), command_(command), signals_(signals), output_(std::move(output)) {
    if (start.kept) log_.emplace(start.logs, start.service, start.log);
    if (!log_) return;
    log_->note("started");
    ::fcntl(start.out, F_SETFL, O_NONBLOCK);
  }

  [[noreturn]] void keep() {
    for (;;) {
      look();
      reap();
      if (is_over()) finish();
    }
  }

 private:
  void look() {
    std::array<pollfd, 3> waits = {pollfd{signals_, POLLIN, 0}, pollfd{start_.kept ? -1 : start_.life, POLLIN, 0},
                                   pollfd{output_.get(), POLLIN, 0}};
    const int ready = ::poll(waits.data(), waits.size(), timeout());
    if (ready < 0 && errno != EINTR) ::_exit(1);
    if (killing_ && steady_clock::now() >= *killing_) {
      ::kill(-1, SIGKILL);  // their end is still told
      killing_.reset();
    }
    if (ready <= 0) return;
    if (waits[0].revents != 0) take_signal();
    if (waits[1].revents != 0) take_order();
    if (waits[2].revents != 0) static_cast<void>(take_output());
  }

  [[nodiscard]] int timeout() const {
    if (!killing_) return -1;
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(*killing_ - steady_clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(rest, 0, 1 << 30));
  }

  void take_signal() {
    signalfd_siginfo signal{};
    if (::read(signals_, &signal, sizeof signal) != sizeof signal) return;
    // One that comes from inside is no order of netrig's: what comes from outside has no number here.
    if (signal.ssi_signo == SIGTERM && signal.ssi_pid == 0) terminate();
  }

  void take_order() {
    char order = 0;
    if (::read(start_.life, &order, 1) <= 0) ::_exit(0);
    terminate();
  }

  void terminate() {
    if (stopping_) return;
    stopping_ = true;
    ::kill(-1, SIGTERM);
    killing_ = steady_clock::now() + start_.stop;
  }

  /// False: there is nothing more, or nothing yet.
  bool take_output() {
    std::array<char, 65536> chunk{};
    const ssize_t size = ::read(output_.get(), chunk.data(), chunk.size());
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) return false;
    if (size <= 0) {
      output_ = {};
      return false;
    }
    const std::string_view text(chunk.data(), static_cast<std::size_t>(size));
    log_->write(text);
    tell(text);
    return true;
  }

  /// For netrig, as long as it waits for the service to be ready.
  void tell(std::string_view text) {
    while (telling_ && !text.empty()) {
      pollfd wait{start_.out, POLLOUT, 0};
      const int ready = ::poll(&wait, 1, kPatience);
      if (ready < 0 && errno == EINTR) continue;
      if (ready == 0) return;
      const ssize_t size = ready < 0 ? -1 : ::write(start_.out, text.data(), text.size());
      if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (size <= 0) {
        telling_ = false;
        ::close(start_.out);
      } else {
        text.remove_prefix(static_cast<std::size_t>(size));
      }
    }
  }

  /// Everything that has ended; the command's end is told.
  void reap() {
    for (;;) {
      int status = 0;
      rusage usage{};
      const pid_t gone = ::wait4(-1, &status, WNOHANG, &usage);
      // The signal that told of an end is taken, and would not come again.
      if (gone < 0 && errno == EINTR) continue;
      if (gone <= 0) {
        childless_ = gone < 0 && errno == ECHILD;
        return;
      }
      if (gone != command_) continue;
      const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
      };
      end_ = {.wait_status = status,
              .forked = start_.forks && WIFEXITED(status) && WEXITSTATUS(status) == 0,
              .user_seconds = seconds(usage.ru_utime),
              .system_seconds = seconds(usage.ru_stime)};
      command_ended_ = true;
      if (end_.forked) send(end_);
    }
  }

  [[nodiscard]] bool is_over() const {
    if (!command_ended_) return false;
    // What is to be stopped has its time to end by itself, all of it.
    return end_.forked || (stopping_ && start_.kept) ? childless_ : true;
  }

  void send(const EndMessage& message) const { static_cast<void>(!::write(start_.status, &message, sizeof message)); }

  [[noreturn]] void finish() {
    if (log_) {
      // Its last words, which the pipe still holds. Who else writes into it may never stop, and is killed in a moment.
      if (output_) ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
      for (int i = 0; i < kLastReads && output_ && take_output(); ++i) {
      }
      const int status = end_.wait_status;
      log_->note(stopping_             ? std::string("stopped")
                 : WIFSIGNALED(status) ? fmt::format("ended by signal {}", WTERMSIG(status))
                                       : fmt::format("ended with exit code {}", WEXITSTATUS(status)));
    }
    EndMessage message = end_;
    message.forked = false;
    send(message);
    ::_exit(0);
  }

  const Start& start_;
  pid_t command_;
  int signals_;
  UniqueFd output_;  ///< of one that is kept: read end of what it writes
  std::optional<LogWriter> log_;
  EndMessage end_;
  std::optional<steady_clock::time_point> killing_;
  bool stopping_ = false;
  bool command_ended_ = false;
  bool childless_ = false;
  bool telling_ = true;
};

/// Waits for netrig's word; without it there is nothing to be kept.
void await_word(const Start& start) {
  char word = 0;
  ssize_t size = 0;
  while ((size = ::read(start.life, &word, 1)) < 0 && errno == EINTR) {
  }
  if (size != 1 || word != kGo) ::_exit(0);
  ::close(start.life);
}

/// Signals that the first process takes from a descriptor.
sigset_t watched_in(const Start& start) {
  sigset_t watched;
  ::sigemptyset(&watched);
  ::sigaddset(&watched, SIGCHLD);
  if (start.kept) ::sigaddset(&watched, SIGTERM);
  return watched;
}

[[noreturn]] void run_first(const Start& start, int null) {
  const sigset_t watched = watched_in(start);
  if (start.kept) {
    // A handler of netrig's would be heard here, and its terminal's signals are not for us.
    reset_handlers();
    ::signal(SIGPIPE, SIG_IGN);
  }
  ::sigprocmask(start.kept ? SIG_SETMASK : SIG_BLOCK, &watched, nullptr);
  const int signals = ::signalfd(-1, &watched, SFD_CLOEXEC);
  if (signals < 0) give_up(start, errno, false, "cannot watch processes");
  if (start.kept) {
    // The relay's end of it alone is to count, for netrig waits for that.
    ::close(start.identity);
    await_word(start);
  }
  // Its own processes, not the machine's; without it ps and kill would speak of others. Not before netrig's word: the
  // relay, whose mounts are the same, finds this process by the machine's.
  if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
    give_up(start, errno, false, "cannot mount /proc");
  if (start.kept) take_title(start.title);
  UniqueFd output;
  UniqueFd input;
  if (start.kept) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) give_up(start, errno, false, "cannot make a pipe");
    output = UniqueFd(ends[0]);
    input = UniqueFd(ends[1]);
  }
  const pid_t command = ::fork();
  if (command < 0) give_up(start, errno, false, "cannot start a process");
  if (command == 0)
    become_command(start, null, start.kept ? input.get() : start.out, start.kept ? input.get() : start.err);
  input = {};
  if (start.kept) {
    // A directory that is nobody's to hold, and no more descriptors than it needs.
    static_cast<void>(!::chdir("/"));
    close_all_but({start.out, start.status, start.logs, signals, output.get()});
  } else {
    close_all_but({start.life, start.status, signals});
  }
  Vigil(start, command, signals, std::move(output)).keep();
}

void tell_identity(const Start& start, pid_t first) {
  // It is not waited for here, so its number is its own as long as this process is there.
  const auto identity = identity_of(first);
  if (!identity) give_up(start, 0, false, "/proc does not show this PID namespace, so no process can be told by it");
  static_cast<void>(!::write(start.identity, &*identity, sizeof *identity));
}

}  // namespace

void run_relay(const Start& start) {
  std::vector<int> ends = {start.space.get(), start.life, start.out, start.status, start.begun};
  if (start.kept)
    ends.insert(ends.end(), {start.identity, start.logs});
  else
    ends.push_back(start.err);
  close_all_but(std::move(ends));
  if (start.kept) ::setsid();
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) give_up(start, errno, false, "cannot open /dev/null");
  take_standard_streams(null, null, null);
  try {
    kernel::move_in(start.space, start.name);
    kernel::take_view(start.view, start.lab, start.name);
  } catch (const Error& error) {
    give_up(start, 0, false, error.what());
  }
  if (::unshare(CLONE_NEWPID) != 0) give_up(start, errno, false, "cannot make a PID namespace");
  // The first of a PID namespace loses what it neither handles nor blocks (sig_task_ignored), and netrig may already
  // want its end when it has done nothing yet.
  const sigset_t watched = watched_in(start);
  ::sigprocmask(SIG_BLOCK, &watched, nullptr);
  const pid_t first = ::fork();
  if (first < 0) give_up(start, errno, false, "cannot start a process");
  if (first == 0) run_first(start, null);
  if (start.kept) {
    tell_identity(start, first);
    ::_exit(0);
  }
  close_from_to(3, ~0U);
  while (::waitpid(first, nullptr, 0) < 0 && errno == EINTR) {
  }
  ::_exit(0);
}

}  // namespace netrig::process
