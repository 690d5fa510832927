// SPDX-License-Identifier: Apache-2.0
#include "report/drawing/layers.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>
#include <unordered_set>

namespace netrig::report {
namespace {

constexpr int kSweeps = 8;
constexpr std::size_t kWithin = 3;   // crossings that a wire within a layer is as bad as, for each box it passes
constexpr std::size_t kSmall = 250;  // boxes that are worth exchanging one by one

/// Boxes in the order of their distance from those that `order` begins with, which is kept in `distance` (kNone: not
/// seen yet).
std::vector<std::size_t> breadth_first(const Neighbours& neighbours, std::vector<std::size_t> order,
                                       std::unordered_map<std::size_t, std::size_t>& distance) {
  for (const std::size_t root : order) distance.emplace(root, 0);
  for (std::size_t i = 0; i < order.size(); ++i)
    for (const auto& next : neighbours.of[order[i]])
      if (distance.emplace(next.box, distance.at(order[i]) + 1).second) order.push_back(next.box);
  return order;
}

/// Sum over i < j of what is smaller in `values[j]`: inversions, by a Fenwick tree.
std::size_t inversions(const std::vector<std::size_t>& values, std::size_t limit) {
  std::vector<std::size_t> tree(limit + 1);
  std::size_t seen = 0;
  std::size_t sum = 0;
  for (const std::size_t value : values) {
    std::size_t not_greater = 0;
    for (std::size_t i = value + 1; i > 0; i &= i - 1) not_greater += tree[i];
    sum += seen++ - not_greater;
    for (std::size_t i = value + 1; i <= limit; i += i & (~i + 1)) ++tree[i];
  }
  return sum;
}

class Ordering {
 public:
  Ordering(const Neighbours& neighbours, Layering layering) : neighbours_(neighbours), now_(std::move(layering)) {
    for (std::size_t i = 0; i < now_.layers.size(); ++i)
      for (const std::size_t box : now_.layers[i]) layer_[box] = i;
    for (std::size_t i = 0; i < now_.layers.size(); ++i) number(i);
  }

  Layering best() {
    now_.crossings = cost();
    Layering best = now_;
    for (int i = 0; i < kSweeps && best.crossings > 0; ++i) {
      const auto count = now_.layers.size();
      for (std::size_t k = 0; k < count; ++k) arrange(i % 2 == 0 ? k : count - 1 - k, i % 2 == 0);
      if (layer_.size() <= kSmall)
        for (std::size_t k = 0; k < count; ++k) exchange(k);
      now_.crossings = cost();
      if (now_.crossings < best.crossings) best = now_;
    }
    return best;
  }

 private:
  void number(std::size_t layer) {
    for (std::size_t i = 0; i < now_.layers[layer].size(); ++i) rank_[now_.layers[layer][i]] = i;
  }

  /// Orders a layer by the mean place of each box's neighbours in the layer before (or after) it.
  void arrange(std::size_t layer, bool forward) {
    std::unordered_map<std::size_t, double> means;
    for (const std::size_t box : now_.layers[layer]) {
      double sum = 0;
      double count = 0;
      for (const auto& next : neighbours_.of[box]) {
        if (forward ? layer_.at(next.box) + 1 != layer : layer_.at(next.box) != layer + 1) continue;
        const auto size = static_cast<double>(now_.layers[layer_.at(next.box)].size());
        sum += (static_cast<double>(rank_.at(next.box)) + 0.5) / size;
        ++count;
      }
      const auto size = static_cast<double>(now_.layers[layer].size());
      means[box] = count > 0 ? sum / count : (static_cast<double>(rank_.at(box)) + 0.5) / size;
    }
    std::stable_sort(now_.layers[layer].begin(), now_.layers[layer].end(),
                     [&](std::size_t a, std::size_t b) { return means.at(a) < means.at(b); });
    number(layer);
  }

  /// What wires of two boxes that lie next to each other cost, in this order.
  [[nodiscard]] std::size_t cost_of(std::size_t first, std::size_t second) const {
    std::size_t crossings = 0;
    for (const auto& a : neighbours_.of[first])
      for (const auto& b : neighbours_.of[second])
        if (layer_.at(a.box) == layer_.at(b.box) && layer_.at(a.box) != layer_.at(first) &&
            rank_.at(a.box) > rank_.at(b.box))
          ++crossings;
    for (const std::size_t box : {first, second})
      for (const auto& next : neighbours_.of[box])
        if (layer_.at(next.box) == layer_.at(box)) crossings += kWithin * apart(box, next.box);
    return crossings;
  }

  [[nodiscard]] std::size_t apart(std::size_t a, std::size_t b) const {
    const std::size_t one = rank_.at(a);
    const std::size_t other = rank_.at(b);
    return one > other ? one - other : other - one;
  }

  void exchange(std::size_t layer) {
    auto& boxes = now_.layers[layer];
    for (std::size_t i = 0; i + 1 < boxes.size(); ++i) {
      const std::size_t before = cost_of(boxes[i], boxes[i + 1]);
      if (before == 0) continue;
      const auto swap = [&] {
        std::swap(boxes[i], boxes[i + 1]);
        std::swap(rank_.at(boxes[i]), rank_.at(boxes[i + 1]));
      };
      swap();
      if (cost_of(boxes[i], boxes[i + 1]) >= before) swap();
    }
  }

  [[nodiscard]] std::size_t cost() const {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < now_.layers.size(); ++i) {
      std::vector<std::size_t> targets;
      for (const std::size_t box : now_.layers[i]) {
        const std::size_t begin = targets.size();
        for (const auto& next : neighbours_.of[box]) {
          if (layer_.at(next.box) == i + 1) targets.push_back(rank_.at(next.box));
          if (layer_.at(next.box) == i && next.box > box) sum += kWithin * apart(box, next.box);
        }
        std::sort(targets.begin() + static_cast<std::ptrdiff_t>(begin), targets.end());
      }
      if (i + 1 < now_.layers.size()) sum += inversions(targets, now_.layers[i + 1].size());
    }
    return sum;
  }

  const Neighbours& neighbours_;
  Layering now_;
  std::unordered_map<std::size_t, std::size_t> layer_;
  std::unordered_map<std::size_t, std::size_t> rank_;
};

/// Boxes of a component that lie before the root, what hangs together kept together: those that do not sit on it if
/// there are others, else about half.
std::vector<std::size_t> before_root(const Neighbours& neighbours, const std::vector<std::size_t>& component,
                                     std::size_t root) {
  std::unordered_map<std::size_t, bool> sits;
  for (const auto& next : neighbours.of[root]) sits[next.box] = next.reference;
  std::unordered_map<std::size_t, std::size_t> seen = {{root, 0}};
  std::vector<std::size_t> half;
  std::vector<std::size_t> joined;
  std::size_t sum = 0;
  for (const std::size_t box : component) {
    if (seen.contains(box)) continue;
    const auto part = breadth_first(neighbours, {box}, seen);
    if (2 * sum + part.size() < component.size()) half.insert(half.end(), part.begin(), part.end());
    const bool reference = std::any_of(part.begin(), part.end(), [&](std::size_t one) {
      const auto found = sits.find(one);
      return found != sits.end() && found->second;
    });
    if (!reference) joined.insert(joined.end(), part.begin(), part.end());
    sum += part.size();
  }
  return joined.empty() || joined.size() + 1 == component.size() ? half : joined;
}

using Boxes = std::vector<std::size_t>;

/// Boxes worth beginning with: in the middle, at an end, with the most neighbours.
Boxes roots_of(const Neighbours& neighbours, const Boxes& component) {
  const auto farthest = [&](std::size_t from) {
    std::unordered_map<std::size_t, std::size_t> distance;
    return breadth_first(neighbours, {from}, distance).back();
  };
  const std::size_t one = farthest(component.front());
  const std::size_t other = farthest(one);
  std::unordered_map<std::size_t, std::size_t> distance;
  breadth_first(neighbours, {std::min(one, other)}, distance);
  std::size_t middle = std::max(one, other);
  const std::size_t half = distance.at(middle) / 2;
  while (distance.at(middle) > half)
    middle = std::find_if(neighbours.of[middle].begin(), neighbours.of[middle].end(), [&](const auto& next) {
               return distance.at(next.box) + 1 == distance.at(middle);
             })->box;
  const std::size_t most = *std::max_element(component.begin(), component.end(), [&](std::size_t a, std::size_t b) {
    return neighbours.of[a].size() < neighbours.of[b].size();
  });
  Boxes roots = {middle};
  for (const std::size_t root : {std::min(one, other), most})
    if (std::find(roots.begin(), roots.end(), root) == roots.end()) roots.push_back(root);
  return roots;
}

/// `before`: boxes that lie on the other side of the root.
Layering layers_from(const Neighbours& neighbours, std::size_t root, const Boxes& before) {
  std::unordered_map<std::size_t, std::size_t> distance;
  const Boxes order = breadth_first(neighbours, {root}, distance);
  const std::unordered_set<std::size_t> is_before(before.begin(), before.end());
  std::size_t deepest = 0;
  for (const std::size_t box : before) deepest = std::max(deepest, distance.at(box));
  Layering layering{.root_layer = deepest, .crossings = 0};
  for (const std::size_t box : order) {
    const std::size_t layer = is_before.contains(box) ? deepest - distance.at(box) : deepest + distance.at(box);
    if (layering.layers.size() <= layer) layering.layers.resize(layer + 1);
    layering.layers[layer].push_back(box);
  }
  return Ordering(neighbours, std::move(layering)).best();
}

/// By the distance from the nearest box that hangs on one other, farthest first: spines above leaves above hosts. Empty
/// if there are no such boxes, or nothing else.
Layering layers_to_leaves(const Neighbours& neighbours, const Boxes& component) {
  Boxes leaves;
  for (const std::size_t box : component)
    if (neighbours.of[box].size() == 1) leaves.push_back(box);
  if (leaves.size() < 2 || leaves.size() == component.size()) return {};
  std::unordered_map<std::size_t, std::size_t> distance;
  const Boxes order = breadth_first(neighbours, leaves, distance);
  Layering layering{.layers = std::vector<Boxes>(distance.at(order.back()) + 1), .root_layer = 0, .crossings = 0};
  for (const std::size_t box : component) layering.layers[layering.layers.size() - 1 - distance.at(box)].push_back(box);
  return Ordering(neighbours, std::move(layering)).best();
}

}  // namespace

Neighbours neighbours_of(const Picture& picture) {
  Neighbours result{.of = std::vector<std::vector<Neighbours::One>>(picture.boxes.size())};
  std::vector<std::map<std::size_t, bool>> references(picture.boxes.size());
  for (const Picture::Wire& wire : picture.wires) {
    if (wire.from.box == wire.to.box) continue;
    for (const auto& [from, to] : {std::pair(wire.from.box, wire.to.box), std::pair(wire.to.box, wire.from.box)}) {
      const auto [found, added] = references[from].emplace(to, wire.reference);
      if (!added) found->second = found->second && wire.reference;
    }
  }
  for (std::size_t i = 0; i < references.size(); ++i)
    for (const auto& [box, reference] : references[i]) result.of[i].push_back({.box = box, .reference = reference});
  return result;
}

std::vector<std::vector<std::size_t>> components_of(const Neighbours& neighbours) {
  std::vector<std::vector<std::size_t>> components;
  std::unordered_map<std::size_t, std::size_t> seen;
  for (std::size_t i = 0; i < neighbours.of.size(); ++i) {
    if (seen.contains(i)) continue;
    components.push_back(breadth_first(neighbours, {i}, seen));
    std::sort(components.back().begin(), components.back().end());
  }
  return components;
}

std::vector<Layering> layerings_of(const Neighbours& neighbours, const std::vector<std::size_t>& component, bool few) {
  std::vector<Layering> all;
  for (const std::size_t root : roots_of(neighbours, component)) {
    all.push_back(layers_from(neighbours, root, {}));
    if (few) return all;
    const Boxes before = before_root(neighbours, component, root);
    if (!before.empty()) all.push_back(layers_from(neighbours, root, before));
  }
  Layering leaves = layers_to_leaves(neighbours, component);
  if (!leaves.layers.empty()) all.push_back(std::move(leaves));
  return all;
}

}  // namespace netrig::report
