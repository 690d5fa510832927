// SPDX-License-Identifier: Apache-2.0
// A table without functions whose link is made in another namespace: a VXLAN whose underlay is there.
#include <linux/if_link.h>
#include <netrig/driver.hpp>

struct Far {
  static constexpr auto about = netrig::About(NAME, "1.0.0", "VXLAN whose underlay is elsewhere").makes("vxlan");
  static constexpr netrig::Parameter parameters[] = {
      netrig::integer("id", "network identifier (IFLA_VXLAN_ID)")
          .required()
          .range(0, 0xffffff)
          .create_only()
          .as_u32(IFLA_VXLAN_ID),
      netrig::address("remote", "the other end (IFLA_VXLAN_GROUP)")
          .unset("0.0.0.0")
          .as_ip(IFLA_VXLAN_GROUP, IFLA_VXLAN_GROUP6),
      netrig::name_space("underlay", "namespace that it sends in").as_birthplace(),
  };
};

NETRIG_DRIVER(Far)
