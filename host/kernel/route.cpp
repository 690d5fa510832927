// SPDX-License-Identifier: Apache-2.0
#include "kernel/route.hpp"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

namespace netrig::kernel {
namespace {

bool is_ipv6(const Route& route) { return route.destination.address.family == Family::ipv6; }

/// A next hop of the other family is written as struct rtvia (RFC 5549 routes).
void put_gateway(Batch& batch, const Route& route, const IpAddress& via) {
  if (via.family == route.destination.address.family) {
    batch.put(RTA_GATEWAY, via);
    return;
  }
  std::array<std::uint8_t, 18> value{};
  const std::uint16_t family = via.family == Family::ipv4 ? AF_INET : AF_INET6;
  std::memcpy(value.data(), &family, sizeof family);
  std::memcpy(&value[2], via.bytes.data(), via.size());
  batch.put(RTA_VIA, value.data(), 2 + via.size());
}

void put_next_hops(Batch& batch, const Route& route, const IfindexOf& ifindex_of) {
  if (route.next_hops.empty()) return;
  if (route.next_hops.size() == 1) {
    const NextHop& hop = route.next_hops.front();
    if (hop.via) put_gateway(batch, route, *hop.via);
    if (hop.interface) batch.put(RTA_OIF, ifindex_of(*hop.interface));
    return;
  }
  const auto multipath = batch.nest(RTA_MULTIPATH);
  for (const NextHop& hop : route.next_hops) {
    rtnexthop entry{};
    entry.rtnh_hops = static_cast<unsigned char>(hop.weight - 1);
    entry.rtnh_flags = hop.onlink ? RTNH_F_ONLINK : 0;
    if (hop.interface) entry.rtnh_ifindex = static_cast<int>(ifindex_of(*hop.interface));
    const auto of_hop = batch.nest(entry);
    if (hop.via) put_gateway(batch, route, *hop.via);
  }
}

rtmsg header_of(const Route& route) {
  rtmsg header{};
  header.rtm_family = is_ipv6(route) ? AF_INET6 : AF_INET;
  header.rtm_dst_len = route.destination.length;
  header.rtm_table = static_cast<unsigned char>(route.table < 256 ? route.table : std::uint32_t{RT_TABLE_UNSPEC});
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_type = static_cast<unsigned char>(route.type);
  // A destination on the link itself has link scope, one behind a next hop global scope (as ip-route(8) decides).
  const bool direct = route.type == RouteType::unicast && route.next_hops.size() == 1 && !route.next_hops.front().via;
  header.rtm_scope = direct && !is_ipv6(route) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  if (route.next_hops.size() == 1 && route.next_hops.front().onlink) header.rtm_flags |= RTNH_F_ONLINK;
  return header;
}

void put_route(Batch& batch, const Route& route, const IfindexOf& ifindex_of) {
  if (route.destination.length != 0) batch.put(RTA_DST, route.destination.address);
  if (route.table >= 256) batch.put(RTA_TABLE, route.table);
  if (route.metric) batch.put(RTA_PRIORITY, *route.metric);
  if (route.source) batch.put(RTA_PREFSRC, *route.source);
  if (route.mtu) {
    const auto metrics = batch.nest(RTA_METRICS);
    batch.put(RTAX_MTU, *route.mtu);
  }
  put_next_hops(batch, route, ifindex_of);
}

}  // namespace

void add_route(Batch& batch, const Route& route, const IfindexOf& ifindex_of) {
  batch.begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, header_of(route));
  put_route(batch, route, ifindex_of);
}

void delete_route(Batch& batch, const Route& route, const IfindexOf& ifindex_of) {
  batch.begin(RTM_DELROUTE, 0, header_of(route));
  put_route(batch, route, ifindex_of);
}

}  // namespace netrig::kernel
