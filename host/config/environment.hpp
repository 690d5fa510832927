// SPDX-License-Identifier: Apache-2.0
// Tables of a lab file whose keys become variables in the environment of commands.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/parts.hpp"

namespace netrig::config {

/// By name.
using Environment = std::vector<std::pair<std::string, std::string>>;

/// The table `key` of `owner`, sorted; empty if there is none. Integers are written out. `fault`: what is wrong with a
/// name; nothing: it may be one.
Environment read_variables_of(const Table& owner, const char* key,
                              const std::function<std::optional<std::string>(const std::string&)>& fault);

/// What is wrong with a name that netrig sets itself.
std::string netrigs_own(const std::string& name);

}  // namespace netrig::config
