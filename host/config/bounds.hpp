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

/// What all `for` of a lab make together, the rounds of repeats and elements of lists alike, and what groups give their
/// members: it is counted before it is made. Throws Error{invalid} at the first that makes too much.
class Budget {
 public:
  /// Takes a file off: what its repeats make, and what elements of its lists make elsewhere.
  void spend(const toml::table& root, const tomlfile::Context& outside);

  struct Cost {
    std::size_t things = 0;
    std::size_t bytes = 0;
  };
  /// Of what has been expanded: what a group gives each of its members.
  [[nodiscard]] Cost cost_of(const toml::node& node) const;
  void take(const Cost& cost, Position where, std::string_view what, const tomlfile::Context& context);

 private:
  [[nodiscard]] Cost cost_of(const toml::node& node, const tomlfile::Context& context) const;
  void spend_loops(const toml::node& node, const tomlfile::Context& context);
  void spend_repeat(const toml::table& repeat, const tomlfile::Context& context);
  [[nodiscard]] bool names_nodes(const tomlfile::Context& context) const;
  static bool is_over(const Cost& cost) { return cost.things > kMostThings || cost.bytes > kMostText; }
  void heed(const tomlfile::Context& context);

  bool globals_hold_nodes_ = false;
  std::size_t things_ = 0;
  std::size_t bytes_ = 0;
  std::size_t longest_ = 0;  // string that an expression may stand for
  std::size_t repeats_ = 0;
  std::size_t rounds_ = 0;
};

}  // namespace netrig::config
