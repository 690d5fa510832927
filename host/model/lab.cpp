// SPDX-License-Identifier: Apache-2.0
#include "model/lab.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "model/fingerprint.hpp"

namespace netrig {

bool Interface::needs_ipv6() const {
  const auto any = [](const auto& all, const auto& is_v6) { return std::any_of(all.begin(), all.end(), is_v6); };
  return link.addr_gen_mode ||
         any(of<Address>(), [](const Address& one) { return one.prefix.address.family == Family::ipv6; }) ||
         any(of<Neighbour>(), [](const Neighbour& one) { return one.address.family == Family::ipv6; }) ||
         any(of<Sysctl>(), [](const Sysctl& one) { return one.key_text.starts_with("net.ipv6."); });
}

bool Namespace::needs_ipv6() const {
  const auto& addresses = of<Address>();
  return std::any_of(addresses.begin(), addresses.end(),
                     [](const Address& one) { return one.prefix.address.family == Family::ipv6; });
}

std::uint64_t fingerprint_of(const OwnFile& file) {
  Fingerprint print;
  print.add(file.text);
  print.add(file.owner);
  print.add(file.group);
  print.add(static_cast<std::uint64_t>(file.mode));
  return print.value();
}

std::uint64_t fingerprint_of(const View& view) {
  Fingerprint print;
  print.add(view.hostname);
  for (const PrivateDirectory& one : view.directories) {
    for (const std::string& text : {one.path, one.owner, one.group}) print.add(text);
    print.add(static_cast<std::uint64_t>(one.mode));
  }
  for (const OwnFile& file : view.files) {
    print.add(file.path);
    print.add(fingerprint_of(file));
  }
  for (const auto& [name, value] : view.values) {
    print.add(name);
    print.add(value);
  }
  return print.value();
}

bool picks(std::string_view pattern, const Namespace& space) {
  return space.is_switch ? pattern == space.name.str() : matches(pattern, space.name.str());
}

std::string Lab::at(Position where) const {
  if (where.line == 0) return file;
  const bool is_other = where.file > 0 && where.file <= includes.size();
  return fmt::format("{}:{}:{}", is_other ? includes[where.file - 1U] : file, where.line, where.column);
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
           .includes = lab.includes,
           .prefix = lab.prefix,
           .foreign = lab.foreign,
           .resolve = lab.resolve,
           .namespaces = {},
           .devices = {},
           .services = {},
           .tests = {}};
  std::vector<std::size_t> moved(lab.namespaces.size(), SIZE_MAX);
  for (std::size_t i = 0; i < lab.namespaces.size(); ++i) {
    const std::string& name = lab.namespaces[i].name.str();
    if (std::none_of(patterns.begin(), patterns.end(), [&](const std::string& p) { return matches(p, name); }))
      continue;
    moved[i] = part.namespaces.size();
    part.namespaces.push_back(lab.namespaces[i]);
  }
  std::unordered_set<std::string> kept;
  for (const Namespace& space : part.namespaces) kept.insert(space.name.str());
  const auto inside = [&](const std::string& name) { return kept.contains(name); };
  for (const Device& device : lab.devices) {
    const bool whole = std::all_of(device.interfaces.begin(), device.interfaces.end(),
                                   [&](const Interface& interface) { return moved[interface.home] != SIZE_MAX; });
    const bool resolvable = std::all_of(device.parameters.begin(), device.parameters.end(), [&](const auto& parameter) {
      return std::all_of(parameter.second.values.begin(), parameter.second.values.end(),
                         [&](const ParameterScalar& scalar) {
                           const auto reference = reference_of(scalar);
                           return !reference || inside(reference->home.str());
                         });
    });
    if (!whole || !resolvable) continue;
    part.devices.push_back(device);
    for (Interface& interface : part.devices.back().interfaces) interface.home = moved[interface.home];
  }
  // Routes that need an interface or a neighbour which is not part of it would be refused by the kernel.
  std::vector<std::vector<const Interface*>> interfaces(part.namespaces.size());
  for (const Device& device : part.devices)
    for (const Interface& interface : device.interfaces) interfaces[interface.home].push_back(&interface);
  for (std::size_t i = 0; i < part.namespaces.size(); ++i) {
    const auto& here = interfaces[i];
    std::erase_if(part.namespaces[i].objects.of<Route>(), [&](const Route& route) {
      return !part.namespaces[i].existing &&
             std::any_of(route.next_hops.begin(), route.next_hops.end(), [&](const NextHop& hop) {
               if (hop.interface && hop.interface->str() == "lo") return false;
               return std::none_of(here.begin(), here.end(), [&](const Interface* interface) {
                 if (hop.interface) return interface->name == *hop.interface;
                 return std::any_of(
                     interface->of<Address>().begin(), interface->of<Address>().end(),
                     [&](const Address& address) { return hop.via && address.prefix.contains(*hop.via); });
               });
             });
    });
  }
  // Tests and services that need a namespace which is not part of it are left out, and what depends on those.
  for (const Service& service : lab.services)
    if (inside(service.space)) part.services.push_back(service);
  // A service that is not part of it is nothing to wait for.
  for (Service& service : part.services)
    std::erase_if(service.after, [&](const std::string& name) { return part.find_service(name) == nullptr; });
  std::unordered_set<std::string> tests;
  const auto any = [&](const std::string& pattern) {
    if (inside(pattern)) return true;
    return std::any_of(part.namespaces.begin(), part.namespaces.end(),
                       [&](const Namespace& n) { return picks(pattern, n); });
  };
  const auto has_services = [&](const std::vector<std::string>& names) {
    return std::none_of(names.begin(), names.end(),
                        [&](const std::string& name) { return part.services_like(name).empty(); });
  };
  const auto has_room = [&](const Event& event) {
    if (const auto* command = std::get_if<PlacedCommand>(&event.what)) return inside(command->space);
    if (const auto* services = std::get_if<ServiceEvent>(&event.what)) return has_services(services->services);
    const auto& links = *interfaces_of(event);
    return std::all_of(links.begin(), links.end(), [&](const auto& link) { return any(link.space); });
  };
  for (const Test& test : lab.tests) {
    const bool whole =
        any(test.from) && has_services(test.services) &&
        std::all_of(test.depends_on.begin(), test.depends_on.end(),
                    [&](const std::string& name) { return tests.contains(name); }) &&
        std::all_of(test.before.begin(), test.before.end(), has_room) &&
        std::all_of(test.after.begin(), test.after.end(), [&](const auto& c) { return inside(c.space); }) &&
        std::all_of(test.counters.begin(), test.counters.end(),
                    [&](const auto& c) { return any(c.interface.space); }) &&
        std::all_of(test.captures.begin(), test.captures.end(),
                    [&](const auto& c) { return any(c.interface.space); }) &&
        (!test.share || std::all_of(test.share->parts.begin(), test.share->parts.end(),
                                    [&](const auto& part) { return any(part.interface.space); })) &&
        std::all_of(test.during.begin(), test.during.end(), has_room);
    const Target* target = target_of(test.check);
    if (!whole ||
        (target != nullptr && !IpAddress::parse(target->text) && !any(target->text.substr(0, target->text.find(':')))))
      continue;
    part.tests.push_back(test);
    tests.insert(test.name);
  }
  return part;
}

const Service* Lab::find_service(std::string_view wanted) const {
  const auto found =
      std::find_if(services.begin(), services.end(), [&](const Service& service) { return service.name == wanted; });
  return found == services.end() ? nullptr : &*found;
}

std::vector<const Service*> Lab::services_like(std::string_view pattern) const {
  std::vector<const Service*> found;
  for (const Service& service : services)
    if (service.name == pattern || service.stem == pattern || matches(pattern, service.name) ||
        matches(pattern, service.stem))
      found.push_back(&service);
  return found;
}

}  // namespace netrig
