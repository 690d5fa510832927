// SPDX-License-Identifier: Apache-2.0
// `for` and `when`: what stands for as many as it says.
#pragma once
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "toml/context.hpp"
#include "toml/tree.hpp"

namespace netrig::tomlfile {

inline constexpr std::size_t kMostVariables = 16;      ///< of one `for`
inline constexpr std::size_t kLongestValue = 4096;     ///< bytes that braces in a `for` come to
inline constexpr std::size_t kMostRounds = 4'000'000;  ///< values that are gone over, also where `when` does not hold

/// Entries of a table in the order of the file (toml++ sorts by name).
std::vector<std::pair<const toml::key*, const toml::node*>> in_file_order(const toml::table& table);

/// Calls each(context) for every round of a table's `for` for which its `when` holds; once if it has neither.
/// `what` is the table in messages: "[[repeat]]".
void for_each_round(const toml::table& table, std::string_view what, const Context& outside,
                    const std::function<void(const Context& inside)>& each);

/// The table, if an element of a list has `for` or `when`; else nullptr.
inline const toml::table* loop_of(const toml::node& element, const Context& context) {
  if (context.is_expanded) return nullptr;
  const auto* table = element.as_table();
  return table != nullptr && (table->contains("for") || table->contains("when")) ? table : nullptr;
}
/// What an element with `for` stands for: { for = ..., value = X } for X, any other for itself.
const toml::node& looped(const toml::table& element);

/// Calls each(node, context) for every element of a list, as often as its `for` says.
template <typename Each>
void for_each_element(const toml::array& list, const Context& context, Each&& each) {
  for (const toml::node& node : list) {
    const toml::table* loop = loop_of(node, context);
    if (loop == nullptr)
      context.guard([&] { each(node, context); });
    else
      for_each_round(*loop, "the element", context,
                     [&](const Context& inside) { inside.guard([&] { each(looped(*loop), inside); }); });
  }
}

/// How many they are.
std::size_t count_elements(const toml::array& list, const Context& context);

}  // namespace netrig::tomlfile
