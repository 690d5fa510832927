// SPDX-License-Identifier: Apache-2.0
// Boxes in layers, by their distance from one of them: then every wire leads to the next layer or stays in its own, and
// none has to pass a box.
#pragma once
#include <vector>

#include "report/drawing/picture.hpp"

namespace netrig::report {

/// Which boxes are joined.
struct Neighbours {
  struct One {
    std::size_t box = 0;
    bool reference = false;  ///< one sits on the other, and nothing else joins them
  };
  std::vector<std::vector<One>> of;  ///< a box; never itself
};
Neighbours neighbours_of(const Picture& picture);

/// Boxes that hang together, in the order of the lab.
std::vector<std::vector<std::size_t>> components_of(const Neighbours& neighbours);

/// How the layers lie.
struct Layering {
  std::vector<std::vector<std::size_t>> layers = {};
  std::size_t root_layer = 0;
  std::size_t crossings = 0;  ///< and wires within a layer, which are nearly as bad
};
/// Layerings worth trying: from the middle, from an end, from the box with most neighbours, each to one side or to
/// both; towards what hangs on others. `few`: only the first.
std::vector<Layering> layerings_of(const Neighbours& neighbours, const std::vector<std::size_t>& component, bool few);

}  // namespace netrig::report
