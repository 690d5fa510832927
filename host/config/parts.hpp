// SPDX-License-Identifier: Apache-2.0
// The parts of a lab file, each read from its table.
#pragma once
#include <functional>
#include <unordered_map>

#include "config/config.hpp"
#include "config/keys.hpp"
#include "model/lab.hpp"
#include "toml/table.hpp"

namespace netrig::config {

using tomlfile::Context;
using tomlfile::count_elements;
using tomlfile::for_each_element;
using tomlfile::for_each_table;
using tomlfile::in_file_order;
using tomlfile::position_of;
using tomlfile::Table;
using tomlfile::Text;
using tomlfile::type_of;
using tomlfile::Variables;
using tomlfile::Warnings;

class Budget;
class Contents;

/// What readers of devices need to know of the rest.
struct Surroundings {
  const Drivers* drivers = nullptr;
  Dad dad = Dad::off;                                                        ///< lab-wide default
  Foreign foreign = Foreign::report;                                         ///< lab-wide default
  const std::unordered_map<std::string, std::size_t>* namespaces = nullptr;  ///< name to index
  Contents* contents = nullptr;                                              ///< of what `files` name
  std::string_view lab = {};                                                 ///< its name
};

inline constexpr std::uint32_t kUint32Max = 0xffffffff;

Namespace read_namespace(const Text& name, const Table& table, const Surroundings& around);
Device read_device(const Text& name, const Table& table, const Surroundings& around);
/// `device`: what it is called if the file does not say; nullptr: the file must.
Interface read_interface(const Table& table, const std::string* device, const Surroundings& around);
Route read_route(const Table& table);
Rule read_rule(const Table& table);
/// "gateway": default routes in short.
void add_gateways(const Table& table, std::vector<Route>& routes);
/// A list of addresses of this interface, for which `dad` holds if they do not say.
std::vector<Address> read_addresses(const Table& table, std::string_view key, const std::string& interface, Dad dad);
std::vector<Neighbour> read_neighbours(const Table& table, const std::string& interface);
/// What `impair` of an interface or an event says, of no interface yet; of no kind if it says that nothing is impaired.
/// Nothing: it says nothing. `mtu`: of the interface; nothing: it is not known yet.
std::optional<Qdisc> read_impairment(const Table& owner, std::optional<std::uint32_t> mtu);
/// "port", "vlans": none, or one.
std::vector<Port> read_port(const Table& table, const std::string& interface);
std::vector<Vlans> read_vlans(const Table& table, const std::string& interface);
/// Whether a device is what has VLANs, and ports with settings.
bool is_bridge(const Device& device);
/// What an interface has as a port fits its master. nullptr: that is none of the lab's.
void check_port(const Interface& port, const Device* master, const Context& context);
std::vector<Sysctl> read_sysctls(const Table& table);
/// Of an interface, in short: "ipv4.forwarding".
std::vector<Sysctl> read_interface_sysctls(const Table& table, const std::string& interface);
/// "forwarding": sysctls of both families, unless they are among these.
void add_forwarding(const Table& table, std::vector<Sysctl>& sysctls);
/// What a namespace and its interfaces say of one sysctl must agree; it is the namespace's then.
void join_sysctls(Lab& lab, const Context& context);

std::optional<Foreign> read_foreign(const Table& table);
std::optional<Dad> read_dad(const Table& table);
Given<MacAddress> read_mac(const Table& table);
/// Numbers that have names, too.
std::optional<std::uint32_t> read_routing_table(const Table& table);
Given<std::uint32_t> read_route_protocol(const Table& table);
std::optional<std::uint32_t> read_ip_protocol(const Table& table, std::string_view key);
/// Mark and mask.
std::optional<std::pair<std::uint32_t, std::uint32_t>> read_fwmark(const Table& table);
/// 0: none.
std::uint32_t read_tos(const Table& table);
/// What keys of a lab file are called elsewhere.
std::span<const tomlfile::Synonym> synonyms();

Parameters read_parameters(const toml::table* given, Position device, const DriverDescription& driver,
                           const Surroundings& around, const Context& context);
Test read_test(const Table& table);
/// The one check that a test has.
Check read_check(const Table& test);

/// 80, or "8000-8099". `what`: the key, for messages.
NumberRange number_range(const toml::node& node, std::string_view what, std::uint32_t least, std::uint32_t most,
                         const Context& context);
/// A duration in a range; nothing if the key is not there.
std::optional<nanoseconds> read_time(const Table& table, std::string_view key, nanoseconds least, nanoseconds most);
/// A number from 0 to 100.
std::optional<double> read_percent(const Table& table, std::string_view key);
/// One string, or a list of strings.
std::vector<std::string> read_texts(const Table& table, std::string_view key);
/// A list is argv; a string is for the shell.
Command read_command(const Table& table, std::string_view key);
std::string read_regex(const Table& table, std::string_view key);

/// An address of an interface: "192.0.2.1/24", counted on by " + N".
Prefix interface_address(const Text& text, const Context& context);
/// An address without prefix length, counted on by " + N".
IpAddress plain_address(const Text& text, const Context& context);
/// A destination: prefix, or one address.
Prefix destination_prefix(const Text& text, const Context& context);

/// The plain address of a key.
std::optional<IpAddress> read_address(const Table& table, std::string_view key);

/// Warns of an address that may be a slip, refuses one that no interface can have.
void check_interface_address(const Prefix& prefix, const std::string& interface, Position where,
                             const Context& context);

/// Everything that more than one part has a say in. `names` is the index of Lab::namespaces.
void check_lab(const Lab& lab, const Drivers& drivers, const Context& context);

/// What tests and services name must be there.
void check_tests(const Lab& lab, const Context& context);

/// The lab file and those that it includes, in the order in which they are read: it comes last.
using Roots = std::vector<const toml::table*>;
using ReadBody = std::function<void(const toml::table& table, const Context& context)>;
/// Refuses repeats that are wrong, or make too much (config/bounds.hpp).
void check_repeats(const Roots& roots, const Context& outside, Budget& budget);
/// Each file itself, then every round of each of its repeats.
void for_each_body(const Roots& roots, const Context& outside, const ReadBody& each);

}  // namespace netrig::config
