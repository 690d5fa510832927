// SPDX-License-Identifier: Apache-2.0
// An interface of a device: what the host sets on it, whichever driver makes it.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/parts.hpp"

namespace netrig::config {
namespace {

std::size_t read_home(const Table& table, const Surroundings& around) {
  const Text home = table.required_text("namespace");
  const auto found = around.namespaces->find(home.value);
  if (found != around.namespaces->end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [name, index] : *around.namespaces) names.push_back(name);
  std::sort(names.begin(), names.end());
  const auto hint = closest(home.value, names);
  table.fail(home.where, fmt::format("unknown namespace \"{}\"; {}", home.value,
                                     hint ? fmt::format("did you mean \"{}\"?", *hint)
                                          : fmt::format("add [namespace.\"{}\"]", home.value)));
}

Text read_name(const Table& table, const std::string* otherwise) {
  auto name = table.text("name");
  if (!name) {
    if (otherwise == nullptr) table.fail(table.where(), "interface has no \"name\"");
    name = Text{*otherwise, table.where()};
  }
  if (name->value == "lo")
    table.fail(name->where, "interface name \"lo\" is the loopback's, which every namespace has");
  if (const auto fault = interface_name_fault(name->value))
    table.fail(name->where,
               fmt::format("interface name \"{}\" {}; use 1 to 15 letters, digits or . _ -", name->value, *fault));
  return std::move(*name);
}

/// Names as the kernel takes them (rtnl_alt_ifname), and as every tool can print and parse them.
void read_altnames(const Table& table, LinkSettings& link) {
  if (!table.has("altnames")) return;
  std::vector<std::string> names;
  for (const Text& name : table.texts("altnames")) {
    const auto is_good = [](char c) { return c > ' ' && c < 0x7f && c != '/' && c != ':' && c != '%'; };
    if (name.value.empty() || name.value.size() > 127)  // ALTIFNAMSIZ: 128 with the NUL
      table.fail(name.where, fmt::format("alternative name has {} bytes; it can have 1 to 127", name.value.size()));
    if (!std::all_of(name.value.begin(), name.value.end(), is_good))
      table.fail(name.where,
                 fmt::format("alternative name \"{}\" has more in it than letters, digits and . _ -", name.value));
    if (std::find(names.begin(), names.end(), name.value) != names.end())
      table.fail(name.where, fmt::format("alternative name \"{}\" is there twice", name.value));
    names.push_back(name.value);
  }
  std::sort(names.begin(), names.end());
  link.altnames = {std::move(names), table.where("altnames")};
}

void read_alias(const Table& table, LinkSettings& link) {
  const auto alias = table.text("alias");
  if (!alias) return;
  // IFALIASZ, linux/if.h: 256 with the NUL.
  if (alias->value.size() > 255)
    table.fail(alias->where, fmt::format("alias has {} bytes; at most 255 are allowed", alias->value.size()));
  link.alias = {alias->value, alias->where};
}

LinkSettings read_link(const Table& table) {
  LinkSettings link;
  link.mac = read_mac(table);
  if (link.mac && link.mac->is_multicast())
    table.fail(link.mac.where,
               fmt::format("mac \"{}\" is a group address; the first byte must be even, as in \"02:...\"",
                           table.text("mac")->value));
  if (link.mac && link.mac->is_zero()) table.fail(link.mac.where, "mac is all zero; leave it out to have one chosen");
  link.mtu = table.number("mtu", 68, 65535);
  if (const auto master = table.text("master")) {
    if (const auto fault = interface_name_fault(master->value))
      table.fail(master->where, fmt::format("master \"{}\" {}", master->value, *fault));
    link.master = {master->value, master->where};
  }
  if (const auto state = table.choice("state", {"up", "down"}))
    link.state = {*state == 0 ? AdminState::up : AdminState::down, table.where("state")};
  read_alias(table, link);
  link.txqlen = table.number("txqlen", 0, kUint32Max);
  link.group = table.number("group", 0, kUint32Max);
  link.promiscuous = table.flag("promiscuous");
  link.allmulticast = table.flag("allmulticast");
  link.multicast = table.flag("multicast");
  link.arp = table.flag("arp");
  static constexpr std::array kGenerations = {AddressGeneration::eui64, AddressGeneration::none,
                                              AddressGeneration::stable_secret, AddressGeneration::random};
  if (const auto mode = table.choice("addr_gen_mode", {"eui64", "none", "stable_secret", "random"}))
    link.addr_gen_mode = {kGenerations.at(*mode), table.where("addr_gen_mode")};
  link.protodown = table.flag("protodown");
  read_altnames(table, link);
  return link;
}

void check_mtu(const Interface& interface, const Table& table) {
  if (interface.link.mtu.value_or(kLeastMtu6) >= kLeastMtu6) return;
  const auto fail = [&](const std::string& has) {
    table.fail(interface.link.mtu.where,
               fmt::format("mtu {} is too small for IPv6, which needs {}; the interface has {}", *interface.link.mtu,
                           kLeastMtu6, has));
  };
  for (const Address& address : interface.of<Address>())
    if (address.prefix.address.family == Family::ipv6) fail(address.prefix.str());
  for (const Neighbour& neighbour : interface.of<Neighbour>())
    if (neighbour.address.family == Family::ipv6) fail(fmt::format("neighbour {}", neighbour.address.str()));
  for (const Sysctl& sysctl : interface.of<Sysctl>())
    if (sysctl.key_text.starts_with("net.ipv6.")) fail(fmt::format("sysctl {}", sysctl.key_text));
  if (interface.link.addr_gen_mode) fail("addr_gen_mode");
}

}  // namespace

Interface read_interface(const Table& table, const std::string* device, const Surroundings& around) {
  table.allow(interface_keys());
  const std::size_t home = read_home(table, around);
  const Text name = read_name(table, device);
  Interface interface { .home = home, .name = InterfaceName(name.value) };
  interface.where = name.where;
  interface.objects.of<Address>() = read_addresses(table, "addresses", name.value, around.dad);
  interface.link = read_link(table);
  interface.index = table.number("index", 2, 0x7fffffff);  // 1 is lo's in every namespace
  interface.dynamic = table.boolean("dynamic").value_or(false);
  interface.objects.of<Sysctl>() = read_interface_sysctls(table, name.value);
  interface.objects.of<Neighbour>() = read_neighbours(table, name.value);
  if (auto qdisc = read_impairment(table, interface.link.mtu.value_or(kUsualMtu)); qdisc && !qdisc->kind.empty()) {
    qdisc->interface = name.value;
    interface.objects.of<Qdisc>().push_back(std::move(*qdisc));
  }
  interface.objects.of<Port>() = read_port(table, name.value);
  interface.objects.of<Vlans>() = read_vlans(table, name.value);
  check_mtu(interface, table);
  return interface;
}

}  // namespace netrig::config
