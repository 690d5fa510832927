// SPDX-License-Identifier: Apache-2.0
// One operation of a driver as the C ABI sees it: what `netrig_call *` points to.
#pragma once
#include <netrig/driver.h>
#include <netrig/services.h>

#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "driver/driver.hpp"

/// Made for one operation, on the stack of the thread that runs it. Callbacks reach it by pointer only.
struct netrig_call {
  enum class Operation : std::uint8_t { validate, create, destroy, inspect, statistics, start };

  const netrig::DriverDescription* description = nullptr;
  Operation operation = Operation::validate;
  const netrig::Parameters* parameters = nullptr;  ///< nullptr: this operation has none
  std::string lab;
  std::string device;
  std::vector<netrig::driver::InterfaceRequest> interfaces;
  std::vector<netrig::driver::Reference> references;
  netrig::driver::Services* services = nullptr;
  netrig::driver::Clock::time_point deadline = netrig::driver::Clock::time_point::max();

  // What comes back.
  netrig_status status = NETRIG_OK;
  std::string message;
  std::vector<netrig::driver::Order> orders;
  std::vector<bool> ordered;                                     ///< by interface: a link order or a report covers it
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

  void prepare_views();
  /// Text of a driver with the values of secret parameters masked.
  [[nodiscard]] std::string masked(std::string text) const;
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
