// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace netrig::capture {

/// A packet as one short line for people: "192.0.2.1 -> 192.0.2.2 ICMP echo request". Never reads beyond it.
/// `link_type`: as Interface has it.
std::string packet_text(std::span<const std::byte> bytes, std::uint16_t link_type);

}  // namespace netrig::capture
