// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <netrig/driver.h>

#include <string>

#include "driver/trust.hpp"
#include "model/parameter.hpp"

namespace netrig::driver {

/// Loads the plugin behind a path that names its sealed bytes, and finds the functions that its table promises. The
/// code stays until the process ends: nothing is ever unloaded. Throws Error{driver}.
const netrig_functions& load_plugin(const std::string& path, const DriverDescription& about);

/// A path that makes the dynamic loader load this plugin, whatever it has loaded before.
std::string loading_path(const SealedPlugin& plugin);

}  // namespace netrig::driver
