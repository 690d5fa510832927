// SPDX-License-Identifier: Apache-2.0
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "kernel/route.hpp"
#include "model/error.hpp"

namespace netrig::kernel {
namespace {

std::optional<IpAddress> address_of(const nlattr* attribute, Family family) {
  IpAddress address{.family = family};
  if (attribute == nullptr || nla_len(attribute) != static_cast<int>(address.size())) return std::nullopt;
  std::memcpy(address.bytes.data(), nla_data(attribute), address.size());
  return address;
}

/// RTA_GATEWAY, or RTA_VIA for a next hop of the other family (struct rtvia).
std::optional<IpAddress> gateway_of(const std::array<nlattr*, RTA_MAX + 1>& found, Family family) {
  if (auto gateway = address_of(found[RTA_GATEWAY], family)) return gateway;
  const nlattr* via = found[RTA_VIA];
  if (via == nullptr || nla_len(via) < 2) return std::nullopt;
  std::uint16_t kind = 0;
  std::memcpy(&kind, nla_data(via), sizeof kind);
  IpAddress address{.family = kind == AF_INET ? Family::ipv4 : Family::ipv6};
  if (nla_len(via) != static_cast<int>(2 + address.size())) return std::nullopt;
  std::memcpy(address.bytes.data(), static_cast<const std::byte*>(nla_data(via)) + 2, address.size());
  return address;
}

std::vector<NextHopState> multipath(const nlattr* attribute, Family family) {
  std::vector<NextHopState> hops;
  const auto* at = static_cast<const std::byte*>(nla_data(attribute));
  auto left = static_cast<std::size_t>(nla_len(attribute));
  while (left >= sizeof(rtnexthop)) {
    rtnexthop hop{};
    std::memcpy(&hop, at, sizeof hop);
    if (hop.rtnh_len < sizeof hop || hop.rtnh_len > left) break;
    std::array<nlattr*, RTA_MAX + 1> found{};
    auto* first = reinterpret_cast<nlattr*>(const_cast<std::byte*>(at + sizeof hop));
    if (nla_parse(found.data(), RTA_MAX, first, static_cast<int>(hop.rtnh_len - sizeof hop), nullptr) < 0) break;
    hops.push_back({.ifindex = static_cast<std::uint32_t>(hop.rtnh_ifindex),
                    .via = gateway_of(found, family),
                    .flags = hop.rtnh_flags});
    const std::size_t step = std::min<std::size_t>(RTNH_ALIGN(hop.rtnh_len), left);
    at += step;
    left -= step;
  }
  return hops;
}

}  // namespace

std::optional<RouteState> parse_route(std::span<const std::byte> payload) {
  if (payload.size() < sizeof(rtmsg)) return std::nullopt;
  rtmsg header{};
  std::memcpy(&header, payload.data(), sizeof header);
  if (header.rtm_family != AF_INET && header.rtm_family != AF_INET6) return std::nullopt;
  const auto rest = payload.subspan(NLMSG_ALIGN(sizeof header));
  std::array<nlattr*, RTA_MAX + 1> found{};
  auto* first = reinterpret_cast<nlattr*>(const_cast<std::byte*>(rest.data()));
  if (nla_parse(found.data(), RTA_MAX, first, static_cast<int>(rest.size()), nullptr) < 0) return std::nullopt;
  const Family family = header.rtm_family == AF_INET ? Family::ipv4 : Family::ipv6;
  RouteState route{.type = header.rtm_type,
                   .protocol = header.rtm_protocol,
                   .destination = {.address = address_of(found[RTA_DST], family).value_or(IpAddress{.family = family}),
                                   .length = header.rtm_dst_len},
                   .table = header.rtm_table,
                   .source = address_of(found[RTA_PREFSRC], family)};
  const auto number = [](const nlattr* attribute) { return attribute != nullptr && nla_len(attribute) >= 4; };
  if (number(found[RTA_TABLE])) route.table = nla_get_u32(found[RTA_TABLE]);
  if (number(found[RTA_PRIORITY])) route.metric = nla_get_u32(found[RTA_PRIORITY]);
  if (number(found[RTA_NH_ID])) route.next_hop_object = nla_get_u32(found[RTA_NH_ID]);
  if (found[RTA_MULTIPATH] != nullptr)
    route.next_hops = multipath(found[RTA_MULTIPATH], family);
  else if (number(found[RTA_OIF]))
    route.next_hops.push_back({.ifindex = nla_get_u32(found[RTA_OIF]),
                               .via = gateway_of(found, family),
                               .flags = static_cast<std::uint8_t>(header.rtm_flags)});
  return route;
}

std::vector<RouteState> list_routes(Socket& socket) {
  std::vector<RouteState> routes;
  for (const int family : {AF_INET, AF_INET6}) {
    Batch batch;
    rtmsg request{};
    request.rtm_family = static_cast<unsigned char>(family);
    batch.begin(RTM_GETROUTE, NLM_F_DUMP, request);
    const auto refusal = socket.ask(batch, [&](std::uint16_t type, std::span<const std::byte> payload) {
      if (type != RTM_NEWROUTE) return;
      if (auto route = parse_route(payload)) routes.push_back(std::move(*route));
    });
    if (refusal) throw Error(ErrorCode::failed, "cannot list the routes of a namespace: " + refusal->str());
  }
  return routes;
}

std::optional<RouteState> look_up_route(Socket& socket, const IpAddress& to, std::string* refusal) {
  Batch batch;
  rtmsg request{};
  request.rtm_family = to.family == Family::ipv4 ? AF_INET : AF_INET6;
  request.rtm_dst_len = to.bits();
  batch.begin(RTM_GETROUTE, 0, request);
  batch.put(RTA_DST, to);
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
