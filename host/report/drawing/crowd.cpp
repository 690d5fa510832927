// SPDX-License-Identifier: Apache-2.0
#include "report/drawing/crowd.hpp"

#include <algorithm>

namespace netrig::report {
namespace {

constexpr double kCell = 128;

std::int64_t cell_at(double place) { return static_cast<std::int64_t>(std::floor(place / kCell)); }
std::int64_t key(std::int64_t x, std::int64_t y) { return x * (std::int64_t{1} << 32U) + y; }

template <typename Visit>
bool any_cell(const Rect& rect, const Visit& visit) {
  for (std::int64_t x = cell_at(rect.at.x); x <= cell_at(rect.at.x + rect.width); ++x)
    for (std::int64_t y = cell_at(rect.at.y); y <= cell_at(rect.at.y + rect.height); ++y)
      if (visit(key(x, y))) return true;
  return false;
}

bool overlap(const Rect& a, const Rect& b) {
  return a.at.x < b.at.x + b.width && b.at.x < a.at.x + a.width && a.at.y < b.at.y + b.height &&
         b.at.y < a.at.y + a.height;
}

}  // namespace

void Crowd::add(const Rect& rect) {
  any_cell(rect, [&](std::int64_t cell) {
    cells_[cell].push_back(rects_.size());
    return false;
  });
  rects_.push_back(rect);
}

bool Crowd::contains(Point point) const { return touches({point, 0.01, 0.01}); }

bool Crowd::touches(const Rect& rect) const {
  return any_cell(rect, [&](std::int64_t cell) {
    const auto found = cells_.find(cell);
    return found != cells_.end() && std::any_of(found->second.begin(), found->second.end(),
                                                [&](std::size_t one) { return overlap(rects_[one], rect); });
  });
}

}  // namespace netrig::report
