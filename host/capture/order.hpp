// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "capture/packet.hpp"

namespace netrig::capture {

/// Packets of many interfaces in the order of time, as far as each is read within `hold` after it arrived: so long they
/// are kept back. It goes by when they were read, for the clock that packets are stamped by can be set.
class Order {
 public:
  using Clock = std::chrono::steady_clock;
  using Take = std::function<void(std::size_t interface, const Packet&)>;

  explicit Order(Clock::duration hold) : hold_(hold) {}

  void add(std::size_t interface, const Packet& packet, Clock::time_point now);
  /// Hands over those that none will come before.
  void release(Clock::time_point now, const Take& take);
  /// All.
  void release(const Take& take);
  [[nodiscard]] bool empty() const { return held_.empty(); }

 private:
  struct Held {
    std::size_t interface = 0;
    std::uint64_t number = 0;
    KeptPacket packet;
  };
  /// Packets that were read at the same time.
  struct Batch {
    Clock::time_point read;
    std::chrono::nanoseconds latest{};
  };
  static bool is_later(const Held& one, const Held& other);
  void release_first(const Take& take);

  Clock::duration hold_;
  std::uint64_t number_ = 0;
  std::vector<Held> held_;  ///< a heap, the earliest first
  std::deque<Batch> batches_;
};

}  // namespace netrig::capture
