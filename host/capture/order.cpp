// SPDX-License-Identifier: Apache-2.0
#include "capture/order.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

namespace netrig::capture {

bool Order::is_later(const Held& one, const Held& other) {
  return std::tie(one.packet.when, one.number) > std::tie(other.packet.when, other.number);
}

void Order::add(std::size_t interface, const Packet& packet, Clock::time_point now) {
  held_.push_back({.interface = interface, .number = number_++, .packet = KeptPacket(packet)});
  std::push_heap(held_.begin(), held_.end(), is_later);
  if (batches_.empty() || batches_.back().read != now) batches_.push_back({.read = now, .latest = packet.when});
  batches_.back().latest = std::max(batches_.back().latest, packet.when);
}

void Order::release_first(const Take& take) {
  std::pop_heap(held_.begin(), held_.end(), is_later);
  take(held_.back().interface, held_.back().packet.packet());
  held_.pop_back();
}

void Order::release(Clock::time_point now, const Take& take) {
  std::optional<std::chrono::nanoseconds> due;
  while (!batches_.empty() && batches_.front().read + hold_ <= now) {
    due = std::max(due.value_or(batches_.front().latest), batches_.front().latest);
    batches_.pop_front();
  }
  while (due && !held_.empty() && held_.front().packet.when <= *due) release_first(take);
}

void Order::release(const Take& take) {
  batches_.clear();
  while (!held_.empty()) release_first(take);
}

}  // namespace netrig::capture
