// SPDX-License-Identifier: Apache-2.0
#include "report/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "report/output.hpp"

namespace netrig::report {
namespace {

constexpr auto kQuietFirst = std::chrono::milliseconds(300);
constexpr auto kRedraw = std::chrono::milliseconds(50);
constexpr std::size_t kWidth = 30;

}  // namespace

Progress::Progress(bool wanted) : on_terminal_(wanted && ::isatty(STDERR_FILENO) != 0) {}
Progress::~Progress() { clear(); }

void Progress::show(std::string_view stage, std::size_t done, std::size_t total) {
  const auto now = std::chrono::steady_clock::now();
  if (!on_terminal_ || now - began_ < kQuietFirst || now - last_ < kRedraw) return;
  last_ = now;
  shown_ = true;
  const std::size_t filled = total == 0 ? 0 : std::min(kWidth, done * kWidth / total);
  say_error(fmt::format("\r\x1b[K[{}{}] {} {}/{}", std::string(filled, '#'), std::string(kWidth - filled, '.'), stage,
                        done, total));
}

void Progress::clear() {
  if (!shown_) return;
  say_error("\r\x1b[K");
  shown_ = false;
}

}  // namespace netrig::report
