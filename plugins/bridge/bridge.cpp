// SPDX-License-Identifier: Apache-2.0
// bridge: a learning Ethernet switch (net/bridge/br_netlink.c).
#include <linux/if_link.h>
#include <netrig/driver.hpp>

namespace {

using netrig::boolean;
using netrig::duration;
using netrig::integer;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kTick = kSecond / 100;  // the kernel takes times in clock_t: USER_HZ is 100 everywhere

constexpr const char* kVlanOption = "CONFIG_BRIDGE_VLAN_FILTERING";
constexpr const char* kVlanProtocols[] = {"802.1q", "802.1ad", nullptr};

struct Bridge {
  static constexpr netrig::Info info{"learning Ethernet switch; other devices join it as ports (master)", 1, 1, 1023};

  static constexpr netrig::Parameter parameters[] = {
      boolean("stp", "spanning tree, IEEE 802.1D (IFLA_BR_STP_STATE)").by_default("false"),
      integer("priority", "bridge priority for spanning tree (IFLA_BR_PRIORITY)").range(0, 65535),
      duration("forward_delay", "listening and learning time (IFLA_BR_FORWARD_DELAY)").range(2 * kSecond, 30 * kSecond),
      duration("hello_time", "interval of hello packets (IFLA_BR_HELLO_TIME)").range(1 * kSecond, 10 * kSecond),
      duration("max_age", "age at which spanning tree information expires (IFLA_BR_MAX_AGE)")
          .range(6 * kSecond, 40 * kSecond),
      duration("ageing_time", "age at which a learned MAC expires, 0s: at once (IFLA_BR_AGEING_TIME)")
          .range(0, 1'000'000 * kSecond),
      boolean("vlan_filtering", "forward by VLAN (IFLA_BR_VLAN_FILTERING)").needs(kVlanOption),
      integer("vlan_default_pvid", "VLAN of untagged packets, 0: none (IFLA_BR_VLAN_DEFAULT_PVID)")
          .range(0, 4094)
          .needs(kVlanOption),
      netrig::choice("vlan_protocol", kVlanProtocols, "tag protocol that is filtered (IFLA_BR_VLAN_PROTOCOL)")
          .needs(kVlanOption),
      boolean("vlan_stats", "count packets by VLAN (IFLA_BR_VLAN_STATS_ENABLED)").needs(kVlanOption),
      boolean("multicast_snooping", "forward multicast by IGMP and MLD (IFLA_BR_MCAST_SNOOPING)"),
      boolean("multicast_querier", "send IGMP and MLD queries (IFLA_BR_MCAST_QUERIER)"),
      integer("multicast_router", "0 never, 1 when a query is heard, 2 always (IFLA_BR_MCAST_ROUTER)").range(0, 2),
      integer("multicast_igmp_version", "IGMP version (IFLA_BR_MCAST_IGMP_VERSION)").range(2, 3),
      integer("multicast_mld_version", "MLD version (IFLA_BR_MCAST_MLD_VERSION)").range(1, 2),
      integer("group_fwd_mask", "link-local groups 01:80:c2:00:00:0X to forward, bit X (IFLA_BR_GROUP_FWD_MASK)")
          .range(0, 65535),
      netrig::mac("group_address", "group address of spanning tree (IFLA_BR_GROUP_ADDR)"),
      boolean("nf_call_iptables", "give IPv4 packets to netfilter (IFLA_BR_NF_CALL_IPTABLES)"),
      boolean("nf_call_ip6tables", "give IPv6 packets to netfilter (IFLA_BR_NF_CALL_IP6TABLES)"),
      boolean("nf_call_arptables", "give ARP packets to netfilter (IFLA_BR_NF_CALL_ARPTABLES)"),
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

  static void create(netrig::Creation& device) {
    netrig::Attributes data;
    const auto put_time = [&](const char* name, std::uint16_t type) {
      if (const auto value = device.get_integer(name)) data.u32(type, static_cast<std::uint32_t>(*value / kTick));
    };
    const auto put_bool = [&](const char* name, std::uint16_t type) {
      if (const auto value = device.get_bool(name)) data.u8(type, *value ? 1 : 0);
    };
    const auto put_u8 = [&](const char* name, std::uint16_t type) {
      if (const auto value = device.get_integer(name)) data.u8(type, static_cast<std::uint8_t>(*value));
    };
    const auto put_u16 = [&](const char* name, std::uint16_t type) {
      if (const auto value = device.get_integer(name)) data.u16(type, static_cast<std::uint16_t>(*value));
    };
    put_time("forward_delay", IFLA_BR_FORWARD_DELAY);
    put_time("hello_time", IFLA_BR_HELLO_TIME);
    put_time("max_age", IFLA_BR_MAX_AGE);
    put_time("ageing_time", IFLA_BR_AGEING_TIME);
    if (const auto stp = device.get_bool("stp")) data.u32(IFLA_BR_STP_STATE, *stp ? 1 : 0);
    put_u16("priority", IFLA_BR_PRIORITY);
    put_u16("group_fwd_mask", IFLA_BR_GROUP_FWD_MASK);
    if (const auto mac = device.get_mac("group_address")) data.mac(IFLA_BR_GROUP_ADDR, *mac);
    if (const auto protocol = device.get_text("vlan_protocol"))
      data.be16(IFLA_BR_VLAN_PROTOCOL, *protocol == "802.1ad" ? 0x88a8 : 0x8100);  // IEEE 802.1Q, table 9-1
    put_u16("vlan_default_pvid", IFLA_BR_VLAN_DEFAULT_PVID);
    put_bool("vlan_filtering", IFLA_BR_VLAN_FILTERING);
    put_bool("vlan_stats", IFLA_BR_VLAN_STATS_ENABLED);
    put_bool("multicast_snooping", IFLA_BR_MCAST_SNOOPING);
    put_bool("multicast_querier", IFLA_BR_MCAST_QUERIER);
    put_u8("multicast_router", IFLA_BR_MCAST_ROUTER);
    put_u8("multicast_igmp_version", IFLA_BR_MCAST_IGMP_VERSION);
    put_u8("multicast_mld_version", IFLA_BR_MCAST_MLD_VERSION);
    put_bool("nf_call_iptables", IFLA_BR_NF_CALL_IPTABLES);
    put_bool("nf_call_ip6tables", IFLA_BR_NF_CALL_IP6TABLES);
    put_bool("nf_call_arptables", IFLA_BR_NF_CALL_ARPTABLES);
    netrig::Link link;
    link.kind = "bridge";
    link.data = &data;
    device.create_link(link);
  }

  static void inspect(netrig::Existing& device) {
    device.get_link_data(0, [&](std::uint16_t type, const void* value, std::size_t size) {
      if (type == IFLA_BR_STP_STATE)
        device.set_state("stp", netrig::number<std::uint32_t>(value, size).value_or(0) ? "on" : "off");
      if (type == IFLA_BR_VLAN_FILTERING)
        device.set_state("vlan_filtering", netrig::number<std::uint8_t>(value, size).value_or(0) ? "on" : "off");
    });
  }

 private:
  /// As the kernel checks it: the STP range without the pause, slow-protocol and 802.1X addresses.
  static bool is_link_local_group(const netrig::Mac& mac) {
    const bool block = mac[0] == 0x01 && mac[1] == 0x80 && mac[2] == 0xc2 && mac[3] == 0 && mac[4] == 0 && mac[5] < 16;
    return block && (mac[5] == 0 || mac[5] > 3);
  }
};

}  // namespace

NETRIG_DRIVER(Bridge, "bridge", "1.0.0", "bridge")
