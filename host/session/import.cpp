// SPDX-License-Identifier: Apache-2.0
#include "session/import.hpp"

#include <fmt/format.h>
#include <linux/if.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "model/printable.hpp"
#include "session/import_look.hpp"

namespace netrig::session {
namespace {

/// A link that is looked at: of which namespace, and its facts.
struct Seen {
  std::size_t space = 0;
  const kernel::LinkFacts* facts = nullptr;
};
using Place = std::pair<std::size_t, std::uint32_t>;  // namespace, ifindex

/// From what was seen to a lab.
class Saying {
 public:
  Saying(ImportLook& look, Lab& lab, std::vector<Remark>& remarks, Tables tables, std::vector<std::string> refused)
      : look_(look), lab_(lab), remarks_(remarks), tables_(std::move(tables)), refused_(std::move(refused)) {}

  void run() {
    for (std::size_t s = 0; s < look_.spaces.size(); ++s) {
      const ImportedSpace& space = look_.spaces[s];
      lab_.namespaces.push_back({.name = NamespaceName(space.name)});
      for (const kernel::LinkFacts& facts : space.links)
        links_.emplace(Place(s, facts.link.ifindex), Seen{.space = s, .facts = &facts});
    }
    for (std::size_t s = 0; s < look_.spaces.size(); ++s)
      for (const kernel::LinkFacts& facts : look_.spaces[s].links) say_link(s, facts);
    std::stable_sort(lab_.devices.begin(), lab_.devices.end(), [](const Device& one, const Device& other) {
      const Interface& a = one.interfaces.front();
      const Interface& b = other.interfaces.front();
      return a.home != b.home ? a.home < b.home : counts_before(a.name.str(), b.name.str());
    });
    name_devices(lab_);
    for (Device& device : lab_.devices) drop_masters(device);
    for (std::size_t s = 0; s < look_.spaces.size(); ++s) say_space(s);
  }

 private:
  void remark(std::size_t space, const std::string& interface, const std::string& text) {
    remarks_.push_back({.space = space, .text = interface.empty() ? text : fmt::format("{}: {}", interface, text)});
  }

  /// nullptr: no driver makes such links.
  [[nodiscard]] std::shared_ptr<const DriverDescription> table_of(const kernel::LinkState& link) const {
    const std::string name = kernel::usual_name(link);
    for (const bool by_name : {true, false})
      for (const auto& table : tables_)
        if (table->link_kinds.front() == link.kind && (!by_name || table->kind == name)) return table;
    return nullptr;
  }

  [[nodiscard]] bool is_said(std::size_t space, const std::string& interface) const {
    return interface == "lo" || said_.contains({space, interface});
  }

  /// The namespace that a link's other end, or what it sits on, is in; nothing: it is not imported.
  [[nodiscard]] std::optional<std::size_t> lower_space(std::size_t space, const kernel::LinkFacts& facts) const {
    if (!facts.lower_space) return space;
    const auto& numbers = look_.spaces[space].numbers;
    const auto found = numbers.find(*facts.lower_space);
    if (found == numbers.end() || found->second < 0) return std::nullopt;
    const auto number = static_cast<std::size_t>(found->second);
    return number < look_.spaces.size() ? std::optional(number) : std::nullopt;
  }

  /// Where something is that is not imported.
  [[nodiscard]] std::string elsewhere(std::size_t space, const kernel::LinkFacts& facts) const {
    const auto& numbers = look_.spaces[space].numbers;
    const auto found = facts.lower_space ? numbers.find(*facts.lower_space) : numbers.end();
    if (found == numbers.end() || found->second < 0) return "in a namespace without a name, which is not imported";
    const auto other = static_cast<std::size_t>(found->second) - look_.spaces.size();
    return other < look_.others.size() ? fmt::format("in namespace {}, which is not imported", look_.others[other])
                                       : std::string("in a namespace without a name, which is not imported");
  }

  void say_link(std::size_t space, const kernel::LinkFacts& facts) {
    const std::string& name = facts.link.name;
    const Link* link = look_.spaces[space].link(name);
    if (link == nullptr || link->comes_by_itself() || done_.contains({space, facts.link.ifindex})) return;
    if (const auto fault = interface_name_fault(name)) return remark(space, name, "its name " + *fault);
    const auto table = table_of(facts.link);
    if (!table) {
      if (link->kind.empty()) return remark(space, name, "it is hardware, or the machine's, and no driver makes it");
      const bool refused = std::find(refused_.begin(), refused_.end(), link->kind) != refused_.end();
      return remark(space, name,
                    fmt::format("it is a {}, {}", link->kind,
                                refused ? "whose driver is refused; see \"netrig drivers list\""
                                        : "for which no driver is installed"));
    }
    if (table->peer_attribute != 0) return say_pair(space, facts, table);
    if (table->max_interfaces == 1) return say_single(space, facts, table);
    remark(space, name, fmt::format("which interfaces driver {} makes together nobody tells", table->kind));
  }

  void say_single(std::size_t space, const kernel::LinkFacts& facts,
                  const std::shared_ptr<const DriverDescription>& table) {
    Device device{.name = DeviceName("unnamed"), .driver = table->kind, .about = table};
    const Link& link = *look_.spaces[space].link(facts.link.name);
    for (const ParameterDeclaration& one : table->parameters) {
      if (one.kernel.encoding != Encoding::ifindex) continue;
      const bool of_link = (one.kernel.places & KernelPlace::kLink) != 0;
      const std::uint32_t lower = of_link ? facts.lower : kernel::interface_in(facts, one.kernel.attribute);
      if (lower == 0 && !one.required) continue;
      const auto home = lower_space(space, facts);
      const auto found = home ? links_.find({*home, lower}) : links_.end();
      if (found == links_.end()) {
        if (one.required)
          return remark(space, link.name, fmt::format("it sits on an interface {}", elsewhere(space, facts)));
        remark(space, link.name, fmt::format("its {} is {}", one.name, elsewhere(space, facts)));
        continue;
      }
      const std::string& name = found->second.facts->link.name;
      if (interface_name_fault(name)) return remark(space, link.name, fmt::format("it sits on {}", name));
      device.parameters[one.name] = {
          .values = {InterfaceReference{NamespaceName(look_.spaces[*home].name), InterfaceName(name)}}};
    }
    const Link* usual = usual_of(link.kind);
    for (const LinkParameter& one : link.parameters)
      if (is_of(one, table) && is_to_be_said(one, usual))
        device.parameters[one.declaration->name] = {.values = one.values};
    drop_unwelcome(device);
    device.interfaces.push_back(interface_of(space, facts));
    add(std::move(device), {{space, facts.link.ifindex}});
  }

  void say_pair(std::size_t space, const kernel::LinkFacts& facts,
                const std::shared_ptr<const DriverDescription>& table) {
    const auto home = lower_space(space, facts);
    const auto peer = home ? links_.find({*home, facts.lower}) : links_.end();
    if (peer == links_.end() || peer->second.facts->lower != facts.link.ifindex ||
        peer->second.facts->link.kind != facts.link.kind)
      return remark(space, facts.link.name, fmt::format("its other end is {}", elsewhere(space, facts)));
    if (interface_name_fault(peer->second.facts->link.name))
      return remark(space, facts.link.name, "no lab file can have the name of its other end");
    std::array<Seen, 2> ends = {Seen{.space = space, .facts = &facts}, peer->second};
    // A host comes before the port that it hangs on.
    const auto rank = [](const Seen& end) { return std::pair(end.facts->link.master != 0, end.space); };
    if (rank(ends[1]) < rank(ends[0]) ||
        (rank(ends[0]) == rank(ends[1]) && counts_before(ends[1].facts->link.name, ends[0].facts->link.name)))
      std::swap(ends[0], ends[1]);
    Device device{.name = DeviceName("unnamed"), .driver = table->kind, .about = table};
    say_pair_parameters(device, ends, table);
    for (const Seen& end : ends) device.interfaces.push_back(interface_of(end.space, *end.facts));
    add(std::move(device),
        {{ends[0].space, ends[0].facts->link.ifindex}, {ends[1].space, ends[1].facts->link.ifindex}});
  }

  /// What is of both ends the first one has; where the second has something else, it is the second's own.
  void say_pair_parameters(Device& device, const std::array<Seen, 2>& ends,
                           const std::shared_ptr<const DriverDescription>& table) {
    const Link& first = *look_.spaces[ends[0].space].link(ends[0].facts->link.name);
    const Link& second = *look_.spaces[ends[1].space].link(ends[1].facts->link.name);
    const Link* usual = usual_of(first.kind);
    const auto is_peers = [](const ParameterDeclaration& one) {
      return (one.kernel.places & (KernelPlace::kPeer | KernelPlace::kLink)) == KernelPlace::kPeer;
    };
    for (const LinkParameter& one : first.parameters)
      if (is_of(one, table) && !is_peers(*one.declaration) && is_to_be_said(one, usual))
        device.parameters[one.declaration->name] = {.values = one.values};
    for (const LinkParameter& one : second.parameters) {
      if (!is_of(one, table) || !is_peers(*one.declaration) || !one.is_told() || one.declaration->secret) continue;
      const auto of_both =
          std::find_if(first.parameters.begin(), first.parameters.end(), [&](const LinkParameter& other) {
            return !is_peers(*other.declaration) &&
                   other.declaration->kernel.attribute == one.declaration->kernel.attribute;
          });
      const bool same = of_both != first.parameters.end() && agrees(*one.declaration, of_both->values, one.values);
      if (!same) device.parameters[one.declaration->name] = {.values = one.values};
    }
  }

  [[nodiscard]] const Link* usual_of(const std::string& kind) const {
    return look_.untouched ? look_.untouched->link(kind) : nullptr;
  }

  /// Several drivers may make one kind of links, and each tells of all of them.
  static bool is_of(const LinkParameter& one, const std::shared_ptr<const DriverDescription>& table) {
    return !one.declaration.owner_before(table) && !table.owner_before(one.declaration);
  }

  /// Whether a parameter is not what it would be anyway.
  static bool is_to_be_said(const LinkParameter& one, const Link* usual) {
    const ParameterDeclaration& declaration = *one.declaration;
    if (!one.is_told() || declaration.secret) return false;
    std::optional<std::vector<ParameterScalar>> otherwise;
    if (declaration.default_text) {
      const auto value = parse_parameter(declaration, *declaration.default_text);
      if (const auto* scalar = std::get_if<ParameterScalar>(&value)) otherwise = {*scalar};
    } else if (const LinkParameter* there = usual != nullptr ? usual->parameter(declaration) : nullptr;
               there != nullptr && there->is_told() && !declaration.required) {
      otherwise = there->values;
    } else if (!declaration.required) {
      otherwise = declaration.unset();
    }
    return !otherwise || !agrees(declaration, *otherwise, one.values);
  }

  /// What goes only with a mode that the link is not in.
  static void drop_unwelcome(Device& device) {
    for (const ParameterDeclaration& one : device.about->parameters)
      if (device.parameters.contains(one.name) && !is_welcome(one, *device.about, device.parameters))
        device.parameters.erase(one.name);
  }

  void add(Device device, const std::vector<Place>& places) {
    for (std::size_t i = 0; i < places.size(); ++i) {
      done_.insert(places[i]);
      said_.emplace(device.interfaces[i].home, device.interfaces[i].name.str());
    }
    lab_.devices.push_back(std::move(device));
  }

  Interface interface_of(std::size_t space, const kernel::LinkFacts& facts) {
    const ImportedSpace& home = look_.spaces[space];
    const Link& link = *home.link(facts.link.name);
    Interface interface { .home = space, .name = InterfaceName(link.name) };
    LinkSettings& said = interface.link;
    // What the kernel has when nobody chooses; a guess where nobody may ask it.
    const bool has_frames = (facts.link.flags & IFF_POINTOPOINT) == 0;  // those of Ethernet
    LinkSettings otherwise{.mtu = 1500U, .txqlen = has_frames ? 1000U : 500U, .multicast = true, .arp = has_frames};
    if (const Link* usual = usual_of(link.kind)) otherwise = usual->settings;
    otherwise.mac.reset();
    otherwise.master = std::string();
    otherwise.state = AdminState::up;
    otherwise.alias = std::string();
    otherwise.altnames = std::vector<std::string>();
    otherwise.group = 0U;
    otherwise.promiscuous = otherwise.allmulticast = otherwise.protodown = false;
    if (!otherwise.addr_gen_mode) otherwise.addr_gen_mode = AddressGeneration::eui64;
    Link::each_setting([&](std::string_view, auto setting) {
      if ((link.settings.*setting) != (otherwise.*setting)) said.*setting = link.settings.*setting;
    });
    for (const LinkParameter& one : link.parameters)
      if (one.is_told() && one.declaration->secret)
        remark(space, link.name, fmt::format("{} is secret, and not written", one.declaration->name));
    // What is no text no file can say.
    if (said.alias && printable(*said.alias) != *said.alias) {
      remark(space, link.name, fmt::format("its alias is no text: {}", one_line(*said.alias)));
      said.alias.reset();
    }
    if (said.altnames &&
        std::erase_if(*said.altnames, [](const std::string& one) { return printable(one) != one; }) > 0)
      remark(space, link.name, "another name of it is no text");
    if (!facts.chosen_mac) said.mac.reset();
    if (said.mtu && follows_others(space, facts)) said.mtu.reset();
    take_objects(space, link, interface);
    return interface;
  }

  /// Whether an MTU is that of what the link sits on, or the least of its ports, as it is when nobody chooses one.
  [[nodiscard]] bool follows_others(std::size_t space, const kernel::LinkFacts& facts) const {
    const auto table = table_of(facts.link);
    if (table->peer_attribute == 0 && facts.lower != 0) {
      const auto home = lower_space(space, facts);
      const auto lower = home ? links_.find({*home, facts.lower}) : links_.end();
      if (lower != links_.end() && lower->second.facts->link.mtu == facts.link.mtu) return true;
    }
    std::optional<std::uint32_t> least;
    for (const kernel::LinkFacts& port : look_.spaces[space].links)
      if (port.link.master == facts.link.ifindex) least = std::min(least.value_or(UINT32_MAX), port.link.mtu);
    return table->max_ports > 0 && least == facts.link.mtu;
  }

  void take_objects(std::size_t space, const Link& link, Interface& interface) {
    const SpaceState& state = look_.spaces[space].state;
    for (const Address& one : state.of<Address>())
      if (one.interface == link.name) say_address(space, one, interface.objects.of<Address>());
    for (const Neighbour& one : state.of<Neighbour>()) {
      if (one.interface != link.name) continue;
      Neighbour said = one;
      if (!said.router.value_or(false)) said.router.reset();
      if (said.state == Given(NeighbourState::permanent)) said.state.reset();
      if (said.mac && said.mac->is_zero()) said.mac.reset();
      interface.objects.of<Neighbour>().push_back(std::move(said));
    }
    for (const Qdisc& one : state.of<Qdisc>())
      if (one.interface == link.name && one.is_impairment()) say_impairment(space, one, interface);
    for (const Port& one : state.of<Port>())
      if (one.interface == link.name) say_port(space, link, one, interface.objects.of<Port>());
    for (const Vlans& one : state.of<Vlans>())
      if (one.interface == link.name) say_vlans(space, link, one, interface.objects.of<Vlans>());
    for (const Sysctl& one : state.of<Sysctl>())
      if (one.interface() == link.name) interface.objects.of<Sysctl>().push_back(one);
  }

  void say_impairment(std::size_t space, const Qdisc& one, Interface& interface) {
    Qdisc said = one;
    said.queue = 0;
    Qdisc::each_setting([&](std::string_view, auto setting) {
      if ((said.*setting) && setting_text(*(said.*setting)).empty()) (said.*setting).reset();
    });
    if (said.limit == Given(Qdisc::kUsualLimit)) said.limit.reset();
    Qdisc otherwise = said;
    otherwise.burst.reset();
    otherwise.complete(interface.link.mtu.value_or(kUsualMtu));
    const bool is_usual =
        said.burst &&
        std::max(*said.burst, *otherwise.burst) - std::min(*said.burst, *otherwise.burst) <= said.burst_tolerance();
    if (is_usual) said.burst.reset();
    if (said.jitter) remark(space, one.interface, "whether its delays have a distribution the kernel does not tell");
    if (said.kind == Qdisc::kNetem && said.words().empty()) said.limit = one.limit;  // one that does nothing yet
    interface.objects.of<Qdisc>().push_back(std::move(said));
  }

  /// Whether a bridge has something switched on.
  [[nodiscard]] static bool is_on(const Link* bridge, std::string_view parameter) {
    return bridge != nullptr &&
           std::any_of(bridge->parameters.begin(), bridge->parameters.end(), [&](const LinkParameter& one) {
             return one.declaration->name == parameter && one.is_told() &&
                    one.values == std::vector<ParameterScalar>{true};
           });
  }

  void say_port(std::size_t space, const Link& link, const Port& one, std::vector<Port>& into) const {
    Port said{.interface = link.name};
    const Port nothing = said;
    const Port born = born_port();
    Port::each_setting([&](std::string_view, auto setting) {
      if (born.*setting && one.*setting != born.*setting) said.*setting = one.*setting;
    });
    // By the speed that it tells: 10 Gbit/s for a veth, and 10 Mbit/s for what tells none (port_cost).
    if (one.cost != Given(link.kind == "veth" ? 2U : 100U)) said.cost = one.cost;
    // Other states come of spanning tree, of the carrier, or go on by themselves.
    const Link* bridge = look_.spaces[space].link(link.settings.master.value_or(""));
    if (one.state == Given(PortState::disabled) && bridge != nullptr &&
        bridge->settings.state == Given(AdminState::up) && !is_on(bridge, "stp"))
      said.state = one.state;
    if (said != nothing) into.push_back(std::move(said));
  }

  void say_vlans(std::size_t space, const Link& link, const Vlans& one, std::vector<Vlans>& into) {
    if (!one.usual || one.list == Given(one.born()))
      return;  // the kernel has none, or it is as if nobody had been here
    const Link* bridge = one.of_bridge ? &link : look_.spaces[space].link(link.settings.master.value_or(""));
    if (!is_on(bridge, "vlan_filtering"))
      return remark(space, link.name,
                    fmt::format("its VLANs ({}) have no effect, for its bridge does not look at them (vlan_filtering)",
                                setting_text(*one.list)));
    into.push_back({.interface = link.name, .list = one.list, .of_bridge = one.of_bridge});
  }

  void say_address(std::size_t space, const Address& one, std::vector<Address>& into) {
    if (one.valid != Given(Lifetime::for_ever))
      return remark(space, one.interface,
                    fmt::format("address {} is dynamic: whoever gave it does so again", one.prefix.str()));
    Address said = one;
    const bool v6 = one.prefix.address.family == Family::ipv6;
    const Scope usual = !v6 && one.prefix.address.is_loopback() ? Scope::host : Scope::global;
    if (v6 || said.scope == Given(usual)) said.scope.reset();
    if (said.broadcast && *said.broadcast == one.usual_broadcast()) said.broadcast.reset();
    said.valid.reset();
    if (said.preferred == Given(Lifetime::for_ever)) said.preferred.reset();
    if (said.prefix_route.value_or(true)) said.prefix_route.reset();
    if (said.metric.value_or(0) == 0) said.metric.reset();
    into.push_back(std::move(said));
  }

  void say_space(std::size_t s) {
    const ImportedSpace& seen = look_.spaces[s];
    SpaceState& said = lab_.namespaces[s].objects;
    for (const kernel::LeftOut& one : seen.left_out) remark(s, one.interface, one.text);
    if (const Link* lo = seen.link("lo"); lo != nullptr && lo->settings.state == Given(AdminState::down))
      remark(s, "lo", "it is down, and up in every lab");
    for (const Address& one : seen.state.of<Address>())
      if (one.interface == "lo") say_address(s, one, said.of<Address>());
    for (const Neighbour& one : seen.state.of<Neighbour>())
      if (one.interface == "lo") remark(s, "lo", fmt::format("neighbour {} of a loopback", one.address.str()));
    for (const Sysctl& one : seen.state.of<Sysctl>())
      if (one.reach() != Sysctl::Reach::interface || one.interface() == "lo") said.of<Sysctl>().push_back(one);
    for (const Route& one : seen.state.of<Route>()) say_route(s, one, said.of<Route>());
    for (const auto& [of, routes] : of_daemons_)
      if (of.first == s)
        remark(s, "",
               fmt::format("route {}{} made by protocol {}, a daemon", routes.second,
                           routes.first == 1 ? " was" : fmt::format(" and {} more were", routes.first - 1), of.second));
    for (const Rule& one : seen.state.of<Rule>()) {
      if (one.comes_by_itself()) {
        remark(s, "", fmt::format("rule \"{}\" was made by protocol {}, a daemon", one.text(), one.protocol));
        continue;
      }
      said.of<Rule>().push_back(one);
      said.of<Rule>().back().protocol = kRouteProtocol;
    }
  }

  void say_route(std::size_t space, const Route& one, std::vector<Route>& into) {
    if (one.comes_by_itself()) {
      auto& [count, first] = of_daemons_[{space, *one.protocol}];
      if (count++ == 0) first = one.text();
      return;
    }
    for (const NextHop& hop : one.next_hops)
      if (hop.interface && !is_said(space, hop.interface->str()))
        return remark(space, "",
                      fmt::format("route {} goes over {}, which is not in the lab", one.text(), hop.interface->str()));
    Route said = one;
    constexpr std::uint32_t kStatic = 4;  // who makes one by hand does not say so, and is netrig here
    if (said.protocol != Given(kStatic)) said.protocol.reset();
    if (said.scope == Given(usual_scope(one))) said.scope.reset();
    if (said.preference == Given(RoutePreference::medium)) said.preference.reset();
    if (said.table == 254)
      for (NextHop& hop : said.next_hops)
        if (hop.via && hop.interface && !hop.onlink && is_only_way(space, *hop.via, hop.interface->str()))
          hop.interface.reset();
    into.push_back(std::move(said));
  }

  /// Whether a gateway is on the prefix of this interface's addresses and of no other's.
  [[nodiscard]] bool is_only_way(std::size_t space, const IpAddress& via, const std::string& interface) const {
    if (via.is_link_local()) return false;
    bool here = false;
    for (const Address& one : look_.spaces[space].state.of<Address>()) {
      if (!(one.peer ? Prefix{*one.peer, one.prefix.length} : one.prefix).contains(via)) continue;
      if (one.interface != interface || one.prefix_route == Given(false) || one.valid != Given(Lifetime::for_ever))
        return false;
      here = true;
    }
    return here;
  }

  void drop_masters(Device& device) {
    for (Interface& one : device.interfaces) {
      if (!one.link.master || is_said(one.home, *one.link.master)) continue;
      remark(one.home, one.name.str(), fmt::format("it is a port of {}, which is not in the lab", *one.link.master));
      one.link.master.reset();
      one.objects.of<Port>().clear();
      one.objects.of<Vlans>().clear();
    }
  }

  ImportLook& look_;
  Lab& lab_;
  std::vector<Remark>& remarks_;
  Tables tables_;
  std::vector<std::string> refused_;
  std::map<Place, Seen> links_;
  std::set<Place> done_;
  std::set<std::pair<std::size_t, std::string>> said_;
  /// Of a namespace and a protocol: how many routes are a daemon's, and the first of them.
  std::map<std::pair<std::size_t, std::uint32_t>, std::pair<std::size_t, std::string>> of_daemons_;
};

}  // namespace

Imported import_namespaces(driver::Registry& drivers, const LabName& name, const std::vector<ImportTarget>& targets) {
  std::set<std::string> names;
  for (const ImportTarget& target : targets) {
    if (const auto fault = namespace_name_fault(target.name))
      throw Error(ErrorCode::invalid,
                  fmt::format("namespace name \"{}\" {}; use letters, digits and . _ - @ +", target.name, *fault));
    if (!names.insert(target.name).second)
      throw Error(ErrorCode::invalid, fmt::format("two namespaces would be called \"{0}\"; write --pid PID=NAME or "
                                                  "--here=NAME for another name",
                                                  target.name));
  }
  Tables tables;
  std::vector<std::string> refused;
  for (const std::string& kind : drivers.kinds()) {
    try {
      if (auto table = drivers.find(kind); table && !table->link_kinds.empty()) tables.push_back(std::move(table));
    } catch (const Error&) {
      refused.push_back(kind);
    }
  }
  ImportLook look = look_at(targets, tables);
  Imported imported{.lab = {.name = name}, .remarks = {}};
  Saying(look, imported.lab, imported.remarks, std::move(tables), std::move(refused)).run();
  return imported;
}

}  // namespace netrig::session
