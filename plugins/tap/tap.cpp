// SPDX-License-Identifier: Apache-2.0
// tap and tun: interfaces whose packets a process reads and writes (drivers/net/tun.c).
#include <linux/if_link.h>
#include <netrig/driver.hpp>

namespace {

constexpr std::int64_t kLargestId = 4294967294;  // the next is "nobody"

struct Tap {
#ifdef NETRIG_OF_IP
  static constexpr auto about =
      netrig::About("tun", "1.0.0", "interface whose IP packets a process reads and writes").makes("tun");
  static constexpr std::uint32_t kType = NETRIG_TUN_IP;
#else
  static constexpr auto about =
      netrig::About("tap", "1.0.0", "interface whose Ethernet frames a process reads and writes").makes("tun");
  static constexpr std::uint32_t kType = NETRIG_TUN_ETHERNET;
#endif

  static constexpr netrig::Parameter parameters[] = {
      netrig::integer("owner", "number of the user who may attach to it (IFLA_TUN_OWNER)")
          .range(0, kLargestId)
          .create_only()
          .as_u32(IFLA_TUN_OWNER),
      netrig::integer("group_id", "number of the group that may attach to it (IFLA_TUN_GROUP)")
          .range(0, kLargestId)
          .create_only()
          .as_u32(IFLA_TUN_GROUP),
      netrig::boolean("multi_queue", "several processes or threads may attach (IFF_MULTI_QUEUE)")
          .unset("false")
          .create_only()
          .as_u8(IFLA_TUN_MULTI_QUEUE),
      // Whoever attaches says these two anew, so the kernel's word on them is his, not the lab's.
      netrig::boolean("vnet_header", "struct virtio_net_hdr before each packet (IFF_VNET_HDR)").create_only(),
      netrig::boolean("packet_info", "struct tun_pi before each packet (not IFF_NO_PI)").create_only(),
  };

  static void create(netrig::Creation& device) {
    std::uint32_t flags = 0;
    if (device.get_bool("multi_queue").value_or(false)) flags |= NETRIG_TUN_MULTI_QUEUE;
    if (device.get_bool("vnet_header").value_or(false)) flags |= NETRIG_TUN_VNET_HEADER;
    if (device.get_bool("packet_info").value_or(false)) flags |= NETRIG_TUN_PACKET_INFO;
    device.create_tun(0, kType, flags, id_of(device, "owner"), id_of(device, "group_id"));
  }

 private:
  static std::uint32_t id_of(const netrig::Creation& device, const char* name) {
    const auto id = device.get_integer(name);
    return id ? static_cast<std::uint32_t>(*id) : NETRIG_NONE;
  }
};

}  // namespace

NETRIG_DRIVER_WITH_FUNCTIONS(Tap)
