// SPDX-License-Identifier: Apache-2.0
// Every kind of table of a host policy, with its keys.
#pragma once
#include <vector>

#include "toml/keys.hpp"

namespace netrig::driver {

const tomlfile::Section& policy_keys();
const tomlfile::Section& policy_plugin_keys();
const tomlfile::Section& policy_lab_keys();
const tomlfile::Section& policy_trust_keys();
const tomlfile::Section& policy_limit_keys();
const tomlfile::Section& policy_audit_keys();
const tomlfile::Section& policy_driver_keys();

/// All of them; the file itself comes first.
std::vector<const tomlfile::Section*> all_policy_keys();

}  // namespace netrig::driver
