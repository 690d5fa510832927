// SPDX-License-Identifier: Apache-2.0
#include "plan/link_row.hpp"

#include "plan/rows.hpp"

namespace netrig::plan {
namespace {

bool has_ipv6(const Link& link) { return link.settings.mtu.value_or(kLeastMtu6) >= kLeastMtu6; }

}  // namespace

std::vector<SettingChange> Row<Link>::other_changes(const Link& wanted, const Link& seen) {
  std::vector<SettingChange> changes;
  if (wanted.name != seen.name)
    changes.push_back({.name = "name", .expected = wanted.name, .found = seen.name, .where = wanted.where});
  if (wanted.needs_ipv6 && !wanted.settings.mtu && !has_ipv6(seen))
    changes.push_back({.name = "mtu",
                       .expected = setting_text(kLeastMtu6),
                       .found = setting_text(*seen.settings.mtu),
                       .where = wanted.where});
  for (const LinkParameter& one : wanted.parameters) {
    const ParameterDeclaration& declaration = *one.declaration;
    const LinkParameter* told = seen.parameter(declaration);
    if (told == nullptr || !one.is_told() || !goes_with(declaration, wanted.parameters)) continue;
    if (netrig::agrees(declaration, one.values, told->values)) continue;
    const auto text = [&](const std::vector<ParameterScalar>& values) {
      return declaration.secret ? std::string("(secret)") : to_text(values, declaration.type);
    };
    changes.push_back({.name = declaration.name,
                       .expected = text(one.values),
                       .found = text(told->values),
                       .where = one.where.line != 0 ? one.where : wanted.where});
  }
  return changes;
}

bool Row<Link>::unset(Link& target, const Link& made) {
  const LinkSettings& was = made.settings;
  LinkSettings& is = target.settings;
  if ((was.mac && !is.mac) || (was.mtu && !is.mtu) || (was.txqlen && !is.txqlen)) return false;
  // What a link is born with (alloc_netdev_mqs, ether_setup, ipv6_devconf_dflt).
  const auto back = [](auto& setting, const auto& before, auto value) {
    if (before && !setting) setting = {value, before.where};
  };
  back(is.group, was.group, std::uint32_t{0});
  back(is.promiscuous, was.promiscuous, false);
  back(is.allmulticast, was.allmulticast, false);
  back(is.multicast, was.multicast, true);
  back(is.arp, was.arp, true);
  back(is.addr_gen_mode, was.addr_gen_mode, AddressGeneration::eui64);
  back(is.protodown, was.protodown, false);
  back(is.altnames, was.altnames, std::vector<std::string>{});
  bool whole = true;
  // Whatever else says the same attribute of the link is what counts then.
  for (const LinkParameter& one : made.parameters) {
    const ParameterDeclaration& declaration = *one.declaration;
    const bool is_said =
        std::any_of(target.parameters.begin(), target.parameters.end(),
                    [&](const LinkParameter& other) { return other.declaration->says_the_same(declaration); });
    if (is_said || !goes_with(declaration, target.parameters)) continue;
    auto values = declaration.unset();
    whole = whole && values;
    if (values)
      target.parameters.push_back(
          {.declaration = one.declaration, .values = std::move(*values), .where = target.where});
  }
  return whole;
}

void Row<Link>::keep_rest(Link& goal, const Link& seen) {
  goal.ifindex = seen.ifindex;
  goal.kind = seen.kind;
  if (goal.needs_ipv6 && !has_ipv6(goal)) goal.settings.mtu = {kLeastMtu6, goal.where};
  if (!has_ipv6(goal)) goal.settings.addr_gen_mode.reset();  // it goes with IPv6
  // Those that the file leaves free are as they are: several may share an attribute.
  for (const LinkParameter& one : seen.parameters)
    if (one.is_told() && goal.parameter(*one.declaration) == nullptr) goal.parameters.push_back(one);
}

void Row<Link>::note(const Step& step, const Link& one, Course& course) {
  if (!step.before) return;
  if (!has_ipv6(std::get<Link>(*step.before)) && has_ipv6(one)) course.growing.insert(one.name);
}

void Row<Link>::note_there(const Link& one, Course& course) {
  if (!one.settings.master.value_or("").empty()) course.masters.insert(*one.settings.master);
}

Stage Row<Link>::stage(const Step& step, const Link& one, const Course& course) {
  if (step.before && std::get<Link>(*step.before).name != one.name) return Stage::rename;
  if (step.part == Step::Part::removal) return Stage::clear;  // names that others are to have
  if (one.name == "lo") return Stage::loopback;
  return course.masters.contains(one.name) ? Stage::master : Stage::link;
}

void Row<Link>::change(SpaceState& state, const Link& one, const std::vector<SettingChange>& changes) {
  for (const SettingChange& change : changes) {
    if (change.name == "name")
      happen({.what = Event::What::renamed, .interface = change.found, .name = one.name}, state);
    if (change.name == "state" && one.settings.state == AdminState::down)
      happen({.what = Event::What::link_down, .interface = one.name}, state);
    if (change.name == "master") happen({.what = Event::What::other_master, .interface = one.name}, state);
    if (change.name == "mtu" && *one.settings.mtu < kLeastMtu6)
      happen({.what = Event::What::no_ipv6, .interface = one.name}, state);
  }
  // What no step says stays.
  Link goal = one;
  for (const Link& link : state.of<Link>()) {
    if (link.name != one.name) continue;
    Link::each_setting([&](std::string_view, auto setting) {
      if (!(goal.settings.*setting)) goal.settings.*setting = link.settings.*setting;
    });
    keep_rest(goal, link);
  }
  put(state, goal);
}

void Row<Link>::remove(SpaceState& state, const Link& one) {
  happen({.what = Event::What::link_down, .interface = one.name}, state);
  happen({.what = Event::What::link_gone, .interface = one.name}, state);
}

bool Row<Link>::suffer(Link& one, const Event& event, const SpaceState& /*state*/) {
  const bool is_port = one.settings.master.value_or("") == event.interface;
  switch (event.what) {
    case Event::What::link_gone:
      if (is_port) one.settings.master = {std::string()};
      return one.name == event.interface;
    case Event::What::renamed:
      if (is_port) one.settings.master = {event.name};
      if (one.name == event.interface) one.name = event.name;
      return false;
    default:
      return false;
  }
}

}  // namespace netrig::plan
