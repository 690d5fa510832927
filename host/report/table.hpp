// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

namespace netrig::report {

/// A table for people: columns as wide as they need, two spaces between, no trailing space. Cells are shown as
/// one_line().
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  void add(std::vector<std::string> row);
  /// `columns`: what a terminal has; 0: a line is as long as it needs. Where a row does not fit, its cells are broken
  /// at blanks; where that is not enough, its last cell goes below it; and where the others do not fit without it,
  /// each row is a paragraph with a line for each cell that holds something.
  [[nodiscard]] std::string str(std::size_t columns = 0) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// "3 namespaces", "1 device".
std::string counted(std::size_t number, const std::string& singular);

}  // namespace netrig::report
