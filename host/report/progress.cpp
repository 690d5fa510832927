// SPDX-License-Identifier: Apache-2.0
#include "report/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "model/printable.hpp"
#include "report/output.hpp"
#include "report/terminal.hpp"

namespace netrig::report {
namespace {

constexpr auto kQuietFirst = std::chrono::milliseconds(300);
constexpr auto kRedraw = std::chrono::milliseconds(50);
constexpr std::size_t kWidest = 30;
constexpr std::size_t kNarrowest = 10;

}  // namespace

std::string progress_line(std::string_view stage, std::size_t done, std::size_t total, std::size_t columns) {
  // One column stays free: a terminal whose line is full is already at the next, and that one would be cleared.
  const std::size_t room = columns - std::min<std::size_t>(columns, 1);
  const std::string what = one_line(stage);
  const std::string count = fmt::format(" {}/{}", done, total);
  const std::size_t rest = width_of(what) + count.size() + 3;
  const std::size_t bar = std::clamp(room - std::min(room, rest), std::min(kNarrowest, room), kWidest);
  const std::size_t filled = total == 0 ? 0 : std::min(bar, done * bar / total);
  const std::size_t left = room - std::min(room, bar + count.size() + 3);
  return shortened(fmt::format("[{}{}] {}{}", std::string(filled, '#'), std::string(bar - filled, '.'),
                               shortened(what, left), count),
                   room);
}

Progress::Progress(bool wanted) {
  if (const Terminal terminal = terminal_at(STDERR_FILENO); wanted && terminal.escapes) columns_ = terminal.columns;
}
Progress::~Progress() { clear(); }

bool Progress::is_due() {
  const auto now = std::chrono::steady_clock::now();
  if (columns_ == 0 || now - began_ < kQuietFirst || now - last_ < kRedraw) return false;
  last_ = now;
  return true;
}

void Progress::draw(const std::string& line) {
  shown_ = true;
  say_error("\r\x1b[K" + line);
}

void Progress::show(std::string_view stage, std::size_t done, std::size_t total) {
  if (is_due()) draw(progress_line(stage, done, total, columns_));
}

void Progress::show(std::string_view text) {
  // One column stays free, as in progress_line().
  if (is_due()) draw(shortened(one_line(text), columns_ - 1));
}

void Progress::clear() {
  if (!shown_) return;
  say_error("\r\x1b[K");
  shown_ = false;
}

}  // namespace netrig::report
