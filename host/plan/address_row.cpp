// SPDX-License-Identifier: Apache-2.0
#include "plan/address_row.hpp"

#include <fmt/format.h>

#include "plan/rows.hpp"

namespace netrig::plan {
namespace {

bool is_v6(const Address& address) { return address.prefix.address.family == Family::ipv6; }

/// Of one IPv4 prefix on an interface the first address is primary, and the others hang on it (__inet_insert_ifa).
bool is_of_one_prefix(const Address& a, const Address& b) {
  return a.interface == b.interface && a.prefix.length == b.prefix.length && !is_v6(a) && !is_v6(b) && !a.peer &&
         !b.peer && a.prefix.network() == b.prefix.network();
}

}  // namespace

void Row<Address>::make_canonical(Address& one) {
  if (one.label && (one.label->empty() || *one.label == one.interface)) one.label.reset();
  if (one.peer == one.prefix.address) one.peer.reset();
}

void Row<Address>::arrange(std::vector<Address>& all) {
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i].secondary =
        std::any_of(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(i), [&](const Address& earlier) {
          return is_of_one_prefix(earlier, all[i]) &&
                 earlier.scope.value_or(Scope::global) == all[i].scope.value_or(Scope::global);
        });
}

std::vector<SettingChange> Row<Address>::other_changes(const Address& wanted, const Address& seen) {
  std::vector<SettingChange> changes;
  if (wanted.prefix.length != seen.prefix.length)
    changes.push_back({.name = "prefix length",
                       .expected = fmt::format("{}", wanted.prefix.length),
                       .found = fmt::format("{}", seen.prefix.length),
                       .where = wanted.where});
  if (wanted.peer != seen.peer)
    changes.push_back({.name = "peer",
                       .expected = wanted.peer ? wanted.peer->str() : "",
                       .found = seen.peer ? seen.peer->str() : "",
                       .where = wanted.where});
  if (seen.duplicate)
    changes.push_back({.name = "duplicate", .expected = "false", .found = "true", .where = wanted.where});
  return changes;
}

bool Row<Address>::agrees(std::string_view setting, const std::string& expected, const std::string& found) {
  if (setting != "valid" && setting != "preferred") return false;
  // It runs down from what was asked for.
  const std::string for_ever = setting_text(Lifetime::for_ever);
  return expected != for_ever && !found.empty() && found != for_ever && std::stoul(found) <= std::stoul(expected);
}

bool Row<Address>::changes_in_place(const Address& wanted, const std::vector<SettingChange>& changes) {
  return std::all_of(changes.begin(), changes.end(), [&](const SettingChange& change) {
    // inet6_addr_modify takes a metric of 0 for one that is not given.
    if (change.name == "metric") return !is_v6(wanted) || change.expected != "0";
    return change.name == "valid" || change.name == "preferred" || (change.name == "prefix_route" && is_v6(wanted));
  });
}

bool Row<Address>::unset(Address& target, const Address& made) {
  const auto back = [](auto& setting, const auto& before, auto value) {
    if (before && !setting) setting = {value, before.where};
  };
  back(target.broadcast, made.broadcast, target.usual_broadcast());
  back(target.label, made.label, target.interface);
  back(target.valid, made.valid, Lifetime::for_ever);
  back(target.preferred, made.preferred, Lifetime::for_ever);
  back(target.prefix_route, made.prefix_route, true);
  back(target.metric, made.metric, std::uint32_t{0});
  return true;
}

std::vector<std::size_t> Row<Address>::misplaced(const std::vector<Address>& wanted, const std::vector<Address>& seen,
                                                 const std::function<bool(const Address&)>& goes) {
  const auto position = [&](const Address& one) {
    return std::find_if(seen.begin(), seen.end(), [&](const Address& other) { return other.key() == one.key(); }) -
           seen.begin();
  };
  const auto end = static_cast<std::ptrdiff_t>(seen.size());
  std::vector<std::size_t> result;
  std::vector<bool> done(wanted.size(), false);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (done[i] || is_v6(wanted[i])) continue;
    std::vector<std::size_t> group;
    for (std::size_t j = i; j < wanted.size(); ++j)
      if (!done[j] && is_of_one_prefix(wanted[i], wanted[j])) group.push_back(j);
    for (const std::size_t j : group) done[j] = true;
    if (group.size() < 2) continue;
    const auto first = position(wanted[group.front()]);
    const bool in_order = std::all_of(group.begin() + 1, group.end(), [&](std::size_t j) {
      const auto at = position(wanted[j]);
      return at == end || (first != end && first < at);
    });
    // One that goes and is the first takes the others along, which would come back after those that are made.
    const bool missing =
        std::any_of(group.begin(), group.end(), [&](std::size_t j) { return position(wanted[j]) == end; });
    const bool taken_along = missing && std::any_of(seen.begin(), seen.end(), [&](const Address& one) {
                               return !one.secondary && is_of_one_prefix(one, wanted[i]) && goes(one);
                             });
    if (in_order && !taken_along) continue;
    for (const std::size_t j : group)
      if (position(wanted[j]) != end) result.push_back(j);
  }
  return result;
}

void Row<Address>::note(const Step& step, const Address& /*one*/, Course& course) {
  if (step.verb != Verb::remove) course.coming.push_back(&step.object);
}

Stage Row<Address>::stage(const Step& step, const Address& one, const Course& course) {
  if (step.verb != Verb::remove)
    return is_v6(one) && course.growing.contains(one.interface) ? Stage::address6 : Stage::address;
  const bool is_in_the_way =
      step.part == Step::Part::removal ||
      std::any_of(course.coming.begin(), course.coming.end(), [&](const Object* object) {
        const auto* coming = std::get_if<Address>(object);
        return coming != nullptr && coming->interface == one.interface &&
               (coming->prefix.network() == one.prefix.network() || coming->prefix.address == one.prefix.address);
      });
  return is_in_the_way ? Stage::clear : Stage::remove_address;
}

void Row<Address>::make(SpaceState& state, Address one) {
  const auto& all = state.of<Address>();
  if (!is_v6(one))
    one.secondary =
        std::any_of(all.begin(), all.end(), [&](const Address& other) { return is_of_one_prefix(other, one); });
  put(state, one);
}

void Row<Address>::remove(SpaceState& state, const Address& one) {
  const bool primary = !is_v6(one) && !one.secondary;
  auto& all = state.of<Address>();
  std::erase_if(all, [&](const Address& other) {
    return other.key() == one.key() || (primary && other.secondary && is_of_one_prefix(other, one));
  });
  happen({.what = Event::What::address_gone, .interface = one.interface, .address = one.prefix.address}, state);
  const bool last = std::none_of(
      all.begin(), all.end(), [&](const Address& other) { return other.interface == one.interface && !is_v6(other); });
  if (!is_v6(one) && last && one.interface != "lo")
    happen({.what = Event::What::no_ipv4, .interface = one.interface}, state);
}

bool Row<Address>::suffer(Address& one, const Event& event, const SpaceState& /*state*/) {
  if (one.interface != event.interface) return false;
  switch (event.what) {
    case Event::What::renamed:
      one.interface = event.name;
      return false;
    case Event::What::link_gone:
      return true;
    case Event::What::link_down:
    case Event::What::no_ipv6:
      return is_v6(one);
    default:
      return false;
  }
}

}  // namespace netrig::plan
