// SPDX-License-Identifier: Apache-2.0
// Back to what was seen before: the same difference as forward, with the snapshot as what is wanted.
#include <algorithm>
#include <exception>
#include <functional>
#include <mutex>
#include <unordered_map>

#include "engine/run.hpp"
#include "engine/shared.hpp"
#include "model/forwarding.hpp"
#include "plan/compare.hpp"
#include "plan/devices.hpp"
#include "plan/wanted.hpp"

namespace netrig::engine {
namespace {

bool was_there(const Record& before, const MadeNamespace& space) {
  return std::any_of(before.namespaces.begin(), before.namespaces.end(),
                     [&](const MadeNamespace& old) { return old.name == space.name && old.cookie == space.cookie; });
}

const Link* link_in(const SpaceState& state, const std::string& name) {
  const auto& links = state.of<Link>();
  const auto found = std::find_if(links.begin(), links.end(), [&](const Link& link) { return link.name == name; });
  return found == links.end() ? nullptr : &*found;
}

/// The lab as it was seen: interfaces that are made again get the MAC and the MTU that they had.
Lab as_seen(Lab lab, const Lab& next, const plan::Plan& plan) {
  std::unordered_map<std::string, const SpaceState*> before;
  for (const plan::SpacePlan& one : plan.spaces) before.emplace(next.namespaces[one.space].name.str(), &one.before);
  for (const auto& [space, state] : plan.leaving) before.emplace(lab.namespaces[space].name.str(), &state);
  for (const std::size_t d : plan.clear_devices)
    for (Interface& interface : lab.devices[d].interfaces) {
      const auto found = before.find(lab.namespaces[interface.home].name.str());
      const Link* link = found == before.end() ? nullptr : link_in(*found->second, interface.name.str());
      if (link == nullptr) continue;
      interface.link.mac = link->settings.mac;
      interface.link.mtu = link->settings.mtu;
    }
  return lab;
}

/// Devices that had to go for what was to come, and that were whole. Returns them.
std::vector<std::vector<std::size_t>> make_cleared_again(Run& run, Place& place, const Lab& current,
                                                         const plan::Plan& plan, const Record& before) {
  const auto is_made = [&](const Device& device) {
    const auto& made = run.journal.record().devices;
    return std::any_of(made.begin(), made.end(), [&](const MadeDevice& m) { return m.name == device.name.str(); });
  };
  const auto was_made = [&](const Device& device) {
    return std::any_of(before.devices.begin(), before.devices.end(),
                       [&](const MadeDevice& made) { return made.name == device.name.str(); });
  };
  const auto homes_open = [&](const Device& device) {
    return std::all_of(device.interfaces.begin(), device.interfaces.end(), [&](const Interface& interface) {
      return place.is_open(current.namespaces[interface.home].name.str());
    });
  };
  const auto levels = plan::DeviceOfInterface(current).levels();
  std::vector<std::vector<std::size_t>> by_level;
  for (const std::size_t d : plan.clear_devices) {
    const Device& device = current.devices[d];
    if (is_made(device) || !was_made(device) || !homes_open(device) || plan.broken.contains(device.name.str()))
      continue;
    by_level.resize(std::max(by_level.size(), levels[d] + 1));
    by_level[levels[d]].push_back(d);
  }
  for (const auto& level : by_level)
    if (!level.empty()) place.create_devices(current, level);
  return by_level;
}

/// What drivers had begun to change is again as it was.
void change_back(Run& run, Place& place, const Lab& current, const Lab& next, const plan::Plan& plan) {
  std::exception_ptr first;
  for (const plan::DeviceChange& one : plan.change_devices) {
    const DeviceName& name = next.devices[one.device].name;
    const auto was = std::find_if(current.devices.begin(), current.devices.end(),
                                  [&](const Device& device) { return device.name == name; });
    if (!run.changed_devices.contains(name.str()) || was == current.devices.end()) continue;
    plan::DeviceChange back{.device = static_cast<std::size_t>(was - current.devices.begin()), .changes = one.changes};
    for (SettingChange& change : back.changes) std::swap(change.expected, change.found);
    try {
      place.change_devices(current, {back});
    } catch (const std::exception&) {
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
}

/// A namespace on its way back.
struct Back {
  const Namespace* space = nullptr;
  const SpaceState* before = nullptr;
  const SpaceState* made = nullptr;
  const std::vector<plan::Renaming>* renamed = nullptr;
};

std::vector<Back> spaces_of(Place& place, const Lab& current, const Lab& next, const plan::Plan& plan) {
  static const std::vector<plan::Renaming> kNone;
  std::vector<Back> spaces;
  for (const plan::SpacePlan& one : plan.spaces)
    if (!one.fresh && place.is_open(next.namespaces[one.space].name.str()))
      spaces.push_back({.space = &next.namespaces[one.space],
                        .before = &one.before,
                        .made = &one.difference.target,
                        .renamed = &one.renamed});
  for (const auto& [space, state] : plan.leaving)
    if (place.is_open(current.namespaces[space].name.str()))
      spaces.push_back({.space = &current.namespaces[space], .before = &state, .made = &state, .renamed = &kNone});
  return spaces;
}

/// What somebody else made in the lab's place is his to bring back; what the lab wants is not.
SpaceState without_others(SpaceState before, const SpaceState& wanted) {
  ObjectKinds::each([&]<typename Kind>(std::type_identity<Kind>) {
    // What an interface has as a port nobody brings back by himself.
    if constexpr (plan::Row<Kind>::kGoing == plan::Going::by_reset) return;
    if constexpr (requires(const Kind& one) { one.comes_by_itself(); })
      std::erase_if(before.of<Kind>(), [&](const Kind& one) {
        const auto& all = wanted.of<Kind>();
        return one.comes_by_itself() && std::none_of(all.begin(), all.end(), [&](const Kind& other) {
                 return is_same(Object(one), Object(other));
               });
      });
  });
  return before;
}

/// In a namespace of others only what the ledger had is the lab's; the rest is made again as theirs.
void mark_others(std::vector<Step>& steps, const std::string& space, const Record& ledger) {
  const auto is_made = [&](const Object& object) {
    return std::any_of(ledger.objects.begin(), ledger.objects.end(),
                       [&](const MadeObject& made) { return made.home == space && is_made_by(made.object, object); });
  };
  for (Step& step : steps)
    if (step.verb == Verb::make && plan::outlives_links(step.object) && !is_made(step.object)) step.restores = true;
}

void restore(Place& place, const Lab& current, const Lab& next, const Back& one, const Record& ledger) {
  const std::string& name = one.space->name.str();
  const auto index = current.find_namespace(name);
  const SpaceState before = without_others(*one.before, index ? plan::Wanted(current).in(*index) : SpaceState{});
  Interest interest = plan::interest_of(*one.before);
  interest.join(plan::interest_of(*one.made));
  for (const Lab* lab : {&current, &next})
    if (const auto space = lab->find_namespace(name)) interest.join(plan::Wanted(*lab).interest_in(*space));
  // Twice, for what the first pass takes along that nobody foresaw.
  for (int pass = 0; pass < 2; ++pass) {
    SpaceState seen = place.look_again(name, interest);
    // A name that somebody has changed is the file's afterwards, for everything else goes by it.
    std::vector<Step> steps = plan::rename_back(*one.renamed, seen);
    const plan::Difference back = plan::diff_back(before, *one.made, seen);
    steps.insert(steps.end(), back.steps.begin(), back.steps.end());
    if (one.space->existing) mark_others(steps, name, ledger);
    if (steps.empty()) return;
    place.carry_out(current, *one.space, steps);
  }
}

/// What the run has set for the first time is nobody's business any more.
void give_sysctls_back(Run& run, Place& place, const Lab& current, const std::vector<Back>& spaces) {
  const Record record = run.journal.record();
  for (const Back& one : spaces) {
    const auto before = current.find_namespace(one.space->name.str());
    std::vector<std::string> kept;
    if (before) kept = plan::Wanted(current).interest_in(*before).sysctls;
    std::vector<Step> steps;
    for (const SavedSysctl& saved : to_give_back(record)) {
      const auto keeps = [&](const std::string& key) { return saved.key == key || is_written_with(saved.key, key); };
      if (saved.home != one.space->name.str() || std::any_of(kept.begin(), kept.end(), keeps)) continue;
      Sysctl sysctl;
      sysctl.key_text = saved.key;
      steps.push_back({.verb = Verb::remove, .object = std::move(sysctl)});
    }
    if (!steps.empty()) place.carry_out(current, *one.space, steps);
  }
}

}  // namespace

void roll_back(Run& run, Place& place, const Lab& current, const Lab& next, const plan::Plan& plan,
               const Record& before) {
  run.tolerance = Tolerance::rollback;
  run.left.clear();
  const Record now = run.journal.record();
  place.open(now.namespaces);
  std::vector<MadeDevice> devices;
  for (auto made = now.devices.rbegin(); made != now.devices.rend(); ++made)
    if (run.begun_devices.contains(made->name)) devices.push_back(*made);
  std::vector<MadeNamespace> namespaces;
  for (const MadeNamespace& made : now.namespaces)
    if (!was_there(before, made)) namespaces.push_back(made);
  // What resists keeps nothing else from going back.
  std::exception_ptr first;
  const auto go_on = [&](const std::function<void()>& work) {
    try {
      work();
    } catch (const std::exception&) {
      if (!first) first = std::current_exception();
    }
  };
  go_on([&] { place.remove(devices, namespaces); });

  // Those of others that the edit no longer has.
  std::vector<std::size_t> again_used;
  for (const auto& [space, state] : plan.leaving)
    if (current.namespaces[space].existing && !place.is_open(current.namespaces[space].name.str()))
      again_used.push_back(space);
  go_on([&] {
    place.create_namespaces(current, again_used);
    if (!again_used.empty()) place.hold_sysctls(current);
  });

  std::vector<Back> spaces = spaces_of(place, current, next, plan);
  // What devices stand on is known by name only after a look.
  for (const Back& one : spaces) static_cast<void>(place.look_again(one.space->name.str(), {}));
  go_on([&] { raise_mtus(run, place, current, plan::raises_of(current, next, plan, plan::Direction::back)); });
  const Lab then = as_seen(current, next, plan);
  std::vector<std::vector<std::size_t>> again;
  go_on([&] { again = make_cleared_again(run, place, then, plan, before); });
  go_on([&] { change_back(run, place, current, next, plan); });
  std::mutex mutex;
  parallel(spaces.size(), run.threads, [&](std::size_t i) {
    try {
      restore(place, current, next, spaces[i], before);
    } catch (const Error&) {
      const std::lock_guard guard(mutex);
      if (!first) first = std::current_exception();
    }
  });
  give_sysctls_back(run, place, current, spaces);
  go_on([&] { place.restore_holds(); });
  std::unordered_set<std::string> touched;
  for (const Back& one : spaces) touched.insert(one.space->name.str());
  place.settle(rising_in(current, touched));
  // The state of a port the kernel takes only when that has a carrier.
  for (const Back& one : spaces)
    if (!one.before->of<Port>().empty()) go_on([&] { restore(place, current, next, one, before); });
  go_on([&] {
    for (const auto& level : again) place.settle_devices(then, level);
  });
  if (first) std::rethrow_exception(first);
}

}  // namespace netrig::engine
