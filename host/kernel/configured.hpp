// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/batch.hpp"
#include "kernel/socket.hpp"

namespace netrig::kernel {

/// Something that somebody has configured and that the kernel takes with a link that goes down, as the message that
/// makes it again.
struct Configured {
  /// In the order in which they can be made: what stands later may need what stands before.
  enum class Kind : std::uint8_t {
    address,  ///< IPv6; IPv4 addresses stay on a link that is down
    neighbour,
    next_hop,
    next_hop_group,
    route_on_link,
    route,
  };
  Kind kind = Kind::address;
  std::vector<std::byte> key = {};        ///< what there can be once; routes: prefix, table and metric
  std::vector<std::byte> message = {};    ///< family header and attributes, without what only the kernel tells
  std::vector<std::uint32_t> links = {};  ///< ifindexes that it goes over, as far as they are told
  std::string text = {};                  ///< "route 203.0.113.0/24", for messages
  bool over_next_hop_object = false;      ///< a next-hop object, or a route over one
  std::vector<std::uint32_t> needs = {};  ///< ids of next-hop objects without which the kernel refuses it (EINVAL)
  /// A daemon's next-hop object or route. It is not given back, but nothing is in its place or goes over another than
  /// it.
  bool others = false;
  /// A link-local address without duplicate address detection: where it was, the kernel makes one with it first.
  bool instead_of_kernels = false;
};

/// What is configured in the socket's namespace, in the order of Configured::Kind. Not what the kernel makes itself
/// or learns (its link-local addresses with detection, connected routes, router advertisements, dynamic neighbours),
/// and not what a daemon puts there, which its protocol number tells (rtm_protocol; RTPROT_BOOT is what ip(8) uses,
/// kRouteProtocol what netrig does): the daemon puts it there again, if it runs and wants to. Next-hop objects and
/// routes of daemons are in the list all the same, marked as theirs.
std::vector<Configured> list_configured(Socket& socket);
/// Whether both cannot be there: one address of an interface, one next-hop object of a number, one route of a metric.
bool share_place(const Configured& one, const Configured& other);
/// Of a next-hop object; nothing: it is none.
std::optional<std::uint32_t> next_hop_id(const Configured& what);
/// Appends the message that takes away what the kernel has made in its place; see instead_of_kernels.
void clear_place(Batch& batch, const Configured& what);
/// Appends the message that makes it again.
void put_configured(Batch& batch, const Configured& what);

}  // namespace netrig::kernel
