// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

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
std::optional<std::string> read_all(const UniqueFd& file) {
  std::array<char, 4096> text{};
  const ssize_t size = ::pread(file.get(), text.data(), text.size(), 0);
  if (size < 0) return std::nullopt;
  std::string value(text.data(), static_cast<std::size_t>(size));
  while (!value.empty() && value.back() == '\n') value.pop_back();
  std::replace(value.begin(), value.end(), '\t', ' ');  // between the numbers of one with several
  return value;
}

/// Absent, written only (net.ipv4.route.flush), or without a value (stable_secret).
bool is_unreadable(const std::string& key, int error) {
  return error == ENOENT || error == EACCES || error == EPERM || (error == EIO && key.ends_with("stable_secret"));
}

}  // namespace

std::optional<std::string> find_sysctl(const std::string& key) {
  const UniqueFd file(::open(file_of(key).c_str(), O_RDONLY | O_CLOEXEC));
  auto value = file ? read_all(file) : std::nullopt;
  if (!value && !is_unreadable(key, errno)) fail(key, "read");
  return value;
}

std::optional<std::string> write_sysctl(const std::string& key, const std::string& value) {
  // One look at the name does for both: each goes through the directories of all namespaces.
  const std::string path = file_of(key);
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file && errno == EACCES) file = UniqueFd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) fail(key, "set");
  const std::string line = value + "\n";  // of nothing at all the kernel would take no notice
  if (::write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) fail(key, "set");
  return read_all(file);
}

std::vector<std::string> sysctls_of(const std::string& interface) {
  std::vector<std::string> keys;
  for (const char* kind : {"ipv4.conf", "ipv4.neigh", "ipv6.conf", "ipv6.neigh", "mpls.conf"}) {
    const std::string any = fmt::format("net.{}", kind);
    std::error_code fault;  // one that the kernel, or the interface, has not
    for (const auto& file : std::filesystem::directory_iterator(file_of(any) + "/" + interface, fault)) {
      std::string name = interface;
      std::replace(name.begin(), name.end(), '.', '/');
      keys.push_back(fmt::format("{}.{}.{}", any, name, file.path().filename().string()));
    }
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace netrig::kernel
