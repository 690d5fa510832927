// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <sys/types.h>

#include <string>

#include "process/process.hpp"

namespace netrig::session {

/// By name or number. Throws Error{not_found}.
gid_t group_of(const std::string& name);

}  // namespace netrig::session
