// SPDX-License-Identifier: Apache-2.0
// Starts the services of a lab that is up.
#pragma once
#include <atomic>
#include <functional>
#include <string_view>
#include <vector>

#include "engine/journal.hpp"
#include "model/lab.hpp"

namespace netrig::session {

/// Whether this machine has what the services of a lab need: their users. Throws Error{not_found}.
void check_services(const Lab& lab);

struct ServiceStart {
  const std::atomic<bool>* interrupted = nullptr;
  std::function<void(std::string_view stage, std::size_t done, std::size_t total)> progress = {};
};
/// Ends those that are not as `lab` says, or no longer wanted. Throws Error.
void end_changed_services(engine::Journal& journal, const Lab& lab);
/// Ends those that are not as `lab` says, or no longer wanted, starts those that are missing, and waits until they are
/// ready. `journal` is that of the lab, which is up. Throws Error if one cannot be started or does not become ready:
/// then those that are ready go on, and the others are ended.
void bring_services(engine::Journal& journal, const Lab& lab, const ServiceStart& how);

/// Starts these, whatever the record knows of them, and waits until they are ready. Of those that do not become ready
/// nothing is left. Throws as bring_services() does.
void start_services(engine::Journal& journal, const Lab& lab, const std::vector<const Service*>& services,
                    const ServiceStart& how);

}  // namespace netrig::session
