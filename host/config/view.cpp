// SPDX-License-Identifier: Apache-2.0
// What a namespace is to its commands.
#include "config/view.hpp"

#include "config/own_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

namespace netrig::config {
namespace {

/// RFC 1123, within what the kernel takes (__NEW_UTS_LEN).
std::string read_hostname(const Table& space) {
  constexpr std::size_t kLongest = 64;
  const auto name = space.text("hostname");
  if (!name) return {};
  const std::string& text = name->value;
  constexpr std::string_view kGood = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.";
  const bool good = !text.empty() && text.size() <= kLongest && text.find_first_not_of(kGood) == std::string::npos &&
                    text.front() != '-' && text.front() != '.' && text.back() != '-' && text.back() != '.';
  if (!good)
    space.fail(name->where,
               fmt::format("hostname \"{}\" is none: 1 to {} letters, digits, \"-\" and \".\", the last two "
                           "neither first nor last",
                           text, kLongest));
  return text;
}

std::string read_path(const Text& text, const Context& context) {
  constexpr std::size_t kLongest = 200;
  // What netrig itself puts there, or what everything hangs on.
  static constexpr std::array<std::string_view, 5> kTaken = {"/proc", "/sys", "/dev", "/run", "/"};
  const std::filesystem::path path(text.value);
  std::string normal = path.lexically_normal().string();
  while (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  if (!path.is_absolute() || text.value.find('\0') != std::string::npos || normal.size() > kLongest ||
      std::any_of(path.begin(), path.end(), [](const auto& part) { return part == ".."; }))
    context.fail(text.where, fmt::format("private directory \"{}\" is no absolute path without \"..\"; write one as in "
                                         "\"/var/lib/misc\"",
                                         text.value));
  const bool taken = std::any_of(kTaken.begin(), kTaken.end(), [&](std::string_view one) { return normal == one; }) ||
                     normal.starts_with("/proc/") || normal.starts_with("/sys/") ||
                     (normal + "/").starts_with("/run/netns/") || (normal + "/").starts_with("/run/netrig/");
  if (taken)
    context.fail(text.where, fmt::format("{} cannot be a private directory, for commands need the machine's", normal));
  return normal;
}

PrivateDirectory read_private_directory(const Table& table) {
  table.allow(private_keys());
  const Text path = table.required_text("path");
  PrivateDirectory one{.path = read_path(path, table.context()),
                       .mode = read_mode(table).value_or(PrivateDirectory{}.mode),
                       .where = path.where};
  read_owner(table, one.owner, one.group);
  return one;
}

std::vector<PrivateDirectory> read_directories(const Table& space) {
  std::vector<PrivateDirectory> all;
  const auto* list = space.array("private");
  if (list == nullptr) return all;
  for_each_element(*list, space.context(), [&](const toml::node& element, const Context& inside) {
    const toml::node& node = inside.resolved(element);
    if (node.is_table()) {
      all.push_back(read_private_directory(Table(*node.as_table(), "private", inside)));
    } else if (node.is_string()) {
      const Text path = inside.expanded(node);
      all.push_back({.path = read_path(path, inside), .where = path.where});
    } else {
      inside.fail(position_of(node), fmt::format("private is a list of paths and of tables with path, owner, group and "
                                                 "mode, not of {}",
                                                 type_of(node)));
    }
  });
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 0; j < all.size(); ++j)
      if (i != j && (all[i].path + "/").starts_with(all[j].path + "/"))
        space.fail(
            std::max(all[i].where, all[j].where,
                     [](Position a, Position b) { return std::pair(a.line, a.column) < std::pair(b.line, b.column); }),
            fmt::format("private directory {} is that, or in that, which is there already: {}", all[i].path,
                        all[j].path));
  return all;
}

}  // namespace

View read_view(const std::string& name, const Table& space, const Surroundings& around) {
  View view{.hostname = read_hostname(space), .directories = read_directories(space), .values = read_values(space)};
  if (const auto* files = space.table("files"))
    view.files = read_own_files(Table(*files, "files", space.context()), name, view.values, around);
  return view;
}

std::vector<NamespaceCommand> read_setup(const Table& space) {
  std::vector<NamespaceCommand> commands;
  const auto* list = space.array("commands");
  if (list == nullptr) return commands;
  for_each_element(*list, space.context(), [&](const toml::node& element, const Context& inside) {
    const toml::node& node = inside.resolved(element);
    if (node.is_string()) {
      const Text text = inside.expanded(node);
      if (text.value.empty()) inside.fail(text.where, "command is empty");
      commands.push_back({.run = {"/bin/sh", "-c", text.value}, .where = text.where});
      return;
    }
    if (!node.is_table())
      inside.fail(position_of(node),
                  fmt::format("commands is a list of strings and of tables with run and undo, not of "
                              "{}",
                              type_of(node)));
    const Table table(*node.as_table(), "command", inside);
    table.allow(command_keys());
    if (!table.has("run")) static_cast<void>(table.required_text("run"));
    NamespaceCommand command{.run = read_command(table, "run"), .where = table.where("run")};
    if (table.has("undo")) command.undo = read_command(table, "undo");
    commands.push_back(std::move(command));
  });
  return commands;
}

}  // namespace netrig::config
