// SPDX-License-Identifier: Apache-2.0
// What each kind of objects tells of itself; objects.cpp goes through them.
#pragma once
#include <algorithm>
#include <vector>

#include "kernel/link.hpp"
#include "kernel/objects.hpp"

namespace netrig::kernel {

/// A step of one kind.
template <typename Kind>
struct Doing {
  Verb verb = Verb::make;
  const Kind& object;
  const Kind* before = nullptr;
};

/// The object with what is not to be set as it was, for what the kernel changes it replaces as a whole.
template <typename Kind>
Kind with_what_stays(const Doing<Kind>& doing) {
  Kind object = doing.object;
  if (doing.before == nullptr) return object;
  Kind::each_setting([&](std::string_view, auto setting) {
    if (!(object.own().*setting)) object.own().*setting = doing.before->own().*setting;
  });
  return object;
}

/// Appends the messages of a step.
void write_step(Batch& batch, const Doing<Sysctl>& doing, const IfindexOf& ifindex_of);
void write_step(Batch& batch, const Doing<Link>& doing, const IfindexOf& ifindex_of);
void write_step(Batch& batch, const Doing<Qdisc>& doing, const IfindexOf& ifindex_of);
void write_step(Batch& batch, const Doing<Port>& doing, const IfindexOf& ifindex_of);
void write_step(Batch& batch, const Doing<Vlans>& doing, const IfindexOf& ifindex_of);
void write_step(Batch& batch, const Doing<Address>& doing, const IfindexOf& ifindex_of);
void write_step(Batch& batch, const Doing<Neighbour>& doing, const IfindexOf& ifindex_of);
void write_step(Batch& batch, const Doing<Route>& doing, const IfindexOf& ifindex_of);
void write_step(Batch& batch, const Doing<Rule>& doing, const IfindexOf& ifindex_of);

/// IFLA_INFO_KIND of what has VLANs.
inline constexpr const char* kBridge = "bridge";

/// A namespace that is being looked at.
struct View {
  Socket& socket;
  const LookAt& at;
  std::vector<Object>& missing;       ///< SpaceState::missing
  std::vector<LinkState> links = {};  ///< sorted by ifindex

  /// Nothing: it came after the links were listed, or it is 0.
  [[nodiscard]] const LinkState* link(std::uint32_t ifindex) const {
    const auto found = std::lower_bound(links.begin(), links.end(), ifindex,
                                        [](const LinkState& one, std::uint32_t index) { return one.ifindex < index; });
    return found != links.end() && found->ifindex == ifindex ? &*found : nullptr;
  }
};

/// Notes something that is left out, for who wants to know.
inline void leave_out(const View& view, const LinkState* link, std::string text) {
  if (view.at.left_out != nullptr)
    view.at.left_out->push_back({.interface = link != nullptr ? link->name : "", .text = std::move(text)});
}

/// Appends all objects of the kind that there are.
void see(const View& view, std::vector<Sysctl>& into);
void see(const View& view, std::vector<Link>& into);
void see(const View& view, std::vector<Qdisc>& into);
void see(const View& view, std::vector<Port>& into);
void see(const View& view, std::vector<Vlans>& into);
void see(const View& view, std::vector<Address>& into);
void see(const View& view, std::vector<Neighbour>& into);
void see(const View& view, std::vector<Route>& into);
void see(const View& view, std::vector<Rule>& into);

}  // namespace netrig::kernel
