// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernel/batch.hpp"
#include "kernel/socket.hpp"
#include "model/lab.hpp"

namespace netrig::kernel {

/// One way of a route as the kernel shows it.
struct NextHopState {
  std::uint32_t ifindex = 0;  ///< 0: none (blackhole)
  std::optional<IpAddress> via;
  std::uint8_t flags = 0;  ///< RTNH_F_*
  std::uint32_t weight = 1;
};
/// What RTA_METRICS holds, as far as it is set.
struct RouteMetrics {
  std::optional<std::uint32_t> mtu;
  std::optional<std::uint32_t> advmss;
  std::optional<std::uint32_t> initcwnd;
  std::optional<std::string> congestion;
};
/// A route as RTM_GETROUTE shows it.
struct RouteState {
  std::uint8_t type = 0;      ///< RTN_*
  std::uint8_t protocol = 0;  ///< RTPROT_*
  Prefix destination;         ///< length 0: default
  std::uint32_t table = 0;
  std::optional<std::uint32_t> metric = {};
  std::optional<IpAddress> source;
  std::vector<NextHopState> next_hops;
  std::optional<std::uint32_t> next_hop_object;  ///< ip-nexthop(8); then next_hops are what the object holds
  std::uint8_t tos = 0;
  std::uint8_t scope = 0;                  ///< RT_SCOPE_*
  bool cloned = false;                     ///< RTM_F_CLONED: an exception that was learned, and no route
  std::optional<std::uint8_t> preference;  ///< ICMPV6_ROUTER_PREF_*
  RouteMetrics metrics;
  bool encapsulates = false;  ///< RTA_ENCAP, of one way at least
};

/// All routes of the socket's namespace, of both families and all tables.
std::vector<RouteState> list_routes(Socket& socket);
/// What the kernel knows of a packet when it chooses its route.
struct Packet {
  IpAddress to;
  std::optional<IpAddress> source = {};
  std::optional<std::uint32_t> mark = {};
  std::optional<std::uint8_t> protocol = {};  ///< IPPROTO_*
  std::optional<std::uint16_t> source_port = {};
  std::optional<std::uint16_t> destination_port = {};
  std::uint32_t iif = 0;  ///< 0: it is the namespace's own
  std::uint32_t vrf = 0;  ///< whose socket sends it; 0: none's
};
/// The route that a packet would take; nothing if there is none. `refusal`, if given, gets the kernel's words then.
std::optional<RouteState> look_up_route(Socket& socket, const Packet& packet, std::string* refusal = nullptr);
std::optional<RouteState> parse_route(std::span<const std::byte> payload);

}  // namespace netrig::kernel
