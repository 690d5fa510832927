// SPDX-License-Identifier: Apache-2.0
// Where the reader of a file is: what errors and warnings point at, and what braces in strings stand for. This folder
// reads TOML for whoever has a file in it, the lab's reader and the policy's; of netrig it knows the model alone.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/error.hpp"
#include "toml/expand.hpp"

namespace netrig::tomlfile {

/// A string of the file after expansion.
struct Text {
  std::string value;
  Position where;
};

/// "file:line:column: warning: text", ready to print.
struct Warning {
  std::string where;
  std::string message;
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

/// What a key is called elsewhere, and here. A word may stand in several rows: what a table can have decides.
struct Synonym {
  std::string_view word;  ///< in small letters, without '_' and '-'
  std::string_view key;
};

/// Where we are: the file, and inside a repeat the values of its variables.
struct Context {
  const std::string* file = nullptr;
  const Variables* variables = nullptr;  ///< nullptr: outside of a repeat
  Warnings* warnings = nullptr;
  std::span<const Synonym> synonyms = {};

  [[noreturn]] void fail(Position where, const std::string& message, ErrorCode code = ErrorCode::invalid) const;
  /// " (i = 3)" inside a repeat; else empty.
  [[nodiscard]] std::string iteration() const;
  [[nodiscard]] std::string place(Position where) const;
  [[nodiscard]] Text expanded(std::string_view text, Position where) const;
};

}  // namespace netrig::tomlfile
