// SPDX-License-Identifier: Apache-2.0
// macvlan: an interface with a MAC of its own on top of another (drivers/net/macvlan.c).
#include <linux/if_link.h>
#include <netrig/driver.hpp>

namespace {

struct Mode {
  const char* name;
  std::uint32_t value;
};
constexpr Mode kModes[] = {{"private", MACVLAN_MODE_PRIVATE},
                           {"vepa", MACVLAN_MODE_VEPA},
                           {"bridge", MACVLAN_MODE_BRIDGE},
                           {"passthru", MACVLAN_MODE_PASSTHRU},
                           {"source", MACVLAN_MODE_SOURCE}};
// Newer than the oldest kernel headers that this builds with (Linux 6.4).
constexpr std::uint16_t kBroadcastCutoff = 9;
constexpr const char* kModeNames[] = {"private", "vepa", "bridge", "passthru", "source", nullptr};

struct Macvlan {
  static constexpr netrig::Info info{"interface with its own MAC address on top of another interface"};

  static constexpr netrig::Parameter parameters[] = {
      netrig::interface("parent", "interface it sits on, in any namespace of the lab (IFLA_LINK)").required(),
      netrig::choice("mode", kModeNames, "who may talk to whom on one parent (IFLA_MACVLAN_MODE)").by_default("bridge"),
      netrig::mac("macs", "senders that are let in, for mode source (IFLA_MACVLAN_MACADDR_DATA)").list(),
      netrig::boolean("nopromisc", "leave the parent out of promiscuous mode, for mode passthru (IFLA_MACVLAN_FLAGS)"),
      netrig::integer("bc_queue_len", "broadcast packets queued (IFLA_MACVLAN_BC_QUEUE_LEN)").range(0, 0x7fffffff),
      netrig::integer("bc_cutoff",
                      "receivers of a multicast up to which it is not queued (IFLA_MACVLAN_BC_CUTOFF, Linux 6.4)")
          .range(0, 0x7fffffff),
  };

  static void validate(netrig::Creation& device) {
    const auto mode = device.get_text("mode");
    if (device.count("macs") != 0 && mode != "source")
      throw netrig::Failure(NETRIG_INVALID, "macs needs mode = \"source\"");
    if (device.get_bool("nopromisc").value_or(false) && mode != "passthru")
      throw netrig::Failure(NETRIG_INVALID, "nopromisc needs mode = \"passthru\"");
  }

  static void create(netrig::Creation& device) {
    netrig::Attributes data;
    for (const Mode& mode : kModes)
      if (device.get_text("mode") == mode.name) data.u32(IFLA_MACVLAN_MODE, mode.value);
    if (device.get_bool("nopromisc").value_or(false)) data.u16(IFLA_MACVLAN_FLAGS, MACVLAN_FLAG_NOPROMISC);
    if (const auto length = device.get_integer("bc_queue_len"))
      data.u32(IFLA_MACVLAN_BC_QUEUE_LEN, static_cast<std::uint32_t>(*length));
    const auto cutoff = device.get_integer("bc_cutoff");
    if (cutoff) data.u32(kBroadcastCutoff, static_cast<std::uint32_t>(*cutoff));
    if (const std::uint32_t count = device.count("macs"); count != 0) {
      data.u32(IFLA_MACVLAN_MACADDR_MODE, MACVLAN_MACADDR_SET);
      const auto list = data.nest(IFLA_MACVLAN_MACADDR_DATA);
      for (std::uint32_t i = 0; i < count; ++i) data.mac(IFLA_MACVLAN_MACADDR, *device.get_mac("macs", i));
    }
    netrig::Link link;
    link.kind = "macvlan";
    link.data = &data;
    link.lower = device.get_reference("parent");
    device.create_link(link);
    if (cutoff) expect_cutoff(device, *cutoff);
  }

  /// A kernel takes attributes that it does not know without a word.
  static void expect_cutoff(const netrig::Creation& device, std::int64_t wanted) {
    std::int64_t shown = 1;  // what a kernel that knows it has by default, and does not show
    device.flush();
    device.get_link_data(0, [&](std::uint16_t type, const void* value, std::size_t size) {
      if (type == kBroadcastCutoff) shown = netrig::number<std::uint32_t>(value, size).value_or(0);
    });
    if (shown != wanted)
      throw netrig::Failure(NETRIG_UNSUPPORTED, "this kernel does not know bc_cutoff; it needs Linux 6.4 or later");
  }

  static void inspect(netrig::Existing& device) {
    device.get_link_data(0, [&](std::uint16_t type, const void* value, std::size_t size) {
      if (type != IFLA_MACVLAN_MODE) return;
      for (const Mode& mode : kModes)
        if (netrig::number<std::uint32_t>(value, size) == mode.value) device.set_state("mode", mode.name);
    });
  }
};

}  // namespace

NETRIG_DRIVER(Macvlan, "macvlan", "1.0.0", "macvlan")
