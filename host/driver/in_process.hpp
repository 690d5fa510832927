// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "driver/driver.hpp"
#include "driver/loader.hpp"
#include "driver/policy.hpp"

namespace netrig::driver {

/// A driver that runs in this process, with all its powers: for plugins that are trusted as much as netrig itself.
/// `rules.granted`: only what note and policy agree on.
std::unique_ptr<Driver> make_in_process(const netrig_functions& functions,
                                        std::shared_ptr<const DriverDescription> about, const DriverRules& rules);

}  // namespace netrig::driver
