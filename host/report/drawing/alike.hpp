// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <vector>

#include "report/drawing/lab_graph.hpp"

namespace netrig::report {

/// So many that are alike are drawn one by one; more are drawn as one.
constexpr std::size_t kFew = 4;

/// A number for every namespace, device and interface; those with the same number are drawn as one.
struct Classes {
  std::vector<std::size_t> spaces;
  std::vector<std::size_t> joints;
  std::vector<std::size_t> ends;
  std::vector<std::size_t> roles;  ///< of namespaces: those with the same one look alike, though drawn one by one
};

/// Finds what repeats by its structure: same drivers, joined in the same way to what is alike or the same.
Classes alike(const LabGraph& graph);
/// Everything for itself.
Classes distinct(const LabGraph& graph);

}  // namespace netrig::report
