// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/drawing.hpp"
#include "report/drawing/layout.hpp"
#include "report/drawing/reach_overlay.hpp"
#include "report/escape.hpp"

namespace netrig::report {
namespace {

constexpr double kMargin = 24;
constexpr double kDescriptionColumns = 96;
constexpr std::size_t kDescriptionLines = 3;
constexpr std::size_t kListedMembers = 40;
constexpr std::size_t kDense = 150;  // wires that would be one grey area if they were as wide as those of few

// All below one class, so that a page may contain the drawing; nothing that a converter without CSS variables cannot
// read.
constexpr std::string_view kStyle = R"(
.netrig-graph text{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#1f2328}
.netrig-graph .ng-lab{font-family:system-ui,"Segoe UI","DejaVu Sans",sans-serif;font-size:18px;font-weight:600}
.netrig-graph .ng-about{font-family:system-ui,"Segoe UI","DejaVu Sans",sans-serif;font-size:12px;fill:#57606a}
.netrig-graph .ng-page{fill:#fff}
.netrig-graph .ng-box{fill:#f6f8fa;stroke:#6e7781;stroke-width:1.2}
.netrig-graph .ng-existing{stroke-dasharray:6 4}
.netrig-graph .ng-device{fill:#fff8c5;stroke:#9a6700;stroke-width:1.2}
.netrig-graph .ng-lan{fill:#fbefff;stroke:#8250df;stroke-width:1.2}
.netrig-graph .ng-pill{fill:#ddf4ff;stroke:#0969da;stroke-width:1.1}
.netrig-graph .ng-outside{stroke-dasharray:4 3}
.netrig-graph .ng-title{font-size:14px;font-weight:600}
.netrig-graph .ng-service{font-size:11px;font-style:italic;fill:#1a7f37}
.netrig-graph .ng-name{font-size:12px}
.netrig-graph .ng-detail{font-size:11px;fill:#57606a}
.netrig-graph .ng-extra{font-weight:400;font-size:11px;fill:#57606a}
.netrig-graph .ng-times{font-weight:600;font-size:14px;fill:#8250df}
.netrig-graph .ng-wire{fill:none;stroke:#57606a;stroke-width:1.4}
.netrig-graph .ng-dense .ng-wire:not(.ng-many){stroke-width:.8}
.netrig-graph .ng-many{stroke-width:3.6}
.netrig-graph .ng-sits{stroke-dasharray:5 4}
.netrig-graph .ng-inner{fill:none;stroke:#0969da;stroke-width:1}
.netrig-graph .ng-port{fill:#57606a}
.netrig-graph .ng-label{font-size:12px;font-weight:600;fill:#8250df;stroke:#fff;stroke-width:4px;paint-order:stroke;stroke-linejoin:round}
.netrig-graph .ng-reach{fill:none;stroke-width:2}
.netrig-graph .ng-good{stroke:#1a7f37}.netrig-graph .ng-bad{stroke:#cf222e}
.netrig-graph .ng-head-good{fill:#1a7f37}.netrig-graph .ng-head-bad{fill:#cf222e}
.netrig-graph .ng-mark{font-family:system-ui,"Segoe UI","DejaVu Sans",sans-serif;font-size:14px;font-weight:700;stroke:#fff;stroke-width:4px;paint-order:stroke;stroke-linejoin:round}
.netrig-graph text.ng-mark.ng-is-good{fill:#1a7f37}.netrig-graph text.ng-mark.ng-is-bad{fill:#cf222e}
.netrig-graph .ng-ring{fill:none;stroke-width:2.6}
@media(prefers-color-scheme:dark){
.netrig-graph text{fill:#e6edf3}
.netrig-graph .ng-page{fill:#0d1117}
.netrig-graph .ng-box{fill:#161b22;stroke:#7d8590}
.netrig-graph .ng-device{fill:#2b2410;stroke:#d29922}
.netrig-graph .ng-pill{fill:#0c2440;stroke:#4493f8}
.netrig-graph .ng-lan{fill:#1f1836;stroke:#ab7df8}
.netrig-graph .ng-service{fill:#3fb950}
.netrig-graph .ng-about,.netrig-graph .ng-detail,.netrig-graph .ng-extra{fill:#9198a1}
.netrig-graph .ng-wire{stroke:#9198a1}
.netrig-graph .ng-inner{stroke:#4493f8}
.netrig-graph .ng-port{fill:#9198a1}
.netrig-graph .ng-times{fill:#ab7df8}
.netrig-graph .ng-label{fill:#ab7df8;stroke:#0d1117}
.netrig-graph .ng-good{stroke:#3fb950}.netrig-graph .ng-bad{stroke:#f85149}
.netrig-graph .ng-head-good{fill:#3fb950}.netrig-graph .ng-head-bad{fill:#f85149}
.netrig-graph .ng-mark{stroke:#0d1117}
.netrig-graph text.ng-mark.ng-is-good{fill:#3fb950}.netrig-graph text.ng-mark.ng-is-bad{fill:#f85149}
}
)";

const char* anchor_of(Anchor anchor) {
  return anchor == Anchor::start ? "start" : anchor == Anchor::middle ? "middle" : "end";
}

std::string text_at(Point at, const char* style, Anchor anchor, const std::string& text) {
  return fmt::format(R"(<text x="{:.1f}" y="{:.1f}" class="{}" text-anchor="{}">{}</text>)", at.x, at.y, style,
                     anchor_of(anchor), xml(one_line(text)));
}

/// A text in a few lines, broken between words.
std::vector<std::string> wrapped(const std::string& text) {
  std::vector<std::string> lines;
  std::string word;
  const auto take = [&] {
    if (word.empty()) return;
    if (!lines.empty() && text_width(lines.back() + " " + word, 1) <= text_width(" ", 1) * kDescriptionColumns)
      lines.back() += " " + word;
    else
      lines.push_back(shortened(word, static_cast<std::size_t>(kDescriptionColumns)));
    word.clear();
  };
  for (const char c : text)
    if (c == ' ' || c == '\t')
      take();
    else
      word += c;
  take();
  if (lines.size() > kDescriptionLines) {
    lines.resize(kDescriptionLines);
    lines.back() += " …";
  }
  return lines;
}

class Writer {
 public:
  Writer(const Lab& lab, const std::vector<Reach>& reaches)
      : lab_(lab),
        picture_(picture_of(lab, Detail::grouped)),
        layout_(layout_of(picture_)),
        overlay_(overlay_of(lab, picture_, layout_, reaches)) {}

  Drawing write() {
    const std::string summary = summary_of(lab_);
    const std::string rest = summary.substr(summary.find(':') + 2);
    const std::vector<std::string> description = wrapped(one_line(lab_.description));
    const double head = 62 + 17 * static_cast<double>(description.size());
    double words = std::max(text_width(rest, 12), text_width(lab_.name.str(), 18));
    for (const std::string& one : description) words = std::max(words, text_width(one, 12));
    if (overlay_.reached()) words = std::max(words, 430.0);
    const Rect& reach = overlay_.bounds;
    const Point shift = {kMargin - reach.at.x, head - reach.at.y};
    const double width = std::max(reach.width, words) + 2 * kMargin;
    const double height = head + reach.height + kMargin + (overlay_.reached() ? 30 : 0);
    text_ += fmt::format(
        R"(<svg xmlns="http://www.w3.org/2000/svg" class="netrig-graph" role="img" viewBox="0 0 {0:.0f} {1:.0f}" )"
        R"(width="{0:.0f}" height="{1:.0f}">)"
        "\n<title>{2}</title>\n<desc>{3}</desc>\n<style>{4}</style>\n"
        R"(<rect class="ng-page" width="{0:.0f}" height="{1:.0f}"/>)"
        "\n",
        std::ceil(width), std::ceil(height), xml(lab_.name.str()),
        xml(lab_.description.empty() ? summary : summary + ". " + lab_.description), kStyle);
    line(text_at({kMargin, 30}, "ng-lab", Anchor::start, lab_.name.str()));
    line(text_at({kMargin, 48}, "ng-about", Anchor::start, rest));
    for (std::size_t i = 0; i < description.size(); ++i)
      line(text_at({kMargin, 65 + 17 * static_cast<double>(i)}, "ng-about", Anchor::start, description[i]));
    line(fmt::format(R"x(<g{} transform="translate({:.1f} {:.1f})">)x",
                     picture_.wires.size() > kDense ? R"( class="ng-dense")" : "", shift.x, shift.y));
    for (std::size_t i = 0; i < picture_.wires.size(); ++i) wire(i);
    for (std::size_t i = 0; i < picture_.boxes.size(); ++i) box(i);
    for (std::size_t i = 0; i < picture_.wires.size(); ++i) ports(i);
    text_ += overlay_.svg();
    line("</g>");
    if (overlay_.reached()) legend(height - kMargin + 4);
    return {.svg = std::move(text_) + "</svg>\n", .wants_graphviz = layout_.wants_graphviz};
  }

 private:
  void line(const std::string& text) { text_ += text + "\n"; }

  [[nodiscard]] std::string words_of(const Picture::Side& side) const {
    const std::string& box = picture_.boxes[side.box].title;
    if (side.end == kNone) return box;
    const Picture::End& end = picture_.ends[side.end];
    return fmt::format("{} {}{}{}", box, end.name, end.addresses.empty() ? "" : " ", fmt::join(end.addresses, " "));
  }

  void wire(std::size_t number) {
    const Picture::Wire& wire = picture_.wires[number];
    const Layout::Curve& c = layout_.curves[number];
    line(fmt::format(
        R"(<g><title>{}</title><path class="ng-wire{}{}" d="M{:.1f} {:.1f}L{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}L{:.1f} {:.1f}"/></g>)",
        xml(one_line(fmt::format("{} ({}): {} – {}", wire.count > 1 ? fmt::format("{} …", wire.name) : wire.name,
                                 wire.kind, words_of(wire.from), words_of(wire.to)))),
        wire.count > 1 ? " ng-many" : "", wire.reference ? " ng-sits" : "", c.begin.x, c.begin.y, c.from.x, c.from.y,
        c.control1.x, c.control1.y, c.control2.x, c.control2.y, c.to.x, c.to.y, c.end.x, c.end.y));
  }

  void ports(std::size_t number) {
    const Layout::Curve& curve = layout_.curves[number];
    if (curve.has_ports)
      for (const Point at : {curve.begin, curve.end})
        line(fmt::format(R"(<circle class="ng-port" cx="{:.1f}" cy="{:.1f}" r="2.6"/>)", at.x, at.y));
    if (const auto at = layout_.labels[number])
      line(text_at({at->x, at->y + 4}, "ng-label", Anchor::middle, picture_.wires[number].label));
  }

  void rectangle(const char* style, const Rect& rect, double radius) {
    line(fmt::format(R"(<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="{:.0f}"/>)", style,
                     rect.at.x, rect.at.y, rect.width, rect.height, radius));
  }

  [[nodiscard]] std::string tooltip_of(const Picture::Box& box) const {
    std::string text = box.kind.empty() ? box.title : fmt::format("{} ({})", box.title, box.kind);
    if (box.existing) text += " (existing)";
    if (!box.services.empty()) text += fmt::format("; {}", fmt::join(box.services, ", "));
    if (box.members.size() < 2) return text;
    text += ":";
    for (std::size_t i = 0; i < std::min(box.members.size(), kListedMembers); ++i)
      text += " " + (box.members[i] < lab_.namespaces.size() ? lab_.namespaces[box.members[i]].name.str() : "?");
    return text + (box.members.size() > kListedMembers ? " …" : "");
  }

  void box(std::size_t number) {
    const Picture::Box& box = picture_.boxes[number];
    const auto& [rect, form] = layout_.boxes[number];
    const bool device = !box.kind.empty();
    const std::string style = fmt::format("{}{}",
                                          !device               ? "ng-box"
                                          : box.members.empty() ? "ng-device"
                                                                : "ng-lan",
                                          box.existing ? " ng-existing" : "");
    line(fmt::format("<g><title>{}</title>", xml(one_line(tooltip_of(box)))));
    const double radius = device ? round_of(rect) : 6;
    if (box.count > 1)
      for (const double behind : {8.0, 4.0})
        rectangle(style.c_str(), {rect.at + Point{behind, -behind}, rect.width, rect.height}, radius);
    rectangle(style.c_str(), rect, radius);
    for (const BoxForm::Line& one : form.lines) inner(rect.at, one);
    for (const BoxForm::Pill& pill : form.pills)
      rectangle(pill.outside ? "ng-pill ng-outside" : "ng-pill",
                {rect.at + pill.rect.at, pill.rect.width, pill.rect.height}, std::min(pill.rect.height / 2, 14.0));
    for (const Label& label : form.labels) write_label(rect.at, label);
    line("</g>");
  }

  void inner(Point corner, const BoxForm::Line& one) {
    const Point from = corner + one.from;
    const Point to = corner + one.to;
    Point first = from;
    Point second = to;
    if (one.vertical)
      first.y = second.y = one.bulge != 0 ? std::min(from.y, to.y) + one.bulge : (from.y + to.y) / 2;
    else
      first.x = second.x = one.bulge != 0 ? std::min(from.x, to.x) + one.bulge : (from.x + to.x) / 2;
    line(fmt::format(R"(<path class="ng-inner" d="M{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}"/>)", from.x,
                     from.y, first.x, first.y, second.x, second.y, to.x, to.y));
  }

  void write_label(Point corner, const Label& label) {
    const char* style = label.style == Style::title     ? "ng-title"
                        : label.style == Style::service ? "ng-service"
                        : label.style == Style::name    ? "ng-name"
                                                        : "ng-detail";
    const Point at = corner + label.at;
    std::string words = xml(one_line(label.text));
    if (!label.extra.empty())
      words += fmt::format(R"( <tspan class="{}">{}</tspan>)", label.style == Style::title ? "ng-times" : "ng-extra",
                           xml(one_line(label.extra)));
    line(fmt::format(R"(<text x="{:.1f}" y="{:.1f}" class="{}" text-anchor="{}">{}</text>)", at.x, at.y, style,
                     anchor_of(label.anchor), words));
  }

  void legend(double y) {
    line(fmt::format(R"(<path class="ng-reach ng-good" d="M{} {:.1f}h28"/>)", kMargin, y - 4));
    line(text_at({kMargin + 36, y}, "ng-about", Anchor::start, "✓ every test passed"));
    line(fmt::format(R"(<path class="ng-reach ng-bad" stroke-dasharray="7 4" d="M{} {:.1f}h28"/>)", kMargin + 190,
                     y - 4));
    line(text_at({kMargin + 226, y}, "ng-about", Anchor::start, "✗ some failed (passed/all)"));
  }

  const Lab& lab_;
  Picture picture_;
  Layout layout_;
  ReachOverlay overlay_;
  std::string text_;
};

}  // namespace

Drawing drawn(const Lab& lab, const std::vector<Reach>& reaches) { return Writer(lab, reaches).write(); }

std::string svg(const Lab& lab, const std::vector<Reach>& reaches) { return drawn(lab, reaches).svg; }

}  // namespace netrig::report
