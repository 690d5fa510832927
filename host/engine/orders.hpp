// SPDX-License-Identifier: Apache-2.0
// Drivers' orders as netlink messages, and the services a driver may use while it runs.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "driver/driver.hpp"
#include "engine/record.hpp"
#include "engine/spaces.hpp"

namespace netrig::engine {

/// Where the interfaces and references of one device are, by their index in the driver's request.
struct DeviceSpaces {
  std::vector<Space*> homes;       ///< nullptr: gone
  std::vector<Space*> references;  ///< likewise
};

/// The space whose socket carries an order: that of the lower link, or of what its data
/// refers to, if there is one, else that of the interface.
Space& sender_of(const driver::Order& order, const DeviceSpaces& spaces);

/// Appends one message. `interfaces` and `references` are those of the driver's request, `ifindexes` those chosen.
void append_order(kernel::Batch& batch, const driver::Order& order, const DeviceSpaces& spaces,
                  const std::vector<driver::InterfaceRequest>& interfaces,
                  const std::vector<driver::Reference>& references, const std::vector<std::uint32_t>& ifindexes);

/// Notes of the interfaces that an order makes what the host then knows of them.
void note_made(const driver::LinkOrder& order, std::vector<MadeInterface>& interfaces);

/// The kernel's no to an order, as one sentence that says what would help.
Error order_error(const driver::Order& order, const kernel::Refusal& refusal,
                  const std::vector<MadeInterface>& interfaces);

/// Services for one operation of a driver. Thread: that of the operation, which may be moved between namespaces.
class DeviceServices final : public driver::Services {
 public:
  struct Context {
    DeviceSpaces spaces;
    std::vector<driver::InterfaceRequest> interfaces;
    std::vector<driver::Reference> references;
    std::vector<MadeInterface> made;  ///< with the ifindexes to be used
    const std::atomic<bool>* interrupted = nullptr;
    std::string about;                             ///< for the log: lab, device and driver
    const MadeDevice* device = nullptr;            ///< destroy: what the record says of it
    std::function<void(driver::Bytes)> save = {};  ///< writes its record into the journal; empty: it cannot have one
  };
  explicit DeviceServices(Context context) : context_(std::move(context)) {}

  driver::Flushed flush(std::vector<driver::Order> orders) override;
  void save_record(driver::Bytes record) override;
  std::uint32_t ifindex(std::uint32_t interface) override;
  bool get_link(std::uint32_t interface, const Receive& each) override;
  void request(std::uint32_t interface, std::uint16_t type, std::uint16_t flags, std::span<const std::byte> message,
               const Receive& answer) override;
  std::optional<std::uint16_t> genl_family(std::uint32_t interface, const std::string& name) override;
  void genl_request(std::uint32_t interface, std::uint16_t family, std::uint8_t command, std::uint8_t version,
                    std::uint16_t flags, std::span<const std::byte> attributes, const Receive& answer) override;
  std::optional<std::string> sysfs(std::uint32_t interface, const std::string& path) override;
  bool write_sysfs(std::uint32_t interface, const std::string& path, std::span<const std::byte> value) override;
  UniqueFd open_socket(std::uint32_t interface, std::uint32_t kind) override;
  std::uint32_t create_tun(const driver::TunOrder& order) override;
  UniqueFd open_queue(std::uint32_t interface) override;
  void log(std::uint32_t level, const std::string& text) override;
  [[nodiscard]] bool interrupted() const override;
  /// What has been made so far, with what is known of it.
  [[nodiscard]] const std::vector<MadeInterface>& made() const { return context_.made; }

 private:
  Space& home(std::uint32_t interface);
  /// One order; what the kernel says against it.
  std::optional<driver::ServiceError> carry_out(const driver::Order& order);
  /// Number of an interface; nothing: it, or its namespace, is not there.
  std::optional<std::uint32_t> find(std::uint32_t interface);
  /// destroy: false if what has that number is not the device's. Throws Error{denied} if it is, and was not made by it.
  bool may_delete(std::uint32_t interface, std::uint32_t number);
  [[nodiscard]] std::vector<std::uint32_t> ifindexes() const;
  /// How long the kernel is waited for on behalf of the operation.
  [[nodiscard]] Patience patience() const;
  /// One request with all its answers, of which `answer` hears when the exchange is over: a driver that then asks for
  /// more, or a worker that does not read, leaves no half-read socket behind.
  std::optional<kernel::Refusal> ask(kernel::Socket& socket, kernel::Batch& batch, const Receive& answer) const;
  /// The link of that number; 0: all that the namespace has.
  [[nodiscard]] std::vector<kernel::LinkState> links(Space& space, std::uint32_t number) const;
  /// By a name whoever has it is reached, and somebody may have renamed ours.
  void check_name(std::uint32_t interface);

  Context context_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> made_;
};

}  // namespace netrig::engine
