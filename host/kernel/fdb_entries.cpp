// SPDX-License-Identifier: Apache-2.0
#include "kernel/fdb_entries.hpp"

#include <linux/neighbour.h>

#include "kernel/message.hpp"

namespace netrig::kernel {
namespace {

constexpr Policy kFdbPolicy(expect_bytes(NDA_DST), expect_bytes(NDA_LLADDR), Expected{NDA_VLAN, 2, 2},
                            expect_u32(NDA_MASTER));

}  // namespace

std::vector<FdbEntry> list_fdb(Socket& socket) {
  std::vector<FdbEntry> entries;
  Batch batch;
  ndmsg request{};
  request.ndm_family = AF_BRIDGE;
  batch.begin(RTM_GETNEIGH, NLM_F_DUMP, request);
  constexpr const char* kWhat = "the forwarding databases of a namespace";
  // Not by dump(), which leaves out what is of no address family.
  const auto refusal = socket.ask(batch, [&](std::uint16_t type, std::span<const std::byte> payload) {
    if (type != RTM_NEWNEIGH) return;
    const auto message = Message<ndmsg, kFdbPolicy>::read(payload);
    if (!message) refuse_answer(kWhat);
    const auto& [header, found] = *message;
    const auto mac = found.mac<NDA_LLADDR>();
    if (header.ndm_family != AF_BRIDGE || !mac) return;
    auto dst = found.address<NDA_DST>(Family::ipv4);
    if (!dst) dst = found.address<NDA_DST>(Family::ipv6);
    entries.push_back({.ifindex = static_cast<std::uint32_t>(header.ndm_ifindex),
                       .master = found.u32<NDA_MASTER>().value_or(0),
                       .mac = *mac,
                       .vlan = found.u16<NDA_VLAN>().value_or(0),
                       .dst = dst});
  });
  if (refusal) throw Error(ErrorCode::failed, fmt::format("cannot list {}: {}", kWhat, refusal->str()));
  return entries;
}

}  // namespace netrig::kernel
