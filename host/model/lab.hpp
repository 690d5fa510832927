// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/address.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "model/parameter.hpp"
#include "model/state.hpp"
#include "model/test.hpp"

namespace netrig {

/// What `up` does with what nobody accounts for in a namespace that the lab made.
enum class Foreign : std::uint8_t {
  report,  ///< leaves it; `verify` lists it
  remove,
  keep,  ///< leaves it, and says nothing
};

/// A kernel link of a device.
struct Interface {
  std::size_t home = 0;  ///< index in Lab::namespaces
  InterfaceName name;
  LinkSettings link = {};           ///< master: in the same namespace
  Given<std::uint32_t> index = {};  ///< ifindex that the file chooses
  bool dynamic = false;             ///< addresses and routes that clients (DHCP, RA) made there are theirs
  SpaceState objects = {};          ///< that it has of its own: addresses, neighbours, sysctls, what it does to packets
  Position where = {};
  template <typename Kind>
  [[nodiscard]] const std::vector<Kind>& of() const {
    return objects.of<Kind>();
  }
  /// Whether the file has something on it that is there only with IPv6.
  [[nodiscard]] bool needs_ipv6() const;
  [[nodiscard]] AdminState state() const { return link.state.value_or(AdminState::up); }
  friend bool operator==(const Interface&, const Interface&) = default;
};

/// A directory of a namespace's own, which its commands see in place of the machine's.
struct PrivateDirectory {
  std::string path;
  std::string owner = "root";
  std::string group = "root";
  std::uint32_t mode = 0755;
  Position where = {};
  friend bool operator==(const PrivateDirectory&, const PrivateDirectory&) = default;
};

/// A file that a namespace's commands see in place of the machine's, or where the machine has none.
struct OwnFile {
  std::string path;
  std::string text;  ///< with its values in it
  std::string owner = "root";
  std::string group = "root";
  std::uint32_t mode = 0644;
  Position where = {};
  friend bool operator==(const OwnFile&, const OwnFile&) = default;
};

/// What a namespace is to its commands, alike in services, tests and `exec`.
struct View {
  std::string hostname = {};  ///< empty: the machine's
  std::vector<PrivateDirectory> directories = {};
  std::vector<OwnFile> files = {};  ///< sorted by path
  /// In the environment, beside LAB and NAMESPACE; sorted.
  std::vector<std::pair<std::string, std::string>> values = {};
  friend bool operator==(const View&, const View&) = default;
};

/// Run when the network of its namespace is there, and when it is about to go.
struct NamespaceCommand {
  Command run;
  Command undo = {};  ///< empty: nothing is to be undone
  Position where = {};
  friend bool operator==(const NamespaceCommand&, const NamespaceCommand&) = default;
};

/// What one driver makes in one call.
struct Device {
  DeviceName name;
  std::string driver = {};
  std::shared_ptr<const DriverDescription> about = {};  ///< what its driver's table says
  std::vector<Interface> interfaces = {};
  Parameters parameters = {};
  Position where = {};
  friend bool operator==(const Device& one, const Device& other) {
    return one.name == other.name && one.driver == other.driver && one.interfaces == other.interfaces &&
           one.parameters == other.parameters;
  }
};

struct Namespace {
  NamespaceName name;
  bool existing = false;   ///< was there before the lab; never deleted
  bool is_switch = false;  ///< no pattern of tests or groups matches it
  std::string path = {};   ///< of one that is not /run/netns/NAME, for it exists elsewhere or has a prefix; else empty
  Foreign foreign = Foreign::report;
  SpaceState objects = {};  ///< that are of no interface of a device: routes, rules, addresses of lo
  View view = {};
  std::vector<NamespaceCommand> commands = {};
  Position where = {};
  template <typename Kind>
  [[nodiscard]] const std::vector<Kind>& of() const {
    return objects.of<Kind>();
  }
  /// Whether lo has something of IPv6.
  [[nodiscard]] bool needs_ipv6() const;
  friend bool operator==(const Namespace&, const Namespace&) = default;
};

/// What a namespace is to its commands. Not to be read back, for files and values may hold secrets.
std::uint64_t fingerprint_of(const View& view);
/// What one of its files is.
std::uint64_t fingerprint_of(const OwnFile& file);

/// Whether a pattern of a test is about a namespace: a switch is what it is only by its name.
bool picks(std::string_view pattern, const Namespace& space);

/// A whole lab, expanded and checked: names are unique, references resolve, parameters fit their drivers.
struct Lab {
  LabName name;
  std::string description = {};
  std::string file = {};    ///< where it was read from, for messages
  std::string source = {};  ///< its text; with what it includes and what the command line says, if there is any
  std::vector<std::string> includes = {};  ///< other files that positions are in
  std::string prefix = {};                 ///< before the names of own namespaces in /run/netns
  Foreign foreign = Foreign::report;
  bool resolve = true;  ///< its commands find its namespaces by name
  std::vector<Namespace> namespaces = {};
  std::vector<Device> devices = {};
  std::vector<Service> services = {};
  std::vector<Test> tests = {};

  /// "file:line:column" of a position.
  [[nodiscard]] std::string at(Position where) const;
  [[nodiscard]] std::optional<std::size_t> find_namespace(std::string_view name) const;
  /// nullptr: there is none.
  [[nodiscard]] const Service* find_service(std::string_view name) const;
  /// Those that a name or a pattern means: "web" and "web@h1" are one, "web" is also all of the file's [service.web].
  [[nodiscard]] std::vector<const Service*> services_like(std::string_view pattern) const;
};

/// The part of a lab that `--only PATTERN...` names: the namespaces that match, and the devices all of whose interfaces
/// lie in them.
Lab select(const Lab& lab, const std::vector<std::string>& patterns);

}  // namespace netrig
