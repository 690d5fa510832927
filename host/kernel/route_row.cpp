// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cstring>

#include "kernel/message.hpp"
#include "kernel/route.hpp"
#include "kernel/rows.hpp"

namespace netrig::kernel {
namespace {

constexpr std::uint32_t kDefaultMetricV6 = 1024;  // IP6_RT_PRIO_USER of net/ip6_fib.h

bool is_v6(const Route& route) { return route.destination.address.family == Family::ipv6; }

/// Blackholes and their like lead nowhere.
bool leads_nowhere(RouteType type) {
  return type == RouteType::blackhole || type == RouteType::unreachable || type == RouteType::prohibit ||
         type == RouteType::throw_;
}

/// A next hop of the other family is written as struct rtvia (RFC 5549 routes).
void put_gateway(Batch& batch, const Route& route, const IpAddress& via) {
  if (via.family == route.destination.address.family) {
    batch.put(RTA_GATEWAY, via);
    return;
  }
  std::array<std::uint8_t, sizeof(rtvia) + sizeof(IpAddress::bytes)> value{};
  const std::uint16_t family = number_of(via.family);
  std::memcpy(value.data(), &family, sizeof family);
  std::memcpy(&value[sizeof family], via.bytes.data(), via.size());
  batch.put(RTA_VIA, value.data(), sizeof family + via.size());
}

void put_next_hops(Batch& batch, const Route& route, const IfindexOf& ifindex_of) {
  if (route.next_hops.empty()) return;
  if (route.next_hops.size() == 1) {
    const NextHop& hop = route.next_hops.front();
    if (hop.via) put_gateway(batch, route, *hop.via);
    if (hop.interface) batch.put(RTA_OIF, ifindex_of(hop.interface->str()));
    return;
  }
  const auto multipath = batch.nest(RTA_MULTIPATH);
  for (const NextHop& hop : route.next_hops) {
    rtnexthop entry{};
    entry.rtnh_hops = static_cast<unsigned char>(hop.weight - 1);
    entry.rtnh_flags = hop.onlink ? RTNH_F_ONLINK : 0;
    if (hop.interface) entry.rtnh_ifindex = static_cast<int>(ifindex_of(hop.interface->str()));
    const auto of_hop = batch.nest(entry);
    if (hop.via) put_gateway(batch, route, *hop.via);
  }
}

/// Where it is not given: as ip-route(8) decides.
std::uint8_t scope_of(const Route& route, Verb verb) {
  if (is_v6(route)) return RT_SCOPE_UNIVERSE;
  if (route.scope) return static_cast<std::uint8_t>(*route.scope);
  if (verb == Verb::remove) return RT_SCOPE_NOWHERE;  // of whatever scope
  switch (route.type) {
    case RouteType::local:
      return RT_SCOPE_HOST;
    case RouteType::broadcast:
    case RouteType::multicast:
    case RouteType::anycast:
      return RT_SCOPE_LINK;
    case RouteType::unicast:
      // A destination on the link itself has link scope, one behind a next hop global scope.
      return route.next_hops.size() == 1 && !route.next_hops.front().via ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    default:
      return RT_SCOPE_UNIVERSE;
  }
}

rtmsg header_of(const Route& route, Verb verb) {
  rtmsg header{};
  header.rtm_family = number_of(route.destination.address.family);
  header.rtm_dst_len = route.destination.length;
  header.rtm_tos = static_cast<unsigned char>(route.tos);
  header.rtm_table = static_cast<unsigned char>(route.table < 256 ? route.table : std::uint32_t{RT_TABLE_UNSPEC});
  header.rtm_protocol = static_cast<unsigned char>(route.protocol.value_or(kRouteProtocol));
  header.rtm_type = static_cast<unsigned char>(route.type);
  header.rtm_scope = scope_of(route, verb);
  if (route.next_hops.size() == 1 && route.next_hops.front().onlink) header.rtm_flags |= RTNH_F_ONLINK;
  return header;
}

void put_metrics(Batch& batch, const Route& route) {
  if (!route.mtu && !route.advmss && !route.initcwnd && !route.congestion) return;
  const auto metrics = batch.nest(RTA_METRICS);
  if (route.mtu) batch.put(RTAX_MTU, *route.mtu);
  if (route.advmss) batch.put(RTAX_ADVMSS, *route.advmss);
  if (route.initcwnd) batch.put(RTAX_INITCWND, *route.initcwnd);
  if (route.congestion) batch.put_text(RTAX_CC_ALGO, *route.congestion);
}

/// What tells it from all others goes into a removal, too. For IPv6 the kernel looks at destination, table, metric and
/// hops alone, and takes metric 0 for any (ip6_route_del); for IPv4 it compares all that is there (fib_table_delete).
void put_route(Batch& batch, const Route& route, const IfindexOf& ifindex_of) {
  if (route.destination.length != 0) batch.put(RTA_DST, route.destination.network().address);
  if (route.table >= 256) batch.put(RTA_TABLE, route.table);
  const std::uint32_t metric = route.metric.value_or(0);
  if (metric != 0 || is_v6(route)) batch.put(RTA_PRIORITY, metric != 0 ? metric : kDefaultMetricV6);
  if (route.source) batch.put(RTA_PREFSRC, *route.source);
  if (route.preference && is_v6(route)) batch.put_u8(RTA_PREF, static_cast<std::uint8_t>(*route.preference));
  put_metrics(batch, route);
  if (!leads_nowhere(route.type)) put_next_hops(batch, route, ifindex_of);
}

/// Connected and local routes, redirects, and what a router advertises.
bool is_of_kernel(std::uint8_t protocol) {
  return protocol == RTPROT_KERNEL || protocol == RTPROT_REDIRECT || protocol == RTPROT_RA;
}

/// Nothing: it goes by an interface that cannot be named, so it is none that anybody asked netrig for.
std::optional<std::vector<NextHop>> hops_of(const View& view, const RouteState& seen) {
  std::vector<NextHop> hops;
  if (leads_nowhere(static_cast<RouteType>(seen.type))) return hops;  // IPv6 shows them over lo
  for (const NextHopState& way : seen.next_hops) {
    NextHop& hop = hops.emplace_back();
    hop.via = way.via;
    hop.weight = seen.next_hops.size() > 1 ? way.weight : 1;
    hop.onlink = (way.flags & RTNH_F_ONLINK) != 0;
    const LinkState* link = view.link(way.ifindex);
    if (link == nullptr) continue;
    if (interface_name_fault(link->name)) return std::nullopt;
    hop.interface = InterfaceName(link->name);
  }
  return hops;
}

template <typename T>
void set_if(Given<T>& setting, const std::optional<T>& value) {
  if (value) setting = *value;
}

}  // namespace

void write_step(Batch& batch, const Doing<Route>& doing, const IfindexOf& ifindex_of) {
  if (doing.verb == Verb::remove) {
    batch.begin(RTM_DELROUTE, 0, header_of(doing.object, doing.verb));
    put_route(batch, doing.object, ifindex_of);
    return;
  }
  Route route = with_what_stays(doing);
  // A scope that is not asked for follows from the type and the hops.
  if (doing.before != nullptr && !doing.object.scope &&
      (doing.before->type != route.type || doing.before->next_hops != route.next_hops))
    route.scope.reset();
  const int how = doing.verb == Verb::make ? NLM_F_EXCL : NLM_F_REPLACE;
  batch.begin(RTM_NEWROUTE, static_cast<std::uint16_t>(NLM_F_CREATE | how), header_of(route, doing.verb));
  put_route(batch, route, ifindex_of);
}

void see(const View& view, std::vector<Route>& into) {
  for (const RouteState& seen : list_routes(view.socket)) {
    if (seen.cloned) continue;
    const auto leave = [&](std::string_view why) {
      std::vector<const LinkState*> links;
      for (const NextHopState& way : seen.next_hops)
        if (const LinkState* link = view.link(way.ifindex); std::find(links.begin(), links.end(), link) == links.end())
          links.push_back(link);
      if (links.empty()) links.push_back(nullptr);
      for (const LinkState* link : links)
        leave_out(view, link, fmt::format("route {} {}", seen.destination.str(), why));
    };
    if (seen.protocol == RTPROT_RA) leave("comes of a router advertisement");
    if (is_of_kernel(seen.protocol)) continue;
    if (view.at.left_out != nullptr && seen.encapsulates) {
      leave("encapsulates what it takes");
      continue;
    }
    auto hops = hops_of(view, seen);
    if (!hops) {
      leave("goes over an interface whose name no lab file can have");
      continue;
    }
    if (seen.next_hop_object) leave("goes over a next-hop object, in whose place are its next hops");
    Route& route = into.emplace_back();
    route.type = static_cast<RouteType>(seen.type);
    route.destination = seen.destination;
    route.next_hops = std::move(*hops);
    route.metric = seen.metric;
    route.table = seen.table;
    route.tos = seen.tos;
    route.protocol = std::uint32_t{seen.protocol};
    set_if(route.source, seen.source);
    set_if(route.mtu, seen.metrics.mtu);
    set_if(route.advmss, seen.metrics.advmss);
    set_if(route.initcwnd, seen.metrics.initcwnd);
    set_if(route.congestion, seen.metrics.congestion);
    if (!is_v6(route)) route.scope = static_cast<Scope>(seen.scope);
    if (is_v6(route) && seen.preference) route.preference = static_cast<RoutePreference>(*seen.preference);
  }
}

}  // namespace netrig::kernel
