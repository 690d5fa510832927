// SPDX-License-Identifier: Apache-2.0
// Where in a plugin its worker crashed, as the worker itself tells the host before it dies.
#pragma once
#include <cstdint>
#include <string>

namespace netrig::driver {

struct CrashPlace {
  std::uint64_t offset = 0;  ///< within the plugin, as addr2line(1) takes it
  bool called = false;       ///< it is the call in the plugin from which the crash, elsewhere, came
};

/// From now on a signal that would end this process is told first. `inside`: any address of the plugin.
void tell_crashes(const void* inside);

/// " at mynic.so+0x1139"
std::string to_text(const CrashPlace& place, const std::string& kind);

}  // namespace netrig::driver
