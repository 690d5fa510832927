// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "config/parts.hpp"

namespace netrig::config {
namespace {

constexpr std::int64_t kUint32Max = 0xffffffff;

NextHop read_next_hop(const Table& table) {
  NextHop hop;
  hop.via = table.address("via");
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

std::uint32_t read_table(const Table& table) {
  const toml::node* node = table.raw().get("table");
  if (node == nullptr) return 254;
  if (node->is_string()) {
    const auto text = *table.text("table");
    if (text.value == "main") return 254;
    if (text.value == "default") return 253;
    if (text.value == "local") return 255;
    if (table.context().variables == nullptr)
      table.fail(
          text.where,
          fmt::format("table \"{}\" is not known; write a number, \"main\", \"default\" or \"local\"", text.value));
  }
  return static_cast<std::uint32_t>(*table.integer("table", 1, kUint32Max));
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

void check_next_hops(const Table& table, const Route& route) {
  if (route.type != RouteType::unicast) {
    if (!route.next_hops.empty())
      table.fail(route.where,
                 "a blackhole, unreachable or prohibit route has no next hop; leave out via, dev and next_hops");
    return;
  }
  if (route.next_hops.empty()) table.fail(route.where, "route has neither via nor dev; where shall packets go?");
  for (const NextHop& hop : route.next_hops) {
    if (!hop.via && !hop.interface)
      table.fail(route.where, "next hop has neither via nor dev; where shall packets go?");
    if (!hop.via) continue;
    const bool v6_over_v4 = route.destination.address.family == Family::ipv6 && hop.via->family == Family::ipv4;
    if (v6_over_v4)
      table.fail(route.where, fmt::format("route to {} is IPv6 but its next hop {} is IPv4", route.destination.str(),
                                          hop.via->str()));
    if (hop.via->is_unspecified() || hop.via->is_multicast())
      table.fail(route.where, fmt::format("next hop {} is not the address of a host", hop.via->str()));
    if (hop.via->family == Family::ipv6 && hop.via->is_link_local() && !hop.interface)
      table.fail(route.where,
                 fmt::format("next hop {} is link-local, so the interface must be named; add dev", hop.via->str()));
  }
  if (route.source && route.source->family != route.destination.address.family)
    table.fail(route.where, fmt::format("source {} is of another family than the route", route.source->str()));
}

std::string sysctl_value(std::string_view key, const toml::node& node, const Context& context) {
  if (const auto* text = node.as_string()) return context.expanded(text->get(), position_of(node)).value;
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* boolean = node.as_boolean()) return boolean->get() ? "1" : "0";
  context.fail(position_of(node), fmt::format("sysctl {} is {}; write a number or a string", key, type_of(node)));
}

void check_sysctl_key(const Text& key, const Context& context) {
  const std::string& text = key.value;
  if (!text.starts_with("net.") && !text.starts_with("net/"))
    context.fail(key.where,
                 fmt::format("sysctl \"{}\" does not belong to a network namespace; those begin with \"net.\"", text));
  const auto is_good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._-/@+:").find(c) != std::string_view::npos;
  };
  const bool climbs = text.find("..") != std::string::npos || text.find("//") != std::string::npos;
  if (text.size() > 256 || climbs || text.back() == '.' || text.back() == '/' ||
      !std::all_of(text.begin(), text.end(), is_good))
    context.fail(key.where, fmt::format("\"{}\" is not the name of a sysctl", text.substr(0, 64)));
}

void read_sysctls(const toml::table& table, const Context& context, std::vector<Sysctl>& sysctls) {
  for (const auto& [key, node] : in_file_order(table)) {
    Text name = context.expanded(key->str(), position_of(*key));
    // net.ipv4.ip_forward without quotes is a table in TOML.
    if (node->is_table())
      context.fail(
          name.where,
          fmt::format("sysctl {} is a table; put the whole name in quotes: \"net.ipv4.ip_forward\" = 1", name.value));
    check_sysctl_key(name, context);
    sysctls.push_back({.key = name.value, .value = sysctl_value(name.value, *node, context), .where = name.where});
  }
}

}  // namespace

Route read_route(const Table& table) {
  table.allow(std::array<std::string_view, 12>{"to", "via", "dev", "metric", "table", "onlink", "source", "type",
                                               "next_hops", "mtu", "family", "weight"});
  if (table.has("weight")) table.fail(table.where("weight"), "weight belongs to next_hops; a single next hop has none");
  Route route;
  route.where = table.where();
  static constexpr std::array kTypes = {RouteType::unicast, RouteType::blackhole, RouteType::unreachable,
                                        RouteType::prohibit};
  if (const auto type = table.choice("type", {"unicast", "blackhole", "unreachable", "prohibit"}))
    route.type = kTypes.at(*type);
  if (table.has("via") || table.has("dev")) route.next_hops.push_back(read_next_hop(table));
  if (const auto* hops = table.array("next_hops")) {
    if (!route.next_hops.empty())
      table.fail(table.where("next_hops"), "route has via or dev as well as next_hops; use one of them");
    if (hops->empty()) table.fail(table.where("next_hops"), "next_hops is empty");
    for_each_table(*hops, "next hop", table.context(), [&](const Table& hop) {
      hop.allow(std::array<std::string_view, 4>{"via", "dev", "weight", "onlink"});
      route.next_hops.push_back(read_next_hop(hop));
      route.next_hops.back().weight = static_cast<std::uint32_t>(hop.integer("weight", 1, 256).value_or(1));
    });
  }
  route.source = table.address("source");
  if (const auto metric = table.integer("metric", 0, kUint32Max)) route.metric = static_cast<std::uint32_t>(*metric);
  if (const auto mtu = table.integer("mtu", 68, 65535)) route.mtu = static_cast<std::uint32_t>(*mtu);
  route.table = read_table(table);
  const Text to = table.required_text("to");
  if (to.value == "default")
    route.destination = Prefix{IpAddress{.family = default_family(table, route), .bytes = {}}, 0};
  else
    route.destination = destination_prefix(to, table.context());
  check_next_hops(table, route);
  return route;
}

Namespace read_namespace(const Text& name, const Table& table) {
  table.allow(std::array<std::string_view, 4>{"existing", "path", "routes", "sysctl"});
  if (const auto fault = namespace_name_fault(name.value))
    table.fail(name.where,
               fmt::format("namespace name \"{}\" {}; use letters, digits and . _ - @ +", name.value, *fault));
  Namespace space{.name = NamespaceName(name.value),
                  .existing = table.boolean("existing").value_or(false),
                  .path = {},
                  .routes = {},
                  .sysctls = {},
                  .where = name.where};
  if (const auto path = table.text("path")) {
    if (!space.existing)
      table.fail(path->where, "path needs existing = true: only a namespace that is there already has one");
    if (path->value.empty() || path->value.front() != '/' || path->value.find('\0') != std::string::npos)
      table.fail(path->where,
                 fmt::format("path \"{}\" is not absolute; write one as in \"/proc/self/ns/net\"", path->value));
    space.path = path->value;
  }
  if (const auto* routes = table.array("routes"))
    for_each_table(*routes, "route", table.context(),
                   [&](const Table& route) { space.routes.push_back(read_route(route)); });
  if (const auto* sysctls = table.table("sysctl")) read_sysctls(*sysctls, table.context(), space.sysctls);
  return space;
}

}  // namespace netrig::config
