// SPDX-License-Identifier: Apache-2.0
// The seam between the engine and device drivers: values go in, orders come out. Whether the driver runs in this
// process or in a fenced worker is not visible here.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <netrig/services.h>

#include "model/lab.hpp"
#include "model/unique_fd.hpp"

namespace netrig::driver {

using Bytes = std::vector<std::byte>;
using Clock = std::chrono::steady_clock;

/// What a driver has after its deadline, or an interruption, to end by itself.
inline constexpr auto kGrace = std::chrono::nanoseconds(NETRIG_GRACE);

/// What the kernel said when it refused something: struct netrig_error as a value.
struct KernelWords {
  int error = 0;                       ///< errno; 0: it was not the kernel who said no
  std::uint32_t offset = NETRIG_NONE;  ///< of the fault in what the driver gave
  std::string text = {};               ///< extended acknowledgement
};

/// A service that did not do what it was asked. It is the driver's to handle; any other Error that a service throws
/// with the code `denied` is the host's own no, which ends the operation.
class ServiceError : public Error {
 public:
  ServiceError(ErrorCode code, std::string message, KernelWords kernel = {})
      : Error(code, std::move(message)), kernel_(std::move(kernel)) {}
  [[nodiscard]] const KernelWords& kernel() const noexcept { return kernel_; }

 private:
  KernelWords kernel_;
};

/// The second link of an order that makes two.
struct LinkPeer {
  std::uint32_t interface = 0;
  std::uint16_t type = 0;  ///< attribute of IFLA_INFO_DATA that carries it
  Bytes attributes;
};

/// RTM_NEWLINK that makes one link, or two (with `peer`). Indexes are those of the request.
struct LinkOrder {
  std::uint32_t interface = 0;
  std::string kind;
  Bytes attributes;  ///< top-level IFLA_*; checked by the driver part
  Bytes data;        ///< content of IFLA_INFO_DATA, without the peer
  std::optional<LinkPeer> peer = {};
  std::optional<std::uint32_t> lower = {};  ///< reference whose interface is IFLA_LINK
  /// Reference in whose namespace it is made, for its data has numbers from there; `lower` is in it, if there is one.
  std::optional<std::uint32_t> beside = {};
};

/// RTM_NEWLINK that changes a link of the device.
struct LinkChange {
  std::uint32_t interface = 0;
  std::string kind;  ///< empty: no IFLA_LINKINFO
  Bytes attributes;
  Bytes data;
};

/// RTM_DELLINK of a link of the device.
struct LinkDeletion {
  std::uint32_t interface = 0;
};

using Order = std::variant<LinkOrder, LinkChange, LinkDeletion>;

struct InterfaceRequest {
  std::string name;
  int netns_fd = -1;
  std::uint32_t ifindex = 0;  ///< create: 0. Later: as recorded, 0 if gone
  std::optional<std::uint32_t> mtu = {};
  std::optional<MacAddress> mac = {};
};

/// A resolved parameter of type interface, or the loopback of the namespace that one of type namespace names. `number`
/// is its place in CreateRequest::references.
struct Reference {
  std::string parameter;
  std::uint32_t index = 0;  ///< in the parameter's list of values
  InterfaceReference target;
  int netns_fd = -1;
  std::uint32_t ifindex = 0;  ///< 0: gone, which it can be only in destroy and inspect
  bool is_namespace = false;  ///< and not an interface
  /// As the lab file has it.
  [[nodiscard]] std::string text() const {
    return is_namespace ? target.home.str() : target.home.str() + ":" + target.name.str();
  }
};

struct CreateRequest {
  std::string lab;
  std::string device;
  std::vector<InterfaceRequest> interfaces = {};
  std::vector<Reference> references = {};
  const Parameters* parameters = nullptr;
  Clock::time_point deadline = Clock::time_point::max();  ///< the policy's comes on top
};

struct CreateAnswer {
  std::vector<Order> orders;  ///< what is still to be carried out
  /// Interfaces that the driver made itself: index in the request and ifindex.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> made;
};

/// About a device that is there.
struct DeviceRequest {
  std::string lab;
  std::string device;
  std::vector<InterfaceRequest> interfaces;
  std::vector<Reference> references = {};
  const Parameters* parameters = nullptr;  ///< inspect, destroy: without secrets
  Bytes record = {};
  std::vector<std::string> changed = {};  ///< change: parameters that differ
  Clock::time_point deadline = Clock::time_point::max();
};

struct DeviceAnswer {
  std::vector<Order> orders;  ///< what is still to be carried out
};

struct State {
  bool present = false;
  std::vector<std::pair<std::string, std::string>> values = {};
  Parameters told = {};  ///< parameters that are inspected
};

/// A TUN or TAP: struct netrig_tun_device.
struct TunOrder {
  std::uint32_t interface = 0;
  std::uint32_t type = 0;   ///< NETRIG_TUN_IP, NETRIG_TUN_ETHERNET
  std::uint32_t flags = 0;  ///< NETRIG_TUN_MULTI_QUEUE...
  std::uint32_t owner = NETRIG_NONE;
  std::uint32_t group = NETRIG_NONE;
};

/// What became of orders that were carried out at once.
struct Flushed {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> made;  ///< interface index and ifindex, of all so far
  std::size_t done = 0;                                       ///< orders before the one that was refused
  std::optional<ServiceError> refusal;
};

/// What must happen while a driver's operation runs: implemented by the engine, which owns the sockets. Every call is
/// already checked against what the operation allows. Failures are thrown as ServiceError with the kernel's words; a
/// link that is gone is std::nullopt or false.
class Services {
 public:
  /// type (of message or attribute) and payload; valid until the function returns.
  using Receive = std::function<void(std::uint16_t type, std::span<const std::byte> payload)>;

  virtual ~Services() = default;
  /// When the operation must be over: what waits longer throws Error{failed}.
  void finish_by(Clock::time_point deadline) { deadline_ = deadline; }
  /// Carries out orders now, up to the first that the kernel refuses.
  virtual Flushed flush(std::vector<Order> orders) = 0;
  /// What later operations will be given; it is in the journal when this returns.
  virtual void save_record(Bytes record) = 0;
  /// Ifindex of an interface of the device that is there. Throws Error{not_found}.
  virtual std::uint32_t ifindex(std::uint32_t interface) = 0;
  /// RTM_GETLINK: each top-level attribute. false: the link is gone.
  virtual bool get_link(std::uint32_t interface, const Receive& each) = 0;
  /// One rtnetlink request; the ifindex is written into the family header here.
  virtual void request(std::uint32_t interface, std::uint16_t type, std::uint16_t flags,
                       std::span<const std::byte> message, const Receive& answer) = 0;
  virtual std::optional<std::uint16_t> genl_family(std::uint32_t interface, const std::string& name) = 0;
  virtual void genl_request(std::uint32_t interface, std::uint16_t family, std::uint8_t command, std::uint8_t version,
                            std::uint16_t flags, std::span<const std::byte> attributes, const Receive& answer) = 0;
  /// Content of /sys/class/net/INTERFACE/path in the interface's namespace. Nothing: not there.
  virtual std::optional<std::string> sysfs(std::uint32_t interface, const std::string& path) = 0;
  /// Writes it. false: not there.
  virtual bool write_sysfs(std::uint32_t interface, const std::string& path, std::span<const std::byte> value) = 0;
  /// A new socket (NETRIG_SOCKET_*) in the namespace of an interface, or of a reference with NETRIG_OF_REFERENCE.
  virtual UniqueFd open_socket(std::uint32_t interface, std::uint32_t kind) = 0;
  /// Returns its ifindex.
  virtual std::uint32_t create_tun(const TunOrder& order) = 0;
  virtual UniqueFd open_queue(std::uint32_t interface) = 0;
  /// One line of the driver's for the log. level: NETRIG_LOG_*.
  virtual void log(std::uint32_t level, const std::string& text) = 0;
  /// Whether the user has interrupted the run.
  virtual bool interrupted() const = 0;

 protected:
  [[nodiscard]] Clock::time_point deadline() const { return deadline_; }

 private:
  Clock::time_point deadline_ = Clock::time_point::max();
};

/// A driver that can be called. Thread: one at a time. Every member throws Error
/// whose message is the driver's; `where` is left to the caller.
class Driver {
 public:
  virtual ~Driver() = default;
  [[nodiscard]] virtual const DriverDescription& description() const = 0;
  /// Driver's own check of parameters; needs no kernel. CreateRequest carries no descriptors and no ifindexes here.
  virtual void validate(const CreateRequest& request) = 0;
  virtual CreateAnswer create(const CreateRequest& request, Services& services) = 0;
  virtual DeviceAnswer destroy(const DeviceRequest& request, Services& services) = 0;
  virtual DeviceAnswer change(const DeviceRequest& request, Services& services) = 0;
  virtual DeviceAnswer settle(const DeviceRequest& request, Services& services) = 0;
  virtual State inspect(const DeviceRequest& request, Services& services) = 0;
};

}  // namespace netrig::driver
