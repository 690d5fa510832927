// SPDX-License-Identifier: Apache-2.0
// The one table of what a link's attributes can reach beyond the link itself. It is all that netrig knows of kinds by
// their names, and only to refuse: whatever a driver's table or its functions say, these are the host's to fill in.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace netrig::driver {

enum class Reach : std::uint8_t {
  peer,        ///< makes a second link, of any name, anywhere
  interface,   ///< a number of an interface, which only a reference gives
  descriptor,  ///< a number of an open file of the process that asks
};

/// What an attribute of IFLA_INFO_DATA reaches; nothing: the link itself.
std::optional<Reach> reach_of(std::string_view kind, std::uint16_t attribute);
/// Attribute of IFLA_INFO_DATA that makes the second link of that kind; 0: it has none.
std::uint16_t peer_attribute(std::string_view kind);
/// Whether a driver may set this IFLA_* of a link: one that does not move it, name it, or tie it to another, and that
/// no key of an interface says.
bool is_harmless(std::uint16_t attribute);

}  // namespace netrig::driver
