// SPDX-License-Identifier: Apache-2.0
#include "plan/claims.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "plan/devices.hpp"

namespace netrig::plan {
namespace {

const std::string& home_of(const Lab& lab, const Interface& interface) {
  return lab.namespaces[interface.home].name.str();
}

std::string place_of(const std::string& space, const std::string& name) { return space + ":" + name; }

template <typename Each>
void for_each_reference(const Device& device, const Each& each) {
  for (const auto& [name, value] : device.parameters)
    for (const auto& scalar : value.values)
      if (const auto* reference = std::get_if<InterfaceReference>(&scalar)) each(*reference);
}

std::string mac_on(const InterfaceReference& lower, const MacAddress& mac) {
  return place_of(lower.home.str(), lower.name.str()) + " " + mac.str();
}

/// The kernel gives a MAC to one of them alone (macvlan_addr_busy).
bool has_mac_alone(const Link& link) { return link.kind == "macvlan" || link.kind == "macvtap"; }

/// What two of a kind that stand on nothing in common may yet not both have in a namespace: a VXLAN's number, the ends
/// of a tunnel. Which parameters those are no table says, so it is any that tells one from another.
template <typename Each>
void for_each_mark(const Lab& lab, const Device& device, const Each& each) {
  if (!device.about) return;
  const std::string& kind = device.about->link_kinds.empty() ? device.driver : device.about->link_kinds.front();
  std::unordered_set<std::string> grounds;
  for (const Interface& interface : device.interfaces) grounds.insert(home_of(lab, interface));
  for (const auto& [name, value] : device.parameters)
    for (const auto& scalar : value.values)
      if (const auto lower = reference_of(scalar)) grounds.insert(lower->home.str());
  for (const auto& [name, value] : device.parameters) {
    const ParameterDeclaration* one = device.about->parameter(name);
    if (one == nullptr || one->searches() || !one->table().empty() || one->type == ParameterType::table ||
        one->type == ParameterType::boolean || one->type == ParameterType::enumeration || value.values.empty() ||
        reference_of(value.values.front()))
      continue;
    const std::string text = to_text(value.values, one->type);
    if (text == one->default_text) continue;
    for (const std::string& ground : grounds) each(fmt::format("{} in {}: {} = {}", kind, ground, name, text));
  }
}

bool borrows(const Device& device) { return device.about && device.about->borrows(); }

/// Whether it needs an interface that the lab does not make.
bool leans_outside(const Lab& lab, const Device& device) {
  bool leans = borrows(device);
  for_each_reference(device, [&](const InterfaceReference& lower) {
    const auto home = lab.find_namespace(lower.home.str());
    leans = leans || (home && lab.namespaces[*home].existing);
  });
  return leans;
}

}  // namespace

Claims::Claims(const Lab& current, const Lab& next, FindLink find)
    : current_(current), next_(next), find_(std::move(find)) {
  if (current.devices.empty()) return;  // nothing is there
  const DeviceOfInterface owner(current);
  for (const Device& device : next.devices)
    for (const Interface& interface : device.interfaces) {
      const std::string& space = home_of(next, interface);
      const std::string& name = interface.name.str();
      if (interface.index) numbers_[space].emplace(*interface.index, name);
      if (owner.find(space, name) == SIZE_MAX) new_names_[space].insert(name);
      for (const std::string& other : interface.link.altnames.value_or({})) altnames_[space].insert(other);
      if (interface.link.mac)
        for_each_reference(device, [&](const InterfaceReference& lower) {
          macs_.emplace(mac_on(lower, *interface.link.mac), Claimant(space, name));
        });
    }
}

bool Claims::is_number_owed(const std::string& space, const std::string& interface) const {
  const auto numbers = numbers_.find(space);
  const Link* link = numbers == numbers_.end() ? nullptr : find_(space, interface);
  if (link == nullptr) return false;
  const auto claimant = numbers->second.find(link->ifindex);
  return claimant != numbers->second.end() && claimant->second != interface;
}

bool Claims::is_mac_owed(const Lab& lab, const Device& device, const Interface& interface) const {
  const std::string& space = home_of(lab, interface);
  bool owed = false;
  if (macs_.empty()) return owed;
  for_each_reference(device, [&](const InterfaceReference& lower) {
    const Link* link = owed ? nullptr : find_(space, interface.name.str());
    if (link == nullptr || !link->settings.mac || !has_mac_alone(*link)) return;
    const auto found = macs_.find(mac_on(lower, *link->settings.mac));
    owed = found != macs_.end() && found->second != Claimant(space, interface.name.str());
  });
  return owed;
}

bool Claims::is_owed(const Device& device) const {
  return std::any_of(device.interfaces.begin(), device.interfaces.end(), [&](const Interface& interface) {
    const std::string& space = home_of(next_, interface);
    const std::string& name = interface.name.str();
    if (is_number_owed(space, name) || is_mac_owed(next_, device, interface)) return true;
    const auto names = new_names_.find(space);
    const Link* link = names == new_names_.end() ? nullptr : find_(space, name);
    if (link == nullptr) return false;
    const auto comes = [&](const std::string& other) { return other != name && names->second.contains(other); };
    const std::vector<std::string> others = link->settings.altnames.value_or({});
    return comes(link->name) || std::any_of(others.begin(), others.end(), comes);
  });
}

/// By which something else may not be called while it is there, each with its namespace.
std::unordered_set<std::string> Claims::names_of_going(const Device& device) const {
  std::unordered_set<std::string> names;
  for (const Interface& interface : device.interfaces) {
    const std::string& space = home_of(current_, interface);
    names.insert(place_of(space, interface.name.str()));
    for (const std::string& other : interface.link.altnames.value_or({})) names.insert(place_of(space, other));
    // Somebody may have given it others by hand.
    const bool counts = new_names_.contains(space) || altnames_.contains(space);
    const Link* link = counts ? find_(space, interface.name.str()) : nullptr;
    if (link == nullptr) continue;
    names.insert(place_of(space, link->name));
    for (const std::string& other : link->settings.altnames.value_or({})) names.insert(place_of(space, other));
  }
  return names;
}

std::unordered_set<std::size_t> Claims::in_the_way(const std::vector<std::size_t>& going,
                                                   const std::vector<std::vector<std::size_t>>& coming) const {
  if (going.empty()) return {};
  std::unordered_set<std::string> devices;  // the ledger has a name once
  std::unordered_set<std::string> names;
  std::unordered_set<std::string> lowers;  // that may have only one of those that stand on them: a VLAN's number
  std::unordered_set<std::string> marks;
  bool leans = false;
  for (const auto& [space, others] : altnames_)
    for (const std::string& name : others) names.insert(place_of(space, name));
  for (const auto& of_level : coming)
    for (const std::size_t d : of_level) {
      const Device& device = next_.devices[d];
      devices.insert(device.name.str());
      for (const Interface& interface : device.interfaces)
        names.insert(place_of(home_of(next_, interface), interface.name.str()));
      for_each_reference(device, [&](const InterfaceReference& lower) {
        lowers.insert(place_of(lower.home.str(), lower.name.str()));
      });
      for_each_mark(next_, device, [&](const std::string& mark) { marks.insert(mark); });
      leans = leans || leans_outside(next_, device);
    }
  const auto is_in_the_way = [&](const Device& device) {
    if (devices.contains(device.name.str()) || (leans && borrows(device))) return true;
    bool found = false;
    for (const std::string& name : names_of_going(device)) found = found || names.contains(name);
    for_each_reference(device, [&](const InterfaceReference& lower) {
      found = found || lowers.contains(place_of(lower.home.str(), lower.name.str()));
    });
    for_each_mark(current_, device, [&](const std::string& mark) { found = found || marks.contains(mark); });
    return found || std::any_of(device.interfaces.begin(), device.interfaces.end(), [&](const Interface& one) {
             return is_number_owed(home_of(current_, one), one.name.str()) || is_mac_owed(current_, device, one);
           });
  };
  std::unordered_set<std::size_t> clear;
  for (const std::size_t d : going)
    if (is_in_the_way(current_.devices[d])) clear.insert(d);
  // With what stands on them. Dependents come first in `going`, so what they stand on is known only after them.
  const DeviceOfInterface owner(current_);
  for (auto d = going.rbegin(); d != going.rend(); ++d) {
    const auto lower = owner.dependencies(current_.devices[*d]);
    if (std::any_of(lower.begin(), lower.end(), [&](std::size_t l) { return clear.contains(l); })) clear.insert(*d);
  }
  return clear;
}

}  // namespace netrig::plan
