// SPDX-License-Identifier: Apache-2.0
// What a namespace is to its commands, beyond the network: a host name, and files and directories of its own.
#pragma once
#include <string>

#include "model/lab.hpp"

namespace netrig::kernel {

inline constexpr const char* kPrivate = "private";  ///< in the lab's record
inline constexpr const char* kHosts = "hosts";      ///< in the lab's record, if there is one
inline constexpr const char* kMachineHosts = "/etc/hosts";

/// The lab's own /etc/hosts.
std::string hosts_of(const std::string& lab);
/// Where the directory lies that commands of a namespace see at `path`. It is there while the lab is up.
std::string place_of(const std::string& lab, const std::string& space, const std::string& path);

/// Shows a view to this process, which has one thread and a mount namespace of its own (move_in). Throws Error.
void take_view(const View& view, const std::string& lab, const std::string& space);

}  // namespace netrig::kernel
