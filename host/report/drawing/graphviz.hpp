// SPDX-License-Identifier: Apache-2.0
// Graphviz, if it is installed, for what has no form of its own: it finds where boxes lie, and we draw them.
#pragma once
#include <chrono>

#include "report/drawing/figure.hpp"
#include "report/drawing/layers.hpp"

namespace netrig::report {

/// Whether its programs are in PATH.
bool graphviz_is_installed();

/// Asks `neato`, and of many boxes `sfdp`. Empty: it is not installed, there are too many boxes for it, or it did not
/// answer well and soon.
Centres by_graphviz(const Neighbours& neighbours, const std::vector<std::size_t>& component, const Sizes& sizes,
                    std::chrono::milliseconds patience = std::chrono::seconds(10));

}  // namespace netrig::report
