// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <string_view>

namespace netrig::report {

/// One line on a terminal that says how far long work has come; short work shows nothing. Thread: one at a time.
class Progress {
 public:
  /// `wanted`: also show it; nothing is shown if standard error is no terminal.
  explicit Progress(bool wanted);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(std::string_view stage, std::size_t done, std::size_t total);
  /// Takes the line away.
  void clear();

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_{};
  bool on_terminal_ = false;
  bool shown_ = false;
};

}  // namespace netrig::report
