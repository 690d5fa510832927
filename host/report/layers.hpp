// SPDX-License-Identifier: Apache-2.0
// Boxes in layers, by their distance from one of them: then every wire leads to the next layer or stays in its own, and
// none has to pass a box.
#pragma once
#include <vector>

#include "report/picture.hpp"

namespace netrig::report {

/// Which boxes are joined, and how often.
struct Neighbours {
  struct One {
    std::size_t box = 0;
    std::size_t wires = 1;
  };
  std::vector<std::vector<One>> of;  ///< a box; never itself
};
Neighbours neighbours_of(const Picture& picture);

/// Boxes that hang together, in the order of the lab.
std::vector<std::vector<std::size_t>> components_of(const Neighbours& neighbours);

/// Boxes worth beginning with: in the middle, at an end, with the most neighbours.
std::vector<std::size_t> roots_of(const Neighbours& neighbours, const std::vector<std::size_t>& component);

/// How the layers lie.
struct Layering {
  std::vector<std::vector<std::size_t>> layers;
  std::size_t root_layer = 0;
  std::size_t crossings = 0;  ///< and wires within a layer, which are nearly as bad
};
enum class Sides : std::uint8_t { one, both };  ///< of the root
/// Layers with nothing on one side are not worth having twice: then it is empty.
Layering layers_from(const Neighbours& neighbours, const std::vector<std::size_t>& component, std::size_t root,
                     Sides sides);

}  // namespace netrig::report
