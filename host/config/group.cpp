// SPDX-License-Identifier: Apache-2.0
// [group.NAME], and `interface` of groups and namespaces: keys that hold for several.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/plain.hpp"

namespace netrig::config {
namespace {

constexpr std::size_t kMostMatches = 20'000'000;

bool is_pattern(std::string_view text) { return text.find_first_of("*?[\\") != std::string_view::npos; }

/// Long patterns take long.
std::size_t weight_of(std::string_view pattern) {
  constexpr std::size_t kLongestName = 255;
  return 1 + pattern.size() / kLongestName;
}

/// Two that say something of one key must say the same.
void check_agreement(const toml::table& one, const toml::table& other, const std::string& interface,
                     const Context& context) {
  for (const auto& [key, value] : other) {
    const toml::node* before = one.get(key.str());
    if (before == nullptr) continue;
    if (before->is_table() && value.is_table()) {
      check_agreement(*before->as_table(), *value.as_table(), interface, context);
      continue;
    }
    const tomlfile::Bare none;
    if (tomlfile::written(*before, none) == tomlfile::written(value, none)) continue;
    context.fail(position_of(value),
                 fmt::format("{} = {} disagrees with {} in {}, and both are for interface \"{}\"; say "
                             "it by the interface's name",
                             key.str(), tomlfile::written(value, none), tomlfile::written(*before, none),
                             context.line(position_of(*before)), interface));
  }
}

}  // namespace

Groups::Groups(const Roots& roots, const Context& context, const Budget& budget) : context_(context) {
  std::unordered_map<std::string, Position> seen;
  for (const toml::table* root : roots) {
    const auto* groups = Table(*root, "the file", context).table("group");
    if (groups == nullptr) continue;
    for (const auto& [key, node] : in_file_order(*groups)) {
      const std::string name(key->str());
      if (!node->is_table())
        context.fail(position_of(*node),
                     fmt::format("group \"{0}\" is {1}, not a table; write [group.{0}]", name, type_of(*node)));
      if (const auto [found, fresh] = seen.emplace(name, position_of(*key)); !fresh)
        context.fail(position_of(*key),
                     fmt::format("group \"{}\" is there already, in {}", name, context.line(found->second)));
      const Table table(*node->as_table(), "group", context);
      if (!table.has("members"))
        table.fail(position_of(*key), fmt::format("group \"{}\" has no \"members\"; write members = \"r*\"", name));
      Group group{.name = name, .where = position_of(*key)};
      for (std::string& member : read_texts(table, "members"))
        if (is_pattern(member))
          group.patterns.push_back(std::move(member));
        else
          group.unseen.insert(*group.members.insert(std::move(member)).first);
      group.keys = tomlfile::materialised(table.raw(), context);
      group.keys.erase("members");
      group.interfaces = InterfaceDefaults::take(group.keys, context);
      Table(group.keys, "group", context).allow(group_keys());
      group.cost = budget.cost_of(group.keys);
      groups_.push_back(std::move(group));
    }
  }
}

std::vector<const Groups::Group*> Groups::of(const std::string& space, bool is_switch) {
  std::vector<const Group*> found;
  for (const Group& group : groups_) {
    const auto match = [&](const std::string& pattern) {
      comparisons_ += weight_of(pattern);
      if (comparisons_ > kMostMatches)
        context_.fail(group.where, fmt::format("members of groups would be compared with names over {} times; use "
                                               "fewer patterns",
                                               kMostMatches));
      return matches(pattern, space);
    };
    if (!group.members.contains(space) &&
        (is_switch || std::none_of(group.patterns.begin(), group.patterns.end(), match)))
      continue;
    group.has_members = true;
    group.unseen.erase(space);
    found.push_back(&group);
  }
  return found;
}

void Groups::warn(const Context& context) const {
  for (const Group& group : groups_)
    if (!group.has_members)
      context.warnings->add(context.place(group.where),
                            fmt::format("no namespace is a member of group \"{}\"", group.name));
    else if (!group.unseen.empty())
      context.warnings->add(context.place(group.where), fmt::format("group \"{}\" has members that no namespace is "
                                                                    "called: {}",
                                                                    group.name, fmt::join(group.unseen, ", ")));
}

toml::table InterfaceDefaults::take(toml::table& keys, const Context& context) {
  const toml::node* node = keys.get("interface");
  if (node == nullptr) return {};
  const Table owner(keys, "namespace", context);
  for (const auto& [pattern, value] : in_file_order(*owner.table("interface"))) {
    if (!value->is_table())
      context.fail(position_of(*value), fmt::format("interface \"{}\" is {}; write {{ \"eth*\" = {{ mtu = 9000 }} }}",
                                                    pattern->str(), type_of(*value)));
    if (pattern->str() == "lo")
      context.fail(position_of(*pattern),
                   "lo is no interface of a device; its addresses are the key lo of the namespace");
    Table(*value->as_table(), "interface", context).allow(interface_default_keys());
  }
  toml::table interfaces = std::move(*keys.get_as<toml::table>("interface"));
  keys.erase("interface");
  return interfaces;
}

void InterfaceDefaults::add(const std::string& space, std::vector<const toml::table*> levels) {
  std::erase_if(levels, [](const toml::table* level) { return level->empty(); });
  if (levels.empty()) return;
  std::vector<Level*> here;
  here.reserve(levels.size());
  for (const toml::table* level : levels) here.push_back(&level_of(*level));
  levels_.emplace(space, std::move(here));
}

InterfaceDefaults::Level& InterfaceDefaults::level_of(const toml::table& interfaces) {
  const auto [known, fresh] = known_.try_emplace(&interfaces);
  Level& level = known->second;
  if (!fresh) return level;
  for (const auto& [name, node] : in_file_order(interfaces)) {
    const Keys keys{.table = node->as_table(), .cost = budget_.cost_of(*node)};
    if (is_pattern(name->str()))
      level.patterns.emplace_back(name->str(), keys);
    else
      level.names.emplace(name->str(), keys);
  }
  return level;
}

void InterfaceDefaults::apply(const std::string& device, toml::table& table, const Context& context) {
  auto* interfaces = table.get_as<toml::array>("interfaces");
  if (interfaces == nullptr) return;
  for (toml::node& node : *interfaces) {
    auto* interface = node.as_table();
    if (interface == nullptr) continue;
    const auto* home = interface->get_as<std::string>("namespace");
    const auto* name = interface->get_as<std::string>("name");
    if (home == nullptr || (name == nullptr && interfaces->size() != 1)) continue;  // the reader says so
    const auto levels = levels_.find(home->get());
    if (levels != levels_.end()) lay_under(*interface, name == nullptr ? device : name->get(), levels->second, context);
  }
}

void InterfaceDefaults::lay_under(toml::table& interface, const std::string& name, const std::vector<Level*>& levels,
                                  const Context& context) {
  toml::table all;
  for (Level* level : levels) {
    toml::table here;
    for (auto& [pattern, keys] : level->patterns) {
      comparisons_ += weight_of(pattern);
      if (comparisons_ > kMostMatches)
        context.fail(position_of(*keys.table), fmt::format("names of interfaces would be compared with those of groups "
                                                           "and namespaces over {} times; use fewer patterns",
                                                           kMostMatches));
      if (matches(pattern, name)) lay(here, keys, name, context);
    }
    tomlfile::overlay(all, std::move(here));
    toml::table exact;
    if (const auto keys = level->names.find(name); keys != level->names.end()) lay(exact, keys->second, name, context);
    tomlfile::overlay(all, std::move(exact));
  }
  if (all.empty()) return;
  const toml::source_region at = interface.source();
  tomlfile::overlay(all, std::move(interface));
  interface = std::move(all);
  tomlfile::put_source(interface, at);
}

void InterfaceDefaults::lay(toml::table& here, Keys& keys, const std::string& name, const Context& context) {
  keys.used = true;
  budget_.take(keys.cost, position_of(*keys.table), "interfaces called like this and what stands before it make",
               context);
  check_agreement(here, *keys.table, name, context);
  tomlfile::overlay(here, tomlfile::copied(*keys.table));
}

void InterfaceDefaults::warn(const Context& context) const {
  std::vector<Position> unused;
  for (const auto& [interfaces, level] : known_) {
    for (const auto& [pattern, keys] : level.patterns)
      if (!keys.used) unused.push_back(position_of(*keys.table));
    for (const auto& [name, keys] : level.names)
      if (!keys.used) unused.push_back(position_of(*keys.table));
  }
  std::sort(unused.begin(), unused.end(), [](Position a, Position b) {
    return std::tuple(a.file, a.line, a.column) < std::tuple(b.file, b.line, b.column);
  });
  for (const Position where : unused) context.warnings->add(context.place(where), "no interface is called like that");
}

}  // namespace netrig::config
