// SPDX-License-Identifier: Apache-2.0
#include "kernel/neighbour.hpp"

#include <linux/neighbour.h>

#include "kernel/message.hpp"

namespace netrig::kernel {
namespace {

constexpr Policy kNeighbourPolicy(expect_bytes(NDA_DST), expect_bytes(NDA_LLADDR), expect_u8(NDA_PROTOCOL));

}  // namespace

std::vector<NeighbourEntry> list_neighbours(Socket& socket, NeighbourTable table) {
  std::vector<NeighbourEntry> entries;
  Batch batch;
  ndmsg request{};
  request.ndm_flags = table == NeighbourTable::proxies ? NTF_PROXY : 0;
  batch.begin(RTM_GETNEIGH, NLM_F_DUMP, request);
  dump_read<ndmsg, kNeighbourPolicy>(
      socket, batch, "the neighbours of a namespace", [&](const ndmsg& header, const auto& found) {
        const auto family = family_of(header.ndm_family);
        const auto address = family ? found.template address<NDA_DST>(*family) : std::nullopt;
        if (!address) return;
        entries.push_back({.ifindex = static_cast<std::uint32_t>(header.ndm_ifindex),
                           .state = header.ndm_state,
                           .flags = header.ndm_flags,
                           .address = *address,
                           .mac = found.template mac<NDA_LLADDR>(),
                           .protocol = found.template u8<NDA_PROTOCOL>().value_or(0)});
      });
  return entries;
}

void delete_neighbour(Batch& batch, std::uint32_t ifindex, const IpAddress& address) {
  ndmsg header{};
  header.ndm_family = number_of(address.family);
  header.ndm_ifindex = static_cast<int>(ifindex);
  batch.begin(RTM_DELNEIGH, 0, header);
  batch.put(NDA_DST, address);
}

std::string neighbour_state_text(std::uint16_t state) {
  if ((state & NUD_PERMANENT) != 0) return "permanent";
  if ((state & NUD_REACHABLE) != 0) return "reachable";
  if ((state & NUD_NOARP) != 0) return "noarp";
  if ((state & NUD_STALE) != 0) return "stale";
  if ((state & NUD_DELAY) != 0) return "delay";
  if ((state & NUD_PROBE) != 0) return "probe";
  if ((state & NUD_FAILED) != 0) return "failed";
  if ((state & NUD_INCOMPLETE) != 0) return "incomplete";
  return "none";
}

}  // namespace netrig::kernel
