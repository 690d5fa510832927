// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <tuple>

#include "model/settings.hpp"

namespace netrig {

/// NUD_* of linux/neighbour.h that can be asked for.
enum class NeighbourState : std::uint8_t { reachable = 0x02, stale = 0x04, noarp = 0x40, permanent = 0x80 };
std::string setting_text(NeighbourState value);

/// An entry of the ARP or neighbour discovery table, or a proxied address (linux/neighbour.h).
struct Neighbour {
  static constexpr std::string_view kKind = "neighbour";
  static constexpr Realm kRealm = Realm::netlink;

  std::string interface = {};
  IpAddress address = {};
  bool proxy = false;
  Given<MacAddress> mac = {};
  Given<NeighbourState> state = {};  ///< reachable and stale decay: only that the entry is there counts
  Given<bool> router = {};           ///< NTF_ROUTER, IPv6 only
  Position where = {};

  [[nodiscard]] auto key() const { return std::tuple(std::string_view(interface), address, proxy); }
  [[nodiscard]] std::string text() const;
  /// Whether it changes and goes as packets come and do not.
  [[nodiscard]] bool is_learned() const {
    return state && (*state == NeighbourState::reachable || *state == NeighbourState::stale);
  }
  [[nodiscard]] bool comes_by_itself() const { return is_learned(); }
  void note(Interest& interest) const {
    interest.learned_neighbours |= is_learned();
    if (state == NeighbourState::noarp) interest.unresolved_neighbours.push_back(address);
  }
  Neighbour& own() { return *this; }
  [[nodiscard]] const Neighbour& own() const { return *this; }
  /// What is no setting of an object or of a constant one, by name, for who writes it down.
  template <typename Self, typename Visit>
  static void each_other(Self& self, Visit&& visit) {
    visit("interface", self.interface);
    visit("address", self.address);
    visit("proxy", self.proxy);
  }
  template <typename Visit>
  static void each_setting(Visit&& visit) {
    visit("mac", &Neighbour::mac);
    visit("state", &Neighbour::state);
    visit("router", &Neighbour::router);
  }
  friend bool operator==(const Neighbour&, const Neighbour&) = default;
};

}  // namespace netrig
