// SPDX-License-Identifier: Apache-2.0
#include "plan/wanted.hpp"

#include <algorithm>

namespace netrig::plan {
namespace {

Link link_of(const Interface& interface) {
  Link link;
  link.name = interface.name.str();
  link.settings = interface.link;
  link.dynamic = interface.dynamic;
  link.where = interface.where;
  LinkSettings& settings = link.settings;
  if (!settings.master) settings.master = {std::string(), interface.where};
  if (!settings.state) settings.state = {AdminState::up, interface.where};
  if (!settings.alias) settings.alias = {std::string(), interface.where};
  return link;
}

void append_addresses(SpaceState& state, const std::string& interface, const std::vector<Address>& addresses) {
  for (Address address : addresses) {
    address.interface = interface;
    state.of<Address>().push_back(std::move(address));
  }
}

void make_canonical(Sysctl& sysctl) {
  if (sysctl.value) *sysctl.value = canonical_value(*sysctl.value);
}

void make_canonical(Address& address) {
  if (address.label && (address.label->empty() || *address.label == address.interface)) address.label.reset();
  if (address.peer == address.prefix.address) address.peer.reset();
}

void make_canonical(Route& route) {
  const bool v6 = route.destination.address.family == Family::ipv6;
  route.destination = route.destination.network();
  if (route.metric.value_or(0) == 0 || (v6 && route.metric == 1024U)) route.metric.reset();
  if (v6) route.scope.reset();
}

/// The first address of its prefix on an interface is primary, the others hang on it (__inet_insert_ifa).
void mark_secondaries(std::vector<Address>& addresses) {
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    Address& one = addresses[i];
    one.secondary =
        one.prefix.address.family == Family::ipv4 &&
        std::any_of(addresses.begin(), addresses.begin() + static_cast<std::ptrdiff_t>(i), [&](const Address& earlier) {
          return earlier.interface == one.interface && earlier.prefix.length == one.prefix.length &&
                 earlier.scope.value_or(Scope::global) == one.scope.value_or(Scope::global) &&
                 earlier.prefix.network() == one.prefix.network() && !one.peer;
        });
  }
}

}  // namespace

Wanted::Wanted(const Lab& lab) : lab_(lab), interfaces_(lab.namespaces.size()) {
  for (std::size_t d = 0; d < lab.devices.size(); ++d)
    for (std::size_t i = 0; i < lab.devices[d].interfaces.size(); ++i)
      interfaces_[lab.devices[d].interfaces[i].home].emplace_back(d, i);
}

SpaceState Wanted::in(std::size_t space) const {
  const Namespace& home = lab_.namespaces[space];
  SpaceState state;
  state.of<Sysctl>() = home.sysctls;
  if (!home.existing) {
    Link& lo = state.of<Link>().emplace_back();
    lo.name = "lo";
    lo.settings.state = {AdminState::up, home.where};
    lo.where = home.where;
  }
  append_addresses(state, "lo", home.lo);
  for (const Place& place : interfaces_[space]) {
    const Interface& interface = at(place);
    state.of<Link>().push_back(link_of(interface));
    append_addresses(state, interface.name.str(), interface.addresses);
    for (Neighbour neighbour : interface.neighbours) {
      neighbour.interface = interface.name.str();
      state.of<Neighbour>().push_back(std::move(neighbour));
    }
    const auto& sysctls = interface.sysctls;
    state.of<Sysctl>().insert(state.of<Sysctl>().end(), sysctls.begin(), sysctls.end());
  }
  std::stable_sort(state.of<Sysctl>().begin(), state.of<Sysctl>().end(),
                   [](const Sysctl& a, const Sysctl& b) { return a.reach() < b.reach(); });
  state.of<Route>() = home.routes;
  for (Route& route : state.of<Route>())
    if (!route.protocol) route.protocol = {kRouteProtocol, route.where};
  state.of<Rule>() = home.rules;
  make_canonical(state);
  mark_secondaries(state.of<Address>());
  return state;
}

Interest Wanted::interest_in(std::size_t space) const {
  Interest interest;
  const auto note_all = [&](const auto& objects) {
    for (const auto& one : objects) note(one, interest);
  };
  note_all(lab_.namespaces[space].sysctls);
  note_all(lab_.namespaces[space].routes);
  note_all(lab_.namespaces[space].rules);
  for (const Place& place : interfaces_[space]) {
    note_all(at(place).sysctls);
    note_all(at(place).neighbours);
  }
  return interest;
}

Interest interest_of(const SpaceState& state) {
  Interest interest;
  ObjectKinds::each([&]<typename Kind>(std::type_identity<Kind>) {
    if constexpr (requires(const Kind& one) { note(one, interest); })
      for (const Kind& one : state.of<Kind>()) note(one, interest);
  });
  return interest;
}

void make_canonical(SpaceState& state) {
  for (Sysctl& sysctl : state.of<Sysctl>()) make_canonical(sysctl);
  for (Address& address : state.of<Address>()) make_canonical(address);
  for (Route& route : state.of<Route>()) make_canonical(route);
}

}  // namespace netrig::plan
