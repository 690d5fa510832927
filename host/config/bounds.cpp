// SPDX-License-Identifier: Apache-2.0
#include "config/bounds.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace netrig::config {
namespace {

constexpr std::size_t kMostParts = 64;        // of one key
constexpr std::size_t kDeepestNesting = 16;   // lists and inline tables in each other
constexpr std::size_t kMostTables = 200'000;  // headers and dotted keys: toml++ looks for some in lists

/// Tells strings and comments from the rest, and counts in the rest. What is no TOML may be misjudged from there on:
/// the parser stops at the same place.
class Shape {
 public:
  Shape(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  void check() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        skip_string(c);
        continue;
      }
      if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
        continue;
      }
      count(c);
      ++at_;
    }
  }

 private:
  void count(char c) {
    switch (c) {
      case '.':
        if (++dots_ >= kMostParts) refuse(fmt::format("this key has over {} parts", kMostParts));
        ++tables_;
        break;
      case '[':
      case '{':
        if (depth_ == 0) ++tables_;
        if (++depth_ > kDeepestNesting)
          refuse(fmt::format("lists and tables are nested over {} deep", kDeepestNesting));
        new_value();
        break;
      case ']':
      case '}':
        if (depth_ > 0) --depth_;
        dots_ = 0;
        break;
      case '=':
      case ',':
        new_value();
        break;
      case '\n':
        dots_ = 0;
        break;
      default:
        return;
    }
    if (tables_ > kMostTables)
      refuse(
          fmt::format("the file has over {} headers and dotted keys; use [[repeat]] for what is alike", kMostTables));
  }

  void new_value() {
    dots_ = 0;
    if (++values_ > kMostThings)
      refuse(fmt::format("the file has over {} values; use [[repeat]] for what is alike", kMostThings));
  }

  void skip_string(char quote) {
    const std::string_view rest = text_.substr(at_);
    const std::string three(3, quote);
    const bool many_lines = rest.starts_with(three);
    at_ += many_lines ? 3 : 1;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\\' && quote == '"') {
        at_ = std::min(at_ + 2, text_.size());
      } else if (many_lines && text_.substr(at_).starts_with(three)) {
        at_ += 3;
        // Two more quotes at the end belong to the string.
        for (int more = 0; more < 2 && at_ < text_.size() && text_[at_] == quote; ++more) ++at_;
        return;
      } else if (!many_lines && (c == quote || c == '\n')) {
        if (c == quote) ++at_;
        return;
      } else {
        ++at_;
      }
    }
  }

  [[noreturn]] void refuse(const std::string& why) const {
    const std::string_view before = text_.substr(0, at_);
    const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::string_view in_line = before.substr(line_begin);
    const auto column = std::count_if(in_line.begin(), in_line.end(),
                                      [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; });
    throw Error(ErrorCode::invalid, why, fmt::format("{}:{}:{}", name_, line, column + 1));
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t at_ = 0;
  std::size_t dots_ = 0;
  std::size_t depth_ = 0;
  std::size_t tables_ = 0;
  std::size_t values_ = 0;
};

/// What one copy costs at most.
struct Cost {
  std::size_t things = 0;
  std::size_t bytes = 0;
};

/// A number takes at most 32 bytes, as wide as {i:032} can be.
std::size_t expanded_size(std::string_view text) {
  return text.size() + 32 * static_cast<std::size_t>(std::count(text.begin(), text.end(), '{'));
}

void add(const toml::node& node, Cost& cost) {
  ++cost.things;
  if (const auto* text = node.as_string()) cost.bytes += expanded_size(text->get());
  if (const auto* list = node.as_array())
    for (const toml::node& element : *list) add(element, cost);
  if (const auto* table = node.as_table())
    for (const auto& [key, value] : *table) {
      cost.bytes += expanded_size(key.str());
      add(value, cost);
    }
}

}  // namespace

void check_shape(std::string_view text, const std::string& name) { Shape(text, name).check(); }

void Budget::spend(const toml::table& body, std::size_t times, Position where, const tomlfile::Context& context) {
  Cost one;
  for (const auto& [key, value] : body) {
    const auto* kind = value.as_table();
    if (key == "for") continue;
    if (kind == nullptr) {
      add(value, one);
      continue;
    }
    for (const auto& [name, thing] : *kind) {
      one.bytes += expanded_size(name.str());
      add(thing, one);
    }
  }
  // An iteration that makes nothing takes time, too. No product overflows: a file has at most 2^23 bytes, times 33, and
  // a repeat 10^6 iterations.
  const bool first = things_ == 0;
  things_ += std::max<std::size_t>(one.things, 1) * times;
  bytes_ += one.bytes * times;
  const std::string_view makes = first ? "makes" : "and those before it make";
  if (things_ > kMostThings)
    context.fail(where,
                 fmt::format("this repeat {} over {} things; a lab has at most that many namespaces, devices and "
                             "values of their keys",
                             makes, kMostThings));
  if (bytes_ > kMostText)
    context.fail(where, fmt::format("this repeat {} over {} MiB of text; names and strings of a lab have at most that",
                                    makes, kMostText >> 20));
}

}  // namespace netrig::config
