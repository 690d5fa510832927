// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "config/parts.hpp"
#include "config/view.hpp"

namespace netrig::config {
namespace {

void read_path(const Table& table, Namespace& space) {
  const auto path = table.text("path");
  if (!path) return;
  if (!space.existing)
    table.fail(path->where, "path needs existing = true: only a namespace that is there already has one");
  if (path->value.empty() || path->value.front() != '/' || path->value.find('\0') != std::string::npos)
    table.fail(path->where,
               fmt::format("path \"{}\" is not absolute; write one as in \"/proc/self/ns/net\"", path->value));
  space.path = path->value;
}

}  // namespace

std::optional<Foreign> read_foreign(const Table& table) {
  static constexpr std::array kWords = {Foreign::report, Foreign::remove, Foreign::keep};
  const auto foreign = table.choice("foreign", {"report", "remove", "keep"});
  return foreign ? std::optional(kWords.at(*foreign)) : std::nullopt;
}

namespace {

/// What is written to "all" of these the kernel writes to every interface (addrconf_disable_ipv6, addrconf_sysctl_*),
/// and with disable_ipv6 their addresses go: those that are not the lab's could not be given back.
void check_spares_others(const Table& table, const std::vector<Sysctl>& sysctls) {
  for (const Sysctl& one : sysctls)
    for (const std::string_view name : {"disable_ipv6", "addr_gen_mode", "ignore_routes_with_linkdown"})
      if (one.key_text == fmt::format("net.ipv6.conf.all.{}", name))
        table.fail(one.value.where, fmt::format("sysctl {} changes every interface of a namespace that exists without "
                                                "the lab; set it for the lab's own, as ipv6.{} of each",
                                                one.key_text, name));
}

}  // namespace

Namespace read_namespace(const Text& name, const Table& table, const Surroundings& around) {
  table.allow(namespace_keys());
  if (const auto fault = namespace_name_fault(name.value))
    table.fail(
        name.where,
        fmt::format("namespace name \"{}\" {}; {}", name.value, *fault,
                    table.context().variables == nullptr && name.value.find('{') != std::string::npos
                        ? fmt::format("braces hold inside [[repeat]]: write [repeat.namespace.\"{}\"]", name.value)
                        : "use letters, digits and . _ - @ +"));
  Namespace space{.name = NamespaceName(name.value), .existing = table.boolean("existing").value_or(false)};
  space.where = name.where;
  space.is_switch = table.boolean("switch").value_or(false);
  read_path(table, space);
  const auto foreign = read_foreign(table);
  if (foreign && space.existing)
    table.fail(table.where("foreign"),
               "foreign is for namespaces that the lab makes; of an existing one only what the lab made is its own");
  // In an existing namespace everything is somebody else's, and stays.
  space.foreign = space.existing ? Foreign::keep : foreign.value_or(around.foreign);
  space.objects.of<Address>() = read_addresses(table, "lo", "lo", around.dad);
  add_gateways(table, space.objects.of<Route>());
  if (const auto* routes = table.array("routes"))
    for_each_table(*routes, "route", table.context(),
                   [&](const Table& route) { space.objects.of<Route>().push_back(read_route(route)); });
  if (const auto* rules = table.array("rules"))
    for_each_table(*rules, "rule", table.context(),
                   [&](const Table& rule) { space.objects.of<Rule>().push_back(read_rule(rule)); });
  space.objects.of<Sysctl>() = read_sysctls(table);
  add_forwarding(table, space.objects.of<Sysctl>());
  if (space.existing) check_spares_others(table, space.of<Sysctl>());
  space.view = read_view(name.value, table, around);
  space.commands = read_setup(table);
  return space;
}

}  // namespace netrig::config
