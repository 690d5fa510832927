// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "plan/row.hpp"

namespace netrig::plan {

/// What an event does to something that an interface has by being a port, or a bridge; true: it is gone.
bool leaves_bridge(std::string& interface, const Event& event, const SpaceState& state);

template <>
struct Row<Port> : CommonRow<Port> {
  static constexpr Going kGoing = Going::by_reset;
  static constexpr bool kIsReplaced = false;
  /// What it is without a carrier nobody can tell.
  static bool agrees(std::string_view setting, const std::string& /*expected*/, const std::string& found) {
    return setting == "state" && found.empty();
  }
  static bool unset(Port& target, const Port& made);
  static std::vector<std::string> interfaces_of(const Port& one) { return {one.interface}; }
  static std::string words_of_making(const Port& one);
  static Stage stage(const Step& /*step*/, const Port& /*one*/, const Course& /*course*/) { return Stage::port; }
  static void change(SpaceState& state, const Port& one, const std::vector<SettingChange>& changes);
  static bool suffer(Port& one, const Event& event, const SpaceState& state) {
    return leaves_bridge(one.interface, event, state);
  }
};

}  // namespace netrig::plan
