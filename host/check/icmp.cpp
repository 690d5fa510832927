// SPDX-License-Identifier: Apache-2.0
#include "check/icmp.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>

#include <cstring>

namespace netrig::check {
namespace {

constexpr std::size_t kHeader = 8;  // of echo, in both families

std::uint8_t byte_at(std::span<const std::byte> bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

std::uint16_t word_at(std::span<const std::byte> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

std::uint16_t checksum(std::span<const std::byte> bytes) {  // RFC 1071
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) sum += word_at(bytes, i);
  if (bytes.size() % 2 != 0) sum += static_cast<std::uint32_t>(byte_at(bytes, bytes.size() - 1)) << 8;
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

/// Bytes of the IPv4 header, or nothing if it is cut short.
std::optional<std::size_t> ipv4_header(std::span<const std::byte> packet) {
  if (packet.size() < 20) return std::nullopt;
  const std::size_t size = (byte_at(packet, 0) & 0x0fU) * 4U;
  if (size < 20 || packet.size() < size) return std::nullopt;
  return size;
}

/// The echo request that an error quotes.
std::optional<EchoId> quoted(Family family, std::span<const std::byte> packet) {
  std::size_t at = 0;
  if (family == Family::ipv4) {
    const auto header = ipv4_header(packet);
    if (!header || byte_at(packet, 9) != IPPROTO_ICMP) return std::nullopt;
    at = *header;
  } else {
    if (packet.size() < 40) return std::nullopt;
    std::uint8_t next = byte_at(packet, 6);
    at = 40;
    if (next == IPPROTO_FRAGMENT && packet.size() >= at + 8) {
      next = byte_at(packet, at);
      at += 8;
    }
    if (next != IPPROTO_ICMPV6) return std::nullopt;
  }
  const std::uint8_t request = family == Family::ipv4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
  if (packet.size() < at + kHeader || byte_at(packet, at) != request) return std::nullopt;
  return EchoId{.ident = word_at(packet, at + 4), .sequence = word_at(packet, at + 6)};
}

std::string ipv4_error(std::uint8_t type, std::uint8_t code) {
  if (type == ICMP_TIME_EXCEEDED) return code == 0 ? "time exceeded" : "fragment reassembly time exceeded";
  if (type == ICMP_PARAMETERPROB) return "parameter problem";
  if (type != ICMP_DEST_UNREACH) return fmt::format("ICMP type {} code {}", type, code);
  switch (code) {
    case ICMP_NET_UNREACH:
      return "network unreachable";
    case ICMP_HOST_UNREACH:
      return "host unreachable";
    case ICMP_PROT_UNREACH:
      return "protocol unreachable";
    case ICMP_PORT_UNREACH:
      return "port unreachable";
    case ICMP_FRAG_NEEDED:
      return "fragmentation needed";
    case ICMP_NET_ANO:
    case ICMP_HOST_ANO:
    case ICMP_PKT_FILTERED:
      return "administratively prohibited";
    default:
      return fmt::format("destination unreachable, code {}", code);
  }
}

std::string ipv6_error(std::uint8_t type, std::uint8_t code) {
  if (type == ICMP6_TIME_EXCEEDED) return code == 0 ? "hop limit exceeded" : "fragment reassembly time exceeded";
  if (type == ICMP6_PACKET_TOO_BIG) return "packet too big";
  if (type == ICMP6_PARAM_PROB) return "parameter problem";
  if (type != ICMP6_DST_UNREACH) return fmt::format("ICMPv6 type {} code {}", type, code);
  switch (code) {
    case ICMP6_DST_UNREACH_NOROUTE:
      return "no route";
    case ICMP6_DST_UNREACH_ADMIN:
    case 5:  // RFC 4443: source address failed ingress/egress policy
      return "administratively prohibited";
    case ICMP6_DST_UNREACH_ADDR:
      return "address unreachable";
    case ICMP6_DST_UNREACH_NOPORT:
      return "port unreachable";
    case 6:  // RFC 4443
      return "reject route";
    default:
      return fmt::format("destination unreachable, code {}", code);
  }
}

}  // namespace

void build_echo(Family family, EchoId id, std::span<const std::byte> payload, std::vector<std::byte>& packet) {
  packet.assign(kHeader + payload.size(), std::byte{0});
  const auto put = [&](std::size_t at, std::uint16_t word) {
    packet[at] = static_cast<std::byte>(word >> 8);
    packet[at + 1] = static_cast<std::byte>(word & 0xff);
  };
  packet[0] = static_cast<std::byte>(family == Family::ipv4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST);
  put(4, id.ident);
  put(6, id.sequence);
  if (!payload.empty()) std::memcpy(&packet[kHeader], payload.data(), payload.size());
  if (family == Family::ipv4) put(2, checksum(packet));
}

std::optional<IcmpMessage> parse_icmp(Family family, std::span<const std::byte> packet) {
  if (family == Family::ipv4) {
    const auto header = ipv4_header(packet);
    if (!header) return std::nullopt;
    packet = packet.subspan(*header);
  }
  if (packet.size() < kHeader) return std::nullopt;
  IcmpMessage message{.type = byte_at(packet, 0), .code = byte_at(packet, 1)};
  if (message.type == (family == Family::ipv4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY)) {
    message.reply = true;
    message.id = {.ident = word_at(packet, 4), .sequence = word_at(packet, 6)};
    message.payload = packet.subspan(kHeader);
    return message;
  }
  const auto id = quoted(family, packet.subspan(kHeader));
  if (!id) return std::nullopt;
  message.id = *id;
  if (is_too_big(family, message.type, message.code))
    message.mtu = family == Family::ipv4 ? word_at(packet, 6)
                                         : static_cast<std::uint32_t>(word_at(packet, 4)) << 16 | word_at(packet, 6);
  return message;
}

std::string icmp_error_text(Family family, std::uint8_t type, std::uint8_t code) {
  return family == Family::ipv4 ? ipv4_error(type, code) : ipv6_error(type, code);
}

bool is_time_exceeded(Family family, std::uint8_t type) {
  return type == (family == Family::ipv4 ? ICMP_TIME_EXCEEDED : ICMP6_TIME_EXCEEDED);
}

bool is_too_big(Family family, std::uint8_t type, std::uint8_t code) {
  return family == Family::ipv4 ? type == ICMP_DEST_UNREACH && code == ICMP_FRAG_NEEDED : type == ICMP6_PACKET_TOO_BIG;
}

}  // namespace netrig::check
