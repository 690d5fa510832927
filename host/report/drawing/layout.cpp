// SPDX-License-Identifier: Apache-2.0
#include "report/drawing/layout.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "report/drawing/component.hpp"
#include "report/drawing/crowd.hpp"
#include "report/drawing/figure.hpp"
#include "report/drawing/free.hpp"
#include "report/drawing/graphviz.hpp"

namespace netrig::report {
namespace {

constexpr std::size_t kManyBoxes = 300;  // of which one way of several is not worth the time
constexpr double kApart = 40;
constexpr double kLabelHeight = 16;
constexpr double kTangled = 0.08;  // share of wires that pass boxes of their own layer: there are no layers

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

/// Whether too many wires lead past other boxes of their own layer.
bool tangled(const Neighbours& neighbours, const Layering& layering) {
  std::unordered_map<std::size_t, std::pair<std::size_t, std::size_t>> places;
  for (std::size_t i = 0; i < layering.layers.size(); ++i)
    for (std::size_t k = 0; k < layering.layers[i].size(); ++k) places[layering.layers[i][k]] = {i, k};
  double all = 0;
  double passing = 0;
  for (const auto& [box, place] : places)
    for (const auto& next : neighbours.of[box]) {
      const auto& other = places.at(next.box);
      ++all;
      if (place.first == other.first && place.second != other.second + 1 && other.second != place.second + 1) ++passing;
    }
  return passing > kTangled * all;
}

class Draughtsman {
 public:
  explicit Draughtsman(const Picture& picture)
      : picture_(picture), neighbours_(neighbours_of(picture)), wires_of_(picture.boxes.size()) {
    for (std::size_t i = 0; i < picture.wires.size(); ++i) {
      wires_of_[picture.wires[i].from.box].push_back(i);
      if (picture.wires[i].to.box != picture.wires[i].from.box) wires_of_[picture.wires[i].to.box].push_back(i);
    }
  }

  std::vector<Placed> draw() {
    std::vector<Placed> parts;
    for (const auto& component : components_of(neighbours_)) parts.push_back(best_of(component));
    return parts;
  }
  [[nodiscard]] bool wants_graphviz() const { return wants_graphviz_; }

 private:
  using Boxes = std::vector<std::size_t>;

  Placed best_of(const Boxes& component) {
    if (const auto figure = figure_of(picture_, neighbours_, component)) {
      const Arrangement arrangement = {.places = [&](const Sizes& sizes) { return arranged(*figure, sizes); },
                                       .leave = closing_sides(*figure)};
      if (auto placed = place_freely(picture_, wires_of_, component, arrangement)) return std::move(*placed);
    }
    auto [placed, is_tangled] = in_layers(component);
    if (!is_tangled) return std::move(placed);
    Centres centres;
    const Arrangement arrangement = {.places = [&](const Sizes& sizes) {
      if (centres.empty()) centres = by_graphviz(neighbours_, component, sizes);
      return spread(centres, sizes);
    }};
    if (auto free = place_freely(picture_, wires_of_, component, arrangement)) return std::move(*free);
    wants_graphviz_ = wants_graphviz_ || !graphviz_is_installed();
    return std::move(placed);
  }

  std::pair<Placed, bool> in_layers(const Boxes& component) {
    std::pair<Placed, bool> best;
    double least = 1e300;
    for (const Layering& layering : layerings_of(neighbours_, component, component.size() > kManyBoxes)) {
      const std::size_t apart = torn(picture_, layering);
      const auto consider = [&](Placed placed) {
        const double bad = badness(placed, layering.crossings, apart);
        if (bad >= least) return;
        least = bad;
        best = {std::move(placed), tangled(neighbours_, layering)};
      };
      consider(place(picture_, wires_of_, layering, Direction::down));
      Placed right = place(picture_, wires_of_, layering, Direction::right);
      const double rows = std::round(std::sqrt(right.width / right.height * kScreenHeight / kScreenWidth));
      const bool fold = right.width > 1.2 * kScreenWidth && rows > 1;
      consider(std::move(right));
      if (fold) consider(place(picture_, wires_of_, layering, Direction::right, static_cast<std::size_t>(rows)));
    }
    return best;
  }

  const Picture& picture_;
  Neighbours neighbours_;
  std::vector<Boxes> wires_of_;
  bool wants_graphviz_ = false;
};

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

/// Labels of wires, where they lie neither upon each other nor upon boxes, if there is such a place.
void place_labels(const Picture& picture, Layout& layout) {
  layout.labels.resize(picture.wires.size());
  Crowd taken;
  for (const Layout::Box& box : layout.boxes) taken.add(box.rect);
  for (std::size_t i = 0; i < picture.wires.size(); ++i) {
    if (picture.wires[i].label.empty()) continue;
    const double width = text_width(picture.wires[i].label, kNameSize) + 6;
    const auto room = [&](Point at) { return Rect{at - Point{width / 2, kLabelHeight / 2}, width, kLabelHeight}; };
    for (const double t : {0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.12, 0.88}) {
      const Point at = layout.curves[i].at(t);
      const bool free = !taken.touches(room(at));
      if (!layout.labels[i] || free) layout.labels[i] = at;
      if (free) break;
    }
    taken.add(room(*layout.labels[i]));
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
  Layout layout;
  layout.boxes.resize(picture.boxes.size());
  layout.curves.resize(picture.wires.size());
  Draughtsman draughtsman(picture);
  std::vector<Placed> parts = draughtsman.draw();
  layout.wants_graphviz = draughtsman.wants_graphviz();
  pack(parts, layout);
  place_labels(picture, layout);
  return layout;
}

}  // namespace netrig::report
