// SPDX-License-Identifier: Apache-2.0
// A lab that is up as the kernel has it, and as its drivers see it.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "kernel/address.hpp"
#include "kernel/link.hpp"
#include "session/session.hpp"

namespace netrig::session {

/// What the kernel shows of one recorded interface.
struct InterfaceStatus {
  engine::MadeInterface made;
  bool present = false;
  kernel::LinkState link;
  std::vector<kernel::AddressState> addresses;
};
struct DeviceStatus {
  engine::MadeDevice made;
  std::vector<InterfaceStatus> interfaces = {};
  driver::State state = {};      ///< the driver's own words
  std::string unavailable = {};  ///< why the driver could not be asked; empty: it was
};
struct NamespaceStatus {
  engine::MadeNamespace made;
  bool present = false;
  bool foreign = false;  ///< one of that name is there, but not the one that the lab made
};
/// Of one that the record names.
struct ServiceStatus {
  engine::MadeService made;
  process::Whereabouts process = process::Whereabouts::gone;
  std::string why = {};  ///< of unknown
};
struct Status {
  std::vector<NamespaceStatus> namespaces;
  std::vector<DeviceStatus> devices;
  std::vector<ServiceStatus> services = {};
  std::optional<Observation> drift = {};    ///< from the file it was brought up from; nothing: it is not known
  Lab applied = {.name = LabName("none")};  ///< what `drift` points into
  std::string problem = {};                 ///< why it is not known; empty: the lab is between two states
  [[nodiscard]] bool whole() const;
};
/// Throws Error.
Status status(const Host& host, const engine::Record& record);

}  // namespace netrig::session
