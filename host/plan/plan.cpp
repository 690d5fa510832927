// SPDX-License-Identifier: Apache-2.0
#include "plan/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace netrig::plan {
namespace {

using InterfaceKey = std::pair<std::string, std::string>;  // namespace, interface

struct KeyHash {
  std::size_t operator()(const InterfaceKey& key) const noexcept {
    return std::hash<std::string>{}(key.first) * 31 + std::hash<std::string>{}(key.second);
  }
};
using DeviceOfInterface = std::unordered_map<InterfaceKey, std::size_t, KeyHash>;

InterfaceKey key_of(const Lab& lab, const Interface& interface) {
  return {lab.namespaces[interface.home].name.str(), interface.name.str()};
}

DeviceOfInterface device_of_interface(const Lab& lab) {
  DeviceOfInterface result;
  for (std::size_t d = 0; d < lab.devices.size(); ++d)
    for (const Interface& interface : lab.devices[d].interfaces) result.emplace(key_of(lab, interface), d);
  return result;
}

/// Devices that `device` refers to in its parameters.
std::vector<std::size_t> dependencies(const Device& device, const DeviceOfInterface& owner) {
  std::vector<std::size_t> result;
  for (const auto& [name, value] : device.parameters)
    for (const auto& scalar : value.values)
      if (const auto* reference = std::get_if<InterfaceReference>(&scalar))
        if (const auto found = owner.find({reference->home.str(), reference->name.str()}); found != owner.end())
          result.push_back(found->second);
  return result;
}

/// Level of every device: 0 without references, else one more than the highest it refers to. config/ has refused
/// cycles.
std::vector<std::size_t> levels(const Lab& lab, const DeviceOfInterface& owner) {
  std::vector<std::size_t> level(lab.devices.size(), SIZE_MAX);
  std::vector<std::size_t> stack;
  for (std::size_t root = 0; root < lab.devices.size(); ++root) {
    stack.push_back(root);
    while (!stack.empty()) {
      const std::size_t d = stack.back();
      std::size_t own = 0;
      bool ready = true;
      for (const std::size_t lower : dependencies(lab.devices[d], owner)) {
        if (level[lower] == SIZE_MAX) {
          stack.push_back(lower);
          ready = false;
        } else {
          own = std::max(own, level[lower] + 1);
        }
      }
      if (!ready) continue;
      level[d] = own;
      stack.pop_back();
    }
  }
  return level;
}

bool same_namespace(const Namespace& a, const Namespace& b) {
  return a.name == b.name && a.existing == b.existing && a.path == b.path;
}

/// Whether the device can become the other by changing attributes; otherwise it is made anew. A MAC or MTU that the
/// file no longer gives cannot be changed back: nobody knows what the driver had chosen.
bool changeable(const Lab& current, const Device& before, const Lab& next, const Device& after) {
  if (before.driver != after.driver || before.parameters != after.parameters) return false;
  return std::equal(before.interfaces.begin(), before.interfaces.end(), after.interfaces.begin(),
                    after.interfaces.end(), [&](const Interface& a, const Interface& b) {
                      return key_of(current, a) == key_of(next, b) && !(a.mac && !b.mac) && !(a.mtu && !b.mtu);
                    });
}

class Difference {
 public:
  Difference(const Lab& current, const Lab& next)
      : current_(current),
        next_(next),
        owner_(device_of_interface(next)),
        current_owner_(device_of_interface(current)) {}

  Plan plan() {
    match_namespaces();
    match_devices();
    plan_removals();
    plan_creations();
    plan_configuration();
    return std::move(plan_);
  }

 private:
  void match_namespaces() {
    std::unordered_map<std::string, std::size_t> by_name;
    for (std::size_t i = 0; i < current_.namespaces.size(); ++i) by_name.emplace(current_.namespaces[i].name.str(), i);
    before_space_.assign(next_.namespaces.size(), SIZE_MAX);
    kept_space_.assign(current_.namespaces.size(), false);
    for (std::size_t i = 0; i < next_.namespaces.size(); ++i) {
      const auto found = by_name.find(next_.namespaces[i].name.str());
      if (found == by_name.end() || !same_namespace(current_.namespaces[found->second], next_.namespaces[i])) continue;
      before_space_[i] = found->second;
      kept_space_[found->second] = true;
    }
  }

  void match_devices() {
    std::unordered_map<std::string, std::size_t> by_name;
    for (std::size_t i = 0; i < current_.devices.size(); ++i) by_name.emplace(current_.devices[i].name.str(), i);
    before_device_.assign(next_.devices.size(), SIZE_MAX);
    kept_device_.assign(current_.devices.size(), false);
    const auto level = levels(next_, owner_);
    std::vector<std::size_t> order(next_.devices.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return level[a] < level[b]; });
    for (const std::size_t d : order) {
      const Device& device = next_.devices[d];
      const auto found = by_name.find(device.name.str());
      const auto lower = dependencies(device, owner_);
      const bool keep =
          found != by_name.end() && changeable(current_, current_.devices[found->second], next_, device) &&
          std::all_of(device.interfaces.begin(), device.interfaces.end(),
                      [&](const Interface& i) { return before_space_[i.home] != SIZE_MAX; }) &&
          std::all_of(lower.begin(), lower.end(), [&](std::size_t l) { return before_device_[l] != SIZE_MAX; });
      if (keep) {
        before_device_[d] = found->second;
        kept_device_[found->second] = true;
      } else {
        plan_.create_devices.resize(std::max(plan_.create_devices.size(), level[d] + 1));
        plan_.create_devices[level[d]].push_back(d);
      }
    }
    std::erase_if(plan_.create_devices, [](const auto& devices) { return devices.empty(); });
  }

  void plan_removals() {
    const auto level = levels(current_, current_owner_);
    for (std::size_t d = current_.devices.size(); d-- > 0;)
      if (!kept_device_[d]) plan_.remove_devices.push_back(d);
    std::stable_sort(plan_.remove_devices.begin(), plan_.remove_devices.end(),
                     [&](std::size_t a, std::size_t b) { return level[a] > level[b]; });
    for (std::size_t i = 0; i < current_.namespaces.size(); ++i)
      if (!kept_space_[i]) plan_.remove_namespaces.push_back(i);
  }

  void plan_creations() {
    for (std::size_t i = 0; i < next_.namespaces.size(); ++i)
      if (before_space_[i] == SIZE_MAX) plan_.create_namespaces.push_back(i);
  }

  [[nodiscard]] const Interface* before_of(std::size_t device, std::size_t interface) const {
    const std::size_t before = before_device_[device];
    return before == SIZE_MAX ? nullptr : &current_.devices[before].interfaces[interface];
  }

  /// The device in the next lab that has this interface as a port's master, if the lab makes it.
  [[nodiscard]] bool is_made_anew(const Interface& port) const {
    if (!port.master) return false;
    const auto found = owner_.find({next_.namespaces[port.home].name.str(), port.master->str()});
    return found != owner_.end() && before_device_[found->second] == SIZE_MAX;
  }

  void plan_configuration() {
    std::vector<NamespaceWork> work(next_.namespaces.size());
    std::vector<bool> has_master(next_.namespaces.size(), false);
    std::unordered_set<InterfaceKey, KeyHash> masters;
    for (const Device& device : next_.devices)
      for (const Interface& interface : device.interfaces)
        if (interface.master) {
          masters.emplace(next_.namespaces[interface.home].name.str(), interface.master->str());
          has_master[interface.home] = true;
        }
    std::vector<std::vector<InterfaceWork>> late(next_.namespaces.size());
    for (std::size_t d = 0; d < next_.devices.size(); ++d)
      for (std::size_t i = 0; i < next_.devices[d].interfaces.size(); ++i) {
        const Interface& interface = next_.devices[d].interfaces[i];
        const Interface* before = before_of(d, i);
        const bool anew = is_made_anew(interface);
        if (before != nullptr && *before == interface_at_home(*before, interface) && !anew) continue;
        const bool is_master = masters.contains(key_of(next_, interface));
        auto& list = is_master ? late[interface.home] : work[interface.home].interfaces;
        list.push_back({.device = d, .interface = i, .before = before, .master_anew = anew});
      }
    plan_.configure.resize(2);
    for (std::size_t s = 0; s < work.size(); ++s) {
      NamespaceWork& one = work[s];
      one.space = s;
      one.fresh = before_space_[s] == SIZE_MAX;
      one.interfaces.insert(one.interfaces.end(), late[s].begin(), late[s].end());
      plan_sysctls(one);
      plan_routes(one);
      const bool idle =
          !one.fresh && one.interfaces.empty() && one.set.empty() && one.restore.empty() && one.add.empty();
      if (!idle) plan_.configure[has_master[s] ? 1 : 0].push_back(std::move(one));
    }
    std::erase_if(plan_.configure, [](const auto& wave) { return wave.empty(); });
  }

  void plan_sysctls(NamespaceWork& work) const {
    const Namespace& after = next_.namespaces[work.space];
    const std::vector<Sysctl> none;
    const auto& before = work.fresh ? none : current_.namespaces[before_space_[work.space]].sysctls;
    for (const Sysctl& sysctl : after.sysctls)
      if (std::find(before.begin(), before.end(), sysctl) == before.end()) work.set.push_back(sysctl);
    for (const Sysctl& sysctl : before)
      if (std::none_of(after.sysctls.begin(), after.sysctls.end(),
                       [&](const Sysctl& s) { return s.key == sysctl.key; }))
        work.restore.push_back(sysctl);
  }

  /// The kernel drops routes with their interface or address, so a namespace whose interfaces change gets all its
  /// routes anew; otherwise only the difference.
  void plan_routes(NamespaceWork& work) {
    const auto& after = next_.namespaces[work.space].routes;
    if (work.fresh) {
      work.add = after;
      return;
    }
    const std::size_t before_index = before_space_[work.space];
    const auto& before = current_.namespaces[before_index].routes;
    const bool all = !work.interfaces.empty() || loses_interface(before_index);
    RouteRemoval removal{.space = before_index, .routes = {}};
    for (const Route& route : before)
      if (all || std::find(after.begin(), after.end(), route) == after.end()) removal.routes.push_back(route);
    for (const Route& route : after)
      if (all || std::find(before.begin(), before.end(), route) == before.end()) work.add.push_back(route);
    if (!removal.routes.empty()) plan_.remove_routes.push_back(std::move(removal));
  }

  [[nodiscard]] bool loses_interface(std::size_t space) const {
    return std::any_of(plan_.remove_devices.begin(), plan_.remove_devices.end(), [&](std::size_t d) {
      return std::any_of(current_.devices[d].interfaces.begin(), current_.devices[d].interfaces.end(),
                         [&](const Interface& interface) { return interface.home == space; });
    });
  }

  /// `before` is compared as if it lived at the same index, for indexes of the two labs differ.
  static Interface interface_at_home(const Interface& before, Interface after) {
    after.home = before.home;
    return after;
  }

  const Lab& current_;
  const Lab& next_;
  DeviceOfInterface owner_;
  DeviceOfInterface current_owner_;
  std::vector<std::size_t> before_space_;   // by index in next_: index in current_, or SIZE_MAX
  std::vector<std::size_t> before_device_;  // likewise
  std::vector<bool> kept_space_;            // by index in current_
  std::vector<bool> kept_device_;
  Plan plan_;
};

}  // namespace

bool Plan::empty() const {
  return remove_routes.empty() && remove_devices.empty() && remove_namespaces.empty() && create_namespaces.empty() &&
         create_devices.empty() && configure.empty();
}

Plan make(const Lab& current, const Lab& next) { return Difference(current, next).plan(); }

void check_limits(const Lab& next, const Limits& limits) {
  const auto made = static_cast<std::uint64_t>(
      std::count_if(next.namespaces.begin(), next.namespaces.end(), [](const Namespace& n) { return !n.existing; }));
  // One descriptor a namespace is held, beside a fixed number for sockets, plugins and the journal.
  constexpr std::uint64_t kReserve = 256;
  if (limits.open_files != 0 && next.namespaces.size() + kReserve > limits.open_files)
    throw Error(
        ErrorCode::unsupported,
        fmt::format("lab \"{}\" has {} namespaces and needs {} file descriptors, but the limit is {}; raise it with "
                    "\"ulimit -n {}\", or LimitNOFILE= of the service",
                    next.name.str(), next.namespaces.size(), next.namespaces.size() + kReserve, limits.open_files,
                    next.namespaces.size() + kReserve));
  if (limits.net_namespaces != 0 && made > limits.net_namespaces)
    throw Error(
        ErrorCode::unsupported,
        fmt::format("lab \"{}\" makes {} network namespaces, but the kernel allows {}; raise it with \"sysctl -w "
                    "user.max_net_namespaces={}\"",
                    next.name.str(), made, limits.net_namespaces, made * 2));
}

}  // namespace netrig::plan
