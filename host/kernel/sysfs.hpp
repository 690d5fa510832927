// SPDX-License-Identifier: Apache-2.0
// sysfs of a network namespace, and what it tells of an interface's age.
#pragma once
#include <cstdint>
#include <string>

#include "model/unique_fd.hpp"

namespace netrig::kernel {

/// Root of sysfs as the namespace of the calling thread has it. It has no place in any tree, so nobody else sees it.
/// Throws Error{unsupported}.
UniqueFd open_sysfs();

/// Mounts /sys anew, so that it shows the network namespace of the caller, who has a mount namespace of its own; what
/// was read-only stays so. Throws Error.
void remount_sysfs();

/// The number of an interface's directory in sysfs. The kernel counts these up over all namespaces (kernfs_node::id)
/// and gives none twice in one boot; an interface keeps its own whatever its name, address, index and namespace become.
/// So it tells two interfaces apart, and the older from the younger. 0: no such interface.
std::uint64_t birth_of(const UniqueFd& sysfs, const std::string& interface);

/// A number between those of all interfaces that there are and those of all to come; 0: it cannot be told. Costs a
/// namespace for a moment, and the calling thread stays in it.
std::uint64_t birth_now();

}  // namespace netrig::kernel
