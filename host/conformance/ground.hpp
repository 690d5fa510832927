// SPDX-License-Identifier: Apache-2.0
// Namespaces that nobody else sees, with devices of a driver in them as the engine makes and removes them.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "driver/driver.hpp"
#include "engine/orders.hpp"

namespace netrig::conformance {

/// What happens to a driver while it asks for a service, counted from 1. 0: nothing.
struct Interference {
  std::uint32_t at = 0;
  std::function<void()> act = {};  ///< may throw, which is then what the service answers
};

/// A device as the host knows it.
struct Device {
  std::string name;
  Parameters parameters;
  engine::DeviceServices::Context context;
  driver::Bytes record = {};
};

/// Thread: the one that it was made in, which is in its namespaces from then on.
class Ground {
 public:
  /// As many namespaces as a device has interfaces, each with a pair of links that are nobody's business, and one with
  /// a link called "lower" that devices may sit on.
  explicit Ground(std::size_t interfaces);

  /// A device that is not made yet, whose interfaces are called NAME0, NAME1...
  Device device(const std::string& name, const Parameters& parameters);
  /// Has it made; what it borrows is there before. What fails is thrown, and nothing taken back. Returns how often the
  /// driver asked for a service.
  std::uint32_t make(driver::Driver& driver, Device& device, const Interference& interference = {});
  /// Has it removed; then it can be made again.
  std::uint32_t remove(driver::Driver& driver, Device& device, const Interference& interference = {});
  driver::State inspect(driver::Driver& driver, Device& device, const Interference& interference = {});
  /// Once more, after the device is made; parameters are those of `device`, and differ in these.
  void settle(driver::Driver& driver, Device& device);
  void change(driver::Driver& driver, Device& device, const std::vector<std::string>& parameters);
  /// What is set of the link of one interface, beside parameters of its kind; empty: it is gone.
  std::vector<std::string> traits(Device& device, std::uint32_t interface);
  /// What the host does when a device could not be made: takes away the links that it had made for it.
  void roll_back(Device& device);
  /// Parameters as the kernel shows them on one interface; nothing: it is gone.
  std::optional<std::vector<LinkParameter>> look(const std::shared_ptr<const DriverDescription>& about, Device& device,
                                                 std::uint32_t interface);
  /// Sends RTM_NEWLINK with what one parameter says. Throws what the kernel says to it.
  void change(Device& device, const LinkParameter& parameter, const std::string& kind);

  /// Every link there is: "namespace 0: trial0 veth 100".
  std::vector<std::string> links();
  /// Of one interface; nothing: none of that name.
  std::optional<std::string> kind_of(std::size_t interface, const std::string& name);
  void add_link(std::size_t interface, const std::string& name);
  void delete_link(std::size_t interface, const std::string& name);

 private:
  /// What the host does for a device that borrows, before `create` and after `destroy`.
  void lend(Device& device);
  void take_back(Device& device);

  std::vector<std::unique_ptr<engine::Space>> homes_;
  std::unique_ptr<engine::Space> below_;
  std::unique_ptr<engine::Space> beyond_;  ///< has the other ends of what is lent
  std::uint32_t lower_ = 0;
};

/// Runs `body` in a thread of its own, on a new ground.
void on_ground(std::size_t interfaces, const std::function<void(Ground&)>& body);

/// What a lab would say for the interface that devices sit on.
InterfaceReference lower_link();

}  // namespace netrig::conformance
