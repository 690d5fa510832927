// SPDX-License-Identifier: Apache-2.0
//
// C++17 layer over netrig/driver.h: a class with constants becomes a driver. Header only; exports nothing of its own;
// turns exceptions into statuses, so none crosses the boundary.
//
//   struct Dummy {
//     static constexpr auto about =
//         netrig::About("dummy", "1.0.0", "interface that drops what it is given").makes("dummy");
//     static constexpr netrig::Parameter parameters[] = {
//         netrig::integer("tx_queues", "transmit queues").range(1, 4096).as_u32(IFLA_NUM_TX_QUEUES).of_link()};
//   };
//   NETRIG_DRIVER(Dummy)
//
// `parameters` may be missing. What a table cannot say, optional static members do; NETRIG_DRIVER_WITH_FUNCTIONS(D) is
// for those that have any:
//   validate(netrig::Creation&)    checks what declarations cannot say
//   create(netrig::Creation&)      otherwise the host makes what the table tells
//   destroy(netrig::Existing&)     otherwise the host deletes every interface
//   inspect(netrig::Existing&)     otherwise the host shows the parameters
//   change(netrig::Existing&)      otherwise a parameter without a place in the kernel makes the device anew
//   settle(netrig::Existing&)      otherwise nothing happens once everything around the device is there
// Each throws netrig::Failure to say no.
#ifndef NETRIG_DRIVER_HPP
#define NETRIG_DRIVER_HPP

#include <netrig/driver.h>
#include <netrig/attributes.hpp>
#include <netrig/call.hpp>
#include <netrig/failure.hpp>
#include <netrig/parameter.hpp>

#include <cstddef>
#include <exception>
#include <new>
#include <type_traits>

namespace netrig {

/// What a driver is, written as a chain.
struct About : netrig_table {
  constexpr About(const char* driver_name, const char* driver_version, const char* driver_summary) : netrig_table{} {
    struct_size = sizeof(netrig_table);
    abi_major = NETRIG_ABI_MAJOR;
    abi_minor = NETRIG_ABI_MINOR;
    parameter_size = sizeof(netrig_parameter);
    min_interfaces = max_interfaces = 1;
    detail::append(name, driver_name);
    detail::append(version, driver_version);
    detail::append(summary, driver_summary);
  }
  /// Kernel link kinds, separated by blanks: the first is what the table makes, all are what functions may ask for.
  [[nodiscard]] constexpr About makes(const char* kinds) const {
    About copy = *this;
    detail::append(copy.link_kinds, kinds);
    return copy;
  }
  /// How many a device has. Default: one.
  [[nodiscard]] constexpr About interfaces(std::uint32_t least, std::uint32_t most) const {
    About copy = *this;
    copy.min_interfaces = least;
    copy.max_interfaces = most;
    return copy;
  }
  /// Two interfaces by one message: the attribute of IFLA_INFO_DATA that carries the second.
  [[nodiscard]] constexpr About pair(std::uint16_t attribute) const {
    About copy = interfaces(2, 2);
    copy.peer_attribute = attribute;
    return copy;
  }
  /// It can be a master, of so many.
  [[nodiscard]] constexpr About ports(std::uint32_t most) const {
    About copy = *this;
    copy.max_ports = most;
    return copy;
  }
  /// It makes nothing: its interface is there without the lab, and is found by what parameters say (finds_by).
  [[nodiscard]] constexpr About borrows() const { return wanting(wants | NETRIG_WANTS_BORROW); }
  /// NETRIG_WANTS_*
  [[nodiscard]] constexpr About wanting(std::uint32_t privileges) const {
    About copy = *this;
    copy.wants = privileges;
    return copy;
  }
};

namespace detail {

template <typename Body>
netrig_status guarded(const netrig_host* host, netrig_call* call, Body&& body) noexcept {
  try {
    body();
    return NETRIG_OK;
  } catch (const Failure& failure) {
    const bool says_no = failure.status() != NETRIG_OK;
    return host->fail(call, says_no ? failure.status() : NETRIG_INTERNAL, failure.what());
  } catch (const std::bad_alloc&) {
    return host->fail(call, NETRIG_NO_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    return host->fail(call, NETRIG_INTERNAL, error.what());
  } catch (...) {
    return host->fail(call, NETRIG_INTERNAL, "unknown exception");
  }
}

// Whether D has a member of that name, whatever it looks like: one that looks wrong is an error of the compiler where
// it is called, not a member that is silently left out.
#define NETRIG_DETAIL_HAS(member)             \
  template <typename D, typename = void>      \
  inline constexpr bool has_##member = false; \
  template <typename D>                       \
  inline constexpr bool has_##member<D, std::void_t<decltype(&D::member)>> = true
NETRIG_DETAIL_HAS(parameters);
NETRIG_DETAIL_HAS(validate);
NETRIG_DETAIL_HAS(create);
NETRIG_DETAIL_HAS(destroy);
NETRIG_DETAIL_HAS(inspect);
NETRIG_DETAIL_HAS(change);
NETRIG_DETAIL_HAS(settle);
#undef NETRIG_DETAIL_HAS

template <typename D>
netrig_status validate(const netrig_host* host, netrig_call* call, const netrig_request* request) noexcept {
  return guarded(host, call, [&] {
    Creation creation(host, call, request);
    D::validate(creation);
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
    D::destroy(existing);
  });
}
template <typename D>
netrig_status inspect(const netrig_host* host, netrig_call* call, const netrig_device* device) noexcept {
  return guarded(host, call, [&] {
    Existing existing(host, call, device);
    D::inspect(existing);
  });
}

template <typename D>
netrig_status change(const netrig_host* host, netrig_call* call, const netrig_device* device) noexcept {
  return guarded(host, call, [&] {
    Existing existing(host, call, device);
    D::change(existing);
  });
}
template <typename D>
netrig_status settle(const netrig_host* host, netrig_call* call, const netrig_device* device) noexcept {
  return guarded(host, call, [&] {
    Existing existing(host, call, device);
    D::settle(existing);
  });
}

template <typename D>
constexpr netrig_functions functions_of() {
  netrig_functions functions{};
  functions.struct_size = sizeof functions;
  if constexpr (has_validate<D>) functions.validate = &validate<D>;
  if constexpr (has_create<D>) functions.create = &create<D>;
  if constexpr (has_destroy<D>) functions.destroy = &destroy<D>;
  if constexpr (has_inspect<D>) functions.inspect = &inspect<D>;
  if constexpr (has_change<D>) functions.change = &change<D>;
  if constexpr (has_settle<D>) functions.settle = &settle<D>;
  return functions;
}
template <typename D>
constexpr std::uint32_t function_bits() {
  return (has_validate<D> ? NETRIG_FUNCTION_VALIDATE : 0U) | (has_create<D> ? NETRIG_FUNCTION_CREATE : 0U) |
         (has_destroy<D> ? NETRIG_FUNCTION_DESTROY : 0U) | (has_inspect<D> ? NETRIG_FUNCTION_INSPECT : 0U) |
         (has_change<D> ? NETRIG_FUNCTION_CHANGE : 0U) | (has_settle<D> ? NETRIG_FUNCTION_SETTLE : 0U);
}

template <typename D>
constexpr std::size_t parameter_count() {
  if constexpr (has_parameters<D>)
    return std::extent_v<decltype(D::parameters)>;
  else
    return 0;
}

/// The note of a plugin. The last parameter is not counted: an array has at least one.
template <std::size_t Count>
struct Plugin {
  netrig_note note;
  netrig_table about;
  netrig_parameter parameters[Count + 1];
};
template <typename D>
constexpr auto plugin_of() {
  constexpr std::size_t kCount = parameter_count<D>();
  Plugin<kCount> plugin{};
  plugin.note.name_size = sizeof NETRIG_NOTE_NAME;
  plugin.note.description_size = sizeof plugin - sizeof plugin.note;
  plugin.note.type = NETRIG_NOTE_TYPE;
  append(plugin.note.name, NETRIG_NOTE_NAME);
  plugin.about = D::about;
  plugin.about.functions = function_bits<D>();
  plugin.about.parameter_count = kCount;
  if constexpr (kCount != 0)
    for (std::size_t i = 0; i < kCount; ++i) plugin.parameters[i] = D::parameters[i];
  return plugin;
}

}  // namespace detail
}  // namespace netrig

#define NETRIG_DETAIL_TABLE(D)                                                                   \
  __attribute__((section(NETRIG_NOTE_SECTION), used, aligned(8))) constexpr auto netrig_plugin = \
      ::netrig::detail::plugin_of<D>()

/// Makes class D, a table, the driver of this plugin. At file scope, once.
#define NETRIG_DRIVER(D)                                                                        \
  static_assert(::netrig::detail::function_bits<D>() == 0, "use NETRIG_DRIVER_WITH_FUNCTIONS"); \
  NETRIG_DETAIL_TABLE(D);
/// The same for one with functions.
#define NETRIG_DRIVER_WITH_FUNCTIONS(D)                                           \
  NETRIG_DETAIL_TABLE(D);                                                         \
  extern "C" {                                                                    \
  extern NETRIG_EXPORT const netrig_functions netrig_driver;                      \
  constexpr netrig_functions netrig_driver = ::netrig::detail::functions_of<D>(); \
  }

#endif  // NETRIG_DRIVER_HPP
