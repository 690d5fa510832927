// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <tuple>

#include "model/settings.hpp"

namespace netrig {

/// Duplicate address detection of an IPv6 address (RFC 4862, 5.4).
enum class Dad : std::uint8_t {
  off,   ///< IFA_F_NODAD: usable at once
  on,    ///< the kernel detects, nobody waits
  wait,  ///< `up` returns only when the address is no longer tentative, and fails if it is a duplicate
};

/// Seconds that an address is valid or preferred.
enum class Lifetime : std::uint32_t { none = 0, for_ever = 0xffffffff /* INFINITY_LIFE_TIME of net/addrconf.h */ };
/// "3600s", "forever".
std::string setting_text(Lifetime value);

/// An address of an interface (linux/if_addr.h).
struct Address {
  static constexpr std::string_view kKind = "address";
  static constexpr Realm kRealm = Realm::netlink;

  std::string interface = {};
  Prefix prefix = {};  ///< with host bits
  std::optional<IpAddress> peer = {};
  Dad dad = Dad::off;  ///< IPv6 only; how it is made, not what it is
  Given<Scope> scope = {};
  Given<std::string> broadcast = {};  ///< IPv4 only; "": none; not given: usual_broadcast()
  Given<std::string> label = {};      ///< IPv4 only: IFA_LABEL
  Given<Lifetime> valid = {};
  Given<Lifetime> preferred = {};
  Given<bool> prefix_route = {};     ///< not IFA_F_NOPREFIXROUTE
  Given<std::uint32_t> metric = {};  ///< IFA_RT_PRIORITY of the prefix route
  bool secondary = false;            ///< IPv4: not the first of its prefix on the interface (IFA_F_SECONDARY)
  bool duplicate = false;            ///< as seen: IFA_F_DADFAILED
  Position where = {};

  /// IPv6 has an address once on an interface, IPv4 once for each prefix length and peer (inet_rtm_newaddr).
  [[nodiscard]] auto key() const {
    const bool v4 = prefix.address.family == Family::ipv4;
    return std::tuple(std::string_view(interface), prefix.address, v4 ? prefix.length : std::uint8_t{0},
                      v4 && peer ? *peer : IpAddress{});
  }
  [[nodiscard]] std::string text() const;
  /// "": none. RFC 919: subnets of one or two hosts have no broadcast address (RFC 3021), nor do point-to-point links.
  [[nodiscard]] std::string usual_broadcast() const {
    const bool has_one = prefix.address.family == Family::ipv4 && prefix.length < 31 && !peer;
    return has_one ? prefix.last().str() : std::string();
  }
  Address& own() { return *this; }
  [[nodiscard]] const Address& own() const { return *this; }
  /// What is no setting of an object or of a constant one, by name, for who writes it down.
  template <typename Self, typename Visit>
  static void each_other(Self& self, Visit&& visit) {
    visit("interface", self.interface);
    visit("address", self.prefix);
    visit("peer", self.peer);
    visit("dad", self.dad);
  }
  template <typename Visit>
  static void each_setting(Visit&& visit) {
    visit("scope", &Address::scope);
    visit("broadcast", &Address::broadcast);
    visit("label", &Address::label);
    visit("valid", &Address::valid);
    visit("preferred", &Address::preferred);
    visit("prefix_route", &Address::prefix_route);
    visit("metric", &Address::metric);
  }
  friend bool operator==(const Address&, const Address&) = default;
};

}  // namespace netrig
