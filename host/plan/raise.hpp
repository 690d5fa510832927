// SPDX-License-Identifier: Apache-2.0
// Links that others stand on get a greater MTU before these do, in whatever namespaces they are: none may have a
// greater one than what it stands on. A smaller one needs no order, for the kernel takes it to those above by itself.
#pragma once
#include <string>
#include <vector>

#include "plan/plan.hpp"

namespace netrig::plan {

struct Raise {
  std::string space;
  Step step;
};

/// Whether a plan is carried out, or taken back.
enum class Direction : std::uint8_t { forth, back };

/// Lowest first. `lab`: that which is gone to; `next`: that of the plan.
std::vector<Raise> raises_of(const Lab& lab, const Lab& next, const Plan& plan, Direction direction);

}  // namespace netrig::plan
