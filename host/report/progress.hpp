// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace netrig::report {

/// "[####......] creating devices 40/100" in fewer columns than a terminal has.
std::string progress_line(std::string_view stage, std::size_t done, std::size_t total, std::size_t columns);

/// One line on a terminal that says how far long work has come; short work shows nothing. Thread: one at a time.
class Progress {
 public:
  /// `wanted`: also show it; nothing is shown if standard error is no terminal, or one that cannot take a line back.
  explicit Progress(bool wanted);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(std::string_view stage, std::size_t done, std::size_t total);
  /// The same of work that has no known end: "12 packets".
  void show(std::string_view text);
  /// Takes the line away.
  void clear();

 private:
  [[nodiscard]] bool is_due();
  void draw(const std::string& line);

  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_{};
  std::size_t columns_ = 0;  ///< of the terminal; 0: nothing is shown
  bool shown_ = false;
};

}  // namespace netrig::report
