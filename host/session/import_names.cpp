// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <set>
#include <unordered_map>

#include "session/import_look.hpp"

namespace netrig::session {

void name_devices(Lab& lab) {
  std::unordered_map<std::string, std::size_t> count;
  for (const Device& device : lab.devices)
    if (device.interfaces.size() == 1) ++count[device.interfaces.front().name.str()];
  std::set<std::string> taken;
  for (Device& device : lab.devices) {
    const Interface& first = device.interfaces.front();
    const bool alone = device.interfaces.size() == 1 && count[first.name.str()] == 1;
    std::string name =
        alone ? first.name.str() : fmt::format("{}.{}", lab.namespaces[first.home].name.str(), first.name.str());
    for (char& c : name)
      if (device_name_fault(std::string("a") + c)) c = '_';
    if (device_name_fault(name)) name.insert(0, "d");
    if (name.size() > 255) name.resize(255);
    while (device.interfaces.size() == 1 && !taken.insert(name).second) name += "_";
    device.name = DeviceName(name);
  }
}

Scope usual_scope(const Route& route) {
  if (route.type == RouteType::local) return Scope::host;
  if (route.type == RouteType::broadcast || route.type == RouteType::multicast || route.type == RouteType::anycast)
    return Scope::link;
  const bool straight = route.next_hops.size() == 1 && !route.next_hops.front().via;
  return route.type == RouteType::unicast && straight ? Scope::link : Scope::global;
}

}  // namespace netrig::session
