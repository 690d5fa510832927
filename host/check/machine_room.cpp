// SPDX-License-Identifier: Apache-2.0
#include "check/machine_room.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

namespace netrig::check {
namespace {

constexpr auto kPause = std::chrono::microseconds(50);

// Fields of a line of /proc/net/softnet_stat (net/core/net-procfs.c).
constexpr std::size_t kDropped = 1;
constexpr std::size_t kLength = 11;
// Of /proc/net/stat/arp_cache and ndisc_cache (net/core/neighbour.c), of which only the machine's first network
// namespace has one.
constexpr std::size_t kTableFull = 12;

UniqueFd open_to_read(const char* path) { return UniqueFd(::open(path, O_RDONLY | O_CLOEXEC)); }

UniqueFd open_table(const std::string& name) {
  UniqueFd own = open_to_read(("/proc/thread-self/net/stat/" + name).c_str());
  return own ? std::move(own) : open_to_read(("/proc/1/net/stat/" + name).c_str());
}

/// Calls `each` with a field of every line, of which there is one for each processor.
template <typename Each>
void for_each_processor(const UniqueFd& file, std::size_t field, Each&& each) {
  std::string text;
  for (std::string chunk(4096, '\0');;) {
    const ssize_t size = ::pread(file.get(), chunk.data(), chunk.size(), static_cast<off_t>(text.size()));
    if (size <= 0) break;
    text.append(chunk, 0, static_cast<std::size_t>(size));
  }
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1);
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    for (std::size_t i = 0; i <= field; ++i) {
      line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
      std::uint64_t number = 0;
      const auto [stop, problem] = std::from_chars(line.data(), line.data() + line.size(), number, 16);
      if (problem != std::errc{}) break;  // the heading, or an older kernel
      line.remove_prefix(static_cast<std::size_t>(stop - line.data()));
      if (i == field) each(number);
    }
  }
}

}  // namespace

MachineRoom::MachineRoom()
    : queues_(open_to_read("/proc/thread-self/net/softnet_stat")),
      neighbours_{open_table("arp_cache"), open_table("ndisc_cache")} {
  // Only the machine's first network namespace shows it.
  std::size_t queue = 0;
  if (std::ifstream("/proc/sys/net/core/netdev_max_backlog") >> queue) queue_ = queue;
}

std::uint64_t MachineRoom::refusals() const {
  std::uint64_t sum = 0;
  const auto add = [&](std::uint64_t number) { sum += number; };
  for_each_processor(queues_, kDropped, add);
  for (const UniqueFd& table : neighbours_) for_each_processor(table, kTableFull, add);
  return sum;
}

void MachineRoom::await(std::size_t most, std::chrono::nanoseconds longest_wait) const {
  const auto until = std::chrono::steady_clock::now() + longest_wait;
  while (true) {
    std::uint64_t longest = 0;
    for_each_processor(queues_, kLength, [&](std::uint64_t length) { longest = std::max(longest, length); });
    if (longest <= most || std::chrono::steady_clock::now() >= until) return;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace netrig::check
