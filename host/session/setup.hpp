// SPDX-License-Identifier: Apache-2.0
// `commands` of namespaces.
#pragma once
#include <atomic>

#include "engine/journal.hpp"
#include "model/lab.hpp"

namespace netrig::session {

/// Runs those that have not run as `lab` says, in the order of the file in each namespace, and namespaces at once.
/// `journal` is that of the lab, which is up. Throws Error at the first that fails; what was begun is in the record.
void run_commands(engine::Journal& journal, const Lab& lab, const std::atomic<bool>* interrupted);

}  // namespace netrig::session
