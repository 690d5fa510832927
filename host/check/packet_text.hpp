// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <span>
#include <string>

namespace netrig::check {

/// An Ethernet frame as one short line for people: "192.0.2.1 -> 192.0.2.2 ICMP echo request". Never reads beyond it.
std::string packet_text(std::span<const std::byte> frame);

}  // namespace netrig::check
