// SPDX-License-Identifier: Apache-2.0
// Networks whose form everybody knows: rings and full meshes, which are drawn as circles, and grids. Trees may hang on
// them.
#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "report/drawing/geometry.hpp"
#include "report/drawing/layers.hpp"

namespace netrig::report {

struct Figure {
  std::vector<std::size_t> core;  ///< boxes round the circle, or row by row
  std::size_t columns = 0;        ///< of a grid, whose rows and columns may be closed to rings; 0: a circle
  std::unordered_map<std::size_t, std::vector<std::size_t>> hanging = {};  ///< below a box
};

/// Nothing: the component has another form. A ring of two by two kinds, as two spines and two leaves are, has layers.
std::optional<Figure> figure_of(const Picture& picture, const Neighbours& neighbours,
                                const std::vector<std::size_t>& component);

struct Size {
  double width = 0;
  double height = 0;
};
using Sizes = std::unordered_map<std::size_t, Size>;     ///< of boxes
using Centres = std::unordered_map<std::size_t, Point>;  ///< of boxes

/// Where a wire between two boxes leaves if it closes a row or a column of a grid: below or to the right, for it has to
/// pass boxes.
std::function<std::optional<Point>(std::size_t, std::size_t)> closing_sides(const Figure& figure);
/// Where the boxes of a figure lie.
Centres arranged(const Figure& figure, const Sizes& sizes);
/// The same places, as far apart as the boxes need.
Centres spread(const Centres& centres, const Sizes& sizes);

}  // namespace netrig::report
