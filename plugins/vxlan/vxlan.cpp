// SPDX-License-Identifier: Apache-2.0
// vxlan: an Ethernet segment over UDP, RFC 7348 (drivers/net/vxlan/vxlan_core.c).
#include <linux/if_link.h>
#include <netrig/driver.hpp>

namespace {

using netrig::boolean;
using netrig::integer;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMost32 = 0xffffffff;

struct Vxlan {
  static constexpr auto about = netrig::About("vxlan", "1.0.0", "Ethernet segment over UDP, RFC 7348").makes("vxlan");

  // What vxlan_nl2conf takes of a link that is there already is not create_only().
  static constexpr netrig::Parameter parameters[] = {
      integer("id", "network identifier (IFLA_VXLAN_ID)")
          .required()
          .range(0, 0xffffff)
          .create_only()
          .as_u32(IFLA_VXLAN_ID),
      netrig::interface("parent", "interface that it goes out by (IFLA_VXLAN_LINK)")
          .create_only()
          .as_ifindex(IFLA_VXLAN_LINK),
      netrig::address("remote", "where unknown destinations are sent: another end, or a group (IFLA_VXLAN_GROUP)")
          .unset("0.0.0.0")
          .as_ip(IFLA_VXLAN_GROUP, IFLA_VXLAN_GROUP6),
      netrig::address("local", "source of what is sent (IFLA_VXLAN_LOCAL)")
          .unset("0.0.0.0")
          .as_ip(IFLA_VXLAN_LOCAL, IFLA_VXLAN_LOCAL6),
      integer("port", "UDP port (IFLA_VXLAN_PORT)")
          .range(1, 65535)
          .by_default("4789")
          .create_only()
          .as_be16(IFLA_VXLAN_PORT),
      integer("ttl", "time to live, 0: the route's (IFLA_VXLAN_TTL)").range(0, 255).unset("0").as_u8(IFLA_VXLAN_TTL),
      integer("tos", "type of service, 1: as inside (IFLA_VXLAN_TOS)").range(0, 255).unset("0").as_u8(IFLA_VXLAN_TOS),
      netrig::duration("ageing_time", "age at which a learned MAC expires (IFLA_VXLAN_AGEING)")
          .range(kSecond, kMost32* kSecond / 1000)  // vxlan_newlink takes 0 for the default
          .unset("300s")
          .per(kSecond)
          .as_u32(IFLA_VXLAN_AGEING),
      boolean("learning", "learn where senders are (IFLA_VXLAN_LEARNING)").unset("true").as_u8(IFLA_VXLAN_LEARNING),
      integer("limit", "most entries that are learned, 0: any (IFLA_VXLAN_LIMIT)")
          .range(0, kMost32)
          .create_only()
          .as_u32(IFLA_VXLAN_LIMIT),
      boolean("proxy", "answer ARP and ND for what is known (IFLA_VXLAN_PROXY)").create_only().as_u8(IFLA_VXLAN_PROXY),
      boolean("l2miss", "tell of MACs that are not known (IFLA_VXLAN_L2MISS)").create_only().as_u8(IFLA_VXLAN_L2MISS),
      boolean("l3miss", "tell of addresses that are not known (IFLA_VXLAN_L3MISS)")
          .create_only()
          .as_u8(IFLA_VXLAN_L3MISS),
      boolean("udp_csum", "UDP checksums over IPv4 (IFLA_VXLAN_UDP_CSUM)").create_only().as_u8(IFLA_VXLAN_UDP_CSUM),
      boolean("gbp", "group policy extension (IFLA_VXLAN_GBP)").create_only().as_flag(IFLA_VXLAN_GBP),
  };
};

}  // namespace

NETRIG_DRIVER(Vxlan)
