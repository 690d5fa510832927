// SPDX-License-Identifier: Apache-2.0
#include "engine/record_directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <memory>
#include <thread>

#include "model/error_number.hpp"

namespace netrig::engine {
namespace {

constexpr const char* kLock = "lock";

[[noreturn]] void fail(const std::string& what) {
  const int error = errno;
  if (error == EPERM || error == EACCES)
    throw Error(ErrorCode::denied, fmt::format("{}: {}; run it with sudo", what, errno_text(error)));
  throw Error(ErrorCode::failed, fmt::format("{}: {}", what, errno_text(error)));
}

[[noreturn]] void distrust(const std::string& path, const std::string& fault, const char* wanted) {
  throw Error(ErrorCode::denied,
              fmt::format("{} {}; it must be a {} that belongs to root and that nobody else can write, or it is not "
                          "believed: see who made it and what it says, then remove it or make it root's alone",
                          path, fault, wanted));
}

/// `type`: S_IFDIR or S_IFREG.
void require_trusted(const UniqueFd& fd, const std::string& path, mode_t type) {
  const char* wanted = type == S_IFDIR ? "directory" : "regular file";
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) fail(fmt::format("cannot read {}", path));
  if ((status.st_mode & S_IFMT) != type) distrust(path, fmt::format("is no {}", wanted), wanted);
  if (status.st_uid != 0 && status.st_uid != ::geteuid())
    distrust(path, fmt::format("belongs to user {}", status.st_uid), wanted);
  if ((status.st_mode & 022) != 0)
    distrust(path, fmt::format("can be written by others (mode {:04o})", status.st_mode & 07777U), wanted);
}

/// Nothing: it is not there.
UniqueFd open_directory(int above, const std::string& name, const std::string& path) {
  UniqueFd fd(::openat(above, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT) return {};
    if (errno == ENOTDIR || errno == ELOOP) distrust(path, "is no directory", "directory");
    fail(fmt::format("cannot open {}", path));
  }
  require_trusted(fd, path, S_IFDIR);
  return fd;
}

UniqueFd open_run_directory(bool create) {
  if (create && ::mkdir(kRunDirectory, 0755) != 0 && errno != EEXIST)
    fail(fmt::format("cannot make {}", kRunDirectory));
  return open_directory(AT_FDCWD, kRunDirectory, kRunDirectory);
}

/// Of this open file, not of this process: it goes when the file is closed, also by a kill, and others can look at it
/// without taking it.
struct flock whole_file() {
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  return range;
}

/// False: another has it.
bool try_lock(const UniqueFd& file, const std::string& path) {
  struct flock range = whole_file();
  if (::fcntl(file.get(), F_OFD_SETLK, &range) == 0) return true;
  if (errno != EAGAIN && errno != EACCES) fail(fmt::format("cannot lock {}", path));
  return false;
}

}  // namespace

void write_all(const UniqueFd& file, const std::string& text, const std::string& path) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t size = ::write(file.get(), text.data() + done, text.size() - done);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) fail(fmt::format("cannot write {}", path));
    done += static_cast<std::size_t>(size);
  }
}

std::string RecordDirectory::path(const std::string& file) const {
  return fmt::format("{}/{}/{}", kRunDirectory, name_, file);
}

std::optional<RecordDirectory> RecordDirectory::open(const std::string& name, bool create) {
  UniqueFd above = open_run_directory(create);
  if (!above) return std::nullopt;
  const std::string path = fmt::format("{}/{}", kRunDirectory, name);
  const bool made = create && ::mkdirat(above.get(), name.c_str(), 0700) == 0;
  if (create && !made && errno != EEXIST) fail(fmt::format("cannot make {}", path));
  try {
    UniqueFd fd = open_directory(above.get(), name, path);
    if (!fd) return std::nullopt;
    RecordDirectory one(name, std::move(above), std::move(fd));
    one.made_ = made;
    return one;
  } catch (const Error&) {
    if (made) static_cast<void>(::unlinkat(above.get(), name.c_str(), AT_REMOVEDIR));
    throw;
  }
}

void RecordDirectory::unmake() {
  lock_ = {};
  if (!made_ || ::unlinkat(above_.get(), name_.c_str(), AT_REMOVEDIR) == 0) return;
  try {
    if (holder()) return;  // somebody has come by since
  } catch (const Error&) {
    return;
  }
  static_cast<void>(::unlinkat(fd_.get(), kLock, 0));
  static_cast<void>(::unlinkat(above_.get(), name_.c_str(), AT_REMOVEDIR));
}

std::optional<RecordDirectory> RecordDirectory::look(const std::string& name) { return open(name, false); }

bool RecordDirectory::is_ours(const UniqueFd& lock) const {
  struct stat held {};
  struct stat named {};
  return ::fstat(lock.get(), &held) == 0 && ::fstatat(fd_.get(), kLock, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

std::optional<RecordDirectory> RecordDirectory::lock(const std::string& name, const Asked& asked) {
  constexpr std::chrono::milliseconds kPause{20};
  const std::string self = fmt::format("{}", ::getpid());
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  for (;;) {
    if (asked.interrupted != nullptr && *asked.interrupted)
      throw Error(ErrorCode::interrupted, "interrupted while waiting for another netrig");
    auto one = open(name, asked.create);
    if (!one) return std::nullopt;
    UniqueFd lock;
    bool locked = false;
    try {
      lock = one->open_file(kLock, O_RDWR | O_CREAT);
      locked = lock && try_lock(lock, one->path(kLock));
    } catch (const Error&) {
      one->unmake();
      throw;
    }
    if (!lock) continue;  // whoever had it has removed the directory
    if (!locked) {
      const pid_t holder = one->holder().value_or(0);
      // One that has been killed may have begun a worker, which has the lock until it has closed what it inherited.
      const bool dying = holder != 0 && ::kill(holder, 0) != 0 && errno == ESRCH;
      if (asked.wait == Wait::no && !(dying && std::chrono::steady_clock::now() < patience))
        throw Error(ErrorCode::conflict,
                    fmt::format("lab \"{}\" is being {} by {}; wait for it with --wait", name,
                                asked.doing ? asked.doing(*one) : "changed",
                                holder == 0 ? "another netrig" : fmt::format("netrig (process {})", holder)));
      std::this_thread::sleep_for(kPause);
      continue;
    }
    // The process that had it may have removed the lab, and this file with it.
    if (!one->is_ours(lock)) continue;
    // Only for who finds it locked; a full disk must not keep anybody from taking a lab down.
    if (::ftruncate(lock.get(), 0) == 0)
      static_cast<void>(::pwrite(lock.get(), self.data(), self.size(), 0) == static_cast<ssize_t>(self.size()));
    one->lock_ = std::move(lock);
    return one;
  }
}

namespace {

/// All that a directory holds, sorted. `path` is for the message.
std::vector<std::string> names_in(UniqueFd fd, const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(fd.get()), ::closedir);
  if (!listing) fail(fmt::format("cannot read {}", path));
  static_cast<void>(fd.release());  // closedir() closes it
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(listing.get());
    if (entry == nullptr) break;
    names.emplace_back(entry->d_name);
  }
  if (errno != 0) fail(fmt::format("cannot read {}", path));
  std::erase_if(names, [](const std::string& name) { return name == "." || name == ".."; });
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::vector<std::string> RecordDirectory::names() {
  UniqueFd fd = open_run_directory(false);
  return fd ? names_in(std::move(fd), kRunDirectory) : std::vector<std::string>{};
}

UniqueFd RecordDirectory::subdirectory(const std::string& name, bool create) const {
  if (create && ::mkdirat(fd_.get(), name.c_str(), 0700) != 0 && errno != EEXIST)
    fail(fmt::format("cannot make {}", path(name)));
  return open_directory(fd_.get(), name, path(name));
}

void RecordDirectory::remove_subdirectory(const std::string& name) const {
  const UniqueFd fd = subdirectory(name, false);
  if (!fd) return;
  UniqueFd list(::openat(fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!list) fail(fmt::format("cannot read {}", path(name)));
  for (const std::string& file : names_in(std::move(list), path(name)))
    if (::unlinkat(fd.get(), file.c_str(), 0) != 0 && errno != ENOENT)
      fail(fmt::format("cannot remove {}/{}", path(name), file));
  if (::unlinkat(fd_.get(), name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
    fail(fmt::format("cannot remove {}", path(name)));
}

std::optional<pid_t> RecordDirectory::holder() const {
  const UniqueFd file = open_file(kLock, O_RDONLY);
  if (!file) return std::nullopt;
  struct flock range = whole_file();
  if (::fcntl(file.get(), F_OFD_GETLK, &range) != 0) fail(fmt::format("cannot look at {}", path(kLock)));
  if (range.l_type == F_UNLCK) return std::nullopt;
  const std::string text = read(kLock).value_or("");
  pid_t process = 0;
  std::from_chars(text.data(), text.data() + text.size(), process);
  return process;
}

UniqueFd RecordDirectory::open_file(const std::string& file, int flags) const {
  UniqueFd fd(::openat(fd_.get(), file.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600));
  if (!fd) {
    if (errno == ENOENT) return {};
    // A link, a socket or a FIFO without a reader, a directory.
    if (errno == ELOOP || errno == ENXIO || errno == EISDIR) distrust(path(file), "is no regular file", "regular file");
    fail(fmt::format("cannot open {}", path(file)));
  }
  require_trusted(fd, path(file), S_IFREG);
  return fd;
}

std::optional<std::string> RecordDirectory::read(const std::string& file) const {
  const UniqueFd fd = open_file(file, O_RDONLY);
  if (!fd) return std::nullopt;
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) fail(fmt::format("cannot read {}", path(file)));
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t size = ::read(fd.get(), text.data() + done, text.size() - done);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) fail(fmt::format("cannot read {}", path(file)));
    if (size == 0) break;
    done += static_cast<std::size_t>(size);
  }
  text.resize(done);
  return text;
}

void RecordDirectory::replace(const std::string& file, const std::string& text) const {
  const std::string fresh = file + ".new";
  if (::unlinkat(fd_.get(), fresh.c_str(), 0) != 0 && errno != ENOENT)
    fail(fmt::format("cannot remove {}", path(fresh)));
  const UniqueFd fd = open_file(fresh, O_WRONLY | O_CREAT | O_EXCL);
  if (!fd) fail(fmt::format("cannot write {}", path(fresh)));
  write_all(fd, text, path(fresh));
  if (::renameat(fd_.get(), fresh.c_str(), fd_.get(), file.c_str()) != 0)
    fail(fmt::format("cannot write {}", path(file)));
}

UniqueFd RecordDirectory::append_to(const std::string& file) const {
  UniqueFd fd = open_file(file, O_WRONLY | O_APPEND);
  if (!fd) fail(fmt::format("cannot open {}", path(file)));
  return fd;
}

void RecordDirectory::remove(const std::vector<std::string>& files) {
  std::vector<std::string> all;
  for (const std::string& file : files) all.insert(all.end(), {file + ".new", file});
  // The lock goes last but one: until then nobody else can take the name.
  all.emplace_back(kLock);
  for (const std::string& file : all)
    if (::unlinkat(fd_.get(), file.c_str(), 0) != 0 && errno != ENOENT)
      fail(fmt::format("cannot remove {}", path(file)));
  if (::unlinkat(above_.get(), name_.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT && errno != ENOTEMPTY)
    fail(fmt::format("cannot remove {}/{}", kRunDirectory, name_));
}

}  // namespace netrig::engine
