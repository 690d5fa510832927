// SPDX-License-Identifier: Apache-2.0
// Bringing a lab up and taking it down, with what is said about it, for the commands that do both.
#pragma once
#include <string>

#include "cli/session.hpp"
#include "session/session.hpp"

namespace netrig::cli {

struct BroughtUp {
  engine::Journal journal;  ///< nobody else gets at the lab while this is held
  Json answer;              ///< for --json
};
/// Brings a lab up, or a running one to what `next` says, and tells the user. Throws Error; then everything is as
/// before.
BroughtUp bring_up(Session& session, const Lab& next, const session::UpRequest& request);

/// Takes a lab away and tells the user. Returns the answer for --json. Throws Error{conflict} if another lab uses a
/// namespace of it.
Json take_down(Session& session, engine::Journal& journal, session::Force force = session::Force::no);

/// "+ address h1:eth0 10.0.0.1/24", without the place in the file.

}  // namespace netrig::cli
