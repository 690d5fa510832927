// SPDX-License-Identifier: Apache-2.0
// A box of a drawing with everything in it: how large it is, and where its wires leave.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/drawing/geometry.hpp"
#include "report/drawing/picture.hpp"

namespace netrig::report {

enum class Direction : std::uint8_t { right, down };  ///< of a drawing's layers
enum class Anchor : std::uint8_t { start, middle, end };
enum class Style : std::uint8_t { title, service, name, detail };

struct Label {
  Point at = {};  ///< base line
  Anchor anchor = Anchor::start;
  Style style = Style::name;
  std::string text;
  std::string extra;  ///< behind it, less heavy
};

/// Where wires leave a box: one end of theirs, on one side.
struct Port {
  std::size_t end = kNone;
  std::vector<std::size_t> wires;
  double order = 0;
  Point at = {};  ///< within its box, once that has a form
};

struct BoxForm {
  double width = 0;
  double height = 0;
  struct Pill {
    Rect rect;
    bool outside = false;
  };
  struct Line {
    Point from;
    Point to;
    bool vertical = false;  ///< how it leaves
    double bulge = 0;       ///< of a line between neighbours in a stack that are not next to each other
  };
  std::vector<Label> labels;
  std::vector<Pill> pills;
  std::vector<Line> lines;
};

constexpr double kNameSize = 12;
constexpr double kDetailSize = 11;
constexpr double kTitleSize = 14;

/// Width of a text in a monospaced font. Characters of East Asian scripts count twice.
double text_width(std::string_view text, double size);
/// A text that is no longer than so many characters, its middle left out.
std::string shortened(const std::string& text, std::size_t characters);

/// Gives the ports their places. `back` is the left or upper side, `front` the right or lower one.
BoxForm form_of(const Picture& picture, const Picture::Box& box, std::vector<Port>& back, std::vector<Port>& front,
                Direction direction);

/// Of a box that is not in a layer, so that wires leave to all sides. The upper one has no ports of boxes with pills,
/// for the title is there.
struct Sides {
  std::vector<Port> left;
  std::vector<Port> right;
  std::vector<Port> top;
  std::vector<Port> bottom;
};
/// `note`: below the title.
BoxForm form_of(const Picture& picture, const Picture::Box& box, Sides& sides, const std::string& note = {});

}  // namespace netrig::report
