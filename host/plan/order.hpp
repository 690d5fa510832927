// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "model/step.hpp"

namespace netrig::plan {

/// Puts the steps of one namespace in the order in which the kernel takes them without loss. `target`: what there will
/// be, which tells masters from ports.
void put_in_order(std::vector<Step>& steps, const SpaceState& target);

}  // namespace netrig::plan
