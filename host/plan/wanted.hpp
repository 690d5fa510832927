// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <utility>
#include <vector>

#include "model/lab.hpp"

namespace netrig::plan {

/// What a lab wants in each of its namespaces, in canonical form. The lab must outlive it.
class Wanted {
 public:
  explicit Wanted(const Lab& lab);
  /// Of Lab::namespaces[space]; made anew each time, for a large lab would hold everything twice.
  [[nodiscard]] SpaceState in(std::size_t space) const;
  /// What it counts on to be seen.
  [[nodiscard]] Interest interest_in(std::size_t space) const;
  /// Device and interface, by index.
  using Place = std::pair<std::size_t, std::size_t>;
  [[nodiscard]] const std::vector<Place>& interfaces_of(std::size_t space) const { return interfaces_[space]; }
  [[nodiscard]] const Interface& at(Place place) const { return lab_.devices[place.first].interfaces[place.second]; }

 private:
  const Lab& lab_;
  std::vector<std::vector<Place>> interfaces_;
};

/// What a state counts on to be seen.
Interest interest_of(const SpaceState& state);

/// Fixed forms of what can be written or read in several: a prefix with its host bits cleared, what the kernel fills
/// in, one space between the words of a sysctl. For all three of wanted, made and seen.
void make_canonical(SpaceState& state);

}  // namespace netrig::plan
