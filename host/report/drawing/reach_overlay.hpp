// SPDX-License-Identifier: Apache-2.0
// What tests found, over the drawing of a lab.
#pragma once
#include <string>
#include <vector>

#include "report/drawing.hpp"
#include "report/drawing/layout.hpp"

namespace netrig::report {

struct ReachOverlay {
  struct Mark {
    Point at;  ///< middle of its text
    std::string text;
    bool good = true;
  };
  struct Arrow {
    Point from;
    Point control;
    Point to;
    bool good = true;
    std::string about = {};
  };
  struct Ring {
    Rect rect;
    bool good = true;
  };
  std::vector<Arrow> arrows;
  std::vector<Ring> rings;
  std::vector<Mark> marks;
  Rect bounds;  ///< of the drawing with these over it

  [[nodiscard]] bool reached() const { return !arrows.empty() || !rings.empty(); }
  /// As elements of SVG.
  [[nodiscard]] std::string svg() const;
};

/// More arrows than these are not read by anybody; then boxes tell how many of their tests passed.
constexpr std::size_t kMostArrows = 12;

/// Namespaces that the lab does not have are left out.
ReachOverlay overlay_of(const Lab& lab, const Picture& picture, const Layout& layout,
                        const std::vector<Reach>& reaches);

}  // namespace netrig::report
