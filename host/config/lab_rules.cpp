// SPDX-License-Identifier: Apache-2.0
// Checks that more than one part of a lab has a say in.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "config/space_rules.hpp"

namespace netrig::config {
namespace {

class LabCheck {
 public:
  LabCheck(const Lab& lab, const Drivers& drivers, const Context& context)
      : lab_(lab), drivers_(drivers), context_(context) {}

  void run() {
    spaces_.resize(lab_.namespaces.size());
    check_device_names();
    for (std::size_t d = 0; d < lab_.devices.size(); ++d) collect(d);
    for (std::size_t s = 0; s < spaces_.size(); ++s) check_unique(s);
    check_link_names();
    check_masters();
    check_ports();
    check_references();
    for (std::size_t s = 0; s < spaces_.size(); ++s) check_space(lab_.namespaces[s], spaces_[s], context_);
    warn_of_doubles(lab_, spaces_, context_);
    check_tests(lab_, context_);
  }

 private:
  /// Where all that is wrong is wanted, what comes behind is looked at, too.
  void fail(Position where, const std::string& message) const {
    context_.guard([&] { context_.fail(where, message); });
  }
  [[nodiscard]] std::string in_line(Position where) const { return context_.line(where); }
  const Interface& at(Place place) const { return lab_.devices[place.device].interfaces[place.interface]; }
  const std::string& name_of(std::size_t space) const { return lab_.namespaces[space].name.str(); }

  void check_device_names() const {
    std::unordered_map<std::string, Position> seen;
    for (const Device& device : lab_.devices)
      if (const auto [found, fresh] = seen.emplace(device.name.str(), device.where); !fresh)
        fail(device.where,
             fmt::format("device \"{}\" is there already, in {}", device.name.str(), in_line(found->second)));
  }

  void collect(std::size_t d) {
    const Device& device = lab_.devices[d];
    for (std::size_t i = 0; i < device.interfaces.size(); ++i) {
      const Interface& interface = device.interfaces[i];
      Inside& space = spaces_[interface.home];
      const auto [found, fresh] = space.interfaces.emplace(interface.name.str(), Place{d, i});
      if (!fresh)
        fail(interface.where,
             fmt::format("namespace {} has an interface \"{}\" already, in {}", name_of(interface.home),
                         interface.name.str(), in_line(at(found->second).where)));
      for (const Address& address : interface.of<Address>()) space.addresses.push_back(&address);
    }
  }

  void check_unique(std::size_t s) const {
    std::set<IpAddress> addresses;
    const auto once = [&](const Address& address) {
      // A link-local address may stand on several links (RFC 4007).
      if (!address.prefix.address.is_link_local() && !addresses.insert(address.prefix.address).second)
        fail(address.where,
             fmt::format("address {} is in namespace {} twice", address.prefix.address.str(), name_of(s)));
    };
    for (const Address* address : spaces_[s].addresses) once(*address);
    for (const Address& address : lab_.namespaces[s].of<Address>()) once(address);
    std::set<MacAddress> macs;
    for (const auto& [name, place] : spaces_[s].interfaces)
      if (const Interface& interface = at(place); interface.link.mac && !macs.insert(*interface.link.mac).second)
        fail(interface.where, fmt::format("mac {} is in namespace {} twice", interface.link.mac->str(), name_of(s)));
  }

  /// Alternative names are names, and an index is one interface's.
  void check_link_names() const {
    std::vector<std::unordered_map<std::string, Position>> altnames(spaces_.size());
    std::vector<std::unordered_map<std::uint32_t, Position>> indices(spaces_.size());
    for (const Device& device : lab_.devices)
      for (const Interface& interface : device.interfaces) {
        const std::size_t s = interface.home;
        const auto taken = [&](const std::string& name, Position by) {
          fail(interface.link.altnames.where, fmt::format("alternative name \"{}\" is that of another interface of "
                                                          "namespace {}, in {}",
                                                          name, name_of(s), in_line(by)));
        };
        for (const std::string& name : interface.link.altnames.value_or({})) {
          if (name == "lo")
            fail(interface.link.altnames.where, "alternative name \"lo\" is the loopback's, which every namespace has");
          if (const auto found = spaces_[s].interfaces.find(name); found != spaces_[s].interfaces.end())
            taken(name, at(found->second).where);
          if (const auto [found, fresh] = altnames[s].emplace(name, interface.where); !fresh)
            taken(name, found->second);
        }
        if (!interface.index) continue;
        if (const auto [found, fresh] = indices[s].emplace(*interface.index, interface.where); !fresh)
          fail(interface.index.where, fmt::format("index {} is that of another interface of namespace {}, in {}",
                                                  *interface.index, name_of(s), in_line(found->second)));
      }
  }

  /// The description of a driver that has been found before.
  const DriverDescription& driver_of(std::size_t device) const { return *lab_.devices[device].about; }

  void check_masters() {
    std::map<std::pair<std::size_t, std::string>, std::size_t> ports;  // (namespace, master) to count
    for (const Device& device : lab_.devices)
      for (const Interface& interface : device.interfaces) {
        if (!interface.link.master) continue;
        const std::string& master = interface.link.master.value_or("");
        const Inside& space = spaces_[interface.home];
        const auto found = space.interfaces.find(master);
        const std::size_t count = ++ports[{interface.home, master}];
        if (found == space.interfaces.end()) {
          check_foreign_master(interface);
          continue;
        }
        const DriverDescription& driver = driver_of(found->second.device);
        if (driver.max_ports == 0) {
          fail(interface.where,
               fmt::format("master \"{}\" is a {}, which cannot be a master; a bridge can", master, driver.kind));
          continue;
        }
        if (count == driver.max_ports + std::size_t{1})
          fail(interface.where,
               fmt::format(
                   "{}:{} has over {} ports, and a {} takes no more; add a second one and join the two by a veth",
                   name_of(interface.home), master, driver.max_ports, driver.kind));
        if (!interface.of<Address>().empty())
          context_.warnings->add(
              context_.place(interface.where),
              fmt::format("{}:{} is a port of {} and has an address, which gets no packets; give it to {}",
                          name_of(interface.home), interface.name.str(), master, master));
      }
    check_master_cycles();
  }

  /// Those that have something as a port, or as a bridge.
  void check_ports() const {
    for (const Device& device : lab_.devices)
      for (const Interface& interface : device.interfaces) {
        if (interface.of<Port>().empty() && interface.of<Vlans>().empty()) continue;
        const auto& others = spaces_[interface.home].interfaces;
        const auto master = others.find(interface.link.master.value_or(""));
        context_.guard([&] {
          if (interface.of<Port>().empty() && is_bridge(device))
            check_port(interface, &device, context_);
          else
            check_port(interface, master == others.end() ? nullptr : &lab_.devices[master->second.device], context_);
        });
      }
  }

  void check_foreign_master(const Interface& interface) const {
    if (lab_.namespaces[interface.home].existing) return;
    std::vector<std::string> names;
    for (const auto& [name, place] : spaces_[interface.home].interfaces) names.push_back(name);
    std::sort(names.begin(), names.end());
    const auto hint = closest(interface.link.master.value_or(""), names);
    fail(interface.where,
         fmt::format("unknown master \"{}\" in namespace {}; {}", interface.link.master.value_or(""),
                     name_of(interface.home),
                     hint ? fmt::format("did you mean \"{}\"?", *hint) : "add a bridge of that name to it"));
  }

  /// Every interface is walked over once: a walk ends where an earlier one was.
  void check_master_cycles() const {
    std::unordered_map<const Interface*, std::size_t> walk_of;
    std::size_t walk = 0;
    for (const Device& device : lab_.devices)
      for (const Interface& start : device.interfaces) {
        if (!start.link.master) continue;
        ++walk;
        const Interface* current = &start;
        while (current != nullptr && walk_of.emplace(current, walk).second) current = master_of(*current);
        if (current != nullptr && walk_of[current] == walk) fail_cycle(*current);
      }
  }

  /// nullptr: it has none, or one that is not of the lab.
  const Interface* master_of(const Interface& port) const {
    if (!port.link.master) return nullptr;
    const auto& interfaces = spaces_[port.home].interfaces;
    const auto found = interfaces.find(port.link.master.value_or(""));
    return found == interfaces.end() ? nullptr : &at(found->second);
  }

  void fail_cycle(const Interface& first) const {
    std::vector<std::string> chain = {first.name.str()};
    const Interface* current = &first;
    do {
      current = master_of(*current);
      chain.push_back(current->name.str());
    } while (current != &first);
    fail(first.where, fmt::format("masters in a circle: {}", fmt::join(chain, " -> ")));
  }

  /// Device that a reference leads to; nothing for one outside of the lab.
  std::optional<std::size_t> resolve(const InterfaceReference& reference, Position where) const {
    const auto space = index_.find(reference.home.str());
    if (space == index_.end()) {
      const auto hint = closest(reference.home.str(), names());
      fail(where, fmt::format("unknown namespace \"{}\"{}", reference.home.str(),
                              hint ? fmt::format("; did you mean \"{}\"?", *hint) : ""));
      return std::nullopt;
    }
    const auto& interfaces = spaces_[space->second].interfaces;
    if (const auto found = interfaces.find(reference.name.str()); found != interfaces.end())
      return found->second.device;
    if (lab_.namespaces[space->second].existing || reference.name.str() == "lo") return std::nullopt;
    std::vector<std::string> candidates;
    candidates.reserve(interfaces.size());
    for (const auto& [name, place] : interfaces) candidates.push_back(name);
    std::sort(candidates.begin(), candidates.end());
    const auto hint = closest(reference.name.str(), candidates);
    fail(where, fmt::format("namespace {} has no interface \"{}\"; {}", reference.home.str(), reference.name.str(),
                            hint                 ? fmt::format("did you mean \"{}\"?", *hint)
                            : candidates.empty() ? std::string("it has none")
                                                 : fmt::format("it has {}", fmt::join(candidates, ", "))));
    return std::nullopt;
  }

  /// What a device borrows is there without the lab, and in another namespace than it is to be.
  void check_loan(const Device& device) const {
    const ParameterValue* reference = nullptr;
    for (const ParameterDeclaration& one : device.about->parameters)
      if (const auto found = one.searches() ? device.parameters.find(one.name) : device.parameters.end();
          found != device.parameters.end() && std::holds_alternative<InterfaceReference>(found->second.values.front()))
        reference = &found->second;
    if (reference == nullptr) {
      if (std::none_of(lab_.namespaces.begin(), lab_.namespaces.end(), [](const auto& one) { return one.existing; }))
        fail(device.where, fmt::format("driver {} borrows an interface of an existing namespace, and the lab has none: "
                                       "write one with existing = true; that of the machine has path = "
                                       "\"/proc/self/ns/net\"",
                                       device.driver));
      return;
    }
    const auto& target = std::get<InterfaceReference>(reference->values.front());
    const auto known = index_.find(target.home.str());
    if (known == index_.end()) return;  // which has been told
    const std::size_t home = known->second;
    if (!lab_.namespaces[home].existing)
      fail(reference->where, fmt::format("{}:{} cannot be borrowed: namespace {} is of this lab; only what is in an "
                                         "existing one is there without it",
                                         target.home.str(), target.name.str(), target.home.str()));
    if (spaces_[home].interfaces.contains(target.name.str()))
      fail(reference->where,
           fmt::format("{}:{} cannot be borrowed: this lab makes it", target.home.str(), target.name.str()));
    if (device.interfaces.front().home == home)
      fail(reference->where, fmt::format("{}:{} is in that namespace already; the device must be in another",
                                         target.home.str(), target.name.str()));
  }

  void check_references() {
    for (std::size_t s = 0; s < lab_.namespaces.size(); ++s) index_.emplace(name_of(s), s);
    lowers_.resize(lab_.devices.size());
    for (std::size_t d = 0; d < lab_.devices.size(); ++d)
      for (const auto& [name, value] : lab_.devices[d].parameters)
        for (const ParameterScalar& scalar : value.values)
          if (const auto* reference = std::get_if<InterfaceReference>(&scalar))
            if (const auto lower = resolve(*reference, value.where)) lowers_[d].push_back(*lower);
    for (const Device& device : lab_.devices)
      if (device.about && device.about->borrows()) check_loan(device);
    // Depth-first: 1 is on the path from here, 2 is done.
    std::vector<char> mark(lab_.devices.size(), 0);
    std::vector<std::size_t> path;
    for (std::size_t d = 0; d < lab_.devices.size(); ++d) visit(d, mark, path);
  }

  void visit(std::size_t root, std::vector<char>& mark, std::vector<std::size_t>& path) const {
    std::vector<std::pair<std::size_t, std::size_t>> stack;  // device, next lower
    if (mark[root] != 0) return;
    stack.emplace_back(root, 0);
    mark[root] = 1;
    path.push_back(root);
    while (!stack.empty()) {
      auto& [device, next] = stack.back();
      if (next == lowers_[device].size()) {
        mark[device] = 2;
        path.pop_back();
        stack.pop_back();
        continue;
      }
      const std::size_t lower = lowers_[device][next++];
      if (mark[lower] == 1) {
        std::vector<std::string> names;
        for (auto at = std::find(path.begin(), path.end(), lower); at != path.end(); ++at)
          names.push_back(lab_.devices[*at].name.str());
        names.push_back(lab_.devices[lower].name.str());
        fail(lab_.devices[lower].where,
             fmt::format("devices need each other in a circle: {}", fmt::join(names, " -> ")));
      }
      if (mark[lower] != 0) continue;
      mark[lower] = 1;
      path.push_back(lower);
      stack.emplace_back(lower, 0);
    }
  }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const Namespace& space : lab_.namespaces) all.push_back(space.name.str());
    return all;
  }

  const Lab& lab_;
  const Drivers& drivers_;
  const Context& context_;
  std::vector<Inside> spaces_;
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<std::vector<std::size_t>> lowers_;
};

}  // namespace

void check_lab(const Lab& lab, const Drivers& drivers, const Context& context) {
  LabCheck(lab, drivers, context).run();
}

}  // namespace netrig::config
