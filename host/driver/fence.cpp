// SPDX-License-Identifier: Apache-2.0
#include "driver/fence.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <grp.h>
#include <link.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <bitset>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <memory>

#include "driver/trust.hpp"
#include "model/error_number.hpp"

namespace netrig::driver {
namespace {

constexpr unsigned kNobody = 65534;  // the kernel's overflow user; owns nothing
// Threads and processes of that user, all workers together and whoever else is nobody; beyond it clone fails. Far below
// what would leave the machine without process numbers (32768).
constexpr std::uint64_t kMostThreads = 1024;

[[noreturn]] void give_up(const char* what) {
  throw Error(ErrorCode::driver, fmt::format("cannot fence its worker: {}: {}", what, errno_text(errno)));
}
void check(long result, const char* what) {
  if (result < 0) give_up(what);
}

bool has_capability(unsigned capability) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> data{};
  return ::syscall(SYS_capget, &header, data.data()) == 0 &&
         (data.at(capability / 32).effective >> (capability % 32) & 1U) != 0;
}

void set_limit(__rlimit_resource resource, std::uint64_t value, const char* what) {
  rlimit limit{};
  check(::getrlimit(resource, &limit), what);
  limit.rlim_cur = limit.rlim_max = std::min<rlim_t>(value, limit.rlim_max);
  check(::setrlimit(resource, &limit), what);
}

void set_limits(const FenceOptions& options) {
  set_limit(RLIMIT_CORE, 0, "RLIMIT_CORE");  // memory may hold secrets of a lab
  set_limit(RLIMIT_FSIZE, 0, "RLIMIT_FSIZE");
  set_limit(RLIMIT_MEMLOCK, 0, "RLIMIT_MEMLOCK");
  set_limit(RLIMIT_NOFILE, options.descriptors, "RLIMIT_NOFILE");
#ifndef NETRIG_SANITIZED  // whose shadow memory takes terabytes of address space
  if (options.memory != 0) set_limit(RLIMIT_AS, options.memory, "RLIMIT_AS");
#endif
}

/// After this the only paths are those of the worker's own descriptors: "/4" is the plugin.
bool set_root() {
  if (!has_capability(CAP_SYS_CHROOT)) return false;
  check(::chroot("/proc/self/fd"), "chroot to its descriptors");
  check(::chdir("/"), "chdir");
  return true;
}

/// Every access right of the file system that this kernel knows is handled, and none allowed.
std::uint32_t landlock() {
  const std::uint32_t version = landlock_version();
  if (version == 0) return 0;
  // Rights by version: docs of the kernel, userspace-api/landlock. Headers may be older than the kernel.
  constexpr std::uint64_t kFirst = (1ULL << 13) - 1;
  std::uint64_t files = kFirst;
  if (version >= 2) files |= 1ULL << 13;  // refer
  if (version >= 3) files |= 1ULL << 14;  // truncate
  if (version >= 5) files |= 1ULL << 15;  // ioctl of devices
  struct {
    std::uint64_t files = 0;
    std::uint64_t network = 0;
    std::uint64_t scoped = 0;
  } rules;
  rules.files = files;
  if (version >= 4) rules.network = 3;  // bind and connect of TCP
  if (version >= 6) rules.scoped = 3;   // abstract sockets, signals
  const std::size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
  const UniqueFd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rules, size, 0)));
  if (!ruleset) give_up("Landlock");
  check(::syscall(SYS_landlock_restrict_self, ruleset.get(), 0), "Landlock");
  return version;
}

/// true: it runs as nobody now. A container may not map that user; then it stays who it is, without capabilities.
bool become_nobody(bool keep_capabilities) {
  if (!has_capability(CAP_SETUID) || !has_capability(CAP_SETGID)) return false;
  check(::prctl(PR_SET_KEEPCAPS, keep_capabilities ? 1 : 0), "PR_SET_KEEPCAPS");
  if (::setgroups(0, nullptr) != 0 && errno != EPERM) give_up("setgroups");
  if (::setresgid(kNobody, kNobody, kNobody) != 0) {
    if (errno == EINVAL) return false;
    give_up("setresgid");
  }
  check(::setresuid(kNobody, kNobody, kNobody), "setresuid");
  return true;
}

void drop_bounding_set(std::uint64_t keep) {
  if (!has_capability(CAP_SETPCAP)) return;
  const std::bitset<64> kept(keep);
  for (std::size_t capability = 0; capability < kept.size() && ::prctl(PR_CAPBSET_READ, capability) >= 0; ++capability)
    if (!kept.test(capability)) check(::prctl(PR_CAPBSET_DROP, capability), "PR_CAPBSET_DROP");
  constexpr unsigned kBits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED |
                             SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
  check(::prctl(PR_SET_SECUREBITS, kBits), "PR_SET_SECUREBITS");
}

void set_capabilities(std::uint64_t set) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> data{};
  data[0].effective = data[0].permitted = static_cast<std::uint32_t>(set);
  data[1].effective = data[1].permitted = static_cast<std::uint32_t>(set >> 32);
  check(::syscall(SYS_capset, &header, data.data()), "capset");
}

/// A library of the system, every component of whose path belongs to root.
void check_library(const std::string& name, void* handle) {
  const link_map* map = nullptr;
  std::array<char, PATH_MAX> path{};
  if (::dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || ::realpath(map->l_name, path.data()) == nullptr)
    throw Error(ErrorCode::driver, fmt::format("cannot tell where its library {} comes from", name));
  for (std::string place = path.data(); !place.empty(); place.resize(place.rfind('/'))) {
    struct stat status {};
    check(::stat(place.c_str(), &status), place.c_str());
    if (status.st_uid != 0 || (status.st_mode & 022) != 0)
      throw Error(ErrorCode::driver,
                  fmt::format("its library {} comes from {}, which others than root can write", name, place));
  }
}

}  // namespace

std::uint64_t capabilities_of(std::uint32_t granted) {
  std::uint64_t set = 0;
  if ((granted & NETRIG_WANTS_NET_ADMIN) != 0) set |= 1ULL << CAP_NET_ADMIN;
  if ((granted & NETRIG_WANTS_NET_RAW) != 0) set |= 1ULL << CAP_NET_RAW;
  if ((granted & NETRIG_WANTS_SYS_ADMIN) != 0) set |= 1ULL << CAP_SYS_ADMIN;
  return set;
}

std::uint32_t landlock_version() {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version < 0 ? 0 : static_cast<std::uint32_t>(version);
}

void preload_libraries(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    void* handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == nullptr) throw Error(ErrorCode::driver, fmt::format("its library cannot be loaded: {}", ::dlerror()));
    check_library(name, handle);
  }
}

FenceReport fence_in(const FenceOptions& options) {
  if (::setsid() < 0 && errno != EPERM) give_up("setsid");  // EPERM: it leads a session already
  check(static_cast<long>(::syscall(SYS_close_range, kWorkerPlugin + 1, ~0U, 0)), "close_range");
  const std::uint64_t capabilities = capabilities_of(options.granted);
  set_limits(options);
  FenceReport report;
  report.rooted = set_root();
  drop_bounding_set(capabilities);
  report.other_user = become_nobody(capabilities != 0);
  // Another user has processes of its own, which would count.
  if (report.other_user) set_limit(RLIMIT_NPROC, kMostThreads, "RLIMIT_NPROC");
  set_capabilities(capabilities);
  check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
  check(::prctl(PR_SET_DUMPABLE, 0), "PR_SET_DUMPABLE");
  // Last of all that the change of user would undo.
  check(::prctl(PR_SET_PDEATHSIG, SIGKILL), "PR_SET_PDEATHSIG");
  if (::getppid() != options.parent) ::_exit(1);  // it has died already
  report.landlock = landlock();
  install_loading_filter(options.granted);
  return report;
}

void close_fence(const FenceOptions& options) { install_driver_filter(options.granted); }

}  // namespace netrig::driver
