// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "capture/tap.hpp"
#include "engine/record.hpp"
#include "kernel/link_notices.hpp"
#include "session/capture.hpp"

namespace netrig::session {

/// To open and to close a ring is to wait until no processor can be at it (synchronize_net), which many can do at once.
inline constexpr unsigned kRingThreads = 32;

/// One interface of a lab that is captured at.
struct CapturePoint {
  std::string space;
  std::uint64_t cookie = 0;  ///< of the namespace
  std::uint32_t ifindex = 0;
  std::unique_ptr<capture::Tap> tap = {};  ///< nullptr: gone
  capture::Counts before = {};             ///< when all had been opened
  CapturedInterface result = {};
  /// Of one that is gone: when its last block can have been read.
  std::optional<std::chrono::steady_clock::time_point> closing = {};
};

/// A namespace that patterns mean, where interfaces may come up.
struct CaptureHome {
  std::string space;
  std::uint64_t cookie = 0;
  UniqueFd fd = {};
  std::unique_ptr<kernel::LinkNotices> notices = {};
  std::vector<std::string> not_up = {};  ///< interfaces that match, as "namespace:interface"
};

struct CapturePoints {
  capture::TapSpec spec = {};  ///< of each
  std::vector<CapturePoint> points = {};
  std::vector<CaptureHome> homes = {};
};

/// Opens all interfaces that match. Throws Error as capture_packets() does.
CapturePoints open_points(const engine::Record& record, const CaptureRequest& request);
/// Opens those of a home that are up and none of `known`, by ifindex. Forgets its notices.
std::vector<CapturePoint> open_more(CaptureHome& home, const CaptureRequest& request, const capture::TapSpec& spec,
                                    const std::set<std::uint32_t>& known);

}  // namespace netrig::session
