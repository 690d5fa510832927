// SPDX-License-Identifier: Apache-2.0
#include "report/output.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "model/error.hpp"
#include "model/unique_fd.hpp"
#include "netlink/socket.hpp"

namespace netrig::report {
namespace {

[[noreturn]] void fail(const std::string& path) {
  throw Error(ErrorCode::failed, fmt::format("cannot write {}: {}", path, netlink::errno_text(errno)));
}

/// Whether all of it was taken.
bool write_all(int fd, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t size = ::write(fd, text.data() + at, text.size() - at);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    at += static_cast<std::size_t>(size);
  }
  return true;
}

void write_beside(const std::string& path, const std::string& text) {
  std::string beside = path + ".XXXXXX";
  UniqueFd file(::mkostemp(beside.data(), O_CLOEXEC));
  if (!file) fail(path);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  if (write_all(file.get(), text) && ::fchmod(file.get(), 0666 & ~mask) == 0 && ::close(file.release()) == 0 &&
      ::rename(beside.c_str(), path.c_str()) == 0)
    return;
  const int error = errno;
  ::unlink(beside.c_str());
  errno = error;
  fail(path);
}

int g_output_error = 0;  // the first; a stream keeps only that there was one

void remember_output_error() {
  if (g_output_error == 0) g_output_error = errno;
}

}  // namespace

void say(std::string_view text) noexcept {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) remember_output_error();
}

void say_error(std::string_view text) noexcept { static_cast<void>(std::fwrite(text.data(), 1, text.size(), stderr)); }

std::optional<std::string> output_fault() {
  if (std::fflush(stdout) != 0) remember_output_error();
  if (g_output_error == 0 || g_output_error == EPIPE) return std::nullopt;
  return netlink::errno_text(g_output_error);
}

void write_output(const std::string& path, const std::string& text) {
  if (path == "-") {
    say(text);
    if (const auto fault = output_fault())
      throw Error(ErrorCode::failed, fmt::format("cannot write standard output: {}", *fault));
    return;
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file || !write_all(file.get(), text)) fail(path);
    return;
  }
  write_beside(path, text);
}

}  // namespace netrig::report
