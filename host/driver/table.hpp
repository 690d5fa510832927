// SPDX-License-Identifier: Apache-2.0
// A driver's table (struct netrig_table of netrig/driver.h), from bytes that nobody has checked yet to a value.
#pragma once
#include <cstddef>
#include <span>

#include "model/parameter.hpp"

namespace netrig::driver {

/// Reads a table and its parameters, and refuses one that is malformed, contradicts itself, or would reach beyond the
/// links that it makes. Longer structs than this netrig knows are taken. Throws Error{driver} with the reason.
DriverDescription read_table(std::span<const std::byte> bytes);

/// What a table may not say of the kernel: checked apart from the bytes, for tests. Throws Error{driver}.
void check_kernel_places(const DriverDescription& about);

}  // namespace netrig::driver
