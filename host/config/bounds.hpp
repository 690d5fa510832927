// SPDX-License-Identifier: Apache-2.0
// What a lab file may cost. Whoever checks a file need not trust it, so everything is counted before it is made.
#pragma once
#include <string>
#include <string_view>

#include "toml/table.hpp"

namespace netrig::config {

inline constexpr std::size_t kLargestFile = 8 << 20;   ///< of the file
inline constexpr std::size_t kMostThings = 1'000'000;  ///< values in a file, and that its repeats make
inline constexpr std::size_t kMostText = 64 << 20;     ///< bytes of names and strings that repeats make

/// Refuses a text that the parser would answer with much time, memory or stack: it builds tables recursively, and looks
/// for them in lists. Throws Error{invalid}.
void check_shape(std::string_view text, const std::string& name);

/// What the repeats of a file make together.
class Budget {
 public:
  /// Takes so many copies of the table off. Throws Error{invalid} if they are too many.
  void spend(const toml::table& body, std::size_t times, Position where, const tomlfile::Context& context);

 private:
  std::size_t things_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace netrig::config
