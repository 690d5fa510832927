// SPDX-License-Identifier: Apache-2.0
// Packets of the interfaces of a lab that is up.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "capture/packet.hpp"
#include "capture/tap.hpp"
#include "model/test.hpp"

namespace netrig::session {

struct CapturedInterface {
  std::string name;           ///< "namespace:interface"
  std::uint64_t packets = 0;  ///< that were handed on
  capture::Counts counts = {};
  std::optional<std::string> gone = {};  ///< why there were no more from some time on
};

enum class CaptureEnd : std::uint8_t {
  gave_up,   ///< the caller did
  count,     ///< there are as many packets as were wanted
  duration,  ///< the time is over
  down,      ///< another netrig takes the lab down
  unread,    ///< nobody wants the packets any more
  deserted,  ///< every interface is gone
};

struct Captured {
  CaptureEnd end = CaptureEnd::gave_up;
  std::uint64_t packets = 0;
  std::vector<CapturedInterface> interfaces = {};
};

struct CaptureRequest {
  std::vector<InterfacePattern> interfaces = {};
  std::string filter = {};
  std::uint32_t snap = capture::kLongestSnap;
  std::optional<std::uint64_t> count = {};                ///< packets
  std::optional<std::chrono::nanoseconds> how_long = {};  ///< from when all interfaces are open
  std::function<bool()> gave_up = {};                     ///< asked several times a second
  /// Packets that come from now on are captured. `not_up`: interfaces that match and are not; they join when they are.
  std::function<void(const std::vector<capture::Interface>&, const std::vector<std::string>& not_up)> begun = {};
  /// One has come up, or was made, and is captured at from now on.
  std::function<void(const capture::Interface&)> joined = {};
  std::function<void(const CapturedInterface&)> gone = {};
  std::function<void(std::uint64_t packets)> progress = {};  ///< called several times a second
};

/// Captures at all interfaces that match, also those that come up or are made meanwhile in namespaces that the lab has
/// when it begins, until there is a reason to end, which is none of an error. The lab's namespaces are held no longer.
/// Throws Error, {not_found} if the lab is not up or nothing matches, {invalid} for a
/// filter that is none; what the sink throws goes on.
Captured capture_packets(const std::string& lab, const CaptureRequest& request, capture::Sink& sink);

}  // namespace netrig::session
