// SPDX-License-Identifier: Apache-2.0
// TUN and TAP (Documentation/networking/tuntap.rst), which no netlink message makes. Thread: in the namespace.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "model/unique_fd.hpp"

namespace netrig::kernel {

struct TunSpec {
  std::string name;
  std::uint32_t ifindex = 0;  ///< 0: the kernel chooses
  std::uint16_t flags = 0;    ///< IFF_TUN, IFF_TAP, IFF_NO_PI, IFF_MULTI_QUEUE, IFF_VNET_HDR
  std::optional<std::uint32_t> owner = {};
  std::optional<std::uint32_t> group = {};
};

/// What of it the kernel did not do.
struct TunFault {
  const char* what = "";
  int error = 0;
};

/// Makes one that persists. It is not there if anything of it was refused.
std::optional<TunFault> make_tun(const TunSpec& spec);

/// Attaches a queue to one that is there; `flags`: as it was made with.
struct TunQueue {
  UniqueFd fd;
  std::optional<TunFault> fault;
};
TunQueue attach_tun(const std::string& name, std::uint16_t flags);

}  // namespace netrig::kernel
