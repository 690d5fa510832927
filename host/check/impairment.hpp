// SPDX-License-Identifier: Apache-2.0
// What interfaces of a lab that is up do to what they send, changed beside its file.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "check/job.hpp"

namespace netrig::check {

/// An interface, and what is at its root.
struct SendingLink {
  std::size_t space = 0;
  std::uint32_t ifindex = 0;
  std::uint32_t mtu = 0;
  std::string interface;
  std::string name;  ///< "h1:eth0"
  std::optional<Qdisc> root = {};
};
/// Calls `each` for every interface that matches; the calling thread is in its namespace. Throws Error{not_found} if
/// none does.
void for_each_sending(const Ground& ground, const InterfacePattern& pattern,
                      const std::function<void(const SendingLink&)>& each);

/// What the lab's file says of an interface.
std::optional<Qdisc> said_of(const Lab& lab, std::size_t space, const std::string& interface);

/// What is to be at the root from now on; nothing: what links have by themselves. The calling thread is in the link's
/// namespace. Throws Error.
void impair(const SendingLink& link, std::optional<Qdisc> then);

}  // namespace netrig::check
