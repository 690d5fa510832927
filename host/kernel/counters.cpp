// SPDX-License-Identifier: Apache-2.0
#include "kernel/counters.hpp"

#include <linux/if.h>
#include <linux/if_link.h>

#include "kernel/message.hpp"

namespace netrig::kernel {
namespace {

// An older kernel's counters are fewer; those that it lacks stay zero.
constexpr Policy kCountersPolicy(Expected{IFLA_IFNAME, 1, IFNAMSIZ},
                                 expect_bytes(IFLA_STATS64, offsetof(rtnl_link_stats64, multicast)));

}  // namespace

std::vector<LinkCounters> list_counters(Socket& socket) {
  Batch batch;
  batch.begin(RTM_GETLINK, NLM_F_DUMP, ifinfomsg{});
  std::vector<LinkCounters> all;
  dump_read<ifinfomsg, kCountersPolicy>(
      socket, batch, "the counters of a namespace", [&](const ifinfomsg& header, const auto& found) {
        const auto stats = found.template as<IFLA_STATS64, rtnl_link_stats64>();
        if (!stats || !found.template has<IFLA_IFNAME>()) return;
        all.push_back({.ifindex = static_cast<std::uint32_t>(header.ifi_index),
                       .name = *found.template text<IFLA_IFNAME>(),
                       .packets = stats->rx_packets + stats->tx_packets,
                       .sent = stats->tx_packets,
                       .bytes = stats->rx_bytes + stats->tx_bytes,
                       .drops = stats->rx_dropped + stats->rx_missed_errors + stats->tx_dropped,
                       .errors = stats->rx_errors + stats->tx_errors});
      });
  return all;
}

}  // namespace netrig::kernel
