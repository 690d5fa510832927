// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <unordered_map>
#include <vector>

#include "report/drawing/layers.hpp"
#include "report/drawing/layout.hpp"

namespace netrig::report {

/// What hangs together, laid out in one way. Positions begin at 0,0.
struct Placed {
  std::unordered_map<std::size_t, Layout::Box> boxes;
  std::unordered_map<std::size_t, Layout::Curve> curves;
  double width = 0;
  double height = 0;
  double length = 0;  ///< of all wires together
};

/// Moves everything to 0,0 and measures it.
void settle(Placed& placed);

/// `wires_of`: indices of the wires at each box. `rows`: more than one folds layers that lead to the right, every other
/// row turned around so that wires go on where they end.
Placed place(const Picture& picture, const std::vector<std::vector<std::size_t>>& wires_of, const Layering& layering,
             Direction direction, std::size_t rows = 1);

}  // namespace netrig::report
