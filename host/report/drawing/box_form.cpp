// SPDX-License-Identifier: Apache-2.0
#include "report/drawing/box_form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "report/escape.hpp"

namespace netrig::report {
namespace {

constexpr double kLine = 14;    // height of a line of text
constexpr double kAscent = 10;  // of its base line below its top
constexpr double kPad = 10;     // between a box's border and what is in it
constexpr double kTitleRow = 28;
constexpr double kChannel = 34;  // for the lines between ports and what they are ports of
constexpr double kBetween = 12;
constexpr double kAside = 16;  // between text and what it has nothing to do with
constexpr std::size_t kMostAddresses = 6;
constexpr std::size_t kLongestTitle = 44;

/// Text of an interface, as lines.
struct Cell {
  std::vector<Label> lines;
  double width = 0;
  [[nodiscard]] double height() const { return kLine * static_cast<double>(lines.size()) + 6; }

  void add(Style style, const std::string& text, const std::string& extra = {}) {
    lines.push_back({.anchor = Anchor::start, .style = style, .text = text, .extra = extra});
    const double size = style == Style::name ? kNameSize : kDetailSize;
    width = std::max(width, text_width(text, size) + (extra.empty() ? 0 : text_width(" " + extra, kDetailSize)));
  }
};

Cell cell_of(const Picture::End& end) {
  Cell cell;
  std::string extra = end.kind;
  if (end.count > 1 && end.node) extra += fmt::format("{}×{}", extra.empty() ? "" : " ", end.count);
  if (end.down) extra += extra.empty() ? "down" : " down";
  cell.add(Style::name, end.name, extra);
  for (std::size_t i = 0; i < end.addresses.size(); ++i) {
    if (i + 1 == kMostAddresses && end.addresses.size() > kMostAddresses) {
      cell.add(Style::detail, fmt::format("and {} more", end.addresses.size() - i));
      break;
    }
    cell.add(Style::detail, end.addresses[i]);
  }
  return cell;
}

class Builder {
 public:
  Builder(const Picture& picture, const Picture::Box& box, Direction direction, const std::string& note = {})
      : picture_(picture), box_(box), direction_(direction) {
    title_ = {.anchor = Anchor::start,
              .style = Style::title,
              .text = shortened(box.title, kLongestTitle),
              .extra = box.count > 1 ? fmt::format("×{}", box.count) : std::string()};
    head_width_ =
        text_width(title_.text, kTitleSize) + (title_.extra.empty() ? 0 : text_width(" " + title_.extra, kTitleSize));
    const auto below = [&](Style style, const std::string& text) {
      if (text.empty()) return;
      below_.push_back({.style = style, .text = shortened(text, kLongestTitle), .extra = {}});
      head_width_ = std::max(head_width_, text_width(below_.back().text, kDetailSize));
    };
    below(Style::service, fmt::format("{}", fmt::join(box.services, ", ")));
    below(Style::detail, note);
    order_pills();
  }

  BoxForm build(Sides& sides) {
    if (!box_.kind.empty())
      device(sides);
    else if (direction_ == Direction::right)
      right(sides);
    else
      down(sides.top, sides.bottom);
    for (const auto* side : {&sides.left, &sides.right, &sides.top, &sides.bottom})
      for (const Port& port : *side) {
        if (port.end == kNone) continue;
        const bool front = side == &sides.right || side == &sides.bottom;
        if (const auto pill = pills_.find(port.end); pill != pills_.end())
          lead(port.at, pill->second, front, side == &sides.top || side == &sides.bottom);
      }
    join_pills();
    return std::move(form_);
  }

 private:
  /// What others sit on comes first, then they.
  void order_pills() {
    std::vector<std::size_t> waiting;
    for (const std::size_t end : box_.ends)
      if (picture_.ends[end].node) waiting.push_back(end);
    const auto take = [&](std::size_t end) {
      if (pills_.contains(end)) return;
      pills_.emplace(end, Rect{});
      order_.push_back(end);
    };
    for (const std::size_t end : waiting) {
      if (!picture_.ends[end].on.empty()) continue;
      take(end);
      for (const std::size_t other : waiting) {
        const auto& on = picture_.ends[other].on;
        if (std::find(on.begin(), on.end(), end) != on.end()) take(other);
      }
    }
    for (const std::size_t end : waiting) take(end);
  }

  void put(Label label, Point at, Anchor anchor) {
    label.at = at;
    label.anchor = anchor;
    form_.labels.push_back(std::move(label));
  }

  void put_cell(const Cell& cell, Point top, Anchor anchor) {
    double y = top.y + 3 + kAscent;
    for (const Label& line : cell.lines) {
      put(line, {top.x, y}, anchor);
      y += kLine;
    }
  }

  /// Title and what stands below it, from its upper edge.
  void put_head(Point top, Anchor anchor) {
    put(title_, top + Point{0, 19}, anchor);
    for (std::size_t i = 0; i < below_.size(); ++i)
      put(below_[i], top + Point{0, 33 + kLine * static_cast<double>(i)}, anchor);
  }
  [[nodiscard]] double head_height() const { return kTitleRow + kLine * static_cast<double>(below_.size()); }

  void device(Sides& sides) {
    const auto room = [](const std::vector<Port>& one, const std::vector<Port>& other) {
      return 16 * static_cast<double>(std::max(one.size(), other.size())) + 16;
    };
    Cell kind;
    kind.add(Style::detail, box_.kind);
    form_.width = std::max({head_width_ + 36, kind.width + 36, room(sides.top, sides.bottom)});
    form_.height = std::max(44.0, room(sides.left, sides.right));
    const Point middle = {form_.width / 2, form_.height / 2};
    put(title_, {middle.x, middle.y - 3}, Anchor::middle);
    put(kind.lines[0], {middle.x, middle.y + 13}, Anchor::middle);
    for (auto* side : {&sides.left, &sides.right, &sides.top, &sides.bottom})
      for (std::size_t i = 0; i < side->size(); ++i) {
        const double step = (static_cast<double>(i) + 1) / (static_cast<double>(side->size()) + 1);
        const bool upright = side == &sides.left || side == &sides.right;
        (*side)[i].at = upright ? Point{side == &sides.left ? 0 : form_.width, form_.height * step}
                                : Point{form_.width * step, side == &sides.top ? 0 : form_.height};
      }
  }

  [[nodiscard]] bool labelled(const Port& port) const { return port.end != kNone && !picture_.ends[port.end].node; }

  struct Row {
    std::vector<Cell> cells;
    double length = 0;  ///< along the side
    double depth = 0;   ///< into the box
    bool leads = false;
  };

  Row row_of(const std::vector<Port>& ports, bool upright) {
    Row row;
    for (const Port& port : ports) {
      Cell cell = labelled(port) ? cell_of(picture_.ends[port.end]) : Cell{};
      row.leads |= port.end != kNone && (picture_.ends[port.end].node || !picture_.ends[port.end].on.empty());
      row.length += upright ? std::max(cell.height(), kLine) : std::max(cell.width + 18, 24.0);
      row.depth = std::max(row.depth, upright ? cell.width : labelled(port) ? cell.height() : 0);
      row.cells.push_back(std::move(cell));
    }
    return row;
  }

  void right(Sides& sides) {
    const Row left = row_of(sides.left, true);
    const Row right = row_of(sides.right, true);
    const Row upper = row_of(sides.top, false);
    const Row lower = row_of(sides.bottom, false);
    double pill_width = 0;
    double pill_height = 0;
    std::vector<Cell> cells;
    for (const std::size_t end : order_) {
      cells.push_back(cell_of(picture_.ends[end]));
      pill_width = std::max(pill_width, cells.back().width + 24);
      pill_height += cells.back().height() + 4 + kBetween;
    }
    if (!order_.empty()) pill_height -= kBetween;
    const auto beside = [&](const Row& row) {
      return row.leads ? kChannel : row.depth > 0 && !order_.empty() ? kAside : 0.0;
    };
    const bool both = left.depth > 0 && right.depth > 0 && order_.empty();
    const double inner =
        left.depth + beside(left) + pill_width + beside(right) + right.depth + (both ? 2 * kBetween : 0);
    form_.width = std::max({std::max({head_width_, inner, 60.0}) + 2 * kPad, upper.length, lower.length});
    const double body = std::max({left.length, right.length, pill_height});
    const double head = upper.depth + head_height();
    form_.height = head + (body > 0 ? body + kPad - 2 : 4) + (lower.leads ? kChannel - 12 : 0) + lower.depth;
    put_head({form_.width / 2, upper.depth}, Anchor::middle);
    const double spare = form_.width - 2 * kPad - inner;
    const double middle = kPad + left.depth + beside(left) + pill_width / 2 + spare / 2;
    double y = head + (body - pill_height) / 2;
    for (std::size_t i = 0; i < order_.size(); ++i) {
      const double height = cells[i].height() + 4;
      put_pill(order_[i], cells[i], {{middle - pill_width / 2, y}, pill_width, height});
      y += height + kBetween;
    }
    for (auto* side : {&sides.left, &sides.right}) {
      const bool first = side == &sides.left;
      const Row& row = first ? left : right;
      const double edge = first ? 0 : form_.width;
      const double inward = first ? 1 : -1;
      y = head + (body - row.length) / 2;
      for (std::size_t i = 0; i < side->size(); ++i) {
        const double height = std::max(row.cells[i].height(), kLine);
        Port& port = (*side)[i];
        port.at = {edge, y + height / 2};
        if (labelled(port)) {
          put_cell(row.cells[i], {edge + inward * kPad, y}, first ? Anchor::start : Anchor::end);
          lead_up(port, {edge + inward * (kPad + row.cells[i].width + 5), port.at.y}, !first, false);
        }
        y += height;
      }
    }
    put_row(sides.top, upper, false);
    put_row(sides.bottom, lower, true);
  }

  /// The interfaces of the upper or the lower side.
  void put_row(std::vector<Port>& ports, const Row& row, bool front) {
    const double edge = front ? form_.height : 0;
    double x = (form_.width - row.length) / 2;
    for (std::size_t i = 0; i < ports.size(); ++i) {
      const double width = std::max(row.cells[i].width + 18, 24.0);
      ports[i].at = {x + width / 2, edge};
      if (labelled(ports[i])) {
        const double height = row.cells[i].height();
        put_cell(row.cells[i], {ports[i].at.x, front ? edge - height - 2 : 2}, Anchor::middle);
        lead_up(ports[i], {ports[i].at.x, front ? edge - height - 4 : height + 4}, front, true);
      }
      x += width;
    }
  }

  void down(std::vector<Port>& back, std::vector<Port>& front) {
    const Row upper = row_of(back, false);
    const Row lower = row_of(front, false);
    double pills = 0;
    double pill_height = 0;
    std::vector<Cell> cells;
    for (const std::size_t end : order_) {
      cells.push_back(cell_of(picture_.ends[end]));
      pills += cells.back().width + 24 + kBetween;
      pill_height = std::max(pill_height, cells.back().height() + 4);
    }
    const double inner = head_width_ + pills;
    form_.width = std::max({upper.length, lower.length, inner + 2 * kPad, 70.0});
    const double above = upper.depth + (upper.leads ? kChannel - 12 : 0) + 7;
    const double below = lower.depth + (lower.leads ? kChannel - 12 : 0) + 7;
    const double body = std::max(pill_height, head_height() - 6);
    form_.height = above + body + below;
    const double middle = above + body / 2;
    double x = (form_.width - inner) / 2;
    // Alone, below what is above and below it.
    const bool alone = order_.empty();
    put_head({alone ? form_.width / 2 : x, middle - head_height() / 2}, alone ? Anchor::middle : Anchor::start);
    x += head_width_ + kBetween;
    for (std::size_t i = 0; i < order_.size(); ++i) {
      const double height = cells[i].height() + 4;
      put_pill(order_[i], cells[i], {{x, middle - height / 2}, cells[i].width + 24, height});
      x += cells[i].width + 24 + kBetween;
    }
    put_row(back, upper, false);
    put_row(front, lower, true);
  }

  void put_pill(std::size_t end, const Cell& cell, Rect rect) {
    pills_[end] = rect;
    form_.pills.push_back({.rect = rect, .outside = picture_.ends[end].outside});
    put_cell(cell, {rect.centre().x, rect.at.y + 2}, Anchor::middle);
  }

  /// From the text of an interface to what it is a port of.
  void lead_up(const Port& port, Point from, bool front, bool vertical) {
    for (const std::size_t below : picture_.ends[port.end].on)
      if (const auto pill = pills_.find(below); pill != pills_.end()) lead(from, pill->second, front, vertical);
  }

  void lead(Point from, const Rect& pill, bool front, bool vertical) {
    const Point middle = pill.centre();
    const Point to = vertical ? Point{std::clamp(from.x, pill.at.x + 10, pill.at.x + pill.width - 10),
                                      front ? pill.at.y + pill.height : pill.at.y}
                              : Point{front ? pill.at.x + pill.width : pill.at.x, middle.y};
    form_.lines.push_back({.from = from, .to = to, .vertical = vertical, .bulge = 0});
  }

  void join_pills() {
    for (std::size_t i = 0; i < order_.size(); ++i)
      for (const std::size_t below : picture_.ends[order_[i]].on) {
        const auto at = std::find(order_.begin(), order_.end(), below);
        if (at == order_.end()) continue;
        const auto j = static_cast<std::size_t>(at - order_.begin());
        Rect first = pills_[order_[std::min(i, j)]];
        Rect second = pills_[order_[std::max(i, j)]];
        const bool next = std::max(i, j) - std::min(i, j) == 1;
        const auto steps = static_cast<double>(std::max(i, j) - std::min(i, j));
        if (direction_ == Direction::right && next)
          form_.lines.push_back({.from = {first.centre().x, first.at.y + first.height},
                                 .to = {second.centre().x, second.at.y},
                                 .vertical = true,
                                 .bulge = 0});
        else if (direction_ == Direction::right)
          form_.lines.push_back({.from = {first.at.x, first.centre().y},
                                 .to = {second.at.x, second.centre().y},
                                 .vertical = false,
                                 .bulge = -std::min(8 * steps, 20.0)});
        else if (next)
          form_.lines.push_back({.from = {first.at.x + first.width, first.centre().y},
                                 .to = {second.at.x, second.centre().y},
                                 .vertical = false,
                                 .bulge = 0});
        else
          form_.lines.push_back({.from = {first.centre().x, first.at.y},
                                 .to = {second.centre().x, second.at.y},
                                 .vertical = true,
                                 .bulge = -std::min(8 * steps, 20.0)});
      }
  }

  const Picture& picture_;
  const Picture::Box& box_;
  Direction direction_;
  BoxForm form_;
  Label title_;
  std::vector<Label> below_;
  double head_width_ = 0;
  std::vector<std::size_t> order_;
  std::map<std::size_t, Rect> pills_;
};

}  // namespace

double text_width(std::string_view text, double size) {
  double columns = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0U) == 0x80U) continue;
    columns += byte >= 0xe3 && byte != 0xef ? 2 : 1;  // U+3000 and above: most of them are wide
  }
  return columns * size * 0.61;  // 0.600 to 0.605 of the size in usual fonts
}

std::string shortened(const std::string& text, std::size_t characters) {
  if (text_width(text, 1) <= text_width(std::string(characters, 'x'), 1)) return text;
  const auto is_first = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; };
  std::size_t head = characters / 2;
  while (head > 0 && !is_first(text[head])) --head;
  std::size_t tail = text.size() - (characters - characters / 2 - 1);
  while (tail < text.size() && !is_first(text[tail])) ++tail;
  return text.substr(0, head) + "…" + text.substr(tail);
}

BoxForm form_of(const Picture& picture, const Picture::Box& box, std::vector<Port>& back, std::vector<Port>& front,
                Direction direction) {
  Sides sides;
  auto& first = direction == Direction::right ? sides.left : sides.top;
  auto& second = direction == Direction::right ? sides.right : sides.bottom;
  first.swap(back);
  second.swap(front);
  BoxForm form = Builder(picture, box, direction).build(sides);
  first.swap(back);
  second.swap(front);
  return form;
}

BoxForm form_of(const Picture& picture, const Picture::Box& box, Sides& sides, const std::string& note) {
  return Builder(picture, box, Direction::right, note).build(sides);
}

}  // namespace netrig::report
