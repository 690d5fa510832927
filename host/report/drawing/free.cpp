// SPDX-License-Identifier: Apache-2.0
#include "report/drawing/free.hpp"

#include <fmt/format.h>

#include <array>
#include <map>

#include "report/drawing/crowd.hpp"
#include "report/table.hpp"

namespace netrig::report {
namespace {

constexpr std::size_t kNamedOfBox = 8;    // interfaces that are named in a box; with more it tells their number
constexpr std::size_t kNamedOfAll = 240;  // and in all, for names make boxes large and a drawing larger
constexpr std::size_t kInRow = 3;         // on the upper and the lower side, where names make a box wide
constexpr double kStep = 6;               // between points of a wire where it must not meet a box
constexpr double kLoop = 30;
constexpr double kParallel = 16;
constexpr double kBeside = 34;
constexpr std::size_t kMostLooked = 20'000;  // wires; of more nobody sees whether one meets a box
constexpr double kSlant = 0.25;              // cosine between a straight wire and the way its port looks, at least
constexpr double kMostBow = 240;             // what goes farther out of its way is not followed by anybody

/// One end of a wire: at a port that looks to one side, or wherever the wire meets the border.
struct Tip {
  Point at;
  Point out;  ///< 0,0: wherever
  const Rect* box = nullptr;
  double round = 0;  ///< corners of the box
  [[nodiscard]] Point towards(Point other) const { return length(out) > 0 ? at : border_of(*box, other, round); }
};

class Free {
 public:
  Free(const Picture& picture, const std::vector<std::vector<std::size_t>>& wires_of,
       const std::vector<std::size_t>& component, const Arrangement& arrangement)
      : picture_(picture), wires_of_(wires_of), component_(component), leave_(arrangement.leave) {
    choose_names();
    Sizes sizes;
    for (const std::size_t box : component_) sizes[box] = about(box);
    centres_ = arrangement.places(sizes);
    if (centres_.empty()) return;
    for (const std::size_t box : component_) {
      find_ports(box);
      sizes[box] = shape(box);
    }
    centres_ = arrangement.places(sizes);
    for (const std::size_t box : component_) {
      sort_ports(box);
      sizes[box] = shape(box);
    }
  }

  std::optional<Placed> take() {
    if (centres_.empty()) return std::nullopt;
    Placed placed;
    for (const std::size_t box : component_) {
      const BoxForm& form = forms_.at(box);
      const Rect rect = {centres_.at(box) - Point{form.width / 2, form.height / 2}, form.width, form.height};
      // Of a box with round corners what lies within them.
      const double inset = 1 + (picture_.boxes[box].kind.empty() ? 0 : 0.3 * round_of(rect));
      taken_.add({rect.at + Point{inset, inset}, rect.width - 2 * inset, rect.height - 2 * inset});
      rects_[box] = rect;
    }
    number_ports();
    for (const std::size_t box : component_)
      for (const std::size_t wire : wires_of_[box])
        if (picture_.wires[wire].from.box == box) {
          Layout::Curve& curve = placed.curves[wire];
          curve = curve_of(wire);
          curve.has_ports = tips_.contains(2 * wire) || tips_.contains(2 * wire + 1);
        }
    for (const std::size_t box : component_) placed.boxes[box] = {.rect = rects_.at(box), .form = forms_.at(box)};
    settle(placed);
    return placed;
  }

 private:
  void choose_names() {
    std::size_t all = 0;
    std::map<std::size_t, std::size_t> of_box;
    for (const std::size_t box : component_)
      for (const std::size_t end : picture_.boxes[box].ends)
        if (!picture_.ends[end].node) {
          ++all;
          ++of_box[box];
        }
    named_ = all <= kNamedOfAll;
    for (const auto& [box, count] : of_box) named_ = named_ && count <= kNamedOfBox;
  }

  /// Whether wires have ports at a box; else they meet its border on their straight way.
  [[nodiscard]] bool has_ports(std::size_t box) const { return named_ && picture_.boxes[box].kind.empty(); }

  [[nodiscard]] Size about(std::size_t box) {
    Sides sides;
    if (has_ports(box)) {
      std::size_t count = 0;
      for (const std::size_t wire : wires_of_[box]) {
        const Picture::Wire& one = picture_.wires[wire];
        const std::size_t end = one.from.box == box ? one.from.end : one.to.end;
        (++count % 2 == 0 ? sides.left : sides.right).push_back({.end = end, .wires = {wire}});
      }
    }
    const BoxForm form = form_of(picture_, picture_.boxes[box], sides, note_of(box));
    return {form.width, form.height};
  }

  [[nodiscard]] std::string note_of(std::size_t box) const {
    if (named_ || !picture_.boxes[box].kind.empty()) return {};
    std::size_t count = 0;
    for (const std::size_t end : picture_.boxes[box].ends) count += picture_.ends[end].node ? 0 : 1;
    return count > 0 ? counted(count, "interface") : std::string();
  }

  [[nodiscard]] Point way(std::size_t from, std::size_t to) const { return centres_.at(to) - centres_.at(from); }
  [[nodiscard]] std::size_t other_of(std::size_t wire, std::size_t box) const {
    const Picture::Wire& one = picture_.wires[wire];
    return one.from.box == box ? one.to.box : one.from.box;
  }

  enum Side : std::size_t { kLeft, kRight, kTop, kBottom };
  static constexpr std::array<Point, 4> kOut = {Point{-1, 0}, Point{1, 0}, Point{0, -1}, Point{0, 1}};
  static std::vector<Port>& ports_on(Sides& sides, Side side) {
    return side == kLeft ? sides.left : side == kRight ? sides.right : side == kTop ? sides.top : sides.bottom;
  }

  /// Where a wire leaves: towards the other box; of several that would make a side too wide, those that lead away least
  /// go to the left and to the right.
  void find_ports(std::size_t box) {
    if (!has_ports(box)) return;
    struct Leaving {
      std::size_t wire;
      Point way;
      Side side;
    };
    std::vector<Leaving> all;
    const bool pills = std::any_of(picture_.boxes[box].ends.begin(), picture_.boxes[box].ends.end(),
                                   [&](std::size_t end) { return picture_.ends[end].node; });
    for (const std::size_t wire : wires_of_[box]) {
      const std::size_t other = other_of(wire, box);
      if (other == box) {
        all.push_back({wire, {1, 0}, kRight});
        continue;
      }
      const Point to = way(box, other);
      if (const auto out = leave_ ? leave_(box, other) : std::nullopt) {
        all.push_back({wire, to, out->x > 0 ? kRight : kBottom});
        continue;
      }
      const bool level = std::abs(to.x) > 1.02 * std::abs(to.y) || (pills && to.y < 0);
      all.push_back({wire, to, level ? (to.x < 0 ? kLeft : kRight) : to.y < 0 ? kTop : kBottom});
    }
    for (const Side side : {kTop, kBottom})
      while (static_cast<std::size_t>(std::count_if(all.begin(), all.end(),
                                                    [&](const Leaving& one) { return one.side == side; })) > kInRow) {
        const auto slant = [&](const Leaving& one) {
          return one.side == side ? std::abs(one.way.x) / (std::abs(one.way.y) + 1) : -1.0;
        };
        const auto most = std::max_element(all.begin(), all.end(),
                                           [&](const Leaving& a, const Leaving& b) { return slant(a) < slant(b); });
        most->side = most->way.x < 0 ? kLeft : kRight;
      }
    Sides& sides = sides_[box];
    for (const Leaving& one : all) {
      const Picture::Wire& wire = picture_.wires[one.wire];
      const auto add = [&](std::size_t end) {
        std::vector<Port>& ports = ports_on(sides, one.side);
        const auto found = std::find_if(ports.begin(), ports.end(), [&](const Port& port) { return port.end == end; });
        if (found == ports.end())
          ports.push_back({.end = end, .wires = {one.wire}});
        else if (found->wires.back() != one.wire)
          found->wires.push_back(one.wire);
      };
      if (wire.from.box == box) add(wire.from.end);
      if (wire.to.box == box) add(wire.to.end);
    }
    sort_ports(box);
  }

  /// Along each side in the order of where wires lead, so that they cross no more than they must.
  void sort_ports(std::size_t box) {
    const auto found = sides_.find(box);
    if (found == sides_.end()) return;
    for (const Side side : {kLeft, kRight, kTop, kBottom}) {
      std::vector<Port>& ports = ports_on(found->second, side);
      for (Port& port : ports) {
        port.order = 0;
        for (const std::size_t wire : port.wires) {
          const std::size_t other = other_of(wire, box);
          const Point to = other == box ? Point{1, 1e6} : way(box, other);
          const double forward = product(to, kOut.at(side));
          const double beside = side == kLeft || side == kRight ? to.y : to.x;
          port.order += (std::atan2(beside, forward) +
                         1e-6 * static_cast<double>(wire) / static_cast<double>(picture_.wires.size())) /
                        static_cast<double>(port.wires.size());
        }
      }
      std::stable_sort(ports.begin(), ports.end(), [](const Port& a, const Port& b) { return a.order < b.order; });
    }
  }

  Size shape(std::size_t box) {
    BoxForm& form = forms_[box];
    form = form_of(picture_, picture_.boxes[box], sides_[box], note_of(box));
    return {form.width, form.height};
  }

  void number_ports() {
    for (auto& [box, sides] : sides_)
      for (const Side side : {kLeft, kRight, kTop, kBottom})
        for (const Port& port : ports_on(sides, side))
          for (const std::size_t wire : port.wires) {
            const Picture::Wire& one = picture_.wires[wire];
            const Tip tip = {
                .at = rects_.at(box).at + port.at, .out = kOut.at(side), .box = &rects_.at(box), .round = 0};
            if (one.from.box == box && one.from.end == port.end) tips_[2 * wire] = tip;
            if (one.to.box == box && one.to.end == port.end) tips_[2 * wire + 1] = tip;
          }
  }

  [[nodiscard]] Tip tip_of(std::size_t wire, const Picture::Side& side, std::size_t half) const {
    const auto found = tips_.find(2 * wire + half);
    if (found != tips_.end()) return found->second;
    const Rect& rect = rects_.at(side.box);
    return {.at = rect.centre(),
            .out = {},
            .box = &rect,
            .round = picture_.boxes[side.box].kind.empty() ? 6 : round_of(rect)};
  }

  static Layout::Curve bezier(Point from, Point control1, Point control2, Point to) {
    return {.begin = from,
            .from = from,
            .control1 = control1,
            .control2 = control2,
            .to = to,
            .end = to,
            .has_ports = true};
  }

  /// Bowed by so much to its left.
  static Layout::Curve bowed(const Tip& from, const Tip& to, double bow) {
    const double distance = std::max(length(to.at - from.at), 1.0);
    const Point beside = {(to.at.y - from.at.y) / distance * bow, (from.at.x - to.at.x) / distance * bow};
    const Point middle = along(from.at, to.at, 0.5) + beside;
    const Point begin = from.towards(middle);
    const Point end = to.towards(middle);
    // Where both look to one side, as far as there is room between rows and columns.
    const double reach =
        product(from.out, to.out) > 0.5 ? kBeside / 0.75 : std::clamp(0.38 * length(end - begin), 16.0, 130.0);
    const auto control = [&](Point at, const Tip& tip) {
      return length(tip.out) > 0 ? at + reach * tip.out + 0.9 * beside : along(at, middle, 0.66);
    };
    return bezier(begin, control(begin, from), control(end, to), end);
  }

  /// The straight way, if it leaves both ports about as they look; else nothing.
  static std::optional<Layout::Curve> straight(const Tip& from, const Tip& to) {
    const Point begin = from.towards(to.at);
    const Point end = to.towards(from.at);
    const Point to_end = end - begin;
    const double distance = std::max(length(to_end), 0.1);
    if (length(from.out) > 0 && product(to_end, from.out) < kSlant * distance) return std::nullopt;
    if (length(to.out) > 0 && -product(to_end, to.out) < kSlant * distance) return std::nullopt;
    return bezier(begin, along(begin, end, 1.0 / 3), along(begin, end, 2.0 / 3), end);
  }

  /// At how many of its points a wire lies upon a box.
  [[nodiscard]] std::size_t hits(const Layout::Curve& curve) const {
    if (picture_.wires.size() > kMostLooked) return 0;
    const double distance = length(curve.control1 - curve.from) + length(curve.control2 - curve.control1) +
                            length(curve.to - curve.control2);
    const int steps = std::clamp(static_cast<int>(distance / kStep), 8, 400);
    std::size_t sum = 0;
    for (int i = 1; i < steps; ++i) sum += taken_.contains(curve.at(static_cast<double>(i) / steps)) ? 1 : 0;
    return sum;
  }

  [[nodiscard]] Layout::Curve curve_of(std::size_t number) {
    const Picture::Wire& wire = picture_.wires[number];
    const Tip from = tip_of(number, wire.from, 0);
    Tip to = tip_of(number, wire.to, 1);
    if (wire.from.box == wire.to.box) return loop(from, to);
    // Several wires between the same boxes, where they have no ports that keep them apart.
    const std::size_t before =
        between_[std::pair(std::min(wire.from.box, wire.to.box), std::max(wire.from.box, wire.to.box))]++;
    const bool apart = length(from.out) > 0 || length(to.out) > 0;
    const std::size_t step = (before + 1) / 2;
    const bool left = (before % 2 == 0) == (wire.from.box < wire.to.box);
    const double first = apart ? 0 : (left ? 1 : -1) * kParallel * static_cast<double>(step);
    std::optional<Layout::Curve> best;
    std::size_t least = kNone;
    const auto consider = [&](const Layout::Curve& one) {
      const std::size_t bad = hits(one);
      if (bad >= least) return bad == 0;
      least = bad;
      best = one;
      return bad == 0;
    };
    if (first == 0)
      if (const auto line = straight(from, to); line && consider(*line)) return *best;
    const double distance = length(to.at - from.at);
    for (const double share : {0.0, 0.12, -0.12, 0.24, -0.24, 0.4, -0.4, 0.6, -0.6})
      if (consider(bowed(from, to, first + std::clamp(share * distance, -kMostBow, kMostBow)))) break;
    return *best;
  }

  [[nodiscard]] static Layout::Curve loop(const Tip& from, const Tip& to) {
    if (length(from.out) == 0) {
      const Point corner = from.box->at + Point{from.box->width, from.box->height};
      const Point begin = corner + Point{0, -14};
      const Point end = corner + Point{-20, 0};
      return bezier(begin, begin + Point{kLoop, 0}, end + Point{0, kLoop}, end);
    }
    const Point end = length(to.at - from.at) < 1 ? to.at + Point{0, 10} : to.at;
    const Point out = (kLoop / 0.75) * from.out;
    return bezier(from.at, from.at + out, end + out, end);
  }

  const Picture& picture_;
  const std::vector<std::vector<std::size_t>>& wires_of_;
  const std::vector<std::size_t>& component_;
  const std::function<std::optional<Point>(std::size_t, std::size_t)>& leave_;
  bool named_ = true;
  Centres centres_;
  std::unordered_map<std::size_t, Sides> sides_;
  std::unordered_map<std::size_t, BoxForm> forms_;
  std::unordered_map<std::size_t, Rect> rects_;
  std::unordered_map<std::size_t, Tip> tips_;  ///< of each half of a wire that has a port
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> between_;
  Crowd taken_;
};

}  // namespace

std::optional<Placed> place_freely(const Picture& picture, const std::vector<std::vector<std::size_t>>& wires_of,
                                   const std::vector<std::size_t>& component, const Arrangement& arrangement) {
  return Free(picture, wires_of, component, arrangement).take();
}

}  // namespace netrig::report
