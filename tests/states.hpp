// SPDX-License-Identifier: Apache-2.0
// Objects and states of namespaces for tests, and random ones.
#pragma once
#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "model/step.hpp"
#include "plan/words.hpp"

namespace states {

using namespace netrig;

inline Link link(const std::string& name, AdminState state = AdminState::up) {
  Link one;
  one.name = name;
  one.settings.state = {state};
  one.settings.master = {std::string()};
  one.settings.alias = {std::string()};
  return one;
}

inline Address address(const std::string& interface, const std::string& prefix, bool secondary = false) {
  Address one;
  one.interface = interface;
  one.prefix = *Prefix::parse(prefix);
  one.secondary = secondary;
  return one;
}

inline Route route(const std::string& to, const std::string& via, const std::string& dev, std::uint32_t metric = 0) {
  Route one;
  one.destination = *Prefix::parse(to);
  one.protocol = {kRouteProtocol};
  NextHop hop;
  if (!via.empty()) hop.via = IpAddress::parse(via);
  if (!dev.empty()) hop.interface = InterfaceName(dev);
  one.next_hops = {hop};
  if (metric != 0) one.metric = metric;
  return one;
}

inline Sysctl sysctl(const std::string& key, const std::string& value) {
  Sysctl one;
  one.key_text = key;
  one.value = {value};
  return one;
}

/// The steps as words: "make address eth0 10.0.0.1/24".
inline std::vector<std::string> words(const std::vector<Step>& steps) {
  static constexpr std::array kVerbs = {"make", "change", "remove"};
  std::vector<std::string> result;
  for (const Step& step : steps) {
    if (step.part == Step::Part::removal) continue;
    std::string text = std::string(kVerbs.at(static_cast<std::size_t>(step.verb))) + " " +
                       std::string(kind_of(step.object)) + " " + text_of(step.object);
    if (!step.changes.empty()) text += ": " + plan::words_of(step);
    if (step.restores) text += " (again)";
    result.push_back(text);
  }
  return result;
}

/// Small states in which everything can be in the way of everything.
class Random {
 public:
  /// `vlans`: bridges look at them.
  Random(unsigned seed, bool vlans) : random_(seed), vlans_(vlans) {}

  SpaceState next() {
    SpaceState state;
    for (const char* name : {"eth0", "eth1"}) {
      Link one = link(name, chance(5) ? AdminState::down : AdminState::up);
      one.settings.mtu = {chance(6) ? 1000U : chance(3) ? 1400U : 1500U};
      state.of<Link>().push_back(one);
      add_addresses(state, name);
      add_neighbours(state, name);
      add_qdisc(state, name);
    }
    add_switch(state);
    for (const char* to : {"0.0.0.0/0", "192.0.2.0/24", "198.51.100.0/24"})
      if (const auto way = gateway(state, Family::ipv4); way && chance(2))
        state.of<Route>().push_back(route(to, way->second, way->first, chance(2) ? 0 : 100));
    if (const auto way = gateway(state, Family::ipv6); way && chance(2))
      state.of<Route>().push_back(route("2001:db8:f::/48", way->second, way->first));
    add_rules(state);
    for (const char* key : {"net.ipv4.ip_forward", "net.ipv4.conf.eth0.forwarding"})
      state.of<Sysctl>().push_back(sysctl(key, chance(2) ? "1" : "0"));
    return state;
  }

 private:
  static bool has_ipv6(const Link& link) {
    return link.settings.state == AdminState::up && link.settings.mtu.value_or(0) >= kLeastMtu6;
  }

  /// Entries of a link that is down go, and so do those for which it answers.
  void add_neighbours(SpaceState& state, const std::string& name) {
    const Link& link = state.of<Link>().back();
    if (link.settings.state != AdminState::up) return;
    for (const bool proxy : {false, true}) {
      if (chance(2)) continue;
      Neighbour one;
      one.interface = name;
      one.address = IpAddress::parse(name == "eth0" ? "10.0.0.200" : "10.1.0.200").value();
      if (has_ipv6(link) && chance(2)) one.address = IpAddress::parse("2001:db8::200").value();
      one.proxy = proxy;
      if (!proxy) one.mac = {MacAddress::parse(chance(2) ? "02:00:00:00:00:01" : "02:00:00:00:00:02").value()};
      if (!proxy) one.state = {NeighbourState::permanent};
      state.of<Neighbour>().push_back(one);
    }
  }

  void add_qdisc(SpaceState& state, const std::string& name) {
    if (chance(2)) return;
    Qdisc one;
    one.interface = name;
    one.kind = Qdisc::kTbf;
    one.rate = ByteRate(chance(2) ? 125'000 : 12'500'000);
    one.burst = chance(2) ? 5000U : 70'000U;
    state.of<Qdisc>().push_back(one);
  }

  /// Bridge br0, and p0, which is a port of it or not.
  void add_switch(SpaceState& state) {
    state.of<Link>().push_back(link("br0"));
    if (vlans_ && chance(2)) add_vlans(state, "br0");
    Link& port = state.of<Link>().emplace_back(link("p0", chance(5) ? AdminState::down : AdminState::up));
    if (chance(4)) return;
    port.settings.master = {std::string("br0")};
    if (vlans_ && chance(2)) add_vlans(state, "p0");
    if (chance(3)) return;
    Port one{.interface = "p0"};
    if (chance(2)) one.priority = {chance(2) ? 10U : 20U};
    Port::each_flag([&](std::string_view, auto flag) {
      if (chance(4)) one.*flag = {chance(2)};
    });
    state.of<Port>().push_back(one);
  }

  void add_vlans(SpaceState& state, const std::string& interface) {
    Vlans one{.interface = interface, .of_bridge = interface == "br0"};
    std::vector<VlanRange> list;
    if (chance(2)) list.push_back({.first = 1, .last = 1, .pvid = chance(2), .untagged = chance(2)});
    if (chance(2)) list.push_back({.first = 10, .last = 10, .pvid = list.empty(), .untagged = chance(2)});
    if (chance(2)) list.push_back({.first = 11, .last = static_cast<std::uint16_t>(chance(2) ? 20 : 30)});
    one.list = {std::move(list)};
    state.of<Vlans>().push_back(std::move(one));
  }

  void add_rules(SpaceState& state) {
    for (const std::uint32_t priority : {10U, 20U}) {
      if (chance(2)) continue;
      Rule rule;
      rule.priority = priority;
      rule.from = Prefix::parse("10.0.0.0/8");
      rule.table = chance(2) ? 100 : 200;
      state.of<Rule>().push_back(rule);
    }
  }

  bool chance(unsigned of) { return random_() % of == 0; }

  void add_addresses(SpaceState& state, const std::string& name) {
    const std::string net = name == "eth0" ? "10.0.0." : "10.1.0.";
    bool first = true;
    for (unsigned host = 1; host <= 3; ++host) {
      if (chance(2)) continue;
      state.of<Address>().push_back(address(name, net + std::to_string(host) + "/24", !first));
      first = false;
    }
    // On a link that is down, or has too small an MTU, there is no IPv6 address (inet6_addr_add, addrconf_notify).
    if (chance(2) && has_ipv6(state.of<Link>().back()))
      state.of<Address>().push_back(address(name, name == "eth0" ? "2001:db8::1/64" : "2001:db8:1::1/64"));
  }

  /// An interface that is up and has an address, and a neighbour there.
  std::optional<std::pair<std::string, std::string>> gateway(const SpaceState& state, Family family) {
    for (const Address& one : state.of<Address>()) {
      const auto& links = state.of<Link>();
      const auto up = std::find_if(links.begin(), links.end(), [&](const Link& l) { return l.name == one.interface; });
      if (one.prefix.address.family == family && up->settings.state == AdminState::up && chance(2))
        return std::pair<std::string, std::string>(
            one.interface, family == Family::ipv4    ? one.interface == "eth0" ? "10.0.0.254" : "10.1.0.254"
                           : one.interface == "eth0" ? "2001:db8::fe"
                                                     : "2001:db8:1::fe");
    }
    return std::nullopt;
  }

  std::mt19937 random_;
  bool vlans_;
};

}  // namespace states
