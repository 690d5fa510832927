// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "config/parts.hpp"

namespace netrig::config {

/// `hostname`, `private`, `values` and `files` of a namespace.
View read_view(const std::string& name, const Table& space, const Surroundings& around);
/// `commands`.
std::vector<NamespaceCommand> read_setup(const Table& space);

}  // namespace netrig::config
