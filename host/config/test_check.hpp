// SPDX-License-Identifier: Apache-2.0
// Between the readers of checks.
#pragma once
#include "config/parts.hpp"

namespace netrig::config {

/// Refuses keys of a check other than these.
void allow_check(const Table& check, const tomlfile::Section& keys);
/// A key that must be there.
InterfaceName read_interface_name(const Table& check, std::string_view key);

// Checks that look at what the kernel has.
Check read_neighbour_check(const Table& check);
Check read_route_check(const Table& check);
Check read_address_check(const Table& check);
Check read_link_check(const Table& check);
Check read_fdb_check(const Table& check);

}  // namespace netrig::config
