// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/address.hpp"
#include "model/error.hpp"
#include "model/names.hpp"

namespace netrig {

/// Types a driver may declare; numbers are NETRIG_TYPE_* of the ABI.
enum class ParameterType : std::uint8_t {
  boolean = 1,
  integer = 2,
  string = 3,
  mac = 4,
  address = 5,
  prefix = 6,
  duration = 7,  ///< nanoseconds
  rate = 8,      ///< bit/s
  enumeration = 9,
  interface = 10,
};

/// "namespace:interface" in a parameter: an interface of the lab, or one that exists in an existing namespace.
struct InterfaceReference {
  NamespaceName home;
  InterfaceName name;
  friend bool operator==(const InterfaceReference&, const InterfaceReference&) = default;
};

/// One value. boolean: bool; integer, duration, rate: int64; string, enumeration: string; address, prefix: Prefix.
using ParameterScalar = std::variant<bool, std::int64_t, std::string, MacAddress, Prefix, InterfaceReference>;

struct ParameterValue {
  std::vector<ParameterScalar> values = {};  ///< exactly one unless the parameter is a list
  Position where = {};
  friend bool operator==(const ParameterValue&, const ParameterValue&) = default;
};

/// The values a lab file gives for a device, defaults of the driver filled in. Keyed by parameter name.
using Parameters = std::map<std::string, ParameterValue, std::less<>>;

/// One declared parameter of a driver: struct netrig_parameter as a value.
struct ParameterDeclaration {
  std::string name;
  ParameterType type = ParameterType::string;
  bool required = false;
  bool list = false;
  bool secret = false;
  std::optional<std::string> default_text;
  std::int64_t minimum = 0;  ///< minimum == maximum == 0: unbounded
  std::int64_t maximum = 0;
  std::vector<std::string> choices;
  std::string help;
  std::string kernel_option;  ///< that the kernel must be built with; empty: none
};

/// What the host knows of a driver without calling it.
struct DriverDescription {
  std::string kind;
  std::string version;
  std::string summary;
  std::string path;                     ///< file it was loaded from
  std::vector<std::string> link_kinds;  ///< kernel link kinds it may ask for
  std::uint32_t min_interfaces = 1;
  std::uint32_t max_interfaces = 1;
  std::uint32_t max_ports = 0;  ///< 0: its interfaces cannot be a master
  std::uint16_t abi_major = 0;
  std::uint16_t abi_minor = 0;
  std::uint32_t wants = 0;  ///< NETRIG_WANTS_*
  std::vector<ParameterDeclaration> parameters;
};

/// Name of a type as documents and messages write it: "integer", "list of mac".
std::string type_name(const ParameterDeclaration& declaration);

/// Reads one value as a lab file writes it inside quotes ("15s", "bridge", "true"). On failure: what would be right.
struct ParameterFault {
  std::string message;
};
std::variant<ParameterScalar, ParameterFault> parse_parameter(const ParameterDeclaration& declaration,
                                                              std::string_view text);
/// Checks the range or choices of a value that has the right type already.
std::optional<ParameterFault> range_fault(const ParameterDeclaration& declaration, const ParameterScalar& value);
/// A value as a lab file would write it.
std::string to_text(const ParameterScalar& value, ParameterType type);

/// "15s", "200ms", "1.5h", "10us", "3m"; Units: nanoseconds.
std::optional<std::int64_t> parse_duration(std::string_view text);
/// "100Mbit", "1.5Gbit", "10Kbit", "8bit", "1Gbps"-style bit suffixes of tc(8); Units: bit/s.
std::optional<std::int64_t> parse_rate(std::string_view text);
std::string format_duration(std::int64_t nanoseconds);
std::string format_rate(std::int64_t bits_per_second);

}  // namespace netrig
