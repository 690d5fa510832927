// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "config/parts.hpp"

namespace netrig::config {
namespace {

NextHop read_next_hop(const Table& table) {
  NextHop hop;
  hop.via = read_address(table, "via");
  if (const auto dev = table.text("dev")) {
    if (const auto fault = interface_name_fault(dev->value))
      table.fail(dev->where, fmt::format("interface name \"{}\" {}", dev->value, *fault));
    hop.interface = InterfaceName(dev->value);
  }
  hop.onlink = table.boolean("onlink").value_or(false);
  if (hop.onlink && (!hop.via || !hop.interface))
    table.fail(table.where("onlink"), "onlink needs both via and dev: the next hop is taken to be on that interface");
  return hop;
}

void read_next_hops(const Table& table, Route& route) {
  if (table.has("weight")) table.fail(table.where("weight"), "weight belongs to next_hops; a single next hop has none");
  if (table.has("via") || table.has("dev")) route.next_hops.push_back(read_next_hop(table));
  const auto* hops = table.array("next_hops");
  if (hops == nullptr) return;
  if (!route.next_hops.empty())
    table.fail(table.where("next_hops"), "route has via or dev as well as next_hops; use one of them");
  const std::size_t count = count_elements(*hops, table.context());
  for_each_table(*hops, "next hop", table.context(), [&](const Table& hop) {
    hop.allow(next_hop_keys());
    if (count == 1 && hop.has("weight"))
      hop.fail(hop.where("weight"), "weight is a next hop's share among several; a single next hop has none");
    route.next_hops.push_back(read_next_hop(hop));
    route.next_hops.back().weight = static_cast<std::uint32_t>(hop.integer("weight", 1, 256).value_or(1));
  });
  if (count == 0) table.fail(table.where("next_hops"), "next_hops is empty");
}

/// Family of "default", from whatever names an address.
Family default_family(const Table& table, const Route& route) {
  const auto given = table.choice("family", {"ipv4", "ipv6"});
  for (const NextHop& hop : route.next_hops)
    if (hop.via && !given) return hop.via->family;
  if (given) return *given == 0 ? Family::ipv4 : Family::ipv6;
  if (route.source) return route.source->family;
  return Family::ipv4;
}

void check_gateway(const Route& route, const NextHop& hop, const Context& context) {
  if (route.destination.address.family == Family::ipv6 && hop.via->family == Family::ipv4)
    context.fail(route.where, fmt::format("route to {} is IPv6 but its next hop {} is IPv4", route.destination.str(),
                                          hop.via->str()));
  if (hop.via->is_unspecified() || hop.via->is_multicast())
    context.fail(route.where, fmt::format("next hop {} is not the address of a host", hop.via->str()));
  if (hop.via->family == Family::ipv6 && hop.via->is_link_local() && !hop.interface)
    context.fail(route.where,
                 fmt::format("next hop {} is link-local, so the interface must be named; add dev", hop.via->str()));
}

void check_next_hops(const Table& table, const Route& route) {
  switch (route.type) {
    case RouteType::blackhole:
    case RouteType::unreachable:
    case RouteType::prohibit:
    case RouteType::throw_:
      if (!route.next_hops.empty())
        table.fail(
            route.where,
            "a blackhole, unreachable, prohibit or throw route has no next hop; leave out via, dev and next_hops");
      return;
    case RouteType::local:
    case RouteType::anycast:
      if (route.next_hops.size() != 1 || route.next_hops.front().via || !route.next_hops.front().interface)
        table.fail(route.where, fmt::format("{} route has no next hop but an interface; write dev = \"lo\"",
                                            route.type == RouteType::local ? "a local" : "an anycast"));
      return;
    default:
      break;
  }
  if (route.next_hops.empty()) table.fail(route.where, "route has neither via nor dev; where shall packets go?");
  for (const NextHop& hop : route.next_hops) {
    if (!hop.via && !hop.interface)
      table.fail(route.where, "next hop has neither via nor dev; where shall packets go?");
    if (hop.via) check_gateway(route, hop, table.context());
  }
}

RouteType read_type(const Table& table) {
  static constexpr std::array kTypes = {RouteType::unicast,  RouteType::blackhole, RouteType::unreachable,
                                        RouteType::prohibit, RouteType::local,     RouteType::multicast,
                                        RouteType::throw_,   RouteType::anycast};
  const auto type = table.choice(
      "type", {"unicast", "blackhole", "unreachable", "prohibit", "local", "multicast", "throw", "anycast"});
  return kTypes.at(type.value_or(0));
}

/// What has one meaning for both families, and is there without a next hop, too.
void read_settings(const Table& table, Route& route) {
  if (const auto source = read_address(table, "source")) route.source = {*source, table.where("source")};
  // 0 is how the kernel writes that there is none.
  if (const auto metric = table.number("metric", 0, kUint32Max); metric.value_or(0) != 0) route.metric = *metric;
  // The kernel takes what is more, and makes it that (ip_metrics_convert).
  route.mtu = table.number("mtu", 68, 65520);
  route.advmss = table.number("advmss", 1, 65495);
  route.initcwnd = table.number("initcwnd", 1, kUint32Max);
  route.protocol = read_route_protocol(table);
  if (!route.protocol) route.protocol = {kRouteProtocol, route.where};
  if (const auto name = table.text("congestion")) {
    // TCP_CA_NAME_MAX: 16 with the NUL.
    const bool is_word = name->value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
    if (name->value.empty() || name->value.size() > 15 || !is_word)
      table.fail(name->where, fmt::format("congestion \"{}\" is not the name of an algorithm; write one of "
                                          "net.ipv4.tcp_available_congestion_control, as \"cubic\"",
                                          name->value));
    route.congestion = {name->value, name->where};
  }
  static constexpr std::array kPreferences = {RoutePreference::low, RoutePreference::medium, RoutePreference::high};
  if (const auto preference = table.choice("preference", {"low", "medium", "high"}))
    route.preference = {kPreferences.at(*preference), table.where("preference")};
  static constexpr std::array kScopes = {Scope::global, Scope::site, Scope::link, Scope::host};
  if (const auto scope = table.choice("scope", {"global", "site", "link", "host"}))
    route.scope = {kScopes.at(*scope), table.where("scope")};
  route.tos = read_tos(table);
  // As ip-route(8): where the kernel looks for what is its own.
  const bool is_own = route.type == RouteType::local || route.type == RouteType::anycast;
  route.table = read_routing_table(table).value_or(is_own ? 255 : 254);
}

void check_family(const Table& table, const Route& route) {
  const bool is_ipv6 = route.destination.address.family == Family::ipv6;
  if (route.source && route.source->family != route.destination.address.family)
    table.fail(route.source.where, fmt::format("source {} is of another family than the route", route.source->str()));
  for (const std::string_view key : {"scope", "tos"})
    if (is_ipv6 && table.has(key)) table.fail(table.where(key), fmt::format("{} is for IPv4 routes", key));
  if (!is_ipv6 && route.preference) table.fail(route.preference.where, "preference is for IPv6 routes (RFC 4191)");
  if (!is_ipv6 && route.type == RouteType::anycast)
    table.fail(table.where("type"), "anycast is a type of IPv6 routes; IPv4 has none");
}

}  // namespace

Route read_route(const Table& table) {
  table.allow(route_keys());
  Route route;
  route.where = table.where();
  route.type = read_type(table);
  read_next_hops(table, route);
  read_settings(table, route);
  const Text to = table.required_text("to");
  static_cast<void>(table.choice("family", {"ipv4", "ipv6"}));  // also where it decides nothing
  if (to.value == "default")
    route.destination = Prefix{IpAddress{.family = default_family(table, route), .bytes = {}}, 0};
  else
    route.destination = destination_prefix(to, table.context());
  check_next_hops(table, route);
  check_family(table, route);
  return route;
}

void add_gateways(const Table& table, std::vector<Route>& routes) {
  const toml::node* node = table.get("gateway");
  if (node == nullptr) return;
  if (!node->is_string() && !node->is_array())
    table.fail(position_of(*node), fmt::format("gateway is {}; write \"192.0.2.254\", or a list of one address of each "
                                               "family",
                                               type_of(*node)));
  const std::vector<Text> texts = node->is_array() ? table.texts("gateway") : std::vector{*table.text("gateway")};
  std::vector<Family> families;
  for (const Text& text : texts) {
    Route route;
    route.where = text.where;
    route.protocol = {kRouteProtocol, route.where};
    route.next_hops.push_back({.via = plain_address(text, table.context())});
    const NextHop& hop = route.next_hops.front();
    route.destination = Prefix{IpAddress{.family = hop.via->family, .bytes = {}}, 0};
    if (hop.via->family == Family::ipv6 && hop.via->is_link_local())
      table.fail(text.where, fmt::format("gateway {} is link-local, so the interface must be named; write routes = [{{ "
                                         "to = \"default\", via = \"{}\", dev = \"...\" }}]",
                                         hop.via->str(), hop.via->str()));
    check_gateway(route, hop, table.context());
    for (const Family family : families)
      if (family == hop.via->family)
        table.fail(text.where, fmt::format("gateway {} is a second one of its family; write routes with metrics, or "
                                           "one with next_hops",
                                           hop.via->str()));
    families.push_back(hop.via->family);
    routes.push_back(std::move(route));
  }
}

}  // namespace netrig::config
