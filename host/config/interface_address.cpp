// SPDX-License-Identifier: Apache-2.0
// An address of an interface, or of lo, with its keys.
#include <fmt/format.h>

#include <array>

#include "config/parts.hpp"

namespace netrig::config {
namespace {

void read_ipv4_keys(const Table& table, const std::string& interface, Address& address) {
  const bool is_ipv4 = address.prefix.address.family == Family::ipv4;
  // The scope of an IPv6 address follows from the address (ipv6_addr_scope).
  for (const std::string_view key : {"broadcast", "label", "scope"})
    if (!is_ipv4 && table.has(key)) table.fail(table.where(key), fmt::format("{} is for IPv4 addresses", key));
  if (const auto broadcast = table.text("broadcast")) {
    if (!broadcast->value.empty()) {
      const IpAddress parsed = plain_address(*broadcast, table.context());
      if (parsed.family != Family::ipv4)
        table.fail(broadcast->where, fmt::format("broadcast {} is not an IPv4 address", parsed.str()));
      // All zeros is how the kernel writes that there is none.
      address.broadcast = {parsed.is_unspecified() ? std::string() : parsed.str(), broadcast->where};
    } else {
      address.broadcast = {"", broadcast->where};
    }
  }
  if (const auto label = table.text("label")) {
    // ip-address(8): the name of the interface, or that with ":" and more; IFNAMSIZ with the NUL.
    if (label->value != interface && !label->value.starts_with(interface + ":"))
      table.fail(label->where, fmt::format("label \"{}\" does not begin with the interface's name; write \"{}:...\"",
                                           label->value, interface));
    if (label->value.size() > 15)
      table.fail(label->where, fmt::format("label \"{}\" is {} bytes long; at most 15 are allowed", label->value,
                                           label->value.size()));
    address.label = {label->value, label->where};
  }
}

/// Whole seconds, or "forever".
Given<Lifetime> read_lifetime(const Table& table, std::string_view key, std::uint32_t least) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const auto text = table.text(key);
  if (!text) return {};
  if (text->value == "forever") return {Lifetime::for_ever, text->where};
  const auto time = parse_duration(text->value);
  if (!time || *time % kSecond != 0 || *time < least * kSecond ||
      *time / kSecond >= static_cast<std::int64_t>(Lifetime::for_ever))
    table.fail(text->where, fmt::format("{} = \"{}\" is not a lifetime; write {} or more whole seconds with a unit, as "
                                        "in \"3600s\" or \"24h\", or \"forever\"",
                                        key, text->value, least));
  return {Lifetime{static_cast<std::uint32_t>(*time / kSecond)}, text->where};
}

void read_lifetimes(const Table& table, Address& address) {
  address.valid = read_lifetime(table, "valid", 1);
  address.preferred = read_lifetime(table, "preferred", 0);
  const Lifetime valid = address.valid.value_or(Lifetime::for_ever);
  // The kernel would take forever (inet_rtm_newaddr) and refuse it for being more than valid.
  if (!address.preferred && valid != Lifetime::for_ever) address.preferred = {valid, address.valid.where};
  if (address.preferred.value_or(Lifetime::none) > valid)
    table.fail(address.preferred.where, "preferred is longer than valid; an address is preferred while it is valid");
}

void read_keys(const Table& table, const std::string& interface, Address& address) {
  if (const auto peer = read_address(table, "peer")) {
    if (peer->family != address.prefix.address.family)
      table.fail(table.where("peer"),
                 fmt::format("peer {} is of another family than {}", peer->str(), address.prefix.str()));
    address.peer = peer;
  }
  static constexpr std::array kScopes = {Scope::global, Scope::site, Scope::link, Scope::host};
  if (const auto scope = table.choice("scope", {"global", "site", "link", "host"}))
    address.scope = {kScopes.at(*scope), table.where("scope")};
  if (const auto dad = read_dad(table)) {
    if (address.prefix.address.family == Family::ipv4)
      table.fail(table.where("dad"), "dad is for IPv6 addresses; IPv4 has none");
    address.dad = *dad;
  }
  read_ipv4_keys(table, interface, address);
  read_lifetimes(table, address);
  address.prefix_route = table.flag("prefix_route");
  address.metric = table.number("metric", 1, kUint32Max);
  if (address.metric && !address.prefix_route.value_or(true))
    table.fail(address.metric.where, "metric is of the prefix route, which prefix_route = false leaves out");
}

Address read_one(const toml::node& node, const std::string& interface, Dad dad, const Context& context) {
  Address address;
  address.interface = interface;
  address.dad = dad;
  address.where = position_of(node);
  if (node.is_string()) {
    address.prefix = interface_address(context.expanded(node), context);
  } else if (const auto* raw = node.as_table()) {
    const Table table(*raw, "address", context);
    table.allow(address_keys());
    const Text text = table.required_text("address");
    address.where = text.where;
    address.prefix = interface_address(text, context);
    read_keys(table, interface, address);
  } else {
    context.fail(
        address.where,
        fmt::format("address is {}; write \"192.0.2.1/24\" or {{ address = \"192.0.2.1/24\", ... }}", type_of(node)));
  }
  check_interface_address(address.prefix, interface, address.where, context);
  return address;
}

}  // namespace

std::optional<Dad> read_dad(const Table& table) {
  static constexpr std::array kDads = {Dad::off, Dad::on, Dad::wait};
  const auto dad = table.choice("dad", {"off", "on", "wait"});
  return dad ? std::optional(kDads.at(*dad)) : std::nullopt;
}

std::vector<Address> read_addresses(const Table& table, std::string_view key, const std::string& interface, Dad dad) {
  std::vector<Address> addresses;
  if (const auto* list = table.array(key))
    for_each_element(*list, table.context(), [&](const toml::node& node, const Context& inside) {
      addresses.push_back(read_one(node, interface, dad, inside));
    });
  return addresses;
}

}  // namespace netrig::config
