// SPDX-License-Identifier: Apache-2.0
#include "session/status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "engine/inspection.hpp"
#include "engine/services.hpp"
#include "engine/spaces.hpp"
#include "kernel/inside.hpp"
#include "kernel/namespace.hpp"
#include "model/printable.hpp"

namespace netrig::session {
namespace {

/// A namespace that is open.
struct Seen {
  UniqueFd fd;
  std::vector<kernel::LinkState> links;
  std::vector<kernel::AddressState> addresses;
};

NamespaceStatus view_of(const engine::MadeNamespace& made, Seen& seen) {
  NamespaceStatus view;
  view.made = made;
  // A netrig that is at it may have made the name and not yet what it stands for.
  const std::string path = engine::path_of(made);
  if ((!made.existing || made.path.empty()) && kernel::is_hollow(path)) return view;
  auto fd = kernel::open_namespace(path);
  if (!fd) return view;
  view.foreign = kernel::cookie_of(*fd) != made.cookie;
  view.present = !view.foreign;
  if (view.foreign) return view;
  kernel::enter(*fd);
  kernel::Socket socket;
  seen.links = kernel::list_links(socket);
  seen.addresses = kernel::list_addresses(socket);
  seen.fd = std::move(*fd);
  return view;
}

InterfaceStatus view_of(const engine::MadeInterface& made, const Seen* seen) {
  InterfaceStatus view;
  view.made = made;
  if (seen == nullptr) return view;
  const auto link = std::find_if(seen->links.begin(), seen->links.end(), [&](const kernel::LinkState& l) {
    return l.ifindex == made.ifindex && (made.kind.empty() || l.kind == made.kind);
  });
  if (link == seen->links.end()) return view;
  view.present = true;
  view.link = *link;
  for (const auto& address : seen->addresses)
    if (address.ifindex == made.ifindex) view.addresses.push_back(address);
  return view;
}

/// What it says of itself, parameters and all.
void ask_driver(DeviceStatus& view, engine::Spaces& spaces, const engine::Record& record, driver::Registry& drivers) {
  try {
    driver::Driver& driver = drivers.open(view.made.driver);
    const DriverDescription& about = driver.description();
    const auto one = engine::prepare_inspection(spaces, record, view.made, about);
    engine::DeviceServices services(one->context);
    view.state = driver.inspect(one->request, services);
    for (const auto& several : {one->context.spaces.homes, one->context.spaces.references})
      for (engine::Space* space : several)
        if (space != nullptr) space->release_socket();
    for (const ParameterDeclaration& parameter : about.parameters) {
      const auto found = view.state.told.find(parameter.name);
      if (found == view.state.told.end() || (found->second.values.empty() && !parameter.list)) continue;
      view.state.values.emplace_back(parameter.name, parameter.secret
                                                         ? std::string("(secret)")
                                                         : one_line(to_text(found->second.values, parameter.type)));
    }
  } catch (const Error& error) {
    view.unavailable = error.what();
  }
}

/// No namespace is open any more when it returns: whoever looks for processes next, or at how the lab differs from its
/// file, needs descriptors, too.
void look_at_network(const Host& host, const engine::Record& record, Status& view) {
  view.namespaces.resize(record.namespaces.size());
  std::vector<Seen> seen(record.namespaces.size());
  engine::Spaces::expect(record.namespaces.size());
  engine::parallel(record.namespaces.size(), engine::worker_count(),
                   [&](std::size_t i) { view.namespaces[i] = view_of(record.namespaces[i], seen[i]); });
  std::unordered_map<std::string, const Seen*> by_name;
  engine::Spaces spaces;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (!view.namespaces[i].present) continue;
    by_name.emplace(record.namespaces[i].name, &seen[i]);
    spaces.add(record.namespaces[i].name, std::move(seen[i].fd), record.namespaces[i].cookie);
  }
  for (const engine::MadeDevice& made : record.devices) {
    DeviceStatus device{.made = made};
    for (const engine::MadeInterface& interface : made.interfaces) {
      const auto found = by_name.find(interface.home);
      device.interfaces.push_back(view_of(interface, found == by_name.end() ? nullptr : found->second));
    }
    view.devices.push_back(std::move(device));
  }
  // A driver may ask for services that enter namespaces, so it runs in a thread that may.
  kernel::aside([&] {
    for (DeviceStatus& device : view.devices) ask_driver(device, spaces, record, host.drivers);
  });
}

}  // namespace

bool Status::whole() const {
  // What the file no longer names, and an earlier run could not take away, is missed by nobody.
  const auto counts = [&](const auto& named, const std::string& name) {
    return !drift || std::any_of(named.begin(), named.end(), [&](const auto& one) { return one.name.str() == name; });
  };
  const auto is_there = [&](const InterfaceStatus& interface) { return interface.present; };
  return std::all_of(
             namespaces.begin(), namespaces.end(),
             [&](const NamespaceStatus& one) { return one.present || !counts(applied.namespaces, one.made.name); }) &&
         std::all_of(devices.begin(), devices.end(),
                     [&](const DeviceStatus& one) {
                       return std::all_of(one.interfaces.begin(), one.interfaces.end(), is_there) ||
                              !counts(applied.devices, one.made.name);
                     }) &&
         std::all_of(services.begin(), services.end(),
                     [](const ServiceStatus& one) { return one.process == process::Whereabouts::here; });
}

Status status(const Host& host, const engine::Record& record) {
  Status view;
  look_at_network(host, record, view);
  for (const engine::MadeService& made : record.services) {
    process::Found found = process::find(made.identity);
    view.services.push_back({.made = made, .process = found.whereabouts, .why = std::move(found.why)});
  }
  if (record.phase != engine::Phase::running) return view;
  try {
    view.applied = host.applied(record);
    view.drift = verify(host.drivers, record, view.applied);
  } catch (const Error& error) {
    view.problem = error.what();
  }
  return view;
}

}  // namespace netrig::session
