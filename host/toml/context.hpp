// SPDX-License-Identifier: Apache-2.0
// Where the reader of a file is: what errors and warnings point at, and what braces in strings stand for. This folder
// reads TOML for whoever has a file in it, the lab's reader and the policy's; of netrig it knows the model alone.
#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/error.hpp"
#include "toml/expand.hpp"
#include "toml/faults.hpp"
#include "toml/warnings.hpp"

namespace netrig::tomlfile {

/// A string of the file after expansion.
struct Text {
  std::string value;
  Position where;
};

/// What a key is called elsewhere, and here. A word may stand in several rows: what a table can have decides.
struct Synonym {
  std::string_view word;  ///< in small letters, without '_' and '-'
  std::string_view key;
};

/// Strings that were read as numbers or booleans, and what is written without quotes for each.
using Bare = std::unordered_map<const toml::node*, std::string>;

/// Where we are: the file, and inside a repeat the values of its variables.
struct Context {
  const std::string* file = nullptr;
  const Variables* variables = nullptr;  ///< nullptr: outside of a repeat, where braces are braces
  Warnings* warnings = nullptr;
  std::span<const Synonym> synonyms = {};
  const std::vector<std::string>* includes = nullptr;  ///< other files that positions are in
  const Variables* globals = nullptr;                  ///< of [vars]
  const Variables* loops = nullptr;      ///< for messages, where all has been expanded and `variables` is nullptr
  const toml::table* element = nullptr;  ///< whose `for` and `when` have been heeded
  bool is_expanded = false;              ///< all loops have been run: who still says `for` repeats nothing
  Bare* bare = nullptr;                  ///< nullptr: nobody wants to know
  Faults* faults = nullptr;              ///< nullptr: the first thing that is wrong ends it
  std::string_view veils = {};           ///< key below which texts may be secret; empty: none
  bool veiled = false;                   ///< they may be here: no message repeats one
  std::size_t* rounds = nullptr;         ///< counts the values that all `for` go over; nullptr: that has been done

  [[noreturn]] void fail(Position where, const std::string& message, ErrorCode code = ErrorCode::invalid) const;
  /// Runs what reads one thing, and goes on behind it if that is wrong and all faults are wanted.
  template <typename Read>
  void guard(Read&& read) const {
    faults == nullptr ? read() : faults->within(read);
  }
  /// " (i = 3)" inside a repeat; else empty.
  [[nodiscard]] std::string iteration() const;
  [[nodiscard]] std::string place(Position where) const;
  /// "line 3", or "line 3 of core.toml".
  [[nodiscard]] std::string line(Position where) const;
  [[nodiscard]] Text expanded(std::string_view text, Position where) const;
  /// Of a string in the file, or of one that has been expanded before.
  [[nodiscard]] Text expanded(const toml::node& string) const;
  /// Fails where braces make more than `most` bytes of a text.
  [[nodiscard]] Text expanded(std::string_view text, Position where, std::size_t most) const;
  /// Whether a string may stand for a number or a boolean here, for it is computed.
  [[nodiscard]] bool computes(const toml::node& node) const;
  /// What a string that is one expression stands for; nothing if it is none, or has been expanded before.
  [[nodiscard]] std::optional<Value> lone_value(const toml::node& node) const;
  /// The list or table that a string stands for; else the node itself.
  [[nodiscard]] const toml::node& resolved(const toml::node& node) const;
  /// For what is secret, or may be.
  [[nodiscard]] Context veil() const {
    Context inside = *this;
    inside.veiled = true;
    return inside;
  }
  void read_as(const toml::node& node, const std::string& text) const {
    if (bare != nullptr) bare->insert_or_assign(&node, text);
  }
  [[nodiscard]] Scope scope() const { return {variables, globals}; }
};

}  // namespace netrig::tomlfile
