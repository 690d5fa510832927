// SPDX-License-Identifier: Apache-2.0
// Regular expressions of lab files, by RE2: matching takes time linear in the text, whatever the expression. See
// docs/testing.md for the syntax.
#pragma once
#include <memory>
#include <optional>
#include <string>

namespace re2 {
class RE2;
}

namespace netrig {

class Regex {
 public:
  /// Throws Error{invalid} for what is no expression, and for one that would be costly.
  explicit Regex(const std::string& expression);
  /// In any line of the text.
  [[nodiscard]] bool found_in(const std::string& text) const;

 private:
  std::shared_ptr<const re2::RE2> compiled_;
};

/// Why an expression is none; nothing if it is.
std::optional<std::string> regex_fault(const std::string& expression);

}  // namespace netrig
