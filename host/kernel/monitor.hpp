// SPDX-License-Identifier: Apache-2.0
// What the kernel tells by itself of changes in many network namespaces.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>

#include "kernel/socket.hpp"
#include "model/patience.hpp"
#include "model/unique_fd.hpp"

namespace netrig::kernel {

/// One socket that hears of several namespaces (NETLINK_LISTEN_ALL_NSID). It is in a namespace of its own, where each
/// of the others has a number (nsid): a number keeps nothing alive, while a socket in the namespace would. Thread: one
/// at a time.
class Monitor {
 public:
  /// The calling thread stays where it is. Throws Error{denied} without CAP_NET_BROADCAST.
  Monitor();

  /// From here on also this namespace's changes are told; returns its number. Those of before are not.
  std::int32_t listen_to(const UniqueFd& space);

  struct Notice {
    enum class What : std::uint8_t {
      changed,     ///< a link, a qdisc, an address, a route, a rule, or a neighbour that stays
      neighbour,   ///< one that comes and goes by itself: it may have taken the place of one that stays
      port,        ///< a bridge tells of its ports: their state, their settings, their VLANs
      gone,        ///< the namespace is no more, and its number free
      overflowed,  ///< more happened than was read: of any namespace anything may have changed
    };
    What what = What::changed;
    std::int32_t space = -1;  ///< as listen_to() returned it; -1: overflowed
  };
  using Each = std::function<void(const Notice&)>;
  /// Waits until something has happened, and tells all that has. Throws Error when the socket fails.
  Waited wait(const Patience& patience, const Each& each);

 private:
  /// False: there is no more for now.
  bool read_some(const Each& each);

  std::optional<Socket> asking_;  ///< for numbers
  UniqueFd listening_;
  std::int32_t next_ = 0;
};

}  // namespace netrig::kernel
