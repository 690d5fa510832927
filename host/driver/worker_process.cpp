// SPDX-License-Identifier: Apache-2.0
#include "driver/worker_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "model/error_number.hpp"
#include "model/thread.hpp"

namespace netrig::driver {
namespace {

// Above every number a worker is given, so that putting those in place overwrites none of them.
constexpr int kOutOfTheWay = 16;
constexpr std::size_t kMostOutput = 65536;  // as a pipe has

/// The child between fork and exec: async-signal-safe calls only.
[[noreturn]] void become_worker(int program, int socket, int plugin, int null, int output, char* const* arguments,
                                char* const* environment) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setsid();
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  socket = ::fcntl(socket, F_DUPFD_CLOEXEC, kOutOfTheWay);
  plugin = ::fcntl(plugin, F_DUPFD_CLOEXEC, kOutOfTheWay);
  null = ::fcntl(null, F_DUPFD_CLOEXEC, kOutOfTheWay);
  output = ::fcntl(output, F_DUPFD_CLOEXEC, kOutOfTheWay);
  program = ::fcntl(program, F_DUPFD_CLOEXEC, kOutOfTheWay);
  ::dup2(null, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
#ifndef NETRIG_SANITIZED  // whose reports are longer than what is kept
  ::dup2(output, STDERR_FILENO);
#endif
  ::dup2(socket, kWorkerSocket);
  ::dup2(plugin, kWorkerPlugin);
  ::syscall(SYS_execveat, program, "", arguments, environment, AT_EMPTY_PATH);
  ::_exit(127);
}

}  // namespace

WorkerStarter::WorkerStarter() {
  thread_ = start_thread([this] {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return stop_ || work_ != nullptr; });
      if (stop_) return;
      (*work_)();
      work_ = nullptr;
      changed_.notify_all();
    }
  });
}

WorkerStarter::~WorkerStarter() {
  {
    const std::lock_guard guard(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void WorkerStarter::run(const std::function<void()>& work) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return work_ == nullptr; });
  work_ = &work;
  changed_.notify_all();
  changed_.wait(lock, [&] { return work_ != &work; });
}

WorkerProcess WorkerProcess::start(WorkerStarter& starter, const std::string& kind, int plugin, FenceOptions options) {
  const auto fail = [](const char* what) {
    throw Error(ErrorCode::failed, fmt::format("cannot start a worker: {}: {}", what, errno_text(errno)));
  };
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) fail("socketpair");
  UniqueFd ours(pair[0]);
  const UniqueFd theirs(pair[1]);
  const UniqueFd program(::open("/proc/self/exe", O_PATH | O_CLOEXEC));
  if (!program) fail("/proc/self/exe");
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) fail("/dev/null");
  // Nobody waits for the other: what is too much is lost.
  std::array<int, 2> printed{};
  if (::pipe2(printed.data(), O_CLOEXEC | O_NONBLOCK) != 0) fail("pipe");
  UniqueFd output(printed[0]);
  const UniqueFd prints(printed[1]);
  std::array<std::string, 6> words = {"netrig-driver",
                                      kind,
                                      std::to_string(options.granted),
                                      std::to_string(options.memory),
                                      std::to_string(options.descriptors),
                                      std::to_string(::getpid())};
  std::array<char*, 7> arguments{};
  for (std::size_t i = 0; i < words.size(); ++i) arguments.at(i) = words.at(i).data();
    // Nothing of the caller's environment reaches the dynamic loader or the plugin.
#ifdef NETRIG_SANITIZED
  std::string sanitizer =
      "ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:handle_segv=0:handle_abort=0:abort_on_error=1";
  std::array<char*, 2> environment = {sanitizer.data(), nullptr};
#else
  std::array<char*, 1> environment = {nullptr};
#endif
  pid_t pid = -1;
  int error = 0;
  starter.run([&] {
    pid = ::fork();
    if (pid == 0)
      become_worker(program.get(), theirs.get(), plugin, null.get(), prints.get(), arguments.data(),
                    environment.data());
    error = errno;
  });
  errno = error;
  if (pid < 0) fail("fork");
  return {pid, std::move(ours), std::move(output)};
}

std::string WorkerProcess::take_output() {
  std::string all;
  std::array<char, 4096> some{};
  // One that goes on printing meanwhile is not waited for.
  while (all.size() < kMostOutput) {
    const ssize_t size = ::read(output_.get(), some.data(), some.size());
    if (size <= 0) break;
    all.append(some.data(), static_cast<std::size_t>(size));
  }
  return all;
}

namespace {

/// Those for real time have no names.
std::string signal_text(int number) {
  const char* name = ::sigabbrev_np(number);
  return name == nullptr ? fmt::format("signal {}", number) : fmt::format("signal {}, SIG{}", number, name);
}

std::string how_ended(int status) {
  if (WIFSIGNALED(status)) return fmt::format("crashed ({})", signal_text(WTERMSIG(status)));
  // The fence's handler ends it so; here its message to the host was lost.
  if (WEXITSTATUS(status) == 128 + SIGSYS) return "made a system call that no driver may, and was stopped";
  return fmt::format("ended by itself (exit code {})", WEXITSTATUS(status));
}

}  // namespace

std::string WorkerProcess::end() {
  const auto status = reap();
  return status ? how_ended(*status) : std::string();
}

std::optional<int> WorkerProcess::reap() noexcept {
  if (pid_ < 0) return std::nullopt;
  const pid_t pid = std::exchange(pid_, -1);
  int status = 0;
  // One that is dying already may take a moment to be dead, on a busy machine half a second, and how it ended is worth
  // that.
  for (int tries = 0; tries < 250; ++tries) {
    if (const pid_t ended = ::waitpid(pid, &status, WNOHANG); ended == pid) return status;
    if (tries == 0) {
      // Closing the channel is how an idle worker is told to go.
      channel_ = Channel(UniqueFd(), false);
    }
    ::usleep(tries < 10 ? 200 : 2000);
  }
  ::kill(pid, SIGKILL);
  ::waitpid(pid, &status, 0);
  return std::nullopt;
}

}  // namespace netrig::driver
