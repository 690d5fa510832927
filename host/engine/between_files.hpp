// SPDX-License-Identifier: Apache-2.0
// What there is of a lab whose edit was cut off.
#pragma once
#include "engine/journal.hpp"
#include "model/lab.hpp"

namespace netrig::engine {

/// What was there before an edit, with the settings that the edit may have given it: whoever goes from here to `before`
/// undoes what `edited` said alone. What the edit made anew is not in it.
Lab under_edit(const Lab& before, const Lab& edited);

/// Adds to what was there before what the record says that the edit has made in namespaces that others use.
void add_made(Lab& lab, const Record& record);

/// Takes out of the record what was only intended: whatever the edit had made and `lab`, as which it now is, does not
/// want, has been removed.
void forget_unmade(Journal& journal, const Lab& lab);

}  // namespace netrig::engine
