// SPDX-License-Identifier: Apache-2.0
#include "toml/table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "model/names.hpp"
#include "model/parameter.hpp"
#include "model/size.hpp"

namespace netrig::tomlfile {

toml::table parse(std::string_view text, const std::string& name, std::uint16_t file) {
  try {
    // What toml++ takes for the path is where a position's file is read from: a number is no longer than it must be.
    return toml::parse(text, file == 0 ? std::string() : fmt::format("{}", file));
  } catch (const toml::parse_error& error) {
    std::string message(error.description());
    // The parser begins with what it was at; ours begin with what is wrong.
    if (message.starts_with("Error while parsing ")) message = "syntax: in " + message.substr(20);
    if (message.find("could not determine value type") != std::string::npos) message += "; text stands in quotes";
    if (message.find("in inline table") != std::string::npos && message.find("\\n") != std::string::npos)
      message += "; an inline table { ... } ends on its line, break lines inside [ ... ] instead";
    throw Error(ErrorCode::invalid, message,
                fmt::format("{}:{}:{}", name, error.source().begin.line, error.source().begin.column));
  }
}

std::string type_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::boolean:
      return "a boolean";
    case toml::node_type::none:
      return "nothing";
    default:
      return "a date or time";
  }
}

namespace {

/// As somebody else would write it: "MTUBytes" and "mtu-bytes" are one.
std::string plain(std::string_view key) {
  std::string word;
  for (const char c : key)
    if (c != '_' && c != '-') word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return word;
}

/// What `key` is likely meant to be.
std::optional<std::string> meant(std::string_view key, std::span<const std::string_view> known,
                                 std::span<const Synonym> synonyms) {
  const auto is_known = [&](std::string_view one) { return std::find(known.begin(), known.end(), one) != known.end(); };
  const std::string word = plain(key);
  for (const std::string_view one : known)
    if (plain(one) == word) return std::string(one);
  for (const Synonym& synonym : synonyms)
    if (synonym.word == word && is_known(synonym.key)) return std::string(synonym.key);
  return closest(key, known);
}

}  // namespace

void Table::allow(const Section& section) const {
  for (const auto& [key, node] : *table_) {
    if (section.has(key.str())) continue;
    if (table_ == context_->element && (key == "for" || key == "when")) continue;
    const std::vector<std::string_view> known = section.names();
    const auto hint = meant(key.str(), known, context_->synonyms);
    const Position where = position_of(key);
    const std::string message = fmt::format(
        "unknown key \"{}\" in {}; {}", key.str(), what_,
        hint ? fmt::format("did you mean \"{}\"?", *hint) : fmt::format("it can have {}", fmt::join(known, ", ")));
    context_->guard([&] { context_->fail(where, message); });
  }
}

std::string Table::type_fault(std::string_view key, std::string_view wanted) const {
  return fmt::format("{} is {}; write {}", key, type_of(*table_->get(key)), wanted);
}

const toml::node* Table::get(std::string_view key) const {
  const toml::node* node = table_->get(key);
  return node == nullptr ? nullptr : &context_->resolved(*node);
}

std::optional<Text> Table::text(std::string_view key) const {
  const toml::node* node = table_->get(key);
  if (node == nullptr) return std::nullopt;
  if (node->is_string()) return context_->expanded(*node);
  wrong(position_of(*node), type_fault(key, "a string in quotes"));
  return std::nullopt;
}

Text Table::required_text(std::string_view key) const {
  auto found = text(key);
  if (!found) context_->fail(where(), fmt::format("{} has no \"{}\"", what_, key));
  return std::move(*found);
}

std::vector<Text> Table::texts(std::string_view key) const {
  std::vector<Text> all;
  const auto* list = array(key);
  if (list == nullptr) return all;
  for_each_element(*list, *context_, [&](const toml::node& node, const Context& inside) {
    if (!node.is_string())
      inside.fail(position_of(node), fmt::format("{} is a list of strings, not of {}", key, type_of(node)));
    all.push_back(inside.expanded(node));
  });
  return all;
}

std::optional<std::int64_t> Table::integer(std::string_view key, std::int64_t least, std::int64_t most) const {
  const toml::node* node = table_->get(key);
  if (node == nullptr) return std::nullopt;
  std::int64_t value = 0;
  if (const auto* integer = node->as_integer()) {
    value = integer->get();
  } else if (context_->computes(*node)) {
    const Text expanded = context_->expanded(*node);
    const auto [end, error] =
        std::from_chars(expanded.value.data(), expanded.value.data() + expanded.value.size(), value);
    if (error != std::errc{} || end != expanded.value.data() + expanded.value.size()) {
      wrong(position_of(*node), fmt::format("{} = \"{}\" is not an integer", key, expanded.value));
      return std::nullopt;
    }
    context_->read_as(*node, expanded.value);
  } else {
    wrong(position_of(*node), type_fault(key, "an integer without quotes"));
    return std::nullopt;
  }
  if (value >= least && value <= most) return value;
  wrong(position_of(*node), fmt::format("{} = {} is out of range; it can be {} to {}", key, value, least, most));
  return std::nullopt;
}

std::optional<bool> Table::boolean(std::string_view key) const {
  const toml::node* node = table_->get(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* value = node->as_boolean()) return value->get();
  if (!context_->computes(*node)) {
    wrong(position_of(*node), type_fault(key, "true or false without quotes"));
    return std::nullopt;
  }
  const Text expanded = context_->expanded(*node);
  const bool is_true = expanded.value == "true" || expanded.value == "1";
  if (!is_true && expanded.value != "false" && expanded.value != "0") {
    wrong(expanded.where, fmt::format("{} = \"{}\" is neither true nor false", key, expanded.value));
    return std::nullopt;
  }
  context_->read_as(*node, is_true ? "true" : "false");
  return is_true;
}

Given<std::uint32_t> Table::number(std::string_view key, std::uint32_t least, std::uint32_t most) const {
  const auto value = integer(key, least, most);
  if (!value) return {};
  return {static_cast<std::uint32_t>(*value), where(key)};
}

Given<bool> Table::flag(std::string_view key) const {
  const auto value = boolean(key);
  if (!value) return {};
  return {*value, where(key)};
}

const toml::table* Table::table(std::string_view key) const {
  const toml::node* node = get(key);
  if (node == nullptr) return nullptr;
  if (!node->is_table()) fail(position_of(*table_->get(key)), type_fault(key, "a table: { key = value }"));
  return node->as_table();
}

const toml::array* Table::array(std::string_view key) const {
  const toml::node* node = get(key);
  if (node == nullptr) return nullptr;
  if (!node->is_array()) {
    const toml::table* one = node->as_table();
    const bool is_header = one != nullptr && !one->is_inline();
    fail(position_of(*table_->get(key)),
         type_fault(key, is_header ? "its header with two brackets: [[ ... ]]" : "a list: [ ... ]"));
  }
  return node->as_array();
}

std::optional<std::size_t> Table::choice(std::string_view key, const std::vector<std::string_view>& words) const {
  const auto found = text(key);
  if (!found) return std::nullopt;
  const auto word = std::find(words.begin(), words.end(), found->value);
  if (word != words.end()) return static_cast<std::size_t>(word - words.begin());
  wrong(found->where,
        fmt::format("{} = \"{}\" is not known; it can be \"{}\"", key, found->value, fmt::join(words, "\", \"")));
  return std::nullopt;
}

std::optional<std::int64_t> Table::duration(std::string_view key) const {
  const auto found = text(key);
  if (!found) return std::nullopt;
  const auto value = parse_duration(found->value);
  if (!value)
    wrong(found->where,
          fmt::format("{} = \"{}\" is not a duration; write a number and a unit, as in \"2s\" or \"50ms\"", key,
                      found->value));
  return value;
}

std::optional<std::int64_t> Table::rate(std::string_view key) const {
  const auto found = text(key);
  if (!found) return std::nullopt;
  const auto value = parse_rate(found->value);
  if (!value && found->value.ends_with("bps"))
    if (const auto bytes = parse_rate(found->value.substr(0, found->value.size() - 3) + "bit");
        bytes && *bytes <= INT64_MAX / 8)
      context_->fail(found->where, fmt::format("{} = \"{}\" is not a rate: bps are bytes a second in tc; write \"{}\"",
                                               key, found->value, format_rate(*bytes * 8)));
  if (!value)
    wrong(found->where,
          fmt::format("{} = \"{}\" is not a rate; write a number and a unit, as in \"100Mbit\"", key, found->value));
  return value;
}

std::optional<std::uint64_t> Table::size(std::string_view key, std::uint64_t least, std::uint64_t most) const {
  const toml::node* node = table_->get(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_string()) {
    const auto bytes = integer(key, static_cast<std::int64_t>(least), static_cast<std::int64_t>(most));
    return bytes ? std::optional(static_cast<std::uint64_t>(*bytes)) : std::nullopt;
  }
  const Text found = context_->expanded(*node);
  const auto bytes = parse_size(found.value, most);
  if (bytes && *bytes >= least) return bytes;
  const auto meant = bytes ? std::nullopt : parse_tc_size(found.value, most);
  wrong(found.where, meant ? fmt::format("{} = \"{}\" is a size as tc(8) writes it, {} bytes; write \"{}\"", key,
                                         found.value, *meant, format_size(*meant))
                           : fmt::format("{} = \"{}\" is no size from {} to {}; write bytes, \"64KiB\" or \"1MiB\"",
                                         key, found.value, format_size(least), format_size(most)));
  return std::nullopt;
}

}  // namespace netrig::tomlfile
