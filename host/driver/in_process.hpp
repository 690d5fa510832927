// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "driver/driver.hpp"
#include "driver/loader.hpp"
#include "driver/policy.hpp"
#include "driver/secrets.hpp"

namespace netrig::driver {

/// A driver that runs in this process, with all its powers: for plugins that are trusted as much as netrig itself.
/// `rules.granted`: only what note and policy agree on. `secrets`: nullptr: those of the parameters that an operation
/// has are all that are known.
std::unique_ptr<Driver> make_in_process(const netrig_functions& functions,
                                        std::shared_ptr<const DriverDescription> about, const DriverRules& rules,
                                        std::shared_ptr<Secrets> secrets = nullptr);

}  // namespace netrig::driver
