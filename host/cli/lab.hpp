// SPDX-License-Identifier: Apache-2.0
// Bringing a lab up and taking it down, for the commands that do both.
#pragma once
#include <string>
#include <vector>

#include "cli/session.hpp"
#include "engine/journal.hpp"

namespace netrig::cli {

/// Brings a lab up, or a running one to what `next` says, and tells the user. Returns the answer for --json. Throws
/// Error; then everything is as before.
Json bring_up(Session& session, const Lab& next, const std::vector<std::string>& only, engine::Journal::Wait wait);

/// Takes a lab away and tells the user. Returns the answer for --json. Throws Error{not_found}.
Json take_down(Session& session, const std::string& lab, engine::Journal::Wait wait);

/// Before anything is touched: whether the machine can take the lab and the user may make it. Throws Error.
void check_machine(const Lab& lab);

}  // namespace netrig::cli
