// SPDX-License-Identifier: Apache-2.0
// macvlan: an interface with a MAC of its own on top of another (drivers/net/macvlan.c).
#include <linux/if_link.h>
#include <netrig/driver.hpp>

namespace {

// Newer than the oldest kernel headers that this builds with (Linux 6.4).
constexpr std::uint16_t kBroadcastCutoff = 9;

struct Macvlan {
  static constexpr auto about =
      netrig::About("macvlan", "1.0.0", "interface with its own MAC address on top of another interface")
          .makes("macvlan");

  static constexpr netrig::Parameter parameters[] = {
      netrig::interface("parent", "interface it sits on, in any namespace of the lab (IFLA_LINK)")
          .required()
          .create_only()
          .as_ifindex(IFLA_LINK)
          .of_link(),
      netrig::choice("mode", "who may talk to whom on one parent (IFLA_MACVLAN_MODE)",
                     {{"private", MACVLAN_MODE_PRIVATE},
                      {"vepa", MACVLAN_MODE_VEPA},
                      {"bridge", MACVLAN_MODE_BRIDGE},
                      {"passthru", MACVLAN_MODE_PASSTHRU, true},
                      {"source", MACVLAN_MODE_SOURCE}})
          .by_default("bridge")
          .as_u32(IFLA_MACVLAN_MODE),
      netrig::mac("macs", "senders that are let in (IFLA_MACVLAN_MACADDR_DATA)")
          .list()
          .with("mode=source")
          .as_mac(IFLA_MACVLAN_MACADDR_DATA)
          .of_elements(IFLA_MACVLAN_MACADDR)
          .along_u32(IFLA_MACVLAN_MACADDR_MODE, MACVLAN_MACADDR_SET),
      netrig::boolean("nopromisc", "leave the parent out of promiscuous mode (IFLA_MACVLAN_FLAGS)")
          .unset("false")
          .with("mode=passthru")
          .as_u16(IFLA_MACVLAN_FLAGS)
          .bits(MACVLAN_FLAG_NOPROMISC),
      netrig::integer("bc_queue_len", "broadcast packets queued (IFLA_MACVLAN_BC_QUEUE_LEN)")
          .range(0, 0x7fffffff)
          .unset("1000")
          .as_u32(IFLA_MACVLAN_BC_QUEUE_LEN),
      netrig::integer("bc_cutoff",
                      "receivers of a multicast up to which it is not queued (IFLA_MACVLAN_BC_CUTOFF, Linux 6.4)")
          .range(0, 0x7fffffff)
          .unset("1")
          .probed()
          .as_s32(kBroadcastCutoff),
  };
};

}  // namespace

NETRIG_DRIVER(Macvlan)
