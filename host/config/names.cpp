// SPDX-License-Identifier: Apache-2.0
#include "config/names.hpp"

#include <algorithm>

#include "config/config.hpp"
#include "config/files.hpp"
#include "config/parts.hpp"

namespace netrig::config {
namespace {

void add_name(const std::string& name, std::vector<std::string>& names) {
  if (name.find('{') == std::string::npos && std::find(names.begin(), names.end(), name) == names.end())
    names.push_back(name);
}

template <typename View>
void add_keys(View table, std::vector<std::string>& names) {
  if (const toml::table* found = table.as_table())
    for (const auto& [key, value] : *found) add_name(std::string(key.str()), names);
}

/// A string, or those of a list.
template <typename View>
void add_texts(View node, std::vector<std::string>& names) {
  if (const auto* text = node.as_string()) add_name(text->get(), names);
  if (const toml::array* list = node.as_array())
    for (const toml::node& one : *list)
      if (const auto* text = one.as_string()) add_name(text->get(), names);
}

void add_end(const toml::node& node, std::vector<std::string>& names) {
  const auto* table = node.as_table();
  const auto* text = table == nullptr ? node.as_string() : table->get_as<std::string>("end");
  if (text != nullptr) return add_name(text->get().substr(0, text->get().find(' ')), names);
  if (table == nullptr) return;
  const auto* space = table->get_as<std::string>("namespace");
  const auto* name = table->get_as<std::string>("name");
  if (space != nullptr && name != nullptr) add_name(space->get() + ":" + name->get(), names);
}

void add_ends(const toml::node* owner, std::string_view key, std::vector<std::string>& names) {
  const auto* table = owner == nullptr ? nullptr : owner->as_table();
  const auto* list = table == nullptr ? nullptr : table->get_as<toml::array>(key);
  if (list == nullptr) return;
  for (const toml::node& end : *list) add_end(end, names);
}

}  // namespace

WrittenNames names_in(const std::string& path) {
  const toml::table root = parse_toml(read_file(path), path, 0);
  WrittenNames names;
  if (const auto* lab = root["lab"]["name"].as_string()) names.lab = lab->get();
  add_texts(root["lab"]["namespaces"], names.namespaces);
  add_keys(root["namespace"], names.namespaces);
  add_keys(root["service"], names.services);
  add_keys(root["vars"], names.variables);
  if (const auto* links = root["link"].as_array())
    for (const toml::node& link : *links) add_ends(&link, "ends", names.interfaces);
  for (const auto& [kind, list] : {std::pair{"lan", "ports"}, {"device", "interfaces"}})
    if (const auto* all = root[kind].as_table())
      for (const auto& [key, one] : *all) add_ends(&one, list, names.interfaces);
  if (const auto* tests = root["test"].as_array())
    for (const toml::node& test : *tests)
      if (const auto* table = test.as_table()) {
        add_texts((*table)["name"], names.tests);
        add_texts((*table)["tags"], names.tags);
      }
  return names;
}

}  // namespace netrig::config
