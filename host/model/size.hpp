// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace netrig {

/// "1048576", "1024KiB", "1MiB", "1GiB" in bytes; nothing: it is none of these, or more than `most`.
std::optional<std::uint64_t> parse_size(std::string_view text, std::uint64_t most);

}  // namespace netrig
