// SPDX-License-Identifier: Apache-2.0
#include "driver/trust.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <netrig/driver.h>
#include <sodium.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "model/error_number.hpp"
#include "model/printable.hpp"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

namespace netrig::driver {
namespace {

constexpr off_t kLargestPlugin = 64L * 1024 * 1024;

[[noreturn]] void refuse(const std::string& reason) { throw Error(ErrorCode::driver, reason); }

/// For a system call that failed: no fault of the plugin's if the machine is in trouble.
[[noreturn]] void refuse_call(const std::string& what) {
  const int error = errno;
  throw Error(code_of(error, ErrorCode::driver), fmt::format("{}: {}", what, errno_text(error)));
}

/// Whether a directory is part of the system, or somebody's home, and not made for netrig.
bool is_shared(const std::string& path) {
  static constexpr std::array kSystem = {"bin",  "boot", "dev", "etc",  "lib", "lib32", "lib64", "libx32",
                                         "proc", "root", "run", "sbin", "sys", "usr",   "var"};
  const auto slashes = std::count(path.begin(), path.end(), '/');
  const std::string first = path.substr(1, path.find('/', 1) - 1);
  if (slashes <= 1 || (first == "home" && slashes == 2)) return true;
  return path.find("netrig") == std::string::npos && std::find(kSystem.begin(), kSystem.end(), first) != kSystem.end();
}

/// Owner and mode of one directory on the way, or of the file.
void check_owner_and_mode(const struct stat& status, const std::string& path) {
  if (!is_trusted_owner(status.st_uid))
    refuse(fmt::format("{} belongs to user {}; it must belong to root{}", path, status.st_uid,
                       protection_advice(path, status)));
  if ((status.st_mode & 022) != 0)
    refuse(fmt::format("{} is writable by {} (mode {:04o}){}", path,
                       (status.st_mode & 002) != 0 ? "everybody" : "its group", status.st_mode & 07777,
                       protection_advice(path, status)));
}

/// Opens `name` below `parent` without following a symbolic link anywhere. A kernel without openat2 (before 5.6)
/// cannot. `resolve`: RESOLVE_*, further ways that are closed.
UniqueFd open_below(int parent, const std::string& name, std::uint64_t flags, std::uint64_t resolve = 0) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, parent, name.c_str(), &how, sizeof how)));
}

[[noreturn]] void refuse_open(const std::string& path) {
  if (errno == ELOOP) refuse(fmt::format("{} is a symbolic link; name the place it points to", path));
  if (errno == ENOENT) throw Error(ErrorCode::not_found, fmt::format("{} is not there", path));
  if (errno == EXDEV) refuse(fmt::format("{} has another file mounted over it", path));
  refuse_call("cannot open " + path);
}

/// Opens a plugin directory component by component; each is checked on the descriptor that the next is opened from.
UniqueFd open_directory(const Policy& policy, const std::string& directory) {
  const bool checked = needs_path(policy.mode);
  UniqueFd at(::open(policy.anchor.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!at) refuse_open(policy.anchor);
  std::string path = policy.anchor == "/" ? "" : policy.anchor;
  const auto check = [&] {
    struct stat status {};
    if (::fstat(at.get(), &status) != 0) refuse_call("cannot read " + path);
    if (checked) check_owner_and_mode(status, path.empty() ? "/" : path);
  };
  check();
  std::size_t begin = path.size();
  while (begin < directory.size()) {
    const std::size_t end = std::min(directory.find('/', begin + 1), directory.size());
    const std::string name = directory.substr(begin + 1, end - begin - 1);
    begin = end;
    if (name.empty()) continue;
    path += "/" + name;
    at = open_below(at.get(), name, O_PATH | O_DIRECTORY);
    if (!at) {
      // With O_DIRECTORY the kernel reports a symbolic link as "not a directory".
      struct stat status {};
      if (errno == ENOTDIR && ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode)) errno = ELOOP;
      refuse_open(path);
    }
    check();
  }
  return at;
}

/// Opens one file of a plugin directory. O_NONBLOCK: a FIFO in its place must not hang us. Where the path counts, a
/// mount over the file is as good as a link to elsewhere: what is mounted may lie where others can write. Comparing
/// devices would not do; a file of the same file system can be mounted, and overlayfs shows several devices without any
/// mount.
UniqueFd open_file(const Policy& policy, int directory, const std::string& name) {
  return open_below(directory, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, needs_path(policy.mode) ? RESOLVE_NO_XDEV : 0);
}

void check_file(const Policy& policy, int file, const std::string& path) {
  struct stat status {};
  if (::fstat(file, &status) != 0) refuse_call("cannot read " + path);
  if (!S_ISREG(status.st_mode)) refuse(fmt::format("{} is not a regular file", path));
  if (status.st_size > kLargestPlugin)
    refuse(fmt::format("{} has {} bytes; a plugin has at most {}", path, status.st_size, kLargestPlugin));
  if (!needs_path(policy.mode)) return;
  check_owner_and_mode(status, path);
  if (status.st_nlink != 1)
    refuse(fmt::format("{} has {} hard links; copy it instead, a link elsewhere is a way in", path, status.st_nlink));
}

std::vector<unsigned char> read_all(int file, const std::string& path) {
  std::vector<unsigned char> bytes;
  std::array<unsigned char, 65536> chunk{};
  for (;;) {
    const ssize_t size = ::read(file, chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) refuse_call("cannot read " + path);
    if (size == 0) return bytes;
    bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + size);
    if (bytes.size() > kLargestPlugin) refuse(fmt::format("{} grows while it is read", path));
  }
}

UniqueFd seal(const std::vector<unsigned char>& bytes, const std::string& kind) {
  // Kernels before 6.3 know no MFD_EXEC, and make every memfd executable.
  UniqueFd memory(::memfd_create(kind.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC));
  if (!memory && errno == EINVAL) memory = UniqueFd(::memfd_create(kind.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory) refuse_call("cannot make a memory file");
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t size = ::write(memory.get(), bytes.data() + done, bytes.size() - done);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) refuse_call("cannot fill a memory file");
    done += static_cast<std::size_t>(size);
  }
  if (::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
    refuse_call("cannot seal a memory file");
  return memory;
}

std::string digest_of(const std::vector<unsigned char>& bytes) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> hash{};
  crypto_hash_sha256(hash.data(), bytes.data(), bytes.size());
  return fmt::format("{:02x}", fmt::join(hash, ""));
}

SealedPlugin sealed(const std::vector<unsigned char>& bytes, const std::string& kind, const std::string& path) {
  return {.kind = kind,
          .path = path,
          .digest = digest_of(bytes),
          .memory = seal(bytes, kind.empty() || kind.size() > 64 ? "plugin" : kind),
          .size = bytes.size()};
}

std::string signature_text(int file, const std::string& path) {
  constexpr std::size_t kLargestSignature = 8192;
  const auto bytes = read_all(file, path);
  if (bytes.size() > kLargestSignature) refuse(fmt::format("{} is too large to be a signature", path));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

std::string protection_advice(const std::string& path, const struct stat& status) {
  // Who gives a directory of others another owner or mode breaks a login, a mail spool, all of /tmp.
  if (S_ISDIR(status.st_mode) &&
      (!is_trusted_owner(status.st_uid) || (status.st_mode & S_ISVTX) != 0 || is_shared(path)))
    return "; keep the file where only root can change anything, such as in a directory below /opt/netrig";
  // With another owner alone, what the first one wrote would be trusted.
  if (!is_trusted_owner(status.st_uid)) return "; look at what is in it, then put a copy of root's own in its place";
  return fmt::format(": \"chmod go-w {}\"", shell_word(path));
}

bool is_trusted_owner(unsigned uid) {
  if (uid == 0 || uid == ::geteuid()) return true;
  // Whoever owns the binary that runs decides everything it does, its plugins included.
  struct stat self {};
  return ::stat("/proc/self/exe", &self) == 0 && uid == self.st_uid;
}

std::string kind_fault(std::string_view kind) {
  if (kind.empty()) return "is empty";
  if (kind.size() > NETRIG_KIND_MAX)
    return fmt::format("is {} bytes long; at most {} are allowed", kind.size(), NETRIG_KIND_MAX);
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  if (!is_lower(kind.front())) return "does not begin with a lower-case letter";
  for (const char c : kind)
    if (!is_lower(c) && !(c >= '0' && c <= '9') && c != '-' && c != '_')
      return "has a character other than a-z, 0-9, '-' and '_'";
  return {};
}

std::vector<std::string> list_plugins(const Policy& policy, const std::string& directory) {
  const UniqueFd place = open_directory(policy, directory);
  UniqueFd readable = open_below(place.get(), ".", O_RDONLY | O_DIRECTORY);
  if (!readable) refuse_open(directory);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(readable.get()), &::closedir);
  if (!entries) refuse_open(directory);
  static_cast<void>(readable.release());
  std::vector<std::string> kinds;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(entries.get());
    if (entry == nullptr && errno != 0) refuse_call("cannot read " + directory);
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (!name.ends_with(".so")) continue;
    const std::string_view kind = name.substr(0, name.size() - 3);
    if (kind_fault(kind).empty()) kinds.emplace_back(kind);
  }
  std::sort(kinds.begin(), kinds.end());
  return kinds;
}

SealedPlugin open_plugin(const Policy& policy, const std::string& directory, const std::string& kind) {
  if (const std::string fault = kind_fault(kind); !fault.empty())
    refuse(fmt::format("driver name \"{}\" {}", kind.substr(0, 64), fault));
  const UniqueFd place = open_directory(policy, directory);
  const std::string path = fmt::format("{}/{}.so", directory, kind);
  const UniqueFd file = open_file(policy, place.get(), kind + ".so");
  if (!file) refuse_open(path);
  check_file(policy, file.get(), path);
  const auto bytes = read_all(file.get(), path);
  if (policy.mode == TrustMode::any)
    spdlog::warn("policy mode \"any\": {} is loaded without any check of who could have written it", path);
  SealedPlugin plugin = sealed(bytes, kind, path);
  if (const UniqueFd signature = open_file(policy, place.get(), kind + ".so.minisig")) {
    const std::string name = path + ".minisig";
    check_file(policy, signature.get(), name);
    plugin.signature = signature_text(signature.get(), name);
  } else if (errno != ENOENT) {
    refuse_open(path + ".minisig");
  }
  return plugin;
}

SealedPlugin open_plugin_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) refuse_open(path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) refuse_call("cannot read " + path);
  if (!S_ISREG(status.st_mode)) refuse(fmt::format("{} is not a regular file", path));
  std::string kind = path.substr(path.rfind('/') + 1);
  if (kind.ends_with(".so")) kind.resize(kind.size() - 3);
  SealedPlugin plugin = sealed(read_all(file.get(), path), kind, path);
  const UniqueFd signature(::open((path + ".minisig").c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (signature) plugin.signature = signature_text(signature.get(), path + ".minisig");
  return plugin;
}

SealedView::SealedView(const SealedPlugin& plugin) : size_(plugin.size) {
  if (size_ == 0) return;
  data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, plugin.memory.get(), 0);
  if (data_ == MAP_FAILED) refuse_call("cannot map " + plugin.path);
}
SealedView::~SealedView() {
  if (size_ != 0) ::munmap(data_, size_);
}

}  // namespace netrig::driver
