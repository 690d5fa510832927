// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "config/environment.hpp"
#include "config/parts.hpp"

namespace netrig::config {

using Values = Environment;

/// `values` of a namespace or of a file, sorted.
Values read_values(const Table& table);
/// `files` of a namespace with these values, sorted by path.
std::vector<OwnFile> read_own_files(const Table& files, const std::string& space, const Values& values,
                                    const Surroundings& around);

/// "0755"; nothing: the key is not there.
std::optional<std::uint32_t> read_mode(const Table& table);
/// `owner` and `group`, as far as they are there.
void read_owner(const Table& table, std::string& owner, std::string& group);

}  // namespace netrig::config
