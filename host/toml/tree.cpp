// SPDX-License-Identifier: Apache-2.0
#include "toml/tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "toml/loops.hpp"
#include "toml/table.hpp"

namespace netrig::tomlfile {

// toml++ lets its parser alone say where a node stands. An explicit instantiation may name what is private
// ([temp.explicit]/12), so this does without parsing again what was just expanded.
void put_source_region(toml::node& node, const toml::source_region& at);
template <toml::source_region toml::node::*Member>
struct Opened {
  friend void put_source_region(toml::node& node, const toml::source_region& at) { node.*Member = at; }
};
template struct Opened<&toml::node::source_>;

namespace {

// Two bits that toml++ has no use for: its own say how an integer was written, and a string has none.
constexpr auto kLiteral = static_cast<toml::value_flags>(0x100);
constexpr auto kComputed = static_cast<toml::value_flags>(0x300);

bool has(const toml::value<std::string>& text, toml::value_flags flags) {
  return (static_cast<unsigned>(text.flags()) & static_cast<unsigned>(flags)) == static_cast<unsigned>(flags);
}

Position position(const toml::source_region& at) {
  constexpr std::uint32_t kRightmost = 65535;
  Position where{.line = at.begin.line, .column = static_cast<std::uint16_t>(std::min(at.begin.column, kRightmost))};
  // tomlfile::parse says so of all files but the first.
  if (at.path) std::from_chars(at.path->data(), at.path->data() + at.path->size(), where.file);
  return where;
}

template <typename Put>
void materialise(const toml::node& node, const Context& context, Put&& put);

toml::array materialised_list(const toml::array& list, const Context& context) {
  toml::array result;
  put_source(result, list.source());
  for_each_element(list, context, [&](const toml::node& element, const Context& inside) {
    materialise(element, inside, [&](auto&& value) { result.push_back(std::forward<decltype(value)>(value)); });
  });
  return result;
}

/// Calls put(value) with what a node becomes, whatever type that is.
template <typename Put>
void materialise(const toml::node& node, const Context& context, Put&& put) {
  const toml::node& found = context.resolved(node);
  // What [vars] have is not expanded: its strings are literal.
  if (const auto* table = found.as_table()) return put(materialised(*table, context));
  if (const auto* list = found.as_array()) return put(materialised_list(*list, context));
  if (const auto* text = found.as_string()) {
    const bool is_new = !is_literal(*text) && context.variables != nullptr;
    toml::value<std::string> value(context.expanded(found).value);
    value.flags(is_new ? kComputed : is_literal(*text) ? text->flags() : kLiteral);
    put_source(value, node.source());
    return put(std::move(value));
  }
  found.visit([&](const auto& value) {
    if constexpr (!toml::is_table<decltype(value)> && !toml::is_array<decltype(value)>) {
      auto copy = value;
      put_source(copy, node.source());
      put(std::move(copy));
    }
  });
}

std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      result += fmt::format("\\{}", c);
    else if (c == '\n')
      result += "\\n";
    else if (byte < 0x20 || byte == 0x7f)
      result += fmt::format("\\u{:04X}", byte);
    else
      result += c;
  }
  return result + "\"";
}

std::string joined(const std::vector<std::string>& parts) { return fmt::format("{}", fmt::join(parts, ", ")); }

}  // namespace

Position position_of(const toml::node& node) { return position(node.source()); }
Position position_of(const toml::key& key) { return position(key.source()); }

bool is_literal(const toml::value<std::string>& text) { return has(text, kLiteral); }
bool is_computed(const toml::value<std::string>& text) { return has(text, kComputed); }

void make_literal(toml::node& node) {
  if (auto* text = node.as_string()) text->flags(kComputed);
  if (auto* list = node.as_array())
    for (toml::node& element : *list) make_literal(element);
  if (auto* table = node.as_table())
    for (auto&& [key, value] : *table) make_literal(value);
}

void put_source(toml::node& node, const toml::source_region& at) { put_source_region(node, at); }

toml::value<std::string> literal(std::string text, const toml::source_region& at) {
  toml::value<std::string> value(std::move(text));
  value.flags(kLiteral);
  put_source(value, at);
  return value;
}

toml::table materialised(const toml::table& table, const Context& context) {
  toml::table result;
  put_source(result, table.source());
  for (const auto& [key, node] : table) {
    if (&table == context.element && (key == "for" || key == "when")) continue;
    const toml::key name(context.expanded(key.str(), position_of(key)).value, key.source());
    const Position where = position_of(key);
    const bool veils = !context.veils.empty() && key == context.veils;
    materialise(node, veils ? context.veil() : context, [&](auto&& value) {
      if (!result.insert(name, std::forward<decltype(value)>(value)).second)
        context.fail(where, fmt::format("key \"{}\" is there twice", name.str()));
    });
  }
  return result;
}

toml::table copied(const toml::table& table) { return materialised(table, Context{.is_expanded = true}); }

void overlay(toml::table& base, toml::table top) {
  for (auto&& [key, node] : top) {
    toml::node* below = base.get(key.str());
    if (below != nullptr && below->is_table() && node.is_table()) {
      overlay(*below->as_table(), std::move(*node.as_table()));
      continue;
    }
    base.erase(key.str());  // so that the key stands where its value does
    node.visit([&, &name = key](auto& value) { base.insert(name, std::move(value)); });
  }
}

std::string written_key(std::string_view key) {
  const auto is_bare = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !key.empty() && std::all_of(key.begin(), key.end(), is_bare) ? std::string(key) : in_quotes(key);
}

std::string written(const toml::node& node, const Bare& bare) {
  constexpr std::size_t kLine = 100;
  if (const auto found = bare.find(&node); found != bare.end()) return found->second;
  if (const auto* text = node.as_string()) return in_quotes(text->get());
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
  if (const auto* number = node.as_floating_point()) {
    std::string text = fmt::format("{}", number->get());
    return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
  }
  std::vector<std::string> parts;
  if (const auto* list = node.as_array()) {
    std::size_t size = 0;
    for (const toml::node& element : *list) {
      parts.push_back(written(element, bare));
      size += parts.back().size() + 2;
    }
    if (size <= kLine) return "[" + joined(parts) + "]";
    return fmt::format("[\n  {},\n]", fmt::join(parts, ",\n  "));
  }
  if (const auto* table = node.as_table()) {
    for (const auto& [key, value] : in_file_order(*table))
      parts.push_back(fmt::format("{} = {}", written_key(key->str()), written(*value, bare)));
    return parts.empty() ? "{}" : "{ " + joined(parts) + " }";
  }
  return "\"\"";  // dates and times, which no key takes
}

}  // namespace netrig::tomlfile
