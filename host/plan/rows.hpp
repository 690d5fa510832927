// SPDX-License-Identifier: Apache-2.0
// The rows of all kinds: the one list of them in plan/.
#pragma once
#include "plan/address_row.hpp"
#include "plan/link_row.hpp"
#include "plan/neighbour_row.hpp"
#include "plan/port_row.hpp"
#include "plan/qdisc_row.hpp"
#include "plan/route_row.hpp"
#include "plan/rule_row.hpp"
#include "plan/sysctl_row.hpp"
#include "plan/vlans_row.hpp"

namespace netrig::plan {

/// Lets an event happen to everything that there is.
void happen(const Event& event, SpaceState& state);

}  // namespace netrig::plan
