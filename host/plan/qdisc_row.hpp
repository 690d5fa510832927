// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "plan/row.hpp"

namespace netrig::plan {

template <>
struct Row<Qdisc> : CommonRow<Qdisc> {
  static void make_canonical(Qdisc& one);
  static bool is_comparable(const Qdisc& wanted, const Qdisc& seen) { return wanted.kind == seen.kind; }
  static bool agrees(std::string_view setting, const std::string& expected, const std::string& found);
  static std::vector<SettingChange> other_changes(const Qdisc& wanted, const Qdisc& seen);
  static void recall(Qdisc& seen, const Qdisc& made);
  static void keep_rest(Qdisc& goal, const Qdisc& seen);
  static std::vector<std::string> interfaces_of(const Qdisc& one) { return {one.interface}; }
  static std::string words_of_making(const Qdisc& one) { return one.words(); }
  static Stage stage(const Step&, const Qdisc&, const Course&) { return Stage::qdisc; }
  static bool suffer(Qdisc& one, const Event& event, const SpaceState& state);
};

}  // namespace netrig::plan
