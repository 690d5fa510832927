// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "driver/driver.hpp"
#include "driver/loader.hpp"

namespace netrig::driver {

/// A driver that runs in this process, with all its powers: for plugins that are trusted as much as netrig itself.
std::unique_ptr<Driver> make_in_process(Loaded loaded);

}  // namespace netrig::driver
