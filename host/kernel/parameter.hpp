// SPDX-License-Identifier: Apache-2.0
// Parameters that a driver's table declares, as netlink attributes and back. Pure: bytes in, bytes out.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "model/parameter.hpp"

namespace netrig::kernel {

/// Number of an interface that a parameter refers to.
using IfindexOfReference = std::function<std::uint32_t(const InterfaceReference&)>;

/// The attributes of these parameters that go to one place: KernelPlace::kData, kLink or kPeer. Several that share an
/// attribute become one; those without a value are left out. IFLA_LINK is not among them: it is the order's
/// (driver::LinkOrder::lower).
std::vector<std::byte> encode(const std::vector<LinkParameter>& parameters, std::uint16_t place,
                              const IfindexOfReference& ifindex_of = {});

/// What a link's attributes, as RTM_GETLINK tells them, say of each parameter of its driver that is seen. What they do
/// not tell has the value of what is unset, if it has one, and none otherwise (LinkParameter::is_told).
std::vector<LinkParameter> decode(const std::shared_ptr<const DriverDescription>& about,
                                  std::span<const std::byte> attributes);

}  // namespace netrig::kernel
