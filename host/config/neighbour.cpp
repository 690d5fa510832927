// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <set>

#include "config/parts.hpp"

namespace netrig::config {
namespace {

Neighbour read_neighbour(const Table& table) {
  table.allow(neighbour_keys());
  Neighbour neighbour;
  const Text address = table.required_text("address");
  neighbour.where = address.where;
  neighbour.address = plain_address(address, table.context());
  if (neighbour.address.is_unspecified() || neighbour.address.is_multicast())
    table.fail(address.where, fmt::format("neighbour {} is not the address of a host", neighbour.address.str()));
  neighbour.proxy = table.boolean("proxy").value_or(false);
  for (const std::string_view key : {"mac", "state"})
    if (neighbour.proxy && table.has(key))
      table.fail(table.where(key), fmt::format("a proxied neighbour has no {}: the interface answers for it", key));
  neighbour.mac = read_mac(table);
  neighbour.router = table.flag("router");
  if (neighbour.router && neighbour.address.family == Family::ipv4)
    table.fail(neighbour.router.where, "router is for IPv6 neighbours (RFC 4861); ARP does not tell");
  if (neighbour.proxy) return neighbour;
  static constexpr std::array kStates = {NeighbourState::permanent, NeighbourState::reachable, NeighbourState::noarp,
                                         NeighbourState::stale};
  const auto state = table.choice("state", {"permanent", "reachable", "noarp", "stale"});
  neighbour.state = {kStates.at(state.value_or(0)), state ? table.where("state") : address.where};
  // Links without MAC addresses have neighbours without one, which nobody asks for (__neigh_update).
  if (!neighbour.mac && *neighbour.state != NeighbourState::noarp)
    table.fail(address.where,
               fmt::format("neighbour {} has no \"mac\"; only one with proxy = true or state = \"noarp\" "
                           "needs none",
                           neighbour.address.str()));
  return neighbour;
}

}  // namespace

std::vector<Neighbour> read_neighbours(const Table& table, const std::string& interface) {
  std::vector<Neighbour> neighbours;
  const auto* list = table.array("neighbours");
  if (list == nullptr) return neighbours;
  std::set<std::pair<IpAddress, bool>> seen;
  for_each_table(*list, "neighbour", table.context(), [&](const Table& one) {
    neighbours.push_back(read_neighbour(one));
    Neighbour& last = neighbours.back();
    last.interface = interface;
    if (!seen.emplace(last.address, last.proxy).second)
      one.fail(last.where, fmt::format("neighbour {} is on this interface twice", last.address.str()));
  });
  return neighbours;
}

}  // namespace netrig::config
