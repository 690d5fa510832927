// SPDX-License-Identifier: Apache-2.0
#include "kernel/monitor.hpp"

#include <fmt/format.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <poll.h>

#include <array>
#include <cerrno>

#include "kernel/inside.hpp"
#include "kernel/message.hpp"
#include "kernel/namespace.hpp"
#include "model/error_number.hpp"

namespace netrig::kernel {
namespace {

// Notices of a whole lab's change at once, some hundred bytes each; what does not fit is an overflow.
constexpr int kReceiveBuffer = 8 << 20;
constexpr std::size_t kLongestNotice = 64 * 1024;

constexpr std::array kGroups = {
    RTNLGRP_LINK,      RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
    RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE,   RTNLGRP_NEIGH,       RTNLGRP_NSID,       RTNLGRP_TC,
};

constexpr Policy kNumber(Expected{NETNSA_NSID, 4, 4});

[[noreturn]] void fail(const char* what) {
  const int error = errno;
  throw Error(refusal_code(error), fmt::format("{}: {}", what, errno_text(error)));
}

UniqueFd open_listening() {
  UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!fd) fail("cannot open a netlink socket");
  const int on = 1;
  if (::setsockopt(fd.get(), SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof on) != 0) {
    if (errno == EPERM)
      throw Error(ErrorCode::denied,
                  "hearing of changes in other network namespaces needs CAP_NET_BROADCAST; run it with sudo, or give "
                  "that to the container");
    fail("cannot listen to other network namespaces");
  }
  // Without an address of its own it has that of the kernel, which does not tell itself (do_one_broadcast).
  sockaddr_nl own{};
  own.nl_family = AF_NETLINK;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) fail("cannot open a netlink socket");
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer);
  for (const int group : kGroups)
    if (::setsockopt(fd.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
      fail("cannot listen to changes in network namespaces");
  return fd;
}

/// Of which namespace a datagram tells; nothing: of the socket's own.
std::optional<std::int32_t> number_in(msghdr& message) {
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level != SOL_NETLINK || one->cmsg_type != NETLINK_LISTEN_ALL_NSID) continue;
    std::int32_t number = 0;
    std::memcpy(&number, CMSG_DATA(one), sizeof number);
    return number;
  }
  return std::nullopt;
}

/// Nothing: what the kernel tells beside what netrig looks at.
std::optional<Monitor::Notice::What> meaning_of(std::uint16_t type, std::span<const std::byte> payload) {
  using What = Monitor::Notice::What;
  if (payload.empty()) return std::nullopt;
  // Bridges tell of their ports' states and of learned addresses in the same groups.
  if (std::to_integer<unsigned>(payload.front()) == AF_BRIDGE)
    return type == RTM_NEWLINK || type == RTM_DELLINK ? std::optional(What::port) : std::nullopt;
  switch (type) {
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH: {
      const auto entry = struct_of<ndmsg>(payload);
      const bool stays = (entry.ndm_state & (NUD_PERMANENT | NUD_NOARP)) != 0 || (entry.ndm_flags & NTF_PROXY) != 0;
      return stays ? What::changed : What::neighbour;
    }
    case RTM_NEWLINK:
    case RTM_DELLINK:
    case RTM_NEWADDR:
    case RTM_DELADDR:
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
    case RTM_NEWRULE:
    case RTM_DELRULE:
    case RTM_NEWQDISC:
    case RTM_DELQDISC:
      return What::changed;
    default:
      return std::nullopt;
  }
}

}  // namespace

Monitor::Monitor() {
  aside([&] {
    // Its descriptor is closed at once: the sockets keep it.
    static_cast<void>(create_namespace());
    asking_.emplace();
    listening_ = open_listening();
  });
}

std::int32_t Monitor::listen_to(const UniqueFd& space) {
  Batch batch;
  const std::int32_t number = next_++;
  batch.begin(RTM_NEWNSID, 0, rtgenmsg{.rtgen_family = AF_UNSPEC});
  batch.put(NETNSA_NSID, static_cast<std::uint32_t>(number));
  batch.put(NETNSA_FD, static_cast<std::uint32_t>(space.get()));
  const auto refused = asking_->run(batch);
  if (!refused.empty())
    throw Error(refusal_code(refused.front().error),
                fmt::format("cannot listen to a network namespace: {}", refused.front().str()));
  return number;
}

bool Monitor::read_some(const Each& each) {
  alignas(nlmsghdr) static thread_local std::array<std::byte, kLongestNotice> buffer;
  alignas(cmsghdr) std::array<std::byte, 256> control{};
  iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t size = ::recvmsg(listening_.get(), &message, MSG_DONTWAIT);
  if (size < 0) {
    if (errno == EINTR) return true;
    if (errno == EAGAIN) return false;
    if (errno != ENOBUFS) fail("cannot hear of changes in network namespaces");
    each({.what = Notice::What::overflowed});
    return true;
  }
  const auto number = number_in(message);
  auto left = static_cast<unsigned>(size);
  for (auto* header = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(header, left);
       header = NLMSG_NEXT(header, left)) {
    const std::span payload{static_cast<const std::byte*>(NLMSG_DATA(header)), header->nlmsg_len - NLMSG_HDRLEN};
    if (header->nlmsg_type == RTM_DELNSID && !number) {
      if (const auto told = Message<rtgenmsg, kNumber>::read(payload))
        if (const auto gone = told->found.as<NETNSA_NSID, std::int32_t>())
          each({.what = Notice::What::gone, .space = *gone});
      continue;
    }
    if (!number) continue;  // of our own namespace
    if (const auto what = meaning_of(header->nlmsg_type, payload)) each({.what = *what, .space = *number});
  }
  return true;
}

Waited Monitor::wait(const Patience& patience, const Each& each) {
  const Waited waited = wait_for(listening_.get(), POLLIN, patience);
  if (waited == Waited::failed) fail("cannot wait for changes in network namespaces");
  // Not endlessly, where changes come faster than they are read.
  constexpr int kMost = 10'000;
  if (waited == Waited::ready)
    for (int i = 0; i < kMost && read_some(each);) ++i;
  return waited;
}

}  // namespace netrig::kernel
