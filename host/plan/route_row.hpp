// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "plan/row.hpp"

namespace netrig::plan {

struct Sides;

template <>
struct Row<Route> : CommonRow<Route> {
  /// The kernel takes one without metric to be any.
  static constexpr bool kIsAmbiguous = true;
  static constexpr bool kIsOfClients = true;

  static void make_canonical(Route& one);
  static std::vector<SettingChange> other_changes(const Route& wanted, const Route& seen);
  /// A way that names no interface keeps the one that it had when it was made, wherever its gateway is by now: if that
  /// is another of the lab's interfaces, the goal names it.
  static void find_ways(Route& goal, const Route& seen, const Sides& sides);
  static void keep_rest(Route& goal, const Route& seen);
  static bool outlives_links(const Route&) { return true; }
  static std::vector<std::string> interfaces_of(const Route& one);
  static Stage stage(const Step& step, const Route& one, const Course& course);
  static bool suffer(Route& one, const Event& event, const SpaceState& state);
};

}  // namespace netrig::plan
