// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "plan/row.hpp"

namespace netrig::plan {

template <>
struct Row<Neighbour> : CommonRow<Neighbour> {
  static bool agrees(std::string_view setting, const std::string& expected, const std::string& found);
  static bool unset(Neighbour& target, const Neighbour& made);
  static std::vector<std::string> interfaces_of(const Neighbour& one) { return {one.interface}; }
  static Stage stage(const Step& step, const Neighbour& one, const Course& course);
  static bool suffer(Neighbour& one, const Event& event, const SpaceState& state);
};

}  // namespace netrig::plan
