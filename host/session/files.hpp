// SPDX-License-Identifier: Apache-2.0
// `files` of namespaces: what commands see of them is written when the lab comes up, and what an edit changes.
#pragma once
#include <vector>

#include "model/lab.hpp"
#include "plan/words.hpp"

namespace netrig::session {

/// Whether this machine has what the files of a lab need: their owners, and a directory to put each into. Throws Error.
void check_files(const Lab& lab);
/// Writes those that are not there or that the lab file has changed, and takes away those that it no longer has; what
/// commands have made of the others stays. They lie in the lab's record, with which they go. Throws Error.
void make_files(const Lab& lab);
/// What an edit changes, by the files alone.
std::vector<plan::Line> file_lines(const Lab* current, const Lab& next);

/// Takes away what the record has of files and private directories of namespaces that the lab no longer has: one that
/// comes back begins anew. Their services have ended. Throws Error.
void remove_views_of_gone(const Lab& lab);

/// Writes the lab's own /etc/hosts (the machine's, and a line for each address that stands for a namespace), or takes
/// it away.
void make_hosts(const Lab& lab);

}  // namespace netrig::session
