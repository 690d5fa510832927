// SPDX-License-Identifier: Apache-2.0
// Addresses and prefixes as a lab file writes them, counted on by " + N".
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "config/parts.hpp"

namespace netrig::config {
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

std::optional<IpAddress> read_address(const Table& table, std::string_view key) {
  const auto found = table.text(key);
  if (!found) return std::nullopt;
  return plain_address(*found, table.context());
}

Given<MacAddress> read_mac(const Table& table) {
  const auto text = table.text("mac");
  if (!text) return {};
  const auto mac = MacAddress::parse(text->value);
  if (!mac)
    table.fail(text->where, fmt::format("mac \"{}\" is not a MAC address; write six pairs of hex digits, as in "
                                        "\"02:00:00:00:00:01\"",
                                        text->value));
  return {*mac, text->where};
}

}  // namespace netrig::config
