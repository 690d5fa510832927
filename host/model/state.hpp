// SPDX-License-Identifier: Apache-2.0
// What is in a namespace, as one value: wanted, made and seen are all of this type.
#pragma once
#include <tuple>
#include <variant>
#include <vector>

#include "model/interface_address.hpp"
#include "model/link.hpp"
#include "model/neighbour.hpp"
#include "model/port.hpp"
#include "model/qdisc.hpp"
#include "model/route.hpp"
#include "model/rule.hpp"
#include "model/sysctl.hpp"
#include "model/vlans.hpp"

namespace netrig {

/// The kinds of objects, in the order in which they are shown. This list is all that knows every kind.
template <typename... Kind>
struct KindList {
  using Object = std::variant<Kind...>;
  using State = std::tuple<std::vector<Kind>...>;
  /// Calls visit(KindTag<Kind>{}) for each.
  template <typename Visit>
  static void each(Visit&& visit) {
    (visit(std::type_identity<Kind>{}), ...);
  }
  /// The same, last to first: of an assignment the right side is done first.
  template <typename Visit>
  static void each_backwards(Visit&& visit) {
    int last = 0;
    ((visit(std::type_identity<Kind>{}), last) = ... = 0);
  }
};
using ObjectKinds = KindList<Sysctl, Link, Port, Vlans, Qdisc, Address, Neighbour, Route, Rule>;

/// One object of any kind; only inside a step.
using Object = ObjectKinds::Object;

/// All objects of one namespace, kind by kind.
struct SpaceState {
  ObjectKinds::State objects;
  /// As seen: what the kernel gives each namespace by itself, and somebody has taken away.
  std::vector<Object> missing = {};

  template <typename Kind>
  std::vector<Kind>& of() {
    return std::get<std::vector<Kind>>(objects);
  }
  template <typename Kind>
  [[nodiscard]] const std::vector<Kind>& of() const {
    return std::get<std::vector<Kind>>(objects);
  }
  friend bool operator==(const SpaceState&, const SpaceState&) = default;
};

}  // namespace netrig
