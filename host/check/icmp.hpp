// SPDX-License-Identifier: Apache-2.0
// ICMP echo and the errors it meets (RFC 792, RFC 4443), as bytes and as words.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/address.hpp"

namespace netrig::check {

/// Identifies a request in its answer.
struct EchoId {
  std::uint16_t ident = 0;
  std::uint16_t sequence = 0;
};

/// Header and payload of an echo request. The kernel fills in the ICMPv6 checksum.
void build_echo(Family family, EchoId id, std::span<const std::byte> payload, std::vector<std::byte>& packet);

/// What a raw ICMP socket received: a reply, or an error about a request.
struct IcmpMessage {
  bool reply = false;
  EchoId id = {};
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint32_t mtu = 0;                    ///< of "fragmentation needed" and "packet too big"; 0: not told
  std::span<const std::byte> payload = {};  ///< of a reply
};
/// `packet` as recvmsg(2) gives it: with the IP header for IPv4, without for IPv6. Nothing if it is about something
/// else.
std::optional<IcmpMessage> parse_icmp(Family family, std::span<const std::byte> packet);

/// "network unreachable", "time exceeded", "administratively prohibited"...
std::string icmp_error_text(Family family, std::uint8_t type, std::uint8_t code);
bool is_time_exceeded(Family family, std::uint8_t type);
bool is_too_big(Family family, std::uint8_t type, std::uint8_t code);

/// Bytes of IP and ICMP header before the payload.
constexpr std::uint32_t echo_overhead(Family family) { return family == Family::ipv4 ? 28 : 48; }

}  // namespace netrig::check
