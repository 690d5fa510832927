// SPDX-License-Identifier: Apache-2.0
// Declares parameters as constant data. Part of netrig/driver.hpp.
//
//   integer("mtu", "bytes").range(68, 65535).by_default("1500")
#ifndef NETRIG_PARAMETER_HPP
#define NETRIG_PARAMETER_HPP

#include <netrig/driver.h>

#include <cstdint>

namespace netrig {

/// A declared parameter, written as a chain. Each link of the chain is a copy, so that it can be a constant.
struct Parameter : netrig_parameter {
  constexpr Parameter(const char* parameter_name, std::uint32_t parameter_type, const char* parameter_help)
      : netrig_parameter{sizeof(netrig_parameter), parameter_name, parameter_type, 0, nullptr, 0, 0, nullptr,
                         parameter_help,           nullptr} {}

  /// Both ends included. Units: those of the type (driver.h), so nanoseconds for a duration, bit/s for a rate.
  [[nodiscard]] constexpr Parameter range(std::int64_t least, std::int64_t most) const {
    Parameter copy = *this;
    copy.minimum = least;
    copy.maximum = most;
    return copy;
  }
  /// As in a lab file, but without quotes.
  [[nodiscard]] constexpr Parameter by_default(const char* text) const {
    Parameter copy = *this;
    copy.default_text = text;
    return copy;
  }
  /// Kernel build option beyond the kind's own, for the message when the kernel says "not supported".
  [[nodiscard]] constexpr Parameter needs(const char* option) const {
    Parameter copy = *this;
    copy.kernel_option = option;
    return copy;
  }
  [[nodiscard]] constexpr Parameter required() const { return with(NETRIG_PARAMETER_REQUIRED); }
  [[nodiscard]] constexpr Parameter list() const { return with(NETRIG_PARAMETER_LIST); }
  [[nodiscard]] constexpr Parameter secret() const { return with(NETRIG_PARAMETER_SECRET); }

 private:
  [[nodiscard]] constexpr Parameter with(std::uint32_t flag) const {
    Parameter copy = *this;
    copy.flags |= flag;
    return copy;
  }
};

constexpr Parameter boolean(const char* name, const char* help) { return {name, NETRIG_TYPE_BOOL, help}; }
constexpr Parameter integer(const char* name, const char* help) { return {name, NETRIG_TYPE_INTEGER, help}; }
constexpr Parameter text(const char* name, const char* help) { return {name, NETRIG_TYPE_STRING, help}; }
constexpr Parameter mac(const char* name, const char* help) { return {name, NETRIG_TYPE_MAC, help}; }
constexpr Parameter address(const char* name, const char* help) { return {name, NETRIG_TYPE_ADDRESS, help}; }
constexpr Parameter prefix(const char* name, const char* help) { return {name, NETRIG_TYPE_PREFIX, help}; }
constexpr Parameter duration(const char* name, const char* help) { return {name, NETRIG_TYPE_DURATION, help}; }
constexpr Parameter rate(const char* name, const char* help) { return {name, NETRIG_TYPE_RATE, help}; }
constexpr Parameter interface(const char* name, const char* help) { return {name, NETRIG_TYPE_INTERFACE, help}; }
/// `choices` is a NULL-terminated array of static storage.
constexpr Parameter choice(const char* name, const char* const* choices, const char* help) {
  Parameter parameter{name, NETRIG_TYPE_ENUM, help};
  parameter.choices = choices;
  return parameter;
}

}  // namespace netrig

#endif  // NETRIG_PARAMETER_HPP
