// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <map>
#include <memory>
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
  fraction = 11,  ///< UINT32_MAX is all
  bytes = 12,
  name_space = 13,
  table = 14,
  file = 15,
  unknown = 255,  ///< of a later ABI: only a lab that sets it is refused
};
/// Whether a value of that type is a number that is counted: it has a range, and units.
constexpr bool is_count(ParameterType type) {
  return type == ParameterType::integer || type == ParameterType::duration || type == ParameterType::rate ||
         type == ParameterType::fraction;
}

/// "namespace:interface" in a parameter: an interface of the lab, or one that exists in an existing namespace.
struct InterfaceReference {
  NamespaceName home;
  InterfaceName name;
  friend bool operator==(const InterfaceReference&, const InterfaceReference&) = default;
};

/// A namespace of the lab, as a parameter names it.
struct NamespaceReference {
  NamespaceName name;
  friend bool operator==(const NamespaceReference&, const NamespaceReference&) = default;
};
/// By which it is referred to.
inline InterfaceReference loopback_of(const NamespaceReference& one) { return {one.name, InterfaceName("lo")}; }
inline constexpr std::uint32_t kLoopbackIndex = 1;  // LOOPBACK_IFINDEX, net/flow.h

/// Any bytes.
struct ByteString {
  std::string bytes;
  friend bool operator==(const ByteString&, const ByteString&) = default;
};

/// A file as it was read. What it holds is what it is, wherever it lies.
struct FileContent {
  std::string path = {};    ///< from the lab file's directory, for messages
  std::string key = {};     ///< of a secret one, so that its digest tells nothing; else empty
  std::string digest = {};  ///< of what it holds, by the key
  std::uint64_t size = 0;
  std::shared_ptr<const std::string> text = {};  ///< nullptr: it was not kept, or `fd` is there
  int fd = -1;                                   ///< in a worker: where it can be read
  friend bool operator==(const FileContent& one, const FileContent& other);
};

/// One value. boolean: bool; integer, duration, rate, fraction: int64; string, enumeration: string; address, prefix:
/// Prefix; table: int64, the number of a row, whose cells are values of their own ("peers[0].key").
using ParameterScalar = std::variant<bool, std::int64_t, std::string, MacAddress, Prefix, InterfaceReference,
                                     ByteString, NamespaceReference, FileContent>;

/// What a value refers to: an interface, or the loopback of a namespace. Nothing: it is no reference.
std::optional<InterfaceReference> reference_of(const ParameterScalar& value);

struct ParameterValue {
  std::vector<ParameterScalar> values = {};  ///< exactly one unless the parameter is a list
  Position where = {};
  friend bool operator==(const ParameterValue&, const ParameterValue&) = default;
};

/// The values a lab file gives for a device, defaults of the driver filled in. Keyed by parameter name; cells of tables
/// by cell_name().
using Parameters = std::map<std::string, ParameterValue, std::less<>>;

/// How a value stands in a netlink attribute; numbers are NETRIG_AS_* of the ABI.
enum class Encoding : std::uint8_t {
  nothing = 0,
  u8 = 1,
  u16 = 2,
  u32 = 3,
  u64 = 4,
  s32 = 5,
  be16 = 6,
  be32 = 7,
  be64 = 8,
  flag = 9,
  text = 10,
  mac = 11,
  in4 = 12,
  in6 = 13,
  ip = 14,
  ifindex = 15,
  masked32 = 16,
  name_space = 17,
};

/// What an interface that a device borrows is found by; numbers are NETRIG_SEARCH_* of the ABI.
enum class Search : std::uint8_t { name = 1, mac = 2, bus_address = 3, driver = 4, force = 5 };

/// Where in the message that makes a link a parameter goes, and how: what struct netrig_parameter says of the kernel.
struct KernelPlace {
  static constexpr std::uint16_t kData = 1;  ///< NETRIG_PLACE_*
  static constexpr std::uint16_t kLink = 2;
  static constexpr std::uint16_t kPeer = 4;
  static constexpr std::uint16_t kSearch = 8;
  static constexpr std::uint16_t kCounted = 0xffff;  ///< NETRIG_COUNTED

  std::uint16_t places = 0;  ///< 0: functions of the driver read it
  Encoding encoding = Encoding::nothing;
  std::uint16_t attribute = 0;
  std::uint16_t attribute6 = 0;
  std::uint16_t element = 0;
  std::uint64_t mask = 0;
  std::uint64_t scale = 1;
  std::uint64_t tolerance = 0;
  std::uint16_t also_attribute = 0;
  Encoding also_encoding = Encoding::nothing;
  std::uint64_t also_value = 0;
  bool create_only = false;
  bool write_only = false;
  bool probe = false;
  friend bool operator==(const KernelPlace&, const KernelPlace&) = default;
};

/// One of the words of an enumeration.
struct ParameterChoice {
  std::string name;
  std::uint64_t value = 0;  ///< the kernel's number
  bool anew = false;        ///< a link gets it, or loses it, only by being made anew
};

/// One declared parameter of a driver: struct netrig_parameter as a value.
struct ParameterDeclaration {
  std::string name;
  ParameterType type = ParameterType::string;
  std::uint32_t type_number = 0;  ///< as the table says it, if the type is unknown
  bool required = false;
  bool list = false;
  bool secret = false;
  bool checked = false;    ///< the driver's validate has something to say about it
  bool inspected = false;  ///< the driver's inspect tells what it is
  std::optional<std::string> default_text;
  std::optional<std::string> unset_text;  ///< what the kernel has when nobody sets it; nothing: not known
  std::int64_t minimum = 0;               ///< minimum == maximum == 0: unbounded
  std::int64_t maximum = 0;
  std::vector<ParameterChoice> choices;
  std::string help;
  std::string kernel_option;  ///< that the kernel must be built with; empty: none
  std::string only_with;      ///< "mode=source"; empty: always welcome
  KernelPlace kernel;

  /// nullptr: there is none of that name.
  [[nodiscard]] const ParameterChoice* choice(std::string_view word) const;
  [[nodiscard]] std::vector<std::string> choice_names() const;
  /// What it is when the lab file does not say. Nothing: nobody knows.
  [[nodiscard]] std::optional<std::vector<ParameterScalar>> unset() const;
  /// Whether the kernel tells what it is.
  [[nodiscard]] bool is_seen() const {
    return kernel.places != 0 && !searches() && !kernel.write_only && kernel.encoding != Encoding::ifindex &&
           kernel.encoding != Encoding::name_space;
  }
  /// The table that it is a column of; empty: none.
  [[nodiscard]] std::string_view table() const {
    const std::size_t dot = name.find('.');
    return std::string_view(name).substr(0, dot == std::string::npos ? 0 : dot);
  }
  /// What a column is called in a row.
  [[nodiscard]] std::string_view column() const { return std::string_view(name).substr(name.find('.') + 1); }
  /// Whether it tells which interface is borrowed.
  [[nodiscard]] bool searches() const { return kernel.places == KernelPlace::kSearch; }
  /// Whether both say the same bits of the same attribute of a link.
  [[nodiscard]] bool says_the_same(const ParameterDeclaration& other) const;
};

/// A parameter as it is to be, or as it is, on one link.
struct LinkParameter {
  std::shared_ptr<const ParameterDeclaration> declaration;
  /// Of a link that was looked at none, though it is no list: the kernel does not tell it, or tells what is no value.
  std::vector<ParameterScalar> values = {};
  Position where = {};
  [[nodiscard]] bool is_told() const { return declaration->list || !values.empty(); }
  friend bool operator==(const LinkParameter& one, const LinkParameter& other) {
    return one.declaration->name == other.declaration->name && one.values == other.values;
  }
};

/// What the host knows of a driver without calling it.
struct DriverDescription {
  static constexpr std::uint32_t kInspects = 8;  ///< NETRIG_FUNCTION_*
  static constexpr std::uint32_t kChanges = 16;
  static constexpr std::uint32_t kSettles = 32;
  static constexpr std::uint32_t kLooksBack = 4 | kInspects | kChanges | kSettles;  ///< on what it has made

  std::string kind;
  std::string version;
  std::string summary;
  std::string path;                     ///< file it was loaded from
  std::vector<std::string> link_kinds;  ///< the first is what its table makes, all are what its functions may ask for
  std::uint32_t min_interfaces = 1;
  std::uint32_t max_interfaces = 1;
  std::uint32_t max_ports = 0;  ///< 0: its interfaces cannot be a master
  std::uint16_t abi_major = 0;
  std::uint16_t abi_minor = 0;
  std::uint32_t wants = 0;           ///< NETRIG_WANTS_*
  std::uint32_t functions = 0;       ///< NETRIG_FUNCTION_*: what its table leaves to code of its own
  std::uint16_t peer_attribute = 0;  ///< that makes the second interface by the same message; 0: none
  std::vector<ParameterDeclaration> parameters;

  [[nodiscard]] bool has(std::uint32_t function) const { return (functions & function) != 0; }
  /// Whether its device is an interface that is there without the lab.
  [[nodiscard]] bool borrows() const;
  /// nullptr: it has none of that name. Of a cell, its column.
  [[nodiscard]] const ParameterDeclaration* parameter(std::string_view name) const;
  /// Whether inspect tells of a parameter.
  [[nodiscard]] bool tells() const;
  /// Whether a parameter that only functions read can become another while the device runs.
  [[nodiscard]] bool changes(const ParameterDeclaration& one) const {
    return one.kernel.places == 0 && !one.kernel.create_only && has(kChanges);
  }
};

/// Whether it, or the table that it is a column of, is never shown.
bool is_secret(const ParameterDeclaration& one, const DriverDescription& about);
/// "peers[0].key".
std::string cell_name(std::string_view table, std::size_t row, std::string_view column);
/// What of all parameters is cells of a table: "peers[0].key", "peers[1].key"...
std::map<std::string, const ParameterValue*> cells_of(std::string_view table, const Parameters& all);

/// What of a device's parameters is of one of its interfaces, as far as it is the kernel's; of several that say the
/// same the last.
std::vector<LinkParameter> parameters_of_link(const std::shared_ptr<const DriverDescription>& about,
                                              const Parameters& given, std::size_t interface);

/// Whether a parameter goes with what else a device is given (only_with).
bool is_welcome(const ParameterDeclaration& declaration, const DriverDescription& about, const Parameters& given);
/// Likewise, with the others of a link; with one that is not told it goes.
bool goes_with(const ParameterDeclaration& declaration, const std::vector<LinkParameter>& others);

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
/// Likewise, of one that may be a list.
std::string to_text(const std::vector<ParameterScalar>& values, ParameterType type);
/// Whether a parameter that was set reads as that, as near as its kernel's units can tell.
bool agrees(const ParameterDeclaration& declaration, const std::vector<ParameterScalar>& wanted,
            const std::vector<ParameterScalar>& seen);

/// "0x0011", "00:11:22", or base64.
std::optional<std::string> parse_bytes(std::string_view text);
/// Digits that hexadecimal without its "0x" and base64 have in common, which is neither.
bool could_be_either(std::string_view text);
/// "ABE=".
std::string format_base64(std::string_view bytes);
/// "0x0011".
std::string format_bytes(std::string_view bytes);
/// "5%", "0.1"; Units: UINT32_MAX is 100 percent.
std::optional<std::int64_t> parse_percent(std::string_view text);
/// Whether it is one, from 0 to 100; `percent`: as the file has it.
std::optional<std::int64_t> fraction_of(double percent);
/// "5%".
std::string format_fraction(std::int64_t fraction);
/// What bytes hash to; with a `key` only whoever has that can tell. In hex.
std::string digest_of(std::string_view bytes, std::string_view key);
/// Another in each process.
const std::string& digest_key();

/// "15s", "200ms", "1.5h", "10us", "3m"; Units: nanoseconds.
std::optional<std::int64_t> parse_duration(std::string_view text);
/// "100Mbit", "1.5Gbit", "10Kbit", "8bit", "1Gbps"-style bit suffixes of tc(8); Units: bit/s.
std::optional<std::int64_t> parse_rate(std::string_view text);
std::string format_duration(std::int64_t nanoseconds);
std::string format_rate(std::int64_t bits_per_second);

}  // namespace netrig
