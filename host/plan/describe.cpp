// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "plan/plan.hpp"

namespace netrig::plan {
namespace {

std::string name_of(const Lab& lab, const Interface& interface) {
  return fmt::format("{}:{}", lab.namespaces[interface.home].name.str(), interface.name.str());
}

std::string device_detail(const Lab& lab, const Device& device) {
  std::vector<std::string> ends;
  for (const Interface& interface : device.interfaces) ends.push_back(name_of(lab, interface));
  return fmt::format("{} {}", device.driver, fmt::join(ends, " "));
}

void describe_interface(const InterfaceWork& work, const Lab& next, std::vector<StepText>& steps) {
  const Interface& after = next.devices[work.device].interfaces[work.interface];
  const Interface* before = work.before;
  const std::string name = name_of(next, after);
  std::vector<std::string> words;
  if (after.mac && (before == nullptr || before->mac != after.mac)) words.push_back("mac " + after.mac->str());
  if (after.mtu && (before == nullptr || before->mtu != after.mtu)) words.push_back(fmt::format("mtu {}", *after.mtu));
  if ((before == nullptr ? after.master.has_value() : before->master != after.master) || work.master_anew)
    words.push_back(after.master ? "master " + after.master->str() : "no master");
  if (before == nullptr ? !after.alias.empty() : before->alias != after.alias)
    words.push_back(fmt::format("alias \"{}\"", after.alias));
  if (before == nullptr || before->state != after.state)
    words.emplace_back(after.state == AdminState::up ? "up" : "down");
  if (!words.empty()) steps.push_back({"change", "interface", name, fmt::format("{}", fmt::join(words, ", "))});
  if (before != nullptr)
    for (const Address& address : before->addresses)
      if (std::find(after.addresses.begin(), after.addresses.end(), address) == after.addresses.end())
        steps.push_back({"remove", "address", name, address.prefix.str()});
  for (const Address& address : after.addresses)
    if (before == nullptr ||
        std::find(before->addresses.begin(), before->addresses.end(), address) == before->addresses.end())
      steps.push_back({"create", "address", name, address.prefix.str()});
}

}  // namespace

std::string to_text(const Route& route) {
  std::string text;
  switch (route.type) {
    case RouteType::unicast:
      break;
    case RouteType::blackhole:
      text = "blackhole ";
      break;
    case RouteType::unreachable:
      text = "unreachable ";
      break;
    case RouteType::prohibit:
      text = "prohibit ";
      break;
  }
  text += route.destination.length == 0 ? "default" : route.destination.str();
  for (const NextHop& hop : route.next_hops) {
    if (route.next_hops.size() > 1) text += " nexthop";
    if (hop.via) text += " via " + hop.via->str();
    if (hop.interface) text += " dev " + hop.interface->str();
    if (hop.weight != 1) text += fmt::format(" weight {}", hop.weight);
    if (hop.onlink) text += " onlink";
  }
  if (route.source) text += " src " + route.source->str();
  if (route.metric) text += fmt::format(" metric {}", *route.metric);
  if (route.table != 254) text += fmt::format(" table {}", route.table);
  if (route.mtu) text += fmt::format(" mtu {}", *route.mtu);
  return text;
}

std::vector<StepText> describe(const Plan& plan, const Lab& current, const Lab& next) {
  std::vector<StepText> steps;
  for (const RouteRemoval& removal : plan.remove_routes)
    for (const Route& route : removal.routes)
      steps.push_back({"remove", "route", current.namespaces[removal.space].name.str(), to_text(route)});
  for (const std::size_t d : plan.remove_devices)
    steps.push_back({"remove", "device", current.devices[d].name.str(), device_detail(current, current.devices[d])});
  for (const std::size_t s : plan.remove_namespaces)
    if (!current.namespaces[s].existing) steps.push_back({"remove", "namespace", current.namespaces[s].name.str(), ""});
  for (const std::size_t s : plan.create_namespaces)
    if (!next.namespaces[s].existing) steps.push_back({"create", "namespace", next.namespaces[s].name.str(), ""});
  for (const auto& level : plan.create_devices)
    for (const std::size_t d : level)
      steps.push_back({"create", "device", next.devices[d].name.str(), device_detail(next, next.devices[d])});
  for (const auto& wave : plan.configure)
    for (const NamespaceWork& work : wave) {
      const std::string& name = next.namespaces[work.space].name.str();
      for (const Sysctl& sysctl : work.restore) steps.push_back({"remove", "sysctl", name, sysctl.key});
      for (const Sysctl& sysctl : work.set)
        steps.push_back({"change", "sysctl", name, fmt::format("{} = {}", sysctl.key, sysctl.value)});
      for (const InterfaceWork& interface : work.interfaces) describe_interface(interface, next, steps);
      for (const Route& route : work.add) steps.push_back({"create", "route", name, to_text(route)});
    }
  return steps;
}

}  // namespace netrig::plan
