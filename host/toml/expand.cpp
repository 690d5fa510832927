// SPDX-License-Identifier: Apache-2.0
#include "toml/expand.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "model/names.hpp"

namespace netrig::tomlfile {
namespace {

constexpr int kDeepest = 64;

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Recursive descent: comparison := sum (==|!=|<|<=|>|>= sum)?, sum := product (+|- product)*, product := unary
/// (*|/|% unary)*, unary := - unary | (comparison) | atom, atom := number | 'word' | name(.key)* | #name.
class Parser {
 public:
  Parser(std::string_view text, const Scope& scope) : text_(text), scope_(scope) {}

  Value parse() {
    Value value = comparison(0);
    skip_space();
    if (at_ != text_.size()) fail(fmt::format("unexpected '{}'", text_[at_]));
    // A slip: what needs no variable needs no braces, and what others mean by braces is none of ours.
    if (!names_one_) fail(fmt::format("names no variable; for braces as such write {{{{{}}}}}", text_));
    return value;
  }

 private:
  Value comparison(int depth) {
    Value left = sum(depth);
    skip_space();
    if (at_ == text_.size() || std::string_view("=!<>").find(text_[at_]) == std::string_view::npos) return left;
    const std::string_view rest = text_.substr(at_);
    for (const std::string_view op : {"==", "!=", "<=", ">=", "<", ">"}) {
      if (!rest.starts_with(op)) continue;
      at_ += op.size();
      const Value right = sum(depth);
      return static_cast<std::int64_t>(holds(op, left, right));
    }
    return left;
  }

  bool holds(std::string_view op, const Value& left, const Value& right) const {
    const auto compare = [&](const auto& a, const auto& b) {
      return op == "=="   ? a == b
             : op == "!=" ? a != b
             : op == "<=" ? a <= b
             : op == ">=" ? a >= b
             : op == "<"  ? a < b
                          : a > b;
    };
    const auto* word = std::get_if<std::string>(&left);
    const auto* other = std::get_if<std::string>(&right);
    if (word != nullptr && other != nullptr) return compare(*word, *other);
    if (word != nullptr || other != nullptr) fail(fmt::format("compares {} with {}", in_words(left), in_words(right)));
    return compare(number(left), number(right));
  }

  Value sum(int depth) {
    Value value = product(depth);
    for (char op = next_of("+-"); op != 0; op = next_of("+-")) {
      std::int64_t result = 0;
      const std::int64_t left = number(value);
      const std::int64_t right = number(product(depth));
      if (op == '+' ? __builtin_add_overflow(left, right, &result) : __builtin_sub_overflow(left, right, &result))
        overflow();
      value = result;
    }
    return value;
  }

  Value product(int depth) {
    Value value = unary(depth);
    for (char op = next_of("*/%"); op != 0; op = next_of("*/%")) {
      const std::int64_t left = number(value);
      const std::int64_t right = number(unary(depth));
      if (op == '*') {
        std::int64_t result = 0;
        if (__builtin_mul_overflow(left, right, &result)) overflow();
        value = result;
      } else {
        if (right == 0) fail("division by zero");
        if (right == -1 && left == INT64_MIN) overflow();
        value = op == '/' ? left / right : left % right;
      }
    }
    return value;
  }

  Value unary(int depth) {
    if (depth > kDeepest) fail("too many nested parentheses");
    if (next_of("-") != 0) {
      std::int64_t value = 0;
      if (__builtin_sub_overflow(std::int64_t{0}, number(unary(depth + 1)), &value)) overflow();
      return value;
    }
    if (next_of("(") != 0) {
      Value value = comparison(depth + 1);
      if (next_of(")") == 0) fail("')' is missing");
      return value;
    }
    return atom();
  }

  Value atom() {
    if (next_of("#") != 0) {
      const Variable& variable = find(word());
      if (variable.ordinal == 0)
        fail(fmt::format("\"{}\" is no variable of a for, so nothing is counted", variable.name));
      return variable.ordinal;
    }
    if (next_of("'") != 0) {
      const std::size_t end = text_.find('\'', at_);
      if (end == std::string_view::npos) fail("a ' is missing");
      std::string quoted(text_.substr(at_, end - at_));
      at_ = end + 1;
      return quoted;
    }
    const std::string_view name = word();
    if (name.front() >= '0' && name.front() <= '9') {
      std::int64_t value = 0;
      const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
      if (error == std::errc::result_out_of_range) overflow();
      if (end != name.data() + name.size()) fail(fmt::format("\"{}\" is not a number", name));
      return value;
    }
    const Variable& variable = find(name);
    if (at_ == text_.size() || text_[at_] != '.') return variable.value;
    return member(variable.value, std::string(name));
  }

  /// site.uplink.name
  Value member(Value value, std::string path) {
    while (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      const std::string_view key = word();
      const auto* node = std::get_if<const toml::node*>(&value);
      const toml::table* table = node == nullptr ? nullptr : (*node)->as_table();
      if (table == nullptr) fail(fmt::format("\"{}\" is {}, which has no \"{}\"", path, in_words(value), key));
      const toml::node* found = table->get(key);
      if (found == nullptr) {
        std::vector<std::string> keys;
        for (const auto& [one, ignored] : *table) keys.emplace_back(one.str());
        const auto hint = closest(key, keys);
        fail(
            fmt::format("\"{}\" has no \"{}\"{}", path, key, hint ? fmt::format("; did you mean \"{}\"?", *hint) : ""));
      }
      value = value_of(*found);
      path += fmt::format(".{}", key);
    }
    return value;
  }

  std::string_view word() {
    skip_space();
    const std::string_view rest = text_.substr(at_);
    const auto length =
        static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_word_character) - rest.begin());
    if (length == 0)
      fail(rest.empty() ? "a number or a variable is missing" : fmt::format("unexpected '{}'", rest.front()));
    at_ += length;
    return rest.substr(0, length);
  }

  const Variable& find(std::string_view name) {
    names_one_ = true;
    if (const Variable* found = scope_.find(name)) {
      if (const auto* text = std::get_if<std::string>(&found->value); text != nullptr && scope_.copied != nullptr)
        *scope_.copied += text->size();
      return *found;
    }
    std::vector<std::string> names;
    for (const Variables* all : {scope_.variables, scope_.globals})
      if (all != nullptr)
        for (const Variable& variable : *all) names.push_back(variable.name);
    const auto hint = closest(name, names);
    fail(fmt::format("unknown variable \"{}\"{}", name, hint ? fmt::format("; did you mean \"{}\"?", *hint) : ""));
  }

  std::int64_t number(const Value& value) const {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
    if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? 1 : 0;
    fail(fmt::format("{} is no number to count with", in_words(value)));
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
  const Scope& scope_;
  std::size_t at_ = 0;
  bool names_one_ = false;
};

/// "03", "02x": how a number is written.
std::string formatted(std::string_view inside, std::string_view format, const Value& value) {
  const auto refuse = [&](const std::string& why) { throw ExpansionError(fmt::format("{{{}}}: {}", inside, why)); };
  const bool is_hex = format.ends_with('x');
  const std::string_view digits = is_hex ? format.substr(0, format.size() - 1) : format;
  unsigned width = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), width);
  const bool is_bare_hex = is_hex && digits.empty();
  if (!is_bare_hex &&
      (error != std::errc{} || end != digits.data() + digits.size() || digits.front() != '0' || width > 32))
    refuse(fmt::format("\"{}\" is not a width; write {{i:03}} for three digits, {{i:02x}} for two hexadecimal ones",
                       format));
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number == nullptr) refuse(fmt::format("{} is no number, which alone has a width", in_words(value)));
  return is_hex ? fmt::format("{:0{}x}", *number, std::max(width, 1U)) : fmt::format("{:0{}}", *number, width);
}

std::string text_of(std::string_view inside, const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *integer);
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "true" : "false";
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  throw ExpansionError(fmt::format("{{{}}}: is {}, which cannot stand in a text", inside, in_words(value)));
}

/// Where the width begins: the last ':' that is in no quotes.
std::size_t width_at(std::string_view inside) {
  const std::size_t colon = inside.rfind(':');
  if (colon == std::string_view::npos) return colon;
  return std::count(inside.begin() + static_cast<std::ptrdiff_t>(colon), inside.end(), '\'') % 2 == 0
             ? colon
             : std::string_view::npos;
}

std::string expand_one(std::string_view inside, const Scope& scope) {
  const std::size_t colon = width_at(inside);
  const Value value = evaluate(inside.substr(0, colon), scope);
  return colon == std::string_view::npos ? text_of(inside, value) : formatted(inside, inside.substr(colon + 1), value);
}

}  // namespace

const Variable* Scope::find(std::string_view name) const {
  if (variables != nullptr)
    for (const Variable& variable : *variables)
      if (variable.name == name) return &variable;
  if (globals == nullptr) return nullptr;
  const auto found = std::lower_bound(globals->begin(), globals->end(), name,
                                      [](const Variable& one, std::string_view wanted) { return one.name < wanted; });
  return found != globals->end() && found->name == name ? &*found : nullptr;
}

Value evaluate(std::string_view expression, const Scope& scope) {
  if (expression.size() > kLongestExpression)
    throw ExpansionError(fmt::format("{{{} ...}}: this expression is {} bytes long; one has at most {}",
                                     expression.substr(0, 64), expression.size(), kLongestExpression));
  return Parser(expression, scope).parse();
}

std::string expand(std::string_view text, const Scope& scope, std::size_t most) {
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
      result += expand_one(text.substr(at + 1, end - at - 1), scope);
      if (result.size() > most)
        throw ExpansionError(fmt::format("\"{}\": comes to over {} bytes", text.substr(0, 64), most));
      at = end;
    } else if (c == '}') {
      throw ExpansionError(fmt::format("\"{}\": '}}' without '{{'; write '}}}}' for a brace", text));
    } else {
      result += c;
    }
  }
  return result;
}

std::optional<std::string_view> lone_expression(std::string_view text) {
  if (text.size() < 3 || text.front() != '{' || text[1] == '{' || text.find('}') != text.size() - 1)
    return std::nullopt;
  const std::string_view inside = text.substr(1, text.size() - 2);
  if (width_at(inside) != std::string_view::npos) return std::nullopt;
  return inside;
}

bool is_variable_name(std::string_view text) {
  return !text.empty() && !(text.front() >= '0' && text.front() <= '9') &&
         std::all_of(text.begin(), text.end(), is_word_character);
}

std::string in_words(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *integer);
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "true" : "false";
  if (const auto* text = std::get_if<std::string>(&value)) return fmt::format("\"{}\"", text->substr(0, 64));
  return std::get<const toml::node*>(value)->is_table() ? "a table" : "a list";
}

Value value_of(const toml::node& node) {
  if (const auto* integer = node.as_integer()) return integer->get();
  if (const auto* boolean = node.as_boolean()) return boolean->get();
  if (const auto* text = node.as_string()) return text->get();
  return &node;
}

}  // namespace netrig::tomlfile
