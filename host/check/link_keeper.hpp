// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "check/job.hpp"

namespace netrig::check {

/// Sets links down and up and gives back what the kernel takes with a link that goes down: its IPv6 addresses and the
/// routes over it (addrconf_ifdown, fib_sync_down_dev). Thread: one at a time.
class LinkKeeper {
 public:
  explicit LinkKeeper(const Ground& ground) : ground_(ground) {}

  /// Sets all interfaces that match; returns their names. Throws Error{not_found} if none does.
  std::vector<std::string> set(const InterfacePattern& pattern, bool up);
  /// Every link that was set gets back the state that it had before, with its addresses and routes. Returns what could
  /// not be given back, one sentence each.
  std::vector<std::string> restore();

 private:
  using Bytes = std::vector<std::byte>;
  struct Message {
    std::uint16_t type = 0;
    Bytes payload;
  };
  struct Kept {
    std::size_t space = 0;
    std::uint32_t ifindex = 0;
    std::string name;
    bool was_up = false;
    bool is_up = false;
    std::vector<Message> taken;  ///< addresses, then routes on the link, then routes behind a next hop
  };
  Kept& keep(std::size_t space, std::uint32_t ifindex, const std::string& name, bool is_up);
  void apply(Kept& kept, bool up, std::vector<std::string>& faults) const;

  const Ground& ground_;
  std::vector<Kept> kept_;
};

}  // namespace netrig::check
