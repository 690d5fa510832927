// SPDX-License-Identifier: Apache-2.0
#include "toml/expand.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "model/names.hpp"

namespace netrig::tomlfile {
namespace {

constexpr int kDeepest = 64;

/// Recursive descent: sum := product (+|- product)*, product := unary (*|/|% unary)*, unary := - unary | (sum) | atom.
class Parser {
 public:
  Parser(std::string_view text, const Variables& variables) : text_(text), variables_(variables) {}

  std::int64_t parse() {
    const std::int64_t value = sum(0);
    skip_space();
    if (at_ != text_.size()) fail(fmt::format("unexpected '{}'", text_[at_]));
    return value;
  }

 private:
  std::int64_t sum(int depth) {
    std::int64_t value = product(depth);
    for (char op = next_of("+-"); op != 0; op = next_of("+-")) {
      const std::int64_t right = product(depth);
      if (op == '+' ? __builtin_add_overflow(value, right, &value) : __builtin_sub_overflow(value, right, &value))
        overflow();
    }
    return value;
  }

  std::int64_t product(int depth) {
    std::int64_t value = unary(depth);
    for (char op = next_of("*/%"); op != 0; op = next_of("*/%")) {
      const std::int64_t right = unary(depth);
      if (op == '*') {
        if (__builtin_mul_overflow(value, right, &value)) overflow();
      } else {
        if (right == 0) fail("division by zero");
        if (right == -1 && value == INT64_MIN) overflow();
        value = op == '/' ? value / right : value % right;
      }
    }
    return value;
  }

  std::int64_t unary(int depth) {
    if (depth > kDeepest) fail("too many nested parentheses");
    if (next_of("-") != 0) {
      std::int64_t value = 0;
      if (__builtin_sub_overflow(std::int64_t{0}, unary(depth + 1), &value)) overflow();
      return value;
    }
    if (next_of("(") != 0) {
      const std::int64_t value = sum(depth + 1);
      if (next_of(")") == 0) fail("')' is missing");
      return value;
    }
    return atom();
  }

  std::int64_t atom() {
    skip_space();
    const std::string_view rest = text_.substr(at_);
    const auto is_word = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    };
    const auto length = static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_word) - rest.begin());
    const std::string_view word = rest.substr(0, length);
    if (word.empty())
      fail(rest.empty() ? "a number or a variable is missing" : fmt::format("unexpected '{}'", rest.front()));
    at_ += length;
    if (word.front() >= '0' && word.front() <= '9') {
      std::int64_t value = 0;
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
      if (error == std::errc::result_out_of_range) overflow();
      if (end != word.data() + word.size()) fail(fmt::format("\"{}\" is not a number", word));
      return value;
    }
    for (const auto& [name, value] : variables_)
      if (name == word) return value;
    std::vector<std::string> names;
    for (const auto& [name, value] : variables_) names.push_back(name);
    const auto hint = closest(word, names);
    fail(fmt::format("unknown variable \"{}\"{}", word, hint ? fmt::format("; did you mean \"{}\"?", *hint) : ""));
  }

  void skip_space() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  /// The next character if it is one of these; else 0.
  char next_of(std::string_view wanted) {
    skip_space();
    if (at_ == text_.size() || wanted.find(text_[at_]) == std::string_view::npos) return 0;
    return text_[at_++];
  }
  [[noreturn]] void overflow() const { fail("the number is too large"); }
  [[noreturn]] void fail(const std::string& why) const { throw ExpansionError(fmt::format("{{{}}}: {}", text_, why)); }

  std::string_view text_;
  const Variables& variables_;
  std::size_t at_ = 0;
};

std::string expand_one(std::string_view inside, const Variables& variables) {
  const std::size_t colon = inside.rfind(':');
  const std::int64_t value = evaluate(inside.substr(0, colon), variables);
  if (colon == std::string_view::npos) return fmt::format("{}", value);
  const std::string_view format = inside.substr(colon + 1);
  unsigned width = 0;
  const auto [end, error] = std::from_chars(format.data(), format.data() + format.size(), width);
  if (error != std::errc{} || end != format.data() + format.size() || format.front() != '0' || width > 32)
    throw ExpansionError(fmt::format("{{{}}}: \"{}\" is not a width; write {{i:03}} for three digits", inside, format));
  return fmt::format("{:0{}}", value, width);
}

}  // namespace

std::int64_t evaluate(std::string_view expression, const Variables& variables) {
  return Parser(expression, variables).parse();
}

std::string expand(std::string_view text, const Variables& variables) {
  std::string result;
  result.reserve(text.size() + 8);
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if ((c == '{' || c == '}') && at + 1 < text.size() && text[at + 1] == c) {
      result += c;
      ++at;
    } else if (c == '{') {
      const std::size_t end = text.find('}', at);
      if (end == std::string_view::npos) throw ExpansionError(fmt::format("\"{}\": '}}' is missing", text));
      result += expand_one(text.substr(at + 1, end - at - 1), variables);
      at = end;
    } else if (c == '}') {
      throw ExpansionError(fmt::format("\"{}\": '}}' without '{{'; write '}}}}' for a brace", text));
    } else {
      result += c;
    }
  }
  return result;
}

}  // namespace netrig::tomlfile
