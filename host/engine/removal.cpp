// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <linux/if.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <random>

#include "engine/borrowing.hpp"
#include "engine/commands.hpp"
#include "engine/device_context.hpp"
#include "engine/orders.hpp"
#include "engine/run.hpp"
#include "engine/services.hpp"
#include "engine/shared.hpp"
#include "engine/sight.hpp"
#include "engine/whose.hpp"
#include "kernel/inside.hpp"
#include "kernel/namespace.hpp"
#include "kernel/objects.hpp"
#include "plan/wanted.hpp"

namespace netrig::engine {
namespace {

// The kernel waits for its readers once a deletion. From this many links on, giving them a group first costs less.
constexpr std::size_t kGroupFrom = 3;
// A port that goes down on a running bridge makes the kernel look at all its other ports: N^2 for N of them. From this
// many links on, masters are set down first.
constexpr std::size_t kQuietFrom = 8;

struct Deletion {
  MadeInterface interface;
  const MadeDevice* device = nullptr;
};
using Deletions = std::unordered_map<std::string, std::vector<Deletion>>;  // by namespace

void leave_other(Run& run, const MadeInterface& made, const kernel::LinkState& link) {
  run.spare(fmt::format("interface {0}:{1} has the number {2} of the lab's {0}:{3}, but is another; it was left alone",
                        made.home, link.name, link.ifindex, made.name));
}

/// The space of an interface that the driver may touch; nullptr: it is gone, or is not ours. Between the intention to
/// make it and the making somebody else may have got its number, and in a namespace of others at any time. One that its
/// driver was to make itself, of which nobody was told how that ended, gets its number here.
Space* space_of(Run& run, const MadeDevice& device, MadeInterface& made) {
  Space* space = run.spaces.find(made.home);
  if (space == nullptr || (device.settled && made.birth == 0)) return space;
  if (made.ifindex != 0) {
    const auto link = kernel::get_link(space->socket(), made.ifindex);
    if (link && is_made(*space, made, *link)) return space;
    if (link && device.settled) leave_other(run, made, *link);
    return nullptr;
  }
  const auto links = kernel::list_links(space->socket());
  const kernel::LinkState* link = find_made(*space, made, links);
  if (link == nullptr) return nullptr;
  made.ifindex = link->ifindex;
  return space;
}

/// What the driver wants deleted; its own work, if it has any, is done when this returns. `left`: interfaces that it
/// does not mention.
void ask_driver(Run& run, const MadeDevice& made, Deletions& deletions, Deletions& left) {
  DeviceServices::Context context;
  context.device = &made;
  context.made = made.interfaces;
  for (MadeInterface& interface : context.made) {
    Space* space = space_of(run, made, interface);
    context.spaces.homes.push_back(space);
    context.interfaces.push_back({.name = interface.name,
                                  .netns_fd = space == nullptr ? -1 : space->fd().get(),
                                  .ifindex = space == nullptr ? 0 : interface.ifindex});
  }
  context.about = fmt::format("{}/{} (driver {})", run.journal.record().lab, made.name, made.driver);
  driver::DeviceAnswer answer;
  try {
    answer = ask_to_destroy(run, made, context);
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
    if (context.spaces.homes[i] == nullptr || made.interfaces[i].borrowed) continue;
    const MadeInterface& interface = made.interfaces[i];
    (mentioned[i] ? deletions : left)[interface.home].push_back({context.made[i], &made});
  }
}

std::uint32_t unused_group(const std::vector<kernel::LinkState>& links) {
  std::random_device seed;
  std::mt19937 random(seed());
  std::uniform_int_distribution<std::uint32_t> any(1U << 16, 1U << 30);
  for (;;) {
    const std::uint32_t group = any(random);
    if (std::none_of(links.begin(), links.end(), [&](const auto& link) { return link.group == group; })) return group;
  }
}

/// Sets the masters among our links down.
void quiet_masters(Space& space, const std::vector<kernel::LinkState>& links, const std::vector<Deletion>& deletions) {
  std::unordered_set<std::uint32_t> masters;
  for (const auto& link : links)
    if (link.master != 0) masters.insert(link.master);
  kernel::Batch batch;
  for (const Deletion& deletion : deletions)
    if (deletion.device->settled && masters.contains(deletion.interface.ifindex) &&
        find_made(space, deletion.interface, links) != nullptr)
      kernel::set_link_up(batch, deletion.interface.ifindex, false);
  if (!batch.empty()) space.socket().run(batch, kernel::Socket::OnRefusal::go_on);  // one that is gone is quiet, too
}

/// Deletes those of the links that are there and ours.
void delete_links(Run& run, Space& space, const std::vector<kernel::LinkState>& links,
                  const std::vector<Deletion>& deletions) {
  std::unordered_map<std::uint32_t, const kernel::LinkState*> present;
  for (const auto& link : links) present.emplace(link.ifindex, &link);
  std::vector<std::uint32_t> ours;
  for (const Deletion& deletion : deletions) {
    const auto found = present.find(deletion.interface.ifindex);
    if (found == present.end()) continue;
    const kernel::LinkState& link = *found->second;
    if (!is_made(space, deletion.interface, link))
      leave_other(run, deletion.interface, link);
    else if (seen_made(space, *deletion.device, deletion.interface, link))
      ours.push_back(link.ifindex);
    else if (!run.guests.contains(deletion.interface.home))
      run.spare(
          fmt::format("interface {}:{} was there before driver {} had it, and is not deleted; move it to where it "
                      "belongs",
                      deletion.interface.home, link.name, deletion.device->driver));
  }
  if (ours.empty()) return;
  kernel::Batch batch;
  if (ours.size() < kGroupFrom) {
    for (const std::uint32_t ifindex : ours) kernel::delete_link(batch, ifindex);
  } else {
    const std::uint32_t group = unused_group(links);
    for (const std::uint32_t ifindex : ours) kernel::set_group(batch, ifindex, group);
    kernel::delete_group(batch, group);
  }
  for (const auto& refusal : space.socket().run(batch, kernel::Socket::OnRefusal::go_on))
    if (refusal.error != ENODEV)  // gone in between, with its peer or by another hand
      throw Error(ErrorCode::failed, fmt::format("the kernel refuses to delete an interface: {}", refusal.str()));
}

/// What a driver says is gone, and the kernel still shows, is deleted without it.
void delete_left(Run& run, Space& space, const std::vector<Deletion>& left) {
  const auto links = kernel::list_links(space.socket());
  std::vector<Deletion> lies;
  for (const Deletion& one : left) {
    const kernel::LinkState* link = find_made(space, one.interface, links);
    if (link == nullptr || link->name != one.interface.name) continue;
    lies.push_back(one);
    if (!seen_made(space, *one.device, one.interface, *link)) continue;
    run.warn(fmt::format("device {}: driver {} left {}:{} behind; it is deleted instead", one.device->name,
                         one.device->driver, one.interface.home, one.interface.name));
  }
  delete_links(run, space, links, lies);
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
  for (const auto& one : kernel::inhabitants(spaces))
    run.warn(
        fmt::format("process {} ({}) is still in namespace {}, which ends only when the process does; see \"kill {}\"",
                    one.process, one.command, names[one.space], one.process));
}

using Recorded = std::pair<const MadeDevice*, const MadeInterface*>;

/// Whether a link was there before the lab: one that the record knows but whose making nobody saw, or one that is older
/// than the namespace it is in.
bool is_guest(Space& space, const std::vector<Recorded>& recorded, const kernel::LinkState& link) {
  for (const auto& [device, made] : recorded)
    if (is_made(space, *made, link)) return !made->borrowed && !seen_made(space, *device, *made, link);
  const std::uint64_t birth = space.birth_of(link.name);
  return birth != 0 && birth < space.birth_of("lo");
}

/// `loans`: what is borrowed, wherever it is.
void find_guests_of(Run& run, const std::string& home, const std::vector<Recorded>& recorded,
                    const std::vector<const MadeInterface*>& loans, std::mutex& mutex) {
  Space* space = run.spaces.find(home);
  if (space == nullptr) return;
  std::unordered_map<std::uint32_t, std::vector<Recorded>> by_number;  // 0: not known
  for (const Recorded& one : recorded) by_number[one.second->ifindex].push_back(one);
  const auto links = kernel::list_links(space->socket());
  {
    // What its driver has given back since is no guest any more.
    const std::lock_guard guard(mutex);
    if (const auto guests = run.guests.find(home); guests != run.guests.end()) {
      std::erase_if(guests->second, [&](const std::string& name) {
        return std::none_of(links.begin(), links.end(), [&](const auto& link) { return link.name == name; });
      });
      if (guests->second.empty()) run.guests.erase(guests);
    }
  }
  for (const auto& link : links) {
    if ((link.flags & IFF_LOOPBACK) != 0) continue;
    const auto found = by_number.find(link.ifindex);
    const auto& candidates = found != by_number.end() ? found->second : by_number[0];
    if (!is_guest(*space, candidates, link)) continue;
    const auto is_it = [&](const MadeInterface* loan) { return loan->birth == space->birth_of(link.name); };
    if (std::any_of(loans.begin(), loans.end(), is_it)) continue;  // it goes back from here, too
    const std::lock_guard guard(mutex);
    // What is no kernel's own making goes back by itself (net/core/dev.c, default_device_exit_net).
    if (link.kind.empty())
      run.spare(
          fmt::format("interface {}:{} was there before this lab, and goes back to the machine's own namespace with "
                      "the end of this one",
                      home, link.name));
    else
      run.guests[home].insert(link.name);
  }
  space->release_socket();
}

}  // namespace

void find_guests(Run& run, const std::vector<MadeDevice>& devices, const std::unordered_set<std::string>& doomed) {
  std::unordered_map<std::string, std::vector<Recorded>> recorded;
  std::vector<const MadeInterface*> loans;
  for (const MadeDevice& device : devices)
    for (const MadeInterface& made : device.interfaces) {
      recorded[made.home].emplace_back(&device, &made);
      if (made.borrowed && made.birth != 0) loans.push_back(&made);
    }
  const std::vector<std::string> homes(doomed.begin(), doomed.end());
  const std::vector<Recorded> none;
  std::mutex mutex;
  parallel(homes.size(), run.threads, [&](std::size_t i) {
    const auto found = recorded.find(homes[i]);
    try {
      find_guests_of(run, homes[i], found == recorded.end() ? none : found->second, loans, mutex);
    } catch (const Error& error) {  // what could not be looked at may hold what is not ours
      run.leave({.what = fmt::format("namespace {}", homes[i]), .why = error.what(), .homes = {homes[i]}});
    }
  });
  for (const auto& [home, names] : run.guests)
    for (const std::string& name : names)
      run.spare(
          fmt::format("interface {0}:{1} was there before this lab, so it and its namespace are left; move it to "
                      "where it belongs (\"ip -n {0} link set {1} netns ...\"), then run \"netrig down {2}\" again",
                      home, name, run.journal.record().lab));
}

namespace {

/// All but what is borrowed, and what their drivers say is gone (`left`).
void delete_devices(Run& run, const std::vector<MadeDevice>& devices, const std::unordered_set<std::string>& doomed,
                    Deletions& left) {
  Deletions deletions;
  // A driver may ask for services that enter namespaces, so it runs in a thread that may.
  kernel::aside([&] {
    for (const MadeDevice& made : devices) try {
        ask_driver(run, made, deletions, left);
      } catch (const Error& error) {
        std::unordered_set<std::string> homes;
        for (const MadeInterface& interface : made.interfaces) homes.insert(interface.home);
        run.leave({.what = fmt::format("device {}", made.name), .why = error.what(), .homes = std::move(homes)});
      }
  });
  find_guests(run, devices, doomed);
  // Links of a namespace that goes go with it, in one batch of all namespaces, sooner than they could be deleted; but
  // some time after, and what a link is made on outside is to be free when this returns.
  const auto ends_with_home = [&](const MadeInterface& made) {
    return doomed.contains(made.home) && !run.stays(made.home) && !made.leans_outside;
  };
  const auto is_quieted = [&](const std::vector<Deletion>& of_one) { return of_one.size() >= kQuietFrom; };
  std::vector<std::pair<std::string, std::vector<Deletion>>> work;
  for (auto& [home, of_one] : deletions) {
    const bool all_end = std::all_of(of_one.begin(), of_one.end(),
                                     [&](const Deletion& deletion) { return ends_with_home(deletion.interface); });
    if (!all_end || is_quieted(of_one)) work.emplace_back(home, std::move(of_one));
  }
  parallel(work.size(), run.threads, [&](std::size_t i) {
    auto& [home, of_one] = work[i];
    Space* space = run.spaces.find(home);
    if (space == nullptr) return;
    const auto links = kernel::list_links(space->socket());
    if (is_quieted(of_one)) quiet_masters(*space, links, of_one);
    std::erase_if(of_one, [&](const Deletion& deletion) { return ends_with_home(deletion.interface); });
    if (!of_one.empty()) delete_links(run, *space, links, of_one);
    space->release_socket();
  });
}

}  // namespace

void remove_devices(Run& run, const std::vector<MadeDevice>& devices, const std::unordered_set<std::string>& doomed) {
  Deletions left;
  std::exception_ptr fault;
  try {
    delete_devices(run, devices, doomed, left);
  } catch (const Error&) {
    fault = std::current_exception();
  }
  // After what sits on it is gone; and whatever went wrong with others, before its namespace is.
  return_loans(run, devices);
  if (fault) std::rethrow_exception(fault);
  // After all deletions: many a link goes with its peer in another namespace.
  kernel::aside([&] {
    for (const auto& [home, interfaces] : left) {
      Space* space = doomed.contains(home) && !run.stays(home) ? nullptr : run.spaces.find(home);
      if (space == nullptr) continue;
      delete_left(run, *space, interfaces);
      space->release_socket();
    }
  });
}

void remove_objects(Run& run, Space& space, const std::string& home) {
  SpaceState made;
  for (const MadeObject& one : run.journal.record().objects)
    if (one.home == home)
      std::visit([&](const auto& object) { made.of<std::decay_t<decltype(object)>>().push_back(object); }, one.object);
  const SpaceState nothing;
  // The same difference as everywhere, to nothing: only what the ledger names goes, and what would go with it stays.
  const plan::Difference difference =
      plan::diff({.wanted = nothing, .made = made, .seen = look_again(space, plan::interest_of(made)), .own = false});
  const Lab lab{.name = LabName(run.journal.record().lab)};
  const Namespace place{.name = NamespaceName(home), .existing = true};
  carry_out(run, lab, place, difference.steps);
  for (const MadeObject& one : Record(run.journal.record()).objects)
    if (one.home == home) run.journal.undone(one);  // what was gone already, too
}

void restore_existing(Run& run) {
  const Record record = run.journal.record();
  std::unordered_set<std::string> existing;
  for (const MadeNamespace& made : record.namespaces)
    if (made.existing) existing.insert(made.name);
  kernel::aside([&] {
    for (const std::string& home : existing) {
      Space* space = run.spaces.find(home);
      const bool has_objects = std::any_of(record.objects.begin(), record.objects.end(),
                                           [&](const MadeObject& made) { return made.home == home; });
      if (space == nullptr || !has_objects) continue;
      try {
        remove_objects(run, *space, home);
      } catch (const Error& error) {
        run.leave({.what = fmt::format("what the lab made in {}", home), .why = error.what(), .homes = {home}});
      }
    }
    for (const SavedSysctl& saved : to_give_back(record)) {
      Space* space = run.spaces.find(saved.home);
      if (space == nullptr || !existing.contains(saved.home) || goes_with_link(record, saved)) continue;
      kernel::enter(space->fd());
      try {
        give_back_sysctl({.lab = record.lab, .home = saved.home, .cookie = space->cookie()}, saved);
      } catch (const Error& error) {
        run.leave({.what = fmt::format("its sysctl {} from {}", saved.key, saved.home),
                   .why = error.what(),
                   .homes = {saved.home}});
        continue;
      }
      run.journal.undone(saved);
    }
  });
}

namespace {

/// Keeps in the record what the next attempt needs: the namespaces that stay, and the devices whose drivers may yet
/// give back what is in them.
void forget_removed(Run& run, const Record& record, const std::vector<MadeNamespace>& removed) {
  for (const MadeObject& made : record.objects) run.journal.undone(made);
  for (const SavedSysctl& saved : record.sysctls) run.journal.undone(saved);
  std::unordered_set<std::string> needed;
  for (const MadeDevice& device : record.devices) {
    const bool stays =
        device.hands_from && std::any_of(device.interfaces.begin(), device.interfaces.end(),
                                         [&](const auto& made) { return run.guests.contains(made.home); });
    if (!stays) run.journal.undone(device);
    // What has but a name is looked for once, for somebody else may come by that name.
    if (stays && device.settled)
      for (const MadeInterface& made : device.interfaces) needed.insert(made.home);
  }
  for (const MadeNamespace& made : removed)
    if (!made.existing || !needed.contains(made.name)) run.journal.undone(made);
}

}  // namespace

void remove_all(Run& run) {
  const Record record = run.journal.record();
  run.journal.set_phase(Phase::removing);
  end_services(run);  // first: a process in a namespace keeps it from its end
  run.stage("undo commands");
  for (std::string& fault : undo_commands(run.journal, {})) run.warn(std::move(fault));
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
  std::vector<MadeNamespace> going = record.namespaces;
  std::erase_if(going, [&](const MadeNamespace& made) { return !made.existing && run.stays(made.name); });
  remove_namespaces(run, going);
  for (const MadeNamespace& made : record.namespaces)
    if (made.existing && !run.is_left(made.name))
      go_on("what is known of an existing namespace",
            [&] { leave_existing({.lab = record.lab, .home = made.name, .cookie = made.cookie}); });
  run.settle_left();
  if (!run.guests.empty()) forget_removed(run, record, going);
  run.stage({});
}

}  // namespace netrig::engine
