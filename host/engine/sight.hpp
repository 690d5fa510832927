// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/record.hpp"
#include "engine/spaces.hpp"
#include "plan/drift.hpp"
#include "plan/plan.hpp"

namespace netrig::engine {

/// Looks at all that a lab is in: the namespaces that the record names, as far as they are still the lab's own, and
/// those of `next` that exist without it. They are open in `spaces` afterwards, with their interfaces known by name.
/// `current`: what the lab was brought up as; nullptr: it is not up.
plan::Seen look(Spaces& spaces, const Record& record, const Lab* current, const Lab& next, unsigned threads);

/// The same namespace by namespace, for who looks at a lab again and again: nothing stays open, so that watching holds
/// no namespace that is to go. Thread: any, several at once.
class Sight {
 public:
  /// Of a lab that is up as `lab` says. Both must outlive it.
  Sight(const Record& record, const Lab& lab);
  ~Sight();
  Sight(const Sight&) = delete;
  Sight& operator=(const Sight&) = delete;

  /// Of Lab::namespaces; nothing: it is not there, or another has its name. Thread: may end up in the namespace.
  [[nodiscard]] std::optional<plan::SeenSpace> look(std::size_t space) const;
  /// The namespace itself, under the same conditions.
  [[nodiscard]] std::optional<UniqueFd> open(std::size_t space) const;
  /// Whether the file sets sysctls in it, of whose changes the kernel tells nobody.
  [[nodiscard]] bool has_sysctls(std::size_t space) const;

 private:
  struct Targets;
  const Record& record_;
  std::unique_ptr<Targets> targets_;
};

/// How a lab that is up differs from what its file says, in these namespaces (of Lab::namespaces). Each is looked at,
/// compared and forgotten, so that a large lab takes no more memory than a small one.
plan::Drift drift_in(const Record& record, const Lab& lab, const std::vector<std::size_t>& spaces);

/// One namespace again, as it is now; what reads as in `shown` was written. Thread: ends up in the namespace.
SpaceState look_again(Space& space, const Interest& interest, const std::vector<ShownSysctl>& shown = {});

/// For what plan/ does namespace by namespace.
plan::Threads in_threads(unsigned threads);

/// Runs plan::make in as many threads as are useful.
plan::Plan make_plan(const Lab* current, const Lab& next, plan::Seen seen, unsigned threads);

}  // namespace netrig::engine
