// SPDX-License-Identifier: Apache-2.0
// What the kernel shows of all named network namespaces, by iproute2, so that two looks can be compared: not by netrig,
// whose word is what is in question.
#pragma once
#include <set>
#include <string>

namespace fault {

/// One line for each object, in an order that does not depend on what the kernel happens to count.
using Sight = std::string;

/// How much two labs have in common.
enum class Sameness : unsigned char {
  exact,  ///< the same lab a while later: MAC addresses and interface numbers, too
  kind,   ///< another lab from the same file: MAC addresses and numbers that the kernel chose are others
};

/// `made_again`: interfaces ("router/br0") whose numbers may differ in an exact look.
Sight look(Sameness sameness, const std::set<std::string>& made_again);

/// The first lines that one has and the other has not; empty: none.
std::string difference(const Sight& is, const Sight& should_be);

}  // namespace fault
