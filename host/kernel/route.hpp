// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "kernel/batch.hpp"
#include "kernel/socket.hpp"
#include "model/lab.hpp"

namespace netrig::kernel {

/// Ifindex of an interface name in the namespace; the caller has checked that it is there.
using IfindexOf = std::function<std::uint32_t(const InterfaceName&)>;

void add_route(Batch& batch, const Route& route, const IfindexOf& ifindex_of);
void delete_route(Batch& batch, const Route& route, const IfindexOf& ifindex_of);

/// One way of a route as the kernel shows it.
struct NextHopState {
  std::uint32_t ifindex = 0;  ///< 0: none (blackhole)
  std::optional<IpAddress> via;
  std::uint8_t flags = 0;  ///< RTNH_F_*
};
/// A route as RTM_GETROUTE shows it.
struct RouteState {
  std::uint8_t type = 0;      ///< RTN_*
  std::uint8_t protocol = 0;  ///< RTPROT_*
  Prefix destination;         ///< length 0: default
  std::uint32_t table = 0;
  std::optional<std::uint32_t> metric = {};
  std::optional<IpAddress> source;
  std::vector<NextHopState> next_hops = {};
  std::optional<std::uint32_t> next_hop_object = {};  ///< ip-nexthop(8); then next_hops are what the object holds
};

/// All routes of the socket's namespace, of both families and all tables.
std::vector<RouteState> list_routes(Socket& socket);
/// The route that a packet to this address would take; nothing if there is none. `refusal`, if given, gets the kernel's
/// words then.
std::optional<RouteState> look_up_route(Socket& socket, const IpAddress& to, std::string* refusal = nullptr);
std::optional<RouteState> parse_route(std::span<const std::byte> payload);

}  // namespace netrig::kernel
