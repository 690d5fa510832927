// SPDX-License-Identifier: Apache-2.0
// What inspect says of parameters that only functions read.
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "driver/call.hpp"

namespace netrig::driver {
namespace {

/// Of all devices it is kept at once.
constexpr std::size_t kMostToldInAll = 4096;

/// Which of the variant's members holds a value of that type.
std::size_t member_of(ParameterType type) {
  switch (type) {
    case ParameterType::boolean:
      return 0;
    case ParameterType::integer:
    case ParameterType::duration:
    case ParameterType::rate:
    case ParameterType::fraction:
      return 1;
    case ParameterType::string:
    case ParameterType::enumeration:
      return 2;
    case ParameterType::mac:
      return 3;
    case ParameterType::address:
    case ParameterType::prefix:
      return 4;
    case ParameterType::bytes:
      return 6;
    case ParameterType::interface:
    case ParameterType::name_space:
    case ParameterType::table:
    case ParameterType::file:
    case ParameterType::unknown:
      break;
  }
  return std::variant_npos;
}

const ParameterDeclaration* inspected(const DriverDescription& about, std::string_view name) {
  const auto& all = about.parameters;
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
  return found == all.end() || !found->inspected ? nullptr : &*found;
}

bool is_value_of(const ParameterDeclaration& one, const ParameterScalar& value) {
  if (value.index() != member_of(one.type)) return false;
  return one.type != ParameterType::enumeration || one.choice(std::get<std::string>(value)) != nullptr;
}

/// Takes the value if its turn has come and it is one.
netrig_status tell(netrig_call* call, const char* name, std::uint32_t index, const auto& value_for) {
  return callback(call, [&] {
    const ParameterDeclaration* one = name == nullptr ? nullptr : inspected(*call->description, name);
    if (one == nullptr || call->permission->operation() != Operation::inspect) return NETRIG_INVALID;
    const std::optional<ParameterScalar> value = value_for(*one);
    auto& values = call->told[one->name].values;
    std::size_t all = 0;
    for (const auto& [told, had] : call->told) all += had.values.size();
    const bool in_turn = index == (one->list ? values.size() : 0);
    if (!value || !in_turn || all >= kMostToldInAll || !is_value_of(*one, *value)) return NETRIG_INVALID;
    if (!one->list) values.clear();
    values.push_back(*value);
    return NETRIG_OK;
  });
}

}  // namespace

netrig_status tell_bool(netrig_call* call, const char* name, std::uint32_t index, std::uint8_t value) {
  return tell(call, name, index,
              [&](const ParameterDeclaration&) { return std::optional<ParameterScalar>(value != 0); });
}

netrig_status tell_integer(netrig_call* call, const char* name, std::uint32_t index, std::int64_t value) {
  return tell(call, name, index, [&](const ParameterDeclaration& one) -> std::optional<ParameterScalar> {
    if (one.type != ParameterType::enumeration) return value;
    for (const ParameterChoice& choice : one.choices)
      if (static_cast<std::int64_t>(choice.value) == value) return choice.name;
    return std::nullopt;
  });
}

netrig_status tell_string(netrig_call* call, const char* name, std::uint32_t index, const char* value) {
  return tell(call, name, index, [&](const ParameterDeclaration&) -> std::optional<ParameterScalar> {
    if (value == nullptr || strnlen(value, 4097) > 4096) return std::nullopt;
    return std::string(value);
  });
}

netrig_status tell_mac(netrig_call* call, const char* name, std::uint32_t index, const std::uint8_t value[6]) {
  return tell(call, name, index, [&](const ParameterDeclaration&) -> std::optional<ParameterScalar> {
    if (value == nullptr) return std::nullopt;
    MacAddress mac;
    std::copy_n(value, mac.bytes.size(), mac.bytes.begin());
    return mac;
  });
}

netrig_status tell_address(netrig_call* call, const char* name, std::uint32_t index, const std::uint8_t value[16],
                           std::uint8_t family, std::uint8_t prefix_length) {
  return tell(call, name, index, [&](const ParameterDeclaration& one) -> std::optional<ParameterScalar> {
    if (value == nullptr || (family != AF_INET && family != AF_INET6)) return std::nullopt;
    Prefix prefix;
    prefix.address.family = family == AF_INET ? Family::ipv4 : Family::ipv6;
    std::copy_n(value, prefix.address.size(), prefix.address.bytes.begin());
    prefix.length =
        one.type == ParameterType::address ? static_cast<std::uint8_t>(prefix.address.bits()) : prefix_length;
    if (prefix.length > prefix.address.bits()) return std::nullopt;
    return prefix;
  });
}

netrig_status tell_bytes(netrig_call* call, const char* name, std::uint32_t index, const void* value,
                         std::uint32_t size) {
  return tell(call, name, index, [&](const ParameterDeclaration&) -> std::optional<ParameterScalar> {
    if ((value == nullptr && size != 0) || size > NETRIG_BYTES_MAX) return std::nullopt;
    return ByteString{std::string(static_cast<const char*>(value), size)};
  });
}

bool can_be_told(const Parameters& told, const DriverDescription& about) {
  std::size_t all = 0;
  for (const auto& [name, value] : told) all += value.values.size();
  if (all > kMostToldInAll) return false;
  return std::all_of(told.begin(), told.end(), [&](const auto& entry) {
    const ParameterDeclaration* one = inspected(about, entry.first);
    const auto& values = entry.second.values;
    return one != nullptr && (one->list || values.size() <= 1) &&
           std::all_of(values.begin(), values.end(), [&](const auto& value) { return is_value_of(*one, value); });
  });
}

}  // namespace netrig::driver
