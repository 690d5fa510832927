// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "plan/row.hpp"

namespace netrig::plan {

template <>
struct Row<Rule> : CommonRow<Rule> {
  static std::vector<SettingChange> other_changes(const Rule& wanted, const Rule& seen);
  static bool changes_in_place(const Rule&, const std::vector<SettingChange>&) { return false; }
  static std::vector<Rule> missing_ground(const Namespace& space, const SpaceState& wanted, const SpaceState& seen);
  static void keep_rest(Rule& goal, const Rule& seen);
  static bool outlives_links(const Rule&) { return true; }
  static void note(const Step& step, const Rule& one, Course& course);
  static Stage stage(const Step& step, const Rule& one, const Course& course);
  /// Two that say the same can be there at once.
  static void make(SpaceState& state, const Rule& one) { state.of<Rule>().push_back(one); }
};

}  // namespace netrig::plan
