// SPDX-License-Identifier: Apache-2.0
// The parts of a lab file, each read from its table.
#pragma once
#include <functional>
#include <unordered_map>

#include "config/reader.hpp"

namespace netrig::config {

/// What readers of devices need to know of the rest.
struct Surroundings {
  const Drivers* drivers = nullptr;
  Dad dad = Dad::off;                                                        ///< lab-wide default
  const std::unordered_map<std::string, std::size_t>* namespaces = nullptr;  ///< name to index
};

Namespace read_namespace(const Text& name, const Table& table);
Device read_device(const Text& name, const Table& table, const Surroundings& around);
Route read_route(const Table& table);
Parameters read_parameters(const toml::table* given, Position device, const DriverDescription& driver,
                           const Context& context);
Test read_test(const Table& table);
Service read_service(const Text& name, const Table& table);
/// The one check that a test has.
Check read_check(const Table& test);

/// A duration in a range; nothing if the key is not there.
std::optional<nanoseconds> read_time(const Table& table, std::string_view key, nanoseconds least, nanoseconds most);
/// One string, or a list of strings.
std::vector<std::string> read_texts(const Table& table, std::string_view key);
/// A list is argv; a string is for the shell.
Command read_command(const Table& table, std::string_view key);
std::string read_regex(const Table& table, std::string_view key);

/// Warns of an address that may be a slip, refuses one that no interface can have.
void check_interface_address(const Prefix& prefix, Position where, const Context& context);

/// Everything that more than one part has a say in. `names` is the index of Lab::namespaces.
void check_lab(const Lab& lab, const Drivers& drivers, const Context& context);

/// What tests and services name must be there.
void check_tests(const Lab& lab, const Context& context);

/// Reads what all repeats count by, and refuses those that make too much (config/bounds.hpp).
void check_repeats(const toml::table& root, const Context& outside);
/// The file itself, then every iteration of every repeat.
void for_each_body(const toml::table& root, const Context& outside,
                   const std::function<void(const toml::table& table, const Context& context)>& each);

/// Entries of a table in the order of the file (toml++ sorts by name).
std::vector<std::pair<const toml::key*, const toml::node*>> in_file_order(const toml::table& table);

}  // namespace netrig::config
