// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <netrig/driver.h>

#include "driver/elf.hpp"
#include "driver/trust.hpp"
#include "model/parameter.hpp"

namespace netrig::driver {

/// A plugin in this process. The code stays until the process ends: nothing is ever unloaded.
struct Loaded {
  const netrig_driver* descriptor = nullptr;
  DriverDescription description = {};
};

/// Loads the plugin behind a path that names its sealed bytes and reads its descriptor. Throws Error{driver}.
Loaded load_plugin(const std::string& path, const Note& note);

/// A path that makes the dynamic loader load this plugin, whatever it has loaded before.
std::string loading_path(const SealedPlugin& plugin);

/// Checks what a descriptor says, whoever read it, and adds what the note says. Throws Error{driver} with the reason.
void complete_description(DriverDescription& description, const Note& note);

}  // namespace netrig::driver
