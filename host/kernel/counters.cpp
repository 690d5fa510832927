// SPDX-License-Identifier: Apache-2.0
#include "kernel/counters.hpp"

#include <linux/if_link.h>
#include <netlink/attr.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "kernel/batch.hpp"
#include "model/error.hpp"

namespace netrig::kernel {

std::vector<LinkCounters> list_counters(Socket& socket) {
  Batch batch;
  batch.begin(RTM_GETLINK, NLM_F_DUMP, ifinfomsg{});
  std::vector<LinkCounters> all;
  const auto refusal = socket.ask(batch, [&](std::uint16_t type, std::span<const std::byte> payload) {
    if (type != RTM_NEWLINK || payload.size() < sizeof(ifinfomsg)) return;
    ifinfomsg header{};
    std::memcpy(&header, payload.data(), sizeof header);
    const auto rest = payload.subspan(NLMSG_ALIGN(sizeof header));
    std::array<nlattr*, IFLA_MAX + 1> found{};
    auto* first = reinterpret_cast<nlattr*>(const_cast<std::byte*>(rest.data()));
    if (nla_parse(found.data(), IFLA_MAX, first, static_cast<int>(rest.size()), nullptr) < 0) return;
    if (found[IFLA_STATS64] == nullptr || found[IFLA_IFNAME] == nullptr) return;
    // An older kernel's struct is shorter; what it lacks stays zero. The attribute is not aligned to 8 bytes.
    rtnl_link_stats64 stats{};
    std::memcpy(&stats, nla_data(found[IFLA_STATS64]),
                std::min(sizeof stats, static_cast<std::size_t>(nla_len(found[IFLA_STATS64]))));
    all.push_back({.ifindex = static_cast<std::uint32_t>(header.ifi_index),
                   .name = static_cast<const char*>(nla_data(found[IFLA_IFNAME])),
                   .packets = stats.rx_packets + stats.tx_packets,
                   .bytes = stats.rx_bytes + stats.tx_bytes,
                   .drops = stats.rx_dropped + stats.rx_missed_errors + stats.tx_dropped,
                   .errors = stats.rx_errors + stats.tx_errors});
  });
  if (refusal) throw Error(ErrorCode::failed, "cannot read the counters of a namespace: " + refusal->str());
  return all;
}

}  // namespace netrig::kernel
