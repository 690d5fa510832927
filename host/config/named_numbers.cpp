// SPDX-License-Identifier: Apache-2.0
// Numbers that have names in iproute2's and the resolver's files.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <span>

#include "config/parts.hpp"

namespace netrig::config {
namespace {

struct NumberName {
  std::string_view name;
  std::uint32_t number;
};

/// RT_TABLE_* of linux/rtnetlink.h.
constexpr std::array kTables = {NumberName{"main", 254}, NumberName{"default", 253}, NumberName{"local", 255}};

/// rt_protos of iproute2 6.1, without what the kernel alone makes.
constexpr std::array kRouteProtocols = {
    NumberName{"boot", 3},   NumberName{"static", 4}, NumberName{"gated", 8},  NumberName{"ra", 9},
    NumberName{"mrt", 10},   NumberName{"zebra", 11}, NumberName{"bird", 12},  NumberName{"dnrouted", 13},
    NumberName{"xorp", 14},  NumberName{"ntk", 15},   NumberName{"dhcp", 16},  NumberName{"keepalived", 18},
    NumberName{"babel", 42}, NumberName{"openr", 99}, NumberName{"bgp", 186},  NumberName{"isis", 187},
    NumberName{"ospf", 188}, NumberName{"rip", 189},  NumberName{"eigrp", 192}};

/// protocols(5), those that a rule is written for.
constexpr std::array kIpProtocols = {NumberName{"tcp", 6},        NumberName{"udp", 17},   NumberName{"icmp", 1},
                                     NumberName{"ipv6-icmp", 58}, NumberName{"igmp", 2},   NumberName{"ipip", 4},
                                     NumberName{"ipv6", 41},      NumberName{"gre", 47},   NumberName{"esp", 50},
                                     NumberName{"ah", 51},        NumberName{"eigrp", 88}, NumberName{"ospf", 89},
                                     NumberName{"pim", 103},      NumberName{"vrrp", 112}, NumberName{"l2tp", 115},
                                     NumberName{"sctp", 132},     NumberName{"dccp", 33},  NumberName{"udplite", 136}};

Given<std::uint32_t> read_named(const Table& table, std::string_view key, std::span<const NumberName> names,
                                std::uint32_t least, std::uint32_t most) {
  const toml::node* node = table.raw().get(key);
  if (node == nullptr || !node->is_string()) return table.number(key, least, most);
  const Text text = *table.text(key);
  std::vector<std::string_view> known;
  for (const NumberName& one : names) {
    if (one.name == text.value) return {one.number, text.where};
    known.push_back(one.name);
  }
  if (table.context().computes(*table.raw().get(key))) return table.number(key, least, most);
  const auto hint = closest(text.value, known);
  table.fail(text.where, fmt::format("{} \"{}\" is not known; {}", key, text.value,
                                     hint ? fmt::format("did you mean \"{}\"?", *hint)
                                          : fmt::format("write a number, or \"{}\"", fmt::join(known, "\", \""))));
}

}  // namespace

std::optional<std::uint32_t> read_routing_table(const Table& table) {
  return read_named(table, "table", kTables, 1, kUint32Max).optional();
}

Given<std::uint32_t> read_route_protocol(const Table& table) {
  // RTPROT_REDIRECT and RTPROT_KERNEL are the kernel's own.
  return read_named(table, "protocol", kRouteProtocols, 3, 255);
}

std::optional<std::uint32_t> read_ip_protocol(const Table& table, std::string_view key) {
  return read_named(table, key, kIpProtocols, 1, 255).optional();
}

std::uint32_t read_tos(const Table& table) {
  const std::uint32_t tos = table.number("tos", 0, 255).value_or(0);
  // inet_validate_dscp of net/inet_dscp.h
  if ((tos & 3U) != 0)
    table.fail(table.where("tos"), fmt::format("tos = {:#x} has ECN bits set, which routing does not look at; write "
                                               "{:#x}",
                                               tos, tos & 0xfcU));
  return tos;
}

}  // namespace netrig::config
