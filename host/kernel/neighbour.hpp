// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/batch.hpp"
#include "kernel/socket.hpp"
#include "model/address.hpp"

namespace netrig::kernel {

/// A neighbour entry as RTM_GETNEIGH shows it.
struct NeighbourEntry {
  std::uint32_t ifindex = 0;
  std::uint16_t state = 0;  ///< NUD_* of linux/neighbour.h
  std::uint8_t flags = 0;   ///< NTF_*
  IpAddress address;
  std::optional<MacAddress> mac;
  std::uint8_t protocol = 0;  ///< NDA_PROTOCOL, RTPROT_*
};

/// All ARP and neighbour discovery entries of the socket's namespace, or all addresses that are proxied in it.
enum class NeighbourTable : std::uint8_t { entries, proxies };
std::vector<NeighbourEntry> list_neighbours(Socket& socket, NeighbourTable table = NeighbourTable::entries);
void delete_neighbour(Batch& batch, std::uint32_t ifindex, const IpAddress& address);
/// "reachable", "stale", "failed"... as ip-neighbour(8) writes them.
std::string neighbour_state_text(std::uint16_t state);

}  // namespace netrig::kernel
