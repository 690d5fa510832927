// SPDX-License-Identifier: Apache-2.0
#include "plan/order.hpp"

#include <algorithm>
#include <unordered_set>

#include "plan/compare.hpp"

namespace netrig::plan {
namespace {

/// Stages of a namespace. What makes comes before what removes, so that a packet finds a way all the time, but where
/// both cannot be there.
enum class Stage : std::uint8_t {
  rename,      ///< everything else goes by the name
  clear,       ///< what is in the way of what comes: addresses of a prefix that gets another
  sysctl,      ///< before links come up: what is switched off must not happen in between
  loopback,    ///< routes over it need it
  address,     ///< before up: an interface that comes up with its addresses announces them once
  link,        ///< ports and hosts
  master,      ///< last: a port that comes up on a running bridge floods its neighbour discovery to all others
  sysctl6,     ///< of interfaces whose MTU gets great enough for IPv6, for they have none before (addrconf_notify)
  route_link,  ///< routes straight over an interface, for what goes over a gateway needs one
  route,
  neighbour,
  rule,
  remove_rule,
  remove_neighbour,
  remove_route,
  remove_address,
};

struct Sorter {
  std::unordered_set<std::string> masters;
  std::vector<const Address*> made;         // addresses to come
  std::unordered_set<std::string> growing;  // interfaces that get IPv6 by their MTU

  void note(const Step& step) {
    if (const auto* address = std::get_if<Address>(&step.object); address != nullptr && step.verb != Verb::remove)
      made.push_back(address);
    const auto* link = std::get_if<Link>(&step.object);
    if (link == nullptr || !step.before) return;
    const auto least = [](const Link& one) { return one.settings.mtu.value_or(kLeastMtu6) >= kLeastMtu6; };
    if (!least(std::get<Link>(*step.before)) && least(*link)) growing.insert(link->name);
  }

  [[nodiscard]] bool is_in_the_way(const Address& going) const {
    return std::any_of(made.begin(), made.end(), [&](const Address* coming) {
      return coming->interface == going.interface &&
             (coming->prefix.network() == going.prefix.network() || coming->prefix.address == going.prefix.address);
    });
  }

  Stage operator()(const Sysctl& sysctl, const Step&) const {
    const bool late = sysctl.key_text.starts_with("net.ipv6.") && growing.contains(sysctl.interface());
    return late ? Stage::sysctl6 : Stage::sysctl;
  }
  Stage operator()(const Link& link, const Step& step) const {
    if (step.before && std::get<Link>(*step.before).name != link.name) return Stage::rename;
    if (link.name == "lo") return Stage::loopback;
    return masters.contains(link.name) ? Stage::master : Stage::link;
  }
  Stage operator()(const Address& address, const Step& step) const {
    if (step.verb != Verb::remove) return Stage::address;
    if (step.part == Step::Part::removal) return Stage::clear;
    return is_in_the_way(address) ? Stage::clear : Stage::remove_address;
  }
  Stage operator()(const Neighbour&, const Step& step) const {
    return step.verb == Verb::remove ? Stage::remove_neighbour : Stage::neighbour;
  }
  Stage operator()(const Route& route, const Step& step) const {
    if (step.verb == Verb::remove) return Stage::remove_route;
    const bool straight = std::none_of(route.next_hops.begin(), route.next_hops.end(),
                                       [](const NextHop& hop) { return hop.via.has_value(); });
    return straight ? Stage::route_link : Stage::route;
  }
  Stage operator()(const Rule&, const Step& step) const {
    return step.verb == Verb::remove ? Stage::remove_rule : Stage::rule;
  }
};

}  // namespace

namespace {

/// Which address is the first of its prefix is decided by who comes first, so all that are otherwise go before any
/// comes.
void split_addresses(std::vector<Step>& steps) {
  const std::size_t count = steps.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (steps[i].verb != Verb::change || !std::holds_alternative<Address>(steps[i].object) ||
        changes_in_place(steps[i].object, steps[i].changes))
      continue;
    steps[i].part = Step::Part::rest;
    Step removal{.verb = Verb::remove, .object = *steps[i].before};
    removal.part = Step::Part::removal;
    steps.push_back(std::move(removal));
  }
}

}  // namespace

void put_in_order(std::vector<Step>& steps, const SpaceState& target) {
  split_addresses(steps);
  if (steps.size() < 2) return;
  Sorter sorter;
  for (const Link& link : target.of<Link>())
    if (!link.settings.master.value_or("").empty()) sorter.masters.insert(*link.settings.master);
  for (const Step& step : steps) sorter.note(step);
  std::vector<std::pair<Stage, std::size_t>> order;
  order.reserve(steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i)
    order.emplace_back(std::visit([&](const auto& one) { return sorter(one, steps[i]); }, steps[i].object), i);
  if (std::is_sorted(order.begin(), order.end())) return;
  std::sort(order.begin(), order.end());
  std::vector<Step> sorted;
  sorted.reserve(steps.size());
  for (const auto& [stage, index] : order) sorted.push_back(std::move(steps[index]));
  steps = std::move(sorted);
}

}  // namespace netrig::plan
