// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <tuple>

#include "model/settings.hpp"

namespace netrig {

/// RTN_* of linux/rtnetlink.h.
enum class RouteType : std::uint8_t {
  unicast = 1,
  local = 2,
  broadcast = 3,
  anycast = 4,
  multicast = 5,
  blackhole = 6,
  unreachable = 7,
  prohibit = 8,
  throw_ = 9,
};
std::string setting_text(RouteType value);

/// Router preference (RFC 4191): RTA_PREF, ICMPV6_ROUTER_PREF_*.
enum class RoutePreference : std::uint8_t { medium = 0, high = 1, low = 3 };
std::string setting_text(RoutePreference value);

struct NextHop {
  std::optional<IpAddress> via = {};  ///< of either family (RFC 5549)
  std::optional<InterfaceName> interface = {};
  std::uint32_t weight = 1;  ///< Range: 1..256
  bool onlink = false;
  friend auto operator<=>(const NextHop&, const NextHop&) = default;  // NOLINT(modernize-use-nullptr): as IpAddress
};
/// "via 10.0.0.1 dev eth0", each hop after "nexthop" if there are several.
std::string setting_text(const std::vector<NextHop>& value);

/// rtm_protocol of what netrig makes, among those that no routing daemon uses (linux/rtnetlink.h).
inline constexpr std::uint32_t kRouteProtocol = 110;

/// Whether somebody configured what has this protocol number: by hand (ip-route(8) says RTPROT_BOOT, ip-rule(8)
/// RTPROT_UNSPEC), statically, or by netrig. Otherwise the kernel or a daemon made it.
constexpr bool is_configured(std::uint32_t protocol) {
  constexpr std::uint32_t kUnspec = 0;
  constexpr std::uint32_t kBoot = 3;
  constexpr std::uint32_t kStatic = 4;
  return protocol == kUnspec || protocol == kBoot || protocol == kStatic || protocol == kRouteProtocol;
}

constexpr std::uint32_t kMainTable = 254;  ///< RT_TABLE_MAIN

/// A route (linux/rtnetlink.h).
struct Route {
  static constexpr std::string_view kKind = "route";
  static constexpr Realm kRealm = Realm::netlink;

  RouteType type = RouteType::unicast;
  Prefix destination = {};  ///< default: length 0
  std::vector<NextHop> next_hops = {};
  std::optional<std::uint32_t> metric = {};
  std::uint32_t table = kMainTable;
  std::uint32_t tos = 0;    ///< IPv4 only
  Given<Scope> scope = {};  ///< IPv4 only; not given: as ip-route(8) chooses
  Given<std::uint32_t> protocol = {};
  Given<IpAddress> source = {};
  Given<std::uint32_t> mtu = {};
  Given<std::uint32_t> advmss = {};
  Given<std::uint32_t> initcwnd = {};  ///< segments
  Given<std::string> congestion = {};  ///< RTAX_CC_ALGO
  Given<RoutePreference> preference = {};
  Position where = {};

  /// What there is once: a second one of this key is refused, or appended (fib_table_insert, fib6_add).
  [[nodiscard]] auto key() const {
    const bool v6 = destination.address.family == Family::ipv6;
    // A metric that is not given is 0, or 1024 for IPv6 (IP6_RT_PRIO_USER).
    const std::uint32_t priority = metric.value_or(0) == 0 && v6 ? 1024 : metric.value_or(0);
    return std::tuple(destination, table, tos, priority);
  }
  [[nodiscard]] std::string text() const;
  /// It has a maker who sees to it, and is nobody else's business.
  [[nodiscard]] bool comes_by_itself() const { return protocol && !is_configured(*protocol); }
  Route& own() { return *this; }
  [[nodiscard]] const Route& own() const { return *this; }
  /// What is no setting of an object or of a constant one, by name, for who writes it down.
  template <typename Self, typename Visit>
  static void each_other(Self& self, Visit&& visit) {
    visit("type", self.type);
    visit("to", self.destination);
    visit("hops", self.next_hops);
    visit("metric", self.metric);
    visit("table", self.table);
    visit("tos", self.tos);
  }
  template <typename Visit>
  static void each_setting(Visit&& visit) {
    visit("scope", &Route::scope);
    visit("protocol", &Route::protocol);
    visit("source", &Route::source);
    visit("mtu", &Route::mtu);
    visit("advmss", &Route::advmss);
    visit("initcwnd", &Route::initcwnd);
    visit("congestion", &Route::congestion);
    visit("preference", &Route::preference);
  }
  friend bool operator==(const Route&, const Route&) = default;
};

}  // namespace netrig
