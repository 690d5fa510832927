// SPDX-License-Identifier: Apache-2.0
// What of a namespace no object stands for, and yet has to be known to say it again: what links sit on, which of their
// settings somebody chose, and what a lab has no words for.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernel/link.hpp"
#include "kernel/objects.hpp"
#include "model/unique_fd.hpp"

namespace netrig::kernel {

struct LinkFacts {
  LinkState link = {};                        ///< with all its attributes
  std::uint32_t lower = 0;                    ///< IFLA_LINK: ifindex of the other end, or of what it sits on; 0: none
  std::optional<std::int32_t> lower_space;    ///< IFLA_LINK_NETNSID; nothing: in the same namespace
  bool chosen_mac = false;                    ///< not the kernel's or the hardware's (NET_ADDR_SET)
  std::vector<std::uint32_t> ipv4_conf = {};  ///< by IPV4_DEVCONF_* - 1 of linux/ip.h
  std::vector<std::uint32_t> ipv6_conf = {};  ///< by DEVCONF_* of linux/ipv6.h; empty: it has no IPv6
};

/// chosen_mac is not told: see mark_chosen_macs.
std::vector<LinkFacts> list_link_facts(Socket& socket);
/// Finds out which MAC addresses somebody has chosen, in these namespaces. False: this process may not.
bool mark_chosen_macs(const std::vector<std::pair<const UniqueFd*, std::vector<LinkFacts>*>>& spaces);

/// The interface that an attribute of a link's kind names (IFLA_VXLAN_LINK); 0: none.
std::uint32_t interface_in(const LinkFacts& link, std::uint16_t attribute);

/// The sysctls of an interface that are otherwise than on one that nobody has touched, in short: "ipv4.rp_filter". What
/// changes by itself (an MTU, a hop limit) is not among them.
std::vector<std::string> touched_sysctls(const LinkFacts& link, const LinkFacts& untouched);

/// Makes a link of a driver's kind with no more than its table requires, on this one if it wants one to sit on. False:
/// the kernel does not.
bool make_sample(Socket& socket, const DriverDescription& about, std::uint32_t ifindex, std::uint32_t lower);

/// What there is and a lab has no words for: queueing disciplines, VLANs of tunnels, forwarding entries,
/// next-hop objects.
std::vector<LeftOut> list_unsayable(Socket& socket, const std::vector<LinkFacts>& links);

/// Gives a namespace a number in the socket's, which nobody else may use.
void number_namespace(Socket& socket, const UniqueFd& space, std::int32_t number);
/// As the namespace of this number calls others (IFLA_LINK_NETNSID), and their numbers in the socket's.
std::map<std::int32_t, std::int32_t> numbers_of(Socket& socket, std::int32_t number);

}  // namespace netrig::kernel
