// SPDX-License-Identifier: Apache-2.0
// Says when a lab that is up no longer is as its file says, and when it is again.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "session/session.hpp"

namespace netrig::session {

struct WatchEvent {
  enum class What : std::uint8_t {
    drift,     ///< something is not as in the file, or in another way than before
    mended,    ///< it is as in the file again, or what was not in the file is gone again
    followed,  ///< another netrig has changed the lab, whose new file counts from here on
    cut_off,   ///< another netrig was stopped while it did: nothing is compared until one finishes
    down,      ///< another netrig took the lab down: there is nothing more to watch
  };
  What what = What::drift;
  plan::Fault fault = {};  ///< of drift and mended
  bool foreign = false;    ///< of these: it is of what nobody accounts for
};

struct WatchRequest {
  bool strict = false;                                    ///< also tells of what nobody accounts for
  std::optional<std::chrono::nanoseconds> how_long = {};  ///< from when the first look is over
  std::function<bool()> gave_up = {};                     ///< asked a few times a second
  /// `lab`: as it was brought up last.
  std::function<void(const WatchEvent&, const Lab& lab)> told = {};
  /// Called when the first look is over, of which `told` has told.
  std::function<void(const Lab& lab, std::size_t differences)> begun = {};
};

/// Watches until there is nothing more to watch, the time is over or the caller gives up. Returns how many differences
/// there are then. Throws Error, {not_found} if the lab is not up.
std::size_t watch(const Host& host, const std::string& lab, const WatchRequest& request);

}  // namespace netrig::session
