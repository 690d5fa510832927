// SPDX-License-Identifier: Apache-2.0
// The same tests over several labs, side by side.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "check/result.hpp"

namespace netrig::report {

/// What a metric was over several runs.
struct Spread {
  double median = 0;
  double least = 0;
  double most = 0;
  std::size_t runs = 0;
};

/// One metric of one test in every lab.
struct ComparedMetric {
  std::string test;
  std::string metric;  ///< "throughput", "rtt_avg", "cpu_per_packet"...
  std::string unit;
  std::vector<std::optional<Spread>> labs = {};  ///< as Comparison::labs; nothing: not measured there
};

struct ComparedLab {
  std::string name;
  std::string file;
  std::string description;
  std::vector<check::DriverUsed> drivers;
  check::Totals totals = {};  ///< of all rounds
};

struct Comparison {
  std::vector<ComparedLab> labs;
  std::vector<ComparedMetric> metrics;  ///< in the order of the tests
  std::size_t rounds = 0;
  bool interrupted = false;
  std::string began;  ///< RFC 3339, UTC
  check::Environment environment;
};

/// `runs`: for each lab its reports, at least one, in the order of the rounds.
Comparison compare(const std::vector<std::vector<check::Report>>& runs);

/// A table, see TextTable: medians, and in brackets how many times the first lab's.
std::string comparison_text(const Comparison& comparison, std::size_t columns = 0);
/// Everything, with least and most. Ends with a newline.
std::string comparison_json(const Comparison& comparison);
/// One page that needs nothing else: the table, and a plot for each metric.
std::string comparison_html(const Comparison& comparison);

}  // namespace netrig::report
