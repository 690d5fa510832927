// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/socket.hpp"
#include "model/address.hpp"

namespace netrig::kernel {

/// An entry of a forwarding database as RTM_GETNEIGH shows it.
struct FdbEntry {
  std::uint32_t ifindex = 0;
  std::uint32_t master = 0;  ///< ifindex of the bridge that has it; 0: the interface itself (a VXLAN)
  MacAddress mac;
  std::uint16_t vlan = 0;  ///< 0: none
  std::optional<IpAddress> dst = {};
};

/// Of all bridges and VXLANs of the socket's namespace.
std::vector<FdbEntry> list_fdb(Socket& socket);

}  // namespace netrig::kernel
