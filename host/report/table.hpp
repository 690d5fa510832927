// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

namespace netrig::report {

/// A table for people: columns as wide as they need, two spaces between, no trailing space.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] std::string str() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// "3 namespaces", "1 device".
std::string counted(std::size_t number, const std::string& singular);

}  // namespace netrig::report
