// SPDX-License-Identifier: Apache-2.0
#include "kernel/objects.hpp"

#include <algorithm>
#include <cerrno>

#include "kernel/rows.hpp"

namespace netrig::kernel {

void append(Batch& batch, const Step& step, const IfindexOf& ifindex_of) {
  std::visit(
      [&]<typename Kind>(const Kind& object) {
        const auto* before = step.before ? &std::get<Kind>(*step.before) : nullptr;
        write_step(batch, Doing<Kind>{.verb = step.verb, .object = object, .before = before}, ifindex_of);
      },
      step.object);
}

bool already_so(const Step& step, int error) {
  // All but its state a port has taken, and that it takes when it has a carrier.
  if (std::holds_alternative<Port>(step.object) && error == ENETDOWN) return true;
  switch (step.verb) {
    case Verb::make:
      return error == EEXIST;
    case Verb::remove:  // routes, rules and neighbours, addresses, and whatever goes with its interface, or with its
                        // IPv6
      return error == ESRCH || error == ENOENT || error == EADDRNOTAVAIL || error == ENODEV || error == ENXIO;
    case Verb::change:
      return false;
  }
  return false;
}

SpaceState look(Socket& socket, const LookAt& at) {
  SpaceState state;
  View view{.socket = socket, .at = at, .missing = state.missing};
  const Kinds& kinds = at.kinds;
  // The others name their interfaces.
  if (kinds.has<Link>() || kinds.has<Port>() || kinds.has<Vlans>() || kinds.has<Qdisc>() || kinds.has<Address>() ||
      kinds.has<Neighbour>() || kinds.has<Route>()) {
    const Interest& interest = at.interest;
    const auto is_whole = [&](const LinkState& link) {
      return (interest.ports && link.port_state) || (interest.vlans && link.kind == kBridge) ||
             std::any_of(interest.tables.begin(), interest.tables.end(),
                         [&](const auto& table) { return table->link_kinds.front() == link.kind; });
    };
    const bool any = interest.ports || interest.vlans || !interest.tables.empty();
    view.links = list_links(socket, any ? IsWhole(is_whole) : IsWhole());
    std::sort(view.links.begin(), view.links.end(),
              [](const LinkState& one, const LinkState& other) { return one.ifindex < other.ifindex; });
  }
  ObjectKinds::each([&]<typename Kind>(std::type_identity<Kind>) {
    if (Kind::kRealm == Realm::procfs || kinds.has<Kind>()) see(view, state.of<Kind>());
  });
  return state;
}

}  // namespace netrig::kernel
