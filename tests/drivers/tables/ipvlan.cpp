// SPDX-License-Identifier: Apache-2.0
// ipvlan: an interface with another's MAC and its own addresses (drivers/net/ipvlan/ipvlan_main.c).
#include <linux/if_link.h>
#include <netrig/driver.hpp>

struct Ipvlan {
  static constexpr auto about =
      netrig::About("ipvlan", "1.0.0", "interface with the MAC of another and addresses of its own").makes("ipvlan");

  static constexpr netrig::Parameter parameters[] = {
      netrig::interface("parent", "interface that it sits on, in any namespace of the lab (IFLA_LINK)")
          .required()
          .create_only()
          .as_ifindex(IFLA_LINK)
          .of_link(),
      netrig::choice("mode", "layer by which packets find it, of all on one parent (IFLA_IPVLAN_MODE)",
                     {{"l2", IPVLAN_MODE_L2}, {"l3", IPVLAN_MODE_L3}, {"l3s", IPVLAN_MODE_L3S}})
          .by_default("l3")
          .needs("CONFIG_IPVLAN_L3S")
          .as_u16(IFLA_IPVLAN_MODE),
      // Two bits that exclude each other are one choice.
      netrig::choice("isolation", "who may talk to whom on one parent (IFLA_IPVLAN_FLAGS)",
                     {{"bridge", 0}, {"private", IPVLAN_F_PRIVATE}, {"vepa", IPVLAN_F_VEPA}})
          .unset("bridge")
          .as_u16(IFLA_IPVLAN_FLAGS),
  };
};

NETRIG_DRIVER(Ipvlan)
