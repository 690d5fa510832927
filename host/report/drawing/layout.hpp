// SPDX-License-Identifier: Apache-2.0
// Where everything of a drawing lies. No format's own notions.
#pragma once
#include <optional>
#include <vector>

#include "report/drawing/box_form.hpp"
#include "report/drawing/picture.hpp"

namespace netrig::report {

struct Layout {
  struct Box {
    Rect rect;
    BoxForm form;  ///< relative to the rectangle
  };
  /// Straight from a box to the border of its layer, a Bézier curve to the border of the other's, and straight to that.
  struct Curve {
    Point begin;
    Point from;
    Point control1;
    Point control2;
    Point to;
    Point end;
    bool has_ports = true;  ///< else it just ends at the boxes
    [[nodiscard]] Point at(double t) const;
  };
  std::vector<Box> boxes;                    ///< as in the picture
  std::vector<Curve> curves;                 ///< one a wire
  std::vector<std::optional<Point>> labels;  ///< middle of the label of each wire that has one
  double width = 0;
  double height = 0;
  bool wants_graphviz = false;  ///< which would have drawn it better, and is not installed
};

/// The room a drawing should fit into, in pixels of its own.
constexpr double kScreenWidth = 1400;
constexpr double kScreenHeight = 900;

/// Rings, full meshes and grids as such; the rest in layers, or where it has none as Graphviz says, if that is
/// installed.
Layout layout_of(const Picture& picture);

}  // namespace netrig::report
