// SPDX-License-Identifier: Apache-2.0
// What the kernel gives every namespace by itself, no file writes down and all that a file says counts on: the rules to
// look into the main and the default table, and IPv6 on the interfaces that have something of it.
#pragma once
#include "model/lab.hpp"

namespace netrig::plan {

/// Whether somebody has taken some of it away.
bool lacks_ground(const Namespace& space, const SpaceState& wanted, const SpaceState& seen);

/// Adds what is missing to what is wanted, and to what is seen how it is instead.
void want_ground(const Namespace& space, SpaceState& wanted, SpaceState& seen);

/// What the kernel does not tell of the objects of a namespace is as they were made.
void recall(SpaceState& seen, const SpaceState& made);

}  // namespace netrig::plan
