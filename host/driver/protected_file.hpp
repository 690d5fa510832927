// SPDX-License-Identifier: Apache-2.0
// Small files that decide what is trusted: policy, keys, and labs where the policy wants them protected.
#pragma once
#include <cstddef>
#include <optional>
#include <string>

namespace netrig::driver {

/// Whether directories above a file are looked at.
enum class Parents : std::uint8_t { checked, unchecked };

/// Text of a regular file that belongs to a trusted owner and that nobody else can write, and, with Parents::checked,
/// that nobody else can have put there: directories above it may be writable by others only with the sticky bit, which
/// keeps them from replacing what is not theirs. Nothing: it is not there. `what` begins the messages: "the policy".
/// Throws Error{denied}, or Error{invalid} if it cannot be read or is larger than `most` bytes.
std::optional<std::string> read_protected(const std::string& path, const std::string& what, std::size_t most,
                                          Parents parents);

/// Text of any regular file. Nothing: it is not there. Throws Error{invalid}.
std::optional<std::string> read_file(const std::string& path, const std::string& what, std::size_t most);

/// Why others could have written a file; empty: they could not.
std::string protection_fault(const std::string& path, Parents parents);

}  // namespace netrig::driver
