// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <netrig/driver.h>

#include <algorithm>

#include "config/parts.hpp"

namespace netrig::config {
namespace {

std::shared_ptr<const DriverDescription> find_driver(const Text& kind, const Surroundings& around,
                                                     const Context& context) {
  std::shared_ptr<const DriverDescription> driver;
  try {
    driver = around.drivers->find(kind.value);
  } catch (const Error& error) {
    context.fail(kind.where, error.message(), error.code());
  }
  if (driver) return driver;
  const auto kinds = around.drivers->kinds();
  const auto hint = closest(kind.value, kinds);
  context.fail(kind.where,
               fmt::format("unknown driver \"{}\"; {}", kind.value.substr(0, 64),
                           hint            ? fmt::format("did you mean \"{}\"?", *hint)
                           : kinds.empty() ? std::string("no driver is installed")
                                           : fmt::format("there are {}", fmt::join(kinds, ", "))),
               ErrorCode::driver);
}

}  // namespace

Device read_device(const Text& name, const Table& table, const Surroundings& around) {
  table.allow(device_keys());
  const Context& context = table.context();
  if (const auto fault = device_name_fault(name.value))
    context.fail(name.where,
                 fmt::format("device name \"{}\" {}; use letters, digits and . _ - @ +", name.value, *fault));
  const Text kind = table.required_text("driver");
  Device device{.name = DeviceName(name.value), .driver = kind.value, .where = name.where};
  device.about = find_driver(kind, around, context);
  const DriverDescription& driver = *device.about;
  const auto* interfaces = table.array("interfaces");
  const std::size_t count = interfaces == nullptr ? 0 : count_elements(*interfaces, context);
  if (count < driver.min_interfaces || count > driver.max_interfaces) {
    const std::string wanted = driver.min_interfaces == driver.max_interfaces
                                   ? fmt::format("{}", driver.min_interfaces)
                                   : fmt::format("{} to {}", driver.min_interfaces, driver.max_interfaces);
    context.fail(interfaces == nullptr ? name.where : table.where("interfaces"),
                 fmt::format("device \"{}\" has {} interface{}; a {} has {}", name.value, count, count == 1 ? "" : "s",
                             kind.value, wanted));
  }
  for_each_table(*interfaces, "interface", context, [&](const Table& one) {
    device.interfaces.push_back(read_interface(one, count == 1 ? &name.value : nullptr, around));
    for (Vlans& vlans : device.interfaces.back().objects.of<Vlans>()) vlans.of_bridge = is_bridge(device);
  });
  device.parameters = read_parameters(table.table("params"), name.where, driver, around, context);
  return device;
}

}  // namespace netrig::config
