// SPDX-License-Identifier: Apache-2.0
// Checks that look at what the kernel has: neighbours, routes, addresses, links, forwarding databases.
#include <fmt/format.h>
#include <netinet/in.h>

#include <array>

#include "config/test_check.hpp"

namespace netrig::config {
namespace {

std::optional<MacAddress> read_mac_key(const Table& check, std::string_view key) {
  const auto text = check.text(key);
  if (!text) return std::nullopt;
  const auto mac = MacAddress::parse(text->value);
  if (!mac) check.fail(text->where, fmt::format("\"{}\" is not a MAC address", text->value));
  return mac;
}

/// "source", "fwmark"...: of a packet that the kernel is asked about.
RouteQuery read_query(const Table& check, const RouteCheck& route) {
  static constexpr std::array<std::string_view, 6> kKeys = {"source",      "fwmark",           "protocol",
                                                            "source_port", "destination_port", "iif"};
  for (const std::string_view key : kKeys)
    if (!route.lookup && check.has(key))
      check.fail(check.where(key), fmt::format("{} is of a packet to one address: write to = \"ADDRESS\" without a "
                                               "prefix length, for the route that the kernel takes",
                                               key));
  RouteQuery query{.source = read_address(check, "source")};
  if (query.source && query.source->family != route.to.address.family)
    check.fail(check.where("source"), "source is of another family than the destination");
  if (const auto mark = read_fwmark(check)) {
    if (mark->second != kUint32Max)
      check.fail(check.where("fwmark"), "fwmark of a packet has no mask; write \"0x2\" or a number");
    query.fwmark = mark->first;
  }
  if (const auto protocol = read_ip_protocol(check, "protocol")) query.protocol = static_cast<std::uint8_t>(*protocol);
  const auto port = [&](std::string_view key) -> std::optional<std::uint16_t> {
    const auto number = check.integer(key, 1, 65535);
    if (!number) return std::nullopt;
    if (query.protocol != IPPROTO_TCP && query.protocol != IPPROTO_UDP)
      check.fail(check.where(key), fmt::format("{} goes with protocol = \"tcp\" or \"udp\"", key));
    return static_cast<std::uint16_t>(*number);
  };
  query.source_port = port("source_port");
  query.destination_port = port("destination_port");
  if (check.has("iif")) query.iif = read_interface_name(check, "iif");
  // Without one the kernel takes it for a packet from nowhere (ip_route_input_slow).
  if (query.iif && !query.source && route.to.address.family == Family::ipv4)
    check.fail(check.where("iif"), "a packet that comes in has a source; write source = \"ADDRESS\" beside iif");
  return query;
}

/// The interfaces of a namespace that are looked at.
std::string read_interfaces(const Table& check) {
  const Text text = check.required_text("interface");
  if (text.value.empty()) check.fail(text.where, "interface is empty; write a name, or a pattern such as \"eth*\"");
  if (text.value.find(':') != std::string::npos)
    check.fail(text.where, fmt::format("interface \"{}\" has a \":\"; the namespace stands in from", text.value));
  return text.value;
}

}  // namespace

Check read_neighbour_check(const Table& check) {
  allow_check(check, neighbour_check_keys());
  NeighbourCheck neighbour{.interface = read_interface_name(check, "interface"),
                           .address = plain_address(check.required_text("address"), check.context()),
                           .mac = read_mac_key(check, "mac")};
  neighbour.present = check.boolean("present").value_or(true);
  return neighbour;
}

Check read_route_check(const Table& check) {
  allow_check(check, route_check_keys());
  const Text to = check.required_text("to");
  RouteCheck route{.via = read_address(check, "via")};
  if (to.value == "default") {
    route.to = {.address = {.family = route.via ? route.via->family : Family::ipv4}, .length = 0};
  } else {
    route.to = destination_prefix(to, check.context());
    route.lookup = to.value.find('/') == std::string::npos;
  }
  route.query = read_query(check, route);
  if (check.has("interface")) route.interface = read_interface_name(check, "interface");
  route.table = read_routing_table(check);
  if (const auto metric = check.integer("metric", 0, UINT32_MAX)) route.metric = static_cast<std::uint32_t>(*metric);
  if (check.has("vrf")) route.vrf = read_interface_name(check, "vrf");
  for (const std::string_view key : {"table", "iif"})
    if (route.vrf && check.has(key))
      check.fail(check.where(key),
                 fmt::format("{} beside vrf, which says it by its {}; leave one out", key,
                             key == "iif" ? "own: a packet is of the VRF that it comes in by" : "table"));
  route.present = check.boolean("present").value_or(true);
  for (const std::string_view key : {"table", "metric"})
    if (route.lookup && check.has(key))
      check.fail(check.where(key), fmt::format("{} goes with a destination that has a prefix length", key));
  if (route.via && route.via->family != route.to.address.family)
    check.fail(check.where("via"), "via is of another family than the destination");
  return route;
}

Check read_address_check(const Table& check) {
  allow_check(check, address_check_keys());
  AddressCheck address{.interface = read_interface_name(check, "interface"),
                       .address = interface_address(check.required_text("address"), check.context())};
  address.present = check.boolean("present").value_or(true);
  return address;
}

Check read_link_check(const Table& check) {
  using PortState = LinkCheck::PortState;
  static constexpr std::array kStates = {PortState::disabled, PortState::listening, PortState::learning,
                                         PortState::forwarding, PortState::blocking};
  allow_check(check, link_check_keys());
  LinkCheck link{
      .interface = read_interfaces(check), .carrier = check.boolean("carrier"), .speed = check.rate("speed")};
  constexpr std::int64_t kUnit = 1'000'000;  // of what the kernel tells
  if (link.speed && (*link.speed <= 0 || *link.speed % kUnit != 0))
    check.fail(check.where("speed"), "the kernel tells speeds in whole Mbit; write \"100Mbit\" or \"10Gbit\"");
  if (const auto master = check.text("master")) {
    if (const auto fault = interface_name_fault(master->value); fault && !master->value.empty())
      check.fail(master->where, fmt::format("master \"{}\" {}; \"\" says that there is none", master->value, *fault));
    link.master = master->value;
  }
  if (const auto state = check.choice("port_state", {"disabled", "listening", "learning", "forwarding", "blocking"}))
    link.port_state = kStates.at(*state);
  if (!link.carrier && !link.speed && !link.master && !link.port_state)
    check.fail(check.where(), "link looks at nothing; add carrier, speed, master or port_state");
  return link;
}

Check read_fdb_check(const Table& check) {
  allow_check(check, fdb_check_keys());
  static_cast<void>(check.required_text("mac"));
  FdbCheck fdb{.interface = read_interfaces(check), .mac = *read_mac_key(check, "mac")};
  fdb.dst = read_address(check, "dst");
  if (const auto vlan = check.integer("vlan", 1, 4094)) fdb.vlan = static_cast<std::uint16_t>(*vlan);
  fdb.present = check.boolean("present").value_or(true);
  return fdb;
}

}  // namespace netrig::config
