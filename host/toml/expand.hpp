// SPDX-License-Identifier: Apache-2.0
// Text with braces: "h{f}-{i:03}", "{2*k+1}", "{site.prefix}". The only thing that is computed in a lab file.
#pragma once
#include <toml++/toml.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace netrig::tomlfile {

/// What a variable can stand for: the list or table is of the file's [vars], or where a `for` names them.
using Value = std::variant<std::int64_t, bool, std::string, const toml::node*>;

struct Variable {
  std::string name;
  Value value = {};
  std::int64_t ordinal = 0;  ///< {#name}: counts the values of its `for` from 1
};
/// Loop variables with their present values, outermost first.
using Variables = std::vector<Variable>;

/// What expressions can name.
struct Scope {
  const Variables* variables = nullptr;  ///< nullptr: none
  const Variables* globals = nullptr;    ///< of [vars], sorted by name, for there may be many; nullptr: none
  std::size_t* copied = nullptr;         ///< counts the bytes of strings that expressions name

  /// nullptr: there is none.
  [[nodiscard]] const Variable* find(std::string_view name) const;
};

/// What is wrong with an expression; the caller knows where it stands.
class ExpansionError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Value of an expression: integers with + - * / % and parentheses, 64 bit, overflow is an error; / and % round toward
/// zero, as in C. Comparisons, which strings and 'words' have too, give 1 or 0. Throws ExpansionError.
Value evaluate(std::string_view expression, const Scope& scope);

inline constexpr std::size_t kAnyLength = SIZE_MAX;
inline constexpr std::size_t kLongestExpression = 1024;  ///< bytes of it

/// Replaces every {expression}, {expression:0WIDTH} and {expression:0WIDTHx}; "{{" and "}}" stand for braces. Throws
/// ExpansionError, also where braces make more than `most` bytes.
std::string expand(std::string_view text, const Scope& scope, std::size_t most = kAnyLength);

/// What is between the braces of a text that is one expression, without a width; else nothing.
std::optional<std::string_view> lone_expression(std::string_view text);

/// Whether a text can be the name of a variable.
bool is_variable_name(std::string_view text);
/// "3", "a list"... for messages.
std::string in_words(const Value& value);
Value value_of(const toml::node& node);

}  // namespace netrig::tomlfile
