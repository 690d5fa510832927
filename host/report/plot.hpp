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

/// How many of the values of each series are how small at most; nothing of series of few. What got lost is no value, so
/// a line ends below 100 %.
std::string distribution_plot(const std::vector<const check::Series*>& series);

/// One bar with its value in words.
struct Bar {
  std::string label;
  double value = 0;
  double least = 0;  ///< and most: between which it was; drawn where they differ
  double most = 0;
  std::string text;
  bool best = false;
};
/// Horizontal bars from zero, the longest as wide as there is room.
std::string bar_plot(const std::string& title, const std::vector<Bar>& bars);

}  // namespace netrig::report
