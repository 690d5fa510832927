// SPDX-License-Identifier: Apache-2.0
// Tries what a lab needs of the machine, in namespaces without a name that go when they have been tried in. Nothing of
// it is seen from outside, and nothing is left.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "driver/registry.hpp"

namespace netrig::engine {

/// Why something does not work here, one sentence; empty: it does.
using Fault = std::string;

/// What a namespace must allow.
struct NamespaceTrial {
  Fault creation;        ///< of the namespace; with one, nothing else was tried
  Fault sysctls;         ///< writing net.*
  Fault ipv6;            ///< addresses of IPv6
  Fault icmp_sockets;    ///< which echo requests are sent by
  Fault packet_sockets;  ///< which packets are captured by
  Fault netem;           ///< which delays and loses packets
  Fault tbf;             ///< which keeps to a rate
};
NamespaceTrial try_namespace();

/// Whether namespaces can get their names in /run/netns.
Fault try_names();
/// Whether records of labs can be kept in /run/netrig.
Fault try_records();

/// Whether the kernel knows a link kind.
Fault try_link_kind(const std::string& kind);

/// One device that could not be made.
struct DeviceTrial {
  std::string parameter = {};  ///< that it was made with; empty: only with what the driver requires
  std::string kernel_option = {};
  Fault fault;
};
enum class Depth : std::uint8_t { load, make };
/// Loads a driver and, with Depth::make, has it make a device, then one for each parameter that needs something of the
/// kernel. Returns those that failed; the first one alone if it is the driver that does. One that needs more than a
/// guess, that holds privileges or that is not fenced is only loaded.
std::vector<DeviceTrial> try_driver(driver::Registry& drivers, const std::string& kind, Depth depth);

}  // namespace netrig::engine
