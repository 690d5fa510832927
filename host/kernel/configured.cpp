// SPDX-License-Identifier: Apache-2.0
#include "kernel/configured.hpp"

#include <fmt/format.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "kernel/message.hpp"
#include "kernel/route.hpp"
#include "kernel/rows.hpp"
#include "model/route.hpp"

namespace netrig::kernel {
namespace {

using Bytes = std::vector<std::byte>;
using Kind = Configured::Kind;

// What of an address's flags may be asked for (inet6_rtm_newaddr); the others are told by the kernel.
constexpr std::uint32_t kAddressFlags =
    IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN | IFA_F_OPTIMISTIC;
constexpr unsigned char kUnusable = RTNH_F_DEAD | RTNH_F_LINKDOWN;  // told by the kernel, never taken from us

std::string address_text(std::uint8_t family, std::span<const std::byte> bytes) {
  IpAddress address{.family = family_of(family).value_or(Family::ipv4)};
  if (bytes.size() != address.size()) return "?";
  std::memcpy(address.bytes.data(), bytes.data(), bytes.size());
  return address.str();
}

void append(Bytes& to, const void* from, std::size_t size) {
  const auto* first = static_cast<const std::byte*>(from);
  to.insert(to.end(), first, first + size);
}

template <typename T>
void append(Bytes& to, const T& value) {
  append(to, &value, sizeof value);
}

void append_attribute(Bytes& to, std::uint16_t type, std::span<const std::byte> value) {
  append(to, nlattr{.nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + value.size()), .nla_type = type});
  append(to, value.data(), value.size());
  to.resize(NLA_ALIGN(to.size()));
}

template <std::size_t N>
bool is_one_of(std::uint16_t type, const std::array<std::uint16_t, N>& types) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

template <typename Header>
std::span<const std::byte> attributes_of(std::span<const std::byte> payload) {
  return payload.subspan(std::min<std::size_t>(NLMSG_ALIGN(sizeof(Header)), payload.size()));
}

std::optional<Configured> configured_address(std::span<const std::byte> payload) {
  auto header = struct_of<ifaddrmsg>(payload);
  std::uint32_t flags = header.ifa_flags;
  Bytes address;
  Bytes attributes;
  unsigned protocol = 0;
  for_each_attribute(attributes_of<ifaddrmsg>(payload), [&](const Attribute& attribute) {
    switch (attribute.type) {
      case IFA_FLAGS:
        flags = struct_of<std::uint32_t>(attribute.value);
        break;
      case IFA_PROTO:  // since 5.18: the kernel's own, or a daemon's
        if (!attribute.value.empty()) protocol = std::to_integer<unsigned>(attribute.value.front());
        append_attribute(attributes, attribute.type, attribute.value);
        break;
      case IFA_CACHEINFO: {
        auto lifetimes = struct_of<ifa_cacheinfo>(attribute.value);
        lifetimes.cstamp = lifetimes.tstamp = 0;
        append_attribute(attributes, IFA_CACHEINFO, std::as_bytes(std::span(&lifetimes, 1)));
        break;
      }
      default:
        if (attribute.type == IFA_ADDRESS) append(address, attribute.value.data(), attribute.value.size());
        append_attribute(attributes, attribute.type, attribute.value);
    }
  });
  // The kernel never asks itself to leave detection out; netrig does, in the kernel's name, for the kernel's address.
  const bool quiet = protocol == IFAPROT_KERNEL_LL && (flags & IFA_F_NODAD) != 0;
  // One with an end was learned.
  if ((protocol != 0 && !quiet) || (flags & IFA_F_PERMANENT) == 0) return std::nullopt;
  Configured what{.kind = Kind::address,
                  .links = {header.ifa_index},
                  .text = fmt::format("address {}/{}", address_text(header.ifa_family, address), header.ifa_prefixlen)};
  what.instead_of_kernels = header.ifa_scope == RT_SCOPE_LINK && (flags & IFA_F_NODAD) != 0;
  append(what.key, header.ifa_index);
  append(what.key, address.data(), address.size());
  header.ifa_flags = 0;
  flags &= kAddressFlags;
  append(what.message, header);
  append(what.message, attributes.data(), attributes.size());
  append_attribute(what.message, IFA_FLAGS, std::as_bytes(std::span(&flags, 1)));
  return what;
}

std::optional<Configured> configured_neighbour(std::span<const std::byte> payload) {
  const auto header = struct_of<ndmsg>(payload);
  const bool proxy = (header.ndm_flags & NTF_PROXY) != 0;
  if (!proxy && (header.ndm_state & NUD_PERMANENT) == 0) return std::nullopt;
  Configured what{.kind = Kind::neighbour, .links = {static_cast<std::uint32_t>(header.ndm_ifindex)}};
  append(what.key, header.ndm_ifindex);
  append(what.key, header.ndm_family);
  append(what.key, proxy);
  append(what.message, header);
  bool configured = (header.ndm_flags & NTF_EXT_LEARNED) == 0;
  for_each_attribute(attributes_of<ndmsg>(payload), [&](const Attribute& attribute) {
    if (attribute.type == NDA_PROTOCOL && !attribute.value.empty())
      configured = configured && is_configured(std::to_integer<unsigned>(attribute.value.front()));
    if (attribute.type == NDA_DST) {
      append(what.key, attribute.value.data(), attribute.value.size());
      what.text = "neighbour " + address_text(header.ndm_family, attribute.value);
    }
    if (is_one_of<4>(attribute.type, {NDA_DST, NDA_LLADDR, NDA_PROTOCOL, NDA_FLAGS_EXT}))
      append_attribute(what.message, attribute.type, attribute.value);
  });
  return configured ? std::optional(std::move(what)) : std::nullopt;
}

/// Timers and sizes of a resilient group, without how long it has been unbalanced.
Bytes resilience(std::span<const std::byte> value) {
  Bytes kept;
  for_each_attribute(value, [&](const Attribute& attribute) {
    if (is_one_of<3>(attribute.type, {NHA_RES_GROUP_BUCKETS, NHA_RES_GROUP_IDLE_TIMER, NHA_RES_GROUP_UNBALANCED_TIMER}))
      append_attribute(kept, attribute.type, attribute.value);
  });
  return kept;
}

std::vector<std::uint32_t> members(std::span<const std::byte> group) {
  std::vector<std::uint32_t> ids;
  for (; group.size() >= sizeof(nexthop_grp); group = group.subspan(sizeof(nexthop_grp)))
    ids.push_back(struct_of<nexthop_grp>(group).id);
  return ids;
}

/// What is neither configured nor made by the kernel, of itself or of what routers advertise.
bool is_daemons(unsigned protocol) {
  return !is_configured(protocol) && protocol != RTPROT_KERNEL && protocol != RTPROT_REDIRECT && protocol != RTPROT_RA;
}

std::optional<Configured> configured_next_hop(std::span<const std::byte> payload) {
  auto header = struct_of<nhmsg>(payload);
  if (!is_configured(header.nh_protocol) && !is_daemons(header.nh_protocol)) return std::nullopt;
  header.nh_scope = 0;
  header.nh_flags &= RTNH_F_ONLINK;
  Configured what{.kind = Kind::next_hop, .over_next_hop_object = true, .others = !is_configured(header.nh_protocol)};
  append(what.message, header);
  for_each_attribute(attributes_of<nhmsg>(payload), [&](const Attribute& attribute) {
    if (attribute.type == NHA_ID) {
      append(what.key, attribute.value.data(), attribute.value.size());
      what.text = fmt::format("next hop {}", struct_of<std::uint32_t>(attribute.value));
    }
    if (attribute.type == NHA_OIF) what.links.push_back(struct_of<std::uint32_t>(attribute.value));
    if (attribute.type == NHA_GROUP) {
      what.kind = Kind::next_hop_group;
      what.needs = members(attribute.value);
    }
    if (attribute.type == NHA_RES_GROUP)
      append_attribute(what.message, NHA_RES_GROUP | NLA_F_NESTED, resilience(attribute.value));
    else if (attribute.type == NHA_ENCAP)  // shown without the flag, but wanted with it
      append_attribute(what.message, NHA_ENCAP | NLA_F_NESTED, attribute.value);
    else if (is_one_of<8>(attribute.type, {NHA_ID, NHA_OIF, NHA_GATEWAY, NHA_ENCAP_TYPE, NHA_BLACKHOLE, NHA_FDB,
                                           NHA_GROUP, NHA_GROUP_TYPE}))
      append_attribute(what.message, attribute.type, attribute.value);
  });
  return what;
}

/// The ways of a multipath route without what the kernel thinks of them.
Bytes ways(std::span<const std::byte> value) {
  Bytes kept(value.begin(), value.end());
  for (std::size_t at = 0; at + sizeof(rtnexthop) <= kept.size();) {
    auto hop = struct_of<rtnexthop>(std::span(kept).subspan(at));
    if (hop.rtnh_len < sizeof hop) break;
    hop.rtnh_flags &= static_cast<unsigned char>(~kUnusable);
    std::memcpy(&kept[at], &hop, sizeof hop);
    at += RTNH_ALIGN(hop.rtnh_len);
  }
  return kept;
}

std::optional<Configured> configured_route(std::span<const std::byte> payload) {
  const auto route = parse_route(payload);
  if (!route || (!is_configured(route->protocol) && !is_daemons(route->protocol))) return std::nullopt;
  auto header = struct_of<rtmsg>(payload);
  header.rtm_flags &= RTNH_F_ONLINK;
  Configured what{.kind = Kind::route_on_link,
                  .text = "route " + (route->destination.length == 0 ? "default" : route->destination.str()),
                  .others = !is_configured(route->protocol)};
  what.over_next_hop_object = route->next_hop_object.has_value();
  if (route->next_hop_object) what.needs.push_back(*route->next_hop_object);
  if (what.over_next_hop_object) what.kind = Kind::route;
  for (const NextHopState& hop : route->next_hops) {
    if (hop.ifindex != 0) what.links.push_back(hop.ifindex);
    if (hop.via) what.kind = Kind::route;
  }
  append(what.key, header.rtm_family);
  append(what.key, header.rtm_tos);
  append(what.key, route->table);
  append(what.key, route->metric.value_or(0));
  append(what.key, route->destination.length);
  append(what.key, route->destination.address.bytes);
  append(what.message, header);
  for_each_attribute(attributes_of<rtmsg>(payload), [&](const Attribute& attribute) {
    if (attribute.type == RTA_CACHEINFO) return;
    // A route over a next-hop object is shown with the object's contents, too, but refused with both (EINVAL).
    if (what.over_next_hop_object &&
        is_one_of<6>(attribute.type, {RTA_OIF, RTA_GATEWAY, RTA_VIA, RTA_MULTIPATH, RTA_ENCAP, RTA_ENCAP_TYPE}))
      return;
    append_attribute(
        what.message, attribute.type,
        attribute.type == RTA_MULTIPATH ? std::span<const std::byte>(ways(attribute.value)) : attribute.value);
  });
  return what;
}

template <typename Header>
void list(Socket& socket, std::uint16_t ask, const Header& request, std::vector<Configured>& into,
          std::optional<Configured> (*read)(std::span<const std::byte>)) {
  Batch batch;
  batch.begin(ask, NLM_F_DUMP, request);
  dump<Header>(socket, batch, "what is configured in a namespace", [&](std::span<const std::byte> payload) {
    if (auto what = read(payload)) into.push_back(std::move(*what));
  });
}

}  // namespace

std::vector<Configured> list_configured(Socket& socket) {
  std::vector<Configured> all;
  ifaddrmsg address{};
  address.ifa_family = AF_INET6;
  list(socket, RTM_GETADDR, address, all, configured_address);
  for (const std::uint8_t family : {AF_INET, AF_INET6}) {
    for (const std::uint8_t flags : {0, NTF_PROXY}) {
      ndmsg neighbour{};
      neighbour.ndm_family = family;
      neighbour.ndm_flags = flags;
      list(socket, RTM_GETNEIGH, neighbour, all, configured_neighbour);
    }
    rtmsg route{};
    route.rtm_family = family;
    list(socket, RTM_GETROUTE, route, all, configured_route);
  }
  list(socket, RTM_GETNEXTHOP, nhmsg{}, all, configured_next_hop);
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.kind < b.kind; });
  return all;
}

bool share_place(const Configured& one, const Configured& other) {
  const auto table = [](Kind kind) {
    return kind == Kind::next_hop_group ? Kind::next_hop : kind == Kind::route_on_link ? Kind::route : kind;
  };
  return table(one.kind) == table(other.kind) && one.key == other.key;
}

std::optional<std::uint32_t> next_hop_id(const Configured& what) {
  if (what.kind != Kind::next_hop && what.kind != Kind::next_hop_group) return std::nullopt;
  return struct_of<std::uint32_t>(what.key);
}

void clear_place(Batch& batch, const Configured& what) {
  if (what.instead_of_kernels) batch.begin_raw(RTM_DELADDR, 0, what.message);
}

void put_configured(Batch& batch, const Configured& what) {
  switch (what.kind) {
    case Kind::address:
      batch.begin_raw(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, what.message);
      break;
    case Kind::neighbour:  // one that was learned meanwhile gives way
      batch.begin_raw(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, what.message);
      break;
    case Kind::next_hop:
    case Kind::next_hop_group:  // a group that has lost a member is made whole
      batch.begin_raw(RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_REPLACE, what.message);
      break;
    case Kind::route_on_link:
    case Kind::route:  // beside one of the same metric that somebody else has put there
      batch.begin_raw(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND, what.message);
      break;
  }
}

}  // namespace netrig::kernel
