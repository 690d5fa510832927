// SPDX-License-Identifier: Apache-2.0
// Text with braces: "h{f}-{i:03}", "{2*k+1}". The only thing that is computed in a lab file.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace netrig::tomlfile {

/// Loop variables of a repeat with their present values, outermost first.
using Variables = std::vector<std::pair<std::string, std::int64_t>>;

/// What is wrong with an expression; the caller knows where it stands.
class ExpansionError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Value of an integer expression: + - * / % and parentheses, 64 bit, overflow is an error. / and % round toward zero,
/// as in C. Throws ExpansionError.
std::int64_t evaluate(std::string_view expression, const Variables& variables);

/// Replaces every {expression} and {expression:0WIDTH}; "{{" and "}}" stand for braces. Throws ExpansionError.
std::string expand(std::string_view text, const Variables& variables);

}  // namespace netrig::tomlfile
