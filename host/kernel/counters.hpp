// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/socket.hpp"

namespace netrig::kernel {

/// What IFLA_STATS64 counts (struct rtnl_link_stats64).
struct LinkCounters {
  std::uint32_t ifindex = 0;
  std::string name;
  std::uint64_t packets = 0;  ///< received and sent
  std::uint64_t sent = 0;     ///< packets
  std::uint64_t bytes = 0;
  std::uint64_t drops = 0;   ///< rx_dropped, rx_missed_errors and tx_dropped
  std::uint64_t errors = 0;  ///< rx_errors and tx_errors
};

/// Of all links of the socket's namespace, one dump.
std::vector<LinkCounters> list_counters(Socket& socket);

}  // namespace netrig::kernel
