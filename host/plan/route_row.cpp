// SPDX-License-Identifier: Apache-2.0
#include "plan/route_row.hpp"

#include <algorithm>

#include "plan/difference.hpp"

namespace netrig::plan {
namespace {

bool is_v6(const Route& route) { return route.destination.address.family == Family::ipv6; }

/// Routes over the same ways, in whatever order the kernel holds them.
std::vector<NextHop> sorted(std::vector<NextHop> hops) {
  std::sort(hops.begin(), hops.end());
  return hops;
}

/// A way that names no interface goes by whichever the kernel finds; one that names no gateway goes straight.
bool same_hop(const NextHop& wanted, const NextHop& seen) {
  return wanted.via == seen.via && (!wanted.interface || wanted.interface == seen.interface) &&
         wanted.weight == seen.weight && wanted.onlink == seen.onlink;
}

bool same_hops(const std::vector<NextHop>& wanted, const std::vector<NextHop>& seen) {
  if (wanted.size() != seen.size()) return false;
  const auto all = [](const std::vector<NextHop>& a, const std::vector<NextHop>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), same_hop);
  };
  return all(wanted, seen) || all(sorted(wanted), sorted(seen));
}

bool is_down(const std::string& interface, const SpaceState& state) {
  const auto& links = state.of<Link>();
  return std::any_of(links.begin(), links.end(), [&](const Link& link) {
    return link.name == interface && link.settings.state.value_or(AdminState::up) == AdminState::down;
  });
}

/// Interfaces that lead to a gateway, as the longest prefix says.
struct Leading {
  std::uint8_t length = 0;
  std::vector<std::string> names = {};

  void add(const IpAddress& gateway, const Prefix& prefix, const std::string& interface) {
    if (!prefix.contains(gateway) || prefix.length < length) return;
    if (prefix.length > length) names.clear();
    length = prefix.length;
    names.push_back(interface);
  }
};

Leading leading_to(const IpAddress& gateway, const SpaceState& state) {
  Leading found;
  for (const Address& address : state.of<Address>())
    if (address.prefix_route.value_or(true) && !is_down(address.interface, state))
      found.add(gateway, {.address = address.peer.value_or(address.prefix.address), .length = address.prefix.length},
                address.interface);
  for (const Route& route : state.of<Route>())
    if (route.table == kMainTable && route.next_hops.size() == 1 && !route.next_hops.front().via &&
        route.next_hops.front().interface && route.destination.length > 0)
      found.add(gateway, route.destination, route.next_hops.front().interface->str());
  return found;
}

/// The interface that a way goes over: the one it names, or the one that leads to its gateway.
std::string interface_of(const NextHop& hop, const SpaceState& state) {
  if (hop.interface) return hop.interface->str();
  const Leading found = hop.via ? leading_to(*hop.via, state) : Leading{};
  return found.names.empty() ? std::string() : found.names.front();
}

/// A route of several ways lives while one of them does.
bool goes_over(const Route& route, const std::string& interface, const SpaceState& state) {
  return !route.next_hops.empty() && std::all_of(route.next_hops.begin(), route.next_hops.end(), [&](const auto& hop) {
    return interface_of(hop, state) == interface;
  });
}

bool has_master(const std::string& interface, const SpaceState& state) {
  const auto& links = state.of<Link>();
  return std::any_of(links.begin(), links.end(), [&](const Link& link) {
    return link.name == interface && !link.settings.master.value_or("").empty();
  });
}

/// Whether the way there is one that is not of the lab, and stays: an address that is as long as the lab's own.
bool is_led_by_others(const IpAddress& gateway, const InterfaceName& interface, const Leading& own,
                      const Sides& sides) {
  const auto& made = sides.made.of<Address>();
  const auto& seen = sides.seen.of<Address>();
  return std::any_of(seen.begin(), seen.end(), [&](const Address& address) {
    return address.interface == interface.str() && address.prefix.length >= own.length &&
           address.prefix.contains(gateway) &&
           std::none_of(made.begin(), made.end(), [&](const Address& one) { return one.key() == address.key(); });
  });
}

}  // namespace

void Row<Route>::make_canonical(Route& one) {
  one.destination = one.destination.network();
  if (one.metric.value_or(0) == 0 || (is_v6(one) && one.metric == 1024U)) one.metric.reset();  // IP6_RT_PRIO_USER
  if (is_v6(one)) one.scope.reset();
}

std::vector<SettingChange> Row<Route>::other_changes(const Route& wanted, const Route& seen) {
  if (wanted.type != seen.type)
    return {{.name = "type",
             .expected = setting_text(wanted.type),
             .found = setting_text(seen.type),
             .where = wanted.where}};
  if (same_hops(wanted.next_hops, seen.next_hops)) return {};
  return {{.name = "next hops",
           .expected = setting_text(wanted.next_hops),
           .found = setting_text(seen.next_hops),
           .where = wanted.where}};
}

void Row<Route>::find_ways(Route& goal, const Route& seen, const Sides& sides) {
  if (goal.table != kMainTable || goal.next_hops.size() != seen.next_hops.size()) return;
  for (std::size_t i = 0; i < goal.next_hops.size(); ++i) {
    NextHop& hop = goal.next_hops[i];
    const NextHop& there = seen.next_hops[i];
    if (hop.interface || !hop.via || hop.via != there.via || hop.onlink || !there.interface) continue;
    if (hop.via->is_link_local()) continue;  // is on every link
    const Leading leading = leading_to(*hop.via, sides.wanted);
    // A VRF's interfaces lead there by its table alone.
    if (leading.names.size() != 1 || has_master(leading.names.front(), sides.wanted)) continue;
    if (leading.names.front() != there.interface->str() &&
        !is_led_by_others(*hop.via, *there.interface, leading, sides))
      hop.interface = InterfaceName(leading.names.front());
  }
}

void Row<Route>::keep_rest(Route& goal, const Route& seen) {
  if (goal.type != seen.type || goal.next_hops.size() != seen.next_hops.size()) return;
  for (std::size_t i = 0; i < goal.next_hops.size(); ++i)
    if (!goal.next_hops[i].interface && goal.next_hops[i].via == seen.next_hops[i].via)
      goal.next_hops[i].interface = seen.next_hops[i].interface;
}

std::vector<std::string> Row<Route>::interfaces_of(const Route& one) {
  std::vector<std::string> names;
  for (const NextHop& hop : one.next_hops)
    if (hop.interface) names.push_back(hop.interface->str());
  return names;
}

Stage Row<Route>::stage(const Step& step, const Route& one, const Course& /*course*/) {
  if (step.verb == Verb::remove) return Stage::remove_route;
  const bool straight =
      std::none_of(one.next_hops.begin(), one.next_hops.end(), [](const NextHop& hop) { return hop.via.has_value(); });
  return straight ? Stage::route_link : Stage::route;
}

bool Row<Route>::suffer(Route& one, const Event& event, const SpaceState& state) {
  switch (event.what) {
    case Event::What::renamed:
      for (NextHop& hop : one.next_hops)
        if (hop.interface && hop.interface->str() == event.interface) hop.interface = InterfaceName(event.name);
      return false;
    case Event::What::address_gone:
      if (!one.source || *one.source != event.address) return false;
      if (is_v6(one)) one.source.reset();
      return !is_v6(one);
    case Event::What::link_gone:
    case Event::What::link_down:
      return goes_over(one, event.interface, state);
    case Event::What::no_ipv6:
      return is_v6(one) && goes_over(one, event.interface, state);
    case Event::What::no_ipv4:
      return !is_v6(one) && goes_over(one, event.interface, state);
    case Event::What::other_master:
      return false;
  }
  return false;
}

}  // namespace netrig::plan
