// SPDX-License-Identifier: Apache-2.0
// What a kind of objects tells plan/ beside its settings. KIND_row.hpp has that of each, as far as it is special;
// rows.hpp has all of them. Nothing else in plan/ knows what an object is made of, but that devices have links.
#pragma once
#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "model/step.hpp"

namespace netrig {
struct Namespace;
}  // namespace netrig

namespace netrig::plan {

/// Stages of a namespace. What makes comes before what removes, so that a packet finds a way all the time, but where
/// both cannot be there.
enum class Stage : std::uint8_t {
  rename,      ///< everything else goes by the name
  clear,       ///< what is in the way of what comes: addresses of a prefix that gets another, rules
  sysctl,      ///< before links come up: what is switched off must not happen in between
  loopback,    ///< routes over it need it
  address,     ///< before up: an interface that comes up with its addresses announces them once
  qdisc,       ///< before up: a link that is down need not wait until nobody sends (dev_deactivate_many)
  link,        ///< ports and hosts
  vlans,       ///< before their bridge forwards anything
  master,      ///< last: a port that comes up on a running bridge floods its neighbour discovery to all others
  port,        ///< its state the kernel takes only of one that is in use, and forgets when its bridge comes up
  sysctl6,     ///< of interfaces whose MTU gets great enough for IPv6, for they have none before (addrconf_notify)
  address6,    ///< of the same
  route_link,  ///< routes straight over an interface, for what goes over a gateway needs one
  route,
  neighbour,
  rule,
  remove_rule,
  remove_neighbour,
  remove_route,
  remove_address,
};

/// What the steps of a namespace bring, as far as the stage of another depends on it.
struct Course {
  std::unordered_set<std::string> masters = {};  ///< interfaces that have ports
  std::unordered_set<std::string> growing = {};  ///< interfaces that get IPv6 by their MTU
  std::vector<const Object*> coming = {};        ///< that one which goes may be in the way of
};

/// What happens in a namespace, and objects of any kind may not outlive.
struct Event {
  enum class What : std::uint8_t {
    renamed,       ///< the interface, from `interface` to `name`
    link_gone,     ///< with all that hangs on it
    link_down,     ///< or about to go (addrconf_ifdown, fib_sync_down_dev, neigh_ifdown)
    no_ipv6,       ///< on the interface
    no_ipv4,       ///< its last address is gone (fib_disable_ip)
    address_gone,  ///< `address` (fib_sync_down_addr, rt6_remove_prefsrc)
    other_master,  ///< the interface has left one, or joined another
  };
  What what = What::link_gone;
  std::string interface = {};
  std::string name = {};
  IpAddress address = {};
};

/// How what nobody wants any more goes.
enum class Going : std::uint8_t {
  by_step,
  with_device,  ///< that made it; one that is no device's stays for whoever made it
  by_reset,     ///< what was set goes back to what it is born with; it is there as long as its interface has its master
  by_ledger,    ///< it gets back what it was before, and is never foreign
};

/// One that is there already, with `one`'s identity, becomes it; otherwise it is added.
template <typename Kind>
void put(SpaceState& state, const Kind& one) {
  auto& all = state.of<Kind>();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Kind& other) { return other.key() == one.key(); });
  if (found != all.end())
    *found = one;
  else
    all.push_back(one);
}

template <typename Kind>
void take(SpaceState& state, const Kind& one) {
  auto& all = state.of<Kind>();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Kind& other) { return is_same(Object(other), Object(one)); });
  if (found != all.end()) all.erase(found);
}

/// A row without anything special: it is changed in place, goes by a step of its own, and with the lab's interfaces.
template <typename Kind>
struct CommonRow {
  static constexpr Going kGoing = Going::by_step;
  /// The kernel changes it as a whole, so that a setting which is not given goes.
  static constexpr bool kIsReplaced = true;
  /// Where one cannot be changed in place, all of its kind that go must have gone before any comes.
  static constexpr bool kGoesFirst = false;
  /// Clients (DHCP, router advertisements) make some, too.
  static constexpr bool kIsOfClients = false;
  /// A message that removes one which is gone already could hit another.
  static constexpr bool kIsAmbiguous = false;

  /// One form of what can be written or read in several.
  static void make_canonical(Kind&) {}
  /// What somebody has taken from a namespace of the lab that the kernel gives each by itself, no file writes down, and
  /// what is wanted counts on.
  static std::vector<Kind> missing_ground(const Namespace&, const SpaceState& /*wanted*/, const SpaceState& /*seen*/) {
    return {};
  }
  /// What there is instead of one that is missing so; nothing: nothing.
  static std::optional<Kind> instead_of(const Kind&) { return std::nullopt; }
  /// What is wanted of a namespace, in the order and with what follows from it.
  static void arrange(std::vector<Kind>&) {}
  /// What belongs to its identity, or is no setting, and yet can be wrong.
  static std::vector<SettingChange> other_changes(const Kind&, const Kind&) { return {}; }
  /// Whether their settings can be compared at all. If not, other_changes says why.
  static bool is_comparable(const Kind& /*wanted*/, const Kind& /*seen*/) { return true; }
  /// Whether a setting that reads as `found` is what the file wants: times that run, and states that decay.
  static bool agrees(std::string_view /*setting*/, const std::string& /*expected*/, const std::string& /*found*/) {
    return false;
  }
  /// Whether the kernel changes it without that it is gone in between.
  static bool changes_in_place(const Kind&, const std::vector<SettingChange>&) { return true; }
  /// What the file no longer sets goes back to what the kernel has by itself. False: nobody knows what that is (a MAC,
  /// an MTU), and the device is to be made anew.
  static bool unset(Kind& /*target*/, const Kind& /*made*/) { return true; }
  /// Indexes of those wanted that are there in the wrong order, and must all go before any comes. `goes`: whether one
  /// that is seen is to be removed.
  static std::vector<std::size_t> misplaced(const std::vector<Kind>& /*wanted*/, const std::vector<Kind>& /*seen*/,
                                            const std::function<bool(const Kind&)>& /*goes*/) {
    return {};
  }
  /// What the file leaves free beside settings is as it is.
  static void keep_rest(Kind& /*goal*/, const Kind& /*seen*/) {}
  /// Whether it stays when the lab's own interfaces go.
  static bool outlives_links(const Kind&) { return false; }
  /// Interfaces that it is on or goes over.
  static std::vector<std::string> interfaces_of(const Kind&) { return {}; }
  /// What there is to say of one that is made.
  static std::string words_of_making(const Kind&) { return {}; }

  /// Tells the course what a step brings.
  static void note(const Step& /*step*/, const Kind&, Course& /*course*/) {}
  /// The same of what there will be.
  static void note_there(const Kind&, Course& /*course*/) {}

  // The kernel's own conclusions (6.1 to 6.18).
  static void make(SpaceState& state, const Kind& one) { put(state, one); }
  static void change(SpaceState& state, const Kind& one, const std::vector<SettingChange>&) { put(state, one); }
  static void remove(SpaceState& state, const Kind& one) { take(state, one); }
  /// What an event does to one; true: it is gone.
  static bool suffer(Kind&, const Event&, const SpaceState&) { return false; }
};

/// What each kind tells. Stage stage(const Step&, const Kind&, const Course&) has no common answer.
template <typename Kind>
struct Row;

/// Kinds of which the kernel does not tell everything: void recall(Kind& seen, const Kind& made) says that the rest is
/// as it was made.
template <typename Kind>
concept IsRecalled = requires(Kind& seen, const Kind& made) {
  Row<Kind>::recall(seen, made);
};

}  // namespace netrig::plan
