// SPDX-License-Identifier: Apache-2.0
//
// C++17 layer over netrig/driver.h: a class with create() becomes a driver. Header only; exports nothing of its own;
// turns exceptions into statuses, so none crosses the boundary.
//
//   struct Veth {
//     static constexpr netrig::Info info{"pair of connected Ethernet interfaces", 2, 2};
//     static constexpr netrig::Parameter parameters[] = {netrig::integer("tx_queues", "transmit queues").range(1,
//     4096)}; static void create(netrig::Creation& device) { device.create_link({0, "veth", ...}); }
//   };
//   NETRIG_DRIVER(Veth, "veth", "1.0.0", "veth")
//
// Optional static members: validate(netrig::Creation&), destroy(netrig::Existing&) (default: delete every interface),
// inspect(netrig::Existing&) (default: look whether the interfaces are there), `parameters`.
#ifndef NETRIG_DRIVER_HPP
#define NETRIG_DRIVER_HPP

#include <netrig/attributes.h>
#include <netrig/driver.h>
#include <netrig/services.h>

#include <array>
#include <cstring>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace netrig {

/// What a driver throws to say no.
class Failure : public std::exception {
 public:
  Failure(netrig_status status, std::string message) : status_(status), message_(std::move(message)) {}
  [[nodiscard]] netrig_status status() const noexcept { return status_; }
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

 private:
  netrig_status status_;
  std::string message_;
};

/// Constant facts of a driver.
struct Info {
  const char* summary;
  std::uint32_t min_interfaces = 1;
  std::uint32_t max_interfaces = 1;
  std::uint32_t max_ports = 0;  ///< 0: its interfaces cannot be a master
  std::uint32_t flags = 0;      ///< NETRIG_DRIVER_*
};

/// A declared parameter, written as a chain: integer("mtu", "bytes").range(68, 65535).by_default("1500").
struct Parameter : netrig_parameter {
  constexpr Parameter(const char* parameter_name, std::uint32_t parameter_type, const char* parameter_help)
      : netrig_parameter{sizeof(netrig_parameter), parameter_name, parameter_type, 0, nullptr, 0, 0, nullptr,
                         parameter_help,           nullptr} {}
  [[nodiscard]] constexpr Parameter range(std::int64_t least, std::int64_t most) const {
    Parameter copy = *this;
    copy.minimum = least;
    copy.maximum = most;
    return copy;
  }
  [[nodiscard]] constexpr Parameter by_default(const char* text) const {
    Parameter copy = *this;
    copy.default_text = text;
    return copy;
  }
  [[nodiscard]] constexpr Parameter needs(const char* option) const {
    Parameter copy = *this;
    copy.kernel_option = option;
    return copy;
  }
  [[nodiscard]] constexpr Parameter required() const { return with(NETRIG_PARAMETER_REQUIRED); }
  [[nodiscard]] constexpr Parameter list() const { return with(NETRIG_PARAMETER_LIST); }
  [[nodiscard]] constexpr Parameter secret() const { return with(NETRIG_PARAMETER_SECRET); }

 private:
  [[nodiscard]] constexpr Parameter with(std::uint32_t flag) const {
    Parameter copy = *this;
    copy.flags |= flag;
    return copy;
  }
};

constexpr Parameter boolean(const char* name, const char* help) { return {name, NETRIG_TYPE_BOOL, help}; }
constexpr Parameter integer(const char* name, const char* help) { return {name, NETRIG_TYPE_INTEGER, help}; }
constexpr Parameter text(const char* name, const char* help) { return {name, NETRIG_TYPE_STRING, help}; }
constexpr Parameter mac(const char* name, const char* help) { return {name, NETRIG_TYPE_MAC, help}; }
constexpr Parameter address(const char* name, const char* help) { return {name, NETRIG_TYPE_ADDRESS, help}; }
constexpr Parameter prefix(const char* name, const char* help) { return {name, NETRIG_TYPE_PREFIX, help}; }
constexpr Parameter duration(const char* name, const char* help) { return {name, NETRIG_TYPE_DURATION, help}; }
constexpr Parameter rate(const char* name, const char* help) { return {name, NETRIG_TYPE_RATE, help}; }
constexpr Parameter interface(const char* name, const char* help) { return {name, NETRIG_TYPE_INTERFACE, help}; }
/// `choices` is a NULL-terminated array of static storage.
constexpr Parameter choice(const char* name, const char* const* choices, const char* help) {
  Parameter parameter{name, NETRIG_TYPE_ENUM, help};
  parameter.choices = choices;
  return parameter;
}

using Mac = std::array<std::uint8_t, 6>;

/// An address or prefix parameter.
struct AddressValue {
  std::array<std::uint8_t, 16> bytes{};
  std::uint8_t family = 0;  ///< AF_INET or AF_INET6
  std::uint8_t prefix_length = 0;
};

/// Netlink attributes in a buffer of their own; nests close with their scope. Units: at most 8 KiB.
class Attributes {
 public:
  class Nest {
   public:
    Nest(netrig_attributes& list, std::uint16_t type) : list_(list), mark_(netrig_nest_begin(&list, type)) {}
    ~Nest() { netrig_nest_end(&list_, mark_); }
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;

   private:
    netrig_attributes& list_;
    std::size_t mark_;
  };

  Attributes() = default;
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  Attributes& u8(std::uint16_t type, std::uint8_t value) { return netrig_put_u8(&list_, type, value), *this; }
  Attributes& u16(std::uint16_t type, std::uint16_t value) { return netrig_put_u16(&list_, type, value), *this; }
  Attributes& be16(std::uint16_t type, std::uint16_t value) { return netrig_put_be16(&list_, type, value), *this; }
  Attributes& u32(std::uint16_t type, std::uint32_t value) { return netrig_put_u32(&list_, type, value), *this; }
  Attributes& u64(std::uint16_t type, std::uint64_t value) { return netrig_put_u64(&list_, type, value), *this; }
  Attributes& mac(std::uint16_t type, const Mac& value) { return netrig_put(&list_, type, value.data(), 6), *this; }
  Attributes& bytes(std::uint16_t type, const void* value, std::size_t size) {
    return netrig_put(&list_, type, value, size), *this;
  }
  [[nodiscard]] Nest nest(std::uint16_t type) { return {list_, type}; }

  /// Throws when something did not fit.
  [[nodiscard]] const void* data() const {
    if (list_.overflow) throw Failure(NETRIG_INTERNAL, "the attributes do not fit into 8 KiB");
    return buffer_.data();
  }
  [[nodiscard]] std::size_t size() const noexcept { return list_.size; }

 private:
  alignas(4) std::array<std::uint8_t, 8192> buffer_{};
  netrig_attributes list_{buffer_.data(), buffer_.size(), 0, false};
};

/// Calls each(type, value, size) for every attribute in a nest; stops at the first that is cut off.
template <typename Each>
void for_each_attribute(const void* attributes, std::size_t size, Each&& each) {
  const auto* at = static_cast<const std::uint8_t*>(attributes);
  while (size >= 4) {
    std::uint16_t header[2];
    std::memcpy(header, at, sizeof header);
    if (header[0] < 4 || header[0] > size) return;
    each(static_cast<std::uint16_t>(header[1] & 0x3fffU), static_cast<const void*>(at + 4), std::size_t{header[0]} - 4);
    const std::size_t step = (std::size_t{header[0]} + 3) & ~std::size_t{3};
    if (step >= size) return;
    at += step;
    size -= step;
  }
}

/// A number from an attribute of its size; nothing if it is shorter.
template <typename Number>
std::optional<Number> number(const void* value, std::size_t size) {
  static_assert(std::is_integral_v<Number>);
  if (size < sizeof(Number)) return std::nullopt;
  Number result{};
  std::memcpy(&result, value, sizeof result);
  return result;
}

/// What every operation has: parameters and services.
class Call {
 public:
  Call(const netrig_host* host, netrig_call* call) : host_(host), call_(call) {}

  /// Table of a service, or a Failure{unsupported} that names it.
  template <typename Table>
  const Table& service(const char* id) const {
    const auto* table = static_cast<const Table*>(host_->service(call_, id));
    if (table == nullptr) throw Failure(NETRIG_UNSUPPORTED, std::string("this netrig lacks the service ") + id);
    return *table;
  }
  [[nodiscard]] const netrig_netlink& netlink() const { return service<netrig_netlink>(NETRIG_NETLINK_1); }

  [[nodiscard]] std::uint32_t count(const char* name) const { return host_->count(call_, name); }
  [[nodiscard]] std::optional<bool> get_bool(const char* name, std::uint32_t index = 0) const {
    bool value = false;
    return take(host_->get_bool(call_, name, index, &value), name, value);
  }
  [[nodiscard]] std::optional<std::int64_t> get_integer(const char* name, std::uint32_t index = 0) const {
    std::int64_t value = 0;
    return take(host_->get_integer(call_, name, index, &value), name, value);
  }
  [[nodiscard]] std::optional<std::string_view> get_text(const char* name, std::uint32_t index = 0) const {
    const char* value = "";
    const netrig_status status = host_->get_string(call_, name, index, &value);
    return take(status, name, std::string_view(value));
  }
  [[nodiscard]] std::optional<Mac> get_mac(const char* name, std::uint32_t index = 0) const {
    Mac value{};
    return take(host_->get_mac(call_, name, index, value.data()), name, value);
  }
  [[nodiscard]] std::optional<AddressValue> get_address(const char* name, std::uint32_t index = 0) const {
    AddressValue value;
    const netrig_status status =
        host_->get_address(call_, name, index, value.bytes.data(), &value.family, &value.prefix_length);
    return take(status, name, value);
  }
  /// nullptr: unset, or called from validate.
  [[nodiscard]] const netrig_reference* get_reference(const char* name, std::uint32_t index = 0) const {
    const netrig_reference* value = nullptr;
    const netrig_status status = host_->get_reference(call_, name, index, &value);
    return take(status, name, value).value_or(nullptr);
  }

  [[nodiscard]] const netrig_host* host() const { return host_; }
  [[nodiscard]] netrig_call* raw() const { return call_; }

 protected:
  /// Statuses of services: the host has set the message already, so it is only passed on.
  static void expect(netrig_status status, const char* what) {
    if (status != NETRIG_OK) throw Failure(status, what);
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

/// `create` and `validate`.
class Creation : public Call {
 public:
  Creation(const netrig_host* host, netrig_call* call, const netrig_request* request)
      : Call(host, call), request_(request) {}

  [[nodiscard]] std::uint32_t interface_count() const { return request_->interface_count; }
  [[nodiscard]] const netrig_interface& interface(std::uint32_t index) const { return *request_->interfaces[index]; }

  /// Queues a link with netrig.netlink/1.
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
    expect(netlink().create_link(raw(), &order), "the host refused the link");
  }
  void set_record(const void* record, std::size_t size) const {
    expect(host()->set_record(raw(), record, size), "the host refused the record");
  }

 private:
  static void set(const Attributes* from, const void*& data, std::size_t& size) {
    data = from == nullptr ? nullptr : from->data();
    size = from == nullptr ? 0 : from->size();
  }
  const netrig_request* request_;
};

/// `destroy`, `inspect` and `statistics`.
class Existing : public Call {
 public:
  Existing(const netrig_host* host, netrig_call* call, const netrig_device* device)
      : Call(host, call), device_(device) {}

  [[nodiscard]] std::uint32_t interface_count() const { return device_->interface_count; }
  [[nodiscard]] const netrig_interface& interface(std::uint32_t index) const { return *device_->interfaces[index]; }
  [[nodiscard]] std::string_view record() const {
    return {static_cast<const char*>(device_->record), device_->record_size};
  }

  void delete_link(std::uint32_t interface) const {
    expect(netlink().delete_link(raw(), interface), "the host refused the deletion");
  }
  void set_state(const char* name, const std::string& value) const {
    expect(host()->set_state(raw(), name, value.c_str()), "the host refused a state");
  }
  /// Calls each(type, value, size) for every attribute of a link. Failure{not_found} if it is gone.
  template <typename Each>
  void get_link(std::uint32_t interface, Each each) const {
    const auto call_each = [](void* user, std::uint16_t type, const void* value, std::size_t size) {
      (*static_cast<Each*>(user))(type, value, size);
    };
    expect(netlink().get_link(raw(), interface, call_each, &each), "the interface is gone");
  }
  /// Calls each(type, value, size) for every attribute of IFLA_INFO_DATA.
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

 private:
  const netrig_device* device_;
};

namespace detail {

template <typename Body>
netrig_status guarded(const netrig_host* host, netrig_call* call, Body&& body) noexcept {
  try {
    body();
    return NETRIG_OK;
  } catch (const Failure& failure) {
    return host->fail(call, failure.status(), failure.what());
  } catch (const std::bad_alloc&) {
    return host->fail(call, NETRIG_NO_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    return host->fail(call, NETRIG_INTERNAL, error.what());
  } catch (...) {
    return host->fail(call, NETRIG_INTERNAL, "unknown exception");
  }
}

template <typename D, typename = void>
struct has_validate : std::false_type {};
template <typename D>
struct has_validate<D, std::void_t<decltype(D::validate(std::declval<Creation&>()))>> : std::true_type {};
template <typename D, typename = void>
struct has_destroy : std::false_type {};
template <typename D>
struct has_destroy<D, std::void_t<decltype(D::destroy(std::declval<Existing&>()))>> : std::true_type {};
template <typename D, typename = void>
struct has_inspect : std::false_type {};
template <typename D>
struct has_inspect<D, std::void_t<decltype(D::inspect(std::declval<Existing&>()))>> : std::true_type {};
template <typename D, typename = void>
struct has_parameters : std::false_type {};
template <typename D>
struct has_parameters<D, std::void_t<decltype(D::parameters)>> : std::true_type {};

template <typename D>
struct ParameterPointers {
  template <std::size_t... I>
  static constexpr std::array<const netrig_parameter*, sizeof...(I) + 1> make(std::index_sequence<I...>) {
    return {&D::parameters[I]..., nullptr};
  }
  static constexpr auto list = make(std::make_index_sequence<std::extent_v<decltype(D::parameters)>>{});
};

template <typename D>
constexpr const netrig_parameter* const* parameters_of() {
  if constexpr (has_parameters<D>::value)
    return ParameterPointers<D>::list.data();
  else
    return nullptr;
}

template <typename D>
netrig_status validate(const netrig_host* host, netrig_call* call, const netrig_request* request) noexcept {
  return guarded(host, call, [&] {
    if constexpr (has_validate<D>::value) {
      Creation creation(host, call, request);
      D::validate(creation);
    }
  });
}
template <typename D>
netrig_status create(const netrig_host* host, netrig_call* call, const netrig_request* request) noexcept {
  return guarded(host, call, [&] {
    Creation creation(host, call, request);
    D::create(creation);
  });
}
template <typename D>
netrig_status destroy(const netrig_host* host, netrig_call* call, const netrig_device* device) noexcept {
  return guarded(host, call, [&] {
    Existing existing(host, call, device);
    if constexpr (has_destroy<D>::value)
      D::destroy(existing);
    else
      for (std::uint32_t i = 0; i < existing.interface_count(); ++i) existing.delete_link(i);
  });
}
template <typename D>
netrig_status inspect(const netrig_host* host, netrig_call* call, const netrig_device* device) noexcept {
  return guarded(host, call, [&] {
    Existing existing(host, call, device);
    if constexpr (has_inspect<D>::value)
      D::inspect(existing);
    else
      for (std::uint32_t i = 0; i < existing.interface_count(); ++i)
        existing.get_link(i, [](std::uint16_t, const void*, std::size_t) {});
  });
}

template <typename D>
constexpr netrig_driver descriptor(const char* name, const char* version) {
  netrig_driver driver{};
  driver.struct_size = sizeof driver;
  driver.abi_major = NETRIG_ABI_MAJOR;
  driver.abi_minor = NETRIG_ABI_MINOR;
  driver.name = name;
  driver.version = version;
  driver.summary = D::info.summary;
  driver.flags = D::info.flags;
  driver.min_interfaces = D::info.min_interfaces;
  driver.max_interfaces = D::info.max_interfaces;
  driver.max_ports = D::info.max_ports;
  driver.parameters = parameters_of<D>();
  driver.validate = has_validate<D>::value ? &validate<D> : nullptr;
  driver.create = &create<D>;
  driver.destroy = &destroy<D>;
  driver.inspect = &inspect<D>;
  return driver;
}

}  // namespace detail
}  // namespace netrig

/// Makes class D the driver of this plugin and asks for privileges (NETRIG_WANTS_*). At file scope, once.
#define NETRIG_DRIVER_WANTING(D, driver_name, driver_version, link_kinds, wanted)                         \
  NETRIG_DRIVER_NOTE(driver_name, driver_version, link_kinds, wanted);                                    \
  extern "C" {                                                                                            \
  extern NETRIG_EXPORT const netrig_driver netrig_driver_1;                                               \
  constexpr netrig_driver netrig_driver_1 = ::netrig::detail::descriptor<D>(driver_name, driver_version); \
  }
/// The same for the usual driver, which needs no privilege.
#define NETRIG_DRIVER(D, driver_name, driver_version, link_kinds) \
  NETRIG_DRIVER_WANTING(D, driver_name, driver_version, link_kinds, NETRIG_WANTS_NOTHING)

#endif  // NETRIG_DRIVER_HPP
