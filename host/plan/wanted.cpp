// SPDX-License-Identifier: Apache-2.0
#include "plan/wanted.hpp"

#include "plan/devices.hpp"
#include "plan/rows.hpp"

namespace netrig::plan {
namespace {

Link link_of(const Device& device, std::size_t index) {
  const Interface& interface = device.interfaces[index];
  Link link;
  link.parameters = wanted_parameters(device, index);
  link.name = interface.name.str();
  link.settings = interface.link;
  link.dynamic = interface.dynamic;
  link.needs_ipv6 = interface.needs_ipv6();
  link.where = interface.where;
  LinkSettings& settings = link.settings;
  if (!settings.master) settings.master = {std::string(), interface.where};
  if (!settings.state) settings.state = {AdminState::up, interface.where};
  if (!settings.alias) settings.alias = {std::string(), interface.where};
  return link;
}

/// Adds what the objects count on to be seen.
void note(const SpaceState& state, Interest& interest) {
  ObjectKinds::each([&]<typename Kind>(std::type_identity<Kind>) {
    if constexpr (requires(const Kind& one) { one.note(interest); })
      for (const Kind& one : state.of<Kind>()) one.note(interest);
  });
}

}  // namespace

Wanted::Wanted(const Lab& lab) : lab_(lab), interfaces_(lab.namespaces.size()) {
  for (std::size_t d = 0; d < lab.devices.size(); ++d)
    for (std::size_t i = 0; i < lab.devices[d].interfaces.size(); ++i)
      interfaces_[lab.devices[d].interfaces[i].home].emplace_back(d, i);
}

SpaceState Wanted::in(std::size_t space) const {
  const Namespace& home = lab_.namespaces[space];
  SpaceState state = home.objects;
  if (!home.existing) {
    Link& lo = state.of<Link>().emplace_back();
    lo.name = "lo";
    lo.settings.state = {AdminState::up, home.where};
    lo.where = home.where;
    lo.needs_ipv6 = home.needs_ipv6();
  }
  for (const Place& place : interfaces_[space]) {
    state.of<Link>().push_back(link_of(lab_.devices[place.first], place.second));
    ObjectKinds::each([&]<typename Kind>(std::type_identity<Kind>) {
      const auto& own = at(place).of<Kind>();
      state.of<Kind>().insert(state.of<Kind>().end(), own.begin(), own.end());
    });
  }
  make_canonical(state);
  ObjectKinds::each([&]<typename Kind>(std::type_identity<Kind>) { Row<Kind>::arrange(state.of<Kind>()); });
  return state;
}

Interest Wanted::interest_in(std::size_t space) const {
  Interest interest;
  note(lab_.namespaces[space].objects, interest);
  for (const Place& place : interfaces_[space]) {
    note(at(place).objects, interest);
    const Device& device = lab_.devices[place.first];
    if (!wanted_parameters(device, place.second).empty()) interest.add(device.about);
  }
  return interest;
}

Interest interest_of(const SpaceState& state) {
  Interest interest;
  note(state, interest);
  return interest;
}

void make_canonical(SpaceState& state) {
  ObjectKinds::each([&]<typename Kind>(std::type_identity<Kind>) {
    for (Kind& one : state.of<Kind>()) Row<Kind>::make_canonical(one);
  });
}

}  // namespace netrig::plan
