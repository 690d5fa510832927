// SPDX-License-Identifier: Apache-2.0
// One run of the engine: what its steps share.
#pragma once
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/engine.hpp"
#include "engine/place.hpp"
#include "engine/shared.hpp"
#include "engine/spaces.hpp"
#include "kernel/inside.hpp"
#include "plan/raise.hpp"

namespace netrig::engine {

/// How a step takes it when the kernel says that something is there, or gone, already.
enum class Tolerance : std::uint8_t {
  none,      ///< an error
  rollback,  ///< as wanted: a rollback does not know how far its run had come
};

/// What was to be removed and could not be.
struct Left {
  std::string what;  ///< "namespace a"
  std::string why;
  std::unordered_set<std::string> homes;  ///< namespaces that must stay in the record for it
};

struct Run {
  Run(Journal& journal_, driver::Registry& drivers_, const Options& options_)
      : journal(journal_),
        drivers(drivers_),
        options(options_),
        threads(options_.threads == 0 ? worker_count() : options_.threads) {
    kernel::Homecoming::prepare();
  }

  Journal& journal;
  driver::Registry& drivers;
  const Options& options;
  unsigned threads;
  Spaces spaces;
  Tolerance tolerance = Tolerance::none;
  bool interruptible = true;
  bool edits = false;  ///< the lab is up already
  /// Of the lab's own namespaces those that other labs use, once somebody has looked.
  std::optional<std::unordered_set<std::string>> used;
  /// Who had a hand on what is shared before anything was changed, by namespace.
  std::vector<std::pair<Use, std::vector<Hold>>> holds;
  std::vector<std::string> warnings;
  std::vector<Left> left;
  /// What is left because the host did not see it made, one sentence each.
  std::vector<std::string> spared;
  /// Devices whose making has begun in this run.
  std::unordered_set<std::string> begun_devices;
  /// Devices whose change in place has begun in this run.
  std::unordered_set<std::string> changed_devices;
  /// Interfaces in the lab's own namespaces that were there before the lab, by namespace; these namespaces stay.
  std::map<std::string, std::set<std::string>> guests;

  /// Throws Error{interrupted} once the user wants to stop.
  void checkpoint() const;
  void report(std::string_view stage, std::size_t done, std::size_t total);
  void warn(std::string text);
  /// One that resists must not keep the others: it is noted, and the run goes on.
  void leave(Left left_);
  [[nodiscard]] bool is_left(const std::string& space) const;
  /// Whether a namespace of the lab must not end, for something in it is not the lab's or could not be looked at.
  /// Thread: none that leave() anything.
  [[nodiscard]] bool stays(const std::string& space) const { return guests.contains(space) || is_left(space); }
  /// Throws Error{failed} naming what is left, if anything is, with a record of nothing else.
  void settle_left();
  void spare(std::string text);
  /// Throws Error{left} if anything was spared. `outcome`: what else there is to say.
  void check_spared(const std::string& outcome, const std::string& where = {}) const;
  /// Names what comes next in the debug log, with what the last one took. Thread: that of the run.
  void stage(std::string_view name);

 private:
  std::mutex report_mutex_;
  std::string stage_;
  std::chrono::steady_clock::time_point stage_began_;
};

/// namespaces.cpp
void create_namespaces(Run& run, const Lab& next, const std::vector<std::size_t>& which);
/// Opens those of the record that are still the lab's own. Others are not in run.spaces afterwards.
void open_recorded(Run& run, const std::vector<MadeNamespace>& namespaces);
/// Those that cannot be removed are in run.left afterwards.
void remove_namespaces(Run& run, const std::vector<MadeNamespace>& namespaces);

/// devices.cpp
void create_devices(Run& run, const Lab& next, const std::vector<std::size_t>& level);

/// operations.cpp
/// Has drivers make running devices what `lab` says of them.
void change_devices(Run& run, const Lab& lab, const std::vector<plan::DeviceChange>& which);
/// The same of a plan, each of which is noted as begun before.
void change_in_place(Run& run, Place& place, const Lab& next, const plan::Plan& plan);
/// Tells drivers that all around their devices is there, as far as they want to know.
void settle_devices(Run& run, const Lab& lab, const std::vector<std::size_t>& which);

/// carry_out.cpp
/// Does the steps of one namespace, in their order; throws Error naming the first that the kernel refuses. Thread: ends
/// up in any namespace.
void carry_out(Run& run, const Lab& lab, const Namespace& space, const std::vector<Step>& steps);

/// holds.cpp
/// Keeps what sysctls are that the lab is about to set in namespaces that others use, too.
void hold_sysctls(Run& run, const Lab& lab);
/// Keeps in mind who has a hand on what is shared, and puts that back. See holds.cpp.
void note_holds(Run& run);
void restore_holds(Run& run);
/// The same once they are set, with what an edit has changed.
void settle_sysctls(Run& run, const Lab& lab);

/// Gives links that others stand on their greater MTU. Those whose namespace is not open are left out.
void raise_mtus(Run& run, Place& place, const Lab& lab, const std::vector<plan::Raise>& raises);

/// settle.cpp
std::vector<Rising> rising_in(const Lab& lab, const plan::Plan& plan);
/// All that are to be up in these namespaces.
std::vector<Rising> rising_in(const Lab& lab, const std::unordered_set<std::string>& spaces);
/// Waits until every one takes packets, as far as its other end is up.
void settle_links(Run& run, const std::vector<Rising>& all);
void wait_for_addresses(Run& run, const Lab& next);

/// rollback.cpp
/// Brings a running lab back to what was seen before a run that failed. `before`: the record as it was then.
void roll_back(Run& run, Place& place, const Lab& current, const Lab& next, const plan::Plan& plan,
               const Record& before);

/// removal.cpp
/// Finds interfaces in namespaces of the lab that would end with them and are not the lab's; adds them to run.guests.
/// `devices`: all that may have links there.
void find_guests(Run& run, const std::vector<MadeDevice>& devices, const std::unordered_set<std::string>& doomed);
/// `devices`: dependents first. `doomed`: namespaces that go right after, and take their links with them.
void remove_devices(Run& run, const std::vector<MadeDevice>& devices, const std::unordered_set<std::string>& doomed);
/// Sysctls and routes that the lab set in namespaces that stay.
void restore_existing(Run& run);
/// Takes away what the ledger names of an existing namespace. Throws Error. Thread: ends up in any namespace.
void remove_objects(Run& run, Space& space, const std::string& home);
/// Everything in the record.
void remove_all(Run& run);

}  // namespace netrig::engine
