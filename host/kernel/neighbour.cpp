// SPDX-License-Identifier: Apache-2.0
#include "kernel/neighbour.hpp"

#include <linux/neighbour.h>
#include <netlink/attr.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "model/error.hpp"

namespace netrig::kernel {

std::vector<NeighbourState> list_neighbours(Socket& socket) {
  std::vector<NeighbourState> states;
  for (const int family : {AF_INET, AF_INET6}) {
    Batch batch;
    ndmsg request{};
    request.ndm_family = static_cast<std::uint8_t>(family);
    batch.begin(RTM_GETNEIGH, NLM_F_DUMP, request);
    const auto refusal = socket.ask(batch, [&](std::uint16_t type, std::span<const std::byte> payload) {
      if (type != RTM_NEWNEIGH || payload.size() < sizeof(ndmsg)) return;
      ndmsg header{};
      std::memcpy(&header, payload.data(), sizeof header);
      const auto rest = payload.subspan(NLMSG_ALIGN(sizeof header));
      std::array<nlattr*, NDA_MAX + 1> found{};
      auto* first = reinterpret_cast<nlattr*>(const_cast<std::byte*>(rest.data()));
      if (nla_parse(found.data(), NDA_MAX, first, static_cast<int>(rest.size()), nullptr) < 0) return;
      NeighbourState state{.ifindex = static_cast<std::uint32_t>(header.ndm_ifindex),
                           .state = header.ndm_state,
                           .flags = header.ndm_flags};
      state.address.family = family == AF_INET ? Family::ipv4 : Family::ipv6;
      const nlattr* address = found[NDA_DST];
      if (address == nullptr || nla_len(address) != static_cast<int>(state.address.size())) return;
      std::memcpy(state.address.bytes.data(), nla_data(address), state.address.size());
      if (const nlattr* mac = found[NDA_LLADDR]; mac != nullptr && nla_len(mac) == 6) {
        state.mac.emplace();
        std::memcpy(state.mac->bytes.data(), nla_data(mac), 6);
      }
      states.push_back(state);
    });
    if (refusal) throw Error(ErrorCode::failed, "cannot list the neighbours of a namespace: " + refusal->str());
  }
  return states;
}

void delete_neighbour(Batch& batch, std::uint32_t ifindex, const IpAddress& address) {
  ndmsg header{};
  header.ndm_family = address.family == Family::ipv4 ? AF_INET : AF_INET6;
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
