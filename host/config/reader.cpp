// SPDX-License-Identifier: Apache-2.0
#include "config/reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "model/printable.hpp"

namespace netrig::config {
namespace {

/// Cut in the middle, between characters, if it is long: what is wrong stands in front, what would be right at the end.
std::string shortened(const std::string& message) {
  constexpr std::size_t kFront = 700;
  constexpr std::size_t kBack = 300;
  if (message.size() <= kFront + kBack) return message;
  const auto inside = [&](std::size_t at) { return (static_cast<unsigned char>(message[at]) & 0xc0U) == 0x80; };
  std::size_t front = kFront;
  while (front > 0 && inside(front)) --front;
  std::size_t back = message.size() - kBack;
  while (back < message.size() && inside(back)) ++back;
  return message.substr(0, front) + " ... " + message.substr(back);
}

}  // namespace

Position position_of(const toml::node& node) { return {node.source().begin.line, node.source().begin.column}; }
Position position_of(const toml::key& key) { return {key.source().begin.line, key.source().begin.column}; }

std::string Context::place(Position where) const { return fmt::format("{}:{}:{}", *file, where.line, where.column); }

std::string Context::iteration() const {
  if (variables == nullptr || variables->empty()) return {};
  std::vector<std::string> words;
  for (const auto& [name, value] : *variables) words.push_back(fmt::format("{} = {}", name, value));
  return fmt::format(" ({})", fmt::join(words, ", "));
}

void Warnings::add(std::string where, std::string message) {
  constexpr std::size_t kMost = 100;
  if (const auto found = index_.find(where); found != index_.end()) {
    ++kept_[found->second].times;
  } else if (kept_.size() == kMost) {
    ++others_;
  } else {
    index_.emplace(where, kept_.size());
    kept_.push_back({.warning = {.where = std::move(where), .message = std::move(message)}});
  }
}

std::vector<Warning> Warnings::told(const std::string& file) const {
  std::vector<Warning> all;
  for (const Counted& one : kept_) {
    all.push_back(one.warning);
    if (one.times > 1) all.back().message += fmt::format(" (and {} more like it)", one.times - 1);
  }
  if (others_ > 0) all.push_back({.where = file, .message = fmt::format("{} more warnings are not shown", others_)});
  return all;
}

void Context::fail(Position where, const std::string& message, ErrorCode code) const {
  // Messages repeat what the file says; a NUL in it would end them, and a long text fill the terminal.
  throw Error(code, shortened(one_line(message) + iteration()), place(where));
}

Text Context::expanded(std::string_view text, Position where) const {
  if (variables == nullptr) return {std::string(text), where};
  try {
    return {expand(text, *variables), where};
  } catch (const ExpansionError& error) {
    fail(where, error.what());
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

void Table::allow(const std::string_view* keys, std::size_t count) const {
  const std::vector<std::string_view> known(keys, keys + count);
  for (const auto& [key, node] : *table_) {
    if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
    const auto hint = closest(key.str(), known);
    context_->fail(position_of(key), fmt::format("unknown key \"{}\" in {}; {}", key.str(), what_,
                                                 hint ? fmt::format("did you mean \"{}\"?", *hint)
                                                      : fmt::format("it can have {}", fmt::join(known, ", "))));
  }
}

void Table::wrong_type(std::string_view key, std::string_view wanted) const {
  const toml::node& node = *table_->get(key);
  context_->fail(position_of(node), fmt::format("{} is {}; write {}", key, type_of(node), wanted));
}

std::optional<Text> Table::text(std::string_view key) const {
  const toml::node* node = table_->get(key);
  if (node == nullptr) return std::nullopt;
  const auto* string = node->as_string();
  if (string == nullptr) wrong_type(key, "a string in quotes");
  return context_->expanded(string->get(), position_of(*node));
}

Text Table::required_text(std::string_view key) const {
  auto found = text(key);
  if (!found) context_->fail(where(), fmt::format("{} has no \"{}\"", what_, key));
  return std::move(*found);
}

std::optional<std::int64_t> Table::integer(std::string_view key, std::int64_t least, std::int64_t most) const {
  const toml::node* node = table_->get(key);
  if (node == nullptr) return std::nullopt;
  std::int64_t value = 0;
  if (const auto* integer = node->as_integer()) {
    value = integer->get();
  } else if (context_->variables != nullptr && node->is_string()) {
    const Text expanded = *text(key);
    const auto [end, error] =
        std::from_chars(expanded.value.data(), expanded.value.data() + expanded.value.size(), value);
    if (error != std::errc{} || end != expanded.value.data() + expanded.value.size())
      context_->fail(position_of(*node), fmt::format("{} = \"{}\" is not an integer", key, expanded.value));
  } else {
    wrong_type(key, "an integer without quotes");
  }
  if (value < least || value > most)
    context_->fail(position_of(*node),
                   fmt::format("{} = {} is out of range; it can be {} to {}", key, value, least, most));
  return value;
}

std::optional<bool> Table::boolean(std::string_view key) const {
  const toml::node* node = table_->get(key);
  if (node == nullptr) return std::nullopt;
  const auto* value = node->as_boolean();
  if (value == nullptr) wrong_type(key, "true or false without quotes");
  return value->get();
}

const toml::table* Table::table(std::string_view key) const {
  const toml::node* node = table_->get(key);
  if (node == nullptr) return nullptr;
  if (!node->is_table()) wrong_type(key, "a table: { key = value }");
  return node->as_table();
}

const toml::array* Table::array(std::string_view key) const {
  const toml::node* node = table_->get(key);
  if (node == nullptr) return nullptr;
  if (!node->is_array()) wrong_type(key, "a list: [ ... ]");
  return node->as_array();
}

std::optional<std::size_t> Table::choice(std::string_view key, const std::vector<std::string_view>& words) const {
  const auto found = text(key);
  if (!found) return std::nullopt;
  const auto word = std::find(words.begin(), words.end(), found->value);
  if (word != words.end()) return static_cast<std::size_t>(word - words.begin());
  context_->fail(found->where, fmt::format("{} = \"{}\" is not known; it can be \"{}\"", key, found->value,
                                           fmt::join(words, "\", \"")));
}

std::optional<IpAddress> Table::address(std::string_view key) const {
  const auto found = text(key);
  if (!found) return std::nullopt;
  return plain_address(*found, *context_);
}

std::optional<std::int64_t> Table::duration(std::string_view key) const {
  const auto found = text(key);
  if (!found) return std::nullopt;
  const auto value = parse_duration(found->value);
  if (!value)
    context_->fail(found->where,
                   fmt::format("{} = \"{}\" is not a duration; write a number and a unit, as in \"2s\" or \"50ms\"",
                               key, found->value));
  return value;
}

std::optional<std::int64_t> Table::rate(std::string_view key) const {
  const auto found = text(key);
  if (!found) return std::nullopt;
  const auto value = parse_rate(found->value);
  if (!value)
    context_->fail(found->where, fmt::format("{} = \"{}\" is not a rate; write a number and a unit, as in \"100Mbit\"",
                                             key, found->value));
  return value;
}

namespace {

/// "BASE + N" -> BASE and N. Without a plus N is 0.
std::pair<std::string, std::int64_t> split_count(const Text& text, const Context& context) {
  const std::size_t plus = text.value.find(" + ");
  const std::size_t minus = text.value.find(" - ");
  const std::size_t at = std::min(plus, minus);
  if (at == std::string::npos) return {text.value, 0};
  std::int64_t count = 0;
  const std::string_view digits = std::string_view(text.value).substr(at + 3);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  // The least number has no counterpart to count back by.
  if (error != std::errc{} || end != digits.data() + digits.size() || count == INT64_MIN)
    context.fail(text.where, fmt::format("\"{}\": \"{}\" is not a number to count on by", text.value, digits));
  return {text.value.substr(0, at), at == minus ? -count : count};
}

IpAddress counted(const IpAddress& base, std::int64_t count, const Text& text, const Context& context) {
  const auto result = base.plus(count);
  if (!result)
    context.fail(text.where, fmt::format("\"{}\" leaves the range of {} addresses", text.value,
                                         base.family == Family::ipv4 ? "IPv4" : "IPv6"));
  return *result;
}

std::string bad_address(std::string_view what, const std::string& base) {
  const std::size_t slash = base.rfind('/');
  if (slash == std::string::npos) return fmt::format("{} \"{}\" is not an IPv4 or IPv6 address", what, base);
  const auto address = IpAddress::parse(std::string_view(base).substr(0, slash));
  if (!address) return fmt::format("{} \"{}\" is not an IPv4 or IPv6 address with a prefix length", what, base);
  return fmt::format("{} \"{}\" has a bad prefix length; it can be 0 to {}", what, base, address->bits());
}

/// Whether counting on by this much moves to another prefix of the same length, host part unchanged, as subnets are
/// numbered; otherwise hosts are numbered and must stay in theirs.
bool moves_whole_prefixes(const Prefix& prefix, std::int64_t count) {
  const int host_bits = prefix.address.bits() - prefix.length;
  if (host_bits >= 63) return false;
  return count % (std::int64_t{1} << host_bits) == 0;
}

}  // namespace

IpAddress plain_address(const Text& text, const Context& context) {
  const auto [base, count] = split_count(text, context);
  const auto address = IpAddress::parse(base);
  if (!address) {
    if (Prefix::parse(base))
      context.fail(text.where, fmt::format("\"{}\" has a prefix length where one address is wanted; write \"{}\"",
                                           text.value, base.substr(0, base.rfind('/'))));
    context.fail(text.where, fmt::format("\"{}\" is not an IPv4 or IPv6 address", text.value));
  }
  return counted(*address, count, text, context);
}

Prefix interface_address(const Text& text, const Context& context) {
  const auto [base, count] = split_count(text, context);
  const auto prefix = Prefix::parse(base);
  if (!prefix) {
    if (const auto bare = IpAddress::parse(base))
      context.fail(text.where, fmt::format("address \"{}\" has no prefix length; write \"{}/{}\"", base, base,
                                           bare->family == Family::ipv4 ? 24 : 64));
    context.fail(text.where, bad_address("address", base));
  }
  Prefix result = *prefix;
  result.address = counted(prefix->address, count, text, context);
  if (!prefix->contains(result.address) && !moves_whole_prefixes(*prefix, count))
    context.fail(text.where, fmt::format("\"{}\" is {}, which leaves the prefix {}", text.value, result.address.str(),
                                         prefix->network().str()));
  return result;
}

Prefix destination_prefix(const Text& text, const Context& context) {
  const auto [base, count] = split_count(text, context);
  std::optional<Prefix> prefix = Prefix::parse(base);
  if (!prefix)
    if (const auto address = IpAddress::parse(base)) prefix = Prefix{*address, address->bits()};
  if (!prefix) context.fail(text.where, bad_address("destination", base) + ", nor \"default\"");
  Prefix result = *prefix;
  result.address = counted(prefix->address, count, text, context);
  if (result.network() != result)
    context.fail(text.where, fmt::format("destination \"{}\" has host bits set; write \"{}\"", result.str(),
                                         result.network().str()));
  return result;
}

}  // namespace netrig::config
