// SPDX-License-Identifier: Apache-2.0
// Sysctls that the kernel writes along with another: the switch of forwarding writes that of every interface
// (inet_forward_change, addrconf_forward_change).
#pragma once
#include <string_view>

namespace netrig {

/// One name for a sysctl that has two.
std::string_view one_name(std::string_view key);
bool is_switch(std::string_view key);
/// The switch that writes this one along, by its one name; empty: none does.
std::string_view switch_of(std::string_view key);
/// Whether writing `other` writes `key`, as itself or along.
bool is_written_with(std::string_view key, std::string_view other);
/// Of the followers of the IPv4 switch the one that is off where that is on.
bool is_opposite(std::string_view key);

}  // namespace netrig
