// SPDX-License-Identifier: Apache-2.0
// What is in a namespace, as one value: wanted, made and seen are all of this type.
#pragma once
#include <algorithm>
#include <tuple>
#include <variant>
#include <vector>

#include "model/interface_address.hpp"
#include "model/link.hpp"
#include "model/neighbour.hpp"
#include "model/route.hpp"
#include "model/rule.hpp"
#include "model/sysctl.hpp"

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
};
using ObjectKinds = KindList<Sysctl, Link, Address, Neighbour, Route, Rule>;

/// One object of any kind; only inside a step.
using Object = ObjectKinds::Object;

/// What of a namespace counts although nobody would look at it by himself.
struct Interest {
  std::vector<std::string> sysctls = {};  ///< keys
  /// Protocol numbers of what counts beside what somebody has configured (is_configured). Whatever else is there a
  /// routing daemon has made, which will see to it by itself.
  std::vector<std::uint32_t> protocols = {};
  bool learned_neighbours = false;  ///< also those that come and go by themselves

  void join(Interest&& other) {
    const auto add = [](auto& all, auto& more) {
      all.insert(all.end(), more.begin(), more.end());
      std::sort(all.begin(), all.end());
      all.erase(std::unique(all.begin(), all.end()), all.end());
    };
    add(sysctls, other.sysctls);
    add(protocols, other.protocols);
    learned_neighbours |= other.learned_neighbours;
  }
};
inline void note(const Sysctl& one, Interest& interest) { interest.sysctls.push_back(one.key_text); }
inline void note(const Route& one, Interest& interest) {
  if (one.protocol && !is_configured(*one.protocol)) interest.protocols.push_back(*one.protocol);
}
inline void note(const Rule& one, Interest& interest) {
  if (!is_configured(one.protocol)) interest.protocols.push_back(one.protocol);
}
inline void note(const Neighbour& one, Interest& interest) { interest.learned_neighbours |= one.is_learned(); }

/// All objects of one namespace, kind by kind.
struct SpaceState {
  ObjectKinds::State objects;

  template <typename Kind>
  std::vector<Kind>& of() {
    return std::get<std::vector<Kind>>(objects);
  }
  template <typename Kind>
  [[nodiscard]] const std::vector<Kind>& of() const {
    return std::get<std::vector<Kind>>(objects);
  }
};

}  // namespace netrig
