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
  DriverDescription description;
};

/// Loads the sealed bytes and checks the descriptor against the note. Throws Error{driver} with the reason.
Loaded load_plugin(const SealedPlugin& plugin, const Note& note);

}  // namespace netrig::driver
