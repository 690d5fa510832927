// SPDX-License-Identifier: Apache-2.0
// What the namespaces of a lab are to their commands, as far as something must be made for it.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "engine/record.hpp"
#include "model/lab.hpp"
#include "plan/words.hpp"

namespace netrig::session {

/// Whether this machine has what the private directories of a lab need: their owners, and a place for each. Throws
/// Error{not_found}.
void check_views(const Lab& lab);
/// Makes the private directories that are not there, in the lab's record, with which they go. Throws Error.
void make_views(const Lab& lab);
/// What an edit makes of the namespaces that both labs have, as their commands see them: files, host names, private
/// directories and values, of which no more is told than their names.
std::vector<plan::Line> view_lines(const Lab* current, const Lab& next);
/// The view of one namespace of a lab that is up; `applied` reads the lab, and is asked only if it can have one.
View view_of(const std::string& lab, const std::string& space,
             const std::function<Lab(const engine::Record&)>& applied);

}  // namespace netrig::session
