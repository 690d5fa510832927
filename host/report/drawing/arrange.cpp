// SPDX-License-Identifier: Apache-2.0
// Where the boxes of circles and grids lie.
#include <array>
#include <numbers>

#include "report/drawing/figure.hpp"

namespace netrig::report {
namespace {

constexpr Point kGap = {64, 52};        // between boxes that are beside each other, and below each other
constexpr Point kSpreadGap = {44, 36};  // where most are farther apart
constexpr double kHangingGap = 48;
constexpr double kSiblings = 20;    // between boxes that hang on the same one
constexpr std::size_t kRound = 12;  // boxes in equal steps round a true circle; more are as near as they may be
constexpr double kWide = 1.3;       // then as much wider than high, as screens are
constexpr int kRounds = 40;

/// How far something reaches from a point.
struct Reach {
  Point low;
  Point high;
  void cover(const Reach& other, Point at) {
    low = {std::min(low.x, at.x + other.low.x), std::min(low.y, at.y + other.low.y)};
    high = {std::max(high.x, at.x + other.high.x), std::max(high.y, at.y + other.high.y)};
  }
};

Reach reach_of(const Size& size) { return {{-size.width / 2, -size.height / 2}, {size.width / 2, size.height / 2}}; }

/// A box with what hangs on it, around its own centre.
struct Cluster {
  std::vector<std::pair<std::size_t, Point>> boxes;
  Reach reach;
};

/// `way`: where it hangs to, along an axis.
enum class Row : std::uint8_t { centred, beside };  ///< beside: to the right of a line through the middle of the first
Cluster cluster_of(const Figure& figure, const Sizes& sizes, std::size_t box, Point way, Row row = Row::centred) {
  Cluster cluster{.boxes = {{box, {}}}, .reach = reach_of(sizes.at(box))};
  const auto below = figure.hanging.find(box);
  if (below == figure.hanging.end()) return cluster;
  const bool level = way.x != 0;
  const auto breadth = [&](const Reach& reach) {
    return level ? reach.high.y - reach.low.y : reach.high.x - reach.low.x;
  };
  std::vector<Cluster> parts;
  double room = -kSiblings;
  for (const std::size_t one : below->second) {
    parts.push_back(cluster_of(figure, sizes, one, way));
    room += breadth(parts.back().reach) + kSiblings;
  }
  const Reach own = cluster.reach;
  double across = row == Row::beside ? kSiblings : -room / 2;
  for (const Cluster& part : parts) {
    const double gap = kHangingGap + (level ? 12 : 0);
    const Point at = level
                         ? Point{way.x > 0 ? own.high.x + gap - part.reach.low.x : own.low.x - gap - part.reach.high.x,
                                 across - part.reach.low.y}
                         : Point{across - part.reach.low.x,
                                 way.y > 0 ? own.high.y + gap - part.reach.low.y : own.low.y - gap - part.reach.high.y};
    for (const auto& [one, centre] : part.boxes) cluster.boxes.emplace_back(one, at + centre);
    cluster.reach.cover(part.reach, at);
    across += breadth(part.reach) + kSiblings;
  }
  return cluster;
}

/// By how much places must be drawn apart so that nothing lies upon anything else.
double stretch(const std::vector<Point>& places, const std::vector<Reach>& reaches, Point gap) {
  double factor = 0;
  const auto needed = [](double from, double to, const auto& before, const auto& behind, double gap) {
    const double way = std::abs(to - from);
    const double room = (to > from ? before.second - behind.first : behind.second - before.first) + gap;
    return way > 1e-9 ? std::max(room, 0.0) / way : 1e9;
  };
  for (std::size_t i = 0; i < places.size(); ++i)
    for (std::size_t k = i + 1; k < places.size(); ++k) {
      const Reach& a = reaches[i];
      const Reach& b = reaches[k];
      const double level =
          needed(places[i].x, places[k].x, std::pair(a.low.x, a.high.x), std::pair(b.low.x, b.high.x), gap.x);
      const double upright =
          needed(places[i].y, places[k].y, std::pair(a.low.y, a.high.y), std::pair(b.low.y, b.high.y), gap.y);
      factor = std::max(factor, std::min(level, upright));
    }
  return factor;
}

/// Angles round an ellipse at which neighbours are as far apart as they need: boxes below each other need less.
std::vector<double> angles_of(const std::vector<Reach>& reaches, double wide) {
  const std::size_t count = reaches.size();
  std::vector<double> angles(count);
  const double whole = 2 * std::numbers::pi;
  for (std::size_t i = 0; i < count; ++i)
    angles[i] = whole * static_cast<double>(i) / static_cast<double>(count) - whole / 4;
  if (count <= kRound) return angles;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> steps(count);
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const Reach& a = reaches[i];
      const Reach& b = reaches[(i + 1) % count];
      const double next = i + 1 < count ? angles[i + 1] : angles[0] + whole;
      const double middle = (angles[i] + next) / 2;
      const Point way = {-wide * std::sin(middle), std::cos(middle)};
      const double level = (a.high.x - a.low.x + b.high.x - b.low.x) / 2 + kGap.x;
      const double upright = (a.high.y - a.low.y + b.high.y - b.low.y) / 2 + kGap.y;
      steps[i] = std::min(level / std::max(std::abs(way.x), 1e-6), upright / std::max(std::abs(way.y), 1e-6));
      sum += steps[i];
    }
    // Half of the way from where they were, so that they come to rest.
    double angle = -whole / 4;
    for (std::size_t i = 0; i < count; ++i) {
      const double before = (i + 1 < count ? angles[i + 1] : whole * 3 / 4) - angles[i];
      angles[i] = angle;
      angle += (steps[i] * whole / sum + before) / 2;
    }
  }
  return angles;
}

Centres circle(const Figure& figure, const Sizes& sizes) {
  const std::size_t count = figure.core.size();
  const double wide = count <= kRound ? 1 : kWide;
  std::vector<Cluster> clusters;
  std::vector<Reach> reaches;
  for (std::size_t i = 0; i < count; ++i) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(count);
    const Point out = {std::sin(angle), -std::cos(angle)};
    const Point way = std::abs(out.x) > 0.45 ? Point{out.x > 0 ? 1.0 : -1.0, 0} : Point{0, out.y > 0 ? 1.0 : -1.0};
    clusters.push_back(cluster_of(figure, sizes, figure.core[i], way));
    reaches.push_back(clusters.back().reach);
  }
  std::vector<Point> places;
  for (const double angle : angles_of(reaches, wide)) places.push_back({wide * std::cos(angle), std::sin(angle)});
  const double factor = stretch(places, reaches, kGap);
  Centres centres;
  for (std::size_t i = 0; i < count; ++i)
    for (const auto& [box, at] : clusters[i].boxes) centres[box] = factor * places[i] + at;
  return centres;
}

Centres grid(const Figure& figure, const Sizes& sizes) {
  const std::size_t columns = figure.columns;
  const std::size_t rows = figure.core.size() / columns;
  std::vector<Cluster> clusters;
  std::vector<std::pair<double, double>> widths(columns);
  std::vector<std::pair<double, double>> heights(rows);
  for (std::size_t i = 0; i < figure.core.size(); ++i) {
    clusters.push_back(cluster_of(figure, sizes, figure.core[i], {0, 1}, Row::beside));
    const Reach& reach = clusters.back().reach;
    auto& width = widths[i % columns];
    auto& height = heights[i / columns];
    width = {std::min(width.first, reach.low.x), std::max(width.second, reach.high.x)};
    height = {std::min(height.first, reach.low.y), std::max(height.second, reach.high.y)};
  }
  const auto lines = [](const std::vector<std::pair<double, double>>& rooms, double gap) {
    std::vector<double> places;
    double at = 0;
    for (const auto& [before, behind] : rooms) {
      places.push_back(at - before);
      at += behind - before + gap;
    }
    return places;
  };
  const std::vector<double> x = lines(widths, kGap.x);
  const std::vector<double> y = lines(heights, kGap.y);
  Centres centres;
  for (std::size_t i = 0; i < clusters.size(); ++i)
    for (const auto& [box, at] : clusters[i].boxes) centres[box] = Point{x[i % columns], y[i / columns]} + at;
  return centres;
}

}  // namespace

Centres arranged(const Figure& figure, const Sizes& sizes) {
  return figure.columns == 0 ? circle(figure, sizes) : grid(figure, sizes);
}

Centres spread(const Centres& centres, const Sizes& sizes) {
  std::vector<Point> places;
  std::vector<Reach> reaches;
  for (const auto& [box, at] : centres) {
    places.push_back(at);
    reaches.push_back(reach_of(sizes.at(box)));
  }
  const double factor = stretch(places, reaches, kSpreadGap);
  Centres result = centres;
  for (auto& [box, at] : result) at = factor * at;
  return result;
}

}  // namespace netrig::report
