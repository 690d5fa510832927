// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "config/bounds.hpp"
#include "config/parts.hpp"

namespace netrig::config {
namespace {

void check_repeat(const Table& repeat) {
  repeat.allow(repeat_keys());
  const auto* loops = repeat.table("for");
  if (loops == nullptr || loops->empty())
    repeat.fail(repeat.where(), "[[repeat]] has no variable; write for = { i = \"0..9\" }");
}

}  // namespace

void check_repeats(const Roots& roots, const Context& outside, Budget& budget) {
  for (const toml::table* root : roots) {
    // No repeat has a `for` of its own, so none is an element that is made several times.
    if (const auto* repeats = Table(*root, "the file", outside).array("repeat"))
      for (const toml::node& node : *repeats) {
        if (!node.is_table()) outside.fail(position_of(node), "[[repeat]] is not a table; write { key = value }");
        check_repeat(Table(*node.as_table(), "[[repeat]]", outside));
      }
    budget.spend(*root, outside);
  }
}

void for_each_body(const Roots& roots, const Context& outside, const ReadBody& each) {
  for (const toml::table* root : roots) {
    each(*root, outside);
    const auto* repeats = root->get_as<toml::array>("repeat");
    if (repeats == nullptr) continue;
    for (const toml::node& node : *repeats) {
      const toml::table& repeat = *node.as_table();
      tomlfile::for_each_round(repeat, "[[repeat]]", outside, [&](const Context& inside) { each(repeat, inside); });
    }
  }
}

}  // namespace netrig::config
