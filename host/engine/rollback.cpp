// SPDX-License-Identifier: Apache-2.0
// Back to what was seen before: the same difference as forward, with the snapshot as what is wanted.
#include <algorithm>

#include "engine/run.hpp"
#include "plan/devices.hpp"
#include "plan/wanted.hpp"

namespace netrig::engine {
namespace {

bool was_there(const Record& before, const MadeDevice& device) {
  return std::any_of(before.devices.begin(), before.devices.end(), [&](const MadeDevice& old) {
    return old.name == device.name &&
           std::equal(old.interfaces.begin(), old.interfaces.end(), device.interfaces.begin(), device.interfaces.end(),
                      [](const MadeInterface& a, const MadeInterface& b) {
                        return a.home == b.home && a.name == b.name && a.ifindex == b.ifindex;
                      });
  });
}

bool was_there(const Record& before, const MadeNamespace& space) {
  return std::any_of(before.namespaces.begin(), before.namespaces.end(),
                     [&](const MadeNamespace& old) { return old.name == space.name && old.cookie == space.cookie; });
}

/// The lab as it was seen: interfaces that are made again get the MAC and the MTU that they had.
Lab as_seen(Lab lab, const Lab& next, const plan::Plan& plan) {
  for (const plan::SpacePlan& one : plan.spaces) {
    const NamespaceName& name = next.namespaces[one.space].name;
    for (const std::size_t d : plan.clear_devices)
      for (Interface& interface : lab.devices[d].interfaces) {
        if (lab.namespaces[interface.home].name != name) continue;
        for (const Link& link : one.before.of<Link>()) {
          if (link.name != interface.name.str()) continue;
          interface.link.mac = link.settings.mac;
          interface.link.mtu = link.settings.mtu;
        }
      }
  }
  return lab;
}

/// Devices that had to go for what was to come, and that were whole.
void make_cleared_again(Run& run, Place& place, const Lab& current, const plan::Plan& plan, const Record& before) {
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
    if (is_made(device) || !was_made(device) || !homes_open(device)) continue;
    by_level.resize(std::max(by_level.size(), levels[d] + 1));
    by_level[levels[d]].push_back(d);
  }
  for (const auto& level : by_level)
    if (!level.empty()) place.create_devices(current, level);
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
    if (!was_there(before, *made)) devices.push_back(*made);
  std::vector<MadeNamespace> namespaces;
  for (const MadeNamespace& made : now.namespaces)
    if (!was_there(before, made)) namespaces.push_back(made);
  place.remove(devices, namespaces);

  // What devices stand on is known by name only after a look.
  for (const plan::SpacePlan& one : plan.spaces)
    if (const std::string& name = next.namespaces[one.space].name.str(); !one.fresh && place.is_open(name))
      static_cast<void>(place.look_again(name, {}));
  make_cleared_again(run, place, as_seen(current, next, plan), plan, before);
  parallel(plan.spaces.size(), run.threads, [&](std::size_t i) {
    const plan::SpacePlan& one = plan.spaces[i];
    const Namespace& space = next.namespaces[one.space];
    if (one.fresh || !place.is_open(space.name.str())) return;
    std::vector<std::string> sysctls;
    for (const Sysctl& sysctl : one.before.of<Sysctl>()) sysctls.push_back(sysctl.key_text);
    const SpaceState seen = place.look_again(space.name.str(), sysctls);
    place.carry_out(current, space, plan::diff_back(one.before, one.difference.target, seen).steps);
  });
  std::unordered_set<std::string> touched;
  for (const plan::SpacePlan& one : plan.spaces)
    if (!one.fresh) touched.insert(next.namespaces[one.space].name.str());
  place.settle(rising_in(current, touched));
}

}  // namespace netrig::engine
