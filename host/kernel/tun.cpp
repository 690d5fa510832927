// SPDX-License-Identifier: Apache-2.0
#include "kernel/tun.hpp"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>

namespace netrig::kernel {
namespace {

ifreq request_for(const std::string& name, unsigned flags) {
  ifreq request{};
  std::copy_n(name.begin(), std::min<std::size_t>(name.size(), IFNAMSIZ - 1), request.ifr_name);
  request.ifr_flags = static_cast<short>(flags);
  return request;
}

/// It belongs to the namespace that the thread is in when it is opened (tun_chr_open).
UniqueFd open_device() { return UniqueFd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK)); }

}  // namespace

std::optional<TunFault> make_tun(const TunSpec& spec) {
  const UniqueFd device = open_device();
  if (!device) return TunFault{"to open /dev/net/tun", errno};
  const auto asks = [&](const char* what, unsigned long command, auto argument) -> std::optional<TunFault> {
    if (::ioctl(device.get(), command, argument) == 0) return std::nullopt;
    return TunFault{what, errno};
  };
  int ifindex = static_cast<int>(spec.ifindex);
  if (ifindex != 0)
    if (const auto fault = asks("its number", TUNSETIFINDEX, &ifindex)) return fault;
  // Without the flag it would attach to one that is there.
  ifreq request = request_for(spec.name, spec.flags | IFF_TUN_EXCL);
  if (const auto fault = asks("the name and flags", TUNSETIFF, &request)) return fault;
  // One that has neither owner nor group anybody may attach to (tun_not_capable).
  if (!spec.owner && !spec.group)
    if (const auto fault = asks("the owner", TUNSETOWNER, 0UL)) return fault;
  if (spec.owner)
    if (const auto fault = asks("the owner", TUNSETOWNER, static_cast<unsigned long>(*spec.owner))) return fault;
  if (spec.group)
    if (const auto fault = asks("the group", TUNSETGROUP, static_cast<unsigned long>(*spec.group))) return fault;
  // Until here it ends with the descriptor.
  return asks("to persist", TUNSETPERSIST, 1UL);
}

TunQueue attach_tun(const std::string& name, std::uint16_t flags) {
  TunQueue queue{.fd = open_device(), .fault = {}};
  if (!queue.fd) {
    queue.fault = TunFault{"to open /dev/net/tun", errno};
    return queue;
  }
  ifreq request = request_for(name, flags);
  ifreq made{};
  if (::ioctl(queue.fd.get(), TUNSETIFF, &request) != 0 || ::ioctl(queue.fd.get(), TUNGETIFF, &made) != 0) {
    queue.fault = TunFault{"a queue", errno};
    queue.fd.reset();
  } else if ((static_cast<unsigned>(made.ifr_flags) & IFF_PERSIST) == 0) {
    // Where none of that name was left, this has just made one, which ends with its descriptor.
    queue.fault = TunFault{"a queue", ENODEV};
    queue.fd.reset();
  }
  return queue;
}

}  // namespace netrig::kernel
