// SPDX-License-Identifier: Apache-2.0
// What drivers tell of devices that are there.
#pragma once
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "driver/registry.hpp"
#include "engine/orders.hpp"
#include "engine/record.hpp"
#include "engine/spaces.hpp"
#include "plan/plan.hpp"
#include "plan/words.hpp"

namespace netrig::engine {

/// Interfaces that parameters name, as they are now, if they still are.
void find_references(Spaces& spaces, const Parameters& parameters, DeviceServices::Context& context);

/// A device of the record as an operation of its driver sees it.
struct Inspected {
  DeviceServices::Context context;
  driver::DeviceRequest request;  ///< points into `parameters`
  Parameters parameters;
};
/// Prepares it: its interfaces and references, as far as they are in `spaces`, and parameters that the record kept.
/// Thread: may end up in any namespace.
std::unique_ptr<Inspected> prepare_inspection(Spaces& spaces, const Record& record, const MadeDevice& made,
                                              const DriverDescription& about);

/// Of one device; `gone`: its driver says that it is.
struct Told {
  Parameters parameters = {};
  bool gone = false;
  std::string fault = {};  ///< why it could not be asked, and nothing is known; empty: it could
};
/// By name, of all devices of a lab whose drivers tell of parameters that only functions read. Spaces that it needs and
/// that are not open it opens.
std::unordered_map<std::string, Told> ask_devices(driver::Registry& drivers, Spaces& spaces, const Record& record,
                                                  const Lab& lab);
/// Adds it to what was seen.
void add_told(std::unordered_map<std::string, Told>&& told, plan::Seen& seen);
/// How a lab differs by it from what its file says.
std::vector<plan::Line> drift_of(const std::unordered_map<std::string, Told>& told, const Lab& lab);

}  // namespace netrig::engine
