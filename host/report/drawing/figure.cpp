// SPDX-License-Identifier: Apache-2.0
#include "report/drawing/figure.hpp"

#include <algorithm>
#include <unordered_set>

namespace netrig::report {
namespace {

using Boxes = std::vector<std::size_t>;

constexpr std::size_t kDeepest = 4;  // what hangs deeper, or of which there is more, is the lab's form itself
constexpr std::size_t kHanging = 8;  // boxes for each one of the core
constexpr std::size_t kRing = 64;    // boxes of a ring; a circle of more is mostly empty, and layers can be folded

/// What is left of a component when ends are taken off until there are none. Nothing: it is a tree, or mostly trees.
class Core {
 public:
  Core(const Neighbours& neighbours, const Boxes& component) : neighbours_(neighbours) {
    for (const std::size_t box : component) degree_[box] = neighbours.of[box].size();
    Boxes ends;
    for (const std::size_t box : component)
      if (degree_.at(box) == 1) ends.push_back(box);
    std::unordered_set<std::size_t> gone;
    std::unordered_map<std::size_t, std::size_t> depth;
    for (std::size_t i = 0; i < ends.size(); ++i) {
      gone.insert(ends[i]);
      const auto& all = neighbours.of[ends[i]];
      const auto up = std::find_if(all.begin(), all.end(), [&](const auto& one) { return !gone.contains(one.box); });
      if (up == all.end()) return;
      hanging_[up->box].push_back(ends[i]);
      std::size_t& deep = depth[up->box];
      deep = std::max(deep, depth[ends[i]] + 1);
      if (deep > kDeepest) return;
      if (--degree_.at(up->box) == 1) ends.push_back(up->box);
    }
    if (gone.size() > kHanging * (component.size() - gone.size())) return;
    for (const std::size_t box : component)
      if (!gone.contains(box)) boxes_.push_back(box);
    for (auto& [box, below] : hanging_) std::sort(below.begin(), below.end());
  }

  [[nodiscard]] const Boxes& boxes() const { return boxes_; }
  [[nodiscard]] std::size_t degree(std::size_t box) const { return degree_.at(box); }
  [[nodiscard]] auto& hanging() { return hanging_; }
  [[nodiscard]] bool has(std::size_t box) const { return std::binary_search(boxes_.begin(), boxes_.end(), box); }
  [[nodiscard]] Boxes beside(std::size_t box) const {
    Boxes result;
    for (const auto& next : neighbours_.of[box])
      if (has(next.box)) result.push_back(next.box);
    return result;
  }
  /// From a box to all others, as many steps as there are between.
  [[nodiscard]] std::unordered_map<std::size_t, std::size_t> distances(std::size_t from) const {
    std::unordered_map<std::size_t, std::size_t> distance = {{from, 0}};
    Boxes order = {from};
    for (std::size_t i = 0; i < order.size(); ++i)
      for (const std::size_t next : beside(order[i]))
        if (distance.emplace(next, distance.at(order[i]) + 1).second) order.push_back(next);
    return distance;
  }

 private:
  const Neighbours& neighbours_;
  std::unordered_map<std::size_t, std::size_t> degree_;
  std::unordered_map<std::size_t, Boxes> hanging_;
  Boxes boxes_;
};

std::optional<Boxes> ring_of(const Picture& picture, const Core& core) {
  const Boxes& boxes = core.boxes();
  if (boxes.size() > kRing ||
      std::any_of(boxes.begin(), boxes.end(), [&](std::size_t box) { return core.degree(box) != 2; }))
    return std::nullopt;
  Boxes ring = {boxes.front(), core.beside(boxes.front()).front()};
  while (ring.size() < boxes.size()) {
    const Boxes both = core.beside(ring.back());
    ring.push_back(both[0] == ring[ring.size() - 2] ? both[1] : both[0]);
  }
  const auto look_alike = [&](std::size_t a, std::size_t b) {
    return picture.boxes[ring[a]].role == picture.boxes[ring[b]].role;
  };
  if (ring.size() == 4 && look_alike(0, 2) && look_alike(1, 3) && !look_alike(0, 1)) return std::nullopt;
  return ring;
}

bool is_mesh(const Core& core) {
  const Boxes& boxes = core.boxes();
  return boxes.size() > 3 &&
         std::all_of(boxes.begin(), boxes.end(), [&](std::size_t box) { return core.degree(box) + 1 == boxes.size(); });
}

/// Of a grid that is open on all sides, whatever the order of its boxes: how far each is from two corners says where it
/// lies.
std::optional<Figure> open_grid(const Core& core) {
  if (core.boxes().size() < 6) return std::nullopt;  // two by two are a ring
  Boxes corners;
  std::size_t edges = 0;
  for (const std::size_t box : core.boxes()) {
    if (core.degree(box) > 4) return std::nullopt;
    edges += core.degree(box);
    if (core.degree(box) == 2) corners.push_back(box);
  }
  if (corners.size() != 4) return std::nullopt;
  const auto from_first = core.distances(corners[0]);
  const std::size_t far = *std::max_element(corners.begin(), corners.end(), [&](std::size_t a, std::size_t b) {
    return from_first.at(a) < from_first.at(b);
  });
  const std::size_t second = corners[1] == far ? corners[2] : corners[1];
  const auto from_second = core.distances(second);
  const std::size_t columns = from_first.at(second) + 1;
  const std::size_t rows = core.boxes().size() / columns;
  if (rows * columns != core.boxes().size() || edges / 2 != rows * (columns - 1) + columns * (rows - 1))
    return std::nullopt;
  Figure figure{.core = Boxes(core.boxes().size(), kNone), .columns = columns};
  const auto place = [&](std::size_t box) -> std::optional<std::size_t> {
    const std::size_t near = from_first.at(box) + columns - 1;
    const std::size_t away = from_second.at(box);
    if (near < away || (near - away) % 2 != 0) return std::nullopt;
    const std::size_t column = (near - away) / 2;
    if (column >= columns || from_first.at(box) < column || from_first.at(box) - column >= rows) return std::nullopt;
    return (from_first.at(box) - column) * columns + column;
  };
  for (const std::size_t box : core.boxes()) {
    const auto at = place(box);
    if (!at || figure.core[*at] != kNone) return std::nullopt;
    figure.core[*at] = box;
    for (const std::size_t next : core.beside(box)) {
      const auto other = place(next);
      if (!other || (*at + 1 != *other && *other + 1 != *at && *at + columns != *other && *other + columns != *at))
        return std::nullopt;
    }
  }
  return figure;
}

/// Of a grid whose rows or columns are closed, if the lab has its boxes row by row, as loops make them.
std::optional<Figure> closed_grid(const Core& core) {
  const Boxes& boxes = core.boxes();
  std::unordered_map<std::size_t, std::size_t> number;
  std::size_t edges = 0;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    if (core.degree(boxes[i]) > 4 || core.degree(boxes[i]) < 3) return std::nullopt;
    edges += core.degree(boxes[i]);
    number[boxes[i]] = i;
  }
  for (std::size_t columns = 3; columns * 3 <= boxes.size(); ++columns) {
    if (boxes.size() % columns != 0) continue;
    const std::size_t rows = boxes.size() / columns;
    const std::size_t open = rows * (columns - 1) + columns * (rows - 1);
    if (edges / 2 != open + rows && edges / 2 != open + columns && edges / 2 != open + rows + columns) continue;
    const auto fits = [&](std::size_t a, std::size_t b) {
      const auto beside = [](std::size_t one, std::size_t other, std::size_t count) {
        return (one + 1) % count == other || (other + 1) % count == one;
      };
      return a / columns == b / columns ? beside(a % columns, b % columns, columns)
                                        : a % columns == b % columns && beside(a / columns, b / columns, rows);
    };
    const bool all = std::all_of(boxes.begin(), boxes.end(), [&](std::size_t box) {
      const Boxes next = core.beside(box);
      return std::all_of(next.begin(), next.end(),
                         [&](std::size_t one) { return fits(number.at(box), number.at(one)); });
    });
    if (all) return Figure{.core = boxes, .columns = columns};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Figure> figure_of(const Picture& picture, const Neighbours& neighbours, const Boxes& component) {
  Core core(neighbours, component);
  if (core.boxes().size() < 3) return std::nullopt;
  std::optional<Figure> figure;
  if (auto ring = ring_of(picture, core))
    figure = Figure{.core = std::move(*ring)};
  else if (is_mesh(core))
    figure = Figure{.core = core.boxes()};
  else if (auto grid = open_grid(core))
    figure = std::move(grid);
  else
    figure = closed_grid(core);
  if (figure) figure->hanging = std::move(core.hanging());
  return figure;
}

std::function<std::optional<Point>(std::size_t, std::size_t)> closing_sides(const Figure& figure) {
  if (figure.columns == 0) return {};
  std::unordered_map<std::size_t, std::size_t> places;
  for (std::size_t i = 0; i < figure.core.size(); ++i) places[figure.core[i]] = i;
  return
      [places = std::move(places), columns = figure.columns](std::size_t from, std::size_t to) -> std::optional<Point> {
        const auto one = places.find(from);
        const auto other = places.find(to);
        if (one == places.end() || other == places.end()) return std::nullopt;
        const std::size_t a = std::min(one->second, other->second);
        const std::size_t b = std::max(one->second, other->second);
        const bool row = a / columns == b / columns;
        if (row ? b - a == 1 : b - a == columns) return std::nullopt;
        return row ? Point{0, 1} : Point{1, 0};
      };
}

}  // namespace netrig::report
