// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <compare>
#include <utility>

#include "model/route.hpp"
#include "model/settings.hpp"

namespace netrig {

/// FR_ACT_* of linux/fib_rules.h.
enum class RuleAction : std::uint8_t { table = 1, blackhole = 6, unreachable = 7, prohibit = 8 };

/// A range of numbers, ends included.
struct NumberRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  friend auto operator<=>(const NumberRange&,
                          const NumberRange&) = default;  // NOLINT(modernize-use-nullptr): as IpAddress
};

/// A policy rule (linux/fib_rules.h, ip-rule(8)). All of it is its identity: the kernel has no other.
struct Rule {
  static constexpr std::string_view kKind = "rule";
  static constexpr Realm kRealm = Realm::netlink;

  Family family = Family::ipv4;
  std::optional<std::uint32_t> priority = {};  ///< not given: the kernel takes one before the least there is
  bool inverted = false;                       ///< "not": FIB_RULE_INVERT
  std::optional<Prefix> from = {};
  std::optional<Prefix> to = {};
  std::string iif = {};
  std::string oif = {};
  std::optional<std::pair<std::uint32_t, std::uint32_t>> fwmark = {};  ///< value, mask
  std::optional<std::uint32_t> tos = {};
  std::optional<std::uint32_t> ipproto = {};  ///< IPPROTO_*
  std::optional<NumberRange> source_ports = {};
  std::optional<NumberRange> destination_ports = {};
  std::optional<NumberRange> uid_range = {};
  std::optional<std::uint32_t> suppress_prefix_length = {};
  RuleAction action = RuleAction::table;
  std::uint32_t table = 254;  ///< where the action is a table
  bool l3mdev = false;        ///< the table of the packet's VRF instead
  /// FRA_PROTOCOL, which tells the lab's rules from those of others that say the same; not given in a file: netrig's
  /// own.
  std::uint32_t protocol = kRouteProtocol;
  Position where = {};

  /// Everything but the priority, which whoever compares looks at if the file gives it.
  [[nodiscard]] auto key() const {
    return std::tuple(family, inverted, from, to, std::string_view(iif), std::string_view(oif), fwmark, tos, ipproto,
                      source_ports, destination_ports, uid_range, suppress_prefix_length, action,
                      action == RuleAction::table && !l3mdev ? table : 0U, l3mdev, protocol);
  }
  /// Whether they are one rule to whoever keeps a list of rules.
  [[nodiscard]] bool is_one_with(const Rule& other) const { return key() == other.key() && priority == other.priority; }
  /// Whether the kernel takes one that is there for this one: what this does not say may be anything, and "not" is not
  /// looked at (rule_exists, fib4_rule_compare).
  [[nodiscard]] bool covers(const Rule& there) const {
    Rule like = there;
    if (!from) like.from.reset();
    if (!to) like.to.reset();
    if (!tos) like.tos.reset();
    like.inverted = inverted;
    return like.is_one_with(*this);
  }
  /// "10: from 10.0.0.0/8 lookup 100", as ip-rule(8) writes it.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool comes_by_itself() const { return !is_configured(protocol); }
  Rule& own() { return *this; }
  [[nodiscard]] const Rule& own() const { return *this; }
  /// What is no setting of an object or of a constant one, by name, for who writes it down.
  template <typename Self, typename Visit>
  static void each_other(Self& self, Visit&& visit) {
    visit("family", self.family);
    visit("priority", self.priority);
    visit("not", self.inverted);
    visit("from", self.from);
    visit("to", self.to);
    visit("iif", self.iif);
    visit("oif", self.oif);
    visit("fwmark", self.fwmark);
    visit("tos", self.tos);
    visit("ipproto", self.ipproto);
    visit("source_ports", self.source_ports);
    visit("destination_ports", self.destination_ports);
    visit("uid_range", self.uid_range);
    visit("suppress_prefix_length", self.suppress_prefix_length);
    visit("action", self.action);
    visit("table", self.table);
    visit("l3mdev", self.l3mdev);
    visit("protocol", self.protocol);
  }
  template <typename Visit>
  static void each_setting(Visit&& /*visit*/) {}
  friend bool operator==(const Rule&, const Rule&) = default;
};

}  // namespace netrig
