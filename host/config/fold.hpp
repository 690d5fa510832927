// SPDX-License-Identifier: Apache-2.0
// Tables that differ by one number alone, as one table with expressions: the way back from what [[repeat]] makes.
#pragma once
#include <toml++/toml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace netrig::config {

/// The values of a variable, one a round, no two alike.
struct Rounds {
  std::string variable;
  std::vector<std::int64_t> values;
};

/// An expression over the variable that comes to these numbers, one a round; a number if they are all the same.
/// Nothing: there is none of the kind a*i+b.
std::optional<std::string> folded_number(const Rounds& rounds, const std::vector<std::int64_t>& numbers);

/// A text with braces that comes to these. Addresses and MAC addresses count as the numbers that they are.
std::optional<std::string> folded_text(const Rounds& rounds, const std::vector<std::string>& texts);

/// A table that comes to these; their keys must be the same.
std::optional<toml::table> folded_table(const Rounds& rounds, const std::vector<const toml::table*>& tables);

/// Where the runs of digits stand in a text: begin, length.
std::vector<std::pair<std::size_t, std::size_t>> digit_runs(std::string_view text);

}  // namespace netrig::config
