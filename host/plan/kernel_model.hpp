// SPDX-License-Identifier: Apache-2.0
// What a step does to a namespace beside what it names: the kernel's own conclusions, as far as netrig's objects know
// them. The same model tells diff what is to be made again and plays the kernel in tests; a test drives it and the
// kernel alike.
#pragma once
#include "model/step.hpp"
#include "plan/difference.hpp"

namespace netrig::plan {

/// Does a step to a state as the kernel does (6.1 to 6.18).
void apply(const Step& step, SpaceState& state);

/// Appends the steps that make again what the steps take with them.
void close(Difference& difference, const SpaceState& seen);

}  // namespace netrig::plan
