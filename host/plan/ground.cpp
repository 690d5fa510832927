// SPDX-License-Identifier: Apache-2.0
#include "plan/ground.hpp"

#include "plan/rows.hpp"

namespace netrig::plan {

bool lacks_ground(const Namespace& space, const SpaceState& wanted, const SpaceState& seen) {
  bool lacks = false;
  if (!space.existing)
    ObjectKinds::each([&]<typename Kind>(std::type_identity<Kind>) {
      lacks = lacks || !Row<Kind>::missing_ground(space, wanted, seen).empty();
    });
  return lacks;
}

void want_ground(const Namespace& space, SpaceState& wanted, SpaceState& seen) {
  if (space.existing) return;
  ObjectKinds::each([&]<typename Kind>(std::type_identity<Kind>) {
    for (Kind& one : Row<Kind>::missing_ground(space, wanted, seen)) {
      if (auto instead = Row<Kind>::instead_of(one)) seen.of<Kind>().push_back(std::move(*instead));
      wanted.of<Kind>().push_back(std::move(one));
    }
  });
}

void recall(SpaceState& seen, const SpaceState& made) {
  ObjectKinds::each([&]<typename Kind>(std::type_identity<Kind>) {
    if constexpr (IsRecalled<Kind>)
      for (Kind& one : seen.of<Kind>())
        for (const Kind& other : made.of<Kind>())
          if (other.key() == one.key()) Row<Kind>::recall(one, other);
  });
}

}  // namespace netrig::plan
