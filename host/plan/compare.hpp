// SPDX-License-Identifier: Apache-2.0
// One object against another of its kind: what differs, and what can be changed in place.
#pragma once
#include <string>
#include <vector>

#include "plan/rows.hpp"

namespace netrig::plan {

/// What the file sets and the kernel has otherwise.
template <typename Kind>
std::vector<SettingChange> changes_of(const Kind& wanted, const Kind& seen) {
  std::vector<SettingChange> changes;
  const bool is_comparable = Row<Kind>::is_comparable(wanted, seen);
  Kind::each_setting([&](std::string_view name, auto member) {
    const auto& want = wanted.own().*member;
    if (!want || !is_comparable) return;
    const auto& have = seen.own().*member;
    if (have && *want == *have) return;
    std::string expected = setting_text(*want);
    std::string found = have ? setting_text(*have) : std::string();
    if (expected != found && !Row<Kind>::agrees(name, expected, found))
      changes.push_back(
          {.name = std::string(name), .expected = std::move(expected), .found = std::move(found), .where = want.where});
  });
  std::vector<SettingChange> others = Row<Kind>::other_changes(wanted, seen);
  changes.insert(changes.end(), others.begin(), others.end());
  return changes;
}

/// Whether the kernel changes it without that it is gone in between.
inline bool changes_in_place(const Object& wanted, const std::vector<SettingChange>& changes) {
  return std::visit([&]<typename Kind>(const Kind& one) { return Row<Kind>::changes_in_place(one, changes); }, wanted);
}

/// Whether it stays when the lab's own interfaces go.
inline bool outlives_links(const Object& object) {
  return std::visit([]<typename Kind>(const Kind& one) { return Row<Kind>::outlives_links(one); }, object);
}

}  // namespace netrig::plan
