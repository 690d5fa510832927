// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "engine/record.hpp"
#include "model/unique_fd.hpp"

namespace netrig::session {

/// A namespace of a lab, and only if it is still the lab's own. Throws Error{not_found} if it is not there, or another
/// has taken its name. Thread: any; it stays where it is.
UniqueFd open_own(const engine::MadeNamespace& made, const std::string& lab);

}  // namespace netrig::session
