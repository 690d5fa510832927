// SPDX-License-Identifier: Apache-2.0
// From what a lab is to what it shall be: which namespaces, devices and objects, in which order. Pure: no kernel, no
// files.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "model/lab.hpp"
#include "plan/difference.hpp"

namespace netrig::plan {

/// An interface of the lab that somebody has given another name.
struct Renaming {
  std::string from;  ///< its name now
  std::string to;    ///< as the ledger knows it
  std::uint32_t ifindex = 0;
};

/// What the kernel shows of a lab, namespace by namespace.
struct Seen {
  /// By name; one that is not in it is not there.
  std::unordered_map<std::string, SpaceState> spaces;
  /// Those that exist without the lab and that it does not have yet, or another of their name in its place: as they
  /// are.
  std::unordered_map<std::string, SpaceState> arriving = {};
  /// Those of the lab that other labs use: what is foreign there may be theirs.
  std::unordered_set<std::string> shared = {};
  /// Devices that the ledger names and that are not there with all their interfaces.
  std::unordered_set<std::string> broken;
  std::unordered_map<std::string, std::vector<Renaming>> renamed;  ///< by namespace
  /// Namespaces that were found to be as they are wanted, and whose state was not kept: a large lab is more than fits
  /// into a processor's memory. `again` looks at one of them once more. Thread: any, several at once.
  std::unordered_set<std::string> whole = {};
  std::function<SpaceState(const std::string& space)> again = {};
  /// By device: what its driver tells of parameters that only its functions read.
  std::unordered_map<std::string, Parameters> told = {};
};
/// Whether two labs mean one namespace.
bool is_same(const Namespace& one, const Namespace& other);
/// Whether there is nothing to be done and nothing to be said of a namespace that both labs have, as it was seen.
bool is_whole(const Namespace& space, const SpaceState& wanted, const SpaceState& made, const SpaceState& seen);

/// Gives renamed interfaces their names back, also if they have each other's: the steps, and `state` with them done.
/// Where a name stands, `wanted` knows.
std::vector<Step> rename_back(const std::vector<Renaming>& renamed, SpaceState& state, const SpaceState& wanted = {});

/// Everything to be done to the objects of one namespace.
struct SpacePlan {
  std::size_t space = 0;  ///< index in the next lab
  bool fresh = false;     ///< made by this plan
  Difference difference;
  SpaceState before;              ///< as it was seen, with the lab's names; empty where it is fresh
  std::vector<Renaming> renamed;  ///< by hand; the first steps give the names back
};

/// A device that its driver changes while it runs.
struct DeviceChange {
  std::size_t device = 0;  ///< of the next lab
  std::vector<SettingChange> changes;
};

struct Plan {
  /// Of the current lab; dependents before what they depend on. `clear` are in the way of what comes; `retire` are only
  /// set down at first, and go when all else has succeeded.
  std::vector<std::size_t> clear_devices;
  std::vector<std::size_t> retire_devices;
  std::vector<std::size_t> remove_namespaces;  ///< of the current lab
  std::vector<std::size_t> create_namespaces;  ///< of the next lab, existing ones (to be opened) included
  /// Of the next lab; a level needs only interfaces of earlier levels.
  std::vector<std::vector<std::size_t>> create_devices;
  std::vector<DeviceChange> change_devices;
  /// Namespaces in which something is to be done, or something foreign is. Those without masters first, so that bridges
  /// come up when their ports' other ends are ready.
  std::vector<SpacePlan> spaces;
  /// Namespaces of the current lab that it leaves, as they were seen: index, state. For a rollback.
  std::vector<std::pair<std::size_t, SpaceState>> leaving;
  /// Devices that were not whole when the lab was looked at.
  std::unordered_set<std::string> broken;
  std::size_t with_masters = 0;  ///< index of the first of `spaces` that has masters

  [[nodiscard]] bool empty() const;
};

/// `current` is what the last run that ended well wanted; nullptr: nothing. Both labs must outlive the plan. What was
/// seen is used up, namespace by namespace. `threads` runs body(0)...body(count-1), in several threads if it likes.
using Threads = std::function<void(std::size_t count, const std::function<void(std::size_t)>& body)>;
Plan make(const Lab* current, const Lab& next, Seen seen, const Threads& threads);

/// Numbers that a lab must fit into on this machine.
struct Limits {
  std::uint64_t open_files = 0;      ///< RLIMIT_NOFILE; 0: unknown
  std::uint64_t net_namespaces = 0;  ///< user.max_net_namespaces
};
/// Throws Error{unsupported} with advice for the first limit that the lab would run into.
void check_limits(const Lab& next, const Limits& limits);

}  // namespace netrig::plan
