// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "plan/port_row.hpp"

namespace netrig::plan {

template <>
struct Row<Vlans> : CommonRow<Vlans> {
  static constexpr Going kGoing = Going::by_reset;
  static constexpr bool kIsReplaced = false;
  static void make_canonical(Vlans& one) {
    if (one.list) *one.list = canonical_vlans(std::move(*one.list));
  }
  static bool unset(Vlans& target, const Vlans& made) {
    if (made.list && !target.list) target.list = {target.born(), target.where};
    return true;
  }
  static void keep_rest(Vlans& goal, const Vlans& seen) { goal.usual = seen.usual; }
  static std::vector<std::string> interfaces_of(const Vlans& one) { return {one.interface}; }
  static std::string words_of_making(const Vlans& one) { return one.list ? setting_text(*one.list) : ""; }
  /// One that has ports of its own (a bond) joins its bridge later than others.
  static Stage stage(const Step& /*step*/, const Vlans& one, const Course& course) {
    return !one.of_bridge && course.masters.contains(one.interface) ? Stage::port : Stage::vlans;
  }
  static bool suffer(Vlans& one, const Event& event, const SpaceState& state) {
    return leaves_bridge(one.interface, event, state);
  }
};

}  // namespace netrig::plan
