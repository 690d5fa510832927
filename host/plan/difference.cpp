// SPDX-License-Identifier: Apache-2.0
#include "plan/difference.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "plan/compare.hpp"
#include "plan/kernel_model.hpp"
#include "plan/order.hpp"

namespace netrig::plan {
namespace {

/// Whether the kernel or a daemon made it: it is nobody's.
template <typename T>
bool comes_by_itself(const T& one) {
  if constexpr (requires { one.comes_by_itself(); })
    return one.comes_by_itself();
  else
    return false;
}

/// Whether the one may have become the other without somebody having put his own in its place.
template <typename T>
bool has_same_maker(const T& made, const T& seen) {
  if constexpr (requires { seen.protocol.value_or(0U); })
    return made.protocol.value_or(kRouteProtocol) == seen.protocol.value_or(kRouteProtocol);
  else
    return true;
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
    /// Takes one that is just so, if there is one.
    template <typename Exact>
    bool take_exact(const T& wanted, Exact&& exact) {
      auto [first, last] = index_.equal_range(wanted.key());
      for (auto at = first; at != last; ++at) {
        if (!exact(at->second)) continue;
        taken_[at->second] = true;
        index_.erase(at);
        return true;
      }
      return false;
    }
    [[nodiscard]] bool is_taken(std::size_t index) const { return taken_[index]; }

   private:
    std::multimap<decltype(std::declval<const T&>().key()), std::size_t> index_;
    std::vector<bool> taken_;
  };

  template <typename T>
  void compare_kind() {
    const auto& wanted = sides_.wanted.of<T>();
    const auto& seen = sides_.seen.of<T>();
    const auto& before = sides_.made.of<T>();
    if (wanted.empty() && seen.empty()) return;
    Shelf<T> present(seen);
    Shelf<T> made(before);
    const std::vector<std::size_t> again = in_wrong_order(wanted, seen);
    for (std::size_t w = 0; w < wanted.size(); ++w) {
      const T& one = wanted[w];
      const std::size_t at =
          stays(one) ? present.take(one, [&](std::size_t i) { return changes_of(one, seen[i]).empty(); }) : SIZE_MAX;
      const std::size_t was = made.take(one, [](std::size_t) { return true; });
      if (at == SIZE_MAX) {
        result_.steps.push_back({.verb = Verb::make, .object = one});
        result_.target.of<T>().push_back(one);
      } else if (!sides_.own && was == SIZE_MAX && Row<T>::outlives_links(one)) {
        // It was not made by the lab: nothing of theirs is changed.
        result_.taken.emplace_back(one);
        result_.target.of<T>().push_back(seen[at]);
      } else {
        compare_one(one, was == SIZE_MAX ? nullptr : &before[was], seen[at],
                    std::find(again.begin(), again.end(), w) != again.end());
      }
    }
    if constexpr (Row<T>::kGoing == Going::by_reset) {
      for (std::size_t i = 0; i < seen.size(); ++i)
        if (!present.is_taken(i) && stays(seen[i]))
          if (const std::size_t was = made.take(seen[i], [](std::size_t) { return true; }); was != SIZE_MAX)
            give_back(before[was], seen[i]);
      return;
    }
    // Of several with one identity, those that the lab made are the ones that are as it made them.
    std::vector<std::size_t> rest;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (present.is_taken(i)) continue;
      if (made.take_exact(seen[i], [&](std::size_t m) { return changes_of(before[m], seen[i]).empty(); }))
        superfluous(seen[i], true);
      else
        rest.push_back(i);
    }
    for (const std::size_t i : rest)
      // One that a daemon has put in the place of the lab's is the daemon's, and in a namespace that is not the lab's
      // own one that an administrator has is his.
      superfluous(seen[i], made.take_exact(seen[i], [&](std::size_t m) {
        return sides_.own || has_same_maker(before[m], seen[i]);
      }) && !comes_by_itself(seen[i]));
  }

  /// What was set goes back to what it is born with, and the rest stays.
  template <typename T>
  void give_back(const T& made, const T& seen) {
    T bare = seen;
    T::each_setting([&](std::string_view, auto member) { (bare.own().*member).reset(); });
    compare_one(bare, &made, seen, false);
  }

  /// Whether what an interface has by being a port, or a bridge, is still there when all is done.
  template <typename T>
  [[nodiscard]] bool stays(const T& one) {
    if constexpr (Row<T>::kGoing == Going::by_reset) {
      if (!masters_) {
        masters_.emplace();
        for (const Link& link : sides_.seen.of<Link>())
          (*masters_)[link.name].first = link.settings.master.value_or("");
        for (const Link& link : result_.target.of<Link>())
          (*masters_)[link.name].second = link.settings.master.value_or("");
      }
      const auto found = masters_->find(one.interface);
      return found != masters_->end() && found->second.first && found->second.first == found->second.second;
    } else {
      return true;
    }
  }

  template <typename T>
  void compare_one(const T& wanted, const T* made, const T& seen, bool again) {
    T goal = wanted;
    T from = seen;
    if (made != nullptr) Row<T>::unset(goal, *made);
    if constexpr (requires { Row<T>::find_ways(goal, from, sides_); }) Row<T>::find_ways(goal, from, sides_);
    if constexpr (IsRecalled<T>)
      if (made != nullptr) Row<T>::recall(from, *made);
    std::vector<SettingChange> changes = changes_of(goal, from);
    if (made != nullptr) add_edits(goal, *made, from, changes);
    if (again && changes.empty())
      changes.push_back({.name = "order", .expected = "as in the file", .found = "another", .where = wanted.where});
    keep_free(goal, from);
    if (!changes.empty())
      result_.steps.push_back(
          {.verb = Verb::change, .object = goal, .before = Object(std::move(from)), .changes = std::move(changes)});
    result_.target.of<T>().push_back(std::move(goal));
  }

  /// What an edit asks for although the kernel's word agrees with both files, or although nobody says what it is to be:
  /// a time that runs is set anew, and a setting that the file no longer gives goes. `from` loses those, so that they
  /// do not come back as what the file leaves free.
  template <typename T>
  static void add_edits(const T& goal, const T& made, T& from, std::vector<SettingChange>& changes) {
    T::each_setting([&](std::string_view name, auto member) {
      const auto& want = goal.own().*member;
      const auto& had = made.own().*member;
      auto& have = from.own().*member;
      const bool known =
          std::any_of(changes.begin(), changes.end(), [&](const SettingChange& change) { return change.name == name; });
      if (!had || known) return;
      if (want && !(*want == *had) && have && !(*have == *want))
        changes.push_back({.name = std::string(name),
                           .expected = setting_text(*want),
                           .found = setting_text(*have),
                           .where = want.where});
      if (!want && have && Row<T>::kIsReplaced) {
        changes.push_back(
            {.name = std::string(name), .expected = "", .found = setting_text(*have), .where = goal.where});
        have.reset();
      }
    });
  }

  template <typename T>
  [[nodiscard]] std::vector<std::size_t> in_wrong_order(const std::vector<T>& wanted,
                                                        const std::vector<T>& seen) const {
    if (!sides_.ordered) return {};
    const auto is_in = [](const std::vector<T>& list, const T& one) {
      return std::any_of(list.begin(), list.end(), [&](const T& other) { return other.key() == one.key(); });
    };
    return Row<T>::misplaced(wanted, seen, [&](const T& one) {
      return !is_in(wanted, one) &&
             (is_in(sides_.made.of<T>(), one) || (sides_.own && sides_.foreign == Foreign::remove));
    });
  }

  /// What there is and nobody wants any more.
  template <typename T>
  void superfluous(const T& one, bool ours) {
    constexpr Going kGoing = Row<T>::kGoing;
    if (ours && kGoing == Going::with_device) return;
    const bool foreign =
        !ours && sides_.own && kGoing != Going::by_ledger && !comes_by_itself(one) && !is_of_client(one);
    if (ours || (foreign && kGoing == Going::by_step && sides_.foreign == Foreign::remove)) {
      result_.steps.push_back({.verb = Verb::remove, .object = one});
      return;
    }
    if (foreign && sides_.foreign != Foreign::keep) result_.foreign.emplace_back(one);
    // Who makes it sees to it that it comes back.
    if (!comes_by_itself(one)) result_.target.of<T>().push_back(one);
  }

  /// Whether a client made it, for whom the file leaves room.
  template <typename T>
  [[nodiscard]] bool is_of_client(const T& one) const {
    if (!Row<T>::kIsOfClients) return false;
    const auto& links = sides_.wanted.of<Link>();
    const auto interfaces = Row<T>::interfaces_of(one);
    return std::any_of(links.begin(), links.end(), [&](const Link& link) {
      return link.dynamic && std::find(interfaces.begin(), interfaces.end(), link.name) != interfaces.end();
    });
  }

  /// What the file leaves free is as it is.
  template <typename T>
  static void keep_free(T& goal, const T& seen) {
    T::each_setting([&](std::string_view, auto member) {
      auto& setting = goal.own().*member;
      if (!setting) setting = seen.own().*member;
    });
    Row<T>::keep_rest(goal, seen);
  }

  const Sides& sides_;
  Difference result_;
  /// Of interfaces, as seen and as they will be; nothing: there is none of that name. Made when first asked for, behind
  /// the links.
  std::optional<std::unordered_map<std::string, std::pair<std::optional<std::string>, std::optional<std::string>>>>
      masters_;
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
