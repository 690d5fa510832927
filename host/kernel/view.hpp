// SPDX-License-Identifier: Apache-2.0
// What a namespace is to its commands, beyond the network: a host name, and directories of its own.
#pragma once
#include <string>

#include "model/lab.hpp"

namespace netrig::kernel {

/// Where the directory lies that commands of a namespace see at `path`. It is there while the lab is up.
std::string place_of(const std::string& lab, const std::string& space, const std::string& path);

/// Shows a view to this process, which has one thread and a mount namespace of its own (move_in). Throws Error.
void take_view(const View& view, const std::string& lab, const std::string& space);

}  // namespace netrig::kernel
