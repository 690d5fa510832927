// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model/settings.hpp"

namespace netrig {

inline constexpr std::uint16_t kLastVlan = 4094;  ///< IEEE 802.1Q, table 9-2; the first is 1

/// A VLAN of a port, or several that follow each other and are alike.
struct VlanRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  bool pvid = false;      ///< what comes without a tag is in it; one VLAN at most
  bool untagged = false;  ///< leaves without its tag
  friend bool operator==(const VlanRange&, const VlanRange&) = default;
};
/// "1 pvid untagged, 20-30", as bridge-vlan(8) calls it.
std::string setting_text(const std::vector<VlanRange>& value);
/// Sorted, and as few as can be, as the kernel tells them.
std::vector<VlanRange> canonical_vlans(std::vector<VlanRange> vlans);

/// All VLANs of a bridge's port, or of the bridge itself (IFLA_BRIDGE_VLAN_INFO of linux/if_bridge.h).
struct Vlans {
  static constexpr std::string_view kKind = "vlans";
  static constexpr Realm kRealm = Realm::netlink;

  std::string interface = {};
  Given<std::vector<VlanRange>> list = {};
  bool of_bridge = false;                   ///< of the bridge itself
  std::optional<std::uint16_t> usual = {};  ///< as seen: the VLAN that the bridge gives by itself; 0: none
  Position where = {};

  [[nodiscard]] std::string_view key() const { return interface; }
  [[nodiscard]] const std::string& text() const { return interface; }
  /// The bridge gives some to whatever joins it.
  [[nodiscard]] bool comes_by_itself() const { return true; }
  void note(Interest& interest) const { interest.vlans = true; }
  /// Those that the bridge gives by itself.
  [[nodiscard]] std::vector<VlanRange> born() const {
    const std::uint16_t id = usual.value_or(1);
    return id == 0 ? std::vector<VlanRange>{}
                   : std::vector{VlanRange{.first = id, .last = id, .pvid = true, .untagged = true}};
  }
  Vlans& own() { return *this; }
  [[nodiscard]] const Vlans& own() const { return *this; }
  /// What is no setting of an object or of a constant one, by name, for who writes it down.
  template <typename Self, typename Visit>
  static void each_other(Self& self, Visit&& visit) {
    visit("interface", self.interface);
    visit("of_bridge", self.of_bridge);
  }
  template <typename Visit>
  static void each_setting(Visit&& visit) {
    visit("list", &Vlans::list);
  }
  friend bool operator==(const Vlans&, const Vlans&) = default;
};

}  // namespace netrig
