// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <netrig/driver.h>

#include <algorithm>

#include "config/parts.hpp"

namespace netrig::config {
namespace {

constexpr std::array kDads = {Dad::off, Dad::on, Dad::wait};

Address read_address(const toml::node& node, const Surroundings& around, const Context& context) {
  Address address;
  address.dad = around.dad;
  address.where = position_of(node);
  if (const auto* text = node.as_string()) {
    address.prefix = interface_address(context.expanded(text->get(), address.where), context);
  } else if (const auto* raw = node.as_table()) {
    const Table table(*raw, "address", context);
    table.allow(std::array<std::string_view, 4>{"address", "peer", "scope", "dad"});
    const Text text = table.required_text("address");
    address.where = text.where;
    address.prefix = interface_address(text, context);
    address.peer = table.address("peer");
    if (address.peer && address.peer->family != address.prefix.address.family)
      table.fail(table.where("peer"),
                 fmt::format("peer {} is of another family than {}", address.peer->str(), address.prefix.str()));
    static constexpr std::array kScopes = {Scope::global, Scope::site, Scope::link, Scope::host};
    if (const auto scope = table.choice("scope", {"global", "site", "link", "host"}))
      address.scope = kScopes.at(*scope);
    if (const auto dad = table.choice("dad", {"off", "on", "wait"})) {
      if (address.prefix.address.family == Family::ipv4)
        table.fail(table.where("dad"), "dad is for IPv6 addresses; IPv4 has none");
      address.dad = kDads.at(*dad);
    }
  } else {
    context.fail(
        address.where,
        fmt::format("address is {}; write \"192.0.2.1/24\" or {{ address = \"192.0.2.1/24\", ... }}", type_of(node)));
  }
  check_interface_address(address.prefix, address.where, context);
  return address;
}

void check_mtu(const Interface& interface, const Table& table) {
  if (!interface.mtu || *interface.mtu >= 1280) return;
  // RFC 8200, section 5; the kernel takes IPv6 off an interface with less.
  for (const Address& address : interface.addresses)
    if (address.prefix.address.family == Family::ipv6)
      table.fail(table.where("mtu"), fmt::format("mtu {} is too small for IPv6, which needs 1280; the interface has {}",
                                                 *interface.mtu, address.prefix.str()));
}

Interface read_interface(const Table& table, const std::string& device, bool alone, const Surroundings& around) {
  table.allow(
      std::array<std::string_view, 8>{"namespace", "name", "addresses", "mac", "mtu", "master", "state", "alias"});
  const Context& context = table.context();
  const Text home = table.required_text("namespace");
  const auto found = around.namespaces->find(home.value);
  if (found == around.namespaces->end()) {
    std::vector<std::string> names;
    for (const auto& [name, index] : *around.namespaces) names.push_back(name);
    std::sort(names.begin(), names.end());
    const auto hint = closest(home.value, names);
    context.fail(home.where, fmt::format("unknown namespace \"{}\"; {}", home.value,
                                         hint ? fmt::format("did you mean \"{}\"?", *hint)
                                              : fmt::format("add [namespace.\"{}\"]", home.value)));
  }
  auto name = table.text("name");
  if (!name) {
    if (!alone) context.fail(table.where(), "interface has no \"name\"");
    name = Text{device, table.where()};
  }
  if (name->value == "lo")
    context.fail(name->where, "interface name \"lo\" is the loopback's, which every namespace has");
  if (const auto fault = interface_name_fault(name->value))
    context.fail(name->where,
                 fmt::format("interface name \"{}\" {}; use 1 to 15 letters, digits or . _ -", name->value, *fault));

  Interface interface {
    .home = found->second, .name = InterfaceName(name->value), .mac = {}, .mtu = {}, .master = {},
    .state = AdminState::up, .alias = {}, .addresses = {}, .where = name->where
  };
  if (const auto* addresses = table.array("addresses"))
    for (const toml::node& node : *addresses) interface.addresses.push_back(read_address(node, around, context));
  if (const auto mac = table.text("mac")) {
    interface.mac = MacAddress::parse(mac->value);
    if (!interface.mac)
      context.fail(
          mac->where,
          fmt::format("mac \"{}\" is not a MAC address; write six pairs of hex digits, as in \"02:00:00:00:00:01\"",
                      mac->value));
    if (interface.mac->is_multicast())
      context.fail(
          mac->where,
          fmt::format("mac \"{}\" is a group address; the first byte must be even, as in \"02:...\"", mac->value));
    if (interface.mac->is_zero()) context.fail(mac->where, "mac is all zero; leave it out to have one chosen");
  }
  if (const auto mtu = table.integer("mtu", 68, 65535)) interface.mtu = static_cast<std::uint32_t>(*mtu);
  if (const auto master = table.text("master")) {
    if (const auto fault = interface_name_fault(master->value))
      context.fail(master->where, fmt::format("master \"{}\" {}", master->value, *fault));
    interface.master = InterfaceName(master->value);
  }
  if (const auto state = table.choice("state", {"up", "down"}))
    interface.state = *state == 0 ? AdminState::up : AdminState::down;
  if (const auto alias = table.text("alias")) {
    // IFALIASZ, linux/if.h: 256 with the NUL.
    if (alias->value.size() > 255)
      context.fail(alias->where, fmt::format("alias has {} bytes; at most 255 are allowed", alias->value.size()));
    interface.alias = alias->value;
  }
  check_mtu(interface, table);
  return interface;
}

const DriverDescription& find_driver(const Text& kind, const Surroundings& around, const Context& context) {
  const DriverDescription* driver = nullptr;
  try {
    driver = around.drivers->find(kind.value);
  } catch (const Error& error) {
    context.fail(kind.where, error.message(), error.code());
  }
  if (driver != nullptr) return *driver;
  const auto kinds = around.drivers->kinds();
  const auto hint = closest(kind.value, kinds);
  context.fail(kind.where,
               fmt::format("unknown driver \"{}\"; {}", kind.value.substr(0, 64),
                           hint            ? fmt::format("did you mean \"{}\"?", *hint)
                           : kinds.empty() ? std::string("no driver is installed")
                                           : fmt::format("there are {}", fmt::join(kinds, ", "))),
               ErrorCode::driver);
}

}  // namespace

Device read_device(const Text& name, const Table& table, const Surroundings& around) {
  table.allow(std::array<std::string_view, 3>{"driver", "interfaces", "params"});
  const Context& context = table.context();
  if (const auto fault = device_name_fault(name.value))
    context.fail(name.where,
                 fmt::format("device name \"{}\" {}; use letters, digits and . _ - @ +", name.value, *fault));
  const Text kind = table.required_text("driver");
  const DriverDescription& driver = find_driver(kind, around, context);
  Device device{
      .name = DeviceName(name.value), .driver = kind.value, .interfaces = {}, .parameters = {}, .where = name.where};
  const auto* interfaces = table.array("interfaces");
  const std::size_t count = interfaces == nullptr ? 0 : interfaces->size();
  if (count < driver.min_interfaces || count > driver.max_interfaces) {
    const std::string wanted = driver.min_interfaces == driver.max_interfaces
                                   ? fmt::format("{}", driver.min_interfaces)
                                   : fmt::format("{} to {}", driver.min_interfaces, driver.max_interfaces);
    context.fail(interfaces == nullptr ? name.where : table.where("interfaces"),
                 fmt::format("device \"{}\" has {} interface{}; a {} has {}", name.value, count, count == 1 ? "" : "s",
                             kind.value, wanted));
  }
  for_each_table(*interfaces, "interface", context, [&](const Table& one) {
    device.interfaces.push_back(read_interface(one, name.value, count == 1, around));
  });
  device.parameters = read_parameters(table.table("params"), name.where, driver, context);
  return device;
}

}  // namespace netrig::config
