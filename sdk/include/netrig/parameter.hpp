// SPDX-License-Identifier: Apache-2.0
// Declares parameters as constant data, one line each. Part of netrig/driver.hpp.
//
//   integer("priority", "bridge priority for spanning tree (IFLA_BR_PRIORITY)").range(0,
//   65535).as_u16(IFLA_BR_PRIORITY)
#ifndef NETRIG_PARAMETER_HPP
#define NETRIG_PARAMETER_HPP

#include <netrig/driver.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace netrig {

/// One of a parameter's choices, with the number that the kernel knows it by.
struct Choice {
  const char* name;
  std::uint64_t value;
  bool anew = false;  ///< a link gets it, or loses it, only by being made anew
};

namespace detail {

/// Appends to an array of a table, which keeps at least one NUL. What does not fit does not compile.
template <std::size_t Size>
constexpr void append(char (&into)[Size], const char* text) {
  std::size_t end = 0;
  while (into[end] != '\0') ++end;
  for (; *text != '\0'; ++text, ++end) {
    if (end + 1 >= Size) throw "this text is too long for the table";
    into[end] = *text;
  }
}
template <std::size_t Size>
constexpr void append(char (&into)[Size], std::uint64_t number) {
  char digits[21] = {};
  std::size_t at = 20;
  do {
    digits[--at] = static_cast<char>('0' + number % 10);
  } while ((number /= 10) != 0);
  append(into, digits + at);
}

}  // namespace detail

/// So many percent, in the units of a fraction.
constexpr std::int64_t percent(double number) { return NETRIG_PERCENT(number); }

/// A declared parameter, written as a chain. Each link of the chain is a copy, so that it can be a constant.
struct Parameter : netrig_parameter {
  constexpr Parameter(const char* parameter_name, std::uint32_t parameter_type, const char* parameter_help)
      : netrig_parameter{} {
    struct_size = sizeof(netrig_parameter);
    type = parameter_type;
    detail::append(name, parameter_name);
    detail::append(help, parameter_help);
  }

  // What it is for the user.

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
    detail::append(copy.default_text, text);
    return copy;
  }
  /// What the kernel has when nobody sets it, and what an attribute stands for that it leaves out.
  [[nodiscard]] constexpr Parameter unset(const char* text) const {
    Parameter copy = *this;
    detail::append(copy.unset_text, text);
    return copy;
  }
  /// "mode=source": refused unless that parameter has that value.
  [[nodiscard]] constexpr Parameter with(const char* text) const {
    Parameter copy = *this;
    detail::append(copy.only_with, text);
    return copy;
  }
  /// Kernel build option beyond the kind's own, for the message when the kernel says "not supported".
  [[nodiscard]] constexpr Parameter needs(const char* option) const {
    Parameter copy = *this;
    detail::append(copy.kernel_option, option);
    return copy;
  }
  [[nodiscard]] constexpr Parameter required() const { return flagged(NETRIG_PARAMETER_REQUIRED); }
  [[nodiscard]] constexpr Parameter list() const { return flagged(NETRIG_PARAMETER_LIST); }
  [[nodiscard]] constexpr Parameter secret() const { return flagged(NETRIG_PARAMETER_SECRET); }
  /// `validate` has something to say about it.
  [[nodiscard]] constexpr Parameter checked() const { return flagged(NETRIG_PARAMETER_CHECKED); }
  /// `inspect` tells what it is, so that it is compared.
  [[nodiscard]] constexpr Parameter inspected() const { return flagged(NETRIG_PARAMETER_INSPECTED); }

  // What it is for the kernel: an attribute of IFLA_INFO_DATA, unless it is of_link(), of_peer() or both.

  [[nodiscard]] constexpr Parameter as_u8(std::uint16_t number) const { return as(NETRIG_AS_U8, number); }
  [[nodiscard]] constexpr Parameter as_u16(std::uint16_t number) const { return as(NETRIG_AS_U16, number); }
  [[nodiscard]] constexpr Parameter as_u32(std::uint16_t number) const { return as(NETRIG_AS_U32, number); }
  [[nodiscard]] constexpr Parameter as_u64(std::uint16_t number) const { return as(NETRIG_AS_U64, number); }
  [[nodiscard]] constexpr Parameter as_s32(std::uint16_t number) const { return as(NETRIG_AS_S32, number); }
  [[nodiscard]] constexpr Parameter as_be16(std::uint16_t number) const { return as(NETRIG_AS_BE16, number); }
  [[nodiscard]] constexpr Parameter as_be32(std::uint16_t number) const { return as(NETRIG_AS_BE32, number); }
  [[nodiscard]] constexpr Parameter as_be64(std::uint16_t number) const { return as(NETRIG_AS_BE64, number); }
  [[nodiscard]] constexpr Parameter as_flag(std::uint16_t number) const { return as(NETRIG_AS_FLAG, number); }
  [[nodiscard]] constexpr Parameter as_text(std::uint16_t number) const { return as(NETRIG_AS_TEXT, number); }
  [[nodiscard]] constexpr Parameter as_mac(std::uint16_t number) const { return as(NETRIG_AS_MAC, number); }
  [[nodiscard]] constexpr Parameter as_in4(std::uint16_t number) const { return as(NETRIG_AS_IN4, number); }
  [[nodiscard]] constexpr Parameter as_in6(std::uint16_t number) const { return as(NETRIG_AS_IN6, number); }
  [[nodiscard]] constexpr Parameter as_ip(std::uint16_t number, std::uint16_t number6) const {
    Parameter copy = as(NETRIG_AS_IP, number);
    copy.attribute6 = number6;
    return copy;
  }
  [[nodiscard]] constexpr Parameter as_ifindex(std::uint16_t number) const { return as(NETRIG_AS_IFINDEX, number); }
  /// The link is made in that namespace, where it keeps its sockets, and goes to its own then.
  [[nodiscard]] constexpr Parameter as_birthplace() const {
    constexpr std::uint16_t kLinkNetnsid = 37;  // IFLA_LINK_NETNSID
    return at(NETRIG_PLACE_LINK).as(NETRIG_AS_NAMESPACE, kLinkNetnsid).create_only();
  }
  /// Some bits of an attribute that says which of them it is about.
  [[nodiscard]] constexpr Parameter as_masked32(std::uint16_t number, std::uint32_t which) const {
    return as(NETRIG_AS_MASKED32, number).bits(which);
  }
  /// Bits of an attribute that several parameters share.
  [[nodiscard]] constexpr Parameter bits(std::uint64_t which) const {
    Parameter copy = *this;
    copy.mask = which;
    return copy;
  }
  /// A list in a nest: the number of its elements, or NETRIG_COUNTED.
  [[nodiscard]] constexpr Parameter of_elements(std::uint16_t number) const {
    Parameter copy = *this;
    copy.element = number;
    return copy;
  }
  /// NETRIG_SEARCH_*: the interface that the device borrows is found by it.
  [[nodiscard]] constexpr Parameter finds_by(std::uint16_t what) const {
    Parameter copy = at(NETRIG_PLACE_SEARCH);
    copy.attribute = what;
    return copy;
  }
  [[nodiscard]] constexpr Parameter of_link() const { return at(NETRIG_PLACE_LINK); }
  [[nodiscard]] constexpr Parameter of_peer() const { return at(NETRIG_PLACE_PEER); }
  [[nodiscard]] constexpr Parameter of_both() const { return at(NETRIG_PLACE_LINK | NETRIG_PLACE_PEER); }
  /// How many of the type's units are one of the kernel's.
  [[nodiscard]] constexpr Parameter per(std::uint64_t units) const {
    Parameter copy = *this;
    copy.scale = units;
    return copy;
  }
  /// How far from what was set the kernel may read. Units: the kernel's.
  [[nodiscard]] constexpr Parameter within(std::uint64_t units) const {
    Parameter copy = *this;
    copy.tolerance = units;
    return copy;
  }
  /// An attribute that goes along: with this value, or with 0 when the parameter is as if it were unset.
  [[nodiscard]] constexpr Parameter along_u16(std::uint16_t number, std::uint16_t value) const {
    return along(NETRIG_AS_U16, number, value);
  }
  [[nodiscard]] constexpr Parameter along_u32(std::uint16_t number, std::uint32_t value) const {
    return along(NETRIG_AS_U32, number, value);
  }
  [[nodiscard]] constexpr Parameter along_be16(std::uint16_t number, std::uint16_t value) const {
    return along(NETRIG_AS_BE16, number, value);
  }
  /// The kernel takes it only when the link is made.
  [[nodiscard]] constexpr Parameter create_only() const { return flagged(NETRIG_PARAMETER_CREATE_ONLY); }
  /// The kernel does not tell it.
  [[nodiscard]] constexpr Parameter write_only() const { return flagged(NETRIG_PARAMETER_WRITE_ONLY); }
  /// The kernel may be too old for it, and would not say so.
  [[nodiscard]] constexpr Parameter probed() const { return flagged(NETRIG_PARAMETER_PROBE); }

 private:
  [[nodiscard]] constexpr Parameter flagged(std::uint32_t flag) const {
    Parameter copy = *this;
    copy.flags |= flag;
    return copy;
  }
  [[nodiscard]] constexpr Parameter as(std::uint32_t how, std::uint16_t number) const {
    Parameter copy = *this;
    copy.encoding = how;
    copy.attribute = number;
    if (copy.places == 0) copy.places = NETRIG_PLACE_DATA;
    return copy;
  }
  [[nodiscard]] constexpr Parameter along(std::uint16_t how, std::uint16_t number, std::uint64_t value) const {
    Parameter copy = *this;
    copy.also_attribute = number;
    copy.also_encoding = how;
    copy.also_value = value;
    return copy;
  }
  [[nodiscard]] constexpr Parameter at(std::uint16_t where) const {
    Parameter copy = *this;
    copy.places = where;
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
/// In percent; range(percent(0.1), percent(50)).
constexpr Parameter fraction(const char* name, const char* help) { return {name, NETRIG_TYPE_FRACTION, help}; }
constexpr Parameter bytes(const char* name, const char* help) { return {name, NETRIG_TYPE_BYTES, help}; }
constexpr Parameter name_space(const char* name, const char* help) { return {name, NETRIG_TYPE_NAMESPACE, help}; }
/// Columns are parameters called "TABLE.COLUMN".
constexpr Parameter table(const char* name, const char* help) { return {name, NETRIG_TYPE_TABLE, help}; }
constexpr Parameter file(const char* name, const char* help) { return {name, NETRIG_TYPE_FILE, help}; }
constexpr Parameter choice(const char* name, const char* help, std::initializer_list<Choice> choices) {
  Parameter parameter{name, NETRIG_TYPE_ENUM, help};
  for (const Choice& one : choices) {
    if (parameter.choices[0] != '\0') detail::append(parameter.choices, " ");
    detail::append(parameter.choices, one.name);
    detail::append(parameter.choices, "=");
    detail::append(parameter.choices, one.value);
    if (one.anew) detail::append(parameter.choices, "!");
  }
  return parameter;
}

}  // namespace netrig

#endif  // NETRIG_PARAMETER_HPP
