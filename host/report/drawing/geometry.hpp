// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cmath>

namespace netrig::report {

struct Point {
  double x = 0;
  double y = 0;
  friend Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
  friend Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
  friend Point operator*(double factor, Point a) { return {factor * a.x, factor * a.y}; }
};

inline double product(Point a, Point b) { return a.x * b.x + a.y * b.y; }
inline double length(Point a) { return std::hypot(a.x, a.y); }
inline Point along(Point from, Point to, double share) { return from + share * (to - from); }

struct Rect {
  Point at;
  double width = 0;
  double height = 0;
  [[nodiscard]] Point centre() const { return {at.x + width / 2, at.y + height / 2}; }
};

/// Where the straight line from the middle of a rectangle leaves it, whose corners are round.
inline Point border_of(const Rect& rect, Point towards, double radius = 0) {
  const Point middle = rect.centre();
  const Point way = towards - middle;
  const double distance = length(way);
  if (distance < 1e-9) return middle;
  const double x = std::abs(way.x);
  const double y = std::abs(way.y);
  const double share = std::min(x > 0 ? rect.width / 2 / x : 1e9, y > 0 ? rect.height / 2 / y : 1e9);
  // Of the corner's circle, in the quarter where both are positive.
  const Point corner = {rect.width / 2 - radius, rect.height / 2 - radius};
  if (share * x <= corner.x || share * y <= corner.y) return along(middle, towards, std::min(share, 1.0));
  const Point unit = {x / distance, y / distance};
  const double near = product(unit, corner);
  const double root = std::sqrt(std::max(near * near - product(corner, corner) + radius * radius, 0.0));
  return along(middle, towards, std::min((near + root) / distance, 1.0));
}

/// Of the corners of a box that is a device or a lan.
inline double round_of(const Rect& rect) { return std::min(rect.height / 2, 22.0); }

}  // namespace netrig::report
