// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "kernel/namespace.hpp"
#include "model/error_number.hpp"

namespace netrig::kernel {
namespace {

/// "net.ipv4.ip_forward" -> "/proc/sys/net/ipv4/ip_forward". As in sysctl(8), a key whose first separator is a slash is
/// a path already, so that interface names may contain dots.
std::string file_of(const std::string& key) {
  std::string path = key;
  if (path.find('/') == std::string::npos || path.find('.') < path.find('/'))
    std::transform(path.begin(), path.end(), path.begin(), [](char c) { return c == '.' ? '/' : c == '/' ? '.' : c; });
  return "/proc/sys/" + path;
}

[[noreturn]] void fail(const std::string& key, const char* verb) {
  const int error = errno;
  const ErrorCode code = error == ENOENT   ? ErrorCode::unsupported
                         : error == EACCES ? ErrorCode::denied
                                           : ErrorCode::failed;
  const char* advice = error == ENOENT ? "; this kernel has no such sysctl in a network namespace" : "";
  throw Error(code, fmt::format("cannot {} sysctl {}: {}{}", verb, key, errno_text(error), advice));
}

/// The value; nothing, and errno says why.
std::optional<std::string> try_read(const std::string& key) {
  const UniqueFd file(::open(file_of(key).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::array<char, 4096> text{};
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  if (size < 0) return std::nullopt;
  std::string value(text.data(), static_cast<std::size_t>(size));
  while (!value.empty() && value.back() == '\n') value.pop_back();
  return value;
}

}  // namespace

std::string read_sysctl(const std::string& key) {
  auto value = try_read(key);
  if (!value) fail(key, "read");
  return std::move(*value);
}

std::optional<std::string> find_sysctl(const std::string& key) {
  auto value = try_read(key);
  // Absent, or written only (net.ipv4.route.flush); stable_secret is EIO until it is set.
  if (!value && errno != ENOENT && errno != EACCES && errno != EPERM && errno != EIO) fail(key, "read");
  return value;
}

void write_sysctl(const std::string& key, const std::string& value) {
  const UniqueFd file(::open(file_of(key).c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) fail(key, "set");
  if (::write(file.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size())) fail(key, "set");
}

}  // namespace netrig::kernel
