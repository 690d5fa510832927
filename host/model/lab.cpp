// SPDX-License-Identifier: Apache-2.0
#include "model/lab.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace netrig {

std::string Lab::at(Position where) const {
  return where.line == 0 ? file : fmt::format("{}:{}:{}", file, where.line, where.column);
}

std::optional<std::size_t> Lab::find_namespace(std::string_view wanted) const {
  const auto found =
      std::find_if(namespaces.begin(), namespaces.end(), [&](const Namespace& n) { return n.name.str() == wanted; });
  if (found == namespaces.end()) return std::nullopt;
  return static_cast<std::size_t>(found - namespaces.begin());
}

Lab select(const Lab& lab, const std::vector<std::string>& patterns) {
  Lab part{.name = lab.name,
           .description = lab.description,
           .file = lab.file,
           .source = lab.source,
           .namespaces = {},
           .devices = {},
           .tests = {}};
  std::vector<std::size_t> moved(lab.namespaces.size(), SIZE_MAX);
  for (std::size_t i = 0; i < lab.namespaces.size(); ++i) {
    const std::string& name = lab.namespaces[i].name.str();
    if (std::none_of(patterns.begin(), patterns.end(), [&](const std::string& p) { return matches(p, name); }))
      continue;
    moved[i] = part.namespaces.size();
    part.namespaces.push_back(lab.namespaces[i]);
  }
  const auto inside = [&](const std::string& name) { return part.find_namespace(name).has_value(); };
  for (const Device& device : lab.devices) {
    const bool whole = std::all_of(device.interfaces.begin(), device.interfaces.end(),
                                   [&](const Interface& interface) { return moved[interface.home] != SIZE_MAX; });
    const bool resolvable = std::all_of(device.parameters.begin(), device.parameters.end(), [&](const auto& parameter) {
      return std::all_of(parameter.second.values.begin(), parameter.second.values.end(),
                         [&](const ParameterScalar& scalar) {
                           const auto* reference = std::get_if<InterfaceReference>(&scalar);
                           return reference == nullptr || inside(reference->home.str());
                         });
    });
    if (!whole || !resolvable) continue;
    part.devices.push_back(device);
    for (Interface& interface : part.devices.back().interfaces) interface.home = moved[interface.home];
  }
  // Routes that need an interface or a neighbour which is not part of it would be refused by the kernel.
  for (std::size_t i = 0; i < part.namespaces.size(); ++i) {
    std::vector<const Interface*> here;
    for (const Device& device : part.devices)
      for (const Interface& interface : device.interfaces)
        if (interface.home == i) here.push_back(&interface);
    std::erase_if(part.namespaces[i].routes, [&](const Route& route) {
      return !part.namespaces[i].existing &&
             std::any_of(route.next_hops.begin(), route.next_hops.end(), [&](const NextHop& hop) {
               return std::none_of(here.begin(), here.end(), [&](const Interface* interface) {
                 if (hop.interface) return interface->name == *hop.interface;
                 return std::any_of(
                     interface->addresses.begin(), interface->addresses.end(),
                     [&](const Address& address) { return hop.via && address.prefix.contains(*hop.via); });
               });
             });
    });
  }
  for (const Test& test : lab.tests)
    if (std::any_of(part.namespaces.begin(), part.namespaces.end(),
                    [&](const Namespace& n) { return matches(test.from, n.name.str()); }))
      part.tests.push_back(test);
  return part;
}

}  // namespace netrig
