// SPDX-License-Identifier: Apache-2.0
// One operation of a driver as the C ABI sees it: what `netrig_call *` points to.
#pragma once
#include <netrig/driver.h>
#include <netrig/services.h>

#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "driver/driver.hpp"
#include "driver/permission.hpp"
#include "driver/secrets.hpp"

namespace netrig::driver {

/// Why the last call of a service failed.
struct LastError {
  netrig_status status = NETRIG_OK;
  ErrorCode code = ErrorCode::failed;
  std::string message = {};  ///< empty: the status says it all
  KernelWords kernel = {};
};

}  // namespace netrig::driver

/// Made for one operation, on the stack of the thread that runs it. Callbacks reach it by pointer only.
struct netrig_call {
  const netrig::DriverDescription* description = nullptr;
  const netrig::Parameters* parameters = nullptr;  ///< nullptr: this operation has none
  std::string lab;
  std::string device;
  std::vector<netrig::driver::InterfaceRequest> interfaces;
  std::vector<netrig::driver::Reference> references;
  netrig::driver::Services* services = nullptr;
  netrig::driver::Mask mask;  ///< for what the driver says
  std::optional<netrig::driver::Permission> permission;
  const std::vector<std::string>* changed = nullptr;  ///< change: parameters that differ
  netrig::driver::Clock::time_point deadline = netrig::driver::Clock::time_point::max();

  // What comes back.
  netrig_status status = NETRIG_OK;
  std::string message;
  std::vector<netrig::driver::Order> orders;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> made;     ///< by the driver itself: interface, ifindex
  std::vector<std::pair<std::uint32_t, std::uint32_t>> flushed;  ///< by flush: interface, ifindex
  std::vector<std::pair<std::string, std::string>> state;
  netrig::Parameters told;
  std::optional<netrig::driver::LastError> last;  ///< of the last call of a service, if it failed
  bool interrupted = false;                       ///< the driver knows that the user has interrupted it
  std::exception_ptr failure;                     ///< what the driver has no say in; thrown on when it has returned

  // Views that the ABI hands out.
  std::vector<netrig_interface> raw_interfaces;
  std::vector<const netrig_interface*> interface_pointers;
  std::vector<netrig_reference> raw_references;
  std::vector<std::string> reference_texts;
  std::map<const netrig::FileContent*, netrig::UniqueFd> files;  ///< that the driver was given

  /// After everything above "What comes back" is set.
  void prepare(netrig::driver::Operation operation, std::uint32_t granted, const std::vector<std::string>* named);
  /// Text of a driver as the host may show it.
  [[nodiscard]] std::string clean(const char* text) const;
};

namespace netrig::driver {

/// The table given to drivers.
const netrig_host& host_table();
/// Table of a service; nullptr: unknown id.
const void* find_service(const char* id);

/// Callbacks that say how a parameter is (telling.cpp).
netrig_status tell_bool(netrig_call* call, const char* name, std::uint32_t index, std::uint8_t value);
netrig_status tell_integer(netrig_call* call, const char* name, std::uint32_t index, std::int64_t value);
netrig_status tell_string(netrig_call* call, const char* name, std::uint32_t index, const char* value);
netrig_status tell_mac(netrig_call* call, const char* name, std::uint32_t index, const std::uint8_t value[6]);
netrig_status tell_address(netrig_call* call, const char* name, std::uint32_t index, const std::uint8_t value[16],
                           std::uint8_t family, std::uint8_t prefix_length);
netrig_status tell_bytes(netrig_call* call, const char* name, std::uint32_t index, const void* value,
                         std::uint32_t size);
/// Whether what a worker says it was told can be: parameters that are inspected, with values of their types.
bool can_be_told(const Parameters& told, const DriverDescription& about);

/// Remembers what was thrown by a service, whether it is the driver's to handle or not. Only in a handler.
netrig_status note_failure(netrig_call* call) noexcept;

/// Runs a callback's body; no exception leaves it. What is thrown fails the operation.
template <typename Body>
netrig_status callback(netrig_call* call, Body&& body) noexcept {
  try {
    return body();
  } catch (...) {
    if (!call->failure) call->failure = std::current_exception();
    return NETRIG_INTERNAL;
  }
}

/// The same for a service: what fails is remembered for last_error, and is the driver's to handle, unless it is the
/// host's own no.
template <typename Body>
netrig_status service_call(netrig_call* call, Body&& body) noexcept {
  call->last.reset();
  try {
    const netrig_status status = body();
    if (status != NETRIG_OK) call->last = LastError{.status = status};
    return status;
  } catch (...) {
    return note_failure(call);
  }
}

}  // namespace netrig::driver
