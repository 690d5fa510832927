// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <random>

#include "engine/orders.hpp"
#include "engine/run.hpp"
#include "engine/shared.hpp"
#include "netlink/route.hpp"
#include "netns/netns.hpp"

namespace netrig::engine {
namespace {

// The kernel waits for its readers once a deletion. From this many links on, giving them a group first costs less.
constexpr std::size_t kGroupFrom = 3;
// A port that goes down on a running bridge makes the kernel look at all its other ports: N^2 for N of them. From this
// many links on, masters are set down first.
constexpr std::size_t kQuietFrom = 8;

struct Deletion {
  MadeInterface interface;
  bool settled = true;
  const MadeDevice* device = nullptr;
};
using Deletions = std::unordered_map<std::string, std::vector<Deletion>>;  // by namespace

/// The space of an interface that the driver may touch; nullptr: it is gone, or is not ours. Between the intention to
/// make it and the making somebody else may have got its number. Number 0: see delete_links.
Space* space_of(Run& run, const MadeDevice& made, const MadeInterface& interface) {
  Space* space = run.spaces.find(interface.home);
  if (space == nullptr || made.settled || interface.ifindex == 0) return space;
  const auto link = netlink::get_link(space->socket(), interface.ifindex);
  return link && link->name == interface.name ? space : nullptr;
}

/// What the driver wants deleted; its own work, if it has any, is done when this returns. `left`: interfaces that it
/// does not mention.
void ask_driver(Run& run, const MadeDevice& made, Deletions& deletions, Deletions& left) {
  DeviceServices::Context context;
  for (const MadeInterface& interface : made.interfaces) {
    Space* space = space_of(run, made, interface);
    context.spaces.homes.push_back(space);
    context.interfaces.push_back({.name = interface.name,
                                  .netns_fd = space == nullptr ? -1 : space->fd().get(),
                                  .ifindex = space == nullptr ? 0 : interface.ifindex,
                                  .mtu = {},
                                  .mac = {}});
  }
  context.made = made.interfaces;
  context.about = fmt::format("{}/{} (driver {})", run.journal.record().lab, made.name, made.driver);
  driver::DestroyAnswer answer;
  try {
    DeviceServices services(context);
    answer = run.drivers.open(made.driver)
                 .destroy({.lab = run.journal.record().lab,
                           .device = made.name,
                           .interfaces = context.interfaces,
                           .record = made.record},
                          services);
  } catch (const Error& error) {
    // A lab must be removable without its driver; what the kernel shows as its links can always be deleted.
    run.warn(fmt::format("device {}: driver {} could not remove it ({}); its interfaces are deleted instead", made.name,
                         made.driver, error.what()));
    for (std::uint32_t i = 0; i < made.interfaces.size(); ++i) answer.orders.emplace_back(driver::LinkDeletion{i});
  }
  std::vector<bool> mentioned(made.interfaces.size(), false);
  for (const driver::Order& order : answer.orders)
    if (const auto* deletion = std::get_if<driver::LinkDeletion>(&order)) mentioned.at(deletion->interface) = true;
  for (std::size_t i = 0; i < made.interfaces.size(); ++i) {
    if (context.spaces.homes[i] == nullptr) continue;
    const MadeInterface& interface = made.interfaces[i];
    (mentioned[i] ? deletions : left)[interface.home].push_back({interface, made.settled, &made});
  }
}

std::uint32_t unused_group(const std::vector<netlink::LinkState>& links) {
  std::random_device seed;
  std::mt19937 random(seed());
  std::uniform_int_distribution<std::uint32_t> any(1U << 16, 1U << 30);
  for (;;) {
    const std::uint32_t group = any(random);
    if (std::none_of(links.begin(), links.end(), [&](const auto& link) { return link.group == group; })) return group;
  }
}

/// Sets the masters among our links down.
void quiet_masters(Space& space, const std::vector<netlink::LinkState>& links, const std::vector<Deletion>& deletions) {
  std::unordered_set<std::uint32_t> masters;
  for (const auto& link : links)
    if (link.master != 0) masters.insert(link.master);
  netlink::Batch batch;
  for (const Deletion& deletion : deletions)
    if (deletion.settled && masters.contains(deletion.interface.ifindex))
      netlink::set_link_up(batch, deletion.interface.ifindex, false);
  if (!batch.empty()) space.socket().run(batch, netlink::Socket::OnRefusal::go_on);  // one that is gone is quiet, too
}

/// Deletes those of the links that are there and ours. A link that is not settled is ours only if it has the ifindex
/// and the name that it was to get.
void delete_links(Space& space, const std::vector<netlink::LinkState>& links, const std::vector<Deletion>& deletions) {
  std::unordered_map<std::uint32_t, const netlink::LinkState*> present;
  for (const auto& link : links) present.emplace(link.ifindex, &link);
  std::vector<std::uint32_t> ours;
  for (const Deletion& deletion : deletions) {
    // Number 0: its driver was to make it itself, and nobody was told how that ended.
    const auto found = deletion.interface.ifindex != 0
                           ? present.find(deletion.interface.ifindex)
                           : std::find_if(present.begin(), present.end(),
                                          [&](const auto& one) { return one.second->name == deletion.interface.name; });
    if (found == present.end()) continue;
    if (!deletion.settled && found->second->name != deletion.interface.name) continue;
    ours.push_back(found->first);
  }
  if (ours.empty()) return;
  netlink::Batch batch;
  if (ours.size() < kGroupFrom) {
    for (const std::uint32_t ifindex : ours) netlink::delete_link(batch, ifindex);
  } else {
    const std::uint32_t group = unused_group(links);
    for (const std::uint32_t ifindex : ours) netlink::set_group(batch, ifindex, group);
    netlink::delete_group(batch, group);
  }
  for (const auto& refusal : space.socket().run(batch, netlink::Socket::OnRefusal::go_on))
    if (refusal.error != ENODEV)  // gone in between, with its peer or by another hand
      throw Error(ErrorCode::failed, fmt::format("the kernel refuses to delete an interface: {}", refusal.str()));
}

/// What a driver says is gone, and the kernel still shows under its number and name, is deleted without it.
void delete_left(Run& run, Space& space, const std::vector<Deletion>& left) {
  const auto links = netlink::list_links(space.socket());
  std::vector<Deletion> lies;
  for (const Deletion& one : left) {
    const bool there = std::any_of(links.begin(), links.end(), [&](const netlink::LinkState& link) {
      return link.ifindex == one.interface.ifindex && link.name == one.interface.name;
    });
    if (!there) continue;
    run.warn(fmt::format("device {}: driver {} left {}:{} behind; it is deleted instead", one.device->name,
                         one.device->driver, one.interface.home, one.interface.name));
    lies.push_back(one);
  }
  delete_links(space, links, lies);
}

/// A namespace without a name lives on while a process is in it.
void warn_of_inhabitants(Run& run, const Record& record) {
  std::vector<const UniqueFd*> spaces;
  std::vector<std::string> names;
  for (const MadeNamespace& made : record.namespaces) {
    const Space* space = made.existing ? nullptr : run.spaces.find(made.name);
    if (space == nullptr) continue;
    spaces.push_back(&space->fd());
    names.push_back(made.name);
  }
  for (const auto& one : netns::inhabitants(spaces))
    run.warn(
        fmt::format("process {} ({}) is still in namespace {}, which ends only when the process does; see \"kill {}\"",
                    one.process, one.command, names[one.space], one.process));
}

}  // namespace

void remove_devices(Run& run, const std::vector<MadeDevice>& devices, const std::unordered_set<std::string>& doomed) {
  Deletions deletions;
  Deletions left;
  // A driver may ask for services that enter namespaces, so it runs in a thread that may.
  parallel(1, 1, [&](std::size_t) {
    for (const MadeDevice& made : devices) ask_driver(run, made, deletions, left);
  });
  std::vector<const Deletions::value_type*> work;
  for (const auto& entry : deletions)
    if (!doomed.contains(entry.first) || entry.second.size() >= kQuietFrom) work.push_back(&entry);
  parallel(work.size(), run.threads, [&](std::size_t i) {
    Space* space = run.spaces.find(work[i]->first);
    if (space == nullptr) return;
    const auto links = netlink::list_links(space->socket());
    if (work[i]->second.size() >= kQuietFrom) quiet_masters(*space, links, work[i]->second);
    // Links of a namespace that goes go with it, in one batch of all namespaces, sooner than they could be deleted.
    if (!doomed.contains(work[i]->first)) delete_links(*space, links, work[i]->second);
    space->release_socket();
  });
  // After all deletions: many a link goes with its peer in another namespace.
  parallel(1, 1, [&](std::size_t) {
    for (const auto& [home, interfaces] : left) {
      Space* space = doomed.contains(home) ? nullptr : run.spaces.find(home);
      if (space == nullptr) continue;
      delete_left(run, *space, interfaces);
      space->release_socket();
    }
  });
}

void restore_existing(Run& run) {
  const Record record = run.journal.record();
  std::unordered_set<std::string> existing;
  for (const MadeNamespace& made : record.namespaces)
    if (made.existing) existing.insert(made.name);
  parallel(1, 1, [&](std::size_t) {
    for (const MadeRoute& made : record.routes) {
      Space* space = run.spaces.find(made.home);
      if (space == nullptr || !existing.contains(made.home)) continue;
      std::unordered_map<std::string, std::uint32_t> ifindex;
      for (const auto& link : netlink::list_links(space->socket())) ifindex.emplace(link.name, link.ifindex);
      // A route through an interface that is gone went with it.
      const bool gone = std::any_of(made.route.next_hops.begin(), made.route.next_hops.end(), [&](const NextHop& hop) {
        return hop.interface && !ifindex.contains(hop.interface->str());
      });
      if (gone) continue;
      netlink::Batch batch;
      netlink::delete_route(batch, made.route, [&](const InterfaceName& name) { return ifindex.at(name.str()); });
      for (const auto& refusal : space->socket().run(batch))
        if (refusal.error != ESRCH)
          run.warn(fmt::format("route \"{}\" in {} could not be removed: {}", plan::to_text(made.route), made.home,
                               refusal.str()));
    }
    for (const SavedSysctl& saved : record.sysctls) {
      Space* space = run.spaces.find(saved.home);
      if (space == nullptr || !existing.contains(saved.home)) continue;
      netns::enter(space->fd());
      try {
        give_back_sysctl({.lab = record.lab, .home = saved.home, .cookie = space->cookie()}, saved);
      } catch (const Error& error) {
        // One of an interface that is gone is gone with it.
        if (error.code() != ErrorCode::unsupported) {
          run.warn(error.what());
          continue;
        }
      }
      run.journal.sysctl_gone(saved.home, saved.key);
    }
  });
}

void remove_all(Run& run) {
  const Record record = run.journal.record();
  try {
    run.journal.set_phase(Phase::removing);
  } catch (const Error& error) {
    // Where nothing more can be written, things must still go; what a crash would leave is known by the record as it
    // is.
    spdlog::debug("{}", error.what());
  }
  run.stage("open namespaces");
  open_recorded(run, record.namespaces);
  std::unordered_set<std::string> doomed;
  for (const MadeNamespace& made : record.namespaces)
    if (!made.existing) doomed.insert(made.name);
  std::vector<MadeDevice> devices(record.devices.rbegin(), record.devices.rend());
  run.report("removing devices", 0, devices.size());
  warn_of_inhabitants(run, record);
  // What goes wrong in a namespace that stays needs all of those in the record to be tried again.
  const auto go_on = [&](const char* what, const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      std::unordered_set<std::string> homes;
      for (const MadeNamespace& made : record.namespaces)
        if (made.existing) homes.insert(made.name);
      if (homes.empty()) return run.warn(error.what());  // the rest goes with the lab's own
      run.leave({.what = what, .why = error.what(), .homes = std::move(homes)});
    }
  };
  run.stage("restore existing namespaces");
  go_on("what the lab set in existing namespaces", [&] { restore_existing(run); });
  run.stage("remove devices");
  go_on("all of its devices", [&] { remove_devices(run, devices, doomed); });
  run.stage("remove namespaces");
  remove_namespaces(run, record.namespaces);
  for (const MadeNamespace& made : record.namespaces)
    if (made.existing && !run.is_left(made.name))
      go_on("what is known of an existing namespace",
            [&] { leave_existing({.lab = record.lab, .home = made.name, .cookie = made.cookie}); });
  run.settle_left();
  run.stage({});
}

}  // namespace netrig::engine
