// SPDX-License-Identifier: Apache-2.0
// The one function: what is to be done in a namespace, from what is wanted, what netrig made and what there is. Pure.
#pragma once
#include <vector>

#include "model/lab.hpp"
#include "model/step.hpp"

namespace netrig::plan {

/// The three sets of one namespace, all of them canonical.
struct Sides {
  const SpaceState& wanted;
  const SpaceState& made;  ///< what the last run that ended well wanted
  const SpaceState& seen;
  bool own = true;  ///< the lab made the namespace, so all that is in it is the lab's or foreign
  Foreign foreign = Foreign::report;
  bool ordered = true;  ///< whether it counts which address of a prefix is the first
};

struct Difference {
  /// Every object that is not as it should be, in the order in which things are done: so the words of a step and the
  /// step itself cannot disagree.
  std::vector<Step> steps;
  /// What nobody accounts for, and is left.
  std::vector<Object> foreign;
  /// In a namespace that others use: what is wanted and is there already, as somebody else's.
  std::vector<Object> taken;
  /// What there is when all steps are done: `wanted`, with what it leaves free, and what is left.
  SpaceState target;

  [[nodiscard]] bool empty() const { return steps.empty(); }
};

/// Differences alone, without what the steps themselves would destroy.
Difference compare(const Sides& sides);
/// The same with steps that make again what others take with them (see kernel_model.hpp).
Difference diff(const Sides& sides);

/// Back to what was seen before a run that wanted `made`: only what the run had a hand in.
Difference diff_back(const SpaceState& before, const SpaceState& made, const SpaceState& seen);

}  // namespace netrig::plan
