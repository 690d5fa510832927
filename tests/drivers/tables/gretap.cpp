// SPDX-License-Identifier: Apache-2.0
// gretap: Ethernet over GRE over IPv4, RFC 2784 and 2890 (net/ipv4/ip_gre.c).
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <netrig/driver.hpp>

namespace {

// In host byte order, as a be16 is given; those of linux/if_tunnel.h are big-endian.
constexpr std::uint16_t kChecksum = 0x8000;
constexpr std::uint16_t kKey = 0x2000;
constexpr std::uint16_t kSequence = 0x1000;

/// A number, and a bit of the flags that says that there is one.
constexpr netrig::Parameter key(const char* name, const char* help, std::uint16_t number, std::uint16_t flags) {
  return netrig::integer(name, help).range(0, 0xffffffff).as_be32(number).along_be16(flags, kKey).create_only();
}
/// Another bit of the same flags. The host puts together what goes into one attribute.
constexpr netrig::Parameter flag(const char* name, const char* help, std::uint16_t flags, std::uint16_t bit) {
  return netrig::boolean(name, help).unset("false").as_be16(flags).bits(bit).create_only();
}

struct Gretap {
  static constexpr auto about = netrig::About("gretap", "1.0.0", "Ethernet over GRE over IPv4").makes("gretap");

  // Its changelink takes what is not in the message for unset, so that all is create-only. One without an other end is
  // the kernel's own gretap0, and there is no second.
  static constexpr netrig::Parameter parameters[] = {
      netrig::interface("parent", "interface that it goes out by (IFLA_GRE_LINK)")
          .create_only()
          .as_ifindex(IFLA_GRE_LINK),
      netrig::address("local", "source of what is sent (IFLA_GRE_LOCAL)").create_only().as_in4(IFLA_GRE_LOCAL),
      netrig::address("remote", "the other end (IFLA_GRE_REMOTE)").required().create_only().as_in4(IFLA_GRE_REMOTE),
      netrig::integer("ttl", "time to live, 0: as inside (IFLA_GRE_TTL)")
          .range(0, 255)
          .unset("0")
          .create_only()
          .as_u8(IFLA_GRE_TTL),
      netrig::integer("tos", "type of service, 1: as inside (IFLA_GRE_TOS)")
          .range(0, 255)
          .unset("0")
          .create_only()
          .as_u8(IFLA_GRE_TOS),
      netrig::boolean("pmtudisc", "packets are not to be cut on their way (IFLA_GRE_PMTUDISC)")
          .unset("true")
          .create_only()
          .as_u8(IFLA_GRE_PMTUDISC),
      key("key_in", "key of what is received (IFLA_GRE_IKEY)", IFLA_GRE_IKEY, IFLA_GRE_IFLAGS),
      key("key_out", "key of what is sent (IFLA_GRE_OKEY)", IFLA_GRE_OKEY, IFLA_GRE_OFLAGS),
      flag("checksum_in", "take only packets with a checksum (IFLA_GRE_IFLAGS)", IFLA_GRE_IFLAGS, kChecksum),
      flag("checksum_out", "send checksums (IFLA_GRE_OFLAGS)", IFLA_GRE_OFLAGS, kChecksum),
      flag("sequence_out", "number what is sent (IFLA_GRE_OFLAGS)", IFLA_GRE_OFLAGS, kSequence),
  };
};

}  // namespace

NETRIG_DRIVER(Gretap)
