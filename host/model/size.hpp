// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace netrig {

/// "1048576", "1024KiB", "1MiB", "1GiB" in bytes; nothing: it is none of these, or more than `most`.
std::optional<std::uint64_t> parse_size(std::string_view text, std::uint64_t most);
/// What tc(8) takes "64k", "64kb" or "64kbit" for, in bytes; nothing: it is none of its words, or more than `most`.
std::optional<std::uint64_t> parse_tc_size(std::string_view text, std::uint64_t most);
/// As parse_size() reads it, in the largest unit: "1MiB", "1500".
std::string format_size(std::uint64_t bytes);

}  // namespace netrig
