// SPDX-License-Identifier: Apache-2.0
// One operation of a driver as the C ABI sees it: what `netrig_call *` points to.
#pragma once
#include <netrig/driver.h>
#include <netrig/services.h>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "driver/driver.hpp"
#include "driver/permission.hpp"

/// Made for one operation, on the stack of the thread that runs it. Callbacks reach it by pointer only.
struct netrig_call {
  const netrig::DriverDescription* description = nullptr;
  const netrig::Parameters* parameters = nullptr;  ///< nullptr: this operation has none
  std::string lab;
  std::string device;
  std::vector<netrig::driver::InterfaceRequest> interfaces;
  std::vector<netrig::driver::Reference> references;
  netrig::driver::Services* services = nullptr;
  std::optional<netrig::driver::Permission> permission;
  netrig::driver::Clock::time_point deadline = netrig::driver::Clock::time_point::max();

  // What comes back.
  netrig_status status = NETRIG_OK;
  std::string message;
  std::vector<netrig::driver::Order> orders;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> made;     ///< by the driver itself: interface, ifindex
  std::vector<std::pair<std::uint32_t, std::uint32_t>> flushed;  ///< by flush: interface, ifindex
  netrig::driver::Bytes record;
  std::vector<std::pair<std::string, std::string>> state;
  std::exception_ptr failure;  ///< thrown by a service; thrown on when the driver has returned

  // Views that the ABI hands out.
  std::vector<netrig_interface> raw_interfaces;
  std::vector<const netrig_interface*> interface_pointers;
  std::vector<netrig_reference> raw_references;
  std::vector<std::string> reference_texts;

  /// After everything above "What comes back" is set.
  void prepare(netrig::driver::Operation operation, std::uint32_t granted);
  /// Text of a driver as the host may show it.
  [[nodiscard]] std::string clean(const char* text) const;
};

namespace netrig::driver {

/// The table given to drivers.
const netrig_host& host_table();
/// Table of a service; nullptr: unknown id.
const void* find_service(const char* id);

/// Runs a callback's body; no exception leaves it. What is thrown fails the operation.
template <typename Body>
netrig_status callback(netrig_call* call, Body&& body) noexcept {
  try {
    return body();
  } catch (const Error& error) {
    if (!call->failure) call->failure = std::current_exception();
    return error.code() == ErrorCode::denied        ? NETRIG_DENIED
           : error.code() == ErrorCode::not_found   ? NETRIG_NOT_FOUND
           : error.code() == ErrorCode::unsupported ? NETRIG_UNSUPPORTED
                                                    : NETRIG_IO;
  } catch (...) {
    if (!call->failure) call->failure = std::current_exception();
    return NETRIG_INTERNAL;
  }
}

}  // namespace netrig::driver
