// SPDX-License-Identifier: Apache-2.0
#include "calls.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace fault {
namespace {

const std::vector<Call>& table() {
  // Not in it: what cannot fail but by a defect of the caller (getpid, rt_sigaction, futex, clock_gettime, munmap...).
  static const std::vector<Call> kCalls = {
      // Files
      {SYS_open, "open", 0, {EMFILE, ENFILE, ENOMEM, EACCES, EIO}},
      {SYS_openat, "openat", 1, {EMFILE, ENFILE, ENOMEM, EACCES, EIO}},
      {SYS_openat2, "openat2", 1, {EMFILE, ENFILE, ENOMEM, EACCES, EIO}},
      {SYS_creat, "creat", 0, {EMFILE, ENOSPC}},
      {SYS_read, "read", -1, {EIO, EINTR}},
      {SYS_pread64, "pread64", -1, {EIO, EINTR}},
      {SYS_readv, "readv", -1, {EIO}},
      {SYS_write, "write", -1, {ENOSPC, EIO, EINTR}, ENOSPC},
      {SYS_pwrite64, "pwrite64", -1, {ENOSPC, EIO}},
      {SYS_writev, "writev", -1, {ENOSPC, EIO}},
      {SYS_close, "close", -1, {EIO, EINTR}},
      {SYS_stat, "stat", 0, {ENOMEM, EACCES, EIO}},
      {SYS_lstat, "lstat", 0, {ENOMEM, EACCES, EIO}},
      {SYS_fstat, "fstat", -1, {ENOMEM, EIO}},
      {SYS_newfstatat, "newfstatat", 1, {ENOMEM, EACCES, EIO}},
      {SYS_statx, "statx", 1, {ENOMEM, EACCES, EIO}},
      {SYS_statfs, "statfs", 0, {ENOMEM, EACCES, EIO}},
      {SYS_fstatfs, "fstatfs", -1, {ENOMEM, EIO}},
      {SYS_access, "access", 0, {EACCES, ENOMEM}},
      {SYS_faccessat, "faccessat", 1, {EACCES, ENOMEM}},
      {SYS_faccessat2, "faccessat2", 1, {EACCES, ENOMEM}},
      {SYS_readlink, "readlink", 0, {ENOMEM, EACCES, EIO}},
      {SYS_readlinkat, "readlinkat", 1, {ENOMEM, EACCES, EIO}},
      {SYS_getdents64, "getdents64", -1, {EIO, ENOMEM}},
      {SYS_getcwd, "getcwd", -1, {ENOENT, ENOMEM}},
      {SYS_chdir, "chdir", 0, {EACCES, ENOMEM}},
      {SYS_lseek, "lseek", -1, {ESPIPE}},
      {SYS_fcntl, "fcntl", -1, {EMFILE, ENOLCK}},
      {SYS_flock, "flock", -1, {ENOLCK, ENOMEM}},
      {SYS_fsync, "fsync", -1, {EIO, ENOSPC}},
      {SYS_fdatasync, "fdatasync", -1, {EIO, ENOSPC}},
      {SYS_ftruncate, "ftruncate", -1, {EIO, ENOSPC}},
      {SYS_fallocate, "fallocate", -1, {ENOSPC, EIO}},
      {SYS_mkdir, "mkdir", 0, {ENOSPC, EROFS, ENOMEM}},
      {SYS_mkdirat, "mkdirat", 1, {ENOSPC, EROFS, ENOMEM}},
      {SYS_rmdir, "rmdir", 0, {EBUSY, EIO, ENOMEM}},
      {SYS_unlink, "unlink", 0, {EBUSY, EIO, ENOMEM}},
      {SYS_unlinkat, "unlinkat", 1, {EBUSY, EIO, ENOMEM}},
      {SYS_rename, "rename", 0, {ENOSPC, EIO, ENOMEM}},
      {SYS_renameat, "renameat", 1, {ENOSPC, EIO, ENOMEM}},
      {SYS_renameat2, "renameat2", 1, {ENOSPC, EIO, ENOMEM}},
      {SYS_chmod, "chmod", 0, {EPERM, EIO}},
      {SYS_fchmod, "fchmod", -1, {EPERM, EIO}},
      {SYS_ioctl, "ioctl", -1, {EPERM, ENOMEM}},
      {SYS_dup, "dup", -1, {EMFILE}},
      {SYS_dup2, "dup2", -1, {EMFILE, EBUSY}},
      {SYS_dup3, "dup3", -1, {EMFILE, EBUSY}},
      {SYS_pipe2, "pipe2", -1, {EMFILE, ENFILE}},
      {SYS_eventfd2, "eventfd2", -1, {EMFILE, ENOMEM}},
      {SYS_timerfd_create, "timerfd_create", -1, {EMFILE, ENOMEM}},
      {SYS_epoll_create1, "epoll_create1", -1, {EMFILE, ENOMEM}},
      {SYS_epoll_ctl, "epoll_ctl", -1, {ENOMEM, ENOSPC}},
      {SYS_memfd_create, "memfd_create", -1, {EMFILE, ENOMEM}},
      {SYS_inotify_init1, "inotify_init1", -1, {EMFILE, ENOMEM}},
      {SYS_close_range, "close_range", -1, {ENOMEM, EMFILE}},
      {SYS_pidfd_open, "pidfd_open", -1, {EMFILE, ENOMEM}},
      // Memory
      {SYS_mmap, "mmap", -1, {ENOMEM}},
      {SYS_mremap, "mremap", -1, {ENOMEM}},
      {SYS_mprotect, "mprotect", -1, {ENOMEM}},
      {SYS_madvise, "madvise", -1, {ENOMEM, EAGAIN}},
      // Waiting. EINTR is what a signal without SA_RESTART, or a debugger, makes of it.
      {SYS_poll, "poll", -1, {EINTR, ENOMEM}},
      {SYS_ppoll, "ppoll", -1, {EINTR, ENOMEM}},
      {SYS_select, "select", -1, {EINTR, ENOMEM}},
      {SYS_pselect6, "pselect6", -1, {EINTR, ENOMEM}},
      {SYS_epoll_wait, "epoll_wait", -1, {EINTR}},
      {SYS_nanosleep, "nanosleep", -1, {EINTR}},
      {SYS_clock_nanosleep, "clock_nanosleep", -1, {EINTR}},
      {SYS_wait4, "wait4", -1, {EINTR}},
      {SYS_waitid, "waitid", -1, {EINTR}},
      // Sockets
      {SYS_socket, "socket", -1, {EMFILE, ENOBUFS, ENOMEM}},
      {SYS_socketpair, "socketpair", -1, {EMFILE, ENOMEM}},
      {SYS_bind, "bind", -1, {ENOMEM, EADDRINUSE}},
      {SYS_connect, "connect", -1, {ENOMEM, EINTR}},
      {SYS_listen, "listen", -1, {EADDRINUSE}},
      {SYS_accept4, "accept4", -1, {EMFILE, ENOBUFS}},
      {SYS_setsockopt, "setsockopt", -1, {ENOMEM, ENOBUFS}},
      {SYS_getsockopt, "getsockopt", -1, {ENOMEM, ENOBUFS}},
      {SYS_getsockname, "getsockname", -1, {ENOBUFS}},
      {SYS_sendto, "sendto", -1, {ENOBUFS, ENOMEM, EINTR}},
      {SYS_sendmsg, "sendmsg", -1, {ENOBUFS, ENOMEM, EINTR}},
      {SYS_sendmmsg, "sendmmsg", -1, {ENOBUFS, ENOMEM, EINTR}},
      {SYS_recvfrom, "recvfrom", -1, {ENOBUFS, ENOMEM, EINTR}},
      {SYS_recvmsg, "recvmsg", -1, {ENOBUFS, ENOMEM, EINTR}},
      {SYS_recvmmsg, "recvmmsg", -1, {ENOBUFS, ENOMEM, EINTR}},
      {SYS_shutdown, "shutdown", -1, {ENOTCONN}},
      // Processes, threads
      {SYS_clone, "clone", -1, {EAGAIN, ENOMEM}, EAGAIN},
      {SYS_clone3, "clone3", -1, {EAGAIN, ENOMEM}, EAGAIN},
      {SYS_fork, "fork", -1, {EAGAIN, ENOMEM}},
      {SYS_vfork, "vfork", -1, {EAGAIN, ENOMEM}},
      {SYS_execve, "execve", 0, {ENOMEM, EACCES, EIO}},
      {SYS_execveat, "execveat", 1, {ENOMEM, EACCES, EIO}},
      {SYS_setsid, "setsid", -1, {EPERM}},
      {SYS_setpgid, "setpgid", -1, {EPERM}},
      {SYS_prctl, "prctl", -1, {EPERM, ENOMEM}},
      {SYS_prlimit64, "prlimit64", -1, {EPERM}},
      {SYS_setrlimit, "setrlimit", -1, {EPERM}},
      {SYS_capget, "capget", -1, {EPERM}},
      {SYS_capset, "capset", -1, {EPERM}},
      {SYS_setgroups, "setgroups", -1, {ENOMEM, EPERM}},
      {SYS_setresuid, "setresuid", -1, {EAGAIN, ENOMEM, EPERM}},
      {SYS_setresgid, "setresgid", -1, {EAGAIN, ENOMEM, EPERM}},
      {SYS_seccomp, "seccomp", -1, {ENOMEM, EINVAL}},
      {SYS_landlock_create_ruleset, "landlock_create_ruleset", -1, {ENOMEM, EMFILE}},
      {SYS_landlock_restrict_self, "landlock_restrict_self", -1, {E2BIG, ENOMEM}},
      {SYS_chroot, "chroot", 0, {EPERM, ENOMEM}},
      {SYS_getrandom, "getrandom", -1, {EINTR, ENOSYS}},
      {SYS_sched_getaffinity, "sched_getaffinity", -1, {EPERM}},
      {SYS_sysinfo, "sysinfo", -1, {EFAULT}},
      {SYS_uname, "uname", -1, {EFAULT}},
      // Namespaces, mounts
      {SYS_unshare, "unshare", -1, {ENOSPC, ENOMEM, EPERM}},
      {SYS_setns, "setns", -1, {ENOMEM, EPERM}},
      {SYS_mount, "mount", 1, {ENOMEM, ENOSPC, EPERM, EBUSY}},
      {SYS_umount2, "umount2", 0, {EBUSY, ENOMEM, EPERM}},
  };
  return kCalls;
}

struct Name {
  int error;
  std::string_view name;
};
constexpr std::array kNames = {
    Name{kKill, "kill"},      Name{E2BIG, "E2BIG"},   Name{EACCES, "EACCES"},     Name{EADDRINUSE, "EADDRINUSE"},
    Name{EAGAIN, "EAGAIN"},   Name{EBUSY, "EBUSY"},   Name{EFAULT, "EFAULT"},     Name{EINTR, "EINTR"},
    Name{EINVAL, "EINVAL"},   Name{EIO, "EIO"},       Name{EMFILE, "EMFILE"},     Name{ENFILE, "ENFILE"},
    Name{ENOBUFS, "ENOBUFS"}, Name{ENOENT, "ENOENT"}, Name{ENOLCK, "ENOLCK"},     Name{ENOMEM, "ENOMEM"},
    Name{ENOSPC, "ENOSPC"},   Name{ENOSYS, "ENOSYS"}, Name{ENOTCONN, "ENOTCONN"}, Name{EPERM, "EPERM"},
    Name{EROFS, "EROFS"},     Name{ESPIPE, "ESPIPE"},
};

}  // namespace

std::span<const Call> calls() { return table(); }

const Call* find_call(std::string_view name) {
  const auto found = std::find_if(table().begin(), table().end(), [&](const Call& call) { return call.name == name; });
  return found == table().end() ? nullptr : &*found;
}

std::string_view error_name(int error) {
  const auto* const found = std::find_if(kNames.begin(), kNames.end(), [&](const Name& n) { return n.error == error; });
  return found == kNames.end() ? std::string_view("?") : found->name;
}

int error_of(std::string_view name) {
  const auto* const found = std::find_if(kNames.begin(), kNames.end(), [&](const Name& n) { return n.name == name; });
  return found == kNames.end() ? 0 : found->error;
}

bool is_right_code(std::string_view command, const Point& point, int code) {
  const bool host = point.role == "host";
  if (host && point.error == kKill) return code == 128 + 9;
  if (command == "run") return code == 0 || code == 1 || code == 2;
  if (code == 0 || code == 1) return true;
  const bool forbidden = point.error == EPERM || point.error == EACCES;
  // 2: a lab file or policy may not be read. 3: a privilege is missing. 5: a plugin that may not be opened is refused,
  // and so is a worker that cannot begin.
  if (code == 2 || code == 3) return forbidden;
  if (code == 5) return !host || forbidden;
  // A service that does not start leaves the network as edited.
  if (code == 8) return command == "edit" || command == "mend";
  if (code != 6) return false;
  // The limit on network namespaces has an error number that says so. A sysctl that cannot be read at all (as
  // stable_secret, until it is set) cannot be lent by an existing namespace.
  return (point.call == "unshare" && point.error == ENOSPC) ||
         (point.call == "openat" && (point.error == EACCES || point.error == EIO)) ||
         (point.call == "pread64" && point.error == EIO);
}

}  // namespace fault
