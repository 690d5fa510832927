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
/// By how much a value was off the median at most, as "±3%"; empty: of one run.
std::string deviation_text(const Spread& spread);

/// One metric of one test in every lab.
struct ComparedMetric {
  std::string test;
  std::string metric;  ///< "throughput", "rtt_avg", "cpu_per_packet"...
  std::string unit;
  std::vector<std::optional<Spread>> labs = {};  ///< as Comparison::labs; nothing: not measured there

  /// Whether much of it is good: of throughput.
  [[nodiscard]] bool more_is_better() const;
  /// The lab that is better in each of its runs than all others in any. Nothing: they overlap.
  [[nodiscard]] std::optional<std::size_t> best() const;
};

struct ComparedLab {
  std::string name;
  std::string file;
  std::string description;
  std::vector<check::DriverUsed> drivers;
  check::Totals totals = {};  ///< of all rounds
};

struct Comparison {
  std::vector<ComparedLab> labs;        ///< the first is what the others are measured by
  std::vector<ComparedMetric> metrics;  ///< in the order of the tests
  std::size_t rounds = 0;
  bool interrupted = false;
  std::string began;  ///< RFC 3339, UTC
  check::Environment environment;
};

/// `runs`: for each lab its reports, at least one, in the order of the rounds.
Comparison compare(const std::vector<std::vector<check::Report>>& runs);

/// A table, see TextTable: medians, how far values were off them, in brackets how many times the first lab's, which is
/// the baseline; the best with a star.
std::string comparison_text(const Comparison& comparison, std::size_t columns = 0);
/// Everything, with least and most. Ends with a newline.
std::string comparison_json(const Comparison& comparison);
/// One page that needs nothing else: the table, and a plot for each metric.
std::string comparison_html(const Comparison& comparison);

}  // namespace netrig::report
