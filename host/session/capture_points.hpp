// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capture/tap.hpp"
#include "engine/record.hpp"
#include "session/capture.hpp"

namespace netrig::session {

/// To open and to close a ring is to wait until no processor can be at it (synchronize_net), which many can do at once.
inline constexpr unsigned kRingThreads = 32;

/// One interface of a lab that is captured at.
struct CapturePoint {
  std::string space;
  std::uint64_t cookie = 0;                ///< of the namespace
  std::unique_ptr<capture::Tap> tap = {};  ///< nullptr: gone
  capture::Counts before = {};             ///< when all had been opened
  CapturedInterface result = {};
  /// Of one that is gone: when its last block can have been read.
  std::optional<std::chrono::steady_clock::time_point> closing = {};
};

struct CapturePoints {
  std::chrono::milliseconds gather{};  ///< of each
  std::vector<CapturePoint> points = {};
  std::vector<std::string> not_up = {};
};

/// Opens all interfaces that match. Throws Error as capture_packets() does.
CapturePoints open_points(const engine::Record& record, const CaptureRequest& request);

}  // namespace netrig::session
