// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "plan/row.hpp"

namespace netrig::plan {

template <>
struct Row<Sysctl> : CommonRow<Sysctl> {
  static constexpr Going kGoing = Going::by_ledger;

  static void make_canonical(Sysctl& one);
  static std::vector<Sysctl> missing_ground(const Namespace& space, const SpaceState& wanted, const SpaceState& seen);
  static std::optional<Sysctl> instead_of(const Sysctl& one);
  static void arrange(std::vector<Sysctl>& all);
  static std::vector<std::string> interfaces_of(const Sysctl& one);
  static std::string words_of_making(const Sysctl& one) { return "= " + one.value.value_or(""); }
  static Stage stage(const Step& step, const Sysctl& one, const Course& course);
  static void make(SpaceState& state, const Sysctl& one);
  static void change(SpaceState& state, const Sysctl& one, const std::vector<SettingChange>& /*changes*/) {
    make(state, one);
  }
  static void remove(SpaceState&, const Sysctl&) {}  // it gets its value of before, which only the ledger knows
  static bool suffer(Sysctl& one, const Event& event, const SpaceState& state);
};

}  // namespace netrig::plan
