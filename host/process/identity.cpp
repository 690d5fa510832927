// SPDX-License-Identifier: Apache-2.0
#include "process/identity.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <string>
#include <string_view>

#include "model/error_number.hpp"
#include "process/stat.hpp"

namespace netrig::process {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kBegan = 22;  // proc(5), counted from 1
constexpr std::size_t kState = 3;

std::uint64_t inode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

std::uint64_t own_space() { return inode_of("/proc/self/ns/pid"); }

/// Whether /proc is that of our own PID namespace, where numbers mean what they mean to us.
bool proc_is_ours() {
  std::array<char, 32> text{};
  const ssize_t size = ::readlink("/proc/self", text.data(), text.size());
  pid_t self = 0;
  return size > 0 && std::from_chars(text.data(), text.data() + size, self).ec == std::errc() && self == ::getpid();
}

bool is_it(pid_t process, const Identity& identity) {
  return stat_field(process, kBegan) == identity.began &&
         inode_of(fmt::format("/proc/{}/ns/pid", process)) == identity.space;
}

Found unknown(pid_t process, int error) {
  return {.whereabouts = Whereabouts::unknown,
          .why = fmt::format("process {} cannot be looked at: {}", process, errno_text(error))};
}

/// It counts as found only if it is still the one once it is open: from then on the descriptor cannot be another's.
Found open_it(pid_t process, const Identity& identity) {
  UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
  if (!fd) return errno == ESRCH ? Found{} : unknown(process, errno);
  errno = 0;
  const auto began = stat_field(process, kBegan);
  if (began && *began != identity.began) return {};
  const std::uint64_t space = began ? inode_of(fmt::format("/proc/{}/ns/pid", process)) : 0;
  const int error = errno;
  // Of one that ends while it is looked at, nothing can be read any more.
  if (has_ended(fd) || (space != 0 && space != identity.space)) return {};
  if (space == 0) return unknown(process, error);
  return {.whereabouts = Whereabouts::here, .process = std::move(fd)};
}

/// From another PID namespace it has another number, if it is seen at all.
Found find_elsewhere(const Identity& identity) {
  std::error_code fault;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", fault)) {
    const std::string name = entry.path().filename();
    pid_t process = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), process).ptr != name.data() + name.size()) continue;
    if (!is_it(process, identity)) continue;
    if (Found found = open_it(process, identity); found.whereabouts == Whereabouts::here) return found;
  }
  return {.whereabouts = Whereabouts::unknown,
          .why = "it was started in another PID namespace, of which nothing is seen from here"};
}

}  // namespace

std::optional<std::uint64_t> stat_field(pid_t process, std::size_t field) {
  const UniqueFd file(::open(fmt::format("/proc/{}/stat", process).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::array<char, 4096> bytes{};
  const ssize_t size = ::read(file.get(), bytes.data(), bytes.size());
  if (size <= 0) return std::nullopt;
  std::string_view rest(bytes.data(), static_cast<std::size_t>(size));
  const std::size_t name_end = rest.rfind(')');  // the name may hold blanks and parentheses
  if (name_end == std::string_view::npos) return std::nullopt;
  rest.remove_prefix(name_end + 1);
  for (std::size_t at = kState; !rest.empty(); ++at) {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(word.size());
    if (at != field) continue;
    std::uint64_t number = 0;
    if (std::from_chars(word.data(), word.data() + word.size(), number).ec != std::errc()) return std::nullopt;
    return number;
  }
  return std::nullopt;
}

std::optional<Identity> identity_of(pid_t process) {
  if (!proc_is_ours()) return std::nullopt;
  const auto began = stat_field(process, kBegan);
  const std::uint64_t space = inode_of(fmt::format("/proc/{}/ns/pid", process));
  const std::uint64_t seen_from = own_space();
  if (!began || space == 0 || seen_from == 0) return std::nullopt;
  return Identity{.process = process, .began = *began, .space = space, .seen_from = seen_from};
}

Found find(const Identity& identity) {
  if (identity.process <= 0) return {};
  if (!proc_is_ours())
    return {.whereabouts = Whereabouts::unknown, .why = "/proc does not show the PID namespace that netrig runs in"};
  const std::uint64_t here = own_space();
  if (here == 0) return unknown(identity.process, errno);
  return here == identity.seen_from ? open_it(identity.process, identity) : find_elsewhere(identity);
}

bool has_ended(const UniqueFd& process) {
  pollfd wait{process.get(), POLLIN, 0};
  return ::poll(&wait, 1, 0) > 0;
}

bool send_signal(const UniqueFd& process, int signal) {
  return ::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0) == 0;
}

bool await_end(const UniqueFd& process, steady_clock::time_point until) {
  for (;;) {
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now()).count();
    pollfd wait{process.get(), POLLIN, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(std::clamp<std::int64_t>(rest, 0, 1 << 30)));
    if (ready > 0) return true;
    if (ready == 0 && rest <= 1 << 30) return false;
    if (ready < 0 && errno != EINTR) return false;
  }
}

}  // namespace netrig::process
