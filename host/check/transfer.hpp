// SPDX-License-Identifier: Apache-2.0
// So many bytes over TCP, from one namespace to another. iperf3 cannot say how long they took: its receiver stops
// counting when its sender has handed the last byte to its own kernel (--bytes of iperf3 3.12: none received).
#pragma once
#include <cstdint>
#include <optional>

#include "check/job.hpp"

namespace netrig::check {

struct TransferSpec {
  std::size_t from = 0;  ///< namespace that connects
  std::size_t to = 0;    ///< namespace that listens
  IpAddress address;
  std::uint16_t port = 0;
  std::uint64_t size = 0;                 ///< of all streams; Units: bytes
  std::uint32_t streams = 1;              ///< connections side by side
  bool reverse = false;                   ///< the one that listens sends
  std::optional<std::int64_t> rate = {};  ///< of all streams; Units: bit/s
};

struct Transferred {
  std::uint64_t received = 0;  ///< Units: bytes
  double seconds = 0;          ///< from the connections' being there to the last byte
  std::uint64_t segments_sent_again = 0;
  double packets = 0;     ///< received bytes in segments of the greatest size
  double cpu_sender = 0;  ///< Units: percent of a processor
  double cpu_receiver = 0;
  /// What had been received after so many seconds; Units: bytes.
  std::vector<std::pair<double, std::uint64_t>> course = {};
  std::string fault = {};  ///< why it is not whole; empty: it is
};

/// Returns when all has been received, the connections broke, or `until` is over. Throws Error if it cannot begin at
/// this end.
Transferred transfer(const Ground& ground, const TransferSpec& spec, const Until& until);

}  // namespace netrig::check
