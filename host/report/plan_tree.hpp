// SPDX-License-Identifier: Apache-2.0
// A plan, or a drift, as a tree for people, with what repeats folded.
#pragma once
#include <string>
#include <vector>

#include "model/lab.hpp"
#include "plan/words.hpp"

namespace netrig::report {

/// "+ address eth0 10.0.0.1/24", "~ interface eth0  mtu 1400 -> 1500": without namespace and place.
std::string plan_line(const plan::Line& line);

/// Lines of the tree, each with its end and its place in the file. `all`: nothing is folded.
std::string plan_tree(const std::vector<plan::Line>& lines, const Lab& lab, bool all);

}  // namespace netrig::report
