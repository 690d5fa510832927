// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "model/unique_fd.hpp"

namespace netrig::check {

/// How often something is asked again that this may have dropped: others may be flooding the machine, too.
constexpr int kMostRounds = 10;

/// What a kernel has only once for all namespaces, and where it drops packets without a word to anybody when that is
/// full:
/// - the queue in which a processor keeps packets that a virtual link has handed over until it gets to them
///   (input_pkt_queue of struct softnet_data), net.core.netdev_max_backlog packets, 1000 by default. A broadcast on a
///   bridge, as every new pair of hosts needs one, becomes a packet for every port at once, so two of them are too many
///   for 1,000 hosts;
/// - the neighbour tables (see neighbours.hpp): a host that finds no room there cannot answer.
/// Thread: one at a time.
class MachineRoom {
 public:
  MachineRoom();

  /// How many packets a queue holds.
  [[nodiscard]] std::size_t queue() const { return queue_; }
  /// How often there was no room, since the machine started; 0 if the kernel does not tell.
  [[nodiscard]] std::uint64_t refusals() const;
  /// Waits until no queue holds more than `most` packets, no longer than `longest`: on a busy machine that may never
  /// be.
  void await(std::size_t most, std::chrono::nanoseconds longest) const;

 private:
  UniqueFd queues_;
  std::array<UniqueFd, 2> neighbours_;  ///< ARP and neighbour discovery
  std::size_t queue_ = 1000;
};

}  // namespace netrig::check
