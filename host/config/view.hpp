// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "config/parts.hpp"

namespace netrig::config {

/// `hostname` and `private` of a namespace.
View read_view(const Table& space);

}  // namespace netrig::config
