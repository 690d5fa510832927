// SPDX-License-Identifier: Apache-2.0
// Checks that look at what the kernel has: neighbours, routes, addresses.
#include <fmt/format.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <algorithm>

#include "check/look.hpp"
#include "check/run_checks.hpp"
#include "kernel/address.hpp"
#include "kernel/neighbour.hpp"
#include "kernel/route.hpp"

namespace netrig::check {
namespace {

std::string route_text(const View& view, const kernel::RouteState& route) {
  std::string text;
  switch (route.type) {
    case RTN_UNREACHABLE:
      text = "unreachable ";
      break;
    case RTN_BLACKHOLE:
      text = "blackhole ";
      break;
    case RTN_PROHIBIT:
      text = "prohibit ";
      break;
    default:
      break;
  }
  text += route.destination.length == 0 ? "default" : route.destination.str();
  for (const auto& hop : route.next_hops) {
    if (hop.via) text += " via " + hop.via->str();
    if (hop.ifindex != 0) text += " dev " + view.name(hop.ifindex);
  }
  if (route.table != RT_TABLE_MAIN) text += fmt::format(" table {}", route.table);
  if (route.metric) text += fmt::format(" metric {}", *route.metric);
  return text;
}

/// As `ip route get` takes it.
std::string packet_words(const RouteQuery& query) {
  std::string text;
  if (query.source) text += " from " + query.source->str();
  if (query.iif) text += " iif " + query.iif->str();
  if (query.fwmark) text += fmt::format(" mark {:#x}", *query.fwmark);
  if (query.protocol) text += fmt::format(" ipproto {}", *query.protocol);
  if (query.source_port) text += fmt::format(" sport {}", *query.source_port);
  if (query.destination_port) text += fmt::format(" dport {}", *query.destination_port);
  return text;
}

std::string vrf_words(const RouteCheck& check) { return check.vrf ? " vrf " + check.vrf->str() : ""; }

std::string wanted_text(const RouteCheck& check) {
  std::string text = check.lookup           ? "a route to " + check.to.address.str()
                     : check.to.length == 0 ? std::string("a default route")
                                            : "a route to " + check.to.str();
  if (check.via) text += " via " + check.via->str();
  if (check.interface) text += " dev " + check.interface->str();
  if (check.table) text += fmt::format(" in table {}", *check.table);
  if (check.vrf) text += fmt::format(" in VRF {}", check.vrf->str());
  if (check.metric) text += fmt::format(" metric {}", *check.metric);
  if (const std::string packet = packet_words(check.query); !packet.empty()) text += " for a packet with" + packet;
  return (check.present ? "" : "no ") + (check.present ? text : text.substr(2));
}

bool fits(const RouteCheck& check, const View& view, const kernel::RouteState& route) {
  if (check.metric && route.metric.value_or(0) != *check.metric) return false;
  if (!check.via && !check.interface) return true;
  return std::any_of(route.next_hops.begin(), route.next_hops.end(), [&](const auto& hop) {
    return (!check.via || hop.via == check.via) &&
           (!check.interface || view.name(hop.ifindex) == check.interface->str());
  });
}

bool leads_somewhere(const kernel::RouteState& route) {
  return route.type != RTN_UNREACHABLE && route.type != RTN_BLACKHOLE && route.type != RTN_PROHIBIT;
}

/// A VRF's ifindex and table.
std::pair<std::uint32_t, std::uint32_t> find_vrf(const InterfaceName& name, View& view) {
  const auto index = view.index(name.str());
  const auto table = index ? kernel::vrf_table(view.socket, *index) : std::nullopt;
  if (!table)
    throw Error(ErrorCode::not_found, index ? fmt::format("interface {} is no VRF", name.str())
                                            : fmt::format("there is no VRF {}", name.str()));
  return {*index, *table};
}

/// What is wrong with the route that the kernel would take.
std::optional<std::string> look_up(const RouteCheck& check, View& view) {
  std::uint32_t iif = 0;
  if (check.query.iif) {
    const auto index = view.index(check.query.iif->str());
    if (!index)
      throw Error(ErrorCode::not_found, fmt::format("there is no interface {} to come in by", check.query.iif->str()));
    iif = *index;
  }
  std::string refusal;
  const auto route = kernel::look_up_route(view.socket,
                                           {.to = check.to.address,
                                            .source = check.query.source,
                                            .mark = check.query.fwmark,
                                            .protocol = check.query.protocol,
                                            .source_port = check.query.source_port,
                                            .destination_port = check.query.destination_port,
                                            .iif = iif,
                                            .vrf = check.vrf ? find_vrf(*check.vrf, view).first : 0},
                                           &refusal);
  const bool there = route && leads_somewhere(*route) && fits(check, view, *route);
  if (there == check.present) return std::nullopt;
  return route ? "the kernel takes " + route_text(view, *route) : "the kernel has none: " + refusal;
}

std::optional<std::string> look_in_table(const RouteCheck& check, View& view) {
  const std::uint32_t table = check.vrf ? find_vrf(*check.vrf, view).second : check.table.value_or(RT_TABLE_MAIN);
  std::vector<std::string> others;
  std::optional<std::string> match;
  for (const auto& route : kernel::list_routes(view.socket)) {
    if (route.table != table || route.destination.address.family != check.to.address.family) continue;
    if (route.destination == check.to && fits(check, view, route))
      match = route_text(view, route);
    else if (route.destination == check.to || route.destination.contains(check.to.address))
      others.push_back(route_text(view, route));
  }
  if (match.has_value() == check.present) return std::nullopt;
  return match ? "there is " + *match : instead(others, "there is none, nor one that covers it");
}

}  // namespace

void run(const RouteCheck& check, const Job& job) {
  const std::string family = check.to.address.family == Family::ipv6 ? "ip -6 " : "ip ";
  const std::string place =
      check.vrf ? vrf_words(check) : fmt::format(" table {}", check.table.value_or(RT_TABLE_MAIN));
  const std::string command =
      check.lookup ? "ip route get " + check.to.address.str() + packet_words(check.query) + vrf_words(check)
                   : fmt::format("{}route show{}", family, place);
  in_each(
      job,
      {.interface = check.interface ? check.interface->str() : "", .expected = wanted_text(check), .command = command},
      [&](View& view) { return check.lookup ? look_up(check, view) : look_in_table(check, view); });
}

void run(const NeighbourCheck& check, const Job& job) {
  const std::string what = fmt::format("{} at {}{}", check.address.str(), check.interface.str(),
                                       check.mac ? " with " + check.mac->str() : "");
  in_each(job,
          {.interface = check.interface.str(),
           .expected = (check.present ? "neighbour " : "no neighbour ") + what,
           .command = fmt::format("ip neigh show dev {}", check.interface.str())},
          [&](View& view) -> std::optional<std::string> {
            std::vector<std::string> others;
            std::optional<std::string> match;
            for (const auto& entry : kernel::list_neighbours(view.socket)) {
              if (view.name(entry.ifindex) != check.interface.str()) continue;
              const std::string text =
                  fmt::format("{} {}{}", entry.address.str(), entry.mac ? entry.mac->str() + " " : "",
                              kernel::neighbour_state_text(entry.state));
              // One that was asked for in vain is no neighbour.
              const bool known = (entry.state & (NUD_FAILED | NUD_INCOMPLETE)) == 0;
              if (known && entry.address == check.address && (!check.mac || entry.mac == check.mac))
                match = text;
              else if (entry.address.family == check.address.family)
                others.push_back(text);
            }
            if (match.has_value() == check.present) return std::nullopt;
            return match ? "there is " + *match : instead(others, "there is no neighbour at all");
          });
}

void run(const AddressCheck& check, const Job& job) {
  const std::string what = fmt::format("{} at {}", check.address.str(), check.interface.str());
  in_each(job,
          {.interface = check.interface.str(),
           .expected = (check.present ? "address " : "no address ") + what,
           .command = fmt::format("ip address show dev {}", check.interface.str())},
          [&](View& view) -> std::optional<std::string> {
            std::vector<std::string> others;
            bool found = false;
            for (const auto& address : kernel::list_addresses(view.socket)) {
              if (view.name(address.ifindex) != check.interface.str()) continue;
              found = found || address.prefix == check.address;
              others.push_back(address.prefix.str());
            }
            if (found == check.present) return std::nullopt;
            return found ? "there is " + check.address.str() : instead(others, "the interface has no address");
          });
}

}  // namespace netrig::check
