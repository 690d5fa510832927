// SPDX-License-Identifier: Apache-2.0
#include "check/link_keeper.hpp"

#include <fmt/format.h>
#include <linux/if.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <thread>
#include <utility>

namespace netrig::check {
namespace {

using kernel::Configured;

// What the kernel refuses at first it may take later: next-hop objects when the link's other end has noticed the
// carrier, routes with a source when that has passed duplicate address detection, which takes two seconds.
constexpr auto kPatience = 3s;
constexpr auto kPause = 5ms;
// A link that is down can have addresses and neighbours, and no more.
constexpr auto kWithoutCarrier = Configured::Kind::neighbour;

/// Whether a link is of this device, or the device stands on it.
bool concerns(const Lab& lab, const Device& device, std::size_t space, const std::string& name) {
  const auto is_it = [&](const Interface& i) { return i.home == space && i.name.str() == name; };
  if (std::any_of(device.interfaces.begin(), device.interfaces.end(), is_it)) return true;
  for (const auto& [key, parameter] : device.parameters)
    for (const ParameterScalar& value : parameter.values)
      if (const auto* reference = std::get_if<InterfaceReference>(&value);
          reference != nullptr && reference->name.str() == name && reference->home == lab.namespaces[space].name)
        return true;
  return false;
}

/// Namespaces whose links may lose their carrier when this one goes down, its own included.
std::set<std::size_t> spaces_at(const Lab& lab, std::size_t space, const std::string& name) {
  std::set<std::size_t> spaces = {space};
  for (const Device& device : lab.devices)
    if (concerns(lab, device, space, name))
      for (const Interface& interface : device.interfaces) spaces.insert(interface.home);
  return spaces;
}

using Messages = std::vector<std::vector<std::byte>>;

bool holds(const Messages& messages, const std::vector<std::byte>& message) {
  return std::find(messages.begin(), messages.end(), message) != messages.end();
}

/// Messages of all that stand in the place of `what`.
Messages in_place_of(const Configured& what, const std::vector<Configured>& all) {
  Messages messages;
  for (const Configured& one : all)
    if (share_place(one, what)) messages.push_back(one.message);
  return messages;
}

bool has_others(const Configured& what, const std::vector<Configured>& all) {
  return std::any_of(all.begin(), all.end(),
                     [&](const Configured& one) { return one.others && share_place(one, what); });
}

bool is_needed(const Configured& what, const Configured& one) {
  const auto id = next_hop_id(one);
  return id && std::find(what.needs.begin(), what.needs.end(), *id) != what.needs.end();
}

/// Messages of daemons' next-hop objects that `what` goes over.
Messages daemons_under(const Configured& what, const std::vector<Configured>& all) {
  Messages messages;
  for (const Configured& one : all)
    if (one.others && is_needed(what, one)) messages.push_back(one.message);
  return messages;
}

/// What is to be given back goes over next-hop objects:
enum class Footing : std::uint8_t {
  firm,    ///< all are there, or come with it
  later,   ///< some are still to be given back themselves
  others,  ///< a daemon has not made one again, or made it otherwise
};
struct Footings {
  std::set<std::uint32_t> coming = {};   ///< ids of those that come with it
  std::set<std::uint32_t> waiting = {};  ///< and of those that are still to be given back

  [[nodiscard]] Footing of(const Configured& what, const Messages& under, const std::vector<Configured>& now) const {
    Footing worst = Footing::firm;
    for (const std::uint32_t id : what.needs) {
      const auto there = std::find_if(now.begin(), now.end(), [&](const auto& one) { return next_hop_id(one) == id; });
      const bool is_there = there != now.end() && (!there->others || holds(under, there->message));
      if (is_there || coming.contains(id)) continue;
      if (!waiting.contains(id)) return Footing::others;
      worst = Footing::later;
    }
    return worst;
  }
};

std::vector<Configured> look(const Ground& ground, std::size_t space) {
  std::vector<Configured> all;
  ground.inside(space, [&] {
    kernel::Socket socket;
    all = list_configured(socket);
  });
  return all;
}

}  // namespace

std::size_t LinkKeeper::keep(std::size_t space, const kernel::LinkState& link) {
  const auto known = std::find_if(kept_.begin(), kept_.end(),
                                  [&](const Kept& k) { return k.space == space && k.ifindex == link.ifindex; });
  if (known != kept_.end()) return static_cast<std::size_t>(known - kept_.begin());
  const bool up = (link.flags & IFF_UP) != 0;
  kept_.push_back({.space = space, .ifindex = link.ifindex, .name = link.name, .was_up = up, .is_up = up});
  return kept_.size() - 1;
}

void LinkKeeper::set_links(std::size_t space, const std::vector<std::size_t>& links, bool up,
                           std::vector<std::string>& faults) {
  ground_.inside(space, [&] {
    kernel::Socket socket;
    for (const std::size_t link : links) {
      Kept& kept = kept_[link];
      kernel::Batch batch;
      kernel::set_link_up(batch, kept.ifindex, up);
      const auto refused = socket.run(batch);
      if (refused.empty())
        kept.is_up = up;
      else
        faults.push_back(fmt::format("cannot set {} {}:{}: {}", up ? "up" : "down", ground_.name(space), kept.name,
                                     refused.front().str()));
    }
  });
}

/// Whatever is configured before and not after, the kernel has taken.
void LinkKeeper::take_down(std::size_t space, const std::vector<std::size_t>& links, std::vector<std::string>& faults) {
  std::map<std::size_t, std::vector<Configured>> before;
  for (const std::size_t link : links)
    for (const std::size_t at : spaces_at(ground_.lab(), space, kept_[link].name))
      if (!before.contains(at)) before.emplace(at, look(ground_, at));
  set_links(space, links, false, faults);
  const std::vector<Configured> after = look(ground_, space);
  const auto lost = [&](const Configured& what, const std::vector<Configured>& all) -> Lost {
    return {.what = what,
            .known = in_place_of(what, all),
            .under = daemons_under(what, all),
            .beside_others = has_others(what, all)};
  };
  for (const Configured& what : before[space]) {
    auto left = in_place_of(what, after);
    if (what.others || holds(left, what.message)) continue;
    Lost one = lost(what, before[space]);
    std::move(left.begin(), left.end(), std::back_inserter(one.known));
    lose(space, std::move(one));
  }
  // Next-hop objects also go with the carrier (nh_netdev_event), here and at the other end, and that some time later.
  for (const auto& [at, all] : before)
    for (const Configured& what : all)
      if (what.over_next_hop_object && !what.others) {
        Lost one = lost(what, all);
        one.after = links;
        lose(at, std::move(one));
      }
}

void LinkKeeper::lose(std::size_t space, Lost lost) {
  std::vector<Lost>& all = lost_[space];
  // Something else was put there since the one before was lost: that one is not missed any more.
  std::erase_if(
      all, [&](const Lost& one) { return share_place(one.what, lost.what) && !holds(one.known, lost.what.message); });
  for (Lost& one : all) {
    if (!share_place(one.what, lost.what)) continue;
    // What the kernel had left of a group.
    if (one.what.kind == Configured::Kind::next_hop_group && one.what.message != lost.what.message) return;
    if (one.what.message != lost.what.message) continue;
    if (one.after.empty() || lost.after.empty())
      one.after.clear();
    else
      one.after.insert(one.after.end(), lost.after.begin(), lost.after.end());
    return;
  }
  all.push_back(std::move(lost));
}

void LinkKeeper::give_back(When when) {
  for (auto at = lost_.begin(); at != lost_.end();) {
    ground_.inside(at->first, [&] { give_back_in(at->first, at->second, when); });
    at = at->second.empty() ? lost_.erase(at) : std::next(at);
  }
}

bool LinkKeeper::is_ready(const Lost& one, const std::set<std::uint32_t>& up, When when) const {
  const bool stays_down = when == When::at_end && one.what.kind <= kWithoutCarrier;
  return std::all_of(one.after.begin(), one.after.end(), [&](std::size_t link) { return kept_[link].is_up; }) &&
         (stays_down || std::all_of(one.what.links.begin(), one.what.links.end(),
                                    [&](std::uint32_t link) { return up.contains(link); }));
}

/// The calling thread is in the namespace.
void LinkKeeper::give_back_in(std::size_t space, std::vector<Lost>& lost, When when) {
  kernel::Socket socket;
  std::set<std::uint32_t> up;
  for (const kernel::LinkState& link : kernel::list_links(socket))
    if ((link.flags & IFF_UP) != 0) up.insert(link.ifindex);
  if (when == When::at_end)
    for (const Kept& kept : kept_)
      if (kept.space == space) kernel::is_settling(socket, kept.ifindex);  // asking settles it, see there
  std::stable_sort(lost.begin(), lost.end(), [](const Lost& a, const Lost& b) { return a.what.kind < b.what.kind; });
  const std::vector<Configured> now = kernel::list_configured(socket);
  std::vector<Lost> left;
  std::vector<Lost> asked;
  Footings footings;
  kernel::Batch cleared;
  kernel::Batch batch;
  for (Lost& one : lost) {
    const auto id = next_hop_id(one.what);
    const Footing footing = footings.of(one.what, one.under, now);
    one.orphaned = footing == Footing::others;
    if (!is_ready(one, up, when) || footing != Footing::firm) {
      if (id) footings.waiting.insert(*id);
      left.push_back(std::move(one));
      continue;
    }
    // It is there again, or somebody has put something else there since, which is to stay.
    if (std::any_of(now.begin(), now.end(), [&](const Configured& there) {
          if (!share_place(there, one.what)) return false;
          return there.message == one.what.message ||
                 (!holds(one.known, there.message) && !(there.others && one.beside_others));
        }))
      continue;
    clear_place(cleared, one.what);
    put_configured(batch, one.what);
    if (id) footings.coming.insert(*id);
    asked.push_back(std::move(one));
  }
  if (!cleared.empty()) socket.run(cleared, kernel::Socket::OnRefusal::go_on);  // most are empty
  if (!batch.empty())
    for (const kernel::Refusal& refusal : socket.run(batch, kernel::Socket::OnRefusal::go_on)) {
      if (refusal.error == EEXIST) continue;
      asked.at(refusal.index).refusal = refusal.str();
      left.push_back(std::move(asked.at(refusal.index)));
    }
  lost = std::move(left);
}

std::vector<std::string> LinkKeeper::set(const InterfacePattern& pattern, bool up) {
  std::vector<std::string> names;
  std::vector<std::string> faults;
  for (const std::size_t space : spaces_of(ground_.lab(), pattern.space)) {
    std::vector<std::size_t> links;
    ground_.inside(space, [&] {
      kernel::Socket socket;
      for (const kernel::LinkState& link : kernel::list_links(socket))
        if (matches(pattern.interface, link.name)) links.push_back(keep(space, link));
    });
    for (const std::size_t link : links) names.push_back(ground_.name(space) + ":" + kept_[link].name);
    if (links.empty()) continue;
    if (up)
      set_links(space, links, true, faults);
    else
      take_down(space, links, faults);
  }
  if (names.empty()) throw Error(ErrorCode::not_found, fmt::format("there is no interface {}", pattern.str()));
  if (up) give_back(When::meanwhile);
  if (!faults.empty()) throw Error(ErrorCode::failed, faults.front());
  return names;
}

std::vector<std::string> LinkKeeper::restore() {
  std::vector<std::string> faults;
  const auto attempt = [&](const std::function<void()>& step) {
    try {
      step();
    } catch (const Error& error) {
      faults.emplace_back(error.what());
    }
  };
  for (std::size_t link = kept_.size(); link-- > 0;) {
    const Kept& kept = kept_[link];
    if (kept.is_up == kept.was_up) continue;
    attempt([&] {
      if (kept.was_up) return set_links(kept.space, {link}, true, faults);
      // What goes over it came while it was up.
      auto lost = std::exchange(lost_, {});
      take_down(kept.space, {link}, faults);
      for (Lost& one : lost_[kept.space])
        if (one.what.kind <= kWithoutCarrier) lost[kept.space].push_back(std::move(one));
      lost_ = std::move(lost);
    });
  }
  const auto until = Clock::now() + kPatience;
  attempt([&] {
    for (give_back(When::at_end); !lost_.empty() && Clock::now() < until; give_back(When::at_end))
      std::this_thread::sleep_for(kPause);
  });
  for (const auto& [space, lost] : lost_)
    for (const Lost& one : lost)
      if (!one.orphaned)
        faults.push_back(fmt::format("cannot give back {} of {}: {}", one.what.text, ground_.name(space),
                                     one.refusal.empty() ? "a link that it needs is down" : one.refusal));
  kept_.clear();
  lost_.clear();
  return faults;
}

}  // namespace netrig::check
