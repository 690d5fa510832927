// SPDX-License-Identifier: Apache-2.0
// Whether a link that the kernel shows is the one that the record tells of, and whether it may be deleted.
#pragma once
#include <vector>

#include "engine/record.hpp"
#include "engine/spaces.hpp"
#include "kernel/link.hpp"

namespace netrig::engine {

/// Whether `link`, of `space`, is this interface, as far as the record knows it: by number, kind and birth; by its name
/// where there is no more than a number, or none.
bool is_made(Space& space, const MadeInterface& made, const kernel::LinkState& link);

/// Whether `link`, of `space`, is what was borrowed as this interface, whatever it is called by now and wherever it is:
/// a link keeps its birth, and neither its name nor its number.
bool is_borrowed_one(Space& space, const MadeInterface& made, const kernel::LinkState& link);

/// The interface among the links of its namespace; nullptr: it is gone.
const kernel::LinkState* find_made(Space& space, const MadeInterface& made,
                                   const std::vector<kernel::LinkState>& links);

/// Whether the host made it, or saw that it came into being while its driver ran. What was there before, and was only
/// moved here, is never deleted.
bool seen_made(Space& space, const MadeDevice& device, const MadeInterface& made, const kernel::LinkState& link);

/// The same of a link that no record knows, in a namespace of a device that is just being made.
bool born_since(Space& space, const MadeDevice& device, const kernel::LinkState& link);

}  // namespace netrig::engine
