// SPDX-License-Identifier: Apache-2.0
// A host that makes nothing: it answers a driver as the scene says, and writes down what it is asked for.
#pragma once
#include <netrig/driver.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "driver/messages.hpp"

namespace netrig::conformance {

/// In the order of a device's life.
inline constexpr std::array kOperations = {driver::Operation::validate, driver::Operation::create,
                                           driver::Operation::settle,   driver::Operation::change,
                                           driver::Operation::inspect,  driver::Operation::destroy};
/// Whether it is about a device that is there.
constexpr bool is_later(driver::Operation operation) {
  return operation != driver::Operation::validate && operation != driver::Operation::create;
}

/// One operation, and what is to go wrong while it runs.
struct Scene {
  driver::CallMessage request;
  std::uint32_t fails_at = 0;  ///< the call into the host that fails, counted from 1; 0: none
  std::int32_t fails_with = NETRIG_IO;
  std::string lacks = {};    ///< id of a service that this host has not; empty: it has all
  bool newer = false;        ///< a later host, whose structs are longer
  std::uint32_t cycles = 0;  ///< instead of the operation: all there are, so often; 0: the operation
};

/// Something that no driver may do.
struct Misdeed {
  std::string check;  ///< that it fails: "calls.kinds"
  std::string text;
};

/// What the driver did.
struct Account {
  std::int32_t status = NETRIG_OK;
  std::string message;            ///< of fail()
  bool told = false;              ///< fail() was called
  std::uint32_t calls = 0;        ///< into the host, of those that may fail
  bool order_failed = false;      ///< a link that it wanted made or deleted was refused
  bool covered = false;           ///< something was made for every interface
  std::vector<Misdeed> misdeeds;  ///< each kind once
  std::string orders;             ///< what it wanted done, as text to be compared
  driver::Bytes record;
  // Of cycles.
  std::uint32_t differs_at = 0;  ///< the first cycle that was not as the first one; 0: none
  std::int64_t memory = 0;       ///< more than after the tenth part of all; Units: bytes
  std::int32_t descriptors = 0;  ///< more than before
};

/// Runs a scene here and now. Thread: one at a time.
Account rehearse(const netrig_functions& functions, const DriverDescription& about, const Scene& scene);

/// One as long as it is to be; what it holds does not matter.
UniqueFd sample_of(const FileContent& file);

driver::WireWriter encode(const Scene& scene);
driver::WireWriter encode(const Account& account);
/// Both throw Error{driver} for what is malformed. `files`: descriptors of the scene's files, which stay the caller's.
Scene decode_scene(std::span<const std::byte> bytes, std::span<const int> files);
Account decode_account(std::span<const std::byte> bytes);

}  // namespace netrig::conformance
