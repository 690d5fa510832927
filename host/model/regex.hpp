// SPDX-License-Identifier: Apache-2.0
// POSIX extended regular expressions (regex(7)), as grep -E takes them; regcomp(3) behind a value.
#pragma once
#include <memory>
#include <optional>
#include <string>

namespace netrig {

class Regex {
 public:
  /// Throws Error{invalid} with the C library's words. `^` and `$` match at every line.
  explicit Regex(const std::string& expression);
  /// Anywhere in the text.
  [[nodiscard]] bool found_in(const std::string& text) const;

 private:
  std::shared_ptr<const void> compiled_;
};

/// Why an expression is none; nothing if it is.
std::optional<std::string> regex_fault(const std::string& expression);

}  // namespace netrig
