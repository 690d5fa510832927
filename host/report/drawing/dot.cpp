// SPDX-License-Identifier: Apache-2.0
// Interfaces are nodes of their own in Graphviz's drawing: labels at the ends of edges would lie upon each other.
#include <fmt/format.h>

#include <set>

#include "report/drawing.hpp"
#include "report/drawing/lab_graph.hpp"
#include "report/drawing/picture.hpp"
#include "report/escape.hpp"

namespace netrig::report {
namespace {

/// A double-quoted string of the DOT language; a backslash would begin an escape of labels ("\N").
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : one_line(text)) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

/// Lines of a label: what joins them is our own escape.
std::string lines(const std::vector<std::string>& texts) {
  std::string result = "\"";
  for (const std::string& text : texts) {
    const std::string one = quoted(text);
    if (result.size() > 1) result += "\\n";
    result.append(one, 1, one.size() - 2);
  }
  return result + "\"";
}

std::string end_line(const LabGraph::End& end, std::size_t number, bool node) {
  std::vector<std::string> label = {end.name};
  const bool whole = end.device != nullptr && end.device->interfaces.size() == 1;
  if (whole) label.push_back(end.device->driver);
  if (end.interface != nullptr) {
    if (end.interface->state() == AdminState::down) label.emplace_back("down");
    for (const Address& address : end.interface->of<Address>()) label.push_back(address.prefix.str());
  }
  return fmt::format("    e{} [shape={}, style=\"{}\", label={}];\n", number, node ? "ellipse" : "box",
                     end.device == nullptr ? "dashed" : "filled", lines(label));
}

}  // namespace

std::string dot(const Lab& lab) {
  const LabGraph graph = graph_of(lab);
  std::vector<std::vector<std::size_t>> contents(graph.spaces.size());
  std::vector<bool> nodes(graph.ends.size());
  // Where all wires are made by one driver, the title says so.
  std::set<std::string_view> wires;
  for (const LabGraph::Joint& joint : graph.joints)
    if (joint.is_wire()) wires.insert(joint.device->driver);
  const bool several = wires.size() > 1;
  for (std::size_t i = 0; i < graph.ends.size(); ++i) {
    contents[graph.ends[i].space].push_back(i);
    if (graph.ends[i].master) nodes[*graph.ends[i].master] = true;
  }
  std::string text = fmt::format(
      "graph {} {{\n  graph [rankdir=LR, ranksep=0.7, fontname=\"sans-serif\", label={}];\n"
      "  node [fontname=\"monospace\", fontsize=10, fillcolor=\"#ffffff\", margin=\"0.08,0.04\", height=0.3];\n"
      "  edge [fontname=\"sans-serif\", fontsize=9, color=\"#57606a\"];\n",
      quoted(lab.name.str()), quoted(summary_of(lab)));
  for (std::size_t i = 0; i < graph.spaces.size(); ++i) {
    const LabGraph::Space& space = graph.spaces[i];
    text += fmt::format("  subgraph cluster_{} {{\n    label={}; style=\"{}\"; bgcolor=\"#f6f8fa\";\n", i,
                        quoted(space.lan ? space.name + " (lan)" : space.name),
                        space.existing ? "rounded,dashed" : "rounded");
    for (const std::size_t end : contents[i]) text += end_line(graph.ends[end], end, nodes[end]);
    if (!space.services.empty())
      text += fmt::format("    s{} [shape=note, style=filled, fontcolor=\"#1a7f37\", label={}];\n", i,
                          lines(space.services));
    else if (contents[i].empty())
      text += fmt::format("    n{} [shape=point, style=invis];\n", i);
    text += "  }\n";
  }
  for (std::size_t i = 0; i < graph.joints.size(); ++i) {
    const LabGraph::Joint& joint = graph.joints[i];
    const std::string name = joint.device->name.str();
    if (joint.is_node())
      text += fmt::format("  d{} [shape=ellipse, style=filled, label={}];\n", i, lines({name, joint.device->driver}));
    for (const std::size_t end : joint.ends)
      if (joint.is_node()) text += fmt::format("  d{} -- e{};\n", i, end);
    if (joint.is_wire())
      text += fmt::format("  e{} -- e{} [tooltip={}{}];\n", joint.ends[0], joint.ends[1], quoted(name),
                          several ? ", label=" + quoted(joint.device->driver) : "");
    for (const auto& reference : joint.references)
      text +=
          fmt::format("  {}{} -- e{} [style=dashed, tooltip={}, label={}];\n", joint.is_node() ? "d" : "e",
                      joint.is_node() ? i : joint.ends[0], reference.end, quoted(name), quoted(reference.parameter));
  }
  for (std::size_t i = 0; i < graph.ends.size(); ++i)
    if (graph.ends[i].master) text += fmt::format("  e{} -- e{} [style=bold];\n", i, *graph.ends[i].master);
  return text + "}\n";
}

}  // namespace netrig::report
