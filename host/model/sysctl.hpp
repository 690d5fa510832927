// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model/settings.hpp"

namespace netrig {

/// A sysctl of a network namespace.
struct Sysctl {
  static constexpr std::string_view kKind = "sysctl";
  static constexpr Realm kRealm = Realm::procfs;

  std::string key_text = {};  ///< "net.ipv4.ip_forward"; dots of interface names are slashes, as in sysctl(8)
  Given<std::string> value = {};
  Position where = {};

  [[nodiscard]] std::string_view key() const { return key_text; }
  [[nodiscard]] const std::string& text() const { return key_text; }
  /// Whom it is for: one that is for all overwrites those of each, so they are set in this order.
  enum class Reach : std::uint8_t { space, all, fresh, interface };
  [[nodiscard]] Reach reach() const;
  /// Which interface it is of, as that is called; empty: none, all, or those to come.
  [[nodiscard]] std::string interface() const;
  /// The key of the same sysctl of another interface. This must be of one.
  [[nodiscard]] std::string key_of(const std::string& other) const;
  void note(Interest& interest) const { interest.sysctls.push_back(key_text); }
  Sysctl& own() { return *this; }
  [[nodiscard]] const Sysctl& own() const { return *this; }
  /// What is no setting of an object or of a constant one, by name, for who writes it down.
  template <typename Self, typename Visit>
  static void each_other(Self& self, Visit&& visit) {
    visit("key", self.key_text);
  }
  template <typename Visit>
  static void each_setting(Visit&& visit) {
    visit("value", &Sysctl::value);
  }
  friend bool operator==(const Sysctl&, const Sysctl&) = default;
};

/// A value as it is compared: its words, with one space between them.
std::string canonical_value(const std::string& value);

/// "net.ipv4.conf.eth0/10.forwarding" for a sysctl of an interface in short ("ipv4.forwarding",
/// "ipv6.neigh.gc_stale_time", "mpls.input"); nothing if it is none.
std::optional<std::string> interface_sysctl(std::string_view shorthand, const std::string& interface);

}  // namespace netrig
