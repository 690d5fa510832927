// SPDX-License-Identifier: Apache-2.0
// Whether the policy lets the commands of a lab run.
#pragma once
#include "driver/policy.hpp"
#include "engine/record.hpp"
#include "model/lab.hpp"

namespace netrig::session {

enum class CommandUse : std::uint8_t {
  up,    ///< the lab comes up, and its services with it
  test,  ///< its tests run, in a lab that comes up for them or is up already
};
/// Throws Error{denied} at the first command of the lab that the policy does not let run.
void require_commands(const driver::Policy& policy, const Lab& lab, CommandUse use);

}  // namespace netrig::session
