// SPDX-License-Identifier: Apache-2.0
#include "plan/compare.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace netrig::plan {
namespace {

/// Routes over the same ways, in whatever order the kernel holds them.
std::vector<NextHop> sorted(std::vector<NextHop> hops) {
  std::sort(hops.begin(), hops.end());
  return hops;
}

/// A way that names no interface goes by whichever the kernel finds; one that names no gateway goes straight.
bool same_hop(const NextHop& wanted, const NextHop& seen) {
  return wanted.via == seen.via && (!wanted.interface || wanted.interface == seen.interface) &&
         wanted.weight == seen.weight && wanted.onlink == seen.onlink;
}

bool same_hops(const std::vector<NextHop>& wanted, const std::vector<NextHop>& seen) {
  if (wanted.size() != seen.size()) return false;
  const auto all = [](const std::vector<NextHop>& a, const std::vector<NextHop>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), same_hop);
  };
  return all(wanted, seen) || all(sorted(wanted), sorted(seen));
}

}  // namespace

std::vector<SettingChange> other_changes(const Sysctl&, const Sysctl&) { return {}; }

std::vector<SettingChange> other_changes(const Link& wanted, const Link& seen) {
  if (wanted.name == seen.name) return {};
  return {{.name = "name", .expected = wanted.name, .found = seen.name, .where = wanted.where}};
}

std::vector<SettingChange> other_changes(const Address& wanted, const Address& seen) {
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

std::vector<SettingChange> other_changes(const Neighbour&, const Neighbour&) { return {}; }

std::vector<SettingChange> other_changes(const Route& wanted, const Route& seen) {
  std::vector<SettingChange> changes;
  if (wanted.type != seen.type)
    changes.push_back({.name = "type",
                       .expected = setting_text(wanted.type),
                       .found = setting_text(seen.type),
                       .where = wanted.where});
  else if (!same_hops(wanted.next_hops, seen.next_hops))
    changes.push_back({.name = "next hops",
                       .expected = setting_text(wanted.next_hops),
                       .found = setting_text(seen.next_hops),
                       .where = wanted.where});
  return changes;
}

std::vector<SettingChange> other_changes(const Rule& wanted, const Rule& seen) {
  if (!wanted.priority || wanted.priority == seen.priority) return {};
  return {{.name = "priority",
           .expected = fmt::format("{}", *wanted.priority),
           .found = seen.priority ? fmt::format("{}", *seen.priority) : "0",
           .where = wanted.where}};
}

bool agrees(std::string_view kind, std::string_view setting, const std::string& expected, const std::string& found) {
  if (expected == found) return true;
  if (kind == Address::kKind && (setting == "valid" || setting == "preferred")) {
    // It runs down from what was asked for; one that does not end is the greatest number there is.
    const std::string for_ever = setting_text(Lifetime::for_ever);
    return expected != for_ever && !found.empty() && found != for_ever && std::stoul(found) <= std::stoul(expected);
  }
  // What the kernel has learned, or believes, changes by itself; what was asked for to stay does not.
  if (kind == Neighbour::kKind && setting == "state") return expected == "reachable" || expected == "stale";
  return false;
}

bool changes_in_place(const Object& wanted, const std::vector<SettingChange>& changes) {
  if (std::holds_alternative<Rule>(wanted)) return false;
  if (!std::holds_alternative<Address>(wanted)) return true;
  const bool v6 = std::get<Address>(wanted).prefix.address.family == Family::ipv6;
  return std::all_of(changes.begin(), changes.end(), [&](const SettingChange& change) {
    return change.name == "valid" || change.name == "preferred" || change.name == "metric" ||
           (change.name == "prefix_route" && v6);
  });
}

bool unset(Link& target, const Link& made) {
  const LinkSettings& was = made.settings;
  LinkSettings& is = target.settings;
  if ((was.mac && !is.mac) || (was.mtu && !is.mtu) || (was.txqlen && !is.txqlen)) return false;
  // What a link is born with (alloc_netdev_mqs, ether_setup, ipv6_devconf_dflt).
  const auto back = [](auto& setting, const auto& before, auto value) {
    if (before && !setting) setting = {value, before.where};
  };
  back(is.group, was.group, std::uint32_t{0});
  back(is.promiscuous, was.promiscuous, false);
  back(is.allmulticast, was.allmulticast, false);
  back(is.multicast, was.multicast, true);
  back(is.arp, was.arp, true);
  back(is.addr_gen_mode, was.addr_gen_mode, AddressGeneration::eui64);
  back(is.protodown, was.protodown, false);
  back(is.altnames, was.altnames, std::vector<std::string>{});
  return true;
}

bool unset(Address& target, const Address& made) {
  const auto back = [](auto& setting, const auto& before, auto value) {
    if (before && !setting) setting = {value, before.where};
  };
  back(target.broadcast, made.broadcast, std::string());
  back(target.label, made.label, target.interface);
  back(target.valid, made.valid, Lifetime::for_ever);
  back(target.preferred, made.preferred, Lifetime::for_ever);
  back(target.prefix_route, made.prefix_route, true);
  back(target.metric, made.metric, std::uint32_t{0});
  return true;
}

bool unset(Neighbour& target, const Neighbour& made) {
  if (made.router && !target.router) target.router = {false, made.router.where};
  return true;
}

std::vector<std::size_t> misplaced(const std::vector<Address>& wanted, const std::vector<Address>& seen,
                                   const std::function<bool(const Address&)>& goes) {
  const auto is_of_one_prefix = [](const Address& a, const Address& b) {
    return a.interface == b.interface && a.prefix.length == b.prefix.length && !a.peer && !b.peer &&
           a.prefix.address.family == b.prefix.address.family && a.prefix.network() == b.prefix.network();
  };
  const auto position = [&](const Address& one) {
    return std::find_if(seen.begin(), seen.end(), [&](const Address& other) { return other.key() == one.key(); }) -
           seen.begin();
  };
  const auto end = static_cast<std::ptrdiff_t>(seen.size());
  std::vector<std::size_t> result;
  std::vector<bool> done(wanted.size(), false);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (done[i] || wanted[i].prefix.address.family != Family::ipv4) continue;
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

}  // namespace netrig::plan
