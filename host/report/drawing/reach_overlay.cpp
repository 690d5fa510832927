// SPDX-License-Identifier: Apache-2.0
#include "report/drawing/reach_overlay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <unordered_map>

#include "report/escape.hpp"

namespace netrig::report {
namespace {

struct Count {
  std::size_t passed = 0;
  std::size_t failed = 0;
  [[nodiscard]] bool good() const { return failed == 0; }
  [[nodiscard]] std::string text() const {
    if (passed + failed == 1) return good() ? "✓" : "✗";
    return good() ? fmt::format("{} ✓", passed) : fmt::format("{}/{} ✗", passed, passed + failed);
  }
};

constexpr double kMarkSize = 14;
constexpr double kMargin = 12;  // around a drawing: the sheets of a stack, and what a line is wide

class Overlay {
 public:
  Overlay(const Picture& picture, const Layout& layout) : picture_(picture), layout_(layout) {
    overlay_.bounds = {{-2, -kMargin}, layout.width + kMargin + 2, layout.height + kMargin + 2};
  }

  void arrow(std::size_t from, std::size_t to, const Count& count) {
    const Rect& begin = layout_.boxes[from].rect;
    const Rect& end = layout_.boxes[to].rect;
    const Point a = begin.centre();
    const Point b = end.centre();
    const double distance = std::max(std::hypot(b.x - a.x, b.y - a.y), 1.0);
    const Point middle = along(a, b, 0.5);
    ReachOverlay::Arrow best;
    std::size_t least = kNone;
    for (const double bow : bows(std::min(40 + 0.22 * distance, 180.0))) {
      const Point control = {middle.x + (b.y - a.y) / distance * bow, middle.y - (b.x - a.x) / distance * bow};
      const ReachOverlay::Arrow one = {
          .from = border_of(begin, control), .control = control, .to = border_of(end, control), .good = count.good()};
      const std::size_t bad = hits(one);
      if (bad >= least) continue;
      least = bad;
      best = one;
    }
    best.about = fmt::format("{} → {}: {} passed, {} failed", picture_.boxes[from].title, picture_.boxes[to].title,
                             count.passed, count.failed);
    mark(best, count);
    overlay_.arrows.push_back(std::move(best));
  }

  /// A box that tells how its tests went.
  void ring(std::size_t box, const Count& count) {
    const Rect& rect = layout_.boxes[box].rect;
    const double rise = picture_.boxes[box].count > 1 ? 8 : 0;
    overlay_.rings.push_back({.rect = rect, .good = count.good()});
    put_mark({rect.at.x + 4 + text_width(count.text(), kMarkSize) / 2, rect.at.y - rise - 9}, count);
  }

  ReachOverlay take() { return std::move(overlay_); }

 private:
  /// To the left of an arrow's way first, so that there and back are apart; wider, or to the right, if that is clearer.
  static std::array<double, 7> bows(double usual) {
    return {usual, 1.6 * usual, 2.3 * usual, 3 * usual, -usual, -1.6 * usual, -2.3 * usual};
  }

  static Point at(const ReachOverlay::Arrow& arrow, double t) {
    return along(along(arrow.from, arrow.control, t), along(arrow.control, arrow.to, t), t);
  }

  [[nodiscard]] bool in_box(Point point) const {
    return std::any_of(layout_.boxes.begin(), layout_.boxes.end(), [&](const Layout::Box& box) {
      const Rect& rect = box.rect;
      return point.x > rect.at.x - 4 && point.x < rect.at.x + rect.width + 4 && point.y > rect.at.y - 4 &&
             point.y < rect.at.y + rect.height + 4;
    });
  }

  /// How much of an arrow lies upon something else.
  [[nodiscard]] std::size_t hits(const ReachOverlay::Arrow& arrow) const {
    std::size_t sum = 0;
    for (int i = 2; i <= 23; ++i) sum += in_box(at(arrow, 0.04 * i)) ? 1 : 0;
    // Nor on another arrow, such as the one back.
    for (const ReachOverlay::Arrow& other : overlay_.arrows)
      if (std::hypot(at(arrow, 0.5).x - at(other, 0.5).x, at(arrow, 0.5).y - at(other, 0.5).y) < 20) sum += 8;
    return sum;
  }

  void mark(const ReachOverlay::Arrow& arrow, const Count& count) {
    for (const double t : {0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74}) {
      const Point place = at(arrow, t);
      const bool free =
          !in_box(place) && std::none_of(overlay_.marks.begin(), overlay_.marks.end(), [&](const auto& m) {
            const double apart = (text_width(m.text, kMarkSize) + text_width(count.text(), kMarkSize)) / 2 + 8;
            return std::abs(m.at.x - place.x) < apart && std::abs(m.at.y - place.y) < 16;
          });
      if (free) return put_mark(place, count);
    }
    put_mark(at(arrow, 0.5), count);
  }

  void put_mark(Point at, const Count& count) {
    overlay_.marks.push_back({.at = at, .text = count.text(), .good = count.good()});
    reach({at.x - 40, at.y - 12});
    reach({at.x + 40, at.y + 12});
  }

  void reach(Point point) {
    Rect& bounds = overlay_.bounds;
    const Point low = {std::min(bounds.at.x, point.x), std::min(bounds.at.y, point.y)};
    const Point high = {std::max(bounds.at.x + bounds.width, point.x), std::max(bounds.at.y + bounds.height, point.y)};
    bounds = {low, high.x - low.x, high.y - low.y};
  }

  const Picture& picture_;
  const Layout& layout_;
  ReachOverlay overlay_;
};

std::string head_of(const ReachOverlay::Arrow& arrow) {
  const double length = std::max(std::hypot(arrow.to.x - arrow.control.x, arrow.to.y - arrow.control.y), 0.1);
  const Point way = {(arrow.to.x - arrow.control.x) / length, (arrow.to.y - arrow.control.y) / length};
  const Point foot = {arrow.to.x - 10 * way.x, arrow.to.y - 10 * way.y};
  return fmt::format(R"(<path class="ng-head-{}" d="M{:.1f} {:.1f}L{:.1f} {:.1f}L{:.1f} {:.1f}Z"/>)",
                     arrow.good ? "good" : "bad", arrow.to.x, arrow.to.y, foot.x - 5 * way.y, foot.y + 5 * way.x,
                     foot.x + 5 * way.y, foot.y - 5 * way.x);
}

}  // namespace

std::string ReachOverlay::svg() const {
  std::string text;
  for (const Ring& ring : rings)
    text += fmt::format(R"(<rect class="ng-ring ng-{}"{} x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="6"/>)"
                        "\n",
                        ring.good ? "good" : "bad", ring.good ? "" : R"( stroke-dasharray="7 4")", ring.rect.at.x,
                        ring.rect.at.y, ring.rect.width, ring.rect.height);
  for (const Arrow& arrow : arrows)
    text += fmt::format(
        R"(<g><title>{}</title><path class="ng-reach ng-{}"{} d="M{:.1f} {:.1f}Q{:.1f} {:.1f} {:.1f} {:.1f}"/>{}</g>)"
        "\n",
        xml(one_line(arrow.about)), arrow.good ? "good" : "bad", arrow.good ? "" : R"( stroke-dasharray="7 4")",
        arrow.from.x, arrow.from.y, arrow.control.x, arrow.control.y, arrow.to.x, arrow.to.y, head_of(arrow));
  for (const Mark& mark : marks)
    text += fmt::format(R"(<text class="ng-mark ng-is-{}" x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>)"
                        "\n",
                        mark.good ? "good" : "bad", mark.at.x, mark.at.y + 5, mark.text);
  return text;
}

ReachOverlay overlay_of(const Lab& lab, const Picture& picture, const Layout& layout,
                        const std::vector<Reach>& reaches) {
  std::unordered_map<std::string_view, std::size_t> boxes;
  for (std::size_t i = 0; i < lab.namespaces.size(); ++i)
    boxes.emplace(lab.namespaces[i].name.str(), picture.box_of[i]);
  std::map<std::pair<std::size_t, std::size_t>, Count> between;
  std::map<std::size_t, Count> of;
  for (const Reach& reach : reaches) {
    const auto from = boxes.find(reach.from);
    const auto to = boxes.find(reach.to);
    if (from == boxes.end() || to == boxes.end() || reach.passed + reach.failed == 0) continue;
    for (Count* count : {&between[{from->second, to->second}], &of[from->second]}) {
      count->passed += reach.passed;
      count->failed += reach.failed;
    }
  }
  Overlay drawing(picture, layout);
  const auto arrows = static_cast<std::size_t>(std::count_if(
      between.begin(), between.end(), [](const auto& one) { return one.first.first != one.first.second; }));
  if (arrows > kMostArrows) {
    for (const auto& [box, count] : of) drawing.ring(box, count);
    return drawing.take();
  }
  // Rings first: the marks of arrows can make way, theirs cannot.
  for (const auto& [way, count] : between)
    if (way.first == way.second) drawing.ring(way.first, count);
  for (const auto& [way, count] : between)
    if (way.first != way.second) drawing.arrow(way.first, way.second, count);
  return drawing.take();
}

}  // namespace netrig::report
