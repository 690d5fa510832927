// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <vector>

#include "model/parameter.hpp"
#include "toml/schema.hpp"

namespace netrig::config {

/// JSON Schema of lab files on a machine that has these drivers: each has a branch with its parameters.
tomlfile::SchemaJson lab_schema(const std::vector<std::shared_ptr<const DriverDescription>>& drivers);

}  // namespace netrig::config
