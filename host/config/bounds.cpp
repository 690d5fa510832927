// SPDX-License-Identifier: Apache-2.0
#include "config/bounds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

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

/// An expression takes at most 32 bytes, as wide as {i:032} can be, unless it names a string.
std::size_t expanded_size(std::string_view text, std::size_t longest) {
  return text.size() +
         std::max<std::size_t>(32, longest) * static_cast<std::size_t>(std::count(text.begin(), text.end(), '{'));
}

/// Of all strings in it.
std::size_t longest_in(const toml::node& node) {
  std::size_t longest = 0;
  if (const auto* text = node.as_string()) longest = text->get().size();
  if (const auto* list = node.as_array())
    for (const toml::node& element : *list) longest = std::max(longest, longest_in(element));
  if (const auto* table = node.as_table())
    for (const auto& [key, value] : *table) longest = std::max(longest, longest_in(value));
  return longest;
}

/// Of all strings that variables of a `for` can have.
std::size_t longest_variable(const toml::node& node) {
  std::size_t longest = 0;
  if (const auto* list = node.as_array())
    for (const toml::node& element : *list) longest = std::max(longest, longest_variable(element));
  if (const auto* table = node.as_table())
    for (const auto& [key, value] : *table)
      longest = std::max(longest, key == "for" ? longest_in(value) : longest_variable(value));
  return longest;
}

bool has_loops(const toml::node& node, const tomlfile::Context& context) {
  if (const auto* list = node.as_array())
    return std::any_of(list->begin(), list->end(), [&](const toml::node& element) {
      return tomlfile::loop_of(element, context) != nullptr || has_loops(element, context);
    });
  if (const auto* table = node.as_table())
    return std::any_of(table->begin(), table->end(),
                       [&](const auto& entry) { return has_loops(entry.second, context); });
  return false;
}

bool holds_node(const tomlfile::Variable& one) { return std::holds_alternative<const toml::node*>(one.value); }

bool goes_over_tables(const toml::table& loops) {
  return std::any_of(loops.begin(), loops.end(), [](const auto& loop) {
    const auto* list = loop.second.as_array();
    return list != nullptr && std::any_of(list->begin(), list->end(), [](const auto& one) { return one.is_table(); });
  });
}

}  // namespace

void check_shape(std::string_view text, const std::string& name) { Shape(text, name).check(); }

/// Whether an expression can stand for a list or a table.
bool Budget::names_nodes(const tomlfile::Context& context) const {
  if (context.variables == nullptr) return false;
  return globals_hold_nodes_ || std::any_of(context.variables->begin(), context.variables->end(), holds_node);
}

Budget::Cost Budget::cost_of(const toml::node& node) const { return cost_of(node, {.is_expanded = true}); }

/// All of a node but what its own loops make, which is taken off by itself. Of what is too much it may be less.
Budget::Cost Budget::cost_of(const toml::node& node, const tomlfile::Context& context) const {
  Cost cost{.things = 1};
  const auto add = [&](const toml::node& part, bool may_be_secret = false) {
    if (is_over(cost)) return;
    const Cost of_part = cost_of(part, may_be_secret ? context.veil() : context);
    cost.things += of_part.things;
    cost.bytes += of_part.bytes;
  };
  if (const auto* text = node.as_string()) {
    cost.bytes += tomlfile::is_literal(*text) ? text->get().size() : expanded_size(text->get(), longest_);
    // What names a list stands for all of it.
    if (!is_over(cost) && names_nodes(context))
      if (const toml::node& found = context.resolved(node); &found != &node) add(found);
  }
  if (const auto* list = node.as_array())
    for (const toml::node& element : *list)
      if (tomlfile::loop_of(element, context) == nullptr) add(element);
  if (const auto* table = node.as_table())
    for (const auto& [key, value] : *table) {
      if (table == context.element && (key == "for" || key == "when")) continue;
      cost.bytes += expanded_size(key.str(), longest_);
      add(value, !context.veils.empty() && key == context.veils);
    }
  return cost;
}

/// Strings of a `for` may be longer than the file has them, for they are expanded themselves.
void Budget::heed(const tomlfile::Context& context) {
  if (context.variables == nullptr) return;
  for (const tomlfile::Variable& one : *context.variables)
    if (const auto* text = std::get_if<std::string>(&one.value)) longest_ = std::max(longest_, text->size());
}

void Budget::take(const Cost& cost, Position where, std::string_view what, const tomlfile::Context& context) {
  // No sum overflows: one round costs at most what a file can hold, times the longest string in it.
  things_ += std::max<std::size_t>(cost.things, 1);
  bytes_ += cost.bytes;
  if (things_ > kMostThings)
    context.fail(where, fmt::format("{} over {} things; a lab has at most that many namespaces, devices and values of "
                                    "their keys",
                                    what, kMostThings));
  if (bytes_ > kMostText)
    context.fail(where, fmt::format("{} over {} MiB of text; names and strings of a lab have at most that", what,
                                    kMostText >> 20));
}

void Budget::spend_loops(const toml::node& node, const tomlfile::Context& context) {
  if (const auto* table = node.as_table())
    for (const auto& [key, value] : *table)
      if (table != context.element || (key != "for" && key != "when")) spend_loops(value, context);
  const auto* list = node.as_array();
  if (list == nullptr) return;
  for (const toml::node& element : *list) {
    const toml::table* loop = tomlfile::loop_of(element, context);
    if (loop == nullptr) {
      spend_loops(element, context);
      continue;
    }
    const toml::node* rounds = loop->get("for");
    const Position where = tomlfile::position_of(rounds == nullptr ? element : *rounds);
    tomlfile::for_each_round(*loop, "the element", context, [&](const tomlfile::Context& inside) {
      heed(inside);
      const toml::node& value = tomlfile::looped(*loop);
      take(cost_of(value, inside), where, "this and what stands before it make", context);
      spend_loops(value, inside);
    });
  }
}

void Budget::spend_repeat(const toml::table& repeat, const tomlfile::Context& context) {
  const std::string_view what =
      repeats_++ == 0 && things_ == 0 ? "this repeat makes" : "this repeat and those before it make";
  const auto* loops = repeat.get_as<toml::table>("for");
  const Position where = loops == nullptr || loops->empty()
                             ? tomlfile::position_of(repeat)
                             : tomlfile::position_of(*tomlfile::in_file_order(*loops).front().second);
  // What is alike in every round is counted once.
  const bool is_alike =
      !globals_hold_nodes_ && (loops == nullptr || !goes_over_tables(*loops)) && !has_loops(repeat, context);
  std::optional<Cost> once;
  std::size_t longest = 0;
  tomlfile::for_each_round(repeat, "[[repeat]]", context, [&](const tomlfile::Context& inside) {
    heed(inside);
    if (!once || !is_alike || longest != longest_) {
      once = Cost{};
      longest = longest_;
      for (const auto& [key, value] : repeat) {
        if (key == "for" || key == "when") continue;
        // The heading of all namespaces is none itself.
        const Cost cost = cost_of(value, inside);
        const std::size_t is_heading = value.is_table() ? 1 : 0;
        once->things += cost.things - is_heading;
        once->bytes += cost.bytes;
      }
    }
    take(*once, where, what, context);
    if (!is_alike) spend_loops(repeat, inside);
  });
}

void Budget::spend(const toml::table& root, const tomlfile::Context& outside) {
  tomlfile::Context context = outside;
  context.rounds = &rounds_;
  if (context.globals != nullptr)
    for (const tomlfile::Variable& one : *context.globals) {
      if (const auto* text = std::get_if<std::string>(&one.value)) longest_ = std::max(longest_, text->size());
      if (const auto* node = std::get_if<const toml::node*>(&one.value))
        longest_ = std::max(longest_, longest_in(**node));
      globals_hold_nodes_ = globals_hold_nodes_ || holds_node(one);
    }
  longest_ = std::max(longest_, longest_variable(root));
  for (const auto& [key, value] : root)
    if (key != "repeat" && key != "vars") spend_loops(value, context);
  if (const auto* repeats = root.get_as<toml::array>("repeat"))
    for (const toml::node& repeat : *repeats)
      if (repeat.is_table()) spend_repeat(*repeat.as_table(), context);
}

}  // namespace netrig::config
