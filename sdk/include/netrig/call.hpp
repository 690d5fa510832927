// SPDX-License-Identifier: Apache-2.0
// What a driver is given while one of its operations runs. Part of netrig/driver.hpp.
#ifndef NETRIG_CALL_HPP
#define NETRIG_CALL_HPP

#include <netrig/driver.h>
#include <netrig/services.h>
#include <netrig/attributes.hpp>
#include <netrig/failure.hpp>

#include <array>
#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace netrig {

/// An address or prefix parameter.
struct AddressValue {
  std::array<std::uint8_t, 16> bytes{};
  std::uint8_t family = 0;  ///< AF_INET or AF_INET6
  std::uint8_t prefix_length = 0;
};

/// What a file holds; the host closes it.
struct File {
  std::int32_t fd = -1;
  std::uint64_t size = 0;
};

/// What the getters know a cell of a table by: cell("peers", 0, "key").
inline std::string cell(const char* table, std::uint32_t row, const char* column) {
  return std::string(table) + '[' + std::to_string(row) + "]." + column;
}

namespace detail {

/// Lends a function object to the host as a netrig_attribute_fn. What it throws waits here until the host, whose frames
/// no exception may cross, has returned.
template <typename Each>
class Receiver {
 public:
  explicit Receiver(Each& each) : each_(each) {}
  static void receive(void* user, std::uint16_t type, const void* value, std::uint32_t size) noexcept {
    auto& self = *static_cast<Receiver*>(user);
    if (self.thrown_) return;
    try {
      self.each_(type, value, size);
    } catch (...) {
      self.thrown_ = std::current_exception();
    }
  }
  void rethrow() const {
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  Each& each_;
  std::exception_ptr thrown_;
};

}  // namespace detail

/// What every operation has: parameters and services.
class Call {
 public:
  Call(const netrig_host* host, netrig_call* call) : host_(host), call_(call) {}

  /// Values of parameters, and of cells (cell() is their name). Nothing: unset, or `index` is past the end of a list.
  /// Of a table they count the rows.
  [[nodiscard]] std::uint32_t count(const char* name) const { return host_->count(call_, name); }
  [[nodiscard]] std::optional<bool> get_bool(const char* name, std::uint32_t index = 0) const {
    std::uint8_t value = 0;
    const netrig_status status = host_->get_bool(call_, name, index, &value);
    return take(status, name, value != 0);
  }
  /// Integers, durations (nanoseconds), rates (bit/s), fractions (NETRIG_FRACTION_ALL is 100 percent), and enums as the
  /// kernel's number of their choice.
  [[nodiscard]] std::optional<std::int64_t> get_integer(const char* name, std::uint32_t index = 0) const {
    std::int64_t value = 0;
    const netrig_status status = host_->get_integer(call_, name, index, &value);
    return take(status, name, value);
  }
  /// Strings and enums. The text lives until the operation returns.
  [[nodiscard]] std::optional<std::string_view> get_text(const char* name, std::uint32_t index = 0) const {
    const char* value = "";
    const netrig_status status = host_->get_string(call_, name, index, &value);
    return take(status, name, std::string_view(value));
  }
  [[nodiscard]] std::optional<Mac> get_mac(const char* name, std::uint32_t index = 0) const {
    Mac value{};
    const netrig_status status = host_->get_mac(call_, name, index, value.data());
    return take(status, name, value);
  }
  [[nodiscard]] std::optional<AddressValue> get_address(const char* name, std::uint32_t index = 0) const {
    AddressValue value;
    const netrig_status status =
        host_->get_address(call_, name, index, value.bytes.data(), &value.family, &value.prefix_length);
    return take(status, name, value);
  }
  /// A value of type bytes.
  [[nodiscard]] std::optional<std::vector<std::uint8_t>> get_bytes(const char* name, std::uint32_t index = 0) const {
    const void* value = nullptr;
    std::uint32_t size = 0;
    const netrig_status status = newer(&netrig_host::get_bytes)(call_, name, index, &value, &size);
    const auto* from = static_cast<const std::uint8_t*>(value);
    return take(status, name,
                status == NETRIG_OK ? std::vector<std::uint8_t>(from, from + size) : std::vector<std::uint8_t>());
  }
  /// A file's content, to be read from its begin. Nothing: unset, or called from inspect or destroy.
  [[nodiscard]] std::optional<File> get_file(const char* name, std::uint32_t index = 0) const {
    File value;
    const netrig_status status = newer(&netrig_host::get_file)(call_, name, index, &value.fd, &value.size);
    return take(status, name, value);
  }
  /// nullptr: unset, or called from validate. In inspect and destroy it may be gone: its ifindex is 0.
  [[nodiscard]] const netrig_reference* get_reference(const char* name, std::uint32_t index = 0) const {
    const netrig_reference* value = nullptr;
    const netrig_status status = host_->get_reference(call_, name, index, &value);
    return take(status, name, value).value_or(nullptr);
  }

  /// Table of a service; nullptr: this host lacks it.
  template <typename Table>
  const Table* find_service(const char* id) const {
    return static_cast<const Table*>(host_->service(call_, id));
  }
  /// One function of a service: function(NETRIG_NETLINK_1, &netrig_netlink::flush). Failure{unsupported} if this host
  /// lacks the service, or is older than the function.
  template <typename Table, typename Function>
  Function* function(const char* id, Function* Table::*member) const {
    const auto* table = find_service<Table>(id);
    if (table == nullptr) throw Failure(NETRIG_UNSUPPORTED, std::string("this netrig lacks the service ") + id);
    // NETRIG_HAS for a member that only its pointer names; takes an address, reads nothing.
    const auto* end = reinterpret_cast<const char*>(&(table->*member)) + sizeof(Function*);
    if (static_cast<std::size_t>(end - reinterpret_cast<const char*>(table)) > table->struct_size)
      throw Failure(NETRIG_UNSUPPORTED, std::string("this netrig is too old; its service ") + id + " lacks a function");
    return table->*member;
  }

  /// One line for the log; nothing happens on a host without one. level: NETRIG_LOG_*.
  void log(std::uint32_t level, const std::string& message) const {
    if (const auto* table = find_service<netrig_log>(NETRIG_LOG_1)) table->write(call_, level, message.c_str());
  }
  /// For loops that may take long: throws Failure{timeout} once the deadline has passed or the user has interrupted.
  void checkpoint() const {
    const auto* table = find_service<netrig_cancel>(NETRIG_CANCEL_1);
    if (table != nullptr && table->cancelled(call_) != 0) throw Failure(NETRIG_TIMEOUT, "the operation was cancelled");
  }
  /// What is left until the deadline; 0 once it has passed or the user has interrupted.
  [[nodiscard]] std::chrono::nanoseconds remaining() const {
    return std::chrono::nanoseconds(function(NETRIG_CANCEL_1, &netrig_cancel::remaining)(call_));
  }
  /// One file below /sys/class/net/INTERFACE/, in the interface's namespace. Nothing: it is not there.
  [[nodiscard]] std::optional<std::string> read_sysfs(std::uint32_t interface, const char* path) const {
    std::string text(4096, '\0');
    auto size = static_cast<std::uint32_t>(text.size());
    const netrig_status status =
        function(NETRIG_SYSFS_1, &netrig_sysfs::read)(call_, interface, path, text.data(), &size);
    if (status == NETRIG_NOT_FOUND) return std::nullopt;
    expect(status, "the host did not read sysfs");
    text.resize(size);
    return text;
  }
  /// Writes one, which the policy grants (NETRIG_WANTS_SYSFS). Failure{not_found} if it is not there.
  void write_sysfs(std::uint32_t interface, const char* path, std::string_view value) const {
    expect(function(NETRIG_SYSFS_1, &netrig_sysfs::write)(call_, interface, path, value.data(),
                                                          static_cast<std::uint32_t>(value.size())),
           "the host did not write sysfs");
  }
  /// Calls each(type, value, size) for every attribute of a link. Failure{not_found} if it is gone.
  template <typename Each>
  void get_link(std::uint32_t interface, Each each) const {
    detail::Receiver<Each> receiver(each);
    const netrig_status status = function(NETRIG_NETLINK_1, &netrig_netlink::get_link)(
        call_, interface, &detail::Receiver<Each>::receive, &receiver);
    receiver.rethrow();
    expect(status, status == NETRIG_NOT_FOUND ? "the interface is gone" : "the host did not show the interface");
  }
  /// Calls each(type, value, size) for every attribute of IFLA_INFO_DATA. Failure{not_found} if the link is gone.
  template <typename Each>
  void get_link_data(std::uint32_t interface, Each each) const {
    constexpr std::uint16_t kLinkInfo = 18;  // IFLA_LINKINFO
    constexpr std::uint16_t kInfoData = 2;   // IFLA_INFO_DATA
    get_link(interface, [&](std::uint16_t type, const void* value, std::size_t size) {
      if (type != kLinkInfo) return;
      for_each_attribute(value, size, [&](std::uint16_t inner, const void* data, std::size_t data_size) {
        if (inner == kInfoData) for_each_attribute(data, data_size, each);
      });
    });
  }

  /// One rtnetlink request about an interface; each(type, payload, size) hears every answer.
  template <typename Each>
  void request(std::uint32_t interface, std::uint16_t type, std::uint16_t flags, const void* message,
               std::uint32_t size, Each each) const {
    detail::Receiver<Each> receiver(each);
    const netrig_status status = function(NETRIG_NETLINK_1, &netrig_netlink::request)(
        call_, interface, type, flags, message, size, &detail::Receiver<Each>::receive, &receiver);
    receiver.rethrow();
    expect(status, "the host refused a request");
  }
  void request(std::uint32_t interface, std::uint16_t type, std::uint16_t flags, const void* message,
               std::uint32_t size) const {
    request(interface, type, flags, message, size, [](std::uint16_t, const void*, std::uint32_t) {});
  }
  /// Number of a generic netlink family; nothing: this kernel has none of that name.
  [[nodiscard]] std::optional<std::uint16_t> genl_family(std::uint32_t interface, const char* name) const {
    std::uint16_t id = 0;
    const netrig_status status = function(NETRIG_GENL_1, &netrig_genl::family)(call_, interface, name, &id);
    if (status == NETRIG_NOT_FOUND) return std::nullopt;
    expect(status, "the host did not look the family up");
    return id;
  }
  /// One generic netlink request; each(command, attributes, size) hears every answer.
  template <typename Each>
  void genl_request(std::uint32_t interface, std::uint16_t family, std::uint8_t command, std::uint8_t version,
                    std::uint16_t flags, const Attributes& attributes, Each each) const {
    detail::Receiver<Each> receiver(each);
    const netrig_status status = function(NETRIG_GENL_1, &netrig_genl::request)(
        call_, interface, family, command, version, flags, attributes.data(), attributes.size(),
        &detail::Receiver<Each>::receive, &receiver);
    receiver.rethrow();
    expect(status, "the host refused a request");
  }
  /// NETRIG_SOCKET_*, in the namespace of an interface, or of a reference with NETRIG_OF_REFERENCE. The caller closes
  /// it.
  [[nodiscard]] std::int32_t open_socket(std::uint32_t interface, std::uint32_t kind) const {
    std::int32_t fd = -1;
    expect(function(NETRIG_SOCKET_1, &netrig_socket::open)(call_, interface, kind, &fd), "the host opened no socket");
    return fd;
  }
  /// A queue of a TUN or TAP of this device. The caller closes it.
  [[nodiscard]] std::int32_t open_queue(std::uint32_t interface) const {
    std::int32_t fd = -1;
    expect(function(NETRIG_TUN_1, &netrig_tun::open_queue)(call_, interface, &fd), "the host opened no queue");
    return fd;
  }
  /// Queues a change of a link of this device. kind nullptr: attributes alone.
  void set_link(std::uint32_t interface, const char* kind, const Attributes* attributes, const Attributes* data) const {
    const void* bytes[2];
    std::uint32_t sizes[2];
    set(attributes, bytes[0], sizes[0]);
    set(data, bytes[1], sizes[1]);
    expect(function(NETRIG_NETLINK_1, &netrig_netlink::set_link)(raw(), interface, kind, bytes[0], sizes[0], bytes[1],
                                                                 sizes[1]),
           "the host refused the change of a link");
  }
  /// Carries out now what is queued, at the price of a round trip; then ifindex() answers.
  void flush() const {
    expect(function(NETRIG_NETLINK_1, &netrig_netlink::flush)(raw()), "the kernel refused the link");
  }
  /// 0: not made yet, or gone.
  [[nodiscard]] std::uint32_t ifindex(std::uint32_t interface) const {
    return function(NETRIG_NETLINK_1, &netrig_netlink::link_ifindex)(raw(), interface);
  }
  /// What later operations will be given; it is in the lab's journal when this returns.
  void save_record(const void* record, std::uint32_t size) const {
    expect(host_->save_record(call_, record, size), "the host refused the record");
  }

  [[nodiscard]] const netrig_host* host() const { return host_; }
  [[nodiscard]] netrig_call* raw() const { return call_; }

  /// Throws unless a host function returned NETRIG_OK: with the host's reason, or `what` where it has none.
  void expect(netrig_status status, const char* what) const {
    if (status == NETRIG_OK) return;
    netrig_error error{};
    error.struct_size = sizeof error;
    if (host_->last_error(call_, &error) != NETRIG_OK) throw Failure(status, what);
    throw Failure(status, error.message[0] != '\0' ? error.message : what,
                  {error.error_number, error.offset, error.text});
  }

 protected:
  /// A function that hosts of an earlier 0.9 lack.
  template <typename Function>
  Function* newer(Function* netrig_host::*member) const {
    const auto* end = reinterpret_cast<const char*>(&(host_->*member)) + sizeof(Function*);
    if (static_cast<std::size_t>(end - reinterpret_cast<const char*>(host_)) > host_->struct_size)
      throw Failure(NETRIG_UNSUPPORTED, "this netrig is too old to know the type of a parameter");
    return host_->*member;
  }
  static void set(const Attributes* from, const void*& data, std::uint32_t& size) {
    data = from == nullptr ? nullptr : from->data();
    size = from == nullptr ? 0 : from->size();
  }

 private:
  template <typename Value>
  static std::optional<Value> take(netrig_status status, const char* name, const Value& value) {
    if (status == NETRIG_OK) return value;
    if (status == NETRIG_NOT_FOUND) return std::nullopt;
    throw Failure(NETRIG_INTERNAL, std::string("the driver reads parameter ") + name + " as a type it did not declare");
  }

  const netrig_host* host_;
  netrig_call* call_;
};

/// A link to be made; see struct netrig_link.
struct Link {
  std::uint32_t interface = 0;
  const char* kind = nullptr;
  const Attributes* attributes = nullptr;
  const Attributes* data = nullptr;
  std::uint32_t peer = NETRIG_NONE;
  std::uint32_t peer_type = 0;
  const Attributes* peer_attributes = nullptr;
  const netrig_reference* lower = nullptr;
};

/// `validate` and `create`. In `validate` there are parameters, names and counts, but no kernel.
class Creation : public Call {
 public:
  Creation(const netrig_host* host, netrig_call* call, const netrig_request* request)
      : Call(host, call), request_(request) {}

  [[nodiscard]] std::uint32_t interface_count() const { return request_->interface_count; }
  [[nodiscard]] const netrig_interface& interface(std::uint32_t index) const { return *request_->interfaces[index]; }

  /// Queues a link; the host makes it after `create` has returned.
  void create_link(const Link& link) const {
    netrig_link order{};
    order.struct_size = sizeof order;
    order.interface = link.interface;
    order.kind = link.kind;
    set(link.attributes, order.attributes, order.attributes_size);
    set(link.data, order.data, order.data_size);
    order.peer = link.peer;
    order.peer_type = link.peer_type;
    set(link.peer_attributes, order.peer_attributes, order.peer_attributes_size);
    order.lower = link.lower == nullptr ? NETRIG_NONE : link.lower->number;
    expect(function(NETRIG_NETLINK_1, &netrig_netlink::create_link)(raw(), &order), "the host refused the link");
  }
  /// Makes a TUN or TAP, at once. owner, group: neither (NETRIG_NONE): root, and whoever has CAP_NET_ADMIN.
  void create_tun(std::uint32_t interface, std::uint32_t type, std::uint32_t flags, std::uint32_t owner = NETRIG_NONE,
                  std::uint32_t group = NETRIG_NONE) const {
    const netrig_tun_device order{sizeof order, interface, type, flags, owner, group};
    expect(function(NETRIG_TUN_1, &netrig_tun::create)(raw(), &order), "the host made no TUN");
  }
  /// Reports an interface that the driver made itself.
  void set_interface(std::uint32_t interface, std::uint32_t ifindex) const {
    expect(host()->set_interface(raw(), interface, ifindex), "the host refused the interface");
  }

 private:
  const netrig_request* request_;
};

/// `change`, `settle`, `inspect` and `destroy`.
class Existing : public Call {
 public:
  Existing(const netrig_host* host, netrig_call* call, const netrig_device* device)
      : Call(host, call), device_(device) {}

  [[nodiscard]] std::uint32_t interface_count() const { return device_->interface_count; }
  [[nodiscard]] const netrig_interface& interface(std::uint32_t index) const { return *device_->interfaces[index]; }
  /// As last saved: bytes, not text.
  [[nodiscard]] std::string_view record() const {
    return {static_cast<const char*>(device_->record), device_->record_size};
  }

  /// One that is gone is no error.
  void delete_link(std::uint32_t interface) const {
    expect(function(NETRIG_NETLINK_1, &netrig_netlink::delete_link)(raw(), interface), "the host refused the deletion");
  }
  /// change: whether this parameter is to be another than it is.
  [[nodiscard]] bool changed(const char* name) const { return host()->changed(raw(), name) != 0; }
  /// inspect: text for `netrig status`.
  void set_state(const char* name, const std::string& value) const {
    expect(host()->set_state(raw(), name, value.c_str()), "the host refused a state");
  }
  /// inspect: what a parameter is that is .inspected().
  void tell(const char* name, bool value, std::uint32_t index = 0) const {
    told(host()->set_bool(raw(), name, index, value ? 1 : 0), name);
  }
  void tell(const char* name, std::int64_t value, std::uint32_t index = 0) const {
    told(host()->set_integer(raw(), name, index, value), name);
  }
  void tell(const char* name, const std::string& value, std::uint32_t index = 0) const {
    told(host()->set_string(raw(), name, index, value.c_str()), name);
  }
  void tell(const char* name, const char* value, std::uint32_t index = 0) const {
    told(host()->set_string(raw(), name, index, value), name);
  }
  void tell(const char* name, const Mac& value, std::uint32_t index = 0) const {
    told(host()->set_mac(raw(), name, index, value.data()), name);
  }
  void tell(const char* name, const std::vector<std::uint8_t>& value, std::uint32_t index = 0) const {
    told(newer(&netrig_host::set_bytes)(raw(), name, index, value.data(), static_cast<std::uint32_t>(value.size())),
         name);
  }
  void tell(const char* name, const AddressValue& value, std::uint32_t index = 0) const {
    told(host()->set_address(raw(), name, index, value.bytes.data(), value.family, value.prefix_length), name);
  }

 private:
  static void told(netrig_status status, const char* name) {
    if (status != NETRIG_OK)
      throw Failure(status, std::string("the driver tells of parameter ") + name + " what it did not declare");
  }
  const netrig_device* device_;
};

}  // namespace netrig

#endif  // NETRIG_CALL_HPP
