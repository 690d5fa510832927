// SPDX-License-Identifier: Apache-2.0
// Objects of the ledger as JSON, and back: of those that outlive a lab in a namespace that others use.
#pragma once
#include <nlohmann/json_fwd.hpp>

#include "model/step.hpp"

namespace netrig::engine {

nlohmann::json to_json(const Object& object);
/// Throws std::exception if it is not as to_json() wrote it.
Object object_of(const nlohmann::json& json);

}  // namespace netrig::engine
