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
/// What the kernel cannot change in place is to be removed and made instead.
void append(Batch& batch, const Step& step, const IfindexOf& ifindex_of);

/// Whether a refusal of one of its messages means that all is as the step wants it, as after one that was cut off.
bool already_so(const Step& step, int error);

/// Some of the kinds; what is asked for by name is looked at whatever they are.
class Kinds {
 public:
  Kinds() = default;
  template <typename... Kind>
  static Kinds of() {
    Kinds kinds;
    (kinds.add<Kind>(), ...);
    return kinds;
  }
  static Kinds all() {
    Kinds kinds;
    ObjectKinds::each([&]<typename Kind>(std::type_identity<Kind>) { kinds.add<Kind>(); });
    return kinds;
  }
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

/// Something of a namespace that no object stands for, though somebody made it.
struct LeftOut {
  std::string interface = {};  ///< empty: of none
  std::string text = {};       ///< a clause: "address 192.0.2.7/24 comes of ..."
};

/// What of a namespace is looked at.
struct LookAt {
  Kinds kinds = {};
  Interest interest = {};  ///< with sysctls, the calling thread is in the socket's namespace
  /// Gets what is left out. Who asks is not told of a route or rule as if it were one without what it cannot say.
  std::vector<LeftOut>* left_out = nullptr;
};

/// What is in the socket's namespace, with every setting that the kernel tells, as far as somebody has configured it:
/// without what the kernel makes itself (connected and local routes, link-local addresses, what a router advertises,
/// the first rules). Of lo only the state is told. One dump a kind.
/// Sysctls that there are not, or that cannot be read, are not in the result. Throws Error.
SpaceState look(Socket& socket, const LookAt& at);

}  // namespace netrig::kernel
