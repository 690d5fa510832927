// SPDX-License-Identifier: Apache-2.0
// From what a lab is to what it shall be: which steps, in which order. Pure: no kernel, no files.
#pragma once
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "model/lab.hpp"

namespace netrig::plan {

/// One interface that is to be set up or changed. Indexes are those of the next lab.
struct InterfaceWork {
  std::size_t device = 0;
  std::size_t interface = 0;
  const Interface* before = nullptr;  ///< as it is; nullptr: new, everything is to be set
  bool master_anew = false;           ///< its master has been made anew, so it must be enslaved again
};

/// Everything to be done inside one namespace after all devices are there.
struct NamespaceWork {
  std::size_t space = 0;  ///< index in the next lab
  bool fresh = false;     ///< made by this plan
  std::vector<Sysctl> set;
  std::vector<Sysctl> restore;  ///< no longer in the file: back to what they were before the lab
  /// Ports and hosts first, masters last: every port that comes up on a running bridge floods its neighbour discovery
  /// to all others, N^2 packets for N ports.
  std::vector<InterfaceWork> interfaces;
  std::vector<Route> add;
};

/// Routes to be removed before anything else; index in the current lab.
struct RouteRemoval {
  std::size_t space = 0;
  std::vector<Route> routes;
};

struct Plan {
  std::vector<RouteRemoval> remove_routes;
  std::vector<std::size_t> remove_devices;     ///< of the current lab; dependents before what they depend on
  std::vector<std::size_t> remove_namespaces;  ///< of the current lab
  std::vector<std::size_t> create_namespaces;  ///< of the next lab, existing ones (to be opened) included
  /// Of the next lab; a level needs only interfaces of earlier levels.
  std::vector<std::vector<std::size_t>> create_devices;
  /// Two waves: namespaces without masters first, so that bridges come up when their ports' other ends are ready.
  std::vector<std::vector<NamespaceWork>> configure;

  [[nodiscard]] bool empty() const;
};

/// Both labs must outlive the plan.
Plan make(const Lab& current, const Lab& next);

/// One line of `netrig plan`.
struct StepText {
  std::string verb;    ///< "create", "remove", "change"
  std::string object;  ///< "namespace", "device", "interface", "address", "route", "sysctl"
  std::string name;    ///< "h1", "wire", "h1:eth0"
  std::string detail;
};
std::vector<StepText> describe(const Plan& plan, const Lab& current, const Lab& next);

/// "default via 10.0.0.1 dev eth0 metric 100", as ip-route(8) writes it.
std::string to_text(const Route& route);

/// Numbers that a lab must fit into on this machine.
struct Limits {
  std::uint64_t open_files = 0;      ///< RLIMIT_NOFILE; 0: unknown
  std::uint64_t net_namespaces = 0;  ///< user.max_net_namespaces
};
/// Throws Error{unsupported} with advice for the first limit that the lab would run into.
void check_limits(const Lab& next, const Limits& limits);

}  // namespace netrig::plan
