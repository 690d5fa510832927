// SPDX-License-Identifier: Apache-2.0
// What drivers are asked, ask for and answer, written down as it happens, for whoever writes one.
#pragma once
#include <chrono>
#include <memory>
#include <mutex>
#include <string_view>

#include "driver/driver.hpp"

namespace netrig::driver {

/// A file of JSON lines (docs/drivers/debugging.md). Of a driver with secret parameters no bytes are written, only how
/// many there were. Thread: safe.
class Trace {
 public:
  /// `file`: what cannot be written to it is warned of, once.
  explicit Trace(UniqueFd file) : file_(std::move(file)), began_(Clock::now()) {}

  /// Time since the trace began.
  [[nodiscard]] std::chrono::microseconds now() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began_);
  }
  void write(std::string_view line);

 private:
  std::mutex mutex_;
  UniqueFd file_;
  Clock::time_point began_;
  bool failed_ = false;
};

/// The same driver, of which everything is written down.
std::unique_ptr<Driver> make_traced(std::unique_ptr<Driver> driver, std::shared_ptr<Trace> trace);

}  // namespace netrig::driver
