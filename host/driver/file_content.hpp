// SPDX-License-Identifier: Apache-2.0
// Files as drivers get them: copies in memory, which lead nowhere else and which nobody can change.
#pragma once
#include <string_view>

#include "model/unique_fd.hpp"

namespace netrig::driver {

/// A descriptor of its own, at the begin of the bytes. Throws Error.
UniqueFd sealed_copy(std::string_view bytes);

}  // namespace netrig::driver
