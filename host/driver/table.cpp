// SPDX-License-Identifier: Apache-2.0
#include "driver/table.hpp"

#include <fmt/format.h>
#include <netrig/driver.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <set>

#include "driver/refusal.hpp"
#include "model/error.hpp"
#include "model/link.hpp"

namespace netrig::driver {
namespace {

constexpr std::uint32_t kKnownFlags = NETRIG_PARAMETER_REQUIRED | NETRIG_PARAMETER_LIST | NETRIG_PARAMETER_SECRET |
                                      NETRIG_PARAMETER_CREATE_ONLY | NETRIG_PARAMETER_WRITE_ONLY |
                                      NETRIG_PARAMETER_PROBE | NETRIG_PARAMETER_CHECKED | NETRIG_PARAMETER_INSPECTED;
constexpr std::uint32_t kKnownFunctions = NETRIG_FUNCTION_VALIDATE | NETRIG_FUNCTION_CREATE | NETRIG_FUNCTION_DESTROY |
                                          NETRIG_FUNCTION_INSPECT | NETRIG_FUNCTION_CHANGE | NETRIG_FUNCTION_SETTLE;
static_assert(NETRIG_FUNCTION_INSPECT == DriverDescription::kInspects &&
              NETRIG_FUNCTION_CHANGE == DriverDescription::kChanges &&
              NETRIG_FUNCTION_SETTLE == DriverDescription::kSettles &&
              (DriverDescription::kLooksBack & NETRIG_FUNCTION_DESTROY) != 0);

/// `check`: what of `netrig drivers test` it is.
[[noreturn]] void refuse(const std::string& reason, const char* check = "table.sizes") { throw Refusal(check, reason); }

/// A text of the table: NULs up to its end, and nothing that would move a terminal's cursor.
template <std::size_t Size>
std::string text_of(const char (&from)[Size], const char* what) {
  const std::size_t length = strnlen(from, Size);
  if (length == Size) refuse(fmt::format("its table has a {} without an end", what), "table.texts");
  if (std::any_of(from + length, from + Size, [](char c) { return c != 0; }))
    refuse(fmt::format("its table has bytes after the end of the {}", what), "table.texts");
  if (std::any_of(from, from + length, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }))
    refuse(fmt::format("its table has a {} that is unprintable", what), "table.texts");
  return {from, length};
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

bool is_word(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f && c != '"'; });
}

/// "private=1 vepa=2!", "a b".
std::vector<ParameterChoice> choices_of(const std::string& text, const std::string& parameter) {
  std::vector<ParameterChoice> choices;
  for (const std::string& word : words_of(text)) {
    ParameterChoice& one = choices.emplace_back();
    std::string_view rest = word;
    one.anew = rest.back() == '!';
    if (one.anew) rest.remove_suffix(1);
    const std::size_t equals = rest.find('=');
    one.name = rest.substr(0, equals);
    one.value = choices.size() - 1;
    if (equals == std::string_view::npos) continue;
    const std::string_view number = rest.substr(equals + 1);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), one.value);
    if (error != std::errc{} || end != number.data() + number.size())
      refuse(fmt::format("parameter {} has a choice \"{}\" without a number behind its =", parameter, word),
             "parameters.choices");
  }
  std::set<std::string_view> names;
  for (const ParameterChoice& one : choices)
    if (one.name.empty() || !names.insert(one.name).second)
      refuse(fmt::format("parameter {} has a choice twice, or without a name", parameter), "parameters.choices");
  return choices;
}

std::optional<std::string> optional_text(std::string text) {
  return text.empty() ? std::nullopt : std::optional(std::move(text));
}

KernelPlace kernel_place_of(const netrig_parameter& raw) {
  KernelPlace place;
  place.places = raw.places;
  place.encoding = static_cast<Encoding>(std::min(raw.encoding, 0xffU));
  place.attribute = raw.attribute;
  place.attribute6 = raw.attribute6;
  place.element = raw.element;
  place.mask = raw.mask;
  place.scale = raw.scale == 0 ? 1 : raw.scale;
  place.tolerance = raw.tolerance;
  place.also_attribute = raw.also_attribute;
  place.also_encoding = static_cast<Encoding>(std::min<unsigned>(raw.also_encoding, 0xff));
  place.also_value = raw.also_value;
  place.create_only = (raw.flags & NETRIG_PARAMETER_CREATE_ONLY) != 0;
  place.write_only = (raw.flags & NETRIG_PARAMETER_WRITE_ONLY) != 0;
  place.probe = (raw.flags & NETRIG_PARAMETER_PROBE) != 0;
  return place;
}

/// "key", or "peers.key" of a column.
bool is_parameter_name(std::string_view name) {
  const auto is_plain = [](std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
  };
  const std::size_t dot = name.find('.');
  return is_plain(name.substr(0, dot)) && (dot == std::string_view::npos || is_plain(name.substr(dot + 1)));
}

/// What of the declaration of a later ABI can be said of it: a lab file that does not set it needs no more.
ParameterDeclaration unknown_of(const netrig_parameter& raw, ParameterDeclaration one) {
  one.type = ParameterType::unknown;
  one.type_number = raw.type;
  one.required = (raw.flags & NETRIG_PARAMETER_REQUIRED) != 0;
  one.help = text_of(raw.help, "parameter help");
  return one;
}

ParameterDeclaration declaration_of(const netrig_parameter& raw) {
  ParameterDeclaration one;
  one.name = text_of(raw.name, "parameter name");
  if (!is_parameter_name(one.name))
    refuse(fmt::format("parameter name \"{}\" is not [a-z0-9_]", one.name), "parameters.names");
  if (raw.type == 0) refuse(fmt::format("parameter {} has no type", one.name), "parameters.types");
  if (raw.type > static_cast<std::uint32_t>(ParameterType::file)) return unknown_of(raw, std::move(one));
  one.type = static_cast<ParameterType>(raw.type);
  if ((raw.flags & ~kKnownFlags) != 0)
    refuse(fmt::format("parameter {} has flags that this netrig does not know ({:#x})", one.name, raw.flags),
           "parameters.flags");
  one.required = (raw.flags & NETRIG_PARAMETER_REQUIRED) != 0;
  one.list = (raw.flags & NETRIG_PARAMETER_LIST) != 0;
  one.secret = (raw.flags & NETRIG_PARAMETER_SECRET) != 0;
  one.checked = (raw.flags & NETRIG_PARAMETER_CHECKED) != 0;
  one.inspected = (raw.flags & NETRIG_PARAMETER_INSPECTED) != 0;
  one.default_text = optional_text(text_of(raw.default_text, "default"));
  one.unset_text = optional_text(text_of(raw.unset_text, "value of what is unset"));
  one.minimum = raw.minimum;
  one.maximum = raw.maximum;
  if (one.type == ParameterType::fraction && one.minimum == 0 && one.maximum == 0) one.maximum = NETRIG_FRACTION_ALL;
  if (one.type == ParameterType::table) one.list = true;
  one.help = text_of(raw.help, "parameter help");
  one.kernel_option = text_of(raw.kernel_option, "kernel option");
  one.only_with = text_of(raw.only_with, "condition");
  one.choices = choices_of(text_of(raw.choices, "list of choices"), one.name);
  if ((one.type == ParameterType::enumeration) == one.choices.empty())
    refuse(fmt::format("parameter {} {}", one.name,
                       one.choices.empty() ? "is an enum without choices" : "has choices, and is no enum"),
           "parameters.choices");
  one.kernel = kernel_place_of(raw);
  return one;
}

void check_text_of_value(const ParameterDeclaration& one, const std::optional<std::string>& text, const char* what) {
  if (!text) return;
  if (one.list) refuse(fmt::format("parameter {} is a list and has a {}", one.name, what), "parameters.defaults");
  const auto parsed = parse_parameter(one, *text);
  if (const auto* fault = std::get_if<ParameterFault>(&parsed))
    refuse(fmt::format("parameter {} has a {} that it would refuse: {}", one.name, what, fault->message),
           "parameters.defaults");
}

void check_condition(const ParameterDeclaration& one, const std::vector<ParameterDeclaration>& all) {
  if (one.only_with.empty()) return;
  const std::size_t equals = one.only_with.find('=');
  const std::string name = one.only_with.substr(0, equals);
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& other) { return other.name == name; });
  const bool good = equals != std::string::npos && found != all.end() && !found->list &&
                    std::holds_alternative<ParameterScalar>(
                        parse_parameter(*found, std::string_view(one.only_with).substr(equals + 1)));
  if (!good)
    refuse(fmt::format("parameter {} needs \"{}\", which no parameter can be", one.name, one.only_with),
           "parameters.conditions");
}

/// The most that a value of that type can have of what its range counts. 0: any number.
std::int64_t most_of(ParameterType type) {
  switch (type) {
    case ParameterType::fraction:
      return NETRIG_FRACTION_ALL;
    case ParameterType::bytes:
      return NETRIG_BYTES_MAX;
    case ParameterType::table:
      return NETRIG_ROWS_MAX;
    case ParameterType::file:
      return NETRIG_FILE_MAX;
    default:
      return 0;
  }
}

void check_range(const ParameterDeclaration& one) {
  const std::int64_t most = most_of(one.type);
  if (most != 0 && (one.minimum < 0 || one.maximum > most))
    refuse(fmt::format("parameter {} has a range that leaves 0 to {}, all that there is of a {}", one.name, most,
                       type_name(one)),
           "parameters.range");
}

/// A table and its columns: each is there for the other.
void check_table(const ParameterDeclaration& one, const DriverDescription& about) {
  const auto refuse_it = [&](const char* why) {
    refuse(fmt::format("parameter {} {}", one.name, why), "parameters.columns");
  };
  const auto& all = about.parameters;
  if (one.type == ParameterType::table) {
    if (std::none_of(all.begin(), all.end(), [&](const auto& other) { return other.table() == one.name; }))
      refuse_it("is a table without columns");
    if (one.default_text) refuse_it("is a table, and has a default");
  }
  if (one.table().empty()) return;
  const ParameterDeclaration* table = about.parameter(one.table());
  if (table == nullptr || (table->type != ParameterType::table && table->type != ParameterType::unknown))
    refuse_it("is a column of a table that it does not declare");
  if (one.type == ParameterType::table) refuse_it("is a table, and a column of another");
  if (one.kernel.places != 0 || one.kernel.create_only || one.kernel.write_only || one.kernel.probe || one.checked ||
      one.inspected || !one.only_with.empty())
    refuse_it("is a column, and says what only its table can");
}

void check_values(const DriverDescription& about) {
  std::set<std::string_view> names;
  // A plan and a drift name what differs of a link, whoever declares it.
  std::set<std::string_view> settings = {"name"};
  Link::each_setting([&](std::string_view name, auto) { settings.insert(name); });
  for (const ParameterDeclaration& one : about.parameters) {
    if (settings.contains(one.name) && !one.searches())
      refuse(fmt::format("parameter {} is called as a key of interfaces; give it another name", one.name),
             "parameters.names");
    if (!names.insert(one.name).second)
      refuse(fmt::format("it declares parameter {} twice", one.name), "parameters.names");
    check_range(one);
    check_table(one, about);
    check_text_of_value(one, one.default_text, "default");
    check_text_of_value(one, one.unset_text, "value of what is unset");
    check_condition(one, about.parameters);
    if (one.checked && (about.functions & NETRIG_FUNCTION_VALIDATE) == 0)
      refuse(fmt::format("parameter {} is to be checked by a function, and there is no validate", one.name),
             "parameters.checked");
    if (one.inspected && !about.has(NETRIG_FUNCTION_INSPECT))
      refuse(fmt::format("parameter {} is to be told by a function, and there is no inspect", one.name),
             "parameters.inspected");
    const bool nobodys = one.type == ParameterType::interface || one.type == ParameterType::name_space ||
                         one.type == ParameterType::table || one.type == ParameterType::file;
    if (one.inspected && (one.kernel.places != 0 || one.kernel.write_only || nobodys))
      refuse(fmt::format("parameter {} is to be told by inspect, and is the kernel's to tell, or nobody's", one.name),
             "parameters.inspected");
  }
}

// What a driver of any minor version has: the structs of 0.9. What came later, one that is older lacks; it reads as
// zero.
constexpr std::uint16_t kOldestMinor = 9;
constexpr std::size_t kLeastTable = offsetof(netrig_table, link_kinds) + sizeof(netrig_table::link_kinds);
constexpr std::size_t kLeastParameter = offsetof(netrig_parameter, choices) + sizeof(netrig_parameter::choices);

/// Bytes that may end early, or be of a struct of which this netrig knows only the first so many.
template <typename Struct>
Struct read_struct(std::span<const std::byte> bytes) {
  Struct raw{};
  std::memcpy(&raw, bytes.data(), std::min(bytes.size(), sizeof raw));
  return raw;
}

void check_version(const netrig_table& raw) {
  if (raw.abi_major == NETRIG_ABI_MAJOR && raw.abi_minor >= kOldestMinor) return;
  refuse(
      fmt::format("it is built for driver ABI {}.{}, this netrig speaks {}.{}; get a build for ABI {}.{}",
                  raw.abi_major, raw.abi_minor, NETRIG_ABI_MAJOR, NETRIG_ABI_MINOR, NETRIG_ABI_MAJOR, NETRIG_ABI_MINOR),
      "table.version");
}

/// What is there so that a later version can say something: up to this one it is zero.
void check_reserved(const netrig_table& table, std::uint64_t reserved) {
  if (table.abi_minor <= NETRIG_ABI_MINOR && reserved != 0)
    refuse("its table has something in a member that is reserved, and is to be 0", "table.reserved");
}

void read_header(const netrig_table& raw, DriverDescription& about) {
  about.abi_major = raw.abi_major;
  about.abi_minor = raw.abi_minor;
  about.functions = raw.functions;
  about.wants = raw.wants;
  about.min_interfaces = raw.min_interfaces;
  about.max_interfaces = raw.max_interfaces;
  about.max_ports = raw.max_ports;
  about.peer_attribute = raw.peer_attribute;
  about.kind = text_of(raw.name, "driver name");
  about.version = text_of(raw.version, "version");
  about.summary = text_of(raw.summary, "summary");
  about.link_kinds = words_of(text_of(raw.link_kinds, "list of link kinds"));
  if (!is_word(about.kind) || !is_word(about.version))
    refuse("its table has an empty or unprintable name or version", "table.words");
  if (!std::all_of(about.link_kinds.begin(), about.link_kinds.end(), is_word))
    refuse("its table has a link kind that is unprintable", "table.words");
  if ((raw.functions & ~kKnownFunctions) != 0)
    refuse(fmt::format("its table has functions that this netrig does not know ({:#x})", raw.functions),
           "table.functions");
  if (about.min_interfaces < 1 || about.max_interfaces < about.min_interfaces ||
      about.max_interfaces > NETRIG_INTERFACES_MAX)
    refuse(fmt::format("its numbers of interfaces, {} to {}, are outside of 1 to {}", about.min_interfaces,
                       about.max_interfaces, NETRIG_INTERFACES_MAX),
           "table.interfaces");
}

}  // namespace

DriverDescription read_table(std::span<const std::byte> bytes) {
  auto raw = read_struct<netrig_table>(bytes);
  if (bytes.size() < offsetof(netrig_table, parameter_size)) refuse("its table is too short");
  check_version(raw);
  if (raw.struct_size < kLeastTable || raw.struct_size % 8 != 0 || raw.struct_size > bytes.size())
    refuse(fmt::format("its table has a header of {} bytes, of {} that there are", raw.struct_size, bytes.size()));
  raw = read_struct<netrig_table>(bytes.first(raw.struct_size));  // what follows are parameters
  if (raw.parameter_count > NETRIG_PARAMETERS_MAX)
    refuse(fmt::format("it declares {} parameters; at most {} are taken", raw.parameter_count, NETRIG_PARAMETERS_MAX));
  if (raw.parameter_count != 0 && (raw.parameter_size < kLeastParameter || raw.parameter_size % 8 != 0))
    refuse(fmt::format("its table has parameters of {} bytes; those of ABI 0.9 have {}", raw.parameter_size,
                       kLeastParameter));
  const auto parameters = bytes.subspan(raw.struct_size);
  if (raw.parameter_count != 0 && parameters.size() / raw.parameter_count < raw.parameter_size)
    refuse("its table ends before its last parameter");
  check_reserved(raw, raw.reserved);

  DriverDescription about;
  read_header(raw, about);
  for (std::size_t i = 0; i < raw.parameter_count; ++i) {
    const auto place = parameters.subspan(i * raw.parameter_size, raw.parameter_size);
    const std::uint32_t size = read_struct<netrig_parameter>(place).struct_size;
    if (size < kLeastParameter || size > raw.parameter_size)
      refuse(fmt::format("its table has a parameter of {} bytes where {} are", size, raw.parameter_size));
    const auto one = read_struct<netrig_parameter>(place.first(size));
    check_reserved(raw, one.reserved);
    about.parameters.push_back(declaration_of(one));
  }
  check_kernel_places(about);
  check_values(about);
  return about;
}

}  // namespace netrig::driver
