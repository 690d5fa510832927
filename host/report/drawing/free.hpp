// SPDX-License-Identifier: Apache-2.0
// Boxes that lie in no layers: wires leave them to all sides.
#pragma once
#include <functional>
#include <optional>

#include "report/drawing/component.hpp"
#include "report/drawing/figure.hpp"

namespace netrig::report {

struct Arrangement {
  /// Where the boxes lie when they are so large; empty: nowhere. Asked twice: with how large they are about, for where
  /// their wires leave is not known before, and how large they are.
  std::function<Centres(const Sizes&)> places;
  /// To which side of the first box a wire to the second leaves that cannot go straight; may be empty.
  std::function<std::optional<Point>(std::size_t, std::size_t)> leave = {};
};

/// Nothing: the boxes lie nowhere.
std::optional<Placed> place_freely(const Picture& picture, const std::vector<std::vector<std::size_t>>& wires_of,
                                   const std::vector<std::size_t>& component, const Arrangement& arrangement);

}  // namespace netrig::report
