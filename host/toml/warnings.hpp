// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

namespace netrig::tomlfile {

/// "file:line:column: warning: text", ready to print.
struct Warning {
  std::string where;
  std::string message;
};

/// Warnings as they come. One that a repeat gives again and again is kept once, and no more are kept than are read.
class Warnings {
 public:
  void add(std::string where, std::string message);
  /// Each with how often it came, and how many were not kept; `file` is where those are.
  [[nodiscard]] std::vector<Warning> told(const std::string& file) const;

 private:
  struct Counted {
    Warning warning;
    std::size_t times = 1;
  };
  std::vector<Counted> kept_;
  std::unordered_map<std::string, std::size_t> index_;  // where: index in kept_
  std::size_t others_ = 0;
};

}  // namespace netrig::tomlfile
