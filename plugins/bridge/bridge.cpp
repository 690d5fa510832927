// SPDX-License-Identifier: Apache-2.0
// bridge: a learning Ethernet switch (net/bridge/br_netlink.c).
#include <linux/if_link.h>
#include <netrig/driver.hpp>

namespace {

using netrig::integer;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr const char* kVlanOption = "CONFIG_BRIDGE_VLAN_FILTERING";
// A kernel without it takes these without a word.
constexpr const char* kNetfilterOption = "CONFIG_BRIDGE_NETFILTER";
constexpr std::uint64_t kVlan = 0x8100;         // EtherTypes of IEEE 802.1Q, table 9-1
constexpr std::uint64_t kServiceVlan = 0x88a8;  // likewise

constexpr netrig::Parameter boolean(const char* name, const char* help) {
  return netrig::boolean(name, help).unset("false");
}
/// The kernel takes times in clock_t (USER_HZ is 100 everywhere), and keeps them in jiffies.
constexpr netrig::Parameter time(const char* name, const char* help, std::int64_t least, std::int64_t most) {
  return netrig::duration(name, help).range(least * kSecond, most * kSecond).per(kSecond / 100).within(1);
}

struct Bridge {
  static constexpr auto about =
      netrig::About("bridge", "1.0.0", "learning Ethernet switch; other devices join it as ports (master)")
          .makes("bridge")
          .ports(1023);

  static constexpr netrig::Parameter parameters[] = {
      boolean("stp", "spanning tree, IEEE 802.1D (IFLA_BR_STP_STATE)").by_default("false").as_u32(IFLA_BR_STP_STATE),
      integer("priority", "bridge priority for spanning tree (IFLA_BR_PRIORITY)")
          .range(0, 65535)
          .unset("32768")
          .as_u16(IFLA_BR_PRIORITY),
      time("forward_delay", "listening and learning time (IFLA_BR_FORWARD_DELAY)", 2, 30)
          .unset("15s")
          .checked()
          .as_u32(IFLA_BR_FORWARD_DELAY),
      time("hello_time", "interval of hello packets (IFLA_BR_HELLO_TIME)", 1, 10)
          .unset("2s")
          .checked()
          .as_u32(IFLA_BR_HELLO_TIME),
      time("max_age", "age at which spanning tree information expires (IFLA_BR_MAX_AGE)", 6, 40)
          .unset("20s")
          .checked()
          .as_u32(IFLA_BR_MAX_AGE),
      time("ageing_time", "age at which a learned MAC expires, 0s: at once (IFLA_BR_AGEING_TIME)", 0, 1'000'000)
          .unset("300s")
          .as_u32(IFLA_BR_AGEING_TIME),
      boolean("vlan_filtering", "forward by VLAN (IFLA_BR_VLAN_FILTERING)")
          .needs(kVlanOption)
          .as_u8(IFLA_BR_VLAN_FILTERING),
      integer("vlan_default_pvid", "VLAN of untagged packets, 0: none (IFLA_BR_VLAN_DEFAULT_PVID)")
          .range(0, 4094)
          .unset("1")
          .needs(kVlanOption)
          .as_u16(IFLA_BR_VLAN_DEFAULT_PVID),
      netrig::choice("vlan_protocol", "tag protocol that is filtered (IFLA_BR_VLAN_PROTOCOL)",
                     {{"802.1q", kVlan}, {"802.1ad", kServiceVlan}})
          .unset("802.1q")
          .needs(kVlanOption)
          .as_be16(IFLA_BR_VLAN_PROTOCOL),
      boolean("vlan_stats", "count packets by VLAN (IFLA_BR_VLAN_STATS_ENABLED)")
          .needs(kVlanOption)
          .as_u8(IFLA_BR_VLAN_STATS_ENABLED),
      netrig::boolean("multicast_snooping", "forward multicast by IGMP and MLD (IFLA_BR_MCAST_SNOOPING)")
          .unset("true")
          .as_u8(IFLA_BR_MCAST_SNOOPING),
      boolean("multicast_querier", "send IGMP and MLD queries (IFLA_BR_MCAST_QUERIER)").as_u8(IFLA_BR_MCAST_QUERIER),
      integer("multicast_router", "0 never, 1 when a query is heard, 2 always (IFLA_BR_MCAST_ROUTER)")
          .range(0, 2)
          .unset("1")
          .as_u8(IFLA_BR_MCAST_ROUTER),
      integer("multicast_igmp_version", "IGMP version (IFLA_BR_MCAST_IGMP_VERSION)")
          .range(2, 3)
          .unset("2")
          .as_u8(IFLA_BR_MCAST_IGMP_VERSION),
      integer("multicast_mld_version", "MLD version (IFLA_BR_MCAST_MLD_VERSION)")
          .range(1, 2)
          .unset("1")
          .as_u8(IFLA_BR_MCAST_MLD_VERSION),
      integer("group_fwd_mask", "link-local groups 01:80:c2:00:00:0X to forward, bit X (IFLA_BR_GROUP_FWD_MASK)")
          .range(0, 65535)
          .unset("0")
          .checked()
          .as_u16(IFLA_BR_GROUP_FWD_MASK),
      netrig::mac("group_address", "group address of spanning tree (IFLA_BR_GROUP_ADDR)")
          .unset("01:80:c2:00:00:00")
          .checked()
          .as_mac(IFLA_BR_GROUP_ADDR),
      boolean("nf_call_iptables", "give IPv4 packets to netfilter (IFLA_BR_NF_CALL_IPTABLES)")
          .needs(kNetfilterOption)
          .probed()
          .as_u8(IFLA_BR_NF_CALL_IPTABLES),
      boolean("nf_call_ip6tables", "give IPv6 packets to netfilter (IFLA_BR_NF_CALL_IP6TABLES)")
          .needs(kNetfilterOption)
          .probed()
          .as_u8(IFLA_BR_NF_CALL_IP6TABLES),
      boolean("nf_call_arptables", "give ARP packets to netfilter (IFLA_BR_NF_CALL_ARPTABLES)")
          .needs(kNetfilterOption)
          .probed()
          .as_u8(IFLA_BR_NF_CALL_ARPTABLES),
  };

  static void validate(netrig::Creation& device) {
    // IEEE 802.1D-1998, 8.10.2: otherwise information expires before, or forwarding begins while, it still spreads.
    const std::int64_t forward = device.get_integer("forward_delay").value_or(15 * kSecond);
    const std::int64_t hello = device.get_integer("hello_time").value_or(2 * kSecond);
    const std::int64_t age = device.get_integer("max_age").value_or(20 * kSecond);
    if (2 * (forward - kSecond) < age)
      throw netrig::Failure(NETRIG_INVALID,
                            "2 * (forward_delay - 1s) is less than max_age; raise forward_delay or lower max_age");
    if (age < 2 * (hello + kSecond))
      throw netrig::Failure(NETRIG_INVALID,
                            "max_age is less than 2 * (hello_time + 1s); raise max_age or lower hello_time");
    if (device.get_integer("group_fwd_mask").value_or(0) & 0x7)
      throw netrig::Failure(NETRIG_INVALID,
                            "group_fwd_mask has bit 0, 1 or 2 set; the kernel never forwards those groups");
    if (const auto mac = device.get_mac("group_address"))
      if (!is_link_local_group(*mac))
        throw netrig::Failure(NETRIG_INVALID, "group_address is not one of 01:80:c2:00:00:00, :04 to :0f");
  }

 private:
  /// As the kernel checks it: the STP range without the pause, slow-protocol and 802.1X addresses.
  static bool is_link_local_group(const netrig::Mac& mac) {
    const bool block = mac[0] == 0x01 && mac[1] == 0x80 && mac[2] == 0xc2 && mac[3] == 0 && mac[4] == 0 && mac[5] < 16;
    return block && (mac[5] == 0 || mac[5] > 3);
  }
};

}  // namespace

NETRIG_DRIVER_WITH_FUNCTIONS(Bridge)
