// SPDX-License-Identifier: Apache-2.0
// Measurements as inline SVG, for pages.
#pragma once
#include <string>
#include <vector>

#include "check/result.hpp"

namespace netrig::report {

/// Series of one quantity and unit over time (or over repetitions), what got lost as red marks below, events as
/// upright lines. Many points are thinned so that peaks and losses stay.
std::string line_plot(const std::vector<const check::Series*>& series, const std::vector<check::EventResult>& events);

/// One bar with its value in words.
struct Bar {
  std::string label;
  double value = 0;
  std::string text;
};
/// Horizontal bars from zero, the longest as wide as there is room.
std::string bar_plot(const std::string& title, const std::vector<Bar>& bars);

}  // namespace netrig::report
