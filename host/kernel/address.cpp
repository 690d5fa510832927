// SPDX-License-Identifier: Apache-2.0
#include "kernel/address.hpp"

#include <linux/if.h>
#include <linux/if_addr.h>

#include "kernel/message.hpp"
#include "kernel/rows.hpp"

namespace netrig::kernel {
namespace {

constexpr Policy kAddressPolicy(expect_address(IFA_LOCAL), expect_address(IFA_ADDRESS), expect_address(IFA_BROADCAST),
                                expect_text(IFA_LABEL, IFNAMSIZ), expect_u32(IFA_FLAGS), expect_u32(IFA_RT_PRIORITY),
                                expect_u8(IFA_PROTO), expect_bytes(IFA_CACHEINFO, sizeof(ifa_cacheinfo)));

}  // namespace

void add_address(Batch& batch, std::uint32_t ifindex, const Address& address) {
  write_step(batch, Doing<Address>{.verb = Verb::make, .object = address},
             [ifindex](const std::string&) { return ifindex; });
}

void delete_address(Batch& batch, std::uint32_t ifindex, const Address& address) {
  write_step(batch, Doing<Address>{.verb = Verb::remove, .object = address},
             [ifindex](const std::string&) { return ifindex; });
}

std::vector<AddressState> list_addresses(Socket& socket, Family asked, std::uint32_t ifindex) {
  Batch batch;
  ifaddrmsg request{};
  request.ifa_family = number_of(asked);
  request.ifa_index = ifindex;
  batch.begin(RTM_GETADDR, NLM_F_DUMP, request);
  std::vector<AddressState> states;
  dump_read<ifaddrmsg, kAddressPolicy>(
      socket, batch, "the addresses of a namespace", [&](const ifaddrmsg& header, const auto& found) {
        const auto family = family_of(header.ifa_family);
        if (family != asked) return;  // a kernel without it answers with all that it has
        const auto address = found.template address<IFA_ADDRESS>(*family);
        const auto local = found.template address<IFA_LOCAL>(*family);
        if (!address && !local) return;
        AddressState& state = states.emplace_back();
        state.ifindex = header.ifa_index;
        state.prefix = {.address = local ? *local : *address, .length = header.ifa_prefixlen};
        if (address && local && *address != *local) state.peer = address;
        state.flags = found.template u32<IFA_FLAGS>().value_or(header.ifa_flags);
        state.scope = header.ifa_scope;
        state.broadcast = found.template address<IFA_BROADCAST>(*family);
        state.label = found.template text<IFA_LABEL>().value_or("");
        state.metric = found.template u32<IFA_RT_PRIORITY>().value_or(0);
        state.protocol = found.template u8<IFA_PROTO>().value_or(0);
        if (const auto lifetimes = found.template as<IFA_CACHEINFO, ifa_cacheinfo>()) {
          state.valid = lifetimes->ifa_valid;
          state.preferred = lifetimes->ifa_prefered;
        }
      });
  return states;
}

std::vector<AddressState> list_addresses(Socket& socket) {
  // Family by family: a list of all is made under RTNL, which every other thread waits for.
  std::vector<AddressState> states = list_addresses(socket, Family::ipv4);
  for (AddressState& one : list_addresses(socket, Family::ipv6)) states.push_back(std::move(one));
  return states;
}

}  // namespace netrig::kernel
