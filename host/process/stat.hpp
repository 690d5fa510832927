// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace netrig::process {

/// A number of /proc/PID/stat, counted as proc(5) does; not of what stands before the fourth.
std::optional<std::uint64_t> stat_field(pid_t process, std::size_t field);

}  // namespace netrig::process
