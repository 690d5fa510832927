// SPDX-License-Identifier: Apache-2.0
#include "process/log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>

namespace netrig::process {
namespace {

// No link is followed, and nothing that is opened can block.
constexpr int kCarefully = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

bool is_file(const UniqueFd& file, struct stat& status) {
  return file && ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

std::string log_name(const std::string& service) { return service + ".log"; }
std::string old_log_name(const std::string& service) { return service + ".log.1"; }

bool LogWriter::open() {
  file_ = UniqueFd(::openat(directory_, name_.c_str(), O_WRONLY | O_CREAT | O_APPEND | kCarefully, 0600));
  struct stat status {};
  if (!is_file(file_, status)) file_ = {};
  size_ = file_ ? static_cast<std::uint64_t>(status.st_size) : 0;
  return static_cast<bool>(file_);
}

bool LogWriter::make_room(std::size_t size) {
  if (!file_ && !open()) return false;
  if (size_ == 0 || size_ + size <= half_) return true;
  file_ = {};
  if (::renameat(directory_, name_.c_str(), directory_, old_.c_str()) != 0) {
    static_cast<void>(::unlinkat(directory_, name_.c_str(), 0));
  }
  return open();
}

void LogWriter::write(std::string_view text) {
  if (half_ == 0 || text.empty()) return;
  line_open_ = text.back() != '\n';
  while (!text.empty()) {
    const std::string_view part = text.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(half_, text.size())));
    if (!make_room(part.size())) return;
    const ssize_t size = ::write(file_.get(), part.data(), part.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    size_ += static_cast<std::uint64_t>(size);
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

void LogWriter::note(std::string_view what) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> time{};
  std::strftime(time.data(), time.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  const char* begin = line_open_ ? "\n" : "";
  write(fmt::format("{}netrig: {} at {}\n", begin, what, time.data()));
}

UniqueFd LogReader::open(const std::string& name) const {
  UniqueFd file(::openat(directory_, name.c_str(), O_RDONLY | kCarefully));
  struct stat status {};
  return is_file(file, status) ? std::move(file) : UniqueFd();
}

void LogReader::append(const UniqueFd& file, std::string& text) {
  std::array<char, 65536> chunk{};
  for (;;) {
    const ssize_t size = ::read(file.get(), chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    text.append(chunk.data(), static_cast<std::size_t>(size));
  }
}

void LogReader::skip() {
  file_ = open(log_name(service_));
  if (file_) static_cast<void>(::lseek(file_.get(), 0, SEEK_END));
}

std::string LogReader::read() {
  std::string text;
  if (!file_) {
    if (const UniqueFd old = open(old_log_name(service_))) append(old, text);
    file_ = open(log_name(service_));
    if (file_) append(file_, text);
    return text;
  }
  append(file_, text);
  struct stat ours {};
  struct stat named {};
  if (::fstat(file_.get(), &ours) != 0) return text;
  const bool same = ::fstatat(directory_, log_name(service_).c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
                    named.st_ino == ours.st_ino && named.st_dev == ours.st_dev;
  if (same) return text;
  append(file_, text);  // what came between the read and the look
  // The one before may have been a whole file that came and went.
  if (const UniqueFd old = open(old_log_name(service_))) {
    struct stat status {};
    if (::fstat(old.get(), &status) == 0 && (status.st_ino != ours.st_ino || status.st_dev != ours.st_dev))
      append(old, text);
  }
  file_ = open(log_name(service_));
  if (file_) append(file_, text);
  return text;
}

}  // namespace netrig::process
