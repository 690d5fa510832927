// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "plan/row.hpp"

namespace netrig::plan {

template <>
struct Row<Link> : CommonRow<Link> {
  static constexpr Going kGoing = Going::with_device;
  static constexpr bool kIsReplaced = false;

  static std::vector<SettingChange> other_changes(const Link& wanted, const Link& seen);
  static bool unset(Link& target, const Link& made);
  static void keep_rest(Link& goal, const Link& seen);
  static std::vector<std::string> interfaces_of(const Link& one) { return {one.name}; }
  static void note(const Step& step, const Link& one, Course& course);
  static void note_there(const Link& one, Course& course);
  static Stage stage(const Step& step, const Link& one, const Course& course);
  static void change(SpaceState& state, const Link& one, const std::vector<SettingChange>& changes);
  static void remove(SpaceState& state, const Link& one);
  static bool suffer(Link& one, const Event& event, const SpaceState& state);
};

}  // namespace netrig::plan
