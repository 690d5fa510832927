// SPDX-License-Identifier: Apache-2.0
#include "model/regex.hpp"

#include <fmt/format.h>
#include <regex.h>

#include <array>

#include "model/error.hpp"

namespace netrig {

Regex::Regex(const std::string& expression) {
  auto compiled = std::make_unique<regex_t>();
  if (const int fault = ::regcomp(compiled.get(), expression.c_str(), REG_EXTENDED | REG_NOSUB | REG_NEWLINE)) {
    std::array<char, 256> text{};
    ::regerror(fault, compiled.get(), text.data(), text.size());
    throw Error(ErrorCode::invalid,
                fmt::format("\"{}\" is no extended regular expression: {}", expression, text.data()));
  }
  compiled_ = std::shared_ptr<regex_t>(compiled.release(), [](regex_t* regex) {
    ::regfree(regex);
    std::default_delete<regex_t>{}(regex);
  });
}

bool Regex::found_in(const std::string& text) const {
  return ::regexec(static_cast<const regex_t*>(compiled_.get()), text.c_str(), 0, nullptr, 0) == 0;
}

std::optional<std::string> regex_fault(const std::string& expression) {
  try {
    const Regex regex(expression);
    return std::nullopt;
  } catch (const Error& error) {
    return error.message();
  }
}

}  // namespace netrig
