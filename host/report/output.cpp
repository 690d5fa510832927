// SPDX-License-Identifier: Apache-2.0
#include "report/output.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "model/error_number.hpp"

namespace netrig::report {
namespace {

namespace fs = std::filesystem;

/// How long a reader may take nothing. Units: milliseconds
constexpr int kPatience = 10'000;
constexpr int kMostLinks = 8;

[[noreturn]] void fail(ErrorCode code, const std::string& path, const std::string& why) {
  throw Error(code, fmt::format("cannot write {}: {}", path, why));
}
[[noreturn]] void fail_errno(ErrorCode code, const std::string& path, int error) {
  if (error == ETIMEDOUT)
    fail(code, path, fmt::format("its reader has taken nothing for {} seconds", kPatience / 1000));
  if (error == ENXIO) fail(code, path, "it is a pipe that nobody reads");
  fail(code, path, errno_text(error));
}

/// What stands at a path: one entry of an open directory.
struct Entry {
  UniqueFd directory;
  std::string name;
  UniqueFd item = {};     ///< O_PATH; nothing: there is none
  struct stat owner {};   ///< of the directory
  struct stat status {};  ///< of the item, links not followed
};

Entry entry_at(const std::string& path, const std::string& typed) {
  const fs::path whole(path);
  const std::string directory = whole.has_parent_path() ? whole.parent_path().string() : ".";
  Entry entry{.directory = UniqueFd(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
              .name = whole.filename().string()};
  if (!entry.directory || ::fstat(entry.directory.get(), &entry.owner) != 0)
    fail_errno(ErrorCode::invalid, typed, errno);
  entry.item = UniqueFd(::openat(entry.directory.get(), entry.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!entry.item && errno != ENOENT) fail_errno(ErrorCode::invalid, typed, errno);
  if (entry.item && ::fstat(entry.item.get(), &entry.status) != 0) fail_errno(ErrorCode::invalid, typed, errno);
  return entry;
}

/// The kernel's own rule for sticky directories (fs.protected_symlinks, protected_fifos, protected_regular), kept also
/// where that is switched off and in directories that are not sticky.
void require_own(const struct stat& status, const Entry& entry, const std::string& typed) {
  if (status.st_uid == ::geteuid() || status.st_uid == entry.owner.st_uid) return;
  const char* what = S_ISLNK(status.st_mode)    ? "a symbolic link"
                     : S_ISFIFO(status.st_mode) ? "a pipe"
                     : S_ISREG(status.st_mode)  ? "a file"
                                                : "a device or socket";
  fail(ErrorCode::invalid, typed,
       fmt::format("it is {} of user {}, who may have put it there to mislead; name a file in a directory of your own",
                   what, status.st_uid));
}

void require_kind(const struct stat& status, const std::string& typed) {
  if (S_ISBLK(status.st_mode)) fail(ErrorCode::invalid, typed, "it is a disk; name a file");
  if (S_ISDIR(status.st_mode)) fail(ErrorCode::invalid, typed, "it is a directory; name a file in it");
  if (S_ISSOCK(status.st_mode)) fail(ErrorCode::invalid, typed, "it is a socket; name a file");
}

/// Follows links of trusted owners, one by one, so that what was checked is what is followed.
Entry followed(const std::string& typed) {
  std::string path = typed;
  for (int links = 0; links < kMostLinks; ++links) {
    Entry entry = entry_at(path, typed);
    if (!entry.item) return entry;
    require_kind(entry.status, typed);
    // A regular file is checked when it is opened; one that is only replaced may be anybody's.
    if (!S_ISREG(entry.status.st_mode)) require_own(entry.status, entry, typed);
    struct statfs system {};
    // Links in /proc name no path but stand for the thing itself: /dev/stdout, /dev/fd/63.
    if (!S_ISLNK(entry.status.st_mode) ||
        (::fstatfs(entry.item.get(), &system) == 0 && system.f_type == PROC_SUPER_MAGIC))
      return entry;
    std::array<char, PATH_MAX> target{};
    const ssize_t size = ::readlinkat(entry.item.get(), "", target.data(), target.size());
    if (size <= 0) fail_errno(ErrorCode::invalid, typed, errno);
    path = (fs::path(path).parent_path() / std::string(target.data(), static_cast<std::size_t>(size))).string();
  }
  fail_errno(ErrorCode::invalid, typed, ELOOP);
}

/// One of our own descriptors that a name in /proc stands for: writing goes on where it is, instead of at the beginning
/// of the file. Nothing: it is none of ours.
UniqueFd descriptor_named(const Entry& entry) {
  int number = -1;
  struct stat named {};
  struct stat ours {};
  const char* end = entry.name.data() + entry.name.size();
  if (std::from_chars(entry.name.data(), end, number).ptr != end ||
      ::fstatat(entry.directory.get(), entry.name.c_str(), &named, 0) != 0 || ::fstat(number, &ours) != 0 ||
      named.st_dev != ours.st_dev || named.st_ino != ours.st_ino)
    return {};
  return UniqueFd(::fcntl(number, F_DUPFD_CLOEXEC, 0));
}

UniqueFd open_entry(const Entry& entry, const std::string& typed, int flags, mode_t mode = 0666) {
  const bool magic = entry.item && S_ISLNK(entry.status.st_mode);
  struct stat opened {};
  if (magic)
    if (UniqueFd file = descriptor_named(entry); file && ::fstat(file.get(), &opened) == 0 && S_ISREG(opened.st_mode))
      return file;
  // O_NONBLOCK: a pipe that nobody reads must not hang us.
  UniqueFd file(::openat(entry.directory.get(), entry.name.c_str(),
                         O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (magic ? 0 : O_NOFOLLOW) | flags, mode));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) fail_errno(ErrorCode::invalid, typed, errno);
  require_kind(status, typed);
  if (!magic) require_own(status, entry, typed);
  return file;
}

void write_beside(const std::string& path, const std::string& text) {
  std::string beside = path + ".XXXXXX";
  UniqueFd file(::mkostemp(beside.data(), O_CLOEXEC));
  if (!file) fail_errno(ErrorCode::failed, path, errno);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  int error = write_all(file.get(), text);
  if (error == 0 && (::fchmod(file.get(), 0666 & ~mask) != 0 || ::close(file.release()) != 0 ||
                     ::rename(beside.c_str(), path.c_str()) != 0))
    error = errno;
  if (error == 0) return;
  ::unlink(beside.c_str());
  fail_errno(ErrorCode::failed, path, error);
}

/// Whether a path is a regular file, or nothing yet, that can be replaced. /dev/stdout and /dev/fd/63 stand for what is
/// open already, whatever that is.
bool is_file(const std::string& path) {
  std::error_code ignored;
  const fs::path target = fs::read_symlink(path, ignored);
  struct statfs system {};
  const fs::path directory = fs::path(path).has_parent_path() ? fs::path(path).parent_path() : ".";
  if (target.string().starts_with("/proc/") ||
      (::statfs(directory.c_str(), &system) == 0 && system.f_type == PROC_SUPER_MAGIC))
    return false;
  struct stat status {};
  return ::stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode);
}

int g_output_error = 0;  // the first; a stream keeps only that there was one

}  // namespace

void say(std::string_view text) noexcept {
  if ((std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) &&
      g_output_error == 0)
    g_output_error = errno;
}

void say_error(std::string_view text) noexcept { static_cast<void>(std::fwrite(text.data(), 1, text.size(), stderr)); }

std::optional<std::string> output_fault() {
  if (g_output_error == 0 || g_output_error == EPIPE) return std::nullopt;
  if (g_output_error == EBADF) return "standard output is closed";
  return errno_text(g_output_error);
}

bool reader_is_gone() noexcept {
  if (g_output_error == EPIPE) return true;
  pollfd output{.fd = STDOUT_FILENO, .events = 0, .revents = 0};
  return ::poll(&output, 1, 0) > 0 && (output.revents & (POLLERR | POLLHUP)) != 0;
}

int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(fd, text.data(), text.size());
    if (size > 0) {
      text.remove_prefix(static_cast<std::size_t>(size));
    } else if (size < 0 && errno == EAGAIN) {
      pollfd wait{fd, POLLOUT, 0};
      if (::poll(&wait, 1, kPatience) == 0) return ETIMEDOUT;
    } else if (size == 0 || errno != EINTR) {
      return size == 0 ? EIO : errno;
    }
  }
  return 0;
}

void write_output(const std::string& path, const std::string& text) {
  if (path == "-") {
    say(text);
    if (const auto fault = output_fault()) fail(ErrorCode::failed, "standard output", *fault);
    return;
  }
  if (is_file(path)) return write_beside(path, text);
  const UniqueFd file = open_entry(followed(path), path, 0);
  if (const int error = write_all(file.get(), text); error != 0) fail_errno(ErrorCode::failed, path, error);
}

void check_output(const std::string& path) {
  if (path != "-" && !is_file(path)) static_cast<void>(followed(path));
}

void check_log(const std::string& path) { static_cast<void>(followed(path)); }

namespace {

// What is in it is nobody's but whose file it is: packets, what drivers ask and answer.
constexpr mode_t kOwn = 0600;

}  // namespace

UniqueFd open_log(const std::string& path) { return open_entry(followed(path), path, O_APPEND | O_CREAT, kOwn); }

UniqueFd open_stream(const std::string& path) {
  UniqueFd file = path == "-" ? UniqueFd(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0))
                              : open_entry(followed(path), path, O_CREAT, kOwn);
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) fail_errno(ErrorCode::invalid, path, errno);
  // Not by O_TRUNC: whose it is was looked at only once it was open.
  if (path != "-" && S_ISREG(status.st_mode) && ::ftruncate(file.get(), 0) != 0)
    fail_errno(ErrorCode::invalid, path, errno);
  return file;
}

}  // namespace netrig::report
