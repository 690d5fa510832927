// SPDX-License-Identifier: Apache-2.0
// Blocks of a pcapng file (draft-ietf-opsawg-pcapng), appended to a text, in this machine's byte order. Times are in
// nanoseconds.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

#include "capture/packet.hpp"

namespace netrig::capture {

/// Section Header Block. Interfaces are numbered anew after it. `comment`: what it is of; empty: nothing is said.
void append_section(std::string& out, const std::string& comment);
/// Interface Description Block.
void append_interface(std::string& out, const Interface& interface);
/// Enhanced Packet Block. `interface`: its number, in the order of their descriptions.
void append_packet(std::string& out, std::size_t interface, const Packet& packet);

struct Statistics {
  std::chrono::nanoseconds began{};  ///< since 1970; of what is counted
  std::chrono::nanoseconds ended{};
  Counts counts = {};
  std::uint64_t written = 0;  ///< packets in this section
};
/// Interface Statistics Block.
void append_statistics(std::string& out, std::size_t interface, const Statistics& statistics);

/// Now, as packets have it.
std::chrono::nanoseconds wall_clock();

}  // namespace netrig::capture
