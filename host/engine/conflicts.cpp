// SPDX-License-Identifier: Apache-2.0
// What is in the way of a plan, and whether anything is left of a record.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/borrowing.hpp"
#include "engine/engine.hpp"
#include "engine/run.hpp"
#include "engine/shared.hpp"
#include "kernel/inside.hpp"
#include "kernel/namespace.hpp"

namespace netrig::engine {
namespace {

/// Why a new namespace cannot have this name. Thread: one that may enter namespaces.
std::string in_the_way(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  std::optional<Record> maker;
  if (!kernel::is_hollow(path)) try {
      if (const auto fd = kernel::open_namespace(path)) maker = maker_of(kernel::cookie_of(*fd));
    } catch (const Error& error) {
      if (error.code() == ErrorCode::failed) throw;
    }
  if (!maker)
    return fmt::format(
        "namespace {0} exists already and is not this lab's; choose another name, remove it with \"ip netns delete "
        "{0}\", or say existing = true",
        name);
  return fmt::format(
      "namespace {} is of lab {} (from {}); choose another name, take that lab away with \"netrig down {}\", or use "
      "its namespace with existing = true",
      name, maker->lab, maker->file, maker->lab);
}

/// Whether what is to be borrowed is there, and free. What the lab has borrowed already goes back before.
void check_loans(const Record& record, const Lab& next, const plan::Plan& plan) {
  std::vector<const Device*> borrowing;
  for (const auto& level : plan.create_devices)
    for (const std::size_t d : level)
      if (next.devices[d].about && next.devices[d].about->borrows()) borrowing.push_back(&next.devices[d]);
  const bool has_some = std::any_of(record.devices.begin(), record.devices.end(), [](const MadeDevice& device) {
    return std::any_of(device.interfaces.begin(), device.interfaces.end(),
                       [](const auto& one) { return one.borrowed; });
  });
  if (borrowing.empty() || has_some) return;
  kernel::aside([&] {
    Spaces spaces;
    const auto open = [&](const std::string& name) -> Space* {
      if (Space* space = spaces.find(name)) return space;
      auto fd = kernel::open_namespace(kernel::path_of(next.namespaces[*next.find_namespace(name)]));
      if (!fd) return nullptr;
      const std::uint64_t cookie = kernel::cookie_of(*fd);
      return &spaces.add(name, std::move(*fd), cookie);
    };
    std::set<std::pair<std::string, std::uint32_t>> taken;
    for (const Device* device : borrowing) {
      const Loan loan = find_loan(next, *device, open);
      if (!taken.emplace(loan.home, loan.link.ifindex).second)
        throw Error(ErrorCode::conflict,
                    fmt::format("device {}: another device of the lab borrows {}:{} already", device->name.str(),
                                loan.home, loan.link.name),
                    next.at(device->where));
    }
  });
}

/// A name of a running lab stays with its namespace: what the lab has in the one would have to go before anybody knows
/// what is missing in the other, which may be the same.
void check_names(const Record& record, const Lab& current, const Lab& next) {
  const auto refuse = [&](const Namespace& space, const std::string& why) {
    throw Error(ErrorCode::conflict,
                fmt::format("namespace {} {}; take the lab down first with \"netrig down {}\", or choose another name",
                            space.name.str(), why, next.name.str()),
                next.at(space.where));
  };
  std::unordered_map<std::string_view, const Namespace*> all;
  for (const Namespace& space : current.namespaces) all.emplace(space.name.str(), &space);
  std::vector<const Namespace*> arriving;
  for (const Namespace& space : next.namespaces) {
    const auto before = all.find(space.name.str());
    if (before == all.end()) {
      if (space.existing) arriving.push_back(&space);
      continue;
    }
    if (before->second->existing != space.existing)
      refuse(space, space.existing ? "was made by this lab, and the file says now that it exists without it"
                                   : "exists without this lab, and the file no longer says so");
    if (space.existing && kernel::path_of(*before->second) != kernel::path_of(space))
      refuse(space, fmt::format("is {} in the lab that is up, and {} in the file", kernel::path_of(*before->second),
                                kernel::path_of(space)));
  }
  kernel::aside([&] {
    for (const Namespace* space : arriving) {
      const auto fd = kernel::open_namespace(kernel::path_of(*space));
      const std::uint64_t cookie = fd ? kernel::cookie_of(*fd) : 0;
      for (const MadeNamespace& made : record.namespaces)
        if (fd && made.cookie == cookie && made.name != space->name.str())
          refuse(*space, fmt::format("is the same as {} of the lab that is up", made.name));
    }
  });
}

/// What is borrowed goes back by the name that its namespace has in the lab.
void check_lenders(const Record& record, const Lab& next, const plan::Plan& plan, const Lab& current) {
  std::unordered_set<std::string_view> going;
  for (const std::size_t s : plan.remove_namespaces) going.insert(current.namespaces[s].name.str());
  if (going.empty()) return;
  std::unordered_set<std::string_view> returned;
  for (const auto* devices : {&plan.clear_devices, &plan.retire_devices})
    for (const std::size_t d : *devices) returned.insert(current.devices[d].name.str());
  for (const MadeDevice& device : record.devices)
    for (const MadeInterface& made : device.interfaces)
      if (made.borrowed && going.contains(made.borrowed->home) && !returned.contains(device.name))
        throw Error(
            ErrorCode::conflict,
            fmt::format("device {} has borrowed {} from namespace {}, which the file no longer has; keep it, or "
                        "take the device out, too",
                        device.name, made.borrowed->name, made.borrowed->home),
            next.file);
}

}  // namespace

bool is_lost(const Record& record) {
  if (!is_of_another_boot(record)) return false;
  bool found = false;
  kernel::aside([&] {
    for (const MadeNamespace& made : record.namespaces) {
      if (made.existing) continue;  // that of the machine has the same cookie in every boot
      try {
        const auto fd = kernel::open_namespace(path_of(made));
        found = found || (fd && kernel::cookie_of(*fd) == made.cookie);
      } catch (const Error& error) {
        if (error.code() == ErrorCode::failed) throw;  // the machine's trouble, of which nothing is to be forgotten
        continue;                                      // what is no namespace proves nothing
      }
    }
  });
  return !found;
}

void check_conflicts(const Record& record, const Lab* current, const Lab& next, const plan::Plan& plan) {
  if (current != nullptr) {
    check_names(record, *current, next);
    check_lenders(record, next, plan, *current);
  }
  std::unordered_set<std::string> ours;  // names that the plan itself clears first
  if (current != nullptr)
    for (const auto* devices : {&plan.clear_devices, &plan.retire_devices})
      for (const std::size_t d : *devices)
        for (const Interface& interface : current->devices[d].interfaces)
          ours.insert(current->namespaces[interface.home].name.str() + ":" + interface.name.str());
  std::unordered_set<std::string> recorded;  // "space:ifindex"; one that has taken the name of ours has another
  for (const MadeDevice& device : record.devices)
    for (const MadeInterface& made : device.interfaces) recorded.insert(fmt::format("{}:{}", made.home, made.ifindex));

  std::unordered_set<std::size_t> fresh;
  for (const std::size_t s : plan.create_namespaces) {
    const Namespace& space = next.namespaces[s];
    if (space.existing) continue;
    fresh.insert(s);
    if (!kernel::namespace_exists(kernel::path_of(space))) continue;
    std::string why;
    kernel::aside([&] { why = in_the_way(kernel::path_of(space)); });
    throw Error(ErrorCode::conflict, why, next.at(space.where));
  }

  std::unordered_map<std::size_t, std::unordered_map<std::string, const Interface*>> wanted;  // by namespace, then name
  for (const auto& level : plan.create_devices)
    for (const std::size_t d : level)
      for (const Interface& interface : next.devices[d].interfaces)
        if (!fresh.contains(interface.home)) wanted[interface.home].emplace(interface.name.str(), &interface);
  for (std::size_t s = 0; s < next.namespaces.size(); ++s)
    if (next.namespaces[s].existing) wanted[s];
  // Somebody has renamed an interface of the lab, and another may have its name.
  std::unordered_set<std::string> renamed;  // "space:name now"
  for (const plan::SpacePlan& one : plan.spaces)
    for (const plan::Renaming& renaming : one.renamed) {
      renamed.insert(next.namespaces[one.space].name.str() + ":" + renaming.from);
      for (const Device& device : next.devices)
        for (const Interface& interface : device.interfaces)
          if (interface.home == one.space && interface.name.str() == renaming.to)
            wanted[one.space].emplace(renaming.to, &interface);
    }
  std::vector<std::size_t> spaces;
  spaces.reserve(wanted.size());
  for (const auto& [space, names] : wanted) spaces.push_back(space);
  std::sort(spaces.begin(), spaces.end());
  parallel(spaces.size(), 1, [&](std::size_t i) {
    const Namespace& space = next.namespaces[spaces[i]];
    const auto fd = kernel::open_namespace(kernel::path_of(space));
    if (!fd)
      throw Error(ErrorCode::not_found,
                  space.existing ? fmt::format("namespace {} is said to be existing, but {} is not there",
                                               space.name.str(), kernel::path_of(space))
                                 : fmt::format("namespace {} of the running lab is gone; run \"netrig down {}\" first",
                                               space.name.str(), next.name.str()),
                  next.at(space.where));
    kernel::enter(*fd);
    kernel::Socket socket;
    for (const auto& link : kernel::list_links(socket)) {
      const auto found = wanted[spaces[i]].find(link.name);
      const std::string place = space.name.str() + ":" + link.name;
      const bool goes = ours.contains(place) && recorded.contains(fmt::format("{}:{}", space.name.str(), link.ifindex));
      if (found == wanted[spaces[i]].end() || goes || renamed.contains(place)) continue;
      throw Error(ErrorCode::conflict,
                  fmt::format("interface {} exists already in namespace {} and is not this lab's; remove it, or choose "
                              "another name",
                              link.name, space.name.str()),
                  next.at(found->second->where));
    }
  });
  check_loans(record, next, plan);
  for (const plan::SpacePlan& one : plan.spaces)
    for (const Object& object : one.difference.taken)
      throw Error(ErrorCode::conflict,
                  fmt::format("{} \"{}\" exists already in namespace {} and is not this lab's", kind_of(object),
                              text_of(object), next.namespaces[one.space].name.str()),
                  next.at(position_of(object)));
}

}  // namespace netrig::engine
