// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "plan/words.hpp"

namespace netrig::plan {

/// How a lab that is up differs from what its file says.
struct Drift {
  std::vector<Line> lines;  ///< make: missing; change: otherwise than in the file; remove: there, and no longer wanted
  /// By namespace: what nobody accounts for.
  std::vector<std::pair<std::string, Object>> foreign;
};
/// `seen` is used up.
Drift drift_of(const Lab& lab, Seen seen, const Threads& threads);

/// What the kernel would show if all were as a lab wants it: for a comparison of two files. nullptr: nothing is up.
Seen as_wanted(const Lab* lab);

}  // namespace netrig::plan
