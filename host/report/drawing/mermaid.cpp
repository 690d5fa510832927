// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "report/drawing.hpp"
#include "report/drawing/picture.hpp"
#include "report/escape.hpp"

namespace netrig::report {
namespace {

/// Text within a quoted label. Mermaid decodes "#NUMBER;" and HTML entities, and draws HTML and Markdown; so nothing
/// but letters, digits and what is harmless stays as it is.
std::string label(std::string_view text) {
  std::string result;
  for (const char c : one_line(text)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view(" .,:/-+@").find(c) != std::string_view::npos;
    result += plain ? std::string(1, c) : fmt::format("#{};", byte);
  }
  return result;
}

std::string end_text(const Picture::End& end, const char* between) {
  std::string text = label(end.name);
  if (!end.kind.empty()) text += fmt::format(" ({})", label(end.kind));
  if (end.down) text += " down";
  for (const std::string& address : end.addresses) text += between + label(address);
  return text;
}

class Writer {
 public:
  explicit Writer(const Picture& picture) : picture_(picture) {}

  std::string write() {
    for (std::size_t i = 0; i < picture_.boxes.size(); ++i) box(i);
    for (const Picture::Wire& one : picture_.wires) wire(one);
    text_ += "  classDef existing stroke-dasharray:4 3\n";
    for (std::size_t i = 0; i < picture_.boxes.size(); ++i)
      if (picture_.boxes[i].existing) text_ += fmt::format("  class b{} existing\n", i);
    return std::move(text_);
  }

 private:
  static std::string title(const Picture::Box& box) {
    std::string text = label(box.title) + (box.count > 1 ? fmt::format(" ({})", box.count) : "");
    for (std::size_t i = 0; i < box.services.size(); ++i) text += (i == 0 ? "<br/>" : ", ") + label(box.services[i]);
    return text;
  }

  void box(std::size_t number) {
    const Picture::Box& box = picture_.boxes[number];
    if (!box.kind.empty()) {
      text_ += fmt::format("  b{}([\"{}<br/>{}\"])\n", number, title(box), label(box.kind));
      return;
    }
    const auto is_node = [&](std::size_t end) { return picture_.ends[end].node; };
    if (std::none_of(box.ends.begin(), box.ends.end(), is_node)) {
      text_ += fmt::format("  b{}[\"{}\"]\n", number, title(box));
      return;
    }
    text_ += fmt::format("  subgraph b{}[\"{}\"]\n", number, title(box));
    for (const std::size_t end : box.ends)
      if (is_node(end)) text_ += fmt::format("    e{}([\"{}\"])\n", end, end_text(picture_.ends[end], "<br/>"));
    for (const std::size_t end : box.ends)
      if (is_node(end))
        for (const std::size_t below : picture_.ends[end].on) text_ += fmt::format("    e{} --- e{}\n", end, below);
    text_ += "  end\n";
  }

  /// Where a wire ends: at the interface if that is drawn, at what it is a port of, or at the box.
  [[nodiscard]] std::string side(const Picture::Side& side) const {
    if (side.end == kNone) return fmt::format("b{}", side.box);
    const Picture::End& end = picture_.ends[side.end];
    if (end.node) return fmt::format("e{}", side.end);
    return end.on.empty() ? fmt::format("b{}", side.box) : fmt::format("e{}", end.on[0]);
  }

  void wire(const Picture::Wire& wire) {
    std::string words;
    const auto add = [&](const std::string& more) {
      if (!words.empty() && !more.empty()) words += "<br/>";
      words += more;
    };
    for (const Picture::Side& side : {wire.from, wire.to})
      if (side.end != kNone && !picture_.ends[side.end].node) add(end_text(picture_.ends[side.end], " "));
    if (wire.count > 1) add(fmt::format("×{}", wire.count));
    const char* line = wire.reference ? "-.-" : wire.count > 1 ? "===" : "---";
    text_ += fmt::format("  {} {}{} {}\n", side(wire.from), line, words.empty() ? "" : fmt::format("|\"{}\"|", words),
                         side(wire.to));
  }

  const Picture& picture_;
  std::string text_ = "flowchart LR\n";
};

}  // namespace

std::string mermaid(const Lab& lab) { return Writer(picture_of(lab, Detail::grouped)).write(); }

}  // namespace netrig::report
