// SPDX-License-Identifier: Apache-2.0
// What a worker does to itself before code of a plugin can run: docs/administrators.md, "Isolation".
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "driver/messages.hpp"

namespace netrig::driver {

/// Descriptors that a worker finds open.
inline constexpr int kWorkerSocket = 3;
inline constexpr int kWorkerPlugin = 4;

struct FenceOptions {
  std::uint32_t granted = 0;       ///< NETRIG_WANTS_* that come back as capabilities
  std::uint64_t memory = 0;        ///< address space; Units: bytes. 0: no limit
  std::uint64_t descriptors = 64;  ///< open at once
  int parent = 0;                  ///< process to die with
};

/// Loads libraries that the plugin may need, from the system's directories, while files can still be opened.
/// Throws Error{driver} if one is missing, or comes from a place that others than root can write.
void preload_libraries(const std::vector<std::string>& names);

/// Gives up session, limits, root directory, user, capabilities, and all system calls but those a driver and the
/// dynamic loader need. What cannot be given up for want of a privilege or a kernel feature is reported where the rest
/// makes up for it, and thrown as Error{driver} where it does not.
FenceReport fence_in(const FenceOptions& options);

/// Gives up opening files and mapping code too, once the plugin is loaded.
void close_fence(const FenceOptions& options);

/// The kernel's set of capabilities (one bit each) for NETRIG_WANTS_*.
std::uint64_t capabilities_of(std::uint32_t granted);

/// Version of Landlock in this kernel; 0: none.
std::uint32_t landlock_version();
/// Whether this kernel has seccomp filters with the actions needed.
bool has_seccomp();
/// Name of a system call of this machine.
std::string syscall_name(std::uint32_t number);

/// seccomp filters (filter.cpp). Both throw Error{driver}.
void install_loading_filter(std::uint32_t granted);
void install_driver_filter(std::uint32_t granted);

}  // namespace netrig::driver
