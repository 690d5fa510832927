// SPDX-License-Identifier: Apache-2.0
#include "toml/loops.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "model/names.hpp"
#include "toml/table.hpp"

namespace netrig::tomlfile {
namespace {

constexpr std::size_t kLongExpression = 64;

using Entries = std::vector<std::pair<const toml::key*, const toml::node*>>;

/// The rounds of one `for`, outermost variable first.
class Rounds {
 public:
  Rounds(const toml::table& table, std::string_view what, const Context& outside,
         const std::function<void(const Context&)>& each)
      : when_(table.get("when")), inside_(outside), each_(each) {
    inside_.element = &table;
    if (outside.variables != nullptr) variables_ = *outside.variables;
    const toml::node* loops = table.get("for");
    if (loops == nullptr) return;
    if (!loops->is_table() || loops->as_table()->empty())
      outside.fail(position_of(*loops), fmt::format("{} has no variable; write for = {{ i = \"0..9\" }}", what));
    if (loops->as_table()->size() > kMostVariables)
      outside.fail(position_of(*loops),
                   fmt::format("{} has {} variables; it can have {}", what, loops->as_table()->size(), kMostVariables));
    loops_ = in_file_order(*loops->as_table());
    for (const auto& [key, node] : loops_) check_name(*key);
    outer_ = variables_.size();
    // Grows no more from here on, for contexts point at it.
    variables_.reserve(outer_ + loops_.size());
    inside_.variables = &variables_;
  }

  void run() { run(0); }

 private:
  void check_name(const toml::key& key) const {
    const std::string_view name = key.str();
    if (!is_variable_name(name))
      inside_.fail(position_of(key), fmt::format("\"{}\" cannot be a variable; use letters, digits and '_'", name));
    for (const Variable& other : variables_)
      if (other.name == name)
        inside_.fail(position_of(key), fmt::format("variable \"{}\" is there already, further out", name));
  }

  void run(std::size_t depth) {
    if (depth == loops_.size()) {
      if (holds()) each_(inside_);
      return;
    }
    const auto& [key, node] = loops_[depth];
    variables_.resize(outer_ + depth);
    if (const auto* list = node->as_array())
      over(depth, *list);
    else if (const auto* text = node->as_string())
      over(depth, text->get());
    else
      inside_.fail(position_of(*node), fmt::format("range {} is {}; write \"0..9\"", key->str(), type_of(*node)));
    variables_.resize(outer_ + depth);
  }

  /// Long expressions take long, too.
  void count(const toml::node& node, std::size_t rounds) const {
    if (inside_.rounds == nullptr || rounds == 0) return;
    *inside_.rounds += rounds;
    if (*inside_.rounds > kMostRounds)
      inside_.fail(position_of(node),
                   fmt::format("this for, and those before it, go over {} values; let fewer of them come to nothing",
                               kMostRounds));
  }

  void round(std::size_t depth, Value value, std::int64_t ordinal) {
    count(*loops_[depth].second, 1);
    if (variables_.size() > outer_ + depth + 1) variables_.resize(outer_ + depth + 1);
    if (variables_.size() == outer_ + depth) variables_.push_back({.name = std::string(loops_[depth].first->str())});
    variables_.back().value = std::move(value);
    variables_.back().ordinal = ordinal;
    run(depth + 1);
  }

  /// A string of the list. What the file says may be long; what braces make of those before it would double with each.
  std::string expanded(const toml::value<std::string>& text) const {
    if (is_literal(text)) return text.get();
    std::string value =
        inside_.expanded(text.get(), position_of(text), std::max(kLongestValue, text.get().size())).value;
    count(text, value.size() / kLongExpression);
    return value;
  }

  void over(std::size_t depth, const toml::array& list) {
    std::int64_t ordinal = 0;
    for (const toml::node& element : list) {
      Value value = value_of(element);
      if (const auto* text = element.as_string()) value = expanded(*text);
      if (element.is_array() || element.is_floating_point() || element.is_date() || element.is_time() ||
          element.is_date_time())
        inside_.fail(position_of(element),
                     fmt::format("for goes over integers, strings and tables, not over {}", type_of(element)));
      round(depth, std::move(value), ++ordinal);
    }
  }

  void over(std::size_t depth, const std::string& text) {
    const toml::node& node = *loops_[depth].second;
    const Position where = position_of(node);
    const std::size_t dots = text.find("..");
    if (dots == std::string::npos) return over(depth, named_list(text, node));
    const bool is_computed = text.find('{') != std::string::npos;
    count(node, text.size() / kLongExpression);
    const std::int64_t first = bound(text.substr(0, dots), text, where);
    const std::int64_t last = bound(text.substr(dots + 2), text, where);
    if (first > last) {
      // What is computed may come to nothing: {i+1}..5.
      if (is_computed) return;
      inside_.fail(where, fmt::format("range \"{}\" runs backwards; write \"{}..{}\"", text, last, first));
    }
    for (std::int64_t value = first;; ++value) {
      round(depth, value, value - first + 1);
      if (value == last) return;
    }
  }

  std::int64_t bound(const std::string& digits, const std::string& range, Position where) const {
    const std::string text =
        digits.find('{') == std::string::npos ? digits : inside_.expanded(digits, where, kLongestValue).value;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) no_range(range, where);
    return value;
  }

  [[noreturn]] void no_range(const std::string& text, Position where) const {
    std::vector<std::string> lists;
    for (const Variables* all : {inside_.variables, inside_.globals})
      if (all != nullptr)
        for (const Variable& one : *all)
          if (const auto* found = std::get_if<const toml::node*>(&one.value); found != nullptr && (*found)->is_array())
            lists.push_back(one.name);
    const auto hint = closest(text, lists);
    inside_.fail(where, fmt::format("range \"{}\" is not FIRST..LAST; write \"0..9\"{}", text,
                                    hint            ? fmt::format("; did you mean \"{}\" of [vars]?", *hint)
                                    : lists.empty() ? ""
                                                    : ", or the name of a list in [vars]"));
  }

  /// "sites", or "{site.hosts}".
  const toml::array& named_list(const std::string& text, const toml::node& node) const {
    const Position where = position_of(node);
    const auto inside = lone_expression(text);
    if (!inside && !is_variable_name(text)) no_range(text, where);
    Value value;
    if (inside) {
      value = *inside_.lone_value(node);
    } else {
      const Variable* found = inside_.scope().find(text);
      if (found == nullptr) no_range(text, where);
      value = found->value;
    }
    const auto* list = std::get_if<const toml::node*>(&value);
    if (list == nullptr || !(*list)->is_array())
      inside_.fail(where, fmt::format("\"{}\" is {}, not a list to go over", text, in_words(value)));
    return *(*list)->as_array();
  }

  bool holds() const {
    if (when_ == nullptr) return true;
    const auto* text = when_->as_string();
    const auto inside = text == nullptr ? std::nullopt : lone_expression(text->get());
    if (!inside) inside_.fail(position_of(*when_), "when is not one expression; write when = \"{i != j}\"");
    Value value;
    try {
      std::size_t copied = 0;
      value = evaluate(*inside, {inside_.variables, inside_.globals, &copied});
      count(*when_, (inside->size() + copied) / kLongExpression);
    } catch (const ExpansionError& error) {
      inside_.fail(position_of(*when_), error.what());
    }
    if (const auto* number = std::get_if<std::int64_t>(&value)) return *number != 0;
    if (const auto* boolean = std::get_if<bool>(&value)) return *boolean;
    inside_.fail(position_of(*when_),
                 fmt::format("when is {}; it takes a comparison or a number, 0 for no", in_words(value)));
  }

  const toml::node* when_;
  Context inside_;
  const std::function<void(const Context&)>& each_;
  Entries loops_;
  Variables variables_;
  std::size_t outer_ = 0;
};

}  // namespace

Entries in_file_order(const toml::table& table) {
  Entries entries;
  entries.reserve(table.size());
  for (auto&& [key, node] : table) entries.emplace_back(&key, &node);
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    const auto at = [](const auto& entry) {
      return std::pair(entry.first->source().begin.line, entry.first->source().begin.column);
    };
    return at(a) < at(b);
  });
  return entries;
}

void for_each_round(const toml::table& table, std::string_view what, const Context& outside,
                    const std::function<void(const Context&)>& each) {
  Rounds(table, what, outside, each).run();
}

const toml::node& looped(const toml::table& element) {
  const std::size_t own =
      static_cast<std::size_t>(element.contains("for")) + static_cast<std::size_t>(element.contains("when"));
  const toml::node* value = element.get("value");
  return value != nullptr && element.size() == own + 1 ? *value : element;
}

std::size_t count_elements(const toml::array& list, const Context& context) {
  std::size_t count = 0;
  for_each_element(list, context, [&](const toml::node&, const Context&) { ++count; });
  return count;
}

}  // namespace netrig::tomlfile
