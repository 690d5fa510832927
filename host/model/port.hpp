// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model/settings.hpp"

namespace netrig {

/// BR_STATE_* of linux/if_bridge.h.
enum class PortState : std::uint8_t { disabled = 0, listening = 1, learning = 2, forwarding = 3, blocking = 4 };
std::string setting_text(PortState value);

/// The place of an interface under the bridge that is its master (IFLA_BRPORT_* of linux/if_link.h). It is there as
/// long as the interface has that master.
struct Port {
  static constexpr std::string_view kKind = "port";
  static constexpr Realm kRealm = Realm::netlink;

  std::string interface = {};
  Given<std::uint32_t> cost = {};      ///< of spanning tree. Range: 1..65535
  Given<std::uint32_t> priority = {};  ///< likewise. Range: 0..63
  Given<PortState> state = {};         ///< a port that loses its carrier loses it, too (br_port_carrier_check)
  Given<bool> hairpin = {};
  Given<bool> isolated = {};
  Given<bool> learning = {};
  Given<bool> flood = {};  ///< of unicast whose port is unknown
  Given<bool> multicast_flood = {};
  Given<bool> broadcast_flood = {};
  Given<bool> multicast_to_unicast = {};
  Given<bool> guard = {};
  Given<bool> root_block = {};
  Given<bool> fast_leave = {};
  Given<bool> neighbour_suppress = {};
  Given<bool> proxy_arp = {};
  Given<bool> locked = {};
  Position where = {};

  [[nodiscard]] std::string_view key() const { return interface; }
  [[nodiscard]] const std::string& text() const { return interface; }
  /// The bridge makes one of whatever joins it.
  [[nodiscard]] bool comes_by_itself() const { return true; }
  void note(Interest& interest) const { interest.ports = true; }
  Port& own() { return *this; }
  [[nodiscard]] const Port& own() const { return *this; }
  /// What is no setting of an object or of a constant one, by name, for who writes it down.
  template <typename Self, typename Visit>
  static void each_other(Self& self, Visit&& visit) {
    visit("interface", self.interface);
  }
  template <typename Visit>
  static void each_setting(Visit&& visit) {
    visit("cost", &Port::cost);
    visit("priority", &Port::priority);
    visit("state", &Port::state);
    each_flag(visit);
  }
  template <typename Visit>
  static void each_flag(Visit&& visit) {
    visit("hairpin", &Port::hairpin);
    visit("isolated", &Port::isolated);
    visit("learning", &Port::learning);
    visit("flood", &Port::flood);
    visit("multicast_flood", &Port::multicast_flood);
    visit("broadcast_flood", &Port::broadcast_flood);
    visit("multicast_to_unicast", &Port::multicast_to_unicast);
    visit("guard", &Port::guard);
    visit("root_block", &Port::root_block);
    visit("fast_leave", &Port::fast_leave);
    visit("neighbour_suppress", &Port::neighbour_suppress);
    visit("proxy_arp", &Port::proxy_arp);
    visit("locked", &Port::locked);
  }
  friend bool operator==(const Port&, const Port&) = default;
};

/// What a bridge makes of whatever joins it, but for what depends on the link: cost, and state.
Port born_port();

}  // namespace netrig
