// SPDX-License-Identifier: Apache-2.0
// What labs know of each other about an existing namespace that they use: who uses it, and what its sysctls were. It
// is kept in /run/netrig/existing:COOKIE while anybody uses it, and changed under a lock that is held only so long.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/record.hpp"

namespace netrig::engine {

/// A lab's namespace that exists without it. Two of one lab may be the same one.
struct Use {
  std::string lab;
  std::string home;  ///< what the lab calls it
  std::uint64_t cookie = 0;
  bool made = false;  ///< the lab has made it, and is not counted among those that use it
};

/// From here on others know. All of these throw Error naming the file if it cannot be read.
void join_existing(const Use& use);
/// What the lab had set is given back by then.
void leave_existing(const Use& use);
/// A lab that takes away a namespace which it made.
struct Removal {
  std::uint64_t cookie = 0;
  std::string lab;
};
/// One of these; nothing: none is being taken away. Whoever has joined asks this, and whoever removes says so before it
/// asks who has joined: one of the two sees the other.
std::optional<Removal> removal_among(const std::unordered_set<std::uint64_t>& cookies);
/// The record of the lab that made a namespace; nothing: none that is known.
std::optional<Record> maker_of(std::uint64_t cookie);
/// For a lab whose record is lost, and with it where its namespaces are: nobody waits for it any more. Returns what it
/// has set and nobody gives back.
std::vector<SavedSysctl> forget_uses(const std::string& lab);
/// Everybody that uses a namespace.
std::vector<Use> uses_of(std::uint64_t cookie);

/// A lab whose namespace another one uses.
struct OtherUse {
  std::string space;  ///< as the lab that made it calls it
  std::string lab;
  std::string file = {};  ///< of the other lab; empty: its record cannot be read
};
/// Who uses the namespaces that a lab made. `which`: these of them; nothing: all.
std::vector<OtherUse> other_uses(const Record& record, const std::optional<std::vector<std::string>>& which = {});

/// One lab's hand on a sysctl.
struct Hold {
  std::string lab;
  std::string home;
  std::string key;  ///< by its one_name()
  std::string before;
  [[nodiscard]] bool is_of(const Use& use, std::string_view which) const;
};
/// All of a namespace, oldest first.
std::vector<Hold> holds_in(std::uint64_t cookie);

/// A sysctl, and what it reads as or is to be.
using KeyValue = std::pair<std::string, std::string>;
/// Puts a hand on sysctls that are not written, or not yet: they are as they are wanted, or will be written along with
/// another. `now`: as they read.
void hold_sysctls(const Use& use, const std::vector<KeyValue>& now);
/// Who came after gives back what this lab wants by now, also where that had not to be written.
void tell_next(const Use& use, const std::vector<KeyValue>& wanted);
/// Sets a sysctl and keeps what it was. The lab that sets one last has its way; whoever goes leaves the value of who
/// came before, and the last one the value that was there first. Returns what it reads as afterwards, as write_sysctl
/// does. `now`: what it is. Thread: one that is in the namespace.
std::optional<std::string> take_sysctl(const Use& use, const std::string& key, const std::string& value,
                                       const std::string& now);
/// Gives one back. A lab that another has overruled changes nothing but what that one will give back. What the kernel
/// writes along is kept as far as anybody has a hand on it, so that is given back after it.
void give_back_sysctl(const Use& use, const SavedSysctl& saved);
/// What a lab has set, in the order in which it is given back.
std::vector<SavedSysctl> to_give_back(const Record& record);
/// Whether it is of an interface that the lab has made, and goes with that: one of this name may be another's by now.
bool goes_with_link(const Record& record, const SavedSysctl& saved);
/// Puts back who had a hand on what, if nobody has come or gone since.
void restore_holds(const Use& use, const std::vector<Hold>& before);

}  // namespace netrig::engine
