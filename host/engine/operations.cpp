// SPDX-License-Identifier: Apache-2.0
// Operations of drivers on devices that are there.
#include <fmt/format.h>
#include <netrig/driver.h>

#include <algorithm>

#include "engine/device_context.hpp"
#include "engine/inspection.hpp"
#include "engine/orders.hpp"
#include "engine/run.hpp"
#include "kernel/inside.hpp"

namespace netrig::engine {
namespace {

const MadeDevice& made_of(const Run& run, const Device& device) {
  const auto& all = run.journal.record().devices;
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const MadeDevice& one) { return one.name == device.name.str(); });
  if (found == all.end())
    throw Error(ErrorCode::internal, fmt::format("device {} is not in the ledger", device.name.str()));
  return *found;
}

/// One device with what its driver is given.
class Operation {
 public:
  Operation(Run& run, const Lab& lab, const Device& device)
      : run_(run), lab_(lab), device_(device), made_(made_of(run, device)) {
    context_.interrupted = run.interruptible ? run.options.interrupted : nullptr;
    context_.about = about_device(lab, device);
    context_.made = made_.interfaces;
    context_.references = resolve_references(run, lab, device, context_.spaces.references);
    context_.save = [this](driver::Bytes record) {
      made_.record = std::move(record);
      write();
    };
    for (const MadeInterface& interface : made_.interfaces) {
      Space* space = run.spaces.find(interface.home);
      context_.spaces.homes.push_back(space);
      context_.interfaces.push_back({.name = interface.name,
                                     .netns_fd = space == nullptr ? -1 : space->fd().get(),
                                     .ifindex = space == nullptr ? 0 : interface.ifindex});
    }
  }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  ~Operation() = default;

  /// What it has from here on, before it has it.
  void write_parameters() {
    made_.parameters = parameters_to_keep(device_);
    write();
  }

  /// Runs one function of the driver, and carries out what it queues.
  template <typename Function>
  void run(const Function& function, std::vector<std::string> changed = {}) {
    try {
      DeviceServices services(context_);
      driver::DeviceAnswer answer = function(run_.drivers.open(device_.driver),
                                             driver::DeviceRequest{.lab = lab_.name.str(),
                                                                   .device = device_.name.str(),
                                                                   .interfaces = context_.interfaces,
                                                                   .references = context_.references,
                                                                   .parameters = &device_.parameters,
                                                                   .record = made_.record,
                                                                   .changed = std::move(changed)},
                                             services);
      const driver::Flushed flushed = services.flush(std::move(answer.orders));
      if (flushed.refusal) throw *flushed.refusal;
    } catch (const Error& error) {
      throw in_context(error, lab_, device_);
    }
  }

 private:
  void write() { run_.journal.done(std::vector{made_}); }

  Run& run_;
  const Lab& lab_;
  const Device& device_;
  MadeDevice made_;
  DeviceServices::Context context_;
};

}  // namespace

void change_devices(Run& run, const Lab& lab, const std::vector<plan::DeviceChange>& which) {
  if (which.empty()) return;
  kernel::aside([&] {
    for (const plan::DeviceChange& one : which) {
      const Device& device = lab.devices[one.device];
      Operation operation(run, lab, device);
      operation.write_parameters();
      std::vector<std::string> changed;
      for (const SettingChange& change : one.changes) changed.push_back(change.name);
      operation.run([](driver::Driver& driver, const driver::DeviceRequest& request,
                       driver::Services& services) { return driver.change(request, services); },
                    std::move(changed));
    }
  });
}

void change_in_place(Run& run, Place& place, const Lab& next, const plan::Plan& plan) {
  for (const plan::DeviceChange& one : plan.change_devices) {
    run.checkpoint();
    run.changed_devices.insert(next.devices[one.device].name.str());
    place.change_devices(next, {one});
  }
}

driver::DeviceAnswer ask_to_destroy(Run& run, const MadeDevice& made, DeviceServices::Context& context) {
  driver::Driver& driver = run.drivers.open(made.driver);
  const DriverDescription& about = driver.description();
  driver::DeviceAnswer answer;
  // Of a device that was not made, and of which nothing was saved, its driver knows nothing.
  if (!made.settled && !made.created && made.record.empty() && about.has(NETRIG_FUNCTION_DESTROY)) {
    for (std::uint32_t i = 0; i < made.interfaces.size(); ++i) answer.orders.emplace_back(driver::LinkDeletion{i});
    return answer;
  }
  context.save = [&run, known = made](driver::Bytes record) mutable {
    known.record = std::move(record);
    run.journal.done(std::vector{known});
  };
  const Parameters parameters = kept_parameters(made, about);
  find_references(run.spaces, parameters, context);
  DeviceServices services(context);
  return driver.destroy({.lab = run.journal.record().lab,
                         .device = made.name,
                         .interfaces = context.interfaces,
                         .references = context.references,
                         .parameters = &parameters,
                         .record = made.record},
                        services);
}

void settle_devices(Run& run, const Lab& lab, const std::vector<std::size_t>& which) {
  std::vector<const Device*> wanting;
  for (const std::size_t d : which)
    if (const Device& device = lab.devices[d]; device.about && device.about->has(DriverDescription::kSettles))
      wanting.push_back(&device);
  if (wanting.empty()) return;
  kernel::aside([&] {
    for (const Device* device : wanting) {
      run.checkpoint();
      Operation(run, lab, *device)
          .run([](driver::Driver& driver, const driver::DeviceRequest& request, driver::Services& services) {
            return driver.settle(request, services);
          });
    }
  });
}

}  // namespace netrig::engine
