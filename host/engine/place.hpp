// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/record.hpp"
#include "plan/plan.hpp"

namespace netrig::engine {

/// Interfaces that have come up in a namespace, and those on which the kernel is to look for duplicates as it does by
/// itself: an IPv6 address of the file wants it, or it is a port without addresses, to which nobody speaks.
struct Rising {
  std::string home;
  std::vector<std::string> names = {};
  std::unordered_set<std::string> detecting = {};
};

/// The seam to the world: what a run does there, each piece whole or not at all as far as the kernel lets it, and in
/// the ledger before it is done. Everything throws Error. Thread: that of the run, but for carry_out and look_again,
/// which may be called for several namespaces at once.
class Place {
 public:
  Place() = default;
  virtual ~Place() = default;
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  /// All that a lab is in; see sight.hpp.
  virtual plan::Seen look(const Record& record, const Lab* current, const Lab& next) = 0;
  /// One namespace as it is now.
  virtual SpaceState look_again(const std::string& space, const Interest& interest) = 0;
  /// Whether a namespace is there and is the lab's, as far as it has been opened.
  virtual bool is_open(const std::string& space) = 0;
  virtual void open(const std::vector<MadeNamespace>& namespaces) = 0;
  virtual void create_namespaces(const Lab& lab, const std::vector<std::size_t>& which) = 0;
  /// Devices that need only interfaces which are there.
  virtual void create_devices(const Lab& lab, const std::vector<std::size_t>& level) = 0;
  /// What is shared with other labs is kept before it is set, for who sets it first and for whom it has its value
  /// already.
  virtual void hold_sysctls(const Lab& lab) = 0;
  /// Keeps in mind who has a hand on what is shared, and puts that back.
  virtual void note_holds() = 0;
  virtual void restore_holds() = 0;
  /// When all is as the lab wants it: others know, and what only the last file wanted is given back.
  virtual void settle_sysctls(const Lab& lab) = 0;
  /// Devices that are there, and become what the lab says while they run. Throws; how far one got is not known then.
  virtual void change_devices(const Lab& lab, const std::vector<plan::DeviceChange>& which) = 0;
  /// Devices that are new, once everything around them is there.
  virtual void settle_devices(const Lab& lab, const std::vector<std::size_t>& which) = 0;
  /// The steps of one namespace, in their order. Throws naming the first that is refused.
  virtual void carry_out(const Lab& lab, const Namespace& space, const std::vector<Step>& steps) = 0;
  /// Sets links down, as far as they are there.
  virtual void set_down(const std::string& space, const std::vector<std::string>& links) = 0;
  /// Takes these away, in the ledger, too. Throws Error{failed} naming what resists.
  virtual void remove(const std::vector<MadeDevice>& devices, const std::vector<MadeNamespace>& namespaces) = 0;
  /// Everything that the ledger names. What resists keeps nothing else: it stays in the ledger, and is thrown at the
  /// end.
  virtual void remove_all() = 0;
  /// Waits until every link takes packets, as far as its other end is up.
  virtual void settle(const std::vector<Rising>& rising) = 0;
  virtual void wait_for_addresses(const Lab& lab) = 0;
};

}  // namespace netrig::engine
