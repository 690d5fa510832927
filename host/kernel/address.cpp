// SPDX-License-Identifier: Apache-2.0
#include "kernel/address.hpp"

#include <linux/if_addr.h>
#include <netlink/attr.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "model/error.hpp"

namespace netrig::kernel {
namespace {

ifaddrmsg header_of(std::uint32_t ifindex, const Address& address) {
  ifaddrmsg header{};
  header.ifa_family = address.prefix.address.family == Family::ipv4 ? AF_INET : AF_INET6;
  header.ifa_prefixlen = address.prefix.length;
  header.ifa_index = ifindex;
  header.ifa_scope = static_cast<std::uint8_t>(address.scope.value_or(Scope::global));
  return header;
}

void put_addresses(Batch& batch, const Address& address) {
  // IFA_LOCAL is ours, IFA_ADDRESS the other end's; without a peer they are the same (linux/if_addr.h).
  batch.put(IFA_LOCAL, address.prefix.address);
  batch.put(IFA_ADDRESS, address.peer.value_or(address.prefix.address));
}

}  // namespace

void add_address(Batch& batch, std::uint32_t ifindex, const Address& address) {
  batch.begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, header_of(ifindex, address));
  put_addresses(batch, address);
  if (address.prefix.address.family == Family::ipv4) {
    // RFC 919: subnets of one or two hosts have no broadcast address (RFC 3021), nor do point-to-point links.
    if (address.prefix.length < 31 && !address.peer) batch.put(IFA_BROADCAST, address.prefix.last());
  } else if (address.dad == Dad::off) {
    batch.put(IFA_FLAGS, std::uint32_t{IFA_F_NODAD});
  }
}

void delete_address(Batch& batch, std::uint32_t ifindex, const Address& address) {
  batch.begin(RTM_DELADDR, 0, header_of(ifindex, address));
  put_addresses(batch, address);
}

std::vector<AddressState> list_addresses(Socket& socket) {
  Batch batch;
  batch.begin(RTM_GETADDR, NLM_F_DUMP, ifaddrmsg{});
  std::vector<AddressState> states;
  const auto refusal = socket.ask(batch, [&](std::uint16_t type, std::span<const std::byte> payload) {
    if (type != RTM_NEWADDR || payload.size() < sizeof(ifaddrmsg)) return;
    ifaddrmsg header{};
    std::memcpy(&header, payload.data(), sizeof header);
    AddressState state;
    state.ifindex = header.ifa_index;
    state.flags = header.ifa_flags;
    state.prefix.length = header.ifa_prefixlen;
    state.prefix.address.family = header.ifa_family == AF_INET ? Family::ipv4 : Family::ipv6;
    const auto rest = payload.subspan(NLMSG_ALIGN(sizeof header));
    std::array<nlattr*, IFA_MAX + 1> found{};
    auto* first = reinterpret_cast<nlattr*>(const_cast<std::byte*>(rest.data()));
    if (nla_parse(found.data(), IFA_MAX, first, static_cast<int>(rest.size()), nullptr) < 0) return;
    const nlattr* local = found[IFA_LOCAL] != nullptr ? found[IFA_LOCAL] : found[IFA_ADDRESS];
    if (local == nullptr || nla_len(local) != static_cast<int>(state.prefix.address.size())) return;
    std::memcpy(state.prefix.address.bytes.data(), nla_data(local), state.prefix.address.size());
    if (found[IFA_FLAGS] != nullptr && nla_len(found[IFA_FLAGS]) >= 4) state.flags = nla_get_u32(found[IFA_FLAGS]);
    states.push_back(state);
  });
  if (refusal) throw Error(ErrorCode::failed, "cannot list the addresses of a namespace: " + refusal->str());
  return states;
}

}  // namespace netrig::kernel
