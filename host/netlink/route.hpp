// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>

#include "model/lab.hpp"
#include "netlink/batch.hpp"

namespace netrig::netlink {

/// Ifindex of an interface name in the namespace; the caller has checked that it is there.
using IfindexOf = std::function<std::uint32_t(const InterfaceName&)>;

void add_route(Batch& batch, const Route& route, const IfindexOf& ifindex_of);
void delete_route(Batch& batch, const Route& route, const IfindexOf& ifindex_of);

}  // namespace netrig::netlink
