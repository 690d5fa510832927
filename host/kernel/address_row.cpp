// SPDX-License-Identifier: Apache-2.0
#include <linux/if.h>
#include <linux/if_addr.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kernel/address.hpp"
#include "kernel/message.hpp"
#include "kernel/rows.hpp"

namespace netrig::kernel {
namespace {

bool is_v6(const Address& address) { return address.prefix.address.family == Family::ipv6; }

Scope scope_of(const Address& address) {
  if (address.scope) return *address.scope;
  // As ip-address(8) does: a loopback address is seen by this host alone.
  return !is_v6(address) && address.prefix.address.is_loopback() ? Scope::host : Scope::global;
}

ifaddrmsg header_of(std::uint32_t ifindex, const Address& address) {
  ifaddrmsg header{};
  header.ifa_family = number_of(address.prefix.address.family);
  header.ifa_prefixlen = address.prefix.length;
  header.ifa_index = ifindex;
  header.ifa_scope = static_cast<std::uint8_t>(scope_of(address));
  return header;
}

void put_addresses(Batch& batch, const Address& address) {
  // IFA_LOCAL is ours, IFA_ADDRESS the other end's; without a peer they are the same (linux/if_addr.h).
  batch.put(IFA_LOCAL, address.prefix.address);
  batch.put(IFA_ADDRESS, address.peer.value_or(address.prefix.address));
}

void put_broadcast(Batch& batch, const Address& address) {
  const auto broadcast = IpAddress::parse(address.broadcast.value_or(address.usual_broadcast()));
  if (broadcast) batch.put(IFA_BROADCAST, *broadcast);
}

void put_settings(Batch& batch, const Address& address) {
  if (!is_v6(address)) {
    put_broadcast(batch, address);
    if (address.label && !address.label->empty()) batch.put_text(IFA_LABEL, *address.label);
  }
  std::uint32_t flags = 0;
  if (is_v6(address) && address.dad == Dad::off) flags |= IFA_F_NODAD;
  if (!address.prefix_route.value_or(true)) flags |= IFA_F_NOPREFIXROUTE;
  if (flags != 0) batch.put(IFA_FLAGS, flags);
  if (address.valid || address.preferred) {
    ifa_cacheinfo lifetimes{};
    const Lifetime valid = address.valid.value_or(Lifetime::for_ever);
    lifetimes.ifa_valid = static_cast<std::uint32_t>(valid);
    // The kernel refuses a preferred lifetime that is longer than the valid one.
    lifetimes.ifa_prefered = static_cast<std::uint32_t>(address.preferred.value_or(valid));
    batch.put(IFA_CACHEINFO, &lifetimes, sizeof lifetimes);
  }
  if (address.metric.value_or(0) != 0) batch.put(IFA_RT_PRIORITY, *address.metric);
}

/// fe80::/64 with the identifier that the kernel makes of a MAC (RFC 4291, appendix A).
bool is_made_of(const Prefix& prefix, const std::optional<MacAddress>& mac) {
  if (!mac || prefix.length != 64 || !prefix.address.is_link_local()) return false;
  const auto& from = mac->bytes;
  const std::array<std::uint8_t, 8> identifier = {
      static_cast<std::uint8_t>(from[0] ^ 2U), from[1], from[2], 0xff, 0xfe, from[3], from[4], from[5]};
  return std::equal(identifier.begin(), identifier.end(), prefix.address.bytes.begin() + 8);
}

bool is_of_others(const AddressState& seen, const LinkState& link, bool tells_protocols) {
  const bool v6 = seen.prefix.address.family == Family::ipv6;
  // The kernel's own, or a daemon's (IFAPROT_* and more).
  if (seen.protocol != 0 && seen.protocol != kRouteProtocol) return true;
  if ((link.flags & IFF_LOOPBACK) != 0 && seen.prefix.address.is_loopback() && seen.prefix.length == (v6 ? 128 : 8) &&
      (v6 || seen.prefix.address == IpAddress{.bytes = {127, 0, 0, 1}}))
    return true;
  if (!v6) return false;
  // Privacy extensions (RFC 8981), and the advertised ones that they are made of.
  if ((seen.flags & IFA_F_TEMPORARY) != 0) return true;
  if ((seen.flags & IFA_F_MANAGETEMPADDR) != 0 && (seen.flags & IFA_F_PERMANENT) == 0) return true;
  return !tells_protocols && (seen.flags & IFA_F_PERMANENT) != 0 && is_made_of(seen.prefix, link.mac);
}

/// Of what is not the kernel's own: who made it.
void tell_of(const View& view, const AddressState& seen, const LinkState& link) {
  constexpr std::uint8_t kAdvertised = 2;  // IFAPROT_KERNEL_RA of linux/if_addr.h since 5.18
  constexpr std::uint8_t kLastOfKernel = 3;
  const std::string prefix = seen.prefix.str();
  if (seen.protocol == kAdvertised || (seen.flags & (IFA_F_TEMPORARY | IFA_F_MANAGETEMPADDR)) != 0)
    leave_out(view, &link, fmt::format("address {} comes of a router advertisement", prefix));
  else if (seen.protocol > kLastOfKernel)
    leave_out(view, &link, fmt::format("address {} was made by protocol {}, a daemon", prefix, seen.protocol));
}

Address address_of(const AddressState& seen, const LinkState& link) {
  const bool v6 = seen.prefix.address.family == Family::ipv6;
  Address address;
  address.interface = link.name;
  address.prefix = seen.prefix;
  address.peer = seen.peer;
  address.dad = v6 && (seen.flags & IFA_F_NODAD) == 0 ? Dad::on : Dad::off;
  address.scope = static_cast<Scope>(seen.scope);
  if (!v6) address.broadcast = seen.broadcast ? seen.broadcast->str() : std::string();
  if (seen.label != link.name && !seen.label.empty()) address.label = seen.label;
  address.valid = Lifetime{seen.valid};
  address.preferred = Lifetime{seen.preferred};
  address.prefix_route = (seen.flags & IFA_F_NOPREFIXROUTE) == 0;
  address.metric = seen.metric;
  address.secondary = !v6 && (seen.flags & IFA_F_SECONDARY) != 0;
  address.duplicate = (seen.flags & IFA_F_DADFAILED) != 0;
  return address;
}

}  // namespace

void write_step(Batch& batch, const Doing<Address>& doing, const IfindexOf& ifindex_of) {
  const Address address = with_what_stays(doing);
  const ifaddrmsg header = header_of(ifindex_of(address.interface), address);
  if (doing.verb == Verb::remove) {
    batch.begin(RTM_DELADDR, 0, header);
    put_addresses(batch, address);
    return;
  }
  // A link-local one may be there as the kernel's own, which nobody has seen; then it is the lab's from here on.
  const auto make = is_v6(address) && address.prefix.address.is_link_local() ? NLM_F_CREATE | NLM_F_REPLACE
                                                                             : NLM_F_CREATE | NLM_F_EXCL;
  batch.begin(RTM_NEWADDR, doing.verb == Verb::make ? make : NLM_F_REPLACE, header);
  put_addresses(batch, address);
  put_settings(batch, address);
}

void see(const View& view, std::vector<Address>& into) {
  const auto states = list_addresses(view.socket);
  // A kernel before 5.18 tells of none whose it is.
  const bool tells_protocols =
      std::any_of(states.begin(), states.end(), [](const AddressState& seen) { return seen.protocol != 0; });
  into.reserve(states.size());
  for (const AddressState& seen : states) {
    const LinkState* link = view.link(seen.ifindex);
    if (link == nullptr) continue;
    if (is_of_others(seen, *link, tells_protocols))
      tell_of(view, seen, *link);
    else
      into.push_back(address_of(seen, *link));
  }
}

}  // namespace netrig::kernel
