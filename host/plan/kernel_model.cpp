// SPDX-License-Identifier: Apache-2.0
#include "plan/kernel_model.hpp"

#include <algorithm>

#include "plan/compare.hpp"
#include "plan/order.hpp"

namespace netrig::plan {
namespace {

bool is_v6(const Address& address) { return address.prefix.address.family == Family::ipv6; }
bool is_v6(const Route& route) { return route.destination.address.family == Family::ipv6; }

/// The interface that a way goes over: the one it names, or the one whose prefix its gateway is in.
std::string interface_of(const NextHop& hop, const SpaceState& state) {
  if (hop.interface) return hop.interface->str();
  for (const Address& address : state.of<Address>())
    if (hop.via && address.prefix.contains(*hop.via)) return address.interface;
  return {};
}

class Model {
 public:
  explicit Model(SpaceState& state) : state_(state) {}

  // One overload a kind and verb.
  void make(const Sysctl& one) { change(one, {}); }
  void change(const Sysctl& one, const std::vector<SettingChange>& /*changes*/) {
    put(one);
    forward(one);
  }
  void remove(const Sysctl&) {}  // it gets its value of before, which only the ledger knows

  void make(const Link& one) { put(one); }
  void change(const Link& one, const std::vector<SettingChange>& changes) {
    for (const SettingChange& change : changes) {
      if (change.name == "name") rename(change.found, one.name);
      if (change.name == "state" && one.settings.state == AdminState::down) set_down(one.name);
      if (change.name == "mtu" && *one.settings.mtu < kLeastMtu6) lose_ipv6(one.name);
    }
    // What it is and which number it has no step says.
    Link goal = one;
    for (const Link& link : state_.of<Link>()) {
      if (link.name != one.name) continue;
      goal.ifindex = link.ifindex;
      goal.kind = link.kind;
    }
    put(goal);
  }
  void remove(const Link& one) {
    set_down(one.name);
    erase<Address>([&](const Address& address) { return address.interface == one.name; });
    erase<Link>([&](const Link& link) { return link.name == one.name; });
    erase<Sysctl>([&](const Sysctl& sysctl) { return sysctl.interface() == one.name; });
    for (Link& link : state_.of<Link>())
      if (link.settings.master.value_or("") == one.name) link.settings.master = {std::string()};
  }

  void make(Address one) {
    if (!is_v6(one)) {
      const auto& all = state_.of<Address>();
      one.secondary =
          std::any_of(all.begin(), all.end(), [&](const Address& other) { return same_prefix(other, one); });
    }
    put(one);
  }
  void change(const Address& one, const std::vector<SettingChange>& /*changes*/) { put(one); }
  void remove(const Address& one) {
    const bool primary = !is_v6(one) && !one.secondary;
    erase<Address>([&](const Address& other) {
      return other.key() == one.key() || (primary && other.secondary && same_prefix(other, one));
    });
    if (is_v6(one)) {  // rt6_remove_prefsrc
      for (Route& route : state_.of<Route>())
        if (is_v6(route) && route.source && *route.source == one.prefix.address) route.source.reset();
      return;
    }
    // fib_sync_down_addr
    erase<Route>([&](const Route& route) { return route.source && *route.source == one.prefix.address; });
    const auto& left = state_.of<Address>();
    const bool last = std::none_of(left.begin(), left.end(), [&](const Address& other) {
      return other.interface == one.interface && !is_v6(other);
    });
    if (last && one.interface != "lo") lose_routes(one.interface, Family::ipv4);  // fib_disable_ip
  }

  void make(const Neighbour& one) { put(one); }
  void change(const Neighbour& one, const std::vector<SettingChange>& /*changes*/) { put(one); }
  void remove(const Neighbour& one) { take(one); }
  void make(const Route& one) { put(one); }
  void change(const Route& one, const std::vector<SettingChange>& /*changes*/) { put(one); }
  void remove(const Route& one) { take(one); }
  void make(const Rule& one) { state_.of<Rule>().push_back(one); }
  void change(const Rule& one, const std::vector<SettingChange>& /*changes*/) { put(one); }
  void remove(const Rule& one) {
    auto& all = state_.of<Rule>();
    const auto found = std::find_if(all.begin(), all.end(), [&](const Rule& other) {
      return other.key() == one.key() && other.priority == one.priority;
    });
    if (found != all.end()) all.erase(found);
  }

 private:
  static bool same_prefix(const Address& a, const Address& b) {
    return a.interface == b.interface && a.prefix.length == b.prefix.length && !is_v6(a) && !is_v6(b) && !a.peer &&
           !b.peer && a.prefix.network() == b.prefix.network();
  }

  template <typename T, typename Match>
  void erase(const Match& match) {
    std::erase_if(state_.of<T>(), match);
  }
  template <typename T>
  void take(const T& one) {
    auto& all = state_.of<T>();
    const auto found = std::find_if(all.begin(), all.end(), [&](const T& other) { return other.key() == one.key(); });
    if (found != all.end()) all.erase(found);
  }
  template <typename T>
  void put(const T& one) {
    auto& all = state_.of<T>();
    const auto found = std::find_if(all.begin(), all.end(), [&](const T& other) { return other.key() == one.key(); });
    if (found != all.end())
      *found = one;
    else
      all.push_back(one);
  }

  /// Writing the switch of all writes every interface's (inet_forward_change, addrconf_forward_change).
  void forward(const Sysctl& one) {
    const bool v4 = one.key_text == "net.ipv4.ip_forward" || one.key_text == "net.ipv4.conf.all.forwarding";
    const bool v6 = one.key_text == "net.ipv6.conf.all.forwarding";
    if (!v4 && !v6) return;
    const std::string prefix = v4 ? "net.ipv4.conf." : "net.ipv6.conf.";
    for (Sysctl& other : state_.of<Sysctl>()) {
      const bool follows = (other.key_text.starts_with(prefix) && other.key_text.ends_with(".forwarding")) ||
                           (v4 && other.key_text == "net.ipv4.ip_forward");
      if (follows) other.value = one.value;
    }
  }

  void rename(const std::string& from, const std::string& to) {
    for (Link& link : state_.of<Link>()) {
      if (link.name == from) link.name = to;
      if (link.settings.master.value_or("") == from) link.settings.master = {to};
    }
    for (Address& address : state_.of<Address>())
      if (address.interface == from) address.interface = to;
    for (Neighbour& neighbour : state_.of<Neighbour>())
      if (neighbour.interface == from) neighbour.interface = to;
    for (Route& route : state_.of<Route>())
      for (NextHop& hop : route.next_hops)
        if (hop.interface && hop.interface->str() == from) hop.interface = InterfaceName(to);
  }

  void lose_routes(const std::string& interface, std::optional<Family> family) {
    erase<Route>([&](const Route& route) {
      // A route of several ways lives while one of them does.
      return (!family || route.destination.address.family == *family) && !route.next_hops.empty() &&
             std::all_of(route.next_hops.begin(), route.next_hops.end(),
                         [&](const NextHop& hop) { return interface_of(hop, state_) == interface; });
    });
  }

  /// addrconf_ifdown, fib_sync_down_dev, neigh_ifdown.
  void set_down(const std::string& interface) {
    lose_routes(interface, std::nullopt);
    erase<Address>([&](const Address& address) { return address.interface == interface && is_v6(address); });
    erase<Neighbour>([&](const Neighbour& neighbour) { return neighbour.interface == interface && !neighbour.proxy; });
  }

  void lose_ipv6(const std::string& interface) {
    lose_routes(interface, Family::ipv6);
    erase<Address>([&](const Address& address) { return address.interface == interface && is_v6(address); });
    erase<Sysctl>([&](const Sysctl& sysctl) {
      return sysctl.key_text.starts_with("net.ipv6.conf.") && sysctl.interface() == interface;
    });
  }

  SpaceState& state_;
};

/// Steps that bring a state which has lost something back to the target.
std::vector<Step> losses(const SpaceState& target, const SpaceState& state) {
  const SpaceState nothing;
  // `keep`: what was to be removed has been, and what is foreign stays.
  Difference rest = compare(
      {.wanted = target, .made = nothing, .seen = state, .own = true, .foreign = Foreign::keep, .ordered = false});
  for (Step& step : rest.steps) step.restores = true;
  return std::move(rest.steps);
}

}  // namespace

void apply(const Step& step, SpaceState& state) {
  Model model(state);
  std::visit(
      [&](const auto& one) {
        using T = std::decay_t<decltype(one)>;
        switch (step.verb) {
          case Verb::make:
            model.make(one);
            break;
          case Verb::change:
            if (step.before && !changes_in_place(step.object, step.changes)) {
              if (step.part == Step::Part::whole) model.remove(std::get<T>(*step.before));
              model.make(one);
            } else {
              model.change(one, step.changes);
            }
            break;
          case Verb::remove:
            model.remove(one);
            break;
        }
      },
      step.object);
}

namespace {

bool is_there(const SpaceState& state, const Object& object) {
  return std::visit(
      [&](const auto& one) {
        const auto& all = state.of<std::decay_t<decltype(one)>>();
        return std::any_of(all.begin(), all.end(), [&](const auto& other) { return other.key() == one.key(); });
      },
      object);
}

}  // namespace

void close(Difference& difference, const SpaceState& seen) {
  if (difference.steps.empty()) return;
  // What is made again can take something with it in its turn, but never in a circle: each round ends with more of the
  // target in place. The bound is there for a model that is wrong.
  constexpr int kRounds = 4;
  SpaceState state = seen;
  std::size_t done = 0;
  for (int round = 0; round < kRounds; ++round) {
    for (; done < difference.steps.size(); ++done) {
      Step& step = difference.steps[done];
      const bool gone =
          step.verb == Verb::remove && !std::holds_alternative<Sysctl>(step.object) && !is_there(state, step.object);
      // What an earlier step has taken along is not removed again: a message that names a route could hit another, for
      // the kernel takes one without metric to be any. An address may still be there (promote_secondaries).
      step.is_void = gone && std::holds_alternative<Route>(step.object);
      if (!gone) apply(step, state);
    }
    std::vector<Step> lost = losses(difference.target, state);
    if (lost.empty()) break;
    std::move(lost.begin(), lost.end(), std::back_inserter(difference.steps));
  }
}

}  // namespace netrig::plan
