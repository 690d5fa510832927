// SPDX-License-Identifier: Apache-2.0
// vrf: interfaces with a routing table of their own (drivers/net/vrf.c).
#include <linux/if_link.h>
#include <netrig/driver.hpp>

struct Vrf {
  static constexpr auto about =
      netrig::About("vrf", "1.0.0", "routing table of its own for the interfaces that join it")
          .makes("vrf")
          .ports(65535);  // as many as there are

  static constexpr netrig::Parameter parameters[] = {
      netrig::integer("table", "number of its routing table (IFLA_VRF_TABLE)")
          .required()
          .range(1, 0xffffffff)
          .create_only()
          .as_u32(IFLA_VRF_TABLE),
  };
};

NETRIG_DRIVER(Vrf)
