// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <charconv>

#include "config/parts.hpp"

namespace netrig::config {
namespace {

/// "16" or "0x10".
std::optional<std::uint32_t> number_of(std::string_view text) {
  const bool is_hex = text.starts_with("0x") || text.starts_with("0X");
  if (is_hex) text.remove_prefix(2);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, is_hex ? 16 : 10);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<NumberRange> read_number_range(const Table& table, std::string_view key, std::uint32_t least,
                                             std::uint32_t most) {
  const toml::node* node = table.get(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_integer()) return number_range(*node, key, least, most, table.context());
  const auto value = table.number(key, least, most);
  return value ? std::optional(NumberRange{*value, *value}) : std::nullopt;
}

std::string read_link_name(const Table& table, std::string_view key) {
  const auto name = table.text(key);
  if (!name) return {};
  if (const auto fault = interface_name_fault(name->value))
    table.fail(name->where, fmt::format("interface name \"{}\" {}", name->value, *fault));
  return name->value;
}

/// Of the addresses, else as the file says, else IPv4.
void read_selector(const Table& table, Rule& rule) {
  const auto family = table.choice("family", {"ipv4", "ipv6"});
  std::optional<Family> found;
  if (family) found = *family == 0 ? Family::ipv4 : Family::ipv6;
  for (const auto& [key, prefix] : {std::pair{"from", &rule.from}, {"to", &rule.to}}) {
    const auto text = table.text(key);
    if (!text) continue;
    const Prefix given = destination_prefix(*text, table.context());
    if (found && *found != given.address.family)
      table.fail(text->where, fmt::format("{} {} is of another family than the rule", key, given.str()));
    found = given.address.family;
    // The kernel keeps no prefix that all addresses are in.
    if (given.length > 0) *prefix = given;
  }
  rule.family = found.value_or(Family::ipv4);
}

void read_action(const Table& table, Rule& rule) {
  static constexpr std::array kActions = {RuleAction::table, RuleAction::blackhole, RuleAction::unreachable,
                                          RuleAction::prohibit};
  if (const auto action = table.choice("action", {"table", "blackhole", "unreachable", "prohibit"}))
    rule.action = kActions.at(*action);
  rule.l3mdev = table.boolean("l3mdev").value_or(false);
  if (rule.action != RuleAction::table)
    for (const std::string_view key : {"table", "l3mdev", "suppress_prefix_length"})
      if (table.has(key)) table.fail(table.where(key), fmt::format("a rule that looks up no table has no {}", key));
  if (rule.l3mdev && table.has("table"))
    table.fail(table.where("table"),
               "table beside l3mdev = true, which takes the table of the packet's VRF; leave one out");
  rule.table = read_routing_table(table).value_or(rule.table);
  const auto longest = table.integer("suppress_prefix_length", 0, rule.family == Family::ipv4 ? 32 : 128);
  if (longest) rule.suppress_prefix_length = static_cast<std::uint32_t>(*longest);
}

}  // namespace

NumberRange number_range(const toml::node& node, std::string_view what, std::uint32_t least, std::uint32_t most,
                         const Context& context) {
  const Position where = position_of(node);
  const auto fail_out_of_range = [&](const std::string& shown) {
    context.fail(where, fmt::format("{} {} is out of range; it can be {} to {}", what, shown, least, most));
  };
  if (const auto* integer = node.as_integer()) {
    const std::int64_t value = integer->get();
    if (value < least || value > most) fail_out_of_range(fmt::format("= {}", value));
    return {static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value)};
  }
  if (!node.is_string())
    context.fail(where, fmt::format("{} is {}; write a number or \"FIRST-LAST\", ends included", what, type_of(node)));
  const std::string text = context.expanded(node).value;
  const std::string_view all = text;
  const std::size_t dash = all.find('-');
  const auto first = number_of(all.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : number_of(all.substr(dash + 1));
  if (!first || !last)
    context.fail(where,
                 fmt::format("{} \"{}\" is not a range; write a number or \"FIRST-LAST\", ends included", what, all));
  if (*first > *last)
    context.fail(where, fmt::format("{} \"{}\" runs backwards; write \"{}-{}\"", what, all, *last, *first));
  if (*first < least || *last > most) fail_out_of_range(fmt::format("\"{}\"", all));
  if (context.computes(node) && *first == *last) context.read_as(node, fmt::format("{}", *first));
  return {*first, *last};
}

std::optional<std::pair<std::uint32_t, std::uint32_t>> read_fwmark(const Table& table) {
  const toml::node* node = table.get("fwmark");
  if (node == nullptr) return std::nullopt;
  if (node->is_integer()) return std::pair(table.number("fwmark", 0, kUint32Max).value_or(0), kUint32Max);
  const Text text = table.required_text("fwmark");
  const std::string_view all = text.value;
  const std::size_t slash = all.find('/');
  const auto mark = number_of(all.substr(0, slash));
  const auto mask = slash == std::string_view::npos ? kUint32Max : number_of(all.substr(slash + 1));
  if (!mark || !mask)
    table.fail(text.where, fmt::format("fwmark \"{}\" is not a mark; write a number, \"0x2\" or \"0x2/0xff\"", all));
  if (*mask == 0) table.fail(text.where, fmt::format("fwmark \"{}\" has an empty mask, so that all match", all));
  return std::pair(*mark, *mask);
}

Rule read_rule(const Table& table) {
  table.allow(rule_keys());
  Rule rule;
  rule.where = table.where();
  read_selector(table, rule);
  rule.iif = read_link_name(table, "iif");
  rule.oif = read_link_name(table, "oif");
  rule.fwmark = read_fwmark(table);
  if (const std::uint32_t tos = read_tos(table); tos != 0) rule.tos = tos;
  rule.ipproto = read_ip_protocol(table, "ipproto");
  rule.source_ports = read_number_range(table, "source_ports", 1, 65534);
  rule.destination_ports = read_number_range(table, "destination_ports", 1, 65534);
  rule.uid_range = read_number_range(table, "uid_range", 0, kUint32Max - 1);
  rule.inverted = table.boolean("not").value_or(false);
  rule.priority = table.number("priority", 0, kUint32Max).optional();
  read_action(table, rule);
  return rule;
}

}  // namespace netrig::config
