// SPDX-License-Identifier: Apache-2.0
// What the kinds of objects have in common: settings by name, each of which can be compared and put into words.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "model/address.hpp"
#include "model/given.hpp"
#include "model/names.hpp"
#include "model/parameter.hpp"

namespace netrig {

enum class AdminState : std::uint8_t { down, up };
/// RT_SCOPE_* of linux/rtnetlink.h.
enum class Scope : std::uint8_t { global = 0, site = 200, link = 253, host = 254 };

/// Who carries out what is to be done to a kind of objects.
enum class Realm : std::uint8_t {
  netlink,  ///< one message of a script
  procfs,   ///< a file under /proc/sys, which is asked for by its name
};

/// What of a namespace counts although nobody would look at it by himself.
struct Interest {
  std::vector<std::string> sysctls = {};  ///< keys
  bool learned_neighbours = false;        ///< also those that come and go by themselves
  /// Neighbours without a MAC address that somebody asks for; the kernel makes some by itself, which look alike.
  std::vector<IpAddress> unresolved_neighbours = {};
  bool ports = false;  ///< settings of ports of bridges
  bool vlans = false;  ///< VLANs of bridges and their ports
  /// Drivers whose parameters are to be told of the links of their kind.
  std::vector<std::shared_ptr<const DriverDescription>> tables = {};

  void add(const std::shared_ptr<const DriverDescription>& table) {
    if (std::find(tables.begin(), tables.end(), table) == tables.end()) tables.push_back(table);
  }

  void join(Interest&& other) {
    sysctls.insert(sysctls.end(), other.sysctls.begin(), other.sysctls.end());
    std::sort(sysctls.begin(), sysctls.end());
    sysctls.erase(std::unique(sysctls.begin(), sysctls.end()), sysctls.end());
    learned_neighbours |= other.learned_neighbours;
    unresolved_neighbours.insert(unresolved_neighbours.end(), other.unresolved_neighbours.begin(),
                                 other.unresolved_neighbours.end());
    ports |= other.ports;
    vlans |= other.vlans;
    for (const auto& table : other.tables) add(table);
  }
};

/// A setting as a lab file writes it.
inline std::string setting_text(bool value) { return value ? "true" : "false"; }
inline std::string setting_text(std::uint32_t value) { return std::to_string(value); }
inline std::string setting_text(const std::string& value) { return value; }
inline std::string setting_text(const MacAddress& value) { return value.str(); }
inline std::string setting_text(const IpAddress& value) { return value.str(); }
inline std::string setting_text(const Prefix& value) { return value.str(); }
inline std::string setting_text(const InterfaceName& value) { return value.str(); }
inline std::string setting_text(AdminState value) { return value == AdminState::up ? "up" : "down"; }
std::string setting_text(Scope value);
std::string setting_text(const std::vector<std::string>& value);

/// One setting that is not as it should be.
struct SettingChange {
  std::string name;
  std::string expected;
  std::string found;
  Position where;
};

}  // namespace netrig
