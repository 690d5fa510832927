// SPDX-License-Identifier: Apache-2.0
// Words of the kinds of objects, as iproute2 writes them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "model/step.hpp"

namespace netrig {
namespace {

std::string range_text(const NumberRange& range) {
  return range.first == range.last ? fmt::format("{}", range.first) : fmt::format("{}-{}", range.first, range.last);
}

}  // namespace

std::string setting_text(AddressGeneration value) {
  static constexpr std::array kWords = {"eui64", "none", "stable_secret", "random"};
  return kWords.at(static_cast<std::size_t>(value));
}

std::string setting_text(Lifetime value) {
  return value == Lifetime::for_ever ? "forever" : fmt::format("{}s", static_cast<std::uint32_t>(value));
}

std::string setting_text(RouteType value) {
  static constexpr std::array kWords = {"unspec",    "unicast",   "local",       "broadcast", "anycast",
                                        "multicast", "blackhole", "unreachable", "prohibit",  "throw"};
  return kWords.at(static_cast<std::size_t>(value));
}

std::string setting_text(RoutePreference value) {
  return value == RoutePreference::high ? "high" : value == RoutePreference::low ? "low" : "medium";
}

std::string setting_text(const std::vector<NextHop>& value) {
  std::string text;
  for (const NextHop& hop : value) {
    if (value.size() > 1) text += " nexthop";
    if (hop.via) text += " via " + hop.via->str();
    if (hop.interface) text += " dev " + hop.interface->str();
    if (hop.weight != 1) text += fmt::format(" weight {}", hop.weight);
    if (hop.onlink) text += " onlink";
  }
  return text.empty() ? text : text.substr(1);
}

std::string setting_text(NeighbourState value) {
  switch (value) {
    case NeighbourState::reachable:
      return "reachable";
    case NeighbourState::stale:
      return "stale";
    case NeighbourState::noarp:
      return "noarp";
    case NeighbourState::permanent:
      return "permanent";
  }
  return fmt::format("{:#x}", static_cast<unsigned>(value));
}

std::string setting_text(PortState value) {
  static constexpr std::array kWords = {"disabled", "listening", "learning", "forwarding", "blocking"};
  const auto number = static_cast<std::size_t>(value);
  return number < kWords.size() ? kWords.at(number) : fmt::format("{}", number);
}

Port born_port() {
  // new_nbp of net/bridge/br_if.c.
  Port port;
  port.priority = 32U;
  Port::each_flag([&](std::string_view, auto flag) { port.*flag = false; });
  for (auto flag : {&Port::learning, &Port::flood, &Port::multicast_flood, &Port::broadcast_flood}) port.*flag = true;
  return port;
}

std::string setting_text(const std::vector<VlanRange>& value) {
  std::string text;
  for (const VlanRange& one : value) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", one.first);
    if (one.last != one.first) text += fmt::format("-{}", one.last);
    if (one.pvid) text += " pvid";
    if (one.untagged) text += " untagged";
  }
  return text;
}

std::vector<VlanRange> canonical_vlans(std::vector<VlanRange> vlans) {
  std::sort(vlans.begin(), vlans.end(), [](const VlanRange& a, const VlanRange& b) { return a.first < b.first; });
  std::vector<VlanRange> result;
  for (const VlanRange& one : vlans) {
    const bool follows = !result.empty() && !one.pvid && !result.back().pvid &&
                         result.back().untagged == one.untagged && result.back().last + 1 == one.first;
    if (follows)
      result.back().last = one.last;
    else
      result.push_back(one);
  }
  return result;
}

bool Link::comes_by_itself() const {
  struct Fallback {
    std::string_view name;
    std::string_view kind;
  };
  // net.core.fb_tunnels_only_for_init_net of linux/Documentation/admin-guide/sysctl/net.rst
  static constexpr std::array<Fallback, 9> kFallbacks{{{"tunl0", "ipip"},
                                                       {"gre0", "gre"},
                                                       {"gretap0", "gretap"},
                                                       {"erspan0", "erspan"},
                                                       {"sit0", "sit"},
                                                       {"ip6tnl0", "ip6tnl"},
                                                       {"ip6gre0", "ip6gre"},
                                                       {"ip_vti0", "vti"},
                                                       {"ip6_vti0", "vti6"}}};
  return name == "lo" || std::any_of(kFallbacks.begin(), kFallbacks.end(),
                                     [&](const Fallback& one) { return one.name == name && one.kind == kind; });
}

std::string Address::text() const {
  return peer ? fmt::format("{} peer {}", prefix.address.str(), Prefix{*peer, prefix.length}.str()) : prefix.str();
}

std::string Route::text() const {
  std::string text = type == RouteType::unicast ? "" : setting_text(type) + " ";
  text += destination.length == 0 ? "default" : destination.str();
  if (!next_hops.empty()) text += " " + setting_text(next_hops);
  if (source) text += " src " + source->str();
  if (tos != 0) text += fmt::format(" tos {:#x}", tos);
  if (metric) text += fmt::format(" metric {}", *metric);
  if (table != 254) text += fmt::format(" table {}", table);
  if (mtu) text += fmt::format(" mtu {}", *mtu);
  return text;
}

std::string Rule::text() const {
  std::string text = priority ? fmt::format("{}:", *priority) : family == Family::ipv6 ? "ipv6:" : "ipv4:";
  if (inverted) text += " not";
  text += " from " + (from ? from->str() : std::string("all"));
  if (to) text += " to " + to->str();
  if (tos) text += fmt::format(" tos {:#x}", *tos);
  if (fwmark) text += fmt::format(" fwmark {:#x}/{:#x}", fwmark->first, fwmark->second);
  if (!iif.empty()) text += " iif " + iif;
  if (!oif.empty()) text += " oif " + oif;
  if (uid_range) text += " uidrange " + range_text(*uid_range);
  if (ipproto) text += fmt::format(" ipproto {}", *ipproto);
  if (source_ports) text += " sport " + range_text(*source_ports);
  if (destination_ports) text += " dport " + range_text(*destination_ports);
  switch (action) {
    case RuleAction::table:
      text += l3mdev ? " lookup [l3mdev-table]" : fmt::format(" lookup {}", table);
      break;
    case RuleAction::blackhole:
      text += " blackhole";
      break;
    case RuleAction::unreachable:
      text += " unreachable";
      break;
    case RuleAction::prohibit:
      text += " prohibit";
      break;
  }
  if (suppress_prefix_length) text += fmt::format(" suppress_prefixlength {}", *suppress_prefix_length);
  return text;
}

std::string Neighbour::text() const {
  return fmt::format("{}{}{}", proxy ? "proxy " : "", address.str(), mac ? " lladdr " + mac->str() : "");
}

std::string text_of(const Object& object) {
  return std::visit(
      [](const auto& one) {
        if constexpr (requires { one.interface; })
          return one.text() == one.interface ? one.interface : fmt::format("{} {}", one.interface, one.text());
        else
          return std::string(one.text());
      },
      object);
}

Sysctl::Reach Sysctl::reach() const {
  for (const std::string_view table : {".conf.", ".neigh."}) {
    const std::size_t at = key_text.find(table);
    if (at == std::string::npos) continue;
    const std::string_view rest = std::string_view(key_text).substr(at + table.size());
    if (rest.starts_with("all.")) return Reach::all;
    if (rest.starts_with("default.")) return Reach::fresh;
    return Reach::interface;
  }
  return Reach::space;
}

namespace {

/// Where the name of the interface stands in a key; it must have one.
std::pair<std::size_t, std::size_t> interface_in(const std::string& key) {
  std::size_t from = key.find(".conf.");
  from = from != std::string::npos ? from + 6 : key.find(".neigh.") + 7;
  return {from, key.find('.', from)};
}

}  // namespace

std::string Sysctl::interface() const {
  if (reach() != Reach::interface) return {};
  const auto [from, end] = interface_in(key_text);
  std::string name = key_text.substr(from, end - from);
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

std::string Sysctl::key_of(const std::string& other) const {
  const auto [from, end] = interface_in(key_text);
  std::string name = other;
  std::replace(name.begin(), name.end(), '.', '/');
  return key_text.substr(0, from) + name + (end == std::string::npos ? "" : key_text.substr(end));
}

std::string canonical_value(const std::string& value) {
  std::istringstream words(value);
  std::string result;
  for (std::string word; words >> word;) result += (result.empty() ? "" : " ") + word;
  return result;
}

std::optional<std::string> interface_sysctl(std::string_view shorthand, const std::string& interface) {
  std::string name = interface;
  std::replace(name.begin(), name.end(), '.', '/');
  for (const std::string_view family : {"ipv4", "ipv6", "mpls"}) {
    if (!shorthand.starts_with(family) || shorthand.size() <= family.size() + 1 || shorthand[family.size()] != '.')
      continue;
    std::string_view rest = shorthand.substr(family.size() + 1);
    std::string_view part = "conf";
    if (family != "mpls" && rest.starts_with("neigh.")) {
      part = "neigh";
      rest.remove_prefix(6);
    }
    if (rest.empty() || rest.find('.') != std::string_view::npos) return std::nullopt;
    return fmt::format("net.{}.{}.{}.{}", family, part, name, rest);
  }
  return std::nullopt;
}

}  // namespace netrig
