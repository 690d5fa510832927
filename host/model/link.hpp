// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model/settings.hpp"

namespace netrig {

/// How the kernel makes a link's IPv6 link-local address (IN6_ADDR_GEN_MODE_* of linux/if_link.h).
enum class AddressGeneration : std::uint8_t { eui64 = 0, none = 1, stable_secret = 2, random = 3 };
std::string setting_text(AddressGeneration value);

/// The least MTU of a link that has IPv6 (RFC 8200, section 5); below it, the kernel takes IPv6 away (addrconf_notify).
inline constexpr std::uint32_t kLeastMtu6 = 1280;

/// What the host sets on a kernel link, whoever made it. Kernel: struct ifinfomsg and IFLA_* of linux/if_link.h.
struct LinkSettings {
  Given<MacAddress> mac = {};
  Given<std::uint32_t> mtu = {};     ///< Range: 68..65535
  Given<std::string> master = {};    ///< name in the same namespace; "": none. Not given in a file: none
  Given<AdminState> state = {};      ///< not given in a file: up
  Given<std::string> alias = {};     ///< IFLA_IFALIAS; "": none. Not given in a file: none
  Given<std::uint32_t> txqlen = {};  ///< IFLA_TXQLEN, packets
  Given<std::uint32_t> group = {};   ///< IFLA_GROUP
  Given<bool> promiscuous = {};      ///< IFF_PROMISC
  Given<bool> allmulticast = {};     ///< IFF_ALLMULTI
  Given<bool> multicast = {};        ///< IFF_MULTICAST
  Given<bool> arp = {};              ///< not IFF_NOARP
  Given<AddressGeneration> addr_gen_mode = {};
  Given<bool> protodown = {};                     ///< IFLA_PROTO_DOWN
  Given<std::vector<std::string>> altnames = {};  ///< IFLA_ALT_IFNAME, sorted
  friend bool operator==(const LinkSettings&, const LinkSettings&) = default;
};

/// A kernel link in a namespace.
struct Link {
  static constexpr std::string_view kKind = "interface";
  static constexpr Realm kRealm = Realm::netlink;
  std::string name = {};
  LinkSettings settings = {};
  std::uint32_t ifindex = 0;  ///< as seen, or as the ledger knows it; 0: not known
  std::string kind = {};      ///< as seen: IFLA_INFO_KIND
  /// Of its driver, as far as they are the kernel's: wanted, those that the file sets; seen, those that it tells.
  std::vector<LinkParameter> parameters = {};
  /// Addresses and routes that clients (DHCP, router advertisements) made there are theirs.
  bool dynamic = false;
  bool needs_ipv6 =
      false;  ///< the file has something of IPv6 on it, so an MTU that it leaves free is at least kLeastMtu6
  bool ipv6_off = false;  ///< as seen: by its sysctl disable_ipv6
  Position where = {};

  /// nullptr: it has none of that declaration. By name it would be another's where two drivers make one kind of link.
  [[nodiscard]] const LinkParameter* parameter(const ParameterDeclaration& of) const {
    const auto found = std::find_if(parameters.begin(), parameters.end(),
                                    [&](const LinkParameter& one) { return one.declaration.get() == &of; });
    return found == parameters.end() ? nullptr : &*found;
  }

  [[nodiscard]] std::string_view key() const { return name; }
  [[nodiscard]] std::string text() const { return name; }
  /// Whether it is lo, or one of those that a module makes in every namespace once it is loaded: tunl0, sit0, gre0...
  [[nodiscard]] bool comes_by_itself() const;
  LinkSettings& own() { return settings; }
  [[nodiscard]] const LinkSettings& own() const { return settings; }
  /// What is no setting of an object or of a constant one, by name, for who writes it down.
  template <typename Self, typename Visit>
  static void each_other(Self& self, Visit&& visit) {
    visit("name", self.name);
  }
  template <typename Visit>
  static void each_setting(Visit&& visit) {
    visit("mac", &LinkSettings::mac);
    visit("mtu", &LinkSettings::mtu);
    visit("master", &LinkSettings::master);
    visit("state", &LinkSettings::state);
    visit("alias", &LinkSettings::alias);
    visit("txqlen", &LinkSettings::txqlen);
    visit("group", &LinkSettings::group);
    visit("promiscuous", &LinkSettings::promiscuous);
    visit("allmulticast", &LinkSettings::allmulticast);
    visit("multicast", &LinkSettings::multicast);
    visit("arp", &LinkSettings::arp);
    visit("addr_gen_mode", &LinkSettings::addr_gen_mode);
    visit("protodown", &LinkSettings::protodown);
    visit("altnames", &LinkSettings::altnames);
  }
  friend bool operator==(const Link&, const Link&) = default;
};

}  // namespace netrig
