// SPDX-License-Identifier: Apache-2.0
// Access to TOML with positions: every getter checks the type, expands braces inside a repeat, and says where it is
// wrong.
#pragma once
#include <toml++/toml.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/config.hpp"
#include "config/expand.hpp"
#include "model/lab.hpp"

namespace netrig::config {

/// A string of the file after expansion.
struct Text {
  std::string value;
  Position where;
};

/// Warnings as they come. One that a repeat gives again and again is kept once, and no more are kept than are read.
class Warnings {
 public:
  void add(std::string where, std::string message);
  /// Each with how often it came, and how many were not kept; `file` is where those are.
  [[nodiscard]] std::vector<Warning> told(const std::string& file) const;

 private:
  struct Counted {
    Warning warning;
    std::size_t times = 1;
  };
  std::vector<Counted> kept_;
  std::unordered_map<std::string, std::size_t> index_;  // where: index in kept_
  std::size_t others_ = 0;
};

/// Where we are: the file, and inside a repeat the values of its variables.
struct Context {
  const std::string* file = nullptr;
  const Variables* variables = nullptr;  ///< nullptr: outside of a repeat
  Warnings* warnings = nullptr;

  [[noreturn]] void fail(Position where, const std::string& message, ErrorCode code = ErrorCode::invalid) const;
  /// " (i = 3)" inside a repeat; else empty.
  [[nodiscard]] std::string iteration() const;
  [[nodiscard]] std::string place(Position where) const;
  [[nodiscard]] Text expanded(std::string_view text, Position where) const;
};

Position position_of(const toml::node& node);
Position position_of(const toml::key& key);

/// One table under its name in messages ("interface", "[lab]").
class Table {
 public:
  Table(const toml::table& table, std::string_view what, const Context& context)
      : table_(&table), what_(what), context_(&context) {}

  /// Refuses keys other than these, with a suggestion.
  template <std::size_t N>
  void allow(const std::array<std::string_view, N>& keys) const {
    allow(keys.data(), N);
  }

  [[nodiscard]] bool has(std::string_view key) const { return table_->contains(key); }
  [[nodiscard]] std::optional<Text> text(std::string_view key) const;
  [[nodiscard]] Text required_text(std::string_view key) const;
  /// A TOML integer, or inside a repeat also a string that expands to one.
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most) const;
  [[nodiscard]] std::optional<bool> boolean(std::string_view key) const;
  [[nodiscard]] const toml::table* table(std::string_view key) const;
  [[nodiscard]] const toml::array* array(std::string_view key) const;
  /// One of the words, as its index.
  [[nodiscard]] std::optional<std::size_t> choice(std::string_view key,
                                                  const std::vector<std::string_view>& words) const;
  [[nodiscard]] std::optional<IpAddress> address(std::string_view key) const;
  [[nodiscard]] std::optional<std::int64_t> duration(std::string_view key) const;
  [[nodiscard]] std::optional<std::int64_t> rate(std::string_view key) const;

  [[nodiscard]] Position where() const { return position_of(*table_); }
  /// Of the value of a key that is there.
  [[nodiscard]] Position where(std::string_view key) const { return position_of(*table_->get(key)); }
  [[nodiscard]] const toml::table& raw() const { return *table_; }
  [[nodiscard]] const Context& context() const { return *context_; }
  [[nodiscard]] std::string_view what() const { return what_; }
  [[noreturn]] void fail(Position where, const std::string& message) const { context_->fail(where, message); }

 private:
  void allow(const std::string_view* keys, std::size_t count) const;
  [[noreturn]] void wrong_type(std::string_view key, std::string_view wanted) const;

  const toml::table* table_;
  std::string_view what_;
  const Context* context_;
};

/// Calls each(Table, Position) for every element of an array of tables; another element is an error.
template <typename Each>
void for_each_table(const toml::array& array, std::string_view what, const Context& context, Each&& each) {
  for (const toml::node& node : array) {
    if (!node.is_table()) context.fail(position_of(node), std::string(what) + " is not a table; write { key = value }");
    each(Table(*node.as_table(), what, context));
  }
}

/// An address of an interface: "192.0.2.1/24", counted on by " + N".
Prefix interface_address(const Text& text, const Context& context);
/// An address without prefix length, counted on by " + N".
IpAddress plain_address(const Text& text, const Context& context);
/// A destination: prefix, or one address.
Prefix destination_prefix(const Text& text, const Context& context);

/// "string", "integer"... of a node, for messages.
std::string type_of(const toml::node& node);

}  // namespace netrig::config
