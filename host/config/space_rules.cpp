// SPDX-License-Identifier: Apache-2.0
// Checks of what one namespace has.
#include "config/space_rules.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

namespace netrig::config {
namespace {

/// Prefixes, to be asked which addresses lie in one, in time that does not grow with their number.
class Prefixes {
 public:
  void add(const Prefix& prefix) {
    networks_.insert(prefix.network());
    lengths_.insert({prefix.address.family, prefix.length});
  }
  [[nodiscard]] bool contain(const IpAddress& address) const {
    return std::any_of(lengths_.begin(), lengths_.end(), [&](const auto& one) {
      return one.first == address.family && networks_.contains(Prefix{address, one.second}.network());
    });
  }

 private:
  std::set<Prefix> networks_;
  std::set<std::pair<Family, std::uint8_t>> lengths_;
};

class SpaceCheck {
 public:
  SpaceCheck(const Namespace& space, const Inside& inside, const Context& context)
      : space_(space), inside_(inside), context_(context) {}

  void run() {
    check_rules();
    if (space_.of<Route>().empty()) return;
    collect();
    std::map<decltype(space_.of<Route>().front().key()), Position> seen;
    for (const Route& route : space_.of<Route>()) {
      if (!seen.emplace(route.key(), route.where).second)
        fail(route.where,
             fmt::format("namespace {} has a route to {} in table {} with that metric already; give it another metric",
                         name(), route.destination.str(), route.table));
      if (space_.existing) continue;  // what else it has only the kernel knows
      for (const NextHop& hop : route.next_hops) check_next_hop(route, hop);
      if (route.source && !own_.contains(*route.source) && !local_.contain(*route.source))
        fail(route.source.where,
             fmt::format("source {} is not an address of namespace {}", route.source->str(), name()));
    }
  }

 private:
  /// Where all that is wrong is wanted, what comes behind is looked at, too.
  void fail(Position where, const std::string& message) const {
    context_.guard([&] { context_.fail(where, message); });
  }
  void warn(Position where, std::string message) const {
    context_.warnings->add(context_.place(where), std::move(message));
  }
  [[nodiscard]] const std::string& name() const { return space_.name.str(); }

  void collect() {
    for (const Address* address : inside_.addresses) {
      own_.insert(address->prefix.address);
      direct_.add(address->peer ? Prefix{*address->peer, address->prefix.length} : address->prefix);
    }
    // The prefix of an address of lo is the namespace itself, whole (fib_add_ifaddr).
    for (const Address& address : space_.of<Address>()) own_.insert(address.prefix.address);
    for (const Route& route : space_.of<Route>()) {
      if (route.type == RouteType::local) local_.add(route.destination);
      if (route.type == RouteType::unicast &&
          std::any_of(route.next_hops.begin(), route.next_hops.end(), [](const NextHop& hop) { return !hop.via; }))
        direct_.add(route.destination);
    }
  }

  /// "; did you mean ...", or what there is.
  [[nodiscard]] std::string advice(const std::string& wanted) const {
    std::vector<std::string> candidates;
    for (const auto& [one, place] : inside_.interfaces) candidates.push_back(one);
    std::sort(candidates.begin(), candidates.end());
    const auto hint = closest(wanted, candidates);
    return hint                 ? fmt::format("; did you mean \"{}\"?", *hint)
           : candidates.empty() ? std::string()
                                : fmt::format("; it has {}", fmt::join(candidates, ", "));
  }
  [[nodiscard]] bool has_interface(const std::string& one) const {
    return one == "lo" || inside_.interfaces.contains(one);
  }

  void check_next_hop(const Route& route, const NextHop& hop) const {
    if (hop.interface && !has_interface(hop.interface->str()))
      fail(route.where, fmt::format("namespace {} has no interface \"{}\"{}", name(), hop.interface->str(),
                                    advice(hop.interface->str())));
    if (!hop.via || hop.onlink || hop.via->is_link_local()) return;
    if (own_.contains(*hop.via)) {
      const std::string what = fmt::format("next hop {} is namespace {} itself", hop.via->str(), name());
      // Only IPv4 takes it (fib_check_nh_v4_gw, ip6_route_check_nh).
      if (hop.via->family == Family::ipv6)
        fail(route.where, what);
      else
        warn(route.where, what + ", to which packets would go back; use the address of a neighbour");
      return;
    }
    if (direct_.contain(*hop.via)) return;
    std::vector<std::string> prefixes;
    for (const Address* address : inside_.addresses)
      if (address->prefix.address.family == hop.via->family) prefixes.push_back(address->prefix.str());
    fail(route.where, fmt::format("next hop {} is not reachable from namespace {}, {}; add an address on its prefix, "
                                  "or dev and onlink = true",
                                  hop.via->str(), name(),
                                  prefixes.empty() ? "which has no address of that family"
                                                   : fmt::format("whose addresses are {}", fmt::join(prefixes, ", "))));
  }

  void check_rules() {
    if (space_.of<Rule>().empty()) return;
    using Key = decltype(space_.of<Rule>().front().key());
    std::map<Key, std::map<std::optional<std::uint32_t>, Position>> seen;  // by priority
    for (const Rule& rule : space_.of<Rule>()) {
      auto& alike = seen[rule.key()];
      // One without a priority is whichever the kernel has of them.
      auto same = alike.find(rule.priority);
      if (same == alike.end()) same = rule.priority ? alike.find(std::nullopt) : alike.begin();
      if (same != alike.end()) {
        twins_.insert(&rule);
        fail(rule.where, fmt::format("namespace {} has this rule already, in {}; leave one out, or give each a "
                                     "priority of its own",
                                     name(), context_.line(same->second)));
      }
      alike.emplace(rule.priority, rule.where);
      if (space_.existing) continue;
      for (const std::string* link : {&rule.iif, &rule.oif})
        if (!link->empty() && !has_interface(*link))
          warn(rule.where, fmt::format("namespace {} has no interface \"{}\", until somebody makes one{}", name(),
                                       *link, advice(*link)));
    }
    check_covered();
  }

  /// Forms of a rule that cover it: without what it says of addresses and TOS, in any combination (Rule::covers).
  static std::vector<std::string> covering(Rule rule) {
    rule.inverted = false;
    const Rule all = rule;
    std::vector<std::string> forms;
    for (unsigned without = 0; without < 8; ++without) {
      rule = all;
      if ((without & 1U) != 0) rule.from.reset();
      if ((without & 2U) != 0) rule.to.reset();
      if ((without & 4U) != 0) rule.tos.reset();
      forms.push_back((rule.family == Family::ipv6 ? "ipv6 " : "ipv4 ") + rule.text());
    }
    return forms;
  }

  /// Of one priority, the kernel refuses one that says less than another which is there, and removes either for the
  /// other.
  void check_covered() const {
    std::unordered_map<std::string, Position> exact;
    std::unordered_map<std::string, Position> covered;
    for (const Rule& rule : space_.of<Rule>()) {
      if (!rule.priority || twins_.contains(&rule)) continue;
      const std::vector<std::string> forms = covering(rule);
      const auto fail_for = [&](Position other) {
        fail(rule.where, fmt::format("the kernel does not tell this rule from the one of the same priority in {}, "
                                     "for one of them says less than the other; give each a priority of its own",
                                     context_.line(other)));
      };
      const auto less = covered.find(forms.front());
      const auto more =
          std::find_if(forms.begin(), forms.end(), [&](const auto& form) { return exact.contains(form); });
      if (less != covered.end())
        fail_for(less->second);
      else if (more != forms.end())
        fail_for(exact.at(*more));
      exact.emplace(forms.front(), rule.where);
      for (const std::string& form : forms) covered.emplace(form, rule.where);
    }
  }

  const Namespace& space_;
  const Inside& inside_;
  const Context& context_;
  std::set<const Rule*> twins_;  ///< of one before
  std::set<IpAddress> own_;
  Prefixes direct_;  ///< of addresses, of peers, and of routes that lead directly to a link
  Prefixes local_;   ///< which the namespace takes for its own
};

}  // namespace

void check_space(const Namespace& space, const Inside& inside, const Context& context) {
  SpaceCheck(space, inside, context).run();
}

}  // namespace netrig::config
