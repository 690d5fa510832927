// SPDX-License-Identifier: Apache-2.0
// bond: several interfaces as one (drivers/net/bonding/bond_netlink.c).
#include <linux/if_bonding.h>
#include <linux/if_link.h>
#include <netrig/driver.hpp>

struct Bond {
  static constexpr auto about = netrig::About("bond", "1.0.0", "several interfaces as one").makes("bond").ports(65535);

  static constexpr netrig::Parameter parameters[] = {
      // The kernel takes another only without ports, and while it is down: it is made anew.
      netrig::choice("mode", "which of its ports sends what (IFLA_BOND_MODE)",
                     {{"balance-rr", BOND_MODE_ROUNDROBIN},
                      {"active-backup", BOND_MODE_ACTIVEBACKUP},
                      {"balance-xor", BOND_MODE_XOR},
                      {"broadcast", BOND_MODE_BROADCAST},
                      {"802.3ad", BOND_MODE_8023AD},
                      {"balance-tlb", BOND_MODE_TLB},
                      {"balance-alb", BOND_MODE_ALB}})
          .by_default("balance-rr")
          .create_only()
          .as_u8(IFLA_BOND_MODE),
      netrig::duration("miimon", "how often its ports' carriers are looked at (IFLA_BOND_MIIMON)")
          .range(1'000'000, 0x7fffffff * std::int64_t{1'000'000})
          .by_default("100ms")
          .per(1'000'000)
          .as_u32(IFLA_BOND_MIIMON),
      netrig::choice("lacp_rate", "how often LACP is asked for (IFLA_BOND_AD_LACP_RATE)", {{"slow", 0}, {"fast", 1}})
          .with("mode=802.3ad")
          .create_only()
          .as_u8(IFLA_BOND_AD_LACP_RATE),
      netrig::integer("min_links", "ports with a carrier that it needs for its own (IFLA_BOND_MIN_LINKS)")
          .range(0, 0x7fffffff)
          .unset("0")
          .as_u32(IFLA_BOND_MIN_LINKS),
      netrig::integer("resend_igmp", "IGMP reports after another port has taken over (IFLA_BOND_RESEND_IGMP)")
          .range(0, 255)
          .unset("1")
          .as_u32(IFLA_BOND_RESEND_IGMP),
      netrig::choice("primary_reselect", "when the primary takes over again (IFLA_BOND_PRIMARY_RESELECT)",
                     {{"always", 0}, {"better", 1}, {"failure", 2}})
          .with("mode=active-backup")
          .unset("always")
          .as_u8(IFLA_BOND_PRIMARY_RESELECT),
      netrig::boolean("all_ports_active", "take frames at ports that do not send (IFLA_BOND_ALL_SLAVES_ACTIVE)")
          .unset("false")
          .as_u8(IFLA_BOND_ALL_SLAVES_ACTIVE),
  };
};

NETRIG_DRIVER(Bond)
