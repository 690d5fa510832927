// SPDX-License-Identifier: Apache-2.0
// Checks that look at what the kernel has: neighbours, routes, addresses.
#include <fmt/format.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <map>

#include "check/run_checks.hpp"
#include "kernel/address.hpp"
#include "kernel/link.hpp"
#include "kernel/neighbour.hpp"
#include "kernel/route.hpp"

namespace netrig::check {
namespace {

/// A namespace as the calling thread sees it.
struct View {
  kernel::Socket socket;
  std::map<std::uint32_t, std::string> names;

  View() {
    for (const auto& link : kernel::list_links(socket)) names.emplace(link.ifindex, link.name);
  }
  [[nodiscard]] std::string name(std::uint32_t ifindex) const {
    const auto found = names.find(ifindex);
    return found == names.end() ? fmt::format("interface {}", ifindex) : found->second;
  }
};

/// What there is instead, a few of them.
std::string instead(const std::vector<std::string>& there, const std::string& otherwise) {
  constexpr std::size_t kMost = 5;
  if (there.empty()) return otherwise;
  return fmt::format(
      "there is {}{}",
      fmt::join(there.begin(), there.begin() + static_cast<std::ptrdiff_t>(std::min(kMost, there.size())), "; "),
      there.size() > kMost ? fmt::format("; and {} more", there.size() - kMost) : "");
}

/// Nothing can be said of an interface that is not there, least of all that something is not at it.
void require_interface(const Job& job, std::size_t space, const View& view, const InterfaceName& wanted) {
  std::vector<std::string> names;
  for (const auto& [ifindex, name] : view.names) names.push_back(name);
  if (std::find(names.begin(), names.end(), wanted.str()) != names.end()) return;
  const auto hint = closest(wanted.str(), names);
  throw Error(ErrorCode::not_found,
              fmt::format("{} has no interface {}{}", job.ground.name(space), wanted.str(),
                          hint ? fmt::format("; did you mean \"{}\"?", *hint) : "; " + instead(names, "it has none")),
              job.lab().at(job.test.where));
}

/// Looks in every namespace of the test. `look` gives what was seen if that is wrong. Throws Error{not_found} if one
/// has no such interface.
void in_each(const Job& job, const std::optional<InterfaceName>& interface, const std::string& expected,
             const std::string& command, const std::function<std::optional<std::string>(View&)>& look) {
  for (const std::size_t space : spaces_of(job.lab(), job.test.from)) {
    std::optional<std::string> wrong;
    job.ground.inside(space, [&] {
      View view;
      if (interface) require_interface(job, space, view, *interface);
      wrong = look(view);
    });
    job.result.pairs.push_back({.from = job.ground.name(space), .outcome = wrong ? Outcome::failed : Outcome::passed});
    const std::string line = job.exec_line(space, command);
    if (wrong) job.fail({.about = job.ground.name(space), .seen = *wrong, .expected = expected, .look_at = line});
    if (wrong || job.result.reproduce.empty()) job.result.reproduce.push_back(line);
  }
}

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

std::string wanted_text(const RouteCheck& check) {
  std::string text = check.lookup           ? "a route to " + check.to.address.str()
                     : check.to.length == 0 ? std::string("a default route")
                                            : "a route to " + check.to.str();
  if (check.via) text += " via " + check.via->str();
  if (check.interface) text += " dev " + check.interface->str();
  if (check.table) text += fmt::format(" in table {}", *check.table);
  if (check.metric) text += fmt::format(" metric {}", *check.metric);
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

/// What is wrong with the route that the kernel would take.
std::optional<std::string> look_up(const RouteCheck& check, View& view) {
  std::string refusal;
  const auto route = kernel::look_up_route(view.socket, check.to.address, &refusal);
  const bool there = route && leads_somewhere(*route) && fits(check, view, *route);
  if (there == check.present) return std::nullopt;
  return route ? "the kernel takes " + route_text(view, *route) : "the kernel has none: " + refusal;
}

std::optional<std::string> look_in_table(const RouteCheck& check, View& view) {
  const std::uint32_t table = check.table.value_or(RT_TABLE_MAIN);
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
  const std::string command = check.lookup
                                  ? "ip route get " + check.to.address.str()
                                  : fmt::format("{}route show table {}", family, check.table.value_or(RT_TABLE_MAIN));
  in_each(job, check.interface, wanted_text(check), command,
          [&](View& view) { return check.lookup ? look_up(check, view) : look_in_table(check, view); });
}

void run(const NeighbourCheck& check, const Job& job) {
  const std::string what = fmt::format("{} at {}{}", check.address.str(), check.interface.str(),
                                       check.mac ? " with " + check.mac->str() : "");
  in_each(job, check.interface, (check.present ? "neighbour " : "no neighbour ") + what,
          fmt::format("ip neigh show dev {}", check.interface.str()), [&](View& view) -> std::optional<std::string> {
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
  in_each(job, check.interface, (check.present ? "address " : "no address ") + what,
          fmt::format("ip address show dev {}", check.interface.str()), [&](View& view) -> std::optional<std::string> {
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
