// SPDX-License-Identifier: Apache-2.0
// The kinds of objects in the kernel: a step as netlink messages, and a namespace as it is. Each kind is one file,
// *_row.cpp, with the functions that rows.hpp declares; nothing else here knows what a kind is made of.
#pragma once
#include <bitset>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "kernel/batch.hpp"
#include "kernel/socket.hpp"
#include "model/step.hpp"

namespace netrig::kernel {

/// Ifindex of an interface name in the namespace; the caller has checked that it is there.
using IfindexOf = std::function<std::uint32_t(const std::string&)>;

/// Appends the netlink messages of one step; there may be none (a sysctl is a file, a link is made by its driver), and
/// several. A link's own index is Link::ifindex, of `before` or of the object, where either knows it.
/// What the kernel cannot change in place (changes_in_place) is to be removed and made instead.
void append(Batch& batch, const Step& step, const IfindexOf& ifindex_of);

/// Whether a refusal of one of its messages means that all is as the step wants it, as after one that was cut off.
bool already_so(const Step& step, int error);

/// Whether the kernel can make one into the other while it stays there. Both are of the same kind and place.
bool changes_in_place(const Sysctl& before, const Sysctl& after);
bool changes_in_place(const Link& before, const Link& after);
bool changes_in_place(const Address& before, const Address& after);
bool changes_in_place(const Neighbour& before, const Neighbour& after);
bool changes_in_place(const Route& before, const Route& after);
bool changes_in_place(const Rule& before, const Rule& after);

/// Some of the kinds, but for sysctls, which are asked for by name.
class Kinds {
 public:
  Kinds() = default;
  template <typename... Kind>
  static Kinds of() {
    Kinds kinds;
    (kinds.add<Kind>(), ...);
    return kinds;
  }
  static Kinds all() { return of<Link, Address, Neighbour, Route, Rule>(); }
  template <typename Kind>
  Kinds& add() {
    bits_.set(Object(Kind{}).index());
    return *this;
  }
  template <typename Kind>
  [[nodiscard]] bool has() const {
    return bits_.test(Object(Kind{}).index());
  }

 private:
  std::bitset<std::variant_size_v<Object>> bits_;
};

/// What of a namespace is looked at.
struct LookAt {
  Kinds kinds = {};
  std::vector<std::string> sysctls = {};  ///< keys; the calling thread is in the socket's namespace then
  /// Protocol numbers of what counts beside netrig's own and what is made by hand (RTPROT_UNSPEC, RTPROT_BOOT,
  /// RTPROT_STATIC). Whatever else is there a routing daemon has made, which will see to it by itself.
  std::vector<std::uint32_t> protocols = {};
  bool learned_neighbours = false;  ///< also those that come and go by themselves
};

/// What is in the socket's namespace, with every setting that the kernel tells, as far as somebody has configured it:
/// without what the kernel makes itself (connected and local routes, link-local addresses, what a router advertises,
/// the first rules) and without what daemons make. Of lo only the state is told. One dump a kind.
/// Sysctls that there are not, or that cannot be read, are not in the result. Throws Error.
SpaceState look(Socket& socket, const LookAt& at);

/// Whether a link is one of those that a module makes in every namespace once it is loaded: tunl0, sit0, gre0...
bool is_fallback(const Link& link);

}  // namespace netrig::kernel
