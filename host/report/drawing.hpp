// SPDX-License-Identifier: Apache-2.0
// A lab as a picture: namespaces are boxes; a device is an edge between them, or a node of its own if it joins more.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "model/lab.hpp"

namespace netrig::report {

/// What tests found between two namespaces.
struct Reach {
  std::string from;
  std::string to;
  std::size_t passed = 0;
  std::size_t failed = 0;
};

/// A drawing that needs no other program, readable at two and at a hundred namespaces: what repeats is grouped.
/// `reaches`: drawn over it as arrows, green or red; namespaces that are grouped share theirs.
std::string svg(const Lab& lab, const std::vector<Reach>& reaches);
struct Drawing {
  std::string svg;
  bool wants_graphviz = false;  ///< which would have drawn it better, and is not installed
};
Drawing drawn(const Lab& lab, const std::vector<Reach>& reaches);
/// For Graphviz, every namespace and device.
std::string dot(const Lab& lab);
/// For Markdown pages that draw Mermaid; what repeats is grouped.
std::string mermaid(const Lab& lab);
/// Namespaces, devices, interfaces, and which interfaces lie on one link; every one.
std::string drawing_json(const Lab& lab);

}  // namespace netrig::report
