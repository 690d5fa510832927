// SPDX-License-Identifier: Apache-2.0
// What an interface has as a port of a bridge.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/parts.hpp"

namespace netrig::config {
namespace {

/// The VLANs of a list, each with where it stands.
class VlanList {
 public:
  explicit VlanList(const Context& context) : context_(context) {}

  void add(const VlanRange& one, Position where, const Context& inside) {
    if (one.pvid && one.first != one.last)
      inside.fail(where, fmt::format("pvid is one VLAN, and {}-{} are several", one.first, one.last));
    if (one.pvid && pvid_.line != 0)
      inside.fail(where, fmt::format("pvid is another VLAN already, in {}: what comes without a tag is in one VLAN",
                                     context_.line(pvid_)));
    if (one.pvid) pvid_ = where;
    for (std::uint32_t id = one.first; id <= one.last; ++id) {
      if (places_.at(id).line != 0)
        inside.fail(where, fmt::format("VLAN {} is in the list already, in {}", id, context_.line(places_.at(id))));
      places_.at(id) = where;
    }
    list_.push_back(one);
  }
  [[nodiscard]] std::vector<VlanRange> take() { return canonical_vlans(std::move(list_)); }

 private:
  const Context& context_;
  std::vector<VlanRange> list_;
  std::array<Position, kLastVlan + 1> places_{};
  Position pvid_;
};

VlanRange vlan_range(const toml::node& node, std::string_view what, const Context& context) {
  const NumberRange ids = number_range(node, what, 1, kLastVlan, context);
  return {.first = static_cast<std::uint16_t>(ids.first), .last = static_cast<std::uint16_t>(ids.last)};
}

bool is_on(const Device& device, const std::string& parameter) {
  const auto found = device.parameters.find(parameter);
  return found != device.parameters.end() && found->second.values == std::vector<ParameterScalar>{true};
}

}  // namespace

std::vector<Vlans> read_vlans(const Table& table, const std::string& interface) {
  const auto* list = table.array("vlans");
  if (list == nullptr) return {};
  const Context& context = table.context();
  VlanList vlans(context);
  for_each_element(*list, context, [&](const toml::node& element, const Context& inside) {
    const toml::node& node = inside.resolved(element);
    if (!node.is_table() && !node.is_integer() && !node.is_string())
      inside.fail(position_of(node), fmt::format("VLAN is {}; write 10, \"20-30\", or {{ id = 1, pvid = true, untagged "
                                                 "= true }}",
                                                 type_of(node)));
    if (!node.is_table()) return vlans.add(vlan_range(node, "VLAN", inside), position_of(node), inside);
    const Table one(*node.as_table(), "VLAN", inside);
    one.allow(vlan_keys());
    const toml::node* id = one.get("id");
    if (id == nullptr) one.fail(one.where(), "VLAN has no \"id\"; write { id = 10, untagged = true }");
    VlanRange range = vlan_range(*id, "id", inside);
    range.pvid = one.boolean("pvid").value_or(false);
    range.untagged = one.boolean("untagged").value_or(false);
    vlans.add(range, one.where(), inside);
  });
  Vlans result{.interface = interface, .where = table.where("vlans")};
  result.list = {vlans.take(), result.where};
  return {std::move(result)};
}

std::vector<Port> read_port(const Table& table, const std::string& interface) {
  const toml::table* given = table.table("port");
  if (given == nullptr) return {};
  const Table keys(*given, "port", table.context());
  keys.allow(port_keys());
  Port port{.interface = interface, .where = keys.where()};
  port.cost = keys.number("cost", 1, 65535);
  port.priority = keys.number("priority", 0, 63);
  // Without a spanning tree a blocked port forwards at once (br_port_state_selection), and one that listens or learns
  // as soon as its timer has run (br_forward_delay_timer_expired).
  static constexpr std::array kStates = {PortState::disabled, PortState::forwarding};
  if (const auto state = keys.choice("state", {"disabled", "forwarding"}))
    port.state = {kStates.at(*state), keys.where("state")};
  Port::each_flag([&](std::string_view name, auto flag) { port.*flag = keys.flag(name); });
  return {std::move(port)};
}

bool is_bridge(const Device& device) {
  return device.about && std::find(device.about->link_kinds.begin(), device.about->link_kinds.end(), "bridge") !=
                             device.about->link_kinds.end();
}

void check_port(const Interface& port, const Device* master, const Context& context) {
  const std::string& name = port.name.str();
  const auto check = [&](std::string_view key, Position where) {
    if (master != nullptr && !is_bridge(*master))
      context.fail(where, fmt::format("{} is for ports of a bridge; master \"{}\" of {} is a {}", key,
                                      *port.link.master, name, master->driver));
    if (master == nullptr && !port.link.master)
      context.fail(where, fmt::format("{} is for ports of a bridge{}; {} has no master: write master = \"br0\"", key,
                                      key == "vlans" ? ", and for the bridge itself" : "", name));
  };
  for (const Port& one : port.of<Port>()) {
    check("port", one.where);
    if (!one.state) continue;
    if (master != nullptr && is_on(*master, "stp"))
      context.fail(one.state.where, fmt::format("state beside spanning tree, which decides it; leave it out, or stp of "
                                                "{}",
                                                master->name.str()));
    if (port.state() == AdminState::down)
      context.fail(one.state.where, fmt::format("state of a port that is down: it is disabled; leave it out, or give "
                                                "{} the state \"up\"",
                                                name));
  }
  for (const Vlans& one : port.of<Vlans>()) {
    check("vlans", one.where);
    // A bridge takes the list all the same, and forwards as if there were none.
    if (master != nullptr && !is_on(*master, "vlan_filtering"))
      context.fail(one.where,
                   fmt::format("vlans of {} have no effect, for bridge {} does not look at them; give it params = "
                               "{{ vlan_filtering = true }}",
                               name, master->name.str()));
  }
}

}  // namespace netrig::config
