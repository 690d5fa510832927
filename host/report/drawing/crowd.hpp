// SPDX-License-Identifier: Apache-2.0
// What of a drawing is taken already, found by its place: so that lines and labels of thousands find free ground soon.
#pragma once
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "report/drawing/geometry.hpp"

namespace netrig::report {

class Crowd {
 public:
  void add(const Rect& rect);
  [[nodiscard]] bool contains(Point point) const;
  [[nodiscard]] bool touches(const Rect& rect) const;

 private:
  std::vector<Rect> rects_;
  std::unordered_map<std::int64_t, std::vector<std::size_t>> cells_;  ///< which lie in each square of a grid
};

}  // namespace netrig::report
