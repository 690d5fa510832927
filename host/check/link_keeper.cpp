// SPDX-License-Identifier: Apache-2.0
#include "check/link_keeper.hpp"

#include <fmt/format.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "netlink/link.hpp"
#include "netlink/route.hpp"

namespace netrig::check {
namespace {

constexpr unsigned kUnusable = RTNH_F_DEAD | RTNH_F_LINKDOWN;  // told by the kernel, never taken from us

/// Routes come back in an order in which each finds its next hop: first what is on the link, then what is behind it.
bool is_behind(const netlink::RouteState& route) {
  return std::any_of(route.next_hops.begin(), route.next_hops.end(),
                     [](const auto& hop) { return hop.via.has_value(); });
}

bool goes_over(const netlink::RouteState& route, std::uint32_t ifindex) {
  return std::any_of(route.next_hops.begin(), route.next_hops.end(),
                     [&](const auto& hop) { return hop.ifindex == ifindex; });
}

/// Makes a route as it was shown one that may be asked for.
void clear_state(std::vector<std::byte>& payload) {
  rtmsg header{};
  std::memcpy(&header, payload.data(), sizeof header);
  header.rtm_flags &= RTNH_F_ONLINK;
  std::memcpy(payload.data(), &header, sizeof header);
  for (std::size_t at = NLMSG_ALIGN(sizeof header); at + sizeof(rtattr) <= payload.size();) {
    rtattr attribute{};
    std::memcpy(&attribute, &payload[at], sizeof attribute);
    if (attribute.rta_len < sizeof attribute || at + attribute.rta_len > payload.size()) return;
    if (attribute.rta_type == RTA_MULTIPATH) {
      for (std::size_t hop_at = at + sizeof attribute; hop_at + sizeof(rtnexthop) <= at + attribute.rta_len;) {
        rtnexthop hop{};
        std::memcpy(&hop, &payload[hop_at], sizeof hop);
        if (hop.rtnh_len < sizeof hop) return;
        hop.rtnh_flags &= static_cast<unsigned char>(~kUnusable);
        std::memcpy(&payload[hop_at], &hop, sizeof hop);
        hop_at += RTNH_ALIGN(hop.rtnh_len);
      }
    }
    at += RTA_ALIGN(attribute.rta_len);
  }
}

std::vector<std::byte> copy(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

LinkKeeper::Kept& LinkKeeper::keep(std::size_t space, std::uint32_t ifindex, const std::string& name, bool is_up) {
  const auto known =
      std::find_if(kept_.begin(), kept_.end(), [&](const Kept& k) { return k.space == space && k.ifindex == ifindex; });
  if (known != kept_.end()) return *known;
  Kept kept{.space = space, .ifindex = ifindex, .name = name, .was_up = is_up, .is_up = is_up, .taken = {}};
  netlink::Socket socket;  // the calling thread is in the namespace
  netlink::Batch addresses;
  addresses.begin(RTM_GETADDR, NLM_F_DUMP, ifaddrmsg{});
  socket.ask(addresses, [&](std::uint16_t type, std::span<const std::byte> payload) {
    ifaddrmsg header{};
    if (type != RTM_NEWADDR || payload.size() < sizeof header) return;
    std::memcpy(&header, payload.data(), sizeof header);
    // The kernel makes its own link-local addresses again.
    if (header.ifa_index == ifindex && header.ifa_scope != RT_SCOPE_LINK) kept.taken.push_back({type, copy(payload)});
  });
  std::vector<Message> behind;
  for (const int family : {AF_INET, AF_INET6}) {
    netlink::Batch routes;
    rtmsg request{};
    request.rtm_family = static_cast<unsigned char>(family);
    routes.begin(RTM_GETROUTE, NLM_F_DUMP, request);
    socket.ask(routes, [&](std::uint16_t type, std::span<const std::byte> payload) {
      const auto route = type == RTM_NEWROUTE ? netlink::parse_route(payload) : std::nullopt;
      // The kernel's own routes follow the addresses.
      if (!route || route->protocol == RTPROT_KERNEL || route->protocol == RTPROT_RA || !goes_over(*route, ifindex))
        return;
      Message message{type, copy(payload)};
      clear_state(message.payload);
      (is_behind(*route) ? behind : kept.taken).push_back(std::move(message));
    });
  }
  std::move(behind.begin(), behind.end(), std::back_inserter(kept.taken));
  kept_.push_back(std::move(kept));
  return kept_.back();
}

void LinkKeeper::apply(Kept& kept, bool up, std::vector<std::string>& faults) const {
  netlink::Socket socket;
  const auto fault = [&](const std::string& what, const netlink::Refusal& refusal) {
    faults.push_back(fmt::format("cannot {} {}:{}: {}", what, ground_.name(kept.space), kept.name, refusal.str()));
  };
  netlink::Batch link;
  netlink::set_link_up(link, kept.ifindex, up);
  const auto refused = socket.run(link);
  if (!refused.empty()) {
    fault(up ? "set up" : "set down", refused.front());
    return;
  }
  const bool came_up = up && !kept.is_up;
  kept.is_up = up;
  if (!came_up) return;
  netlink::Batch batch;
  for (const Message& message : kept.taken)
    batch.begin_raw(message.type, NLM_F_CREATE | NLM_F_REPLACE, message.payload);
  if (batch.empty()) return;
  for (const netlink::Refusal& refusal : socket.run(batch, netlink::Socket::OnRefusal::go_on))
    if (refusal.error != EEXIST) fault("give back an address or route of", refusal);
}

std::vector<std::string> LinkKeeper::set(const InterfacePattern& pattern, bool up) {
  std::vector<std::string> names;
  std::vector<std::string> faults;
  for (const std::size_t space : spaces_of(ground_.lab(), pattern.space))
    ground_.inside(space, [&] {
      netlink::Socket socket;
      for (const netlink::LinkState& link : netlink::list_links(socket)) {
        if (!matches(pattern.interface, link.name)) continue;
        apply(keep(space, link.ifindex, link.name, (link.flags & IFF_UP) != 0), up, faults);
        names.push_back(ground_.name(space) + ":" + link.name);
      }
    });
  if (names.empty()) throw Error(ErrorCode::not_found, fmt::format("there is no interface {}", pattern.str()));
  if (!faults.empty()) throw Error(ErrorCode::failed, faults.front());
  return names;
}

std::vector<std::string> LinkKeeper::restore() {
  std::vector<std::string> faults;
  // Last set, first back: a route's next hop may have gone with an earlier link.
  for (auto kept = kept_.rbegin(); kept != kept_.rend(); ++kept) {
    if (kept->is_up == kept->was_up) continue;
    try {
      ground_.inside(kept->space, [&] { apply(*kept, kept->was_up, faults); });
    } catch (const Error& error) {
      faults.emplace_back(error.what());
    }
  }
  kept_.clear();
  return faults;
}

}  // namespace netrig::check
