// SPDX-License-Identifier: Apache-2.0
#include "model/regex.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include "model/error.hpp"

namespace netrig {
namespace {

constexpr std::size_t kLongest = 4096;
// Of RE2's program. The worst text of 256 KiB, which is what is kept of a command's output, takes 0.8 s with so many.
constexpr int kMostInstructions = 1000;

re2::RE2::Options options() {
  re2::RE2::Options options;
  options.set_max_mem(2 << 20);
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_never_nl(true);  // nothing matches across lines, as in grep
  return options;
}

/// For a message: the beginning, up to a character.
std::string brief(std::string_view text) {
  constexpr std::size_t kMost = 100;
  if (text.size() <= kMost) return std::string(text);
  std::size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

/// What RE2 has to say, with what would be right where that is not plain.
std::string fault_of(const std::string& expression) {
  // By itself, for what it says may quote the whole.
  const re2::RE2 alone(expression, options());
  switch (alone.error_code()) {
    case re2::RE2::ErrorRepeatSize:
      return fmt::format("{} repeats over 1000 times, with what it is nested in", alone.error_arg());
    case re2::RE2::NoError:
    case re2::RE2::ErrorPatternTooLarge:
      return "it is too large; repeat less";
    case re2::RE2::ErrorBadEscape:
      if (alone.error_arg().size() == 2 && alone.error_arg()[1] >= '1' && alone.error_arg()[1] <= '9')
        return fmt::format("{} is a backreference, which there are none of", alone.error_arg());
      return brief(alone.error());
    default:
      return brief(alone.error());
  }
}

}  // namespace

Regex::Regex(const std::string& expression) {
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorCode::invalid, fmt::format("\"{}\" is no regular expression: {}", brief(expression), why));
  };
  if (expression.size() > kLongest)
    throw Error(ErrorCode::invalid,
                fmt::format("the regular expression has {} bytes; it can have {}", expression.size(), kLongest));
  if (expression.find('\n') != std::string::npos) refuse("it is matched against lines, and has a line break in it");
  compiled_ = std::make_shared<re2::RE2>("(?m)" + expression, options());
  if (!compiled_->ok() || compiled_->ProgramSize() > kMostInstructions) refuse(fault_of(expression));
}

bool Regex::found_in(const std::string& text) const { return re2::RE2::PartialMatch(text, *compiled_); }

std::optional<std::string> regex_fault(const std::string& expression) {
  try {
    const Regex regex(expression);
    return std::nullopt;
  } catch (const Error& error) {
    return error.message();
  }
}

}  // namespace netrig
