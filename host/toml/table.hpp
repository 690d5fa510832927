// SPDX-License-Identifier: Apache-2.0
// Access to TOML with positions: every getter checks the type, expands braces where they hold, and says where it
// is wrong.
#pragma once
#include <toml++/toml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/given.hpp"
#include "toml/context.hpp"
#include "toml/keys.hpp"
#include "toml/loops.hpp"
#include "toml/tree.hpp"

namespace netrig::tomlfile {

/// The whole text as a table; `name` stands for the file in messages, `file` in positions. Throws Error{invalid}.
toml::table parse(std::string_view text, const std::string& name, std::uint16_t file = 0);

/// One table under its name in messages ("interface", "[lab]").
class Table {
 public:
  Table(const toml::table& table, std::string_view what, const Context& context)
      : table_(&table), what_(what), context_(&context) {}

  /// Refuses keys other than these, with a suggestion.
  void allow(const Section& section) const;

  [[nodiscard]] bool has(std::string_view key) const { return table_->contains(key); }
  /// What a key has, or the list or table that it names by an expression; nullptr: the key is not there.
  [[nodiscard]] const toml::node* get(std::string_view key) const;
  [[nodiscard]] std::optional<Text> text(std::string_view key) const;
  [[nodiscard]] Text required_text(std::string_view key) const;
  /// A list of strings; none if the key is not there.
  [[nodiscard]] std::vector<Text> texts(std::string_view key) const;
  /// A TOML integer, or where braces hold also a string that expands to one.
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most) const;
  /// The same, with where it stands.
  [[nodiscard]] Given<std::uint32_t> number(std::string_view key, std::uint32_t least, std::uint32_t most) const;
  [[nodiscard]] std::optional<bool> boolean(std::string_view key) const;
  [[nodiscard]] Given<bool> flag(std::string_view key) const;
  [[nodiscard]] const toml::table* table(std::string_view key) const;
  [[nodiscard]] const toml::array* array(std::string_view key) const;
  /// One of the words, as its index.
  [[nodiscard]] std::optional<std::size_t> choice(std::string_view key,
                                                  const std::vector<std::string_view>& words) const;
  [[nodiscard]] std::optional<std::int64_t> duration(std::string_view key) const;
  [[nodiscard]] std::optional<std::int64_t> rate(std::string_view key) const;
  /// Bytes: an integer, or "64KiB", "1MiB".
  [[nodiscard]] std::optional<std::uint64_t> size(std::string_view key, std::uint64_t least, std::uint64_t most) const;

  [[nodiscard]] Position where() const { return position_of(*table_); }
  /// Of the value of a key that is there.
  [[nodiscard]] Position where(std::string_view key) const { return position_of(*table_->get(key)); }
  [[nodiscard]] const toml::table& raw() const { return *table_; }
  [[nodiscard]] const Context& context() const { return *context_; }
  [[nodiscard]] std::string_view what() const { return what_; }
  [[noreturn]] void fail(Position where, const std::string& message) const { context_->fail(where, message); }
  /// The same of a value that is wrong by itself, whatever stands beside it. Where all faults are wanted it is kept,
  /// and the table is read on as if the key were not there: what follows from that is not told (Faults::within).
  void wrong(Position where, const std::string& message) const {
    context_->guard([&] { context_->fail(where, message); });
  }

 private:
  [[nodiscard]] std::string type_fault(std::string_view key, std::string_view wanted) const;

  const toml::table* table_;
  std::string_view what_;
  const Context* context_;
};

/// Calls each(Table) for every element of a list of tables, as often as its `for` says; another element is an error.
template <typename Each>
void for_each_table(const toml::array& array, std::string_view what, const Context& context, Each&& each) {
  for_each_element(array, context, [&](const toml::node& element, const Context& inside) {
    const toml::node& node = inside.resolved(element);
    if (!node.is_table()) inside.fail(position_of(node), std::string(what) + " is not a table; write { key = value }");
    each(Table(*node.as_table(), what, inside));
  });
}

/// "string", "integer"... of a node, for messages.
std::string type_of(const toml::node& node);

}  // namespace netrig::tomlfile
