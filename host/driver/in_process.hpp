// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "driver/driver.hpp"
#include "driver/loader.hpp"

namespace netrig::driver {

/// A driver that runs in this process, with all its powers: for plugins that are trusted as much as netrig itself.
/// `granted`: NETRIG_WANTS_* that note and policy agree on.
std::unique_ptr<Driver> make_in_process(Loaded loaded, std::uint32_t granted);

}  // namespace netrig::driver
