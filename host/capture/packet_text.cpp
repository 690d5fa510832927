// SPDX-License-Identifier: Apache-2.0
#include "capture/packet_text.hpp"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>

#include "capture/packet.hpp"
#include "model/address.hpp"

namespace netrig::capture {
namespace {

/// Bytes that end where they end: what is beyond reads as zero.
class Bytes {
 public:
  explicit Bytes(std::span<const std::byte> bytes) : bytes_(bytes) {}
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] unsigned byte(std::size_t at) const {
    return at < bytes_.size() ? static_cast<unsigned>(bytes_[at]) : 0;
  }
  [[nodiscard]] unsigned word(std::size_t at) const { return byte(at) << 8 | byte(at + 1); }
  [[nodiscard]] Bytes from(std::size_t at) const { return Bytes(bytes_.subspan(std::min(at, bytes_.size()))); }
  [[nodiscard]] std::string address(std::size_t at, Family family) const {
    IpAddress address{.family = family};
    for (std::size_t i = 0; i < address.size(); ++i) address.bytes.at(i) = static_cast<std::uint8_t>(byte(at + i));
    return address.str();
  }

 private:
  std::span<const std::byte> bytes_;
};

std::string tcp_flags(unsigned flags) {
  std::string text;
  for (const auto& [bit, letter] : {std::pair{0x02U, 'S'}, {0x01U, 'F'}, {0x04U, 'R'}, {0x08U, 'P'}, {0x10U, '.'}})
    if ((flags & bit) != 0) text += letter;
  return text;
}

std::string icmp_text(const Bytes& at, bool v6) {
  const unsigned type = at.byte(0);
  const char* name = v6 ? "ICMPv6" : "ICMP";
  if (type == (v6 ? 128U : 8U)) return fmt::format("{} echo request, sequence {}", name, at.word(6));
  if (type == (v6 ? 129U : 0U)) return fmt::format("{} echo reply, sequence {}", name, at.word(6));
  if (v6 && type == 135) return "ICMPv6 neighbour solicitation for " + at.address(8, Family::ipv6);
  if (v6 && type == 136) return "ICMPv6 neighbour advertisement of " + at.address(8, Family::ipv6);
  return fmt::format("{} type {} code {}", name, type, at.byte(1));
}

std::string transport_text(const Bytes& at, unsigned protocol) {
  switch (protocol) {
    case IPPROTO_TCP:
      return fmt::format("TCP {} -> {} [{}]", at.word(0), at.word(2), tcp_flags(at.byte(13)));
    case IPPROTO_UDP:
      return fmt::format("UDP {} -> {}, {} bytes", at.word(0), at.word(2), at.word(4) >= 8 ? at.word(4) - 8 : 0);
    case IPPROTO_ICMP:
      return icmp_text(at, false);
    case IPPROTO_ICMPV6:
      return icmp_text(at, true);
    default:
      return fmt::format("IP protocol {}", protocol);
  }
}

std::string ipv4_text(const Bytes& at) {
  const unsigned fragment = at.word(6) & 0x1fffU;
  return fmt::format("{} -> {} {}", at.address(12, Family::ipv4), at.address(16, Family::ipv4),
                     fragment != 0 ? fmt::format("fragment at {}", fragment * 8)
                                   : transport_text(at.from((at.byte(0) & 0xfU) * 4UL), at.byte(9)));
}

std::string ipv6_text(const Bytes& at) {
  unsigned next = at.byte(6);
  std::size_t header = 40;
  if (next == IPPROTO_HOPOPTS) {  // as in multicast listener reports
    next = at.byte(header);
    header += 8 + at.byte(41) * 8UL;
  }
  return fmt::format("{} -> {} {}", at.address(8, Family::ipv6), at.address(24, Family::ipv6),
                     transport_text(at.from(header), next));
}

std::string arp_text(const Bytes& at) {
  return at.word(6) == 1
             ? fmt::format("ARP who has {}, tell {}", at.address(24, Family::ipv4), at.address(14, Family::ipv4))
             : fmt::format("ARP {} is at its sender", at.address(14, Family::ipv4));
}

/// `type`: an EtherType.
std::string body_text(unsigned type, const Bytes& at) {
  switch (type) {
    case 0x0800:
      return ipv4_text(at);
    case 0x86dd:
      return ipv6_text(at);
    case 0x0806:
      return arp_text(at);
    default:
      return fmt::format("Ethernet type {:#06x}, {} bytes", type, at.size());
  }
}

std::string ethernet_text(const Bytes& bytes) {
  std::size_t at = 12;
  if (bytes.word(at) == 0x8100 || bytes.word(at) == 0x88a8) at += 4;  // a VLAN tag
  return body_text(bytes.word(at), bytes.from(at + 2));
}

}  // namespace

std::string packet_text(std::span<const std::byte> packet, std::uint16_t link_type) {
  const Bytes bytes(packet);
  switch (link_type) {
    case kEthernet:
      return ethernet_text(bytes);
    case kRaw:
      return bytes.byte(0) >> 4U == 6 ? ipv6_text(bytes) : ipv4_text(bytes);
    case kCooked:  // its header ends with the EtherType
      return body_text(bytes.word(14), bytes.from(16));
    default:
      return fmt::format("link type {}, {} bytes", link_type, bytes.size());
  }
}

}  // namespace netrig::capture
