// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <vector>

#include "model/state.hpp"

namespace netrig {

enum class Verb : std::uint8_t { make, change, remove };

/// One thing to be done to one object of a namespace.
struct Step {
  Verb verb = Verb::make;
  Object object;                            ///< as it shall be; to be removed: as it is
  std::optional<Object> before = {};        ///< to be changed: as it is
  std::vector<SettingChange> changes = {};  ///< to be changed: what differs
  /// It was there, and goes by what another step does; it is not what somebody asked for.
  bool restores = false;
  /// Of a change that the kernel cannot make in place, where what comes must wait for all that goes: the removal, which
  /// is not shown, and the change, for which `before` is gone already.
  enum class Part : std::uint8_t { whole, removal, rest };
  Part part = Part::whole;
  /// Nothing is left to be done for it when its turn comes: it goes by an earlier step.
  bool is_void = false;
};

/// Where an object stands in the lab file.
inline Position position_of(const Object& object) {
  return std::visit([](const auto& one) { return one.where; }, object);
}
/// Whether two are one object, however it is set.
inline bool is_same(const Object& one, const Object& other) {
  return one.index() == other.index() && std::visit(
                                             [&](const auto& first) {
                                               const auto* second = std::get_if<std::decay_t<decltype(first)>>(&other);
                                               if (second == nullptr) return false;
                                               if constexpr (requires { first.is_one_with(*second); })
                                                 return first.is_one_with(*second);
                                               else
                                                 return first.key() == second->key();
                                             },
                                             one);
}
/// Whether `there` is what was made by `made`: a rule without a priority got one of the kernel.
inline bool is_made_by(const Object& made, const Object& there) {
  const auto* rule = std::get_if<Rule>(&made);
  const auto* other = std::get_if<Rule>(&there);
  if (rule != nullptr && other != nullptr && !rule->priority) return rule->key() == other->key();
  return is_same(made, there);
}
/// "address", "route"...
inline std::string_view kind_of(const Object& object) {
  return std::visit([](const auto& one) { return std::decay_t<decltype(one)>::kKind; }, object);
}
/// What it is called, without its namespace: "eth0", "eth0 10.0.0.1/24", "default via 10.0.0.1".
std::string text_of(const Object& object);

}  // namespace netrig
