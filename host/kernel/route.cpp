// SPDX-License-Identifier: Apache-2.0
#include "kernel/route.hpp"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cstring>

#include "kernel/message.hpp"

namespace netrig::kernel {
namespace {

constexpr Policy kRoutePolicy(expect_bytes(RTA_DST), expect_bytes(RTA_PREFSRC), expect_bytes(RTA_GATEWAY),
                              expect_bytes(RTA_VIA, sizeof(rtvia)), expect_u32(RTA_OIF), expect_u32(RTA_TABLE),
                              expect_u32(RTA_PRIORITY), expect_u32(RTA_NH_ID), expect_u8(RTA_PREF),
                              expect_bytes(RTA_METRICS), expect_bytes(RTA_MULTIPATH), expect_bytes(RTA_ENCAP));
// linux/tcp.h: TCP_CA_NAME_MAX
constexpr Policy kMetricsPolicy(expect_u32(RTAX_MTU), expect_u32(RTAX_ADVMSS), expect_u32(RTAX_INITCWND),
                                expect_text(RTAX_CC_ALGO, 16));
constexpr Policy kHopPolicy(expect_bytes(RTA_GATEWAY), expect_bytes(RTA_VIA, sizeof(rtvia)), expect_bytes(RTA_ENCAP));

/// RTA_GATEWAY, or RTA_VIA for a next hop of the other family (struct rtvia).
template <typename Found>
std::optional<IpAddress> gateway_of(const Found& found, Family family) {
  if (auto gateway = found.template address<RTA_GATEWAY>(family)) return gateway;
  if (!found.template has<RTA_VIA>()) return std::nullopt;
  const auto via = found.template bytes<RTA_VIA>();
  const auto kind = family_of(struct_of<std::uint16_t>(via));
  if (!kind) return std::nullopt;
  IpAddress address{.family = *kind};
  const auto bytes = via.subspan(sizeof(rtvia));
  if (bytes.size() != address.size()) return std::nullopt;
  std::memcpy(address.bytes.data(), bytes.data(), address.size());
  return address;
}

/// Nothing if one is cut short.
std::optional<std::vector<NextHopState>> multipath(std::span<const std::byte> left, Family family, bool& encapsulates) {
  std::vector<NextHopState> hops;
  while (!left.empty()) {
    const auto hop = struct_of<rtnexthop>(left);
    if (hop.rtnh_len < sizeof hop || hop.rtnh_len > left.size()) return std::nullopt;
    const auto found = Attributes<kHopPolicy>::read(left.first(hop.rtnh_len).subspan(sizeof hop));
    if (!found) return std::nullopt;
    encapsulates |= found->has<RTA_ENCAP>();
    hops.push_back({.ifindex = static_cast<std::uint32_t>(hop.rtnh_ifindex),
                    .via = gateway_of(*found, family),
                    .flags = hop.rtnh_flags,
                    .weight = hop.rtnh_hops + 1U});
    left = left.subspan(std::min<std::size_t>(RTNH_ALIGN(hop.rtnh_len), left.size()));
  }
  return hops;
}

}  // namespace

std::optional<RouteState> parse_route(std::span<const std::byte> payload) {
  if (payload.size() < sizeof(rtmsg)) return std::nullopt;
  const auto family = family_of(struct_of<rtmsg>(payload).rtm_family);
  if (!family) return std::nullopt;
  const auto message = Message<rtmsg, kRoutePolicy>::read(payload);
  if (!message) return std::nullopt;
  const auto& [header, found] = *message;
  RouteState route{.type = header.rtm_type,
                   .protocol = header.rtm_protocol,
                   .destination = {.address = found.address<RTA_DST>(*family).value_or(IpAddress{.family = *family}),
                                   .length = header.rtm_dst_len},
                   .table = found.u32<RTA_TABLE>().value_or(header.rtm_table),
                   .metric = found.u32<RTA_PRIORITY>(),
                   .source = found.address<RTA_PREFSRC>(*family),
                   .next_hops = {},
                   .next_hop_object = found.u32<RTA_NH_ID>(),
                   .tos = header.rtm_tos,
                   .scope = header.rtm_scope,
                   .cloned = (header.rtm_flags & RTM_F_CLONED) != 0,
                   .preference = found.u8<RTA_PREF>(),
                   .metrics = {},
                   .encapsulates = found.has<RTA_ENCAP>()};
  if (found.has<RTA_MULTIPATH>()) {
    auto hops = multipath(found.bytes<RTA_MULTIPATH>(), *family, route.encapsulates);
    if (!hops) return std::nullopt;
    route.next_hops = std::move(*hops);
  } else if (const auto ifindex = found.u32<RTA_OIF>()) {
    route.next_hops.push_back(
        {.ifindex = *ifindex, .via = gateway_of(found, *family), .flags = static_cast<std::uint8_t>(header.rtm_flags)});
  }
  if (const auto metrics = found.nested<RTA_METRICS, kMetricsPolicy>())
    route.metrics = {.mtu = metrics->u32<RTAX_MTU>(),
                     .advmss = metrics->u32<RTAX_ADVMSS>(),
                     .initcwnd = metrics->u32<RTAX_INITCWND>(),
                     .congestion = metrics->text<RTAX_CC_ALGO>()};
  return route;
}

std::vector<RouteState> list_routes(Socket& socket) {
  std::vector<RouteState> routes;
  constexpr const char* kWhat = "the routes of a namespace";
  // Family by family: a list of all is made under RTNL, which every other thread waits for.
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    Batch batch;
    rtmsg request{};
    request.rtm_family = number_of(family);
    batch.begin(RTM_GETROUTE, NLM_F_DUMP, request);
    dump<rtmsg>(socket, batch, kWhat, [&](std::span<const std::byte> payload) {
      if (family_of(std::to_integer<unsigned>(payload.front())) != family) return;  // see list_addresses
      auto route = parse_route(payload);
      if (!route) refuse_answer(kWhat);
      routes.push_back(std::move(*route));
    });
  }
  return routes;
}

std::optional<RouteState> look_up_route(Socket& socket, const Packet& packet, std::string* refusal) {
  Batch batch;
  rtmsg request{};
  request.rtm_family = number_of(packet.to.family);
  request.rtm_dst_len = packet.to.bits();
  request.rtm_src_len = packet.source ? packet.source->bits() : 0;
  batch.begin(RTM_GETROUTE, 0, request);
  batch.put(RTA_DST, packet.to);
  if (packet.source) batch.put(RTA_SRC, *packet.source);
  if (packet.mark) batch.put(RTA_MARK, *packet.mark);
  if (packet.protocol) batch.put_u8(RTA_IP_PROTO, *packet.protocol);
  if (packet.source_port) batch.put_u16(RTA_SPORT, htons(*packet.source_port));
  if (packet.destination_port) batch.put_u16(RTA_DPORT, htons(*packet.destination_port));
  if (packet.iif != 0) batch.put(RTA_IIF, packet.iif);
  if (packet.vrf != 0) batch.put(RTA_OIF, packet.vrf);
  std::optional<RouteState> route;
  const auto problem = socket.ask(batch, [&](std::uint16_t type, std::span<const std::byte> payload) {
    if (type == RTM_NEWROUTE) route = parse_route(payload);
  });
  if (problem) {
    if (refusal != nullptr) *refusal = problem->str();
    return std::nullopt;
  }
  return route;
}

}  // namespace netrig::kernel
