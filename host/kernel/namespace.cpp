// SPDX-License-Identifier: Apache-2.0
#include "kernel/namespace.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <unordered_map>

#include "kernel/socket.hpp"
#include "model/error_number.hpp"

namespace netrig::kernel {
namespace {

[[noreturn]] void fail(const std::string& what, int error) {
  if (error == EPERM || error == EACCES)
    throw Error(ErrorCode::denied, fmt::format("{}: {}; this needs CAP_SYS_ADMIN and CAP_NET_ADMIN, run it with sudo",
                                               what, errno_text(error)));
  throw Error(ErrorCode::failed, fmt::format("{}: {}", what, errno_text(error)));
}

/// Whether it is /run/netns/NAME: a path that leads on, "..", goes anywhere.
bool is_in_run_directory(const std::string& path) {
  const std::string directory = std::string(kRunDirectory) + "/";
  return path.starts_with(directory) && path.find('/', directory.size()) == std::string::npos;
}

bool is_of_namespaces(int fd, const std::string& path) {
  struct statfs fs {};
  if (::fstatfs(fd, &fs) != 0) fail(fmt::format("cannot look at {}", path), errno);
  return fs.f_type == NSFS_MAGIC;
}

bool is_network_namespace(int fd, const std::string& path) {
  const int type = ::ioctl(fd, NS_GET_NSTYPE);
  if (type < 0 && errno != ENOTTY) fail(fmt::format("cannot look at {}", path), errno);
  return type == CLONE_NEWNET;
}

}  // namespace

std::string path_of(const NamespaceName& name) { return fmt::format("{}/{}", kRunDirectory, name.str()); }
std::string path_of(const Namespace& space) { return space.path.empty() ? path_of(space.name) : space.path; }

void prepare_run_directory() {
  if (::mkdir(kRunDirectory, 0755) != 0 && errno != EEXIST) fail(fmt::format("cannot make {}", kRunDirectory), errno);
  if (::mount("", kRunDirectory, "none", MS_SHARED | MS_REC, nullptr) == 0) return;
  if (errno != EINVAL) fail(fmt::format("cannot make {} a shared mount", kRunDirectory), errno);
  // Not a mount point yet: it must be one before it can be shared.
  if (::mount(kRunDirectory, kRunDirectory, "none", MS_BIND | MS_REC, nullptr) != 0 ||
      ::mount("", kRunDirectory, "none", MS_SHARED | MS_REC, nullptr) != 0)
    fail(fmt::format("cannot make {} a shared mount", kRunDirectory), errno);
}

CreatedNamespace create_namespace() {
  if (::unshare(CLONE_NEWNET) != 0) {
    if (errno == ENOSPC)
      throw Error(ErrorCode::unsupported,
                  "the limit on network namespaces is reached; raise the sysctl user.max_net_namespaces");
    fail("cannot create a network namespace", errno);
  }
  UniqueFd fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!fd) fail("cannot open the new network namespace", errno);
  Socket socket;
  const std::uint64_t cookie = socket.namespace_cookie();
  return {.fd = std::move(fd), .cookie = cookie, .socket = std::move(socket)};
}

void publish(const CreatedNamespace& created, const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0));
    if (!file && errno == EEXIST) throw Error(ErrorCode::conflict, fmt::format("namespace {} exists already", name));
    if (!file) fail(fmt::format("cannot create {}", path), errno);
  }
  const std::string source = fmt::format("/proc/self/fd/{}", created.fd.get());
  if (::mount(source.c_str(), path.c_str(), "none", MS_BIND, nullptr) != 0) {
    const int error = errno;
    ::unlink(path.c_str());
    fail(fmt::format("cannot mount namespace {}", name), error);
  }
}

bool unpublish(const std::string& path) {
  // EINVAL: no mount point, only the file is left.
  if (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL) {
    if (errno == ENOENT) return false;
    fail(fmt::format("cannot unmount {}", path), errno);
  }
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return false;
    fail(fmt::format("cannot remove {}", path), errno);
  }
  return true;
}

bool namespace_exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

bool is_hollow(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size != 0) return false;
  struct statfs fs {};
  return ::statfs(path.c_str(), &fs) == 0 && fs.f_type != NSFS_MAGIC;
}

std::optional<UniqueFd> open_namespace(const std::string& path) {
  const auto refuse = [&] { throw Error(ErrorCode::conflict, fmt::format("{} is not a network namespace", path)); };
  if (is_in_run_directory(path)) {
    // Only root puts anything there, so it is opened at once; what is a link to elsewhere is none of root's promise.
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
    if (!fd && errno == ENOENT) return std::nullopt;
    if (fd && !is_network_namespace(fd.get(), path)) refuse();
    if (fd) return fd;
  }
  // O_PATH: a lab file may name any path, and opening alone makes a device act. What is looked at is what is opened.
  const UniqueFd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!place) {
    if (errno == ENOENT) return std::nullopt;
    fail(fmt::format("cannot open {}", path), errno);
  }
  if (!is_of_namespaces(place.get(), path)) refuse();
  UniqueFd fd(::open(fmt::format("/proc/self/fd/{}", place.get()).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) fail(fmt::format("cannot open {}", path), errno);
  if (!is_network_namespace(fd.get(), path)) refuse();
  return fd;
}

std::vector<Inhabitant> inhabitants(const std::vector<const UniqueFd*>& spaces) {
  std::unordered_map<ino_t, std::size_t> by_inode;
  for (std::size_t i = 0; i < spaces.size(); ++i) {
    struct stat status {};
    if (::fstat(spaces[i]->get(), &status) == 0) by_inode.emplace(status.st_ino, i);
  }
  std::vector<Inhabitant> found;
  std::error_code gone;  // processes come and go while we look
  const std::filesystem::directory_iterator end;
  for (auto entry = std::filesystem::directory_iterator("/proc", gone); entry != end; entry.increment(gone)) {
    const std::string name = entry->path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    struct stat status {};
    if (::stat((entry->path() / "ns/net").c_str(), &status) != 0) continue;
    const auto space = by_inode.find(status.st_ino);
    const int process = std::stoi(name);
    if (space == by_inode.end() || process == ::getpid()) continue;
    std::string command;
    std::getline(std::ifstream(entry->path() / "comm"), command);
    found.push_back({.process = process, .command = command, .space = space->second});
  }
  return found;
}

void enter(const UniqueFd& fd) {
  if (::setns(fd.get(), CLONE_NEWNET) != 0) fail("cannot enter a network namespace", errno);
}

namespace {

/// NS_GET_ID of linux/nsfs.h, since 6.18; nothing: this kernel has none.
std::optional<std::uint64_t> id_of(int fd) {
  constexpr unsigned long kGetId = _IOR(0xb7, 13, std::uint64_t);
  std::uint64_t id = 0;
  return ::ioctl(fd, kGetId, &id) == 0 ? std::optional(id) : std::nullopt;
}

/// Whether that is what a socket says, too (SO_NETNS_COOKIE); nobody promises it, so one namespace is asked both ways.
bool is_id_the_cookie() {
  const UniqueFd here(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  return here && id_of(here.get()) == kernel::Socket().namespace_cookie();
}

}  // namespace

std::uint64_t cookie_of(const UniqueFd& fd) {
  static const bool has_id = is_id_the_cookie();
  if (has_id)
    if (const auto id = id_of(fd.get())) return *id;
  enter(fd);
  return kernel::Socket().namespace_cookie();
}

}  // namespace netrig::kernel
