// SPDX-License-Identifier: Apache-2.0
#include "config/said_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace netrig::config {
namespace {

bool is_v6(const IpAddress& address) { return address.family == Family::ipv6; }

std::int64_t number(std::uint32_t value) { return value; }

void put_address(const SaidLab& in, const Address& one, toml::array& into) {
  Keys keys;
  keys.put("address", one.prefix.str());
  if (one.peer) keys.put("peer", one.peer->str());
  if (is_v6(one.prefix.address) && (one.dad == Dad::off) != (in.dad == Dad::off))
    keys.put("dad", one.dad == Dad::off ? "off" : "on");
  if (one.scope) keys.put("scope", setting_text(*one.scope));
  if (one.broadcast) keys.put("broadcast", *one.broadcast);
  if (one.label) keys.put("label", *one.label);
  if (one.valid) keys.put("valid", setting_text(*one.valid));
  if (one.preferred) keys.put("preferred", setting_text(*one.preferred));
  if (one.prefix_route) keys.put("prefix_route", *one.prefix_route);
  if (one.metric) keys.put("metric", number(*one.metric));
  toml::table table = keys.take();
  if (table.size() == 1)
    into.push_back(one.prefix.str());
  else
    into.push_back(std::move(table));
}

/// The kernel tells IPv4 addresses in the order in which they came, and of IPv6 the last first (ipv6_link_dev_addr).
toml::array said_addresses(const SaidLab& in, const std::vector<Address>& addresses) {
  toml::array list;
  for (const Address& one : addresses)
    if (!is_v6(one.prefix.address)) put_address(in, one, list);
  for (auto one = addresses.rbegin(); one != addresses.rend(); ++one)
    if (is_v6(one->prefix.address)) put_address(in, *one, list);
  return list;
}

void put_sysctl(Keys& keys, std::string_view name, const std::string& value) {
  std::int64_t whole = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), whole);
  if (error == std::errc{} && end == value.data() + value.size() && fmt::format("{}", whole) == value)
    keys.put(name, whole);
  else
    keys.put(name, value);
}

/// "ipv4.rp_filter" of net.ipv4.conf.eth0.rp_filter.
std::string in_short(const std::string& key) {
  const std::size_t family = key.find('.') + 1;
  return key.substr(family, key.find('.', family) - family) + key.substr(key.rfind('.'));
}

toml::table said_hop(const NextHop& hop, bool one_of_several) {
  Keys keys;
  if (hop.via) keys.put("via", hop.via->str());
  if (hop.interface) keys.put("dev", hop.interface->str());
  if (one_of_several && hop.weight != 1) keys.put("weight", number(hop.weight));
  if (hop.onlink) keys.put("onlink", true);
  return keys.take();
}

/// A default route that only its gateway tells from others.
bool is_gateway(const Route& route) {
  const Route plain{.destination = {.address = {.family = route.destination.address.family}},
                    .next_hops = route.next_hops};
  Route ours = route;
  if (ours.protocol == Given(kRouteProtocol)) ours.protocol.reset();
  return ours == plain && route.next_hops.size() == 1 &&
         route.next_hops.front() == NextHop{.via = route.next_hops.front().via} && route.next_hops.front().via &&
         route.next_hops.front().via->family == route.destination.address.family;
}

std::string table_name(std::uint32_t table) {
  return table == 255 ? "local" : table == 253 ? "default" : table == 254 ? "main" : "";
}

void put_table(Keys& keys, std::uint32_t table) {
  if (const std::string name = table_name(table); !name.empty())
    keys.put("table", name);
  else
    keys.put("table", number(table));
}

toml::table said_route(const Route& route) {
  Keys keys;
  const bool is_default = route.destination.length == 0;
  keys.put("to", is_default ? "default" : route.destination.str());
  if (route.type != RouteType::unicast) keys.put("type", setting_text(route.type));
  if (route.next_hops.size() == 1) {
    for (auto&& [key, value] : said_hop(route.next_hops.front(), false))
      value.visit([&, &name = key](auto& one) { keys.put(name.str(), one); });
  } else if (!route.next_hops.empty()) {
    toml::array hops;
    for (const NextHop& hop : route.next_hops) hops.push_back(said_hop(hop, true));
    keys.put("next_hops", std::move(hops));
  }
  const bool tells_family = std::any_of(route.next_hops.begin(), route.next_hops.end(),
                                        [&](const NextHop& hop) { return hop.via.has_value(); });
  const bool v6 = is_v6(route.destination.address);
  const auto& first = route.next_hops;
  const bool other = tells_family && std::any_of(first.begin(), first.end(),
                                                 [&](const NextHop& hop) { return hop.via && is_v6(*hop.via) != v6; });
  if (is_default && (other || (!tells_family && v6 && !route.source))) keys.put("family", v6 ? "ipv6" : "ipv4");
  if (route.metric) keys.put("metric", number(*route.metric));
  const bool is_local = route.type == RouteType::local || route.type == RouteType::anycast;
  if (route.table != (is_local ? 255U : 254U)) put_table(keys, route.table);
  if (route.source) keys.put("source", route.source->str());
  if (route.mtu) keys.put("mtu", number(*route.mtu));
  if (route.advmss) keys.put("advmss", number(*route.advmss));
  if (route.initcwnd) keys.put("initcwnd", number(*route.initcwnd));
  if (route.congestion) keys.put("congestion", *route.congestion);
  if (route.scope) keys.put("scope", setting_text(*route.scope));
  if (route.tos != 0) keys.put("tos", number(route.tos));
  if (route.preference) keys.put("preference", setting_text(*route.preference));
  if (route.protocol && *route.protocol != kRouteProtocol) {
    constexpr std::uint32_t kStatic = 4;
    if (*route.protocol == kStatic)
      keys.put("protocol", "static");
    else
      keys.put("protocol", number(*route.protocol));
  }
  return keys.take();
}

void put_range(Keys& keys, std::string_view key, const std::optional<NumberRange>& range) {
  if (!range) return;
  if (range->first == range->last)
    keys.put(key, number(range->first));
  else
    keys.put(key, fmt::format("{}-{}", range->first, range->last));
}

toml::table said_rule(const Rule& rule) {
  Keys keys;
  if (rule.inverted) keys.put("not", true);
  if (rule.from) keys.put("from", rule.from->str());
  if (rule.to) keys.put("to", rule.to->str());
  if (!rule.iif.empty()) keys.put("iif", rule.iif);
  if (!rule.oif.empty()) keys.put("oif", rule.oif);
  if (rule.fwmark)
    keys.put("fwmark", rule.fwmark->second == 0xffffffff
                           ? fmt::format("{:#x}", rule.fwmark->first)
                           : fmt::format("{:#x}/{:#x}", rule.fwmark->first, rule.fwmark->second));
  if (rule.tos) keys.put("tos", number(*rule.tos));
  if (rule.ipproto) keys.put("ipproto", number(*rule.ipproto));
  put_range(keys, "source_ports", rule.source_ports);
  put_range(keys, "destination_ports", rule.destination_ports);
  put_range(keys, "uid_range", rule.uid_range);
  if (rule.action != RuleAction::table)
    keys.put("action", rule.action == RuleAction::blackhole     ? "blackhole"
                       : rule.action == RuleAction::unreachable ? "unreachable"
                                                                : "prohibit");
  else if (rule.l3mdev)
    keys.put("l3mdev", true);
  else
    put_table(keys, rule.table);
  if (rule.suppress_prefix_length) keys.put("suppress_prefix_length", number(*rule.suppress_prefix_length));
  if (rule.priority) keys.put("priority", number(*rule.priority));
  if (!rule.from && !rule.to && rule.family == Family::ipv6) keys.put("family", "ipv6");
  return keys.take();
}

toml::table said_neighbour(const Neighbour& one) {
  Keys keys;
  keys.put("address", one.address.str());
  if (one.proxy) keys.put("proxy", true);
  if (one.mac) keys.put("mac", one.mac->str());
  if (one.state) keys.put("state", setting_text(*one.state));
  if (one.router) keys.put("router", *one.router);
  return keys.take();
}

toml::table said_impairment(const Qdisc& one) {
  Keys keys;
  if (one.delay) keys.put("delay", setting_text(*one.delay));
  if (one.jitter) keys.put("jitter", setting_text(*one.jitter));
  const auto put_share = [&](std::string_view key, const Given<PacketShare>& share) {
    if (!share) return;
    const double percent = percent_of(*share);
    if (percent == std::floor(percent))
      keys.put(key, static_cast<std::int64_t>(percent));
    else
      keys.put(key, percent);
  };
  put_share("loss", one.loss);
  put_share("duplicate", one.duplicate);
  put_share("reorder", one.reorder);
  put_share("corrupt", one.corrupt);
  if (one.rate) keys.put("rate", setting_text(*one.rate));
  if (one.burst) keys.put("burst", number(*one.burst));
  if (one.limit) keys.put("limit", number(*one.limit));
  return keys.take();
}

toml::table said_port(const Port& port) {
  Keys keys;
  if (port.cost) keys.put("cost", number(*port.cost));
  if (port.priority) keys.put("priority", number(*port.priority));
  if (port.state) keys.put("state", setting_text(*port.state));
  Port::each_flag([&](std::string_view name, auto flag) {
    if (port.*flag) keys.put(name, *(port.*flag));
  });
  return keys.take();
}

toml::array said_vlans(const std::vector<VlanRange>& vlans) {
  toml::array list;
  for (const VlanRange& one : vlans) {
    const bool single = one.first == one.last;
    const std::string range = fmt::format("{}-{}", one.first, one.last);
    if (!one.pvid && !one.untagged) {
      single ? list.push_back(number(one.first)) : list.push_back(range);
      continue;
    }
    Keys keys;
    single ? keys.put("id", number(one.first)) : keys.put("id", range);
    if (one.pvid) keys.put("pvid", true);
    if (one.untagged) keys.put("untagged", true);
    list.push_back(keys.take());
  }
  return list;
}

/// What an interface has beside its names and addresses.
void put_settings(Keys& keys, const Interface& interface) {
  const LinkSettings& link = interface.link;
  if (link.master) keys.put("master", *link.master);
  if (link.state) keys.put("state", setting_text(*link.state));
  if (link.mac) keys.put("mac", link.mac->str());
  if (link.mtu) keys.put("mtu", number(*link.mtu));
  if (link.alias) keys.put("alias", *link.alias);
  if (link.altnames) {
    toml::array names;
    for (const std::string& name : *link.altnames) names.push_back(name);
    keys.put("altnames", std::move(names));
  }
  if (link.txqlen) keys.put("txqlen", number(*link.txqlen));
  if (link.group) keys.put("group", number(*link.group));
  if (link.promiscuous) keys.put("promiscuous", *link.promiscuous);
  if (link.allmulticast) keys.put("allmulticast", *link.allmulticast);
  if (link.multicast) keys.put("multicast", *link.multicast);
  if (link.arp) keys.put("arp", *link.arp);
  if (link.addr_gen_mode) keys.put("addr_gen_mode", setting_text(*link.addr_gen_mode));
  if (link.protodown) keys.put("protodown", *link.protodown);
  for (const Port& one : interface.of<Port>()) keys.put("port", said_port(one));
  for (const Vlans& one : interface.of<Vlans>()) keys.put("vlans", said_vlans(*one.list));
  Keys sysctls;
  for (const Sysctl& one : interface.of<Sysctl>()) put_sysctl(sysctls, in_short(one.key_text), one.value.value_or(""));
  if (!sysctls.empty()) keys.put("sysctl", sysctls.take());
  std::vector<Neighbour> neighbours = interface.of<Neighbour>();
  std::sort(neighbours.begin(), neighbours.end(), [](const auto& a, const auto& b) { return a.key() < b.key(); });
  toml::array list;
  for (const Neighbour& one : neighbours) list.push_back(said_neighbour(one));
  if (!list.empty()) keys.put("neighbours", std::move(list));
  for (const Qdisc& one : interface.of<Qdisc>()) keys.put("impair", said_impairment(one));
}

}  // namespace

Dad usual_dad(const Lab& lab) {
  std::ptrdiff_t more_on = 0;
  const auto count = [&](const std::vector<Address>& addresses) {
    for (const Address& one : addresses)
      if (is_v6(one.prefix.address)) more_on += one.dad == Dad::off ? -1 : 1;
  };
  for (const Namespace& space : lab.namespaces) count(space.of<Address>());
  for (const Device& device : lab.devices)
    for (const Interface& interface : device.interfaces) count(interface.of<Address>());
  return more_on > 0 ? Dad::on : Dad::off;
}

toml::table said_space(const SaidLab& in, const Namespace& space) {
  Keys keys;
  if (toml::array lo = said_addresses(in, space.of<Address>()); !lo.empty()) keys.put("lo", std::move(lo));
  std::vector<Sysctl> sysctls = space.of<Sysctl>();
  std::sort(sysctls.begin(), sysctls.end(), [](const auto& a, const auto& b) { return a.key() < b.key(); });
  const auto forwards = [](const Sysctl& one) {
    return (one.key_text == "net.ipv4.ip_forward" || one.key_text == "net.ipv6.conf.all.forwarding") &&
           one.value.value_or("") == "1";
  };
  if (std::count_if(sysctls.begin(), sysctls.end(), forwards) == 2) {
    keys.put("forwarding", true);
    std::erase_if(sysctls, forwards);
  }
  std::vector<Route> routes = space.of<Route>();
  std::stable_sort(routes.begin(), routes.end(), [](const Route& a, const Route& b) {
    return std::tuple(a.table, a.key()) < std::tuple(b.table, b.key());
  });
  toml::array gateways;
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    const auto found = std::find_if(routes.begin(), routes.end(), [&](const Route& one) {
      return one.destination.address.family == family && is_gateway(one);
    });
    if (found == routes.end()) continue;
    gateways.push_back(found->next_hops.front().via->str());
    routes.erase(found);
  }
  if (gateways.size() == 1)
    keys.put("gateway", *gateways.front().value<std::string>());
  else if (!gateways.empty())
    keys.put("gateway", std::move(gateways));
  Keys set;
  for (const Sysctl& one : sysctls) put_sysctl(set, one.key_text, one.value.value_or(""));
  if (!set.empty()) keys.put("sysctl", set.take());
  toml::array list;
  for (const Route& one : routes) list.push_back(said_route(one));
  if (!list.empty()) keys.put("routes", std::move(list));
  toml::array rules;
  for (const Rule& one : space.of<Rule>()) rules.push_back(said_rule(one));
  if (!rules.empty()) keys.put("rules", std::move(rules));
  return keys.take();
}

toml::table said_interface(const SaidLab& in, const Interface& interface, const Device& device) {
  Keys keys;
  keys.put("namespace", in.lab.namespaces[interface.home].name.str());
  if (device.interfaces.size() > 1 || device.name.str() != interface.name.str()) keys.put("name", interface.name.str());
  if (toml::array list = said_addresses(in, interface.of<Address>()); !list.empty())
    keys.put("addresses", std::move(list));
  put_settings(keys, interface);
  return keys.take();
}

void put_end(const SaidLab& in, const Interface& interface, toml::array& into) {
  std::string end = fmt::format("{}:{}", in.lab.namespaces[interface.home].name.str(), interface.name.str());
  toml::array list = said_addresses(in, interface.of<Address>());
  const bool plain = std::all_of(list.begin(), list.end(), [](const toml::node& one) { return one.is_string(); });
  if (plain)
    for (const toml::node& one : list) end += " " + one.as_string()->get();
  Keys settings;
  settings.put("end", end);
  if (!plain) settings.put("addresses", std::move(list));
  put_settings(settings, interface);
  toml::table table = settings.take();
  if (table.size() == 1)
    into.push_back(std::move(end));
  else
    into.push_back(std::move(table));
}

toml::table said_parameters(const Device& device) {
  Keys keys;
  for (const ParameterDeclaration& one : device.about->parameters) {
    const auto found = device.parameters.find(one.name);
    if (found == device.parameters.end() || one.type == ParameterType::table) continue;  // which no link has
    toml::array values;
    for (const ParameterScalar& scalar : found->second.values) {
      if (const auto* flag = std::get_if<bool>(&scalar))
        values.push_back(*flag);
      else if (const auto* whole = std::get_if<std::int64_t>(&scalar);
               whole != nullptr && one.type == ParameterType::integer)
        values.push_back(*whole);
      else if (whole != nullptr && one.type == ParameterType::fraction)
        values.push_back(percent_of(static_cast<PacketShare>(*whole)));
      else
        values.push_back(to_text(scalar, one.type));
    }
    if (one.list)
      keys.put(one.name, std::move(values));
    else if (!values.empty())
      values.front().visit([&](auto& value) { keys.put(one.name, value); });
  }
  return keys.take();
}

}  // namespace netrig::config
