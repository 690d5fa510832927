// SPDX-License-Identifier: Apache-2.0
// Whom a check asks at which address: what the lab file says, and where it gives none what the kernel has.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "check/job.hpp"

namespace netrig::check {

/// From a namespace to another, or to an address that mostly is one of another namespace.
struct Aim {
  std::size_t from = 0;                   ///< index in Lab::namespaces
  std::optional<std::size_t> to = {};     ///< unset: the address is none of the lab, or of several
  std::optional<IpAddress> address = {};  ///< unset: the file gives both none of a common family
};
/// Namespaces paired with those of a target, in the order of the lab file; none is paired with itself.
std::vector<Aim> all_aims(const Lab& lab, const std::string& from, const Target& target);
/// Those of a test. Where its target wants only some, they are drawn: the same for the same test and seed on every
/// machine. Throws Error{invalid} if there is none.
std::vector<Aim> aims_of(const Lab& lab, const Test& test, const Target& target, std::uint64_t seed = 0);

struct Pairing {
  std::vector<Pair> pairs = {};
  std::vector<Aim> apart = {};  ///< that have no address of a common family in the kernel either
  std::string why = {};         ///< of the first of these: what there is
};
/// Looks in the kernel where the file gives no address: what DHCP, VRRP or a command has made. What cannot be used
/// (tentative, DADFAILED) or should not (deprecated) is not taken.
Pairing pair_up(const Ground& ground, const std::vector<Aim>& aims, const Target& target);

}  // namespace netrig::check
