// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <linux/if.h>
#include <linux/neighbour.h>

#include <algorithm>

#include "kernel/message.hpp"
#include "kernel/neighbour.hpp"
#include "kernel/rows.hpp"

namespace netrig::kernel {
namespace {

using Asked = netrig::NeighbourState;

/// Entries that the kernel makes for what needs no resolution (arp_constructor, ndisc_constructor).
bool is_of_kernel(const NeighbourEntry& seen, const LinkState& link, const Interest& interest) {
  const auto& asked = interest.unresolved_neighbours;
  if ((seen.state & NUD_NOARP) == 0 || std::find(asked.begin(), asked.end(), seen.address) != asked.end()) return false;
  constexpr MacAddress kBroadcast{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
  return (link.flags & (IFF_LOOPBACK | IFF_NOARP | IFF_POINTOPOINT)) != 0 || seen.address.is_multicast() ||
         seen.mac == kBroadcast;
}

/// Nothing: it is no entry that a packet could use.
std::optional<Asked> state_of(std::uint16_t state) {
  if ((state & NUD_PERMANENT) != 0) return Asked::permanent;
  if ((state & NUD_NOARP) != 0) return Asked::noarp;
  if ((state & NUD_REACHABLE) != 0) return Asked::reachable;
  if ((state & (NUD_STALE | NUD_DELAY | NUD_PROBE)) != 0) return Asked::stale;
  return std::nullopt;
}

void see_entry(const View& view, const NeighbourEntry& seen, std::vector<Neighbour>& into) {
  const LinkState* link = view.link(seen.ifindex);
  const auto state = state_of(seen.state);
  if (link == nullptr || !state || is_of_kernel(seen, *link, view.at.interest)) return;
  const bool stays = *state == Asked::permanent || *state == Asked::noarp;
  const bool by_daemon = (seen.flags & NTF_EXT_LEARNED) != 0;
  if (!view.at.interest.learned_neighbours && (!stays || by_daemon)) {
    if (stays) leave_out(view, link, fmt::format("neighbour {} was made by a daemon", seen.address.str()));
    return;
  }
  Neighbour& neighbour = into.emplace_back();
  neighbour.interface = link->name;
  neighbour.address = seen.address;
  if (seen.mac) neighbour.mac = *seen.mac;
  neighbour.state = by_daemon ? Asked::stale : *state;  // nobody's who asked for it to stay
  if (seen.address.family == Family::ipv6) neighbour.router = (seen.flags & NTF_ROUTER) != 0;
}

void see_proxy(const View& view, const NeighbourEntry& seen, std::vector<Neighbour>& into) {
  const LinkState* link = view.link(seen.ifindex);
  if (link == nullptr) return;
  Neighbour& neighbour = into.emplace_back();
  neighbour.interface = link->name;
  neighbour.address = seen.address;
  neighbour.proxy = true;
  if (seen.address.family == Family::ipv6) neighbour.router = (seen.flags & NTF_ROUTER) != 0;
}

}  // namespace

void write_step(Batch& batch, const Doing<Neighbour>& doing, const IfindexOf& ifindex_of) {
  const Neighbour neighbour = with_what_stays(doing);
  ndmsg header{};
  header.ndm_family = number_of(neighbour.address.family);
  header.ndm_ifindex = static_cast<int>(ifindex_of(neighbour.interface));
  if (neighbour.proxy) header.ndm_flags |= NTF_PROXY;
  if (doing.verb == Verb::remove) {
    batch.begin(RTM_DELNEIGH, 0, header);
    batch.put(NDA_DST, neighbour.address);
    return;
  }
  if (neighbour.router.value_or(false)) header.ndm_flags |= NTF_ROUTER;
  if (!neighbour.proxy) header.ndm_state = static_cast<std::uint16_t>(neighbour.state.value_or(Asked::permanent));
  batch.begin(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, header);
  batch.put(NDA_DST, neighbour.address);
  if (neighbour.mac && !neighbour.proxy) batch.put(NDA_LLADDR, *neighbour.mac);
}

void see(const View& view, std::vector<Neighbour>& into) {
  for (const NeighbourEntry& seen : list_neighbours(view.socket))
    if (is_configured(seen.protocol)) see_entry(view, seen, into);
  for (const NeighbourEntry& seen : list_neighbours(view.socket, NeighbourTable::proxies))
    if (is_configured(seen.protocol)) see_proxy(view, seen, into);
}

}  // namespace netrig::kernel
