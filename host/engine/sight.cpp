// SPDX-License-Identifier: Apache-2.0
#include "engine/sight.hpp"

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "engine/shared.hpp"
#include "engine/whose.hpp"
#include "kernel/inside.hpp"
#include "kernel/namespace.hpp"
#include "kernel/objects.hpp"
#include "model/error.hpp"
#include "plan/plan.hpp"
#include "plan/wanted.hpp"

namespace netrig::engine {
namespace {

constexpr std::size_t kWorthThreads = 32;  ///< namespaces

/// A namespace that is to be looked at.
struct Target {
  std::string name;
  std::string path;
  std::uint64_t cookie = 0;  ///< 0: whichever is there
  bool existing = false;
  bool arrives = false;  ///< the record does not have it
  Interest interest = {};
  std::vector<ShownSysctl> shown = {};
  /// What the record says of interfaces in it, with the index of their device.
  std::vector<std::pair<std::size_t, const MadeInterface*>> made = {};
};

/// What became of the interfaces that the record knows.
struct Found {
  bool present = false;
  bool whole = false;  ///< as wanted, and so not kept
  SpaceState state = {};
  std::vector<std::size_t> broken = {};  // devices
  std::vector<plan::Renaming> renamed = {};
};

using TargetsByName = std::unordered_map<std::string_view, Target*>;

void collect_interest(const Lab& lab, TargetsByName& by_name) {
  const plan::Wanted wanted(lab);
  for (std::size_t s = 0; s < lab.namespaces.size(); ++s)
    if (const auto found = by_name.find(lab.namespaces[s].name.str()); found != by_name.end())
      found->second->interest.join(wanted.interest_in(s));
}

std::vector<Target> targets_of(const Record& record, const Lab* current, const Lab& next) {
  std::vector<Target> targets;
  std::unordered_set<std::string_view> known;
  for (const MadeNamespace& made : record.namespaces) {
    targets.push_back({.name = made.name, .path = path_of(made), .cookie = made.cookie, .existing = made.existing});
    known.insert(made.name);
  }
  for (const Namespace& space : next.namespaces)
    if (space.existing && !known.contains(space.name.str()))
      targets.push_back({.name = space.name.str(), .path = kernel::path_of(space), .existing = true, .arrives = true});
  TargetsByName by_name;
  for (Target& target : targets) by_name.emplace(target.name, &target);
  for (std::size_t d = 0; d < record.devices.size(); ++d)
    for (const MadeInterface& made : record.devices[d].interfaces)
      if (const auto found = by_name.find(made.home); found != by_name.end())
        found->second->made.emplace_back(d, &made);
  for (const ShownSysctl& one : record.shown)
    if (const auto found = by_name.find(one.home); found != by_name.end()) found->second->shown.push_back(one);
  collect_interest(next, by_name);
  if (current != nullptr && current != &next) collect_interest(*current, by_name);
  return targets;
}

/// Whether a lab means by that name what is at that path.
bool means(const Lab& lab, const Target& target) {
  const auto found = lab.find_namespace(target.name);
  return found && lab.namespaces[*found].existing && kernel::path_of(lab.namespaces[*found]) == target.path;
}

/// A namespace that is open, and which it is.
struct Opened {
  UniqueFd fd;
  std::uint64_t cookie = 0;
};

/// Nothing: it is not there, or another has its name.
std::optional<Opened> open(const Target& target) {
  std::optional<UniqueFd> fd;
  try {
    fd = kernel::open_namespace(target.path);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::conflict)
      throw;  // no namespace any more, or a name that a crash has left without one
  }
  if (!fd) return std::nullopt;
  const std::uint64_t cookie = kernel::cookie_of(*fd);
  if (target.cookie != 0 && cookie != target.cookie) return std::nullopt;
  return Opened{.fd = std::move(*fd), .cookie = cookie};
}

/// nullptr: as open() says.
Space* open(Spaces& spaces, const Target& target) {
  if (Space* space = spaces.find(target.name)) return space;
  auto opened = open(target);
  return opened ? &spaces.add(target.name, std::move(opened->fd), opened->cookie) : nullptr;
}

std::uint32_t free_from(const Target& target, std::uint32_t highest) {
  return target.existing ? far_ifindex() : highest + 1;
}

/// What the kernel shows otherwise than it was written, as it was written.
void undisguise(const std::vector<ShownSysctl>& shown, std::vector<Sysctl>& sysctls) {
  for (const ShownSysctl& one : shown) {
    const auto found =
        std::find_if(sysctls.begin(), sysctls.end(), [&](const Sysctl& s) { return s.key_text == one.key; });
    if (found == sysctls.end() && !one.shown)
      sysctls.push_back({.key_text = one.key, .value = {one.written}});
    else if (found != sysctls.end() && found->value.optional() == one.shown)
      found->value = {one.written};
  }
}

/// Sysctls of an interface that somebody has renamed, under the name that it is to have. Thread: in the namespace.
void follow(const plan::Renaming& renaming, const Target& target, std::vector<Sysctl>& sysctls) {
  for (const std::string& key : target.interest.sysctls) {
    const Sysctl wanted{.key_text = key};
    if (wanted.interface() != renaming.to) continue;
    std::erase_if(sysctls, [&](const Sysctl& one) { return one.key_text == key; });
    if (auto value = kernel::find_sysctl(wanted.key_of(renaming.from)))
      sysctls.push_back({.key_text = key, .value = {canonical_value(*value)}});
  }
  undisguise(target.shown, sysctls);
}

Found look_at(Spaces& spaces, const Target& target) {
  Found found;
  Space* space = open(spaces, target);
  if (space == nullptr) return found;
  found.present = true;
  found.state = look_again(*space, target.interest, target.shown);
  std::uint32_t highest = 0;
  std::unordered_map<std::uint32_t, const Link*> links;
  for (const Link& link : found.state.of<Link>()) {
    highest = std::max(highest, link.ifindex);
    links.emplace(link.ifindex, &link);
  }
  space->set_free_from(free_from(target, highest));
  for (const auto& [device, made] : target.made) {
    const auto link = links.find(made->ifindex);
    // In the lab's own namespaces no other link comes by that number by chance, and to mount sysfs costs more than all
    // else of a look.
    const bool there = link != links.end() && (made->kind.empty() || made->kind == link->second->kind) &&
                       (!target.existing || made->birth == 0 || made->birth == space->birth_of(link->second->name));
    if (!there)
      found.broken.push_back(device);
    else if (link->second->name != made->name)
      found.renamed.push_back({.from = link->second->name, .to = made->name, .ifindex = made->ifindex});
  }
  for (const plan::Renaming& renaming : found.renamed) {
    space->ifindex[renaming.to] = renaming.ifindex;
    follow(renaming, target, found.state.of<Sysctl>());
  }
  space->release_socket();
  return found;
}

}  // namespace

SpaceState look_again(Space& space, const Interest& interest, const std::vector<ShownSysctl>& shown) {
  // Sysctls are those of where the thread is, whoever has opened the socket.
  if (!interest.sysctls.empty()) kernel::enter(space.fd());
  SpaceState state = kernel::look(space.socket(), {.kinds = kernel::Kinds::all(), .interest = interest});
  plan::make_canonical(state);
  undisguise(shown, state.of<Sysctl>());
  space.ifindex.clear();
  for (const Link& link : state.of<Link>()) space.ifindex[link.name] = link.ifindex;
  return state;
}

namespace {

/// Devices that an earlier run could not make again: they are in the file that is up, and nowhere else.
std::vector<const Device*> unmade(const Record& record, const Lab& lab) {
  std::unordered_set<std::string_view> made;
  for (const MadeDevice& device : record.devices) made.insert(device.name);
  std::vector<const Device*> devices;
  for (const Device& device : lab.devices)
    if (!made.contains(device.name.str())) devices.push_back(&device);
  return devices;
}

/// Compares at once what two labs say of a namespace with what was seen of it.
class Judge {
 public:
  Judge(const Lab& current, const Lab& next) : next_(next), made_(current), wanted_(next) {
    std::unordered_map<std::string_view, std::size_t> by_name;
    for (std::size_t s = 0; s < current.namespaces.size(); ++s) by_name.emplace(current.namespaces[s].name.str(), s);
    for (std::size_t s = 0; s < next.namespaces.size(); ++s) {
      const Namespace& space = next.namespaces[s];
      const auto found = by_name.find(space.name.str());
      if (found != by_name.end() && plan::is_same(current.namespaces[found->second], space))
        places_.emplace(space.name.str(), std::pair(found->second, s));
    }
  }

  [[nodiscard]] bool is_whole(const std::string& space, const SpaceState& seen) const {
    const auto found = places_.find(space);
    if (found == places_.end()) return false;
    const auto& [before, after] = found->second;
    return plan::is_whole(next_.namespaces[after], wanted_.in(after), made_.in(before), seen);
  }

 private:
  const Lab& next_;
  plan::Wanted made_;
  plan::Wanted wanted_;
  std::unordered_map<std::string_view, std::pair<std::size_t, std::size_t>> places_;
};

}  // namespace

plan::Seen look(Spaces& spaces, const Record& record, const Lab* current, const Lab& next, unsigned threads) {
  const auto targets = std::make_shared<const std::vector<Target>>(targets_of(record, current, next));
  std::vector<Found> found(targets->size());
  std::mutex mutex;
  std::unordered_map<std::string, SpaceState> instead;  // of one that the record knows, which is gone
  std::optional<Judge> judge;
  if (current != nullptr) judge.emplace(*current, next);
  Spaces::expect(targets->size());
  parallel(targets->size(), threads, [&](std::size_t i) {
    const Target& target = (*targets)[i];
    found[i] = look_at(spaces, target);
    if (target.existing && target.cookie != 0 && !found[i].present && means(next, target)) {
      Spaces aside;
      Found other =
          look_at(aside, {.name = target.name, .path = target.path, .existing = true, .interest = target.interest});
      const std::lock_guard guard(mutex);
      if (other.present) instead.emplace(target.name, std::move(other.state));
    }
    if (target.arrives || !judge || !found[i].renamed.empty() || !judge->is_whole(target.name, found[i].state)) return;
    found[i].whole = true;
    found[i].state = {};
  });
  plan::Seen seen;
  seen.again = [&spaces, targets](const std::string& name) {
    const auto target = std::find_if(targets->begin(), targets->end(), [&](const Target& t) { return t.name == name; });
    SpaceState state;
    kernel::aside([&] {
      Space& space = spaces.at(name);
      state = look_again(space, target->interest, target->shown);
      space.release_socket();
    });
    return state;
  };
  seen.arriving = std::move(instead);
  std::unordered_set<std::string> gone;
  for (std::size_t i = 0; i < targets->size(); ++i) {
    const std::string& name = (*targets)[i].name;
    if ((*targets)[i].arrives) {
      if (found[i].present) seen.arriving.emplace(name, std::move(found[i].state));
      continue;
    }
    if (!found[i].present) {
      gone.insert(name);
      continue;
    }
    if (found[i].whole) seen.whole.insert(name);
    for (const std::size_t device : found[i].broken) seen.broken.insert(record.devices[device].name);
    if (!found[i].renamed.empty()) seen.renamed.emplace(name, std::move(found[i].renamed));
    seen.spaces.emplace(name, std::move(found[i].state));
  }
  if (std::any_of(next.namespaces.begin(), next.namespaces.end(),
                  [](const Namespace& space) { return space.foreign == Foreign::remove; }))
    for (const OtherUse& use : other_uses(record)) seen.shared.insert(use.space);
  for (const MadeDevice& device : record.devices)
    if (std::any_of(device.interfaces.begin(), device.interfaces.end(),
                    [&](const MadeInterface& made) { return gone.contains(made.home); }))
      seen.broken.insert(device.name);
  if (current != nullptr)
    for (const Device* device : unmade(record, *current)) seen.broken.insert(device->name.str());
  return seen;
}

struct Sight::Targets {
  std::vector<Target> of_space;  ///< in the order of Lab::namespaces
  /// Devices that the record does not name, by namespace likewise.
  std::unordered_map<std::size_t, std::vector<std::string>> unmade = {};
};

Sight::Sight(const Record& record, const Lab& lab) : record_(record), targets_(std::make_unique<Targets>()) {
  std::unordered_map<std::string, Target> by_name;
  for (Target& target : targets_of(record, nullptr, lab)) {
    std::string name = target.name;
    by_name.emplace(std::move(name), std::move(target));
  }
  for (const Namespace& space : lab.namespaces) {
    const auto found = by_name.find(space.name.str());
    // What the record does not name was never made: whatever has its name is another's.
    targets_->of_space.push_back(found != by_name.end() ? std::move(found->second)
                                                        : Target{.name = space.name.str(), .path = {}});
  }
  for (const Device* device : unmade(record, lab))
    for (const Interface& interface : device->interfaces)
      targets_->unmade[interface.home].push_back(device->name.str());
}

Sight::~Sight() = default;

std::optional<plan::SeenSpace> Sight::look(std::size_t space) const {
  Spaces spaces;
  Found found = look_at(spaces, targets_->of_space[space]);
  if (!found.present) return std::nullopt;
  plan::SeenSpace seen{.state = std::move(found.state), .renamed = std::move(found.renamed)};
  for (const std::size_t device : found.broken) seen.broken.push_back(record_.devices[device].name);
  if (const auto devices = targets_->unmade.find(space); devices != targets_->unmade.end())
    seen.broken.insert(seen.broken.end(), devices->second.begin(), devices->second.end());
  return seen;
}

std::optional<UniqueFd> Sight::open(std::size_t space) const {
  auto opened = engine::open(targets_->of_space[space]);
  if (!opened) return std::nullopt;
  return std::move(opened->fd);
}

bool Sight::has_sysctls(std::size_t space) const { return !targets_->of_space[space].interest.sysctls.empty(); }

plan::Drift drift_in(const Record& record, const Lab& lab, const std::vector<std::size_t>& spaces) {
  const Sight sight(record, lab);
  const plan::Wanted wanted(lab);
  std::vector<plan::Drift> parts(spaces.size());
  // Threads cost more than a few namespaces do.
  parallel(spaces.size(), spaces.size() < kWorthThreads ? 1 : worker_count(),
           [&](std::size_t i) { parts[i] = plan::drift_in(lab, wanted, spaces[i], sight.look(spaces[i])); });
  return plan::join(std::move(parts));
}

plan::Threads in_threads(unsigned threads) {
  return [threads](std::size_t count, const std::function<void(std::size_t)>& body) {
    if (count < kWorthThreads)
      for (std::size_t i = 0; i < count; ++i) body(i);
    else
      parallel(count, threads, body);
  };
}

plan::Plan make_plan(const Lab* current, const Lab& next, plan::Seen seen, unsigned threads) {
  return plan::make(current, next, std::move(seen), in_threads(threads));
}

}  // namespace netrig::engine
