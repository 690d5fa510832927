// SPDX-License-Identifier: Apache-2.0
// [[link]] and [lan.NAME]: devices in short.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/plain.hpp"

namespace netrig::config {
namespace {

constexpr const char* kBridge = "br0";

/// One end: the keys of its interface, expanded, and where it stands.
struct End {
  toml::table interface;
  std::string space;
  std::string name;
  std::optional<Text> port = {};  ///< `name` of a lan's port
  toml::table side = {};          ///< keys of that port of the bridge
  Position where = {};
};

void put(toml::table& table, std::string_view key, std::string text, const toml::source_region& at) {
  table.insert_or_assign(toml::key(key, at), tomlfile::literal(std::move(text), at));
}

/// "192.0.2.1/24 2001:db8::1/64 + 3": each with its count.
std::vector<std::string> addresses_in(std::string_view words) {
  std::vector<std::string> addresses;
  bool counts = false;
  while (!words.empty()) {
    const std::size_t space = std::min(words.find(' '), words.size());
    const std::string_view word = words.substr(0, space);
    words.remove_prefix(std::min(space + 1, words.size()));
    if (word.empty()) continue;
    const bool is_sign = (word == "+" || word == "-") && !addresses.empty();
    if (is_sign || counts)
      addresses.back() += fmt::format(" {}", word);
    else
      addresses.emplace_back(word);
    counts = is_sign;
  }
  return addresses;
}

/// "r1:eth1 192.0.2.1/24".
void read_end_text(const Text& text, const toml::source_region& at, End& end, const Context& context) {
  const std::string_view all = text.value;
  if (context.variables == nullptr && context.loops == nullptr && all.find('{') != std::string_view::npos)
    context.fail(text.where,
                 fmt::format("end \"{}\" has braces, and braces hold inside [[repeat]]: write [[repeat.link]], "
                             "or repeat.lan",
                             text.value));
  const std::size_t space = std::min(all.find(' '), all.size());
  const std::size_t colon = all.substr(0, space).find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == space)
    context.fail(text.where, fmt::format("end \"{}\" names no interface; write \"NAMESPACE:INTERFACE\", and addresses "
                                         "behind it if it has some",
                                         text.value));
  end.space = all.substr(0, colon);
  end.name = all.substr(colon + 1, space - colon - 1);
  put(end.interface, "namespace", end.space, at);
  put(end.interface, "name", end.name, at);
  const bool is_list = !end.interface.contains("addresses") || end.interface.get("addresses")->is_array();
  if (!is_list) return;  // its reader says so
  toml::array addresses;
  tomlfile::put_source(addresses, at);
  for (std::string& address : addresses_in(all.substr(space)))
    addresses.push_back(tomlfile::literal(std::move(address), at));
  if (auto* more = end.interface.get_as<toml::array>("addresses"))
    for (toml::node& node : *more) node.visit([&](auto& value) { addresses.push_back(std::move(value)); });
  if (!addresses.empty()) end.interface.insert_or_assign(toml::key("addresses", at), std::move(addresses));
}

/// Takes a key off a table, whatever it has.
void move_to(toml::table& from, std::string_view key, toml::table& to, std::string_view name) {
  toml::node* node = from.get(key);
  if (node == nullptr) return;
  const toml::source_region at = node->source();
  node->visit([&](auto& value) { to.insert_or_assign(toml::key(name, at), std::move(value)); });
  from.erase(key);
}

/// The VLAN of a key, without tags.
toml::table untagged_vlan(toml::table& keys, std::string_view key) {
  const toml::source_region at = keys.get(key)->source();
  toml::table vlan;
  tomlfile::put_source(vlan, at);
  move_to(keys, key, vlan, "id");
  for (const char* flag : {"pvid", "untagged"}) {
    toml::value<bool> yes(true);
    tomlfile::put_source(yes, at);
    vlan.insert(toml::key(flag, at), std::move(yes));
  }
  return vlan;
}

/// What a port of a lan says of the bridge's side. `keys`: those of the port, expanded, of which it takes its own.
toml::table bridge_side(const Table& port, toml::table& keys) {
  toml::table side;
  move_to(keys, "port", side, "port");
  const char* first = port.has("access") ? "access" : "trunk";
  for (const char* other : {"trunk", "native"})
    if (port.has("access") && port.has(other))
      port.fail(port.where(other),
                fmt::format("{} beside access: a port has packets of one VLAN without tags, or those "
                            "of a trunk with tags; leave one out",
                            other));
  if (port.has("native") && !port.has("trunk"))
    port.fail(port.where("native"),
              "native is the VLAN without tags beside those of a trunk; write access for a port "
              "in one VLAN");
  if (!port.has(first)) return side;
  for (const char* key : {"access", "native"}) static_cast<void>(port.number(key, 1, kLastVlan));
  toml::array vlans;
  const toml::source_region at = keys.get(first)->source();
  tomlfile::put_source(vlans, at);
  for (const char* key : {"access", "native"})
    if (keys.contains(key)) vlans.push_back(untagged_vlan(keys, key));
  if (port.has("trunk")) {
    static_cast<void>(port.array("trunk"));  // says what it is instead
    for (toml::node& one : *keys.get_as<toml::array>("trunk")) {
      static_cast<void>(number_range(one, "trunk", 1, kLastVlan, port.context()));
      one.visit([&](auto& value) { vlans.push_back(std::move(value)); });
    }
    keys.erase("trunk");
  }
  side.insert(toml::key("vlans", at), std::move(vlans));
  return side;
}

End read_end(const toml::node& node, bool of_lan, const Context& context) {
  End end{.interface = {}, .space = {}, .name = {}, .where = position_of(node)};
  if (node.is_string()) {
    tomlfile::put_source(end.interface, node.source());
    read_end_text(context.expanded(node), node.source(), end, context);
    return end;
  }
  const auto* raw = node.as_table();
  if (raw == nullptr)
    context.fail(end.where, fmt::format("end is {}; write \"NAMESPACE:INTERFACE ADDRESS\", or {{ end = \"...\", mtu = "
                                        "9000 }}",
                                        type_of(node)));
  const Table table(*raw, of_lan ? "port" : "end", context);
  table.allow(of_lan ? lan_port_keys() : end_keys());
  end.interface = tomlfile::materialised(*raw, context);
  if (of_lan) end.side = bridge_side(table, end.interface);
  const auto text = table.text("end");
  if (of_lan && !text)
    table.fail(table.where(), "port has no \"end\"; write { end = \"NAMESPACE:INTERFACE ADDRESS\" }");
  if (!text) {
    end.space = table.required_text("namespace").value;
    end.name = table.required_text("name").value;
    return end;
  }
  for (const std::string_view key : {"namespace", "name"})
    if (table.has(key) && !(of_lan && key == "name"))
      table.fail(table.where(key),
                 fmt::format("end = \"{}\" says the {} already", text->value, key == "name" ? "interface" : key));
  end.port = table.text("name");
  end.interface.erase("end");
  end.interface.erase("name");
  read_end_text(*text, raw->get("end")->source(), end, context);
  return end;
}

/// Addresses for ends without one, each the next of its prefix that no other end has.
class Addresses {
 public:
  Addresses(const Table& owner, const std::vector<End>& ends) : owner_(owner) {
    const toml::node* node = owner.get("prefix");
    if (node == nullptr) return;
    if (!node->is_string() && !node->is_array())
      owner.fail(position_of(*node),
                 fmt::format("prefix is {}; write \"10.0.3.0/24\", or a list of one of each family", type_of(*node)));
    const std::vector<Text> texts = node->is_array() ? owner.texts("prefix") : std::vector{*owner.text("prefix")};
    for (const Text& text : texts) {
      const Prefix prefix = interface_address(text, owner.context());
      if (prefix.network() != prefix)
        owner.fail(text.where,
                   fmt::format("prefix \"{}\" has host bits set; write \"{}\"", prefix.str(), prefix.network().str()));
      for (const Pool& other : pools_)
        if (other.prefix.address.family == prefix.address.family)
          owner.fail(text.where, fmt::format("prefix {} is a second one of its family", prefix.str()));
      pools_.push_back({.prefix = prefix, .where = text.where, .at = node->source()});
    }
    if (pools_.empty()) return;
    for (const End& end : ends)
      if (const auto* list = end.interface.get_as<toml::array>("addresses"))
        for (const toml::node& one : *list) take(one);
  }

  void give(End& end) {
    const toml::node* given = end.interface.get("addresses");
    // What is no list its reader tells.
    if (pools_.empty() || (given != nullptr && (!given->is_array() || !given->as_array()->empty()))) return;
    toml::array addresses;
    tomlfile::put_source(addresses, pools_.front().at);
    for (Pool& pool : pools_) addresses.push_back(tomlfile::literal(next(pool).str(), pool.at));
    end.interface.insert_or_assign(toml::key("addresses", pools_.front().at), std::move(addresses));
  }

 private:
  struct Pool {
    Prefix prefix;
    Position where;
    toml::source_region at;
    std::int64_t last = -1;  // number that was given last
  };

  /// What is no address its reader tells.
  void take(const toml::node& node) {
    const auto* text = node.as_string();
    if (text == nullptr && node.is_table()) text = node.as_table()->get_as<std::string>("address");
    if (text == nullptr) return;
    taken_.insert(interface_address({text->get(), position_of(*text)}, owner_.context()).address);
  }

  Prefix next(Pool& pool) {
    const int host_bits = pool.prefix.address.bits() - pool.prefix.length;
    const bool is_ipv4 = pool.prefix.address.family == Family::ipv4;
    // The first of a prefix is its network's or its routers' (RFC 4291), the last of IPv4 goes to all; not where there
    // are two or less (RFC 3021, RFC 6164).
    const std::int64_t first = host_bits <= 1 ? 0 : 1;
    const std::int64_t count = host_bits >= 62 ? INT64_MAX : std::int64_t{1} << host_bits;
    const std::int64_t end = host_bits > 1 && is_ipv4 ? count - 1 : count;
    for (pool.last = std::max(pool.last + 1, first); pool.last < end; ++pool.last) {
      const auto address = pool.prefix.address.plus(pool.last);
      if (address && taken_.insert(*address).second) return {*address, pool.prefix.length};
    }
    owner_.fail(pool.where, fmt::format("prefix {} has no address left for all ends", pool.prefix.str()));
  }

  const Table& owner_;
  std::vector<Pool> pools_;
  std::set<IpAddress> taken_;
};

std::vector<End> read_ends(const Table& owner, std::string_view key, bool of_lan) {
  const auto* list = owner.array(key);
  if (list == nullptr)
    owner.fail(owner.where(), fmt::format("{} has no \"{}\"; write {} = [\"h1:eth0 192.0.2.1/24\", "
                                          "\"h2:eth0 192.0.2.2/24\"]",
                                          owner.what(), key, key));
  std::vector<End> ends;
  for_each_element(*list, owner.context(), [&](const toml::node& node, const Context& inside) {
    ends.push_back(read_end(inside.resolved(node), of_lan, inside));
  });
  Addresses addresses(owner, ends);
  for (End& end : ends) addresses.give(end);
  return ends;
}

/// The keys of a device.
toml::table device_table(std::string_view driver, const Table& owner, std::vector<toml::table> interfaces) {
  const toml::source_region& at = owner.raw().source();
  toml::table device;
  tomlfile::put_source(device, at);
  put(device, "driver", std::string(driver), at);
  toml::array list;
  tomlfile::put_source(list, at);
  for (toml::table& interface : interfaces) list.push_back(std::move(interface));
  device.insert(toml::key("interfaces", at), std::move(list));
  return device;
}

/// Of a lan: interface `name` in its namespace.
toml::table lan_interface(const Text& lan, std::string_view name, const toml::source_region& at) {
  toml::table interface;
  tomlfile::put_source(interface, at);
  put(interface, "namespace", lan.value, at);
  put(interface, "name", std::string(name), at);
  return interface;
}

/// A bridge whose ports have VLANs looks at them.
void want_filtering(toml::table& bridge, const toml::node& vlans, const Table& lan) {
  constexpr const char* kFiltering = "vlan_filtering";
  const toml::source_region& at = vlans.source();
  if (!bridge.contains("params")) {
    toml::table params;
    tomlfile::put_source(params, at);
    bridge.insert(toml::key("params", at), std::move(params));
  }
  toml::table& params = *bridge.get_as<toml::table>("params");
  if (const auto* given = params.get_as<bool>(kFiltering); given != nullptr && !given->get())
    lan.fail(position_of(*given), fmt::format("vlan_filtering = false, and the port in {} is in VLANs, which only a "
                                              "bridge that filters has; leave it out",
                                              lan.context().line(position_of(vlans))));
  if (params.contains(kFiltering)) return;
  toml::value<bool> yes(true);
  tomlfile::put_source(yes, at);
  params.insert(toml::key(kFiltering, at), std::move(yes));
}

}  // namespace

PlainDevice link_device(const Table& link) {
  link.allow(link_keys());
  std::vector<End> ends = read_ends(link, "ends", false);
  if (ends.empty()) link.fail(link.where("ends"), "[[link]] has no ends");
  const auto driver = link.text("driver");
  const toml::table whole = tomlfile::materialised(link.raw(), link.context());
  const auto* impair = whole.get_as<toml::table>("impair");
  if (impair == nullptr) static_cast<void>(link.table("impair"));  // says what it is instead
  std::vector<toml::table> interfaces;
  for (End& end : ends) {
    if (const auto mtu = link.number("mtu", 68, 65535); mtu && !end.interface.contains("mtu")) {
      toml::value<std::int64_t> value(*mtu);
      tomlfile::put_source(value, link.raw().get("mtu")->source());
      end.interface.insert(toml::key("mtu", link.raw().get("mtu")->source()), std::move(value));
    }
    if (impair != nullptr && !end.interface.contains("impair"))
      end.interface.insert(toml::key("impair", link.raw().get("impair")->source()), tomlfile::copied(*impair));
    interfaces.push_back(std::move(end.interface));
  }
  PlainDevice device{.name = {fmt::format("{}.{}", ends.front().space, ends.front().name), ends.front().where},
                     .table = device_table(driver ? driver->value : "veth", link, std::move(interfaces))};
  if (driver)
    device.table.insert_or_assign(toml::key("driver"),
                                  tomlfile::literal(driver->value, link.raw().get("driver")->source()));
  if (const auto* params = whole.get_as<toml::table>("params"))
    device.table.insert(toml::key("params", params->source()), tomlfile::copied(*params));
  else if (link.has("params"))
    static_cast<void>(link.table("params"));  // says what it is instead
  return device;
}

toml::table lan_namespace(const Text&, const Table& lan) {
  lan.allow(lan_keys());
  const toml::source_region& at = lan.raw().source();
  toml::table space;
  tomlfile::put_source(space, at);
  toml::value<bool> yes(true);
  tomlfile::put_source(yes, at);
  space.insert(toml::key("switch", at), std::move(yes));
  // Nobody lives in it, so nobody shall speak from it: no router solicitations, no multicast listener reports.
  toml::table sysctl;
  tomlfile::put_source(sysctl, at);
  for (const char* key : {"net.ipv6.conf.all.disable_ipv6", "net.ipv6.conf.default.disable_ipv6"}) {
    toml::value<std::int64_t> off(1);
    tomlfile::put_source(off, at);
    sysctl.insert(toml::key(key, at), std::move(off));
  }
  space.insert(toml::key("sysctl", at), std::move(sysctl));
  return space;
}

std::vector<PlainDevice> lan_devices(const Text& name, const Table& lan) {
  const toml::source_region& at = lan.raw().source();
  std::vector<PlainDevice> devices;
  std::vector<toml::table> bridge;  // no list of initialisers, whose copies would forget where they stand
  bridge.push_back(lan_interface(name, kBridge, at));
  devices.push_back({.name = name, .table = device_table("bridge", lan, std::move(bridge))});
  const toml::table whole = tomlfile::materialised(lan.raw(), lan.context());
  if (const auto* params = whole.get_as<toml::table>("params"))
    devices.front().table.insert(toml::key("params", params->source()), tomlfile::copied(*params));
  else if (lan.has("params"))
    static_cast<void>(lan.table("params"));
  std::unordered_map<std::string, Position> ports{{kBridge, name.where}};
  for (End& end : read_ends(lan, "ports", true)) {
    const std::string port = end.port ? end.port->value : end.space;
    const Position where = end.port ? end.port->where : end.where;
    const toml::source_region source = end.interface.source();
    if (const auto fault = interface_name_fault(port))
      lan.fail(where, fmt::format("port \"{}\" of lan {} {}; give it a name: {{ end = \"{}:{}\", name = \"...\" }}",
                                  port, name.value, *fault, end.space, end.name));
    if (const auto [found, fresh] = ports.emplace(port, where); !fresh)
      lan.fail(where,
               fmt::format("lan {} has a port \"{}\" already, in {}; give one a name: {{ end = \"{}:{}\", name = "
                           "\"...\" }}",
                           name.value, port, lan.context().line(found->second), end.space, end.name));
    toml::table inside = lan_interface(name, port, source);
    put(inside, "master", kBridge, source);
    if (const toml::node* vlans = end.side.get("vlans")) want_filtering(devices.front().table, *vlans, lan);
    tomlfile::overlay(inside, std::move(end.side));
    std::vector<toml::table> interfaces;
    interfaces.push_back(std::move(inside));
    interfaces.push_back(std::move(end.interface));
    devices.push_back({.name = {fmt::format("{}.{}", name.value, port), where},
                       .table = device_table("veth", lan, std::move(interfaces))});
  }
  return devices;
}

}  // namespace netrig::config
