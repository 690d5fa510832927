// SPDX-License-Identifier: Apache-2.0
#include "report/drawing/layout.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "report/drawing/component.hpp"

namespace netrig::report {
namespace {

constexpr std::size_t kManyBoxes = 300;  // of which one way of several is not worth the time
constexpr double kApart = 40;
constexpr double kLabelHeight = 16;

/// How much worse a drawing is to read; 0 is as good as it gets.
double badness(const Placed& placed, std::size_t crossings, std::size_t torn) {
  const double scale = std::max(placed.width / kScreenWidth, placed.height / kScreenHeight);
  const double shape = std::abs(std::log2(placed.width / placed.height / 1.4));
  return 40 * scale + 200 * std::max(scale - 1, 0.0) + 8 * static_cast<double>(crossings) +
         50 * static_cast<double>(torn) + 6 * shape + placed.length / 300;
}

/// How often boxes that look alike lie in one layer more.
std::size_t torn(const Picture& picture, const Layering& layering) {
  std::set<std::pair<std::size_t, std::size_t>> places;
  std::set<std::size_t> roles;
  for (std::size_t i = 0; i < layering.layers.size(); ++i)
    for (const std::size_t box : layering.layers[i])
      if (const std::size_t role = picture.boxes[box].role; role != kNone) {
        places.emplace(role, i);
        roles.insert(role);
      }
  return places.size() - roles.size();
}

Placed best_of(const Picture& picture, const Neighbours& neighbours,
               const std::vector<std::vector<std::size_t>>& wires_of, const std::vector<std::size_t>& component) {
  Placed best;
  double least = 1e300;
  for (const Layering& layering : layerings_of(neighbours, component, component.size() > kManyBoxes)) {
    const std::size_t apart = torn(picture, layering);
    const auto consider = [&](Placed placed) {
      const double bad = badness(placed, layering.crossings, apart);
      if (bad >= least) return;
      least = bad;
      best = std::move(placed);
    };
    consider(place(picture, wires_of, layering, Direction::down));
    Placed right = place(picture, wires_of, layering, Direction::right);
    const double rows = std::round(std::sqrt(right.width / right.height * kScreenHeight / kScreenWidth));
    const bool fold = right.width > 1.2 * kScreenWidth && rows > 1;
    consider(std::move(right));
    if (fold) consider(place(picture, wires_of, layering, Direction::right, static_cast<std::size_t>(rows)));
  }
  return best;
}

/// Puts what hangs together on shelves, in the order of the lab.
void pack(std::vector<Placed>& parts, Layout& layout) {
  double area = 0;
  double widest = kScreenWidth;
  for (const Placed& part : parts) {
    area += (part.width + kApart) * (part.height + kApart);
    widest = std::max(widest, part.width);
  }
  const double shelf = std::max(widest, std::sqrt(area * kScreenWidth / kScreenHeight));
  Point at;
  double tallest = 0;
  for (Placed& part : parts) {
    if (at.x > 0 && at.x + part.width > shelf) {
      at = {0, at.y + tallest + kApart};
      tallest = 0;
    }
    for (auto& [box, one] : part.boxes) {
      one.rect.at = one.rect.at + at;
      layout.boxes[box] = std::move(one);
    }
    for (auto& [wire, curve] : part.curves) {
      for (Point* point : {&curve.begin, &curve.from, &curve.control1, &curve.control2, &curve.to, &curve.end})
        *point = *point + at;
      layout.curves[wire] = curve;
    }
    layout.width = std::max(layout.width, at.x + part.width);
    layout.height = std::max(layout.height, at.y + part.height);
    tallest = std::max(tallest, part.height);
    at.x += part.width + kApart;
  }
}

/// Labels of wires, where they do not lie upon each other.
void place_labels(const Picture& picture, Layout& layout) {
  layout.labels.resize(picture.wires.size());
  std::vector<Rect> taken;
  for (std::size_t i = 0; i < picture.wires.size(); ++i) {
    if (picture.wires[i].label.empty()) continue;
    const double width = text_width(picture.wires[i].label, kNameSize) + 6;
    for (const double t : {0.5, 0.35, 0.65, 0.22, 0.78}) {
      const Point at = layout.curves[i].at(t);
      const bool free = std::none_of(taken.begin(), taken.end(), [&](const Rect& other) {
        return 2 * std::abs(other.at.x - at.x) < width + other.width && std::abs(other.at.y - at.y) < kLabelHeight;
      });
      if (!layout.labels[i] || free) layout.labels[i] = at;
      if (free) break;
    }
    taken.push_back({*layout.labels[i], width, kLabelHeight});
  }
}

}  // namespace

Point Layout::Curve::at(double t) const {
  const double s = 1 - t;
  const auto blend = [&](double a, double b, double c, double d) {
    return s * s * s * a + 3 * s * s * t * b + 3 * s * t * t * c + t * t * t * d;
  };
  return {blend(from.x, control1.x, control2.x, to.x), blend(from.y, control1.y, control2.y, to.y)};
}

Layout layout_of(const Picture& picture) {
  const Neighbours neighbours = neighbours_of(picture);
  std::vector<std::vector<std::size_t>> wires_of(picture.boxes.size());
  for (std::size_t i = 0; i < picture.wires.size(); ++i) {
    wires_of[picture.wires[i].from.box].push_back(i);
    if (picture.wires[i].to.box != picture.wires[i].from.box) wires_of[picture.wires[i].to.box].push_back(i);
  }
  Layout layout;
  layout.boxes.resize(picture.boxes.size());
  layout.curves.resize(picture.wires.size());
  std::vector<Placed> parts;
  for (const auto& component : components_of(neighbours))
    parts.push_back(best_of(picture, neighbours, wires_of, component));
  pack(parts, layout);
  place_labels(picture, layout);
  return layout;
}

}  // namespace netrig::report
