// SPDX-License-Identifier: Apache-2.0
#include "plan/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "plan/claims.hpp"
#include "plan/devices.hpp"
#include "plan/ground.hpp"
#include "plan/kernel_model.hpp"
#include "plan/wanted.hpp"

namespace netrig::plan {
namespace {

/// A link as its driver makes it: down, without master, with the MAC and the parameters that were asked for. The MTU is
/// asked for again: a bridge takes the least of its ports' (br_mtu_auto_adjust) until somebody sets one.
Link born(const Device& device, std::size_t index) {
  const Interface& interface = device.interfaces[index];
  Link link;
  link.parameters = wanted_parameters(device, index);
  link.name = interface.name.str();
  link.settings.mac = interface.link.mac;
  link.settings.master = {std::string()};
  link.settings.alias = {std::string()};
  link.settings.state = {AdminState::down};
  return link;
}

class Planner {
 public:
  Planner(const Lab& current, const Lab& next, Seen seen)
      : current_(current),
        next_(next),
        seen_(std::move(seen)),
        owner_(next),
        current_owner_(current),
        claims_(current, next, [this](const std::string& space, const std::string& interface) {
          return seen_link(space, interface);
        }) {}

  Plan plan(const Threads& threads) {
    match_namespaces();
    match_devices();
    plan_removals();
    for (std::size_t i = 0; i < next_.namespaces.size(); ++i)
      if (before_space_[i] == SIZE_MAX) plan_.create_namespaces.push_back(i);
    note_leaving();
    plan_spaces(threads);
    plan_.broken = std::move(seen_.broken);
    return std::move(plan_);
  }

 private:
  void match_namespaces() {
    std::unordered_map<std::string, std::size_t> by_name;
    for (std::size_t i = 0; i < current_.namespaces.size(); ++i) by_name.emplace(current_.namespaces[i].name.str(), i);
    before_space_.assign(next_.namespaces.size(), SIZE_MAX);
    kept_space_.assign(current_.namespaces.size(), false);
    for (std::size_t i = 0; i < next_.namespaces.size(); ++i) {
      const std::string& name = next_.namespaces[i].name.str();
      const auto found = by_name.find(name);
      if (found == by_name.end() || !is_same(current_.namespaces[found->second], next_.namespaces[i])) continue;
      if (!seen_.spaces.contains(name)) continue;  // gone: made again
      before_space_[i] = found->second;
      kept_space_[found->second] = true;
    }
  }

  void match_devices() {
    std::unordered_map<std::string, std::size_t> by_name;
    for (std::size_t i = 0; i < current_.devices.size(); ++i) by_name.emplace(current_.devices[i].name.str(), i);
    before_device_.assign(next_.devices.size(), SIZE_MAX);
    kept_device_.assign(current_.devices.size(), false);
    const auto level = owner_.levels();
    std::vector<std::size_t> order(next_.devices.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return level[a] < level[b]; });
    for (const std::size_t d : order) {
      const Device& device = next_.devices[d];
      const auto found = by_name.find(device.name.str());
      const auto lower = owner_.dependencies(device);
      const bool keep =
          found != by_name.end() && !seen_.broken.contains(device.name.str()) &&
          is_changeable(current_, current_.devices[found->second], next_, device) && can_be_mended(device) &&
          can_be_changed(current_.devices[found->second], device) && !claims_.is_owed(device) &&
          std::all_of(device.interfaces.begin(), device.interfaces.end(),
                      [&](const Interface& i) { return before_space_[i.home] != SIZE_MAX; }) &&
          std::all_of(lower.begin(), lower.end(), [&](std::size_t l) { return before_device_[l] != SIZE_MAX; });
      if (keep) {
        before_device_[d] = found->second;
        kept_device_[found->second] = true;
        auto changes = function_changes(current_.devices[found->second], told_of(device), device);
        if (!changes.empty()) plan_.change_devices.push_back({.device = d, .changes = std::move(changes)});
      } else {
        plan_.create_devices.resize(std::max(plan_.create_devices.size(), level[d] + 1));
        plan_.create_devices[level[d]].push_back(d);
      }
    }
    std::erase_if(plan_.create_devices, [](const auto& devices) { return devices.empty(); });
  }

  [[nodiscard]] const Parameters* told_of(const Device& device) const {
    const auto found = seen_.told.find(device.name.str());
    return found == seen_.told.end() ? nullptr : &found->second;
  }

  /// Whether what only functions of its driver read, and is otherwise than the file says, they can change, too.
  bool can_be_changed(const Device& before, const Device& after) const {
    const auto changes = function_changes(before, told_of(after), after);
    return std::all_of(changes.begin(), changes.end(), [&](const SettingChange& change) {
      const ParameterDeclaration* one = after.about->parameter(change.name);
      if (!one->table().empty()) one = after.about->parameter(one->table());  // of a cell
      return after.about->changes(*one);
    });
  }

  /// Whether whatever its links have otherwise than the file says can be changed in place.
  bool can_be_mended(const Device& device) const {
    for (std::size_t i = 0; i < device.interfaces.size(); ++i) {
      const auto wanted = wanted_parameters(device, i);
      const auto space = wanted.empty() ? seen_.spaces.end()
                                        : seen_.spaces.find(next_.namespaces[device.interfaces[i].home].name.str());
      if (space == seen_.spaces.end()) continue;
      for (const Link& link : space->second.of<Link>()) {
        if (link.name != device.interfaces[i].name.str()) continue;
        for (const LinkParameter& one : wanted) {
          const LinkParameter* told = link.parameter(*one.declaration);
          if (told != nullptr && !agrees(*one.declaration, one.values, told->values) &&
              !is_changeable(*one.declaration, &told->values, one.values))
            return false;
        }
      }
    }
    return true;
  }

  void plan_removals() {
    const auto level = current_owner_.levels();
    std::vector<std::size_t> going;
    for (std::size_t d = current_.devices.size(); d-- > 0;)
      if (!kept_device_[d]) going.push_back(d);
    std::stable_sort(going.begin(), going.end(), [&](std::size_t a, std::size_t b) { return level[a] > level[b]; });
    const std::unordered_set<std::size_t> clear = claims_.in_the_way(going, plan_.create_devices);
    for (const std::size_t d : going) (clear.contains(d) ? plan_.clear_devices : plan_.retire_devices).push_back(d);
    for (std::size_t i = 0; i < current_.namespaces.size(); ++i)
      if (!kept_space_[i]) plan_.remove_namespaces.push_back(i);
  }

  /// Interfaces of a namespace as they were seen, by the names that the ledger knows.
  struct Looked {
    SpaceState again = {};  ///< of one that was whole
    std::unordered_map<std::string_view, const Link*> by_name = {};
  };
  const Looked& looked(const std::string& space, const SpaceState& seen) {
    const auto [place, fresh] = looked_.try_emplace(space);
    Looked& result = place->second;
    if (!fresh) return result;
    const bool was_whole = seen_.whole.contains(space);
    if (was_whole) result.again = seen_.again(space);
    std::unordered_map<std::uint32_t, std::string_view> renamed;
    if (const auto found = seen_.renamed.find(space); found != seen_.renamed.end())
      for (const Renaming& one : found->second) renamed.emplace(one.ifindex, one.to);
    for (const Link& link : (was_whole ? result.again : seen).of<Link>()) {
      // Somebody else's may have its name by now.
      if (const auto name = renamed.find(link.ifindex); name != renamed.end())
        result.by_name[name->second] = &link;
      else
        result.by_name.try_emplace(link.name, &link);
    }
    return result;
  }

  const Link* seen_link(const std::string& space, const std::string& interface) {
    const auto found = seen_.spaces.find(space);
    if (found == seen_.spaces.end()) return nullptr;
    const auto& links = looked(space, found->second).by_name;
    const auto link = links.find(interface);
    return link == links.end() ? nullptr : link->second;
  }

  void note_leaving() {
    for (const std::size_t s : plan_.remove_namespaces)
      if (const auto found = seen_.spaces.find(current_.namespaces[s].name.str()); found != seen_.spaces.end())
        plan_.leaving.emplace_back(s, found->second);
  }

  void plan_spaces(const Threads& threads) {
    const Wanted wanted(next_);
    const Wanted made(current_);
    // Links that go, and those that come, by index of the next lab.
    std::vector<std::vector<std::string>> going(next_.namespaces.size());
    std::vector<std::vector<std::string>> retiring(next_.namespaces.size());
    std::vector<std::vector<std::pair<std::size_t, std::size_t>>> coming(next_.namespaces.size());  // device, interface
    std::vector<std::size_t> after(current_.namespaces.size(), SIZE_MAX);
    for (std::size_t s = 0; s < before_space_.size(); ++s)
      if (before_space_[s] != SIZE_MAX) after[before_space_[s]] = s;
    const auto note = [&](const std::vector<std::size_t>& devices, std::vector<std::vector<std::string>>& into) {
      for (const std::size_t d : devices)
        for (const Interface& interface : current_.devices[d].interfaces)
          if (after[interface.home] != SIZE_MAX) into[after[interface.home]].push_back(interface.name.str());
    };
    note(plan_.clear_devices, going);
    note(plan_.retire_devices, retiring);
    for (const auto& level : plan_.create_devices)
      for (const std::size_t d : level)
        for (std::size_t i = 0; i < next_.devices[d].interfaces.size(); ++i)
          coming[next_.devices[d].interfaces[i].home].emplace_back(d, i);

    std::vector<SpacePlan> plans(next_.namespaces.size());
    touched_.assign(next_.namespaces.size(), 0);
    std::vector<char> has_master(next_.namespaces.size(), 0);  // not bool: threads write side by side
    threads(plans.size(), [&](std::size_t s) {
      const Namespace& space = next_.namespaces[s];
      SpacePlan& one = plans[s];
      one.space = s;
      one.fresh = before_space_[s] == SIZE_MAX && !space.existing;
      const bool arrives = seen_.arriving.contains(space.name.str());
      auto& states = arrives ? seen_.arriving : seen_.spaces;
      const auto found = states.find(space.name.str());
      const bool links_change =
          !going[s].empty() || !retiring[s].empty() || !coming[s].empty() || seen_.renamed.contains(space.name.str());
      const bool was_whole = seen_.whole.contains(space.name.str());
      if (was_whole && !links_change) return;
      SpaceState state = one.fresh || found == states.end() ? SpaceState{}
                         : was_whole                        ? seen_.again(space.name.str())
                                                            : std::move(found->second);
      SpaceState want = wanted.in(s);
      if (!one.fresh) want_ground(space, want, state);
      std::vector<Step> renamings = renamed_in(one, space, state, want, going[s]);
      const SpaceState had = before_space_[s] == SIZE_MAX ? SpaceState{} : made.in(before_space_[s]);
      recall(state, had);
      if (!one.fresh && links_change) one.before = state;
      if (one.fresh) state.of<Link>().push_back(link_down("lo"));
      for (const std::string& name : going[s]) apply({.verb = Verb::remove, .object = link_down(name)}, state);
      for (const std::string& name : retiring[s]) set_down(name, state);
      for (const auto& [device, interface] : coming[s])
        state.of<Link>().push_back(born(next_.devices[device], interface));
      for (const Link& link : want.of<Link>()) has_master[s] |= !link.settings.master.value_or("").empty() ? 1 : 0;
      const bool spares = space.foreign == Foreign::remove && seen_.shared.contains(space.name.str());
      const Sides sides{.wanted = want,
                        .made = had,
                        .seen = state,
                        .own = !space.existing,
                        .foreign = spares ? Foreign::report : space.foreign};
      // Nothing is lost where nothing was.
      one.difference = one.fresh ? compare(sides) : diff(sides);
      auto& steps = one.difference.steps;
      steps.insert(steps.begin(), std::make_move_iterator(renamings.begin()), std::make_move_iterator(renamings.end()));
      const bool touched = links_change || !steps.empty();
      if (one.fresh || !touched) one.difference.target = {};
      if (!one.fresh && touched && !links_change) one.before = std::move(state);
      touched_[s] = touched ? 1 : 0;
    });
    for (const bool masters : {false, true}) {
      for (SpacePlan& one : plans)
        if ((has_master[one.space] != 0) == masters &&
            (one.fresh || touched_[one.space] != 0 || !one.difference.foreign.empty() || !one.difference.taken.empty()))
          plan_.spaces.push_back(std::move(one));
      if (!masters) plan_.with_masters = plan_.spaces.size();
    }
  }

  std::vector<Step> renamed_in(SpacePlan& one, const Namespace& space, SpaceState& state, const SpaceState& wanted,
                               const std::vector<std::string>& going) const {
    const auto found = seen_.renamed.find(space.name.str());
    if (one.fresh || found == seen_.renamed.end()) return {};
    one.renamed = found->second;
    std::vector<Step> steps = rename_back(found->second, state, wanted);
    // What is cleared goes under whatever name it has, and before any step.
    for (const Renaming& renaming : found->second)
      if (std::find(going.begin(), going.end(), renaming.to) != going.end())
        std::erase_if(steps,
                      [&](const Step& step) { return std::get<Link>(*step.before).ifindex == renaming.ifindex; });
    return steps;
  }

  static Link link_down(const std::string& name) {
    Link link;
    link.name = name;
    link.settings.state = {AdminState::down};
    return link;
  }
  static void set_down(const std::string& name, SpaceState& state) {
    for (const Link& link : state.of<Link>()) {
      if (link.name != name) continue;
      Link goal = link;
      goal.settings.state = {AdminState::down};
      Step step{.verb = Verb::change, .object = std::move(goal), .before = Object(link)};
      step.changes.push_back({.name = "state", .expected = "down", .found = "up", .where = {}});
      apply(step, state);
      return;
    }
  }

  const Lab& current_;
  const Lab& next_;
  Seen seen_;
  DeviceOfInterface owner_;
  DeviceOfInterface current_owner_;
  Claims claims_;
  std::unordered_map<std::string, Looked> looked_;
  std::vector<std::size_t> before_space_;   // by index in next_: index in current_, or SIZE_MAX
  std::vector<std::size_t> before_device_;  // likewise
  std::vector<bool> kept_space_;            // by index in current_
  std::vector<bool> kept_device_;
  std::vector<char> touched_;  // by index in next_; not bool: threads write side by side
  Plan plan_;
};

}  // namespace

bool is_same(const Namespace& one, const Namespace& other) {
  return one.name == other.name && one.existing == other.existing && one.path == other.path;
}

std::vector<Step> rename_back(const std::vector<Renaming>& renamed, SpaceState& state, const SpaceState& wanted) {
  std::vector<Step> steps;
  const auto link_with = [&state](const auto& is_it) {
    const auto& links = state.of<Link>();
    const auto found = std::find_if(links.begin(), links.end(), is_it);
    return found == links.end() ? nullptr : &*found;
  };
  const auto link_of = [&](const Renaming& one) {
    return link_with([&](const Link& link) { return link.ifindex == one.ifindex; });
  };
  const auto named = [&](const std::string& name) {
    return link_with([&](const Link& link) { return link.name == name; });
  };
  // As udev does it, the name that an interface had may be an alternative one of it now.
  const auto release = [&](const Renaming& one, const std::string& name) {
    const Link& link = *link_of(one);
    std::vector<std::string> others = link.settings.altnames.value_or({});
    if (std::erase(others, name) == 0) return;
    Link goal = link;
    goal.settings.altnames = {others};
    Step step{.verb = Verb::change, .object = goal, .before = Object(link)};
    step.changes.push_back({.name = "altnames",
                            .expected = setting_text(others),
                            .found = setting_text(link.settings.altnames.value_or({})),
                            .where = {}});
    apply(step, state);
    step.part = Step::Part::removal;
    steps.push_back(std::move(step));
  };
  const auto give = [&](const Renaming& one, const std::string& name) {
    release(one, name);
    const Link& link = *link_of(one);
    Link goal = link;
    goal.name = name;
    for (const Link& written : wanted.of<Link>())
      if (written.name == one.to) goal.where = written.where;
    Step step{.verb = Verb::change, .object = goal, .before = Object(link)};
    step.changes.push_back({.name = "name", .expected = name, .found = link.name, .where = goal.where});
    apply(step, state);
    step.changes.front().found = one.from;
    if (name != one.to) step.part = Step::Part::removal;
    steps.push_back(std::move(step));
  };
  std::vector<const Renaming*> left;
  for (const Renaming& one : renamed)
    if (const Link* link = link_of(one); link != nullptr && link->name != one.to) left.push_back(&one);
  while (!left.empty()) {
    // One whose name is free comes first. Where each waits for another, one makes room.
    auto next = std::find_if(left.begin(), left.end(), [&](const Renaming* one) { return named(one->to) == nullptr; });
    if (next == left.end()) {
      next = left.begin();
      const Link* holder = named((*next)->to);
      const bool waits = std::any_of(left.begin() + 1, left.end(),
                                     [&](const Renaming* one) { return one->ifindex == holder->ifindex; });
      if (waits) {
        std::string free = "aside";
        for (unsigned i = 0; named(free) != nullptr; ++i) free = fmt::format("aside{}", i);
        give(**std::find_if(left.begin(), left.end(),
                            [&](const Renaming* one) { return one->ifindex == holder->ifindex; }),
             free);
      }
    }
    give(**next, (*next)->to);
    left.erase(next);
  }
  return steps;
}

bool is_whole(const Namespace& space, const SpaceState& wanted, const SpaceState& made, const SpaceState& seen) {
  if (lacks_ground(space, wanted, seen)) return false;
  const Difference difference =
      compare({.wanted = wanted, .made = made, .seen = seen, .own = !space.existing, .foreign = space.foreign});
  return difference.steps.empty() && difference.foreign.empty() && difference.taken.empty();
}

bool Plan::empty() const {
  return clear_devices.empty() && retire_devices.empty() && remove_namespaces.empty() && create_namespaces.empty() &&
         create_devices.empty() && change_devices.empty() &&
         std::all_of(spaces.begin(), spaces.end(), [](const SpacePlan& one) { return one.difference.empty(); });
}

Plan make(const Lab* current, const Lab& next, Seen seen, const Threads& threads) {
  const Lab none{.name = next.name};
  return Planner(current == nullptr ? none : *current, next, std::move(seen)).plan(threads);
}

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
