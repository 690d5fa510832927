// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "engine/record.hpp"
#include "engine/spaces.hpp"
#include "plan/plan.hpp"

namespace netrig::engine {

/// Looks at all that a lab is in: the namespaces that the record names, as far as they are still the lab's own, and
/// those of `next` that exist without it. They are open in `spaces` afterwards, with their interfaces known by name.
/// `current`: what the lab was brought up as; nullptr: it is not up.
plan::Seen look(Spaces& spaces, const Record& record, const Lab* current, const Lab& next, unsigned threads);

/// One namespace again, as it is now. `lab` says which sysctls are of interest. Thread: ends up in the namespace.
SpaceState look_again(Space& space, const std::vector<std::string>& sysctls);

/// For what plan/ does namespace by namespace.
plan::Threads in_threads(unsigned threads);

/// Runs plan::make in as many threads as are useful.
plan::Plan make_plan(const Lab* current, const Lab& next, plan::Seen seen, unsigned threads);

}  // namespace netrig::engine
