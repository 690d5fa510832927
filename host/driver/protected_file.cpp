// SPDX-License-Identifier: Apache-2.0
#include "driver/protected_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>

#include "driver/trust.hpp"
#include "model/error_number.hpp"
#include "model/unique_fd.hpp"

namespace netrig::driver {
namespace {

/// A call that failed because the machine is in trouble says nothing of the file.
void require_machine(int error, const std::string& path) {
  if (is_of_machine(error))
    throw Error(ErrorCode::failed, fmt::format("cannot look at {}: {}", path, errno_text(error)));
}

/// `name`: what the message calls it.
std::string owner_fault(const struct stat& status, const std::string& name, const std::string& path) {
  if (is_trusted_owner(status.st_uid)) return {};
  return fmt::format("{} belongs to user {}; it must belong to root{}", name, status.st_uid,
                     protection_advice(path, status));
}

/// Directories from "/" down to the one that holds the file. A link on the way may have been turned elsewhere since the
/// file was opened, so it must be this very file (`status`) that the checked directory holds.
std::string parents_fault(const std::string& path, const struct stat& status) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(std::filesystem::path(path).parent_path(), error);
  if (error) {
    require_machine(error.value(), path);
    return fmt::format("{} cannot be followed: {}", path, error.message());
  }
  std::filesystem::path at;
  struct stat one {};
  for (const auto& part : real) {
    at /= part;
    const bool there = ::lstat(at.c_str(), &one) == 0;
    if (!there) require_machine(errno, at.string());
    if (!there || !S_ISDIR(one.st_mode)) return fmt::format("{} is no directory", at.string());
    if (std::string fault = owner_fault(one, at.string(), at.string()); !fault.empty()) return fault;
    if ((one.st_mode & 022) != 0 && (one.st_mode & S_ISVTX) == 0)
      return fmt::format("{} is writable by others (mode {:04o}){}", at.string(), one.st_mode & 07777,
                         protection_advice(at.string(), one));
  }
  at /= std::filesystem::path(path).filename();
  const bool there = ::lstat(at.c_str(), &one) == 0;
  if (!there) require_machine(errno, at.string());
  if (!there || one.st_dev != status.st_dev || one.st_ino != status.st_ino)
    return "another file came into its place while it was looked at";
  return {};
}

std::string file_fault(const struct stat& status, const std::string& path) {
  if (std::string fault = owner_fault(status, "it", path); !fault.empty()) return fault;
  if ((status.st_mode & 022) != 0)
    return fmt::format("it is writable by others (mode {:04o}){}", status.st_mode & 07777,
                       protection_advice(path, status));
  return {};
}

UniqueFd open_file(const std::string& path, const std::string& what, int flags) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags));
  if (!file && errno != ENOENT)
    throw Error(code_of(errno, ErrorCode::invalid), fmt::format("cannot open {}: {}", what, errno_text(errno)), path);
  return file;
}

std::string read_all(const UniqueFd& file, const std::string& path, const std::string& what, std::size_t most) {
  constexpr std::size_t kChunk = 65536;
  std::string text;
  // A small file never moves while it grows: it may be a secret key, and no copy of that may be left behind.
  text.reserve(2 * kChunk);
  for (;;) {
    const std::size_t before = text.size();
    text.resize(before + kChunk);
    const ssize_t size = ::read(file.get(), text.data() + before, text.size() - before);
    if (size < 0 && errno == EINTR) {
      text.resize(before);
      continue;
    }
    if (size < 0)
      throw Error(code_of(errno, ErrorCode::invalid), fmt::format("cannot read {}: {}", what, errno_text(errno)), path);
    text.resize(before + static_cast<std::size_t>(size));
    if (size == 0) return text;
    if (text.size() > most)
      throw Error(ErrorCode::invalid, fmt::format("{} is larger than {} bytes", what, most), path);
  }
}

struct stat status_of(const UniqueFd& file, const std::string& path, const std::string& what) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0)
    throw Error(code_of(errno, ErrorCode::denied), fmt::format("cannot read {}: {}", what, errno_text(errno)), path);
  if (!S_ISREG(status.st_mode)) throw Error(ErrorCode::denied, what + " is not a regular file", path);
  return status;
}

}  // namespace

std::optional<std::string> read_protected(const std::string& path, const std::string& what, std::size_t most,
                                          Parents parents) {
  const UniqueFd file = open_file(path, what, O_NOFOLLOW);
  if (!file) return std::nullopt;
  const struct stat status = status_of(file, path, what);
  std::string fault = file_fault(status, path);
  if (fault.empty() && parents == Parents::checked) fault = parents_fault(std::filesystem::absolute(path), status);
  if (!fault.empty()) throw Error(ErrorCode::denied, fmt::format("{} is not protected: {}", what, fault), path);
  return read_all(file, path, what, most);
}

std::optional<std::string> read_file(const std::string& path, const std::string& what, std::size_t most) {
  const UniqueFd file = open_file(path, what, 0);
  if (!file) return std::nullopt;
  status_of(file, path, what);
  return read_all(file, path, what, most);
}

std::string protection_fault(const std::string& path, Parents parents) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    require_machine(errno, path);
    return fmt::format("{}: {}", path, errno_text(errno));
  }
  if (S_ISLNK(status.st_mode)) return "it is a symbolic link";
  std::string fault = file_fault(status, path);
  if (fault.empty() && parents == Parents::checked) fault = parents_fault(std::filesystem::absolute(path), status);
  return fault;
}

}  // namespace netrig::driver
