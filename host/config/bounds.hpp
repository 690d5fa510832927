// SPDX-License-Identifier: Apache-2.0
// What a lab file may cost. Whoever checks a file need not trust it, so everything is counted before it is made.
#pragma once
#include <string>
#include <string_view>

#include "toml/table.hpp"

namespace netrig::config {

inline constexpr std::size_t kLargestFile = 8 << 20;   ///< of the file
inline constexpr std::size_t kMostThings = 1'000'000;  ///< values in a file, and that its repeats and `for` make
inline constexpr std::size_t kMostText = 64 << 20;     ///< bytes of names and strings that those make

/// Refuses a text that the parser would answer with much time, memory or stack: it builds tables recursively, and looks
/// for them in lists. Throws Error{invalid}.
void check_shape(std::string_view text, const std::string& name);

/// What all `for` of a lab make together, the rounds of repeats and elements of lists alike: nothing is made, only
/// counted. Throws Error{invalid} at the first that makes too much.
class Budget {
 public:
  /// Takes a file off: what its repeats make, and what elements of its lists make elsewhere.
  void spend(const toml::table& root, const tomlfile::Context& outside);

 private:
  struct Cost {
    std::size_t things = 0;
    std::size_t bytes = 0;
  };
  [[nodiscard]] Cost cost_of(const toml::node& node, const tomlfile::Context& context) const;
  void spend_loops(const toml::node& node, const tomlfile::Context& context);
  void spend_repeat(const toml::table& repeat, const tomlfile::Context& context);
  void take(const Cost& cost, Position where, std::string_view what, const tomlfile::Context& context);

  std::size_t things_ = 0;
  std::size_t bytes_ = 0;
  std::size_t longest_ = 0;  // string that an expression may stand for
  std::size_t repeats_ = 0;
  std::size_t rounds_ = 0;
};

}  // namespace netrig::config
