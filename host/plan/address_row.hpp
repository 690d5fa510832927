// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "plan/row.hpp"

namespace netrig::plan {

template <>
struct Row<Address> : CommonRow<Address> {
  /// IPv4: which address of a prefix is the first decides which one packets come from, and is decided by who came
  /// first.
  static constexpr bool kGoesFirst = true;
  static constexpr bool kIsOfClients = true;

  static void make_canonical(Address& one);
  /// Tells the first of each prefix from the others.
  static void arrange(std::vector<Address>& all);
  static std::vector<SettingChange> other_changes(const Address& wanted, const Address& seen);
  static bool agrees(std::string_view setting, const std::string& expected, const std::string& found);
  static bool changes_in_place(const Address& wanted, const std::vector<SettingChange>& changes);
  static bool unset(Address& target, const Address& made);
  /// Those of others in between do not count.
  static std::vector<std::size_t> misplaced(const std::vector<Address>& wanted, const std::vector<Address>& seen,
                                            const std::function<bool(const Address&)>& goes);
  static bool outlives_links(const Address& one) { return one.interface == "lo"; }
  static std::vector<std::string> interfaces_of(const Address& one) { return {one.interface}; }
  static void note(const Step& step, const Address& one, Course& course);
  static Stage stage(const Step& step, const Address& one, const Course& course);
  static void make(SpaceState& state, Address one);
  static void remove(SpaceState& state, const Address& one);
  static bool suffer(Address& one, const Event& event, const SpaceState& state);
};

}  // namespace netrig::plan
