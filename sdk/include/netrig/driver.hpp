// SPDX-License-Identifier: Apache-2.0
//
// C++17 layer over netrig/driver.h: a class with create() becomes a driver. Header only; exports nothing of its own;
// turns exceptions into statuses, so none crosses the boundary.
//
//   struct Dummy {
//     static constexpr netrig::Info info{"interface that drops what it is given"};
//     static constexpr netrig::Parameter parameters[] = {
//         netrig::integer("tx_queues", "transmit queues").range(1, 4096)};
//     static void create(netrig::Creation& device) { ... device.create_link(link); }
//   };
//   NETRIG_DRIVER(Dummy, "dummy", "1.0.0", "dummy")
//
// Optional static members:
//   parameters                     none, if it is not there
//   validate(netrig::Creation&)    checks what declarations cannot say
//   destroy(netrig::Existing&)     default: deletes every interface by netrig.netlink/1
//   inspect(netrig::Existing&)     default: looks whether the interfaces are there
//   statistics(netrig::Existing&)  counters that the kernel's interface statistics lack
//   start(netrig::Call&), stop()   before the first and after the last operation in a process
// Each throws netrig::Failure to say no.
#ifndef NETRIG_DRIVER_HPP
#define NETRIG_DRIVER_HPP

#include <netrig/driver.h>
#include <netrig/attributes.hpp>
#include <netrig/call.hpp>
#include <netrig/failure.hpp>
#include <netrig/parameter.hpp>

#include <array>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

namespace netrig {

/// Constant facts of a driver.
struct Info {
  const char* summary;
  std::uint32_t min_interfaces = 1;
  std::uint32_t max_interfaces = 1;
  std::uint32_t max_ports = 0;  ///< 0: its interfaces cannot be a master
  std::uint32_t flags = 0;      ///< NETRIG_DRIVER_*
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
NETRIG_DETAIL_HAS(destroy);
NETRIG_DETAIL_HAS(inspect);
NETRIG_DETAIL_HAS(statistics);
NETRIG_DETAIL_HAS(start);
NETRIG_DETAIL_HAS(stop);
#undef NETRIG_DETAIL_HAS

/// The NULL-terminated list of pointers that the ABI wants, as a constant.
template <typename D>
struct ParameterPointers {
  template <std::size_t... I>
  static constexpr std::array<const netrig_parameter*, sizeof...(I) + 1> make(std::index_sequence<I...>) {
    return {&D::parameters[I]..., nullptr};
  }
  static constexpr auto list = make(std::make_index_sequence<std::extent_v<decltype(D::parameters)>>{});
};

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
    if constexpr (has_destroy<D>)
      D::destroy(existing);
    else
      for (std::uint32_t i = 0; i < existing.interface_count(); ++i) existing.delete_link(i);
  });
}
template <typename D>
netrig_status inspect(const netrig_host* host, netrig_call* call, const netrig_device* device) noexcept {
  return guarded(host, call, [&] {
    Existing existing(host, call, device);
    if constexpr (has_inspect<D>)
      D::inspect(existing);
    else
      for (std::uint32_t i = 0; i < existing.interface_count(); ++i)
        existing.get_link(i, [](std::uint16_t, const void*, std::size_t) {});
  });
}
template <typename D>
netrig_status statistics(const netrig_host* host, netrig_call* call, const netrig_device* device) noexcept {
  return guarded(host, call, [&] {
    Existing existing(host, call, device);
    D::statistics(existing);
  });
}
template <typename D>
netrig_status start(const netrig_host* host, netrig_call* call) noexcept {
  return guarded(host, call, [&] {
    Call operation(host, call);
    D::start(operation);
  });
}
template <typename D>
void stop() noexcept {
  D::stop();
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
  if constexpr (has_parameters<D>) driver.parameters = ParameterPointers<D>::list.data();
  if constexpr (has_validate<D>) driver.validate = &validate<D>;
  driver.create = &create<D>;
  driver.destroy = &destroy<D>;
  driver.inspect = &inspect<D>;
  if constexpr (has_statistics<D>) driver.statistics = &statistics<D>;
  if constexpr (has_start<D>) driver.start = &start<D>;
  if constexpr (has_stop<D>) driver.stop = &stop<D>;
  return driver;
}

}  // namespace detail
}  // namespace netrig

/// Makes class D the driver of this plugin and asks for privileges (NETRIG_WANTS_*). At file scope, once. All strings
/// are literals; link_kinds are the kernel's kinds that it may ask the host for, separated by spaces.
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
