// SPDX-License-Identifier: Apache-2.0
// Services of a lab that is up: which are there, which should be, and their end. Who starts them is in session/.
#pragma once
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/journal.hpp"
#include "model/lab.hpp"
#include "plan/words.hpp"

namespace netrig::engine {

struct Run;

/// What is to be done about the services of a lab, as far as the record and the kernel tell. `current`: what is up;
/// nullptr: nothing is. `space`: only in this namespace.
std::vector<plan::Line> service_lines(const Record& record, const Lab* current, const Lab& next,
                                      const std::optional<std::string>& space = {});
/// By the files alone.
std::vector<plan::Line> compare_services(const Lab* current, const Lab& next);
/// Those that `up` starts and that are not there, not as `lab` says, or not known to be ready; in its order.
std::vector<const Service*> services_to_start(const Record& record, const Lab& lab);
/// What a service of a lab is, together with what its namespace is to it.
std::uint64_t fingerprint_in(const Lab& lab, const Service& service);
/// Whether it runs.
bool runs(const MadeService& made);

/// Those of the record that a lab does not want, or has in another namespace.
std::vector<MadeService> unwanted_services(const Record& record, const Lab& lab);

/// Those that are in another namespace than the record's of that name, or in one of these, which are gone.
std::vector<MadeService> stranded_services(const Record& record, const std::unordered_set<std::string>& gone);

/// One that could not be ended.
struct Unended {
  MadeService service;
  std::string why;
  bool unknown = false;  ///< it may be gone
};
/// Ends services and all that they started, together: SIGTERM, their time to stop, SIGKILL. What is gone, or was never
/// begun, is out of the record then; what is returned stays in it.
std::vector<Unended> end_services(Journal& journal, const std::vector<MadeService>& services);
/// All of the record; what resists is left, and what is not known to be gone, unless the run may forget it.
void end_services(Run& run);

}  // namespace netrig::engine
