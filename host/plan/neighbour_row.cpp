// SPDX-License-Identifier: Apache-2.0
#include "plan/neighbour_row.hpp"

namespace netrig::plan {

bool Row<Neighbour>::agrees(std::string_view setting, const std::string& expected, const std::string& /*found*/) {
  // What the kernel has learned, or believes, changes by itself; what was asked for to stay does not.
  return setting == "state" && (expected == "reachable" || expected == "stale");
}

bool Row<Neighbour>::unset(Neighbour& target, const Neighbour& made) {
  if (made.router && !target.router) target.router = {false, made.router.where};
  return true;
}

Stage Row<Neighbour>::stage(const Step& step, const Neighbour& /*one*/, const Course& /*course*/) {
  return step.verb == Verb::remove ? Stage::remove_neighbour : Stage::neighbour;
}

bool Row<Neighbour>::suffer(Neighbour& one, const Event& event, const SpaceState& /*state*/) {
  if (one.interface != event.interface) return false;
  const bool v6 = one.address.family == Family::ipv6;
  switch (event.what) {
    case Event::What::renamed:
      one.interface = event.name;
      return false;
    case Event::What::no_ipv6:
      return v6;
    case Event::What::no_ipv4:  // static entries, too (arp_ifdown)
      return !v6;
    default:
      return event.what == Event::What::link_gone || event.what == Event::What::link_down;
  }
}

}  // namespace netrig::plan
