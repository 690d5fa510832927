// SPDX-License-Identifier: Apache-2.0
// Names of functions in a plugin's file, for whoever reads of a crash. They are the file's, so nothing is believed of
// them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace netrig::driver {

/// The function at each place of the file that the dynamic loader finds it by (st_value); empty: its symbols do not
/// say, or it has none. Reads .symtab, or of a stripped file what it exports. Throws nothing for what is damaged.
std::vector<std::string> functions_at(std::span<const std::byte> file, const std::vector<std::uint64_t>& places);

/// "_ZN12_GLOBAL__N_15Mynic6createERN6netrig8CreationE" as "Mynic::create": scopes and names of C++ and Rust, without
/// arguments. What is more than that stays as it is.
std::string readable_name(std::string_view symbol);

}  // namespace netrig::driver
