// SPDX-License-Identifier: Apache-2.0
// The neighbour table is one for all namespaces of a kernel and small (gc_thresh3, 1024 by default), and entries
// younger than five seconds are never collected (neigh_forced_gc in net/core/neighbour.c). Hosts that all talk to each
// other fill it at once, and then sending fails. So many pairs are asked in waves, and each wave takes its entries
// away.
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "check/job.hpp"
#include "kernel/socket.hpp"

namespace netrig::check {

/// Cuts pairs into waves that fit the neighbour table; one wave if all fit.
std::vector<std::vector<Pair>> waves_of(const Lab& lab, const std::vector<Pair>& pairs);

/// Removes the dynamic neighbour entries that were made while it lived, in the namespaces of these pairs. Entries that
/// were there before, and permanent ones, stay. Thread: one at a time.
class NeighbourBroom {
 public:
  NeighbourBroom(const Ground& ground, const std::vector<Pair>& pairs);
  ~NeighbourBroom();
  NeighbourBroom(const NeighbourBroom&) = delete;
  NeighbourBroom& operator=(const NeighbourBroom&) = delete;
  void sweep();

 private:
  struct Space;
  std::vector<std::unique_ptr<Space>> spaces_;
};

}  // namespace netrig::check
