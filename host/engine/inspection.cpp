// SPDX-License-Identifier: Apache-2.0
#include "engine/inspection.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "engine/whose.hpp"
#include "kernel/inside.hpp"
#include "kernel/namespace.hpp"
#include "plan/devices.hpp"

namespace netrig::engine {
namespace {

/// The namespace of the record, if it is still there and still that.
void open_one(Spaces& spaces, const Record& record, const std::string& name) {
  if (spaces.find(name) != nullptr) return;
  const auto made = std::find_if(record.namespaces.begin(), record.namespaces.end(),
                                 [&](const MadeNamespace& one) { return one.name == name; });
  if (made == record.namespaces.end()) return;
  auto fd = kernel::open_namespace(path_of(*made));
  if (fd && kernel::cookie_of(*fd) == made->cookie) spaces.add(name, std::move(*fd), made->cookie);
}

std::vector<std::string> homes_of(const MadeDevice& made, const Parameters& parameters) {
  std::vector<std::string> homes;
  for (const MadeInterface& interface : made.interfaces) homes.push_back(interface.home);
  for (const auto& [name, value] : parameters)
    for (const auto& scalar : value.values)
      if (const auto target = reference_of(scalar)) homes.push_back(target->home.str());
  return homes;
}

std::uint32_t ifindex_of(Space& space, const InterfaceReference& target) {
  std::uint32_t ifindex = 0;
  for (const auto& link : kernel::list_links(space.socket()))
    if (link.name == target.name.str()) ifindex = link.ifindex;
  space.release_socket();
  return ifindex;
}

/// Interfaces that are gone, or are others by now, have no number.
void find_interfaces(Inspected& one) {
  for (std::size_t i = 0; i < one.context.made.size(); ++i) {
    Space* space = one.context.spaces.homes[i];
    if (space == nullptr) continue;
    const auto links = kernel::list_links(space->socket());
    if (find_made(*space, one.context.made[i], links) != nullptr)
      one.context.interfaces[i].ifindex = one.context.made[i].ifindex;
    space->release_socket();
  }
}

}  // namespace

void find_references(Spaces& spaces, const Parameters& parameters, DeviceServices::Context& context) {
  for (const auto& [name, value] : parameters)
    for (std::size_t i = 0; i < value.values.size(); ++i) {
      const auto target = reference_of(value.values[i]);
      if (!target) continue;
      const bool is_namespace = std::holds_alternative<NamespaceReference>(value.values[i]);
      Space* space = spaces.find(target->home.str());
      const std::uint32_t ifindex = space == nullptr ? 0 : is_namespace ? kLoopbackIndex : ifindex_of(*space, *target);
      context.spaces.references.push_back(space);
      context.references.push_back({.parameter = name,
                                    .index = static_cast<std::uint32_t>(i),
                                    .target = *target,
                                    .netns_fd = space == nullptr ? -1 : space->fd().get(),
                                    .ifindex = ifindex,
                                    .is_namespace = is_namespace});
    }
}

std::unique_ptr<Inspected> prepare_inspection(Spaces& spaces, const Record& record, const MadeDevice& made,
                                              const DriverDescription& about) {
  auto one = std::make_unique<Inspected>();
  one->parameters = kept_parameters(made, about);
  for (const std::string& home : homes_of(made, one->parameters)) open_one(spaces, record, home);
  one->context.about = fmt::format("{}/{} (driver {})", record.lab, made.name, made.driver);
  one->context.made = made.interfaces;
  for (const MadeInterface& interface : made.interfaces) {
    Space* space = spaces.find(interface.home);
    one->context.spaces.homes.push_back(space);
    one->context.interfaces.push_back(
        {.name = interface.name, .netns_fd = space == nullptr ? -1 : space->fd().get(), .ifindex = 0});
  }
  find_interfaces(*one);
  find_references(spaces, one->parameters, one->context);
  one->request = {.lab = record.lab,
                  .device = made.name,
                  .interfaces = one->context.interfaces,
                  .references = one->context.references,
                  .parameters = &one->parameters,
                  .record = made.record};
  return one;
}

std::unordered_map<std::string, Told> ask_devices(driver::Registry& drivers, Spaces& spaces, const Record& record,
                                                  const Lab& lab) {
  std::unordered_map<std::string, Told> all;
  const auto tells = [](const Device& device) { return device.about && device.about->tells(); };
  if (std::none_of(lab.devices.begin(), lab.devices.end(), tells)) return all;
  std::unordered_map<std::string, const MadeDevice*> made;
  for (const MadeDevice& one : record.devices) made.emplace(one.name, &one);
  kernel::aside([&] {
    for (const Device& device : lab.devices) {
      const auto found = made.find(device.name.str());
      if (!tells(device) || found == made.end() || !found->second->settled) continue;
      try {
        const auto one = prepare_inspection(spaces, record, *found->second, *device.about);
        DeviceServices services(one->context);
        driver::State state = drivers.open(device.driver).inspect(one->request, services);
        all.emplace(device.name.str(), Told{.parameters = std::move(state.told), .gone = !state.present});
      } catch (const Error& error) {
        spdlog::warn("device {}: driver {} does not tell how it is, so that is not compared: {}", device.name.str(),
                     device.driver, error.what());
        all.emplace(device.name.str(), Told{.fault = error.what()});
      }
    }
  });
  return all;
}

void add_told(std::unordered_map<std::string, Told>&& told, plan::Seen& seen) {
  for (auto& [name, one] : told) {
    if (one.gone)
      seen.broken.insert(name);
    else if (one.fault.empty())
      seen.told.emplace(name, std::move(one.parameters));
  }
}

std::vector<plan::Line> drift_of(const std::unordered_map<std::string, Told>& told, const Lab& lab) {
  std::vector<plan::Line> lines;
  for (const Device& device : lab.devices) {
    const auto found = told.find(device.name.str());
    if (found == told.end() || !found->second.fault.empty()) continue;
    if (found->second.gone)
      lines.push_back({.verb = Verb::make,
                       .kind = "device",
                       .space = {},
                       .name = device.name.str(),
                       .detail = "gone, as its driver says",
                       .where = device.where});
    auto changes = found->second.gone ? std::vector<SettingChange>{}
                                      : plan::function_changes(device, &found->second.parameters, device);
    if (!changes.empty()) lines.push_back(plan::line_of(device, changes));
  }
  return lines;
}

}  // namespace netrig::engine
