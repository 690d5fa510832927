// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "check/job.hpp"
#include "kernel/configured.hpp"
#include "kernel/link.hpp"

namespace netrig::check {

/// Sets links down and up and gives back what was configured and the kernel takes with a link that goes down: IPv6
/// addresses, permanent neighbours, next-hop objects and routes (addrconf_ifdown, neigh_ifdown, nexthop_flush_dev,
/// fib_sync_down_dev). What the kernel made by itself it makes again; what a daemon made is for the daemon to mend, for
/// how well it does is what a test wants to know. Thread: one at a time.
class LinkKeeper {
 public:
  explicit LinkKeeper(const Ground& ground) : ground_(ground) {}

  /// Sets all interfaces that match; returns their names. Throws Error{not_found} if none does.
  std::vector<std::string> set(const InterfacePattern& pattern, bool up);
  /// Every link that was set gets back the state that it had before, with what was configured. Returns what could not
  /// be given back, one sentence each.
  std::vector<std::string> restore();

 private:
  struct Kept {
    std::size_t space = 0;
    std::uint32_t ifindex = 0;
    std::string name;
    bool was_up = false;
    bool is_up = false;
  };
  /// What is to be given back.
  struct Lost {
    kernel::Configured what;
    /// Messages that could stand in its place without anybody having put them there since.
    std::vector<std::vector<std::byte>> known;
    std::vector<std::vector<std::byte>> under = {};  ///< daemons' next-hop objects that it went over
    bool beside_others = false;                      ///< a daemon's route stood in its place, too
    std::vector<std::size_t> after = {};             ///< indexes in kept_: not before these links are up
    std::string refusal = {};                        ///< the kernel's last no
    bool orphaned = false;                           ///< it goes over what is a daemon's to make again
  };

  std::size_t keep(std::size_t space, const kernel::LinkState& link);
  void set_links(std::size_t space, const std::vector<std::size_t>& links, bool up, std::vector<std::string>& faults);
  void take_down(std::size_t space, const std::vector<std::size_t>& links, std::vector<std::string>& faults);
  void lose(std::size_t space, Lost lost);
  enum class When : std::uint8_t { meanwhile, at_end };
  void give_back(When when);
  void give_back_in(std::size_t space, std::vector<Lost>& lost, When when);
  [[nodiscard]] bool is_ready(const Lost& one, const std::set<std::uint32_t>& up, When when) const;

  const Ground& ground_;
  std::vector<Kept> kept_;
  std::map<std::size_t, std::vector<Lost>> lost_;  ///< by namespace
};

}  // namespace netrig::check
