// SPDX-License-Identifier: Apache-2.0
// What values options take, and what is said of others.
#pragma once
#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace netrig::cli {

inline constexpr std::uint64_t kLargestSize = 1ULL << 50;  ///< of a size

/// A whole number of this range.
CLI::Validator number_from(std::uint64_t least, std::uint64_t most);
/// One of these words.
CLI::Validator one_of(std::vector<std::string> words);

/// --set of a command that takes a lab file.
void add_settings(CLI::App& command, std::vector<std::string>& set);

/// "65536", "64KiB", "10MiB", "1GiB"; not 0.
CLI::Validator size();

/// "500ms", "10s", "2h"; not 0.
CLI::Validator duration();

}  // namespace netrig::cli
