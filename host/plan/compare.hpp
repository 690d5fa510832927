// SPDX-License-Identifier: Apache-2.0
// One object against another of its kind: what differs, what can be changed in place, what a setting is when nobody
// sets it. One overload a kind where the kind is special; everything else is said by its settings.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "model/step.hpp"

namespace netrig::plan {

/// What belongs to an object's identity, or is no setting, and yet can be wrong.
std::vector<SettingChange> other_changes(const Sysctl& wanted, const Sysctl& seen);
std::vector<SettingChange> other_changes(const Link& wanted, const Link& seen);
std::vector<SettingChange> other_changes(const Address& wanted, const Address& seen);
std::vector<SettingChange> other_changes(const Neighbour& wanted, const Neighbour& seen);
std::vector<SettingChange> other_changes(const Route& wanted, const Route& seen);
std::vector<SettingChange> other_changes(const Rule& wanted, const Rule& seen);

/// Whether a setting that reads as `found` is what the file wants: exactly, but for times that run and states that
/// decay.
bool agrees(std::string_view kind, std::string_view setting, const std::string& expected, const std::string& found);

/// What the file sets and the kernel has otherwise.
template <typename T>
std::vector<SettingChange> changes_of(const T& wanted, const T& seen) {
  std::vector<SettingChange> changes;
  T::each_setting([&](std::string_view name, auto member) {
    const auto& want = wanted.own().*member;
    if (!want) return;
    const auto& have = seen.own().*member;
    if (have && *want == *have) return;
    std::string expected = setting_text(*want);
    std::string found = have ? setting_text(*have) : std::string();
    if (!agrees(T::kKind, name, expected, found))
      changes.push_back(
          {.name = name, .expected = std::move(expected), .found = std::move(found), .where = want.where});
  });
  std::vector<SettingChange> others = other_changes(wanted, seen);
  changes.insert(changes.end(), others.begin(), others.end());
  return changes;
}

/// Whether the kernel changes it without that it is gone in between.
bool changes_in_place(const Object& wanted, const std::vector<SettingChange>& changes);

/// What the file no longer sets goes back to what the kernel has by itself. False: nobody knows what that is (a MAC, an
/// MTU), and the device is to be made anew.
bool unset(Link& target, const Link& made);
bool unset(Address& target, const Address& made);
bool unset(Neighbour& target, const Neighbour& made);

/// IPv4: which address of a prefix is the first decides which one packets come from, and is decided by who came first.
/// Indexes of those wanted that are there in the wrong order, and must all go before any comes. Those of others in
/// between do not count. `goes`: whether one that is seen is to be removed.
std::vector<std::size_t> misplaced(const std::vector<Address>& wanted, const std::vector<Address>& seen,
                                   const std::function<bool(const Address&)>& goes);

}  // namespace netrig::plan
