// SPDX-License-Identifier: Apache-2.0
#include "plan/port_row.hpp"

#include <fmt/format.h>

namespace netrig::plan {

bool leaves_bridge(std::string& interface, const Event& event, const SpaceState& state) {
  switch (event.what) {
    case Event::What::renamed:
      if (interface == event.interface) interface = event.name;
      return false;
    case Event::What::other_master:
      return interface == event.interface;
    case Event::What::link_gone:
      return interface == event.interface ||
             std::any_of(state.of<Link>().begin(), state.of<Link>().end(), [&](const Link& link) {
               return link.name == interface && link.settings.master.value_or("") == event.interface;
             });
    default:
      return false;
  }
}

bool Row<Port>::unset(Port& target, const Port& made) {
  const Port born = born_port();
  Port::each_setting([&](std::string_view, auto setting) {
    if (made.*setting && !(target.*setting) && born.*setting) target.*setting = {*(born.*setting), target.where};
  });
  // Without spanning tree, which a file that says the state does not have.
  if (made.state && !target.state) target.state = {PortState::forwarding, target.where};
  // The kernel takes it of the link's speed until somebody sets one, and never again (BR_ADMIN_COST).
  return !made.cost || target.cost;
}

std::string Row<Port>::words_of_making(const Port& one) {
  std::string words;
  Port::each_setting([&](std::string_view name, auto setting) {
    if (const auto& value = one.*setting)
      words += fmt::format("{}{} {}", words.empty() ? "" : ", ", name, setting_text(*value));
  });
  return words;
}

void Row<Port>::change(SpaceState& state, const Port& one, const std::vector<SettingChange>& /*changes*/) {
  Port goal = one;
  for (const Port& port : state.of<Port>()) {
    if (port.interface != one.interface) continue;
    Port::each_setting([&](std::string_view, auto setting) {
      if (!(goal.*setting)) goal.*setting = port.*setting;
    });
  }
  put(state, goal);
}

}  // namespace netrig::plan
