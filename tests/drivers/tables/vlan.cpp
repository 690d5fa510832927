// SPDX-License-Identifier: Apache-2.0
// vlan: the frames of one tag on another interface, IEEE 802.1Q (net/8021q/vlan_netlink.c).
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_vlan.h>
#include <netrig/driver.hpp>

/// One bit of struct ifla_vlan_flags, which says with each value which bits it is about. Where no flag is set, the
/// kernel leaves the attribute out: so that stands for false.
constexpr netrig::Parameter flag(const char* name, const char* help, std::uint32_t bit) {
  return netrig::boolean(name, help).unset("false").as_masked32(IFLA_VLAN_FLAGS, bit);
}

struct Vlan {
  static constexpr auto about = netrig::About("vlan", "1.0.0", "one VLAN of another interface").makes("vlan");

  static constexpr netrig::Parameter parameters[] = {
      netrig::interface("parent", "interface that has the tagged frames, in any namespace of the lab (IFLA_LINK)")
          .required()
          .create_only()
          .as_ifindex(IFLA_LINK)
          .of_link(),
      netrig::integer("id", "VLAN (IFLA_VLAN_ID)").required().range(0, 4094).create_only().as_u16(IFLA_VLAN_ID),
      netrig::choice("protocol", "EtherType of the tag (IFLA_VLAN_PROTOCOL)",
                     {{"802.1q", ETH_P_8021Q}, {"802.1ad", ETH_P_8021AD}})
          .by_default("802.1q")
          .create_only()
          .as_be16(IFLA_VLAN_PROTOCOL),
      // By itself the kernel has this one set, so the lab says it always.
      flag("reorder", "programs see frames without the tag (VLAN_FLAG_REORDER_HDR)", VLAN_FLAG_REORDER_HDR)
          .by_default("true"),
      flag("gvrp", "announce it by GVRP (VLAN_FLAG_GVRP)", VLAN_FLAG_GVRP),
      flag("mvrp", "announce it by MVRP (VLAN_FLAG_MVRP)", VLAN_FLAG_MVRP),
      flag("loose", "stay as it is when the parent goes down (VLAN_FLAG_LOOSE_BINDING)", VLAN_FLAG_LOOSE_BINDING),
  };
};

NETRIG_DRIVER(Vlan)
