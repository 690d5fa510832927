// SPDX-License-Identifier: Apache-2.0
#include "plan/difference.hpp"

#include <algorithm>
#include <map>

#include "plan/compare.hpp"
#include "plan/kernel_model.hpp"
#include "plan/order.hpp"

namespace netrig::plan {
namespace {

/// Links that come with a namespace where a module is loaded (ipip.c, ip_gre.c, sit.c...): nobody's.
bool comes_by_itself(const Link& link) {
  static constexpr std::array kNames = {"lo",      "tunl0",   "gre0",    "gretap0",  "erspan0", "sit0",
                                        "ip6tnl0", "ip6gre0", "ip_vti0", "ip6_vti0", "bond0",   "dummy0",
                                        "ifb0",    "ifb1",    "teql0",   "nlmon0"};
  return std::find(kNames.begin(), kNames.end(), link.name) != kNames.end();
}

template <typename T>
bool comes_by_itself(const T&) {
  return false;
}

class Comparison {
 public:
  explicit Comparison(const Sides& sides) : sides_(sides) {}

  Difference run() {
    ObjectKinds::each([&](auto tag) { compare_kind<typename decltype(tag)::type>(); });
    return std::move(result_);
  }

 private:
  /// Objects of one kind by identity; of several with the same, the first that is left.
  template <typename T>
  class Shelf {
   public:
    explicit Shelf(const std::vector<T>& objects) : taken_(objects.size(), false) {
      for (std::size_t i = 0; i < objects.size(); ++i) index_.emplace(objects[i].key(), i);
    }
    /// SIZE_MAX: there is none. `exact`: whether it needs no change; such a one is preferred.
    template <typename Exact>
    std::size_t take(const T& wanted, Exact&& exact) {
      auto [first, last] = index_.equal_range(wanted.key());
      auto best = last;
      for (auto at = first; at != last; ++at)
        if (best == last || exact(at->second)) best = at;
      if (best == last) return SIZE_MAX;
      const std::size_t found = best->second;
      index_.erase(best);
      taken_[found] = true;
      return found;
    }
    [[nodiscard]] bool is_taken(std::size_t index) const { return taken_[index]; }
    [[nodiscard]] bool has(const T& one) const { return index_.find(one.key()) != index_.end(); }

   private:
    std::multimap<decltype(std::declval<const T&>().key()), std::size_t> index_;
    std::vector<bool> taken_;
  };

  template <typename T>
  void compare_kind() {
    const auto& wanted = sides_.wanted.of<T>();
    const auto& seen = sides_.seen.of<T>();
    if (wanted.empty() && seen.empty()) return;
    Shelf<T> present(seen);
    Shelf<T> made(sides_.made.of<T>());
    auto& target = result_.target.of<T>();
    for (const T& one : wanted) {
      const std::size_t at = present.take(one, [&](std::size_t i) { return changes_of(one, seen[i]).empty(); });
      const std::size_t before = made.take(one, [](std::size_t) { return true; });
      // In a namespace that others use, what is there and was not made by the lab is theirs: the kernel will say no to
      // a second one, and nothing of theirs is changed.
      const bool theirs = !sides_.own && before == SIZE_MAX && outlives(one);
      if (at == SIZE_MAX || theirs) {
        result_.steps.push_back({.verb = Verb::make, .object = one});
        target.push_back(one);
        continue;
      }
      T goal = one;
      if (before != SIZE_MAX) give_up(goal, sides_.made.of<T>()[before]);
      std::vector<SettingChange> changes = changes_of(goal, seen[at]);
      keep_free(goal, seen[at]);
      if (!changes.empty())
        result_.steps.push_back(
            {.verb = Verb::change, .object = goal, .before = Object(seen[at]), .changes = std::move(changes)});
      target.push_back(std::move(goal));
    }
    for (std::size_t i = 0; i < seen.size(); ++i)
      if (!present.is_taken(i)) superfluous(seen[i], made);
  }

  /// What there is and nobody wants any more.
  template <typename T>
  void superfluous(const T& one, const Shelf<T>& made) {
    const bool ours = made.has(one);
    if constexpr (std::is_same_v<T, Link>) {
      // Links go with their devices; one that is no device's stays for whoever made it.
      if (ours) return;
    }
    const bool removable = !std::is_same_v<T, Link> && !std::is_same_v<T, Sysctl>;
    const bool foreign =
        !ours && sides_.own && !comes_by_itself(one) && !is_of_client(one) && !std::is_same_v<T, Sysctl>;
    if (ours || (foreign && removable && sides_.foreign == Foreign::remove)) {
      result_.steps.push_back({.verb = Verb::remove, .object = one});
      return;
    }
    if (foreign && sides_.foreign != Foreign::keep) result_.foreign.emplace_back(one);
    result_.target.of<T>().push_back(one);
  }

  [[nodiscard]] bool is_dynamic(std::string_view interface) const {
    const auto& links = sides_.wanted.of<Link>();
    return std::any_of(links.begin(), links.end(),
                       [&](const Link& link) { return link.dynamic && link.name == interface; });
  }
  /// Whether a client made it, for whom the file leaves room.
  [[nodiscard]] bool is_of_client(const Address& one) const { return is_dynamic(one.interface); }
  [[nodiscard]] bool is_of_client(const Route& one) const {
    return std::any_of(one.next_hops.begin(), one.next_hops.end(),
                       [&](const NextHop& hop) { return hop.interface && is_dynamic(hop.interface->str()); });
  }
  template <typename T>
  [[nodiscard]] static bool is_of_client(const T&) {
    return false;
  }

  /// Whether it stays when the lab's own interfaces go.
  static bool outlives(const Address& one) { return one.interface == "lo"; }
  template <typename T>
  static bool outlives(const T&) {
    return std::is_same_v<T, Route> || std::is_same_v<T, Rule>;
  }

  /// A setting that was made and is no longer wanted goes back to what it is by itself.
  static void give_up(Link& goal, const Link& made) { unset(goal, made); }
  template <typename T>
  static void give_up(T&, const T&) {}

  /// What the file leaves free is as it is.
  template <typename T>
  static void keep_free(T& goal, const T& seen) {
    T::each_setting([&](std::string_view, auto member) {
      auto& setting = goal.own().*member;
      if (!setting) setting = seen.own().*member;
    });
    keep_rest(goal, seen);
  }
  static void keep_rest(Link& goal, const Link& seen) {
    goal.ifindex = seen.ifindex;
    goal.kind = seen.kind;
  }
  static void keep_rest(Rule& goal, const Rule& seen) {
    if (!goal.priority) goal.priority = seen.priority;
  }
  static void keep_rest(Route& goal, const Route& seen) {
    if (goal.type == seen.type && goal.next_hops.size() == seen.next_hops.size()) fill_hops(goal, seen);
  }
  static void fill_hops(Route& goal, const Route& seen) {
    for (std::size_t i = 0; i < goal.next_hops.size(); ++i)
      if (!goal.next_hops[i].interface && goal.next_hops[i].via == seen.next_hops[i].via)
        goal.next_hops[i].interface = seen.next_hops[i].interface;
  }
  template <typename T>
  static void keep_rest(T&, const T&) {}

  const Sides& sides_;
  Difference result_;
};

}  // namespace

Difference compare(const Sides& sides) {
  Difference result = Comparison(sides).run();
  put_in_order(result.steps, result.target);
  return result;
}

Difference diff(const Sides& sides) {
  Difference result = compare(sides);
  close(result, sides.seen);
  return result;
}

Difference diff_back(const SpaceState& before, const SpaceState& made, const SpaceState& seen) {
  return diff({.wanted = before, .made = made, .seen = seen, .own = false});
}

}  // namespace netrig::plan
