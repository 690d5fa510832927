// SPDX-License-Identifier: Apache-2.0
// A lab file without shorthand. This layer lies between TOML and the readers of namespaces, devices, services and
// tests: it repeats bodies, lays groups under their members and `interface` under interfaces, and makes devices of
// links and lans, so that a reader sees one table with the keys of one thing. What has no shorthand is passed on as it
// stands.
#pragma once
#include <deque>
#include <memory>
#include <set>
#include <unordered_set>

#include "config/bounds.hpp"
#include "config/parts.hpp"

namespace netrig::config {

class Groups;
class InterfaceDefaults;

class Plain {
 public:
  /// `keep`: text() is wanted.
  Plain(const Roots& roots, const Context& context, Budget& budget, bool keep);
  ~Plain();
  Plain(const Plain&) = delete;
  Plain& operator=(const Plain&) = delete;

  using Read = std::function<void(const Text& name, const Table& table)>;
  /// In this order: interfaces are what namespaces say of them.
  void namespaces(const Read& each);
  void devices(const Read& each);
  void services(const Read& each);
  /// In the order of the file; those of a repeat stand where it stands.
  void tests(const std::function<void(const Table& table)>& each);

  /// What was read, as TOML without shorthand. After all of the above.
  [[nodiscard]] std::string text(const Lab& lab) const;

 private:
  struct Kept {
    std::string heading;
    std::shared_ptr<toml::table> table;  // in place, for what is written without quotes is known by address
  };
  const toml::table& keep(std::string heading, toml::table table);
  /// Reads a table, as it stands or expanded.
  void pass(const std::string& kind, const Text& name, const toml::table& table, const Context& context,
            const Read& each);
  void name_space(const Text& name, const toml::table& table, const Context& context, const Read& each);
  void whole_space(const Text& name, const toml::table& table, const Context& context, const Read& each);
  void device(const Text& name, const toml::table& table, const Context& context, const Read& each);
  void lan(const Text& name, const Table& lan, const Read& each);
  /// [KIND.NAME] of a body.
  void named(std::string_view kind, const toml::table& body, const Context& context,
             const std::function<void(const Text& name, const toml::table& table)>& each);
  [[nodiscard]] Context expanded(const Context& context) const;

  const Roots& roots_;
  Context context_;
  Budget& budget_;
  std::unique_ptr<Groups> groups_;
  std::unique_ptr<InterfaceDefaults> defaults_;
  bool keep_;
  mutable tomlfile::Bare bare_;
  std::deque<Kept> kept_;
};

/// What a link or a port of a lan comes to.
struct PlainDevice {
  Text name;
  toml::table table;
};
PlainDevice link_device(const Table& link);
/// The namespace of a lan.
toml::table lan_namespace(const Text& name, const Table& lan);
/// Its bridge, and a device for each port.
std::vector<PlainDevice> lan_devices(const Text& name, const Table& lan);

/// [group.NAME]: keys for all members.
class Groups {
 public:
  struct Group {
    std::string name;
    std::unordered_set<std::string> members = {};  ///< by name
    std::vector<std::string> patterns = {};        ///< of members
    toml::table keys = {};
    toml::table interfaces = {};  ///< by pattern
    Budget::Cost cost = {};       ///< of `keys`, for each member
    Position where;
    mutable bool has_members = false;
    mutable std::set<std::string> unseen = {};  ///< of `members`: nobody is called so
  };
  Groups(const Roots& roots, const Context& context, const Budget& budget);
  [[nodiscard]] bool empty() const { return groups_.empty(); }
  /// Those that a namespace is in, least first; a switch is in none by a pattern.
  [[nodiscard]] std::vector<const Group*> of(const std::string& space, bool is_switch);
  /// Warns of groups that nobody is in.
  void warn(const Context& context) const;
  [[nodiscard]] const std::deque<Group>& all() const { return groups_; }

 private:
  std::deque<Group> groups_;
  std::size_t comparisons_ = 0;
  const Context& context_;
};

/// What namespaces and groups say of interfaces, wherever those are made.
class InterfaceDefaults {
 public:
  explicit InterfaceDefaults(Budget& budget) : budget_(budget) {}
  /// Takes the key `interface` off the keys of a namespace or a group, and checks it.
  static toml::table take(toml::table& keys, const Context& context);
  /// Of a namespace, least first: by pattern, keys.
  void add(const std::string& space, std::vector<const toml::table*> levels);
  /// Keeps a table for as long as this lives.
  const toml::table* own(toml::table table) { return &owned_.emplace_back(std::move(table)); }
  [[nodiscard]] bool empty() const { return levels_.empty(); }
  /// Lays them under the interfaces of an expanded device.
  void apply(const std::string& device, toml::table& table, const Context& context);
  /// Warns of names that no interface has.
  void warn(const Context& context) const;

 private:
  struct Keys {
    const toml::table* table = nullptr;
    Budget::Cost cost;  // for each interface
    bool used = false;
  };
  /// What one group or namespace says, in the order of the file: names cost nothing where they are not meant.
  struct Level {
    std::unordered_map<std::string, Keys> names;
    std::vector<std::pair<std::string, Keys>> patterns;
  };
  Level& level_of(const toml::table& interfaces);
  void lay_under(toml::table& interface, const std::string& name, const std::vector<Level*>& levels,
                 const Context& context);
  void lay(toml::table& here, Keys& keys, const std::string& name, const Context& context);

  std::unordered_map<std::string, std::vector<Level*>> levels_;
  std::unordered_map<const toml::table*, Level> known_;
  std::deque<toml::table> owned_;
  Budget& budget_;
  std::size_t comparisons_ = 0;
};

}  // namespace netrig::config
