// SPDX-License-Identifier: Apache-2.0
// System calls of a worker. An allow-list: what is not on it raises SIGSYS, whose handler tells the host which call it
// was, and ends the worker.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/seccomp.h>
#include <netrig/driver.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "driver/channel.hpp"
#include "driver/fence.hpp"
#include "model/error_number.hpp"

namespace netrig::driver {
namespace {

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

/// Computing, memory, time, threads, and talking over descriptors that are open already.
constexpr const char* kAlways[] = {
    "brk",
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "close",
    "close_range",
    "dup",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_wait",
    "eventfd2",
    "exit",
    "exit_group",
    "fstat",
    "futex",
    "get_robust_list",
    "getcpu",
    "getegid",
    "geteuid",
    "getgid",
    "getpid",
    "getppid",
    "getrandom",
    "getresgid",
    "getresuid",
    "getrusage",
    "getsockopt",
    "gettid",
    "gettimeofday",
    "getuid",
    "lseek",
    "madvise",
    "membarrier",
    "mincore",
    "mremap",
    "munmap",
    "nanosleep",
    "newfstatat",
    "pipe2",
    "poll",
    "ppoll",
    "pread64",
    "pselect6",
    "pwrite64",
    "read",
    "readv",
    "recvfrom",
    "recvmmsg",
    "recvmsg",
    "restart_syscall",
    "rseq",
    "rt_sigpending",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigtimedwait",
    "sched_getaffinity",
    "sched_yield",
    "select",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "set_robust_list",
    "set_tid_address",
    "shutdown",
    "sigaltstack",
    "statx",
    "sysinfo",
    "time",
    "times",
    "uname",
    "write",
    "writev",
};
/// With sockets that the host has opened.
constexpr const char* kGranted[] = {"bind", "connect", "getpeername", "getsockname", "setsockopt"};

void check(int result, const char* what) {
  if (result < 0)
    throw Error(ErrorCode::driver, fmt::format("cannot fence its worker: {}: {}", what, errno_text(-result)));
}

void allow(scmp_filter_ctx filter, const char* name) {
  const int number = seccomp_syscall_resolve_name(name);
  if (number == __NR_SCMP_ERROR || number < 0) return;  // this machine has no such call
  check(seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0), name);
}

Filter base_filter() {
  Filter filter(seccomp_init(SCMP_ACT_TRAP), &seccomp_release);
  if (!filter) throw Error(ErrorCode::driver, "cannot fence its worker: no seccomp filter");
  scmp_filter_ctx f = filter.get();
  check(seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "seccomp");
  check(seccomp_attr_set(f, SCMP_FLTATR_CTL_NNP, 0), "seccomp");  // set already
  for (const char* name : kAlways) allow(f, name);
  // Threads, but no processes. clone3 hides its flags in memory, so the C library is sent back to clone.
  constexpr std::uint64_t kThread = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND;
  constexpr std::uint64_t kSpaces =
      CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
  check(
      seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, kThread | kSpaces, kThread)),
      "clone");
  check(seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0), "clone3");
  // abort() signals its own thread; nobody else.
  const auto self = static_cast<scmp_datum_t>(::getpid());
  check(seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, self)), "tgkill");
  // Descriptors, but no signals by way of them (F_SETOWN), and nobody else's limits.
  for (const int command : {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD, F_DUPFD_CLOEXEC})
    check(seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                           SCMP_A1(SCMP_CMP_EQ, static_cast<scmp_datum_t>(command))),
          "fcntl");
  check(seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A0(SCMP_CMP_EQ, 0)), "prlimit64");
  // What libraries ask in passing is answered with no: is this a terminal, where am I, is there such a file.
  check(seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, TCGETS)), "ioctl");
  check(seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOENT), SCMP_SYS(getcwd), 0), "getcwd");
  // SIGSYS stays ours.
  check(seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(rt_sigaction), 1, SCMP_A0(SCMP_CMP_NE, SIGSYS)), "rt_sigaction");
  return filter;
}

/// Files that are only to be read: there are none. `exactly`: of the flags that say what becomes of it and CLOEXEC.
void answer_readers(scmp_filter_ctx filter, scmp_datum_t exactly) {
  constexpr scmp_datum_t kDecides = O_ACCMODE | O_CREAT | O_TRUNC | O_PATH | O_DIRECTORY | O_CLOEXEC;
  check(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 1,
                         SCMP_A2(SCMP_CMP_MASKED_EQ, kDecides, exactly)),
        "openat");
}

void load(const Filter& filter) { check(seccomp_load(filter.get()), "seccomp_load"); }

/// Async-signal-safe: one write of a whole message, then the end.
void on_violation(int, siginfo_t* info, void*) {
  struct {
    MessageHeader header;
    std::uint32_t number;
  } message{{.size = sizeof(std::uint32_t), .type = MessageType::violation, .descriptors = 0},
            static_cast<std::uint32_t>(info->si_syscall)};
  const ssize_t ignored = ::write(kWorkerSocket, &message, sizeof message);
  static_cast<void>(ignored);
  ::_exit(128 + SIGSYS);
}

}  // namespace

void install_loading_filter(std::uint32_t granted) {
  struct sigaction action {};
  action.sa_sigaction = on_violation;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  if (::sigaction(SIGSYS, &action, nullptr) != 0)
    throw Error(ErrorCode::driver, "cannot fence its worker: no handler for SIGSYS");
  const Filter filter = base_filter();
  scmp_filter_ctx f = filter.get();
  // What the dynamic loader does with one file, as far as a constructor could do it too.
  check(seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                         SCMP_A2(SCMP_CMP_EQ, static_cast<scmp_datum_t>(O_RDONLY | O_CLOEXEC))),
        "openat");
  for (const scmp_datum_t flags : {O_RDONLY, O_DIRECTORY, O_DIRECTORY | O_CLOEXEC}) answer_readers(f, flags);
  for (const char* name : {"mmap", "mprotect", "seccomp"}) allow(f, name);
  // A later filter cannot allow again what this one forbids.
  if ((granted & kOwnHands) != 0)
    for (const char* name : kGranted) allow(f, name);
  // The second filter is installed through seccomp(2), or prctl(2) by an older library.
  check(seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, 22 /* PR_SET_SECCOMP */)),
        "prctl");
  load(filter);
}

void install_driver_filter(std::uint32_t granted) {
  const Filter filter = base_filter();
  scmp_filter_ctx f = filter.get();
  // No new code: memory is never executable that was not when the plugin was loaded.
  constexpr scmp_datum_t kExecutable = PROT_EXEC;
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)})
    check(seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, kExecutable, 0)), "mmap");
  for (const scmp_datum_t flags : {O_RDONLY, O_CLOEXEC, O_DIRECTORY, O_DIRECTORY | O_CLOEXEC}) answer_readers(f, flags);
  if ((granted & kOwnHands) != 0)
    for (const char* name : kGranted) allow(f, name);
  load(filter);
}

bool has_seccomp() {
  const std::uint32_t action = SECCOMP_RET_TRAP;
  return ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

std::string syscall_name(std::uint32_t number) {
  const std::unique_ptr<char, decltype(&std::free)> name(
      seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, static_cast<int>(number)), &std::free);
  return name ? name.get() : fmt::format("system call {}", number);
}

}  // namespace netrig::driver
