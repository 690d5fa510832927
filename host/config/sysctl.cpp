// SPDX-License-Identifier: Apache-2.0
// Sysctls of namespaces and of interfaces, each under the one name by which they are compared.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "config/parts.hpp"

namespace netrig::config {
namespace {

std::string sysctl_value(std::string_view key, const toml::node& node, const Context& context) {
  if (node.is_string()) return context.expanded(node).value;
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* boolean = node.as_boolean()) return boolean->get() ? "1" : "0";
  context.fail(position_of(node), fmt::format("sysctl {} is {}; write a number or a string", key, type_of(node)));
}

void check_sysctl_key(const Text& key, const Context& context) {
  const std::string& text = key.value;
  if (!text.starts_with("net.") && !text.starts_with("net/"))
    context.fail(key.where,
                 fmt::format("sysctl \"{}\" does not belong to a network namespace; those begin with \"net.\"", text));
  const auto is_good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._-/@+:").find(c) != std::string_view::npos;
  };
  const bool climbs = text.find("..") != std::string::npos || text.find("//") != std::string::npos;
  if (text.size() > 256 || climbs || text.back() == '.' || text.back() == '/' ||
      !std::all_of(text.begin(), text.end(), is_good))
    context.fail(key.where, fmt::format("\"{}\" is not the name of a sysctl", text.substr(0, 64)));
}

/// As sysctl(8): the first separator says which of '.' and '/' separates and which stands in names.
std::string canonical(std::string key) {
  if (const std::size_t slash = key.find('/'); slash != std::string::npos && slash < key.find('.'))
    for (char& c : key) c = c == '/' ? '.' : c == '.' ? '/' : c;
  return key;
}

/// The full name of an interface's sysctl.
std::string full_key(const Text& name, const std::string& interface, const Context& context) {
  const bool is_plain = name.value.find('/') == std::string::npos && name.value.size() <= 200;
  if (const auto key = is_plain ? interface_sysctl(name.value, interface) : std::nullopt) return *key;
  // A whole name, or a last part alone: what it would be in short.
  const std::string last = name.value.substr(name.value.find_last_of("./") + 1);
  const bool is_neighbour = name.value.find("neigh") != std::string::npos;
  const bool is_ipv6 = name.value.find("ipv6") != std::string::npos;
  context.fail(name.where,
               fmt::format("\"{}\" is not a sysctl of an interface; write \"{}.{}{}\"{}", name.value.substr(0, 64),
                           is_ipv6 ? "ipv6" : "ipv4", is_neighbour ? "neigh." : "", last.substr(0, 64),
                           is_ipv6 ? "" : fmt::format(", or the same with \"ipv6\" or \"mpls\"")));
}

void add(std::vector<Sysctl>& sysctls, Sysctl one, const Context& context) {
  const auto same =
      std::find_if(sysctls.begin(), sysctls.end(), [&](const Sysctl& other) { return other.key_text == one.key_text; });
  if (same != sysctls.end())
    context.fail(one.where, fmt::format("sysctl {} is there already, in {}", one.key_text, context.line(same->where)));
  sysctls.push_back(std::move(one));
}

[[noreturn]] void fail_disagreement(const Sysctl& one, const Sysctl& other, const Context& context) {
  context.fail(one.value.where, fmt::format("sysctl {} is \"{}\" here and \"{}\" in {}; leave one out", one.key_text,
                                            *one.value, *other.value, context.line(other.value.where)));
}

}  // namespace

std::vector<Sysctl> read_sysctls(const Table& table) {
  std::vector<Sysctl> sysctls;
  const auto* given = table.table("sysctl");
  if (given == nullptr) return sysctls;
  const Context& context = table.context();
  for (const auto& [key, node] : in_file_order(*given)) {
    Text name = context.expanded(key->str(), position_of(*key));
    // net.ipv4.ip_forward without quotes is a table in TOML.
    if (node->is_table())
      context.fail(
          name.where,
          fmt::format("sysctl {} is a table; put the whole name in quotes: \"net.ipv4.ip_forward\" = 1", name.value));
    check_sysctl_key(name, context);
    add(sysctls,
        {.key_text = canonical(name.value),
         .value = {sysctl_value(name.value, *node, context), position_of(*node)},
         .where = name.where},
        context);
  }
  return sysctls;
}

std::vector<Sysctl> read_interface_sysctls(const Table& table, const std::string& interface) {
  std::vector<Sysctl> sysctls;
  const auto* given = table.table("sysctl");
  if (given == nullptr) return sysctls;
  const Context& context = table.context();
  for (const auto& [key, node] : in_file_order(*given)) {
    Text name = context.expanded(key->str(), position_of(*key));
    if (node->is_table())
      context.fail(
          name.where,
          fmt::format("sysctl {} is a table; put the whole name in quotes: \"ipv4.forwarding\" = 1", name.value));
    Text full{full_key(name, interface, context), name.where};
    check_sysctl_key(full, context);
    add(sysctls,
        {.key_text = std::move(full.value),
         .value = {sysctl_value(name.value, *node, context), position_of(*node)},
         .where = name.where},
        context);
  }
  return sysctls;
}

void add_forwarding(const Table& table, std::vector<Sysctl>& sysctls) {
  const Given<bool> forwarding = table.flag("forwarding");
  if (!forwarding) return;
  std::vector<Sysctl> both;
  for (const char* key : {"net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"}) {
    const Sysctl one{.key_text = key, .value = {*forwarding ? "1" : "0", forwarding.where}, .where = forwarding.where};
    const auto same =
        std::find_if(sysctls.begin(), sysctls.end(), [&](const Sysctl& other) { return other.key_text == key; });
    if (same == sysctls.end())
      both.push_back(one);
    else if (same->value != one.value)
      fail_disagreement(*same, one, table.context());
  }
  // First, for what ip_forward writes to every interface's own, whoever names one means more (devinet_sysctl_forward).
  sysctls.insert(sysctls.begin(), both.begin(), both.end());
}

void join_sysctls(Lab& lab, const Context& context) {
  std::vector<std::unordered_map<std::string_view, const Sysctl*>> known(lab.namespaces.size());
  for (std::size_t s = 0; s < known.size(); ++s)
    for (const Sysctl& one : lab.namespaces[s].of<Sysctl>()) known[s].emplace(one.key_text, &one);
  for (Device& device : lab.devices)
    for (Interface& interface : device.interfaces)
      std::erase_if(interface.objects.of<Sysctl>(), [&](const Sysctl& one) {
        const auto found = known[interface.home].find(one.key_text);
        if (found == known[interface.home].end()) return false;
        if (found->second->value != one.value) fail_disagreement(one, *found->second, context);
        return true;
      });
}

}  // namespace netrig::config
