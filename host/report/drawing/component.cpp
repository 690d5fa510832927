// SPDX-License-Identifier: Apache-2.0
#include "report/drawing/component.hpp"

#include <algorithm>
#include <cmath>

namespace netrig::report {
namespace {

constexpr double kApart = 22;      // boxes of a layer
constexpr double kNarrowGap = 56;  // between layers
constexpr double kWideGap = 240;
constexpr double kLoop = 26;  // how far a wire within a layer goes out of it
constexpr double kLoopStep = 13;
constexpr double kLoopLimit = 150;
constexpr double kRowGap = 64;
constexpr double kTurnLimit = 140;  // how far wires between rows go out
constexpr int kSweeps = 12;

/// Along the layers, and across them.
struct Spot {
  double along = 0;
  double across = 0;
};

class Placement {
 public:
  Placement(const Picture& picture, const std::vector<std::vector<std::size_t>>& wires_of, const Layering& layering,
            Direction direction, std::size_t rows)
      : picture_(picture),
        wires_of_(wires_of),
        layering_(layering),
        direction_(direction),
        row_((layering.layers.size() + rows - 1) / rows) {
    for (std::size_t i = 0; i < layering.layers.size(); ++i)
      for (std::size_t k = 0; k < layering.layers[i].size(); ++k)
        items_[layering.layers[i][k]] = {.layer = i, .rank = k};
    for (auto& [box, item] : items_) find_ports(box, item);
    for (auto& [box, item] : items_)
      item.form = form_of(picture_, picture_.boxes[box], item.back, item.front, direction_);
    lay_across();
    lay_along();
    if (rows > 1) fold();
  }

  Placed take() {
    Placed placed;
    for (auto& [box, item] : items_) {
      const Point at = real(item.spot);
      for (const std::size_t wire : wires_of_[box])
        if (picture_.wires[wire].from.box == box) placed.curves.insert_or_assign(wire, curve_of(wire));
      placed.boxes[box] = {.rect = {at, item.form.width, item.form.height}, .form = std::move(item.form)};
    }
    settle(placed);
    return placed;
  }

 private:
  struct Item {
    std::size_t layer = 0;
    std::size_t rank = 0;
    std::vector<Port> back = {};
    std::vector<Port> front = {};
    BoxForm form = {};
    Spot spot = {};  ///< of the corner
  };
  enum class Way { back, front };

  [[nodiscard]] Point real(Spot spot) const {
    return direction_ == Direction::right ? Point{spot.along, spot.across} : Point{spot.across, spot.along};
  }
  [[nodiscard]] Spot spot_of(Point point) const {
    return direction_ == Direction::right ? Spot{point.x, point.y} : Spot{point.y, point.x};
  }
  [[nodiscard]] double depth(const Item& item) const {
    return direction_ == Direction::right ? item.form.width : item.form.height;
  }
  [[nodiscard]] double length(const Item& item) const {
    return direction_ == Direction::right ? item.form.height : item.form.width;
  }

  /// Wires within a layer run on the side of the root, where a box has few others; loops where there are fewest.
  [[nodiscard]] Way way(const Item& from, const Item& to) const {
    if (to.layer != from.layer) return to.layer > from.layer ? Way::front : Way::back;
    return from.layer >= layering_.root_layer ? Way::back : Way::front;
  }

  [[nodiscard]] Way loop_way(std::size_t box, const Item& item) const {
    int front = 0;
    for (const std::size_t wire : wires_of_[box]) {
      const std::size_t other = other_of(wire, box);
      if (other != box) front += way(item, items_.at(other)) == Way::front ? 1 : -1;
    }
    return front > 0 ? Way::back : Way::front;
  }

  [[nodiscard]] std::size_t other_of(std::size_t wire, std::size_t box) const {
    const Picture::Wire& one = picture_.wires[wire];
    return one.from.box == box ? one.to.box : one.from.box;
  }

  /// Where on its side a wire should leave. Wires within the layer are outermost, the one to the nearest box last, so
  /// that they lie within each other.
  [[nodiscard]] double order_of(const Item& item, std::size_t wire, const Item& other) const {
    const auto serial = static_cast<double>(wire) / static_cast<double>(picture_.wires.size());
    if (other.layer != item.layer) return static_cast<double>(other.rank) + 1 + serial / 2;
    const auto far = static_cast<double>(other.rank > item.rank ? other.rank - item.rank : item.rank - other.rank);
    if (other.rank < item.rank) return -1e9 + far - serial;
    return 1e9 - far + serial;
  }

  void find_ports(std::size_t box, Item& item) {
    std::unordered_map<std::size_t, std::size_t> known;
    const auto add = [&](Way side, std::size_t end, std::size_t wire, double order) {
      auto& ports = side == Way::front ? item.front : item.back;
      // A device's node has a port for each wire; an interface one on each side.
      if (end == kNone || known.emplace(2 * end + (side == Way::front ? 1 : 0), ports.size()).second) {
        ports.push_back({.end = end, .wires = {wire}, .order = order});
        return;
      }
      Port& port = ports[known.at(2 * end + (side == Way::front ? 1 : 0))];
      const auto count = static_cast<double>(port.wires.size());
      port.order = (port.order * count + order) / (count + 1);
      port.wires.push_back(wire);
    };
    const Way loops = loop_way(box, item);
    for (const std::size_t wire : wires_of_[box]) {
      const Picture::Wire& one = picture_.wires[wire];
      if (one.from.box == one.to.box) {
        const double order = 2e9 + static_cast<double>(wire);
        loops_.emplace(wire, loops);
        add(loops, one.from.end, wire, order);
        if (one.to.end != one.from.end) add(loops, one.to.end, wire, order);
        continue;
      }
      const Item& other = items_.at(other_of(wire, box));
      add(way(item, other), one.from.box == box ? one.from.end : one.to.end, wire, order_of(item, wire, other));
    }
    for (auto* side : {&item.back, &item.front})
      std::stable_sort(side->begin(), side->end(), [](const Port& a, const Port& b) { return a.order < b.order; });
    number_ports(box, item);
  }

  void number_ports(std::size_t box, const Item& item) {
    for (const auto* side : {&item.back, &item.front})
      for (std::size_t i = 0; i < side->size(); ++i)
        for (const std::size_t wire : (*side)[i].wires) {
          const Picture::Wire& one = picture_.wires[wire];
          if (one.from.box == box && one.from.end == (*side)[i].end) slots_[2 * wire] = i;
          if (one.to.box == box && one.to.end == (*side)[i].end) slots_[2 * wire + 1] = i;
        }
  }

  enum class Half { from, to };
  [[nodiscard]] const Port& port_of(const Item& item, Way side, std::size_t wire, Half half) const {
    return (side == Way::front ? item.front : item.back)[slots_.at(2 * wire + (half == Half::from ? 0 : 1))];
  }

  /// Boxes of a layer at the places they want, as near as their order and size allow: isotonic regression, by pooling
  /// neighbours that are in each other's way.
  void spread(const std::vector<std::size_t>& boxes, const std::vector<double>& wanted) {
    struct Pool {
      double sum = 0;
      std::size_t count = 0;
      [[nodiscard]] double mean() const { return sum / static_cast<double>(count); }
    };
    std::vector<Pool> pools;
    std::vector<double> offsets;
    double offset = 0;
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      offsets.push_back(offset);
      offset += length(items_.at(boxes[i])) + kApart;
      pools.push_back({wanted[i] - offsets[i], 1});
      while (pools.size() > 1 && pools[pools.size() - 2].mean() > pools.back().mean()) {
        const Pool last = pools.back();
        pools.pop_back();
        pools.back().sum += last.sum;
        pools.back().count += last.count;
      }
    }
    std::size_t i = 0;
    for (const Pool& pool : pools)
      for (std::size_t k = 0; k < pool.count; ++k, ++i) items_.at(boxes[i]).spot.across = pool.mean() + offsets[i];
  }

  /// Where a box would have its wires straight.
  [[nodiscard]] double wanted(std::size_t box, const Item& item, bool before, bool after) const {
    double sum = 0;
    double count = 0;
    for (const std::size_t wire : wires_of_[box]) {
      const Picture::Wire& one = picture_.wires[wire];
      const std::size_t other_box = other_of(wire, box);
      const Item& other = items_.at(other_box);
      if (other.layer == item.layer || (other.layer < item.layer ? !before : !after)) continue;
      const bool forth = one.from.box == box;
      const Port& here = port_of(item, way(item, other), wire, forth ? Half::from : Half::to);
      const Port& there = port_of(other, way(other, item), wire, forth ? Half::to : Half::from);
      sum += other.spot.across + spot_of(there.at).across - spot_of(here.at).across;
      ++count;
    }
    return count > 0 ? sum / count : item.spot.across;
  }

  void lay_across() {
    for (const auto& layer : layering_.layers) spread(layer, std::vector<double>(layer.size()));
    const std::size_t count = layering_.layers.size();
    for (int sweep = 0; sweep < kSweeps; ++sweep)
      for (std::size_t k = 0; k < count; ++k) {
        const auto& layer = layering_.layers[sweep % 2 == 0 ? k : count - 1 - k];
        // At first what is fixed already decides, at last both sides.
        const bool both = sweep + 4 >= kSweeps;
        std::vector<double> places;
        for (const std::size_t box : layer)
          places.push_back(wanted(box, items_.at(box), both || sweep % 2 == 0, both || sweep % 2 == 1));
        spread(layer, places);
      }
  }

  void lay_along() {
    const std::size_t count = layering_.layers.size();
    std::vector<double> rises(count);
    std::vector<double> loops(count + 1);  // before each layer, and behind the last
    for (const auto& [box, item] : items_)
      for (const std::size_t wire : wires_of_[box]) {
        const Item& other = items_.at(other_of(wire, box));
        if (other.layer == item.layer + 1)
          rises[other.layer] = std::max(rises[other.layer], std::abs(other.spot.across - item.spot.across));
        if (other.layer == item.layer) {
          const bool front = side_within(wire, item) == Way::front;
          double& room = loops[item.layer + (front ? 1 : 0)];
          room = std::max(room, bulge_of(item, other));
        }
      }
    double along = loops[0];
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) along += std::max(std::clamp(kNarrowGap + 0.14 * rises[i], kNarrowGap, kWideGap), loops[i] + 30);
      double thick = 0;
      for (const std::size_t box : layering_.layers[i]) thick = std::max(thick, depth(items_.at(box)));
      for (const std::size_t box : layering_.layers[i]) {
        Item& item = items_.at(box);
        item.spot.along = along + (thick - depth(item)) / 2;
      }
      borders_.push_back({along, along + thick});
      along += thick;
    }
  }

  [[nodiscard]] Way side_within(std::size_t wire, const Item& item) const {
    const auto loop = loops_.find(wire);
    return loop != loops_.end() ? loop->second : way(item, item);
  }

  [[nodiscard]] static double bulge_of(const Item& a, const Item& b) {
    const auto far = static_cast<double>(a.rank > b.rank ? a.rank - b.rank : b.rank - a.rank);
    return std::min(kLoop + kLoopStep * far, kLoopLimit);
  }

  [[nodiscard]] Layout::Curve curve_of(std::size_t number) const {
    const Picture::Wire& wire = picture_.wires[number];
    const Item& from = items_.at(wire.from.box);
    const Item& to = items_.at(wire.to.box);
    const bool within = from.layer == to.layer;
    const Way leave = within ? side_within(number, from) : way(from, to);
    const Way arrive = within ? leave : way(to, from);
    const auto end_of = [&](const Item& item, Way side, Half half) {
      const Spot port = spot_of(port_of(item, side, number, half).at);
      return Spot{item.spot.along + port.along, item.spot.across + port.across};
    };
    const auto border = [&](const Item& item, Way side, Spot spot) {
      const auto& [first, second] = borders_[item.layer];
      return Spot{outward(item, side) > 0 ? second : first, spot.across};
    };
    const Spot begin = end_of(from, leave, Half::from);
    Spot end = end_of(to, arrive, Half::to);
    if (wire.from.box == wire.to.box && wire.from.end == wire.to.end) end.across += 10;
    const Spot out = border(from, leave, begin);
    const Spot in = border(to, arrive, end);
    Spot control1 = {(out.along + in.along) / 2, out.across};
    Spot control2 = {control1.along, in.across};
    if (within) {
      // A cubic curve reaches three quarters of the way to its control points.
      control1.along = control2.along = out.along + outward(from, leave) * bulge_of(from, to) / 0.75;
    } else if (turned(from) != turned(to)) {
      const double reach = std::min(kLoop + 0.15 * std::abs(in.across - out.across), kTurnLimit);
      control1.along = control2.along = out.along + outward(from, leave) * reach / 0.75;
    }
    return {.begin = real(begin),
            .from = real(out),
            .control1 = real(control1),
            .control2 = real(control2),
            .to = real(in),
            .end = real(end),
            .has_ports = true};
  }

  [[nodiscard]] bool turned(const Item& item) const { return item.layer / row_ % 2 == 1; }
  [[nodiscard]] double outward(const Item& item, Way side) const {
    return (side == Way::front) != turned(item) ? 1 : -1;
  }

  /// Rows one below the other, each beginning where the one before ends. A row to the left is turned by half a circle,
  /// so that its wires cross no more than before.
  void fold() {
    const std::size_t count = layering_.layers.size();
    double edge = 0;  // where the row begins
    double top = 0;
    for (std::size_t begin = 0; begin < count; begin += row_) {
      const std::size_t end = std::min(begin + row_, count);
      const bool turn = begin / row_ % 2 == 1;
      const double first = borders_[begin].first;
      const double last = borders_[end - 1].second;
      double low = 1e300;
      double high = -1e300;
      for (std::size_t i = begin; i < end; ++i)
        for (const std::size_t box : layering_.layers[i]) {
          const Item& item = items_.at(box);
          low = std::min(low, item.spot.across);
          high = std::max(high, item.spot.across + length(item));
        }
      const auto along = [&](double at) { return turn ? edge - (at - first) : edge + (at - first); };
      for (std::size_t i = begin; i < end; ++i) {
        for (const std::size_t box : layering_.layers[i]) {
          Item& item = items_.at(box);
          const Spot spot = item.spot;
          item.spot = {along(turn ? spot.along + depth(item) : spot.along),
                       top + (turn ? high - spot.across - length(item) : spot.across - low)};
          if (turn) turn_around(box, item);
        }
        borders_[i] = std::minmax({along(borders_[i].first), along(borders_[i].second)});
      }
      edge = along(last);
      top += high - low + kRowGap;
    }
  }

  void turn_around(std::size_t box, Item& item) {
    for (auto* side : {&item.back, &item.front}) std::reverse(side->begin(), side->end());
    number_ports(box, item);
    item.form = form_of(picture_, picture_.boxes[box], item.front, item.back, direction_);
  }

  const Picture& picture_;
  const std::vector<std::vector<std::size_t>>& wires_of_;
  const Layering& layering_;
  Direction direction_;
  std::unordered_map<std::size_t, Item> items_;
  std::unordered_map<std::size_t, Way> loops_;
  std::unordered_map<std::size_t, std::size_t> slots_;  ///< port of each half of a wire, on its side
  std::vector<std::pair<double, double>> borders_;      ///< of the layers
  std::size_t row_;                                     ///< layers in a row
};

}  // namespace

void settle(Placed& placed) {
  Point low = {1e300, 1e300};
  Point high = {-1e300, -1e300};
  const auto cover = [&](Point point) {
    low = {std::min(low.x, point.x), std::min(low.y, point.y)};
    high = {std::max(high.x, point.x), std::max(high.y, point.y)};
  };
  for (const auto& [box, one] : placed.boxes) {
    cover(one.rect.at);
    cover(one.rect.at + Point{one.rect.width, one.rect.height});
  }
  for (const auto& [wire, curve] : placed.curves) {
    for (const double t : {0.25, 0.5, 0.75}) cover(curve.at(t));
    placed.length += std::hypot(curve.end.x - curve.begin.x, curve.end.y - curve.begin.y);
  }
  const Point back = {-low.x, -low.y};
  for (auto& [box, one] : placed.boxes) one.rect.at = one.rect.at + back;
  for (auto& [wire, curve] : placed.curves)
    for (Point* point : {&curve.begin, &curve.from, &curve.control1, &curve.control2, &curve.to, &curve.end})
      *point = *point + back;
  placed.width = high.x - low.x;
  placed.height = high.y - low.y;
}

Placed place(const Picture& picture, const std::vector<std::vector<std::size_t>>& wires_of, const Layering& layering,
             Direction direction, std::size_t rows) {
  return Placement(picture, wires_of, layering, direction, rows).take();
}

}  // namespace netrig::report
