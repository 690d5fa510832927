// SPDX-License-Identifier: Apache-2.0
// What operations of drivers on devices of a lab have in common (devices.cpp, operations.cpp).
#pragma once
#include <string>
#include <vector>

#include "engine/orders.hpp"
#include "engine/run.hpp"

namespace netrig::engine {

/// Interfaces that its parameters name, and where they are. Throws Error{not_found}.
std::vector<driver::Reference> resolve_references(Run& run, const Lab& lab, const Device& device,
                                                  std::vector<Space*>& spaces);
/// Says which device and driver a message is about; the driver knows neither.
Error in_context(const Error& error, const Lab& lab, const Device& device);
/// For the log: lab, device and driver.
std::string about_device(const Lab& lab, const Device& device);

/// What the driver of a device of the record wants deleted; its own work, if it has any, is done when this returns.
/// `context`: with the device's interfaces. Throws Error.
driver::DeviceAnswer ask_to_destroy(Run& run, const MadeDevice& made, DeviceServices::Context& context);

}  // namespace netrig::engine
