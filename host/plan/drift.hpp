// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>

#include "plan/wanted.hpp"
#include "plan/words.hpp"

namespace netrig::plan {

/// How a lab that is up differs from what its file says.
struct Drift {
  std::vector<Line> lines;  ///< make: missing; change: otherwise than in the file; remove: there, and no longer wanted
  /// By namespace: what nobody accounts for.
  std::vector<std::pair<std::string, Object>> foreign;
};
/// What there is of one namespace.
struct SeenSpace {
  SpaceState state;
  std::vector<Renaming> renamed = {};
  std::vector<std::string> broken = {};  ///< devices whose interfaces here are not those that the ledger names
};
/// Of one namespace of the lab; `seen` is used up. Nothing seen: it is not there.
Drift drift_in(const Lab& lab, const Wanted& wanted, std::size_t space, std::optional<SeenSpace> seen);
/// Of several namespaces together. A device that stands in two of them is told once.
Drift join(std::vector<Drift> parts);

/// What is there, and nobody accounts for, as a line that would take it away.
Line foreign_line(const Object& object, const std::string& space);

/// What the kernel would show if all were as a lab wants it: for a comparison of two files. nullptr: nothing is up.
Seen as_wanted(const Lab* lab);

}  // namespace netrig::plan
