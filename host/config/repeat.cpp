// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "config/bounds.hpp"
#include "config/parts.hpp"

namespace netrig::config {
namespace {

constexpr std::size_t kMostVariables = 16;
constexpr std::array<std::string_view, 5> kKeys = {"for", "namespace", "device", "test", "service"};

struct Range {
  std::string name;
  std::int64_t first = 0;
  std::int64_t last = 0;
  Position where;
};

Range read_range(const toml::key& key, const toml::node& node, const Context& context) {
  const auto* text = node.as_string();
  const Position where = position_of(node);
  if (text == nullptr) context.fail(where, fmt::format("range {} is {}; write \"0..9\"", key.str(), type_of(node)));
  const std::string& range = text->get();
  const std::size_t dots = range.find("..");
  const auto number = [&](std::string_view digits) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size())
      context.fail(where, fmt::format("range \"{}\" is not FIRST..LAST; write \"0..9\"", range));
    return value;
  };
  if (dots == std::string::npos)
    context.fail(where, fmt::format("range \"{}\" is not FIRST..LAST; write \"0..9\"", range));
  Range result{.name = std::string(key.str()),
               .first = number(std::string_view(range).substr(0, dots)),
               .last = number(std::string_view(range).substr(dots + 2)),
               .where = where};
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (result.name.empty() || (result.name.front() >= '0' && result.name.front() <= '9') ||
      !std::all_of(result.name.begin(), result.name.end(), is_word))
    context.fail(position_of(key),
                 fmt::format("\"{}\" cannot be a variable; use letters, digits and '_'", result.name));
  if (result.first > result.last)
    context.fail(where, fmt::format("range \"{}\" runs backwards; write \"{}..{}\"", range, result.last, result.first));
  return result;
}

std::vector<Range> read_ranges(const Table& repeat) {
  const auto* ranges = repeat.table("for");
  if (ranges == nullptr || ranges->empty())
    repeat.fail(repeat.where(), "[[repeat]] has no variable; write for = { i = \"0..9\" }");
  if (ranges->size() > kMostVariables)
    repeat.fail(repeat.where("for"),
                fmt::format("[[repeat]] has {} variables; it can have {}", ranges->size(), kMostVariables));
  std::vector<Range> result;
  for (const auto& [key, node] : in_file_order(*ranges)) result.push_back(read_range(*key, *node, repeat.context()));
  return result;
}

/// How often the body is read.
std::size_t iterations(const std::vector<Range>& ranges, const Table& repeat) {
  std::int64_t count = 1;
  for (const Range& range : ranges) {
    std::int64_t length = 0;
    if (__builtin_sub_overflow(range.last, range.first, &length) ||
        __builtin_add_overflow(length, std::int64_t{1}, &length) || __builtin_mul_overflow(count, length, &count) ||
        count > static_cast<std::int64_t>(kMostThings))
      repeat.fail(range.where,
                  fmt::format("this repeat makes over {} things; a lab has at most that many", kMostThings));
  }
  return static_cast<std::size_t>(count);
}

void run(const toml::table& body, const std::vector<Range>& ranges, std::size_t depth, Variables& variables,
         const Context& context, const std::function<void(const toml::table&, const Context&)>& each) {
  if (depth == ranges.size()) {
    each(body, context);
    return;
  }
  for (std::int64_t value = ranges[depth].first;; ++value) {
    variables[depth].second = value;
    run(body, ranges, depth + 1, variables, context, each);
    if (value == ranges[depth].last) return;
  }
}

}  // namespace

std::vector<std::pair<const toml::key*, const toml::node*>> in_file_order(const toml::table& table) {
  std::vector<std::pair<const toml::key*, const toml::node*>> entries;
  for (auto&& [key, node] : table) entries.emplace_back(&key, &node);
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    const auto at = [](const auto& entry) {
      return std::pair(entry.first->source().begin.line, entry.first->source().begin.column);
    };
    return at(a) < at(b);
  });
  return entries;
}

void check_repeats(const toml::table& root, const Context& outside) {
  const auto* repeats = Table(root, "the file", outside).array("repeat");
  if (repeats == nullptr) return;
  Budget budget;
  for_each_table(*repeats, "[[repeat]]", outside, [&](const Table& repeat) {
    repeat.allow(kKeys);
    const std::vector<Range> ranges = read_ranges(repeat);
    budget.spend(repeat.raw(), iterations(ranges, repeat), ranges.front().where, outside);
  });
}

void for_each_body(const toml::table& root, const Context& outside,
                   const std::function<void(const toml::table&, const Context&)>& each) {
  each(root, outside);
  const Table file(root, "the file", outside);
  const auto* repeats = file.array("repeat");
  if (repeats == nullptr) return;
  for_each_table(*repeats, "[[repeat]]", outside, [&](const Table& repeat) {
    const std::vector<Range> ranges = read_ranges(repeat);
    Variables variables;
    for (const Range& range : ranges) variables.emplace_back(range.name, range.first);
    Context inside = outside;
    inside.variables = &variables;
    run(repeat.raw(), ranges, 0, variables, inside, each);
  });
}

}  // namespace netrig::config
