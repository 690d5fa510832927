// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/address.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "model/parameter.hpp"
#include "model/test.hpp"

namespace netrig {

/// Duplicate address detection of an IPv6 address (RFC 4862, 5.4).
enum class Dad : std::uint8_t {
  off,   ///< IFA_F_NODAD: usable at once
  on,    ///< the kernel detects, nobody waits
  wait,  ///< `up` returns only when the address is no longer tentative, and fails if it is a duplicate
};

/// RT_SCOPE_* of linux/rtnetlink.h.
enum class Scope : std::uint8_t { global = 0, site = 200, link = 253, host = 254 };

struct Address {
  Prefix prefix;  ///< with host bits
  std::optional<IpAddress> peer = {};
  std::optional<Scope> scope = {};  ///< unset: the kernel's choice
  Dad dad = Dad::off;               ///< IPv6 only
  Position where = {};
  friend bool operator==(const Address&, const Address&) = default;
};

enum class AdminState : std::uint8_t { down, up };

/// A kernel link of a device.
struct Interface {
  std::size_t home = 0;  ///< index in Lab::namespaces
  InterfaceName name;
  std::optional<MacAddress> mac;
  std::optional<std::uint32_t> mtu;
  std::optional<InterfaceName> master;  ///< in the same namespace
  AdminState state = AdminState::up;
  std::string alias;  ///< IFLA_IFALIAS; empty: none
  std::vector<Address> addresses;
  Position where;
  friend bool operator==(const Interface&, const Interface&) = default;
};

/// What one driver makes in one call.
struct Device {
  DeviceName name;
  std::string driver;
  std::vector<Interface> interfaces;
  Parameters parameters;
  Position where;
  friend bool operator==(const Device&, const Device&) = default;
};

/// RTN_* of linux/rtnetlink.h.
enum class RouteType : std::uint8_t { unicast = 1, blackhole = 6, unreachable = 7, prohibit = 8 };

struct NextHop {
  std::optional<IpAddress> via;
  std::optional<InterfaceName> interface;
  std::uint32_t weight = 1;  ///< Range: 1..256
  bool onlink = false;
  friend bool operator==(const NextHop&, const NextHop&) = default;
};

struct Route {
  RouteType type = RouteType::unicast;
  Prefix destination;  ///< default: length 0
  std::vector<NextHop> next_hops;
  std::optional<std::uint32_t> metric;
  std::uint32_t table = 254;  ///< RT_TABLE_MAIN
  std::optional<IpAddress> source;
  std::optional<std::uint32_t> mtu;
  Position where;
  friend bool operator==(const Route&, const Route&) = default;
};

struct Sysctl {
  std::string key;  ///< "net.ipv4.ip_forward"
  std::string value;
  Position where;
  friend bool operator==(const Sysctl&, const Sysctl&) = default;
};

struct Namespace {
  NamespaceName name;
  bool existing = false;  ///< was there before the lab; never deleted
  std::string path;       ///< of an existing one that is not /run/netns/NAME; else empty
  std::vector<Route> routes;
  std::vector<Sysctl> sysctls;
  Position where;
  friend bool operator==(const Namespace&, const Namespace&) = default;
};

/// A whole lab, expanded and checked: names are unique, references resolve, parameters fit their drivers.
struct Lab {
  LabName name;
  std::string description = {};
  std::string file = {};    ///< where it was read from, for messages
  std::string source = {};  ///< its text
  std::vector<Namespace> namespaces = {};
  std::vector<Device> devices = {};
  std::vector<Service> services = {};
  std::vector<Test> tests = {};

  /// "file:line:column" of a position.
  [[nodiscard]] std::string at(Position where) const;
  [[nodiscard]] std::optional<std::size_t> find_namespace(std::string_view name) const;
  /// nullptr: there is none.
  [[nodiscard]] const Service* find_service(std::string_view name) const;
};

/// The part of a lab that `--only PATTERN...` names: the namespaces that match, and the devices all of whose interfaces
/// lie in them.
Lab select(const Lab& lab, const std::vector<std::string>& patterns);

}  // namespace netrig
