// SPDX-License-Identifier: Apache-2.0
// The transaction: brings a lab from what it is to what it shall be, all or nothing, and takes it away again.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "driver/registry.hpp"
#include "engine/journal.hpp"
#include "engine/place.hpp"
#include "model/lab.hpp"
#include "plan/plan.hpp"

namespace netrig::engine {

struct Run;

struct Options {
  /// Called between pieces of work, from any thread, one at a time.
  std::function<void(std::string_view stage, std::size_t done, std::size_t total)> progress;
  /// Set by a signal handler: the run stops at the next step and rolls back.
  const std::atomic<bool>* interrupted = nullptr;
  unsigned threads = 0;  ///< 0: as many as are useful
  /// What cannot be told to be gone is taken out of the record all the same: the user has looked.
  bool forget_unknown = false;
};

/// One run that brings a lab up, or a running one to what its file says: look, plan, carry out. Thread: that which made
/// it; it works in others.
class Bringing {
 public:
  /// `journal` is locked. `current`: what the running lab was brought up as; nullptr: nothing is up. All must outlive
  /// it.
  /// `place`: where it is done; nullptr: on this machine.
  Bringing(Journal& journal, driver::Registry& drivers, const Options& options, const Lab* current, const Lab& next,
           std::unique_ptr<Place> place = nullptr);
  ~Bringing();
  Bringing(const Bringing&) = delete;
  Bringing& operator=(const Bringing&) = delete;

  /// What is to be done, going by the kernel.
  [[nodiscard]] const plan::Plan& plan() const { return plan_; }
  /// Carries it out. `journal` has begun. On failure everything is as it was seen before, and Error is thrown; a fresh
  /// lab leaves nothing. Error{left}: it is as wanted, but something is left (exit code 8).
  void run(const std::vector<std::string>& only);
  /// Where the plan is empty: what is there is what the file wants from here on.
  void accept(const std::vector<std::string>& only);
  /// What there is to know of what was done well.
  [[nodiscard]] const std::vector<std::string>& warnings() const;

 private:
  void carry_out_plan();
  void check_result();
  void take_away();

  std::unique_ptr<Run> run_;
  std::unique_ptr<Place> place_;
  const Lab* current_;
  const Lab& next_;
  plan::Plan plan_;
};

/// Takes away what the record has and the lab that is up does not, or not whole: an earlier run was cut off. `place`:
/// as for Bringing.
void take_leftovers(Journal& journal, driver::Registry& drivers, const Options& options, const Lab& current,
                    std::unique_ptr<Place> place = nullptr);

/// Removes everything the record names and the kernel still shows as the lab's, then the record. Returns what was left
/// alone and why, one sentence each. Throws Error{left} at its end when interfaces had to be left; the record stays if
/// they are in namespaces of the lab, for another try. `place`: as for Bringing.
std::vector<std::string> down(Journal& journal, driver::Registry& drivers, const Options& options,
                              std::unique_ptr<Place> place = nullptr);

/// What is in the way of a plan: names in use already. Throws Error{conflict} for the first, before anything is
/// touched.
void check_conflicts(const Record& record, const Lab* current, const Lab& next, const plan::Plan& plan);

/// Whether a record is of a kernel that is gone, and all that it names with it. A boot id can be made up, as in some
/// containers; that one of the lab's own namespaces is there proves that it is.
bool is_lost(const Record& record);

}  // namespace netrig::engine
