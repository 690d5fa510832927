// SPDX-License-Identifier: Apache-2.0
// Where in a plugin its worker crashed, as the worker itself tells the host before it dies.
#pragma once
#include <cstdint>
#include <span>
#include <string>

namespace netrig::driver {

struct CrashPlace {
  std::uint64_t offset = 0;  ///< within the plugin, as addr2line(1) takes it
  bool called = false;       ///< it is the call in the plugin from which the crash, elsewhere, came
};

/// Those of the plugin's that a worker tells of, the innermost first, each in a message.
inline constexpr std::size_t kMostCrashPlaces = 32;

/// From now on a signal that would end this process is told first. `inside`: any address of the plugin.
void tell_crashes(const void* inside);

/// " at mynic.so+0x1139 (fill); called from +0x1203 (create)", with names where the file has symbols. `places`: the
/// innermost first; empty: none is known.
std::string to_text(std::span<const CrashPlace> places, const std::string& kind, std::span<const std::byte> file);

}  // namespace netrig::driver
