// SPDX-License-Identifier: Apache-2.0
#include "config/config.hpp"

#include <fmt/format.h>

#include "config/files.hpp"
#include "config/plain.hpp"
#include "config/service.hpp"

namespace netrig::config {
namespace {

void read_lab_table(const Table& table, Lab& lab, Surroundings& around) {
  if (const auto text = table.text("description")) lab.description = text->value;
  around.dad = read_dad(table).value_or(Dad::off);
  lab.foreign = around.foreign = read_foreign(table).value_or(Foreign::report);
}

LabName read_lab_name(const toml::table& root, const Context& context) {
  const Table file(root, "the file", context);
  const auto* lab = file.table("lab");
  if (lab == nullptr) context.fail({1, 1}, "there is no [lab]; a lab file begins with [lab] and name = \"...\"");
  const Table table(*lab, "[lab]", context);
  table.allow(lab_keys());  // first: "nmae" is no missing name
  const Text name = table.required_text("name");
  if (const auto fault = lab_name_fault(name.value))
    context.fail(name.where, fmt::format("lab name \"{}\" {}; use letters, digits and . _ -", name.value, *fault));
  return LabName(name.value);
}

void read_prefix(const Table& table, Lab& lab) {
  const auto prefix = table.text("prefix");
  if (!prefix || prefix->value.empty()) return;
  if (const auto fault = namespace_name_fault(prefix->value))
    table.fail(prefix->where,
               fmt::format("prefix \"{}\" {}; use letters, digits and . _ - @ +", prefix->value, *fault));
  lab.prefix = prefix->value;
}

/// Where a namespace of a lab with a prefix is.
void put_prefix(Lab& lab, const Context& context) {
  if (lab.prefix.empty()) return;
  for (Namespace& space : lab.namespaces) {
    if (space.existing) continue;
    const std::string name = lab.prefix + space.name.str();
    if (const auto fault = namespace_name_fault(name))
      context.fail(space.where, fmt::format("namespace name \"{}\", with the lab's prefix, {}", name, *fault));
    space.path = "/run/netns/" + name;
  }
}

void refuse_twice(std::string_view kind, const Text& name, Position before, const Context& context) {
  context.fail(name.where, fmt::format("{} \"{}\" is there already, in {}", kind, name.value, context.line(before)));
}

void read_namespaces(Plain& plain, Lab& lab, const Surroundings& around,
                     std::unordered_map<std::string, std::size_t>& index) {
  plain.namespaces([&](const Text& name, const Table& table) {
    const std::size_t before = lab.namespaces.size();
    table.context().guard([&] { lab.namespaces.push_back(read_namespace(name, table, around)); });
    // One that is wrong stands for itself, so that not all that names it is wrong, too.
    if (lab.namespaces.size() == before)
      lab.namespaces.push_back({.name = NamespaceName(namespace_name_fault(name.value) ? "wrong" : name.value)});
    if (const auto [found, fresh] = index.emplace(name.value, lab.namespaces.size() - 1); !fresh)
      refuse_twice("namespace", name, lab.namespaces[found->second].where, table.context());
  });
}

Parsed parse_whole(std::string_view text, const Source& source, const Drivers& drivers, tomlfile::Faults* faults) {
  Warnings warnings;
  Files files;
  const Context context{.file = &source.file,
                        .variables = nullptr,
                        .warnings = &warnings,
                        .synonyms = synonyms(),
                        .includes = &files.names,
                        .globals = &files.globals,
                        .faults = faults,
                        .veils = "params"};
  read_files(text, source, context, files);
  const toml::table& root = *files.roots.back();
  LabName name("wrong");
  const auto read_name = [&] { name = read_lab_name(root, context); };
  // Without [lab] it is no lab file, and there is nothing more to say of it.
  root.get_as<toml::table>("lab") == nullptr ? read_name() : context.guard(read_name);
  Lab lab{.name = std::move(name), .file = source.file};
  std::unordered_map<std::string, std::size_t> index;
  Contents contents(source, context);
  Surroundings around{.drivers = &drivers, .namespaces = &index, .contents = &contents};
  const Table lab_table(*root.get_as<toml::table>("lab"), "[lab]", context);
  context.guard([&] {
    read_lab_table(lab_table, lab, around);
    read_prefix(lab_table, lab);
  });
  if (!source.name.empty()) {
    if (const auto fault = lab_name_fault(source.name))
      throw Error(ErrorCode::invalid,
                  fmt::format("lab name \"{}\" {}; use letters, digits and . _ -", source.name, *fault), "--name");
    lab.name = LabName(source.name);
    lab.prefix = source.name + "-";
  }

  around.lab = lab.name.str();
  Budget budget;
  check_repeats(files.roots, context, budget);
  Plain plain(files.roots, context, budget, source.expand);
  // Namespaces first, so that devices can name those that stand further down.
  read_namespaces(plain, lab, around, index);
  plain.devices([&](const Text& name, const Table& table) { lab.devices.push_back(read_device(name, table, around)); });
  Services services(lab, index);
  plain.services([&](const Text& name, const Table& table) { services.read(name, table); });
  plain.tests([&](const Table& table) { lab.tests.push_back(read_test(table)); });
  if (faults != nullptr && faults->any()) faults->raise();
  lab.services = services.take(context);
  put_prefix(lab, context);
  check_lab(lab, drivers, context);
  if (faults != nullptr && faults->any()) faults->raise();
  join_sysctls(lab, context);
  // To look a name up takes a look at all lines.
  constexpr std::size_t kMostResolved = 1000;
  lab.resolve = lab_table.boolean("resolve").value_or(lab.namespaces.size() <= kMostResolved);
  files.origin.contents = contents.take();
  files.origin.secrets = contents.take_secrets();
  lab.source = packed(files.origin);
  lab.includes = files.names;
  Parsed parsed{.lab = std::move(lab), .warnings = warnings.told(source.file)};
  if (source.expand) parsed.expanded = plain.text(parsed.lab);
  return parsed;
}

}  // namespace

Parsed parse(std::string_view text, const Source& source, const Drivers& drivers) {
  if (!source.all_faults) return parse_whole(text, source, drivers, nullptr);
  tomlfile::Faults faults;
  Parsed parsed{.lab = {.name = LabName("none")}, .warnings = {}};
  faults.within([&] { parsed = parse_whole(text, source, drivers, &faults); });
  if (faults.any()) faults.raise();
  return parsed;
}

Parsed parse(std::string_view text, const std::string& name, const Drivers& drivers) {
  return parse(text, Source{.file = name}, drivers);
}

Parsed load(const std::string& path, const Drivers& drivers) {
  const Source source{
      .file = path,
      .read = [](const std::string&, const std::string& name) { return read_file(name); },
      .contents = [](const std::string& from, const std::string& name) { return read_contents(from, name); }};
  return parse(read_file(path), source, drivers);
}

Parsed parse_source(std::string_view source, const std::string& file, const Drivers& drivers) {
  Origin origin = unpacked(source);
  const auto read = [&](const std::string& path, const std::string&) {
    for (const Origin::File& one : origin.includes)
      if (one.path == path) return one.text;
    throw Error(ErrorCode::invalid, fmt::format("it was not included when the lab was read: {}", path));
  };
  const auto contents = [&](const std::string& path, const std::string&) {
    std::vector<Content> found;
    for (const Content& one : origin.contents)
      if (one.path == path || one.path.starts_with(path + "/")) found.push_back(one);
    if (found.empty()) throw Error(ErrorCode::invalid, fmt::format("it was not there when the lab was read: {}", path));
    return found;
  };
  return parse(origin.text,
               Source{.file = file,
                      .read = read,
                      .contents = contents,
                      .secrets = origin.secrets,
                      .set = origin.set,
                      .name = origin.name},
               drivers);
}

Source said_in(std::string_view source) {
  Origin origin = unpacked(source);
  return {.file = {}, .set = std::move(origin.set), .name = std::move(origin.name)};
}

std::string lab_name_of(const std::string& path) {
  const toml::table root = parse_toml(read_file(path), path, 0);
  return read_lab_name(root, {.file = &path, .synonyms = synonyms()}).str();
}

}  // namespace netrig::config
