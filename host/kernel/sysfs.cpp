// SPDX-License-Identifier: Apache-2.0
#include "kernel/sysfs.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include <cerrno>

#include "kernel/namespace.hpp"
#include "model/error.hpp"
#include "model/error_number.hpp"

namespace netrig::kernel {
namespace {

[[noreturn]] void fail(const std::string& what, int error) {
  throw Error(code_of(error, ErrorCode::unsupported), fmt::format("{}: {}", what, errno_text(error)));
}

}  // namespace

UniqueFd open_sysfs() {
  // A mount of sysfs shows the namespace it was made in.
  const UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, "sysfs", FSOPEN_CLOEXEC)));
  if (!context || ::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    fail("cannot open sysfs", errno);
  UniqueFd root(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
  if (!root) fail("cannot open sysfs", errno);
  return root;
}

void remount_sysfs() {
  unsigned long flags = 0;
  struct statvfs status {};
  if (::statvfs("/sys", &status) == 0 && (status.f_flag & ST_RDONLY) != 0) flags = MS_RDONLY;
  ::umount2("/sys", MNT_DETACH);
  if (::mount("sysfs", "/sys", "sysfs", flags, nullptr) != 0) {
    const int error = errno;
    throw Error(refusal_code(error), fmt::format("cannot mount /sys: {}", errno_text(error)));
  }
}

std::uint64_t birth_of(const UniqueFd& sysfs, const std::string& interface) {
  struct stat status {};
  if (::fstatat(sysfs.get(), ("class/net/" + interface).c_str(), &status, 0) == 0) return status.st_ino;
  if (errno != ENOENT) fail(fmt::format("cannot look at {} in sysfs", interface), errno);
  return 0;
}

std::uint64_t birth_now() {
  try {
    const CreatedNamespace fresh = create_namespace();
    return birth_of(open_sysfs(), "lo");
  } catch (const Error& error) {
    // A moment's want says nothing of what was there before.
    if (error.code() == ErrorCode::failed) throw;
    return 0;
  }
}

}  // namespace netrig::kernel
