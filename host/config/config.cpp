// SPDX-License-Identifier: Apache-2.0
#include "config/config.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "config/bounds.hpp"
#include "config/parts.hpp"
#include "model/error_number.hpp"
#include "model/unique_fd.hpp"

namespace netrig::config {
namespace {

void check_size(std::size_t size, const std::string& name) {
  if (size > kLargestFile)
    throw Error(ErrorCode::invalid,
                fmt::format("is {} bytes long; a lab file has at most {} (use [[repeat]] for what is alike)", size,
                            kLargestFile),
                name);
}

std::string read_file(const std::string& path) {
  const auto refuse = [&](const std::string& why) { throw Error(ErrorCode::invalid, why, path); };
  const auto fail = [&](const char* what) {
    const int error = errno;
    throw Error(code_of(error, ErrorCode::invalid), fmt::format("{}: {}", what, std::strerror(error)), path);
  };
  // O_PATH: looked at before it is opened, for opening alone makes some devices act.
  const UniqueFd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!place) fail("cannot open the lab file");
  struct stat status {};
  if (::fstat(place.get(), &status) != 0) fail("cannot read the lab file");
  if (S_ISDIR(status.st_mode)) refuse("is a directory, not a lab file");
  if (!S_ISREG(status.st_mode)) refuse("is not a regular file");
  check_size(static_cast<std::size_t>(status.st_size), path);
  const UniqueFd file(::open(fmt::format("/proc/self/fd/{}", place.get()).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) fail("cannot open the lab file");
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t size = ::read(file.get(), text.data() + done, text.size() - done);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) fail("cannot read the lab file");
    if (size == 0) break;
    done += static_cast<std::size_t>(size);
  }
  text.resize(done);
  return text;
}

toml::table parse_toml(std::string_view text, const std::string& name) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }))
    throw Error(ErrorCode::invalid, "is empty; a lab file begins with [lab] and name = \"...\"", name);
  check_size(text.size(), name);
  check_shape(text, name);
  return tomlfile::parse(text, name);
}

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
  table.allow({"name", "description", "dad", "foreign"});  // first: "nmae" is no missing name
  const Text name = table.required_text("name");
  if (const auto fault = lab_name_fault(name.value))
    context.fail(name.where, fmt::format("lab name \"{}\" {}; use letters, digits and . _ -", name.value, *fault));
  return LabName(name.value);
}

void read_namespaces(const toml::table& body, const Context& context, Lab& lab, const Surroundings& around,
                     std::unordered_map<std::string, std::size_t>& index) {
  const auto* spaces = Table(body, "the file", context).table("namespace");
  if (spaces == nullptr) return;
  for (const auto& [key, node] : in_file_order(*spaces)) {
    const Text name = context.expanded(key->str(), position_of(*key));
    if (!node->is_table())
      context.fail(position_of(*node), fmt::format("namespace \"{}\" is {}, not a table; write [namespace.{}]",
                                                   name.value, type_of(*node), name.value));
    lab.namespaces.push_back(read_namespace(name, Table(*node->as_table(), "namespace", context), around));
    if (const auto [found, fresh] = index.emplace(name.value, lab.namespaces.size() - 1); !fresh)
      context.fail(name.where, fmt::format("namespace \"{}\" is there already, in line {}", name.value,
                                           lab.namespaces[found->second].where.line));
  }
}

void read_devices(const toml::table& body, const Context& context, Lab& lab, const Surroundings& around) {
  const auto* devices = Table(body, "the file", context).table("device");
  if (devices == nullptr) return;
  for (const auto& [key, node] : in_file_order(*devices)) {
    const Text name = context.expanded(key->str(), position_of(*key));
    if (!node->is_table())
      context.fail(position_of(*node), fmt::format("device \"{}\" is {}, not a table; write [device.{}]", name.value,
                                                   type_of(*node), name.value));
    lab.devices.push_back(read_device(name, Table(*node->as_table(), "device", context), around));
  }
}

void read_services(const toml::table& body, const Context& context, Lab& lab,
                   std::unordered_map<std::string, Position>& seen) {
  const auto* services = Table(body, "the file", context).table("service");
  if (services == nullptr) return;
  for (const auto& [key, node] : in_file_order(*services)) {
    const Text name = context.expanded(key->str(), position_of(*key));
    if (!node->is_table())
      context.fail(position_of(*node), fmt::format("service \"{}\" is {}, not a table; write [service.{}]", name.value,
                                                   type_of(*node), name.value));
    lab.services.push_back(read_service(name, Table(*node->as_table(), "service", context)));
    if (const auto [found, fresh] = seen.emplace(name.value, name.where); !fresh)
      context.fail(name.where,
                   fmt::format("service \"{}\" is there already, in line {}", name.value, found->second.line));
  }
}

/// In the order of the file, for tests run one after the other; those of a repeat stand where it stands.
std::vector<Test> read_tests(const toml::table& root, const Context& context) {
  std::vector<std::pair<std::uint32_t, Test>> found;
  for_each_body(root, context, [&](const toml::table& body, const Context& inside) {
    const auto* tests = Table(body, "the file", inside).array("test");
    if (tests == nullptr) return;
    for_each_table(*tests, "[[test]]", inside, [&](const Table& test) {
      found.emplace_back(&body == &root ? test.where().line : position_of(body).line, read_test(test));
    });
  });
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Test> tests;
  tests.reserve(found.size());
  for (auto& [line, test] : found) tests.push_back(std::move(test));
  return tests;
}

}  // namespace

Parsed parse(std::string_view text, const std::string& name, const Drivers& drivers) {
  const toml::table root = parse_toml(text, name);
  Warnings warnings;
  const Context context{.file = &name, .variables = nullptr, .warnings = &warnings, .synonyms = synonyms()};
  const Table file(root, "the file", context);
  file.allow({"lab", "namespace", "device", "repeat", "test", "service"});
  Lab lab{.name = read_lab_name(root, context), .file = name, .source = std::string(text)};
  std::unordered_map<std::string, std::size_t> index;
  Surroundings around{.drivers = &drivers, .namespaces = &index};
  read_lab_table(Table(*file.table("lab"), "[lab]", context), lab, around);

  check_repeats(root, context);
  // Namespaces first, so that devices can name those that stand further down.
  for_each_body(root, context, [&](const toml::table& body, const Context& inside) {
    read_namespaces(body, inside, lab, around, index);
  });
  for_each_body(root, context,
                [&](const toml::table& body, const Context& inside) { read_devices(body, inside, lab, around); });
  std::unordered_map<std::string, Position> services;
  for_each_body(root, context,
                [&](const toml::table& body, const Context& inside) { read_services(body, inside, lab, services); });
  lab.tests = read_tests(root, context);
  check_lab(lab, drivers, context);
  join_sysctls(lab, context);
  return {.lab = std::move(lab), .warnings = warnings.told(name)};
}

Parsed load(const std::string& path, const Drivers& drivers) { return parse(read_file(path), path, drivers); }

std::string lab_name_of(const std::string& path) {
  const toml::table root = parse_toml(read_file(path), path);
  return read_lab_name(root, {.file = &path, .synonyms = synonyms()}).str();
}

}  // namespace netrig::config
