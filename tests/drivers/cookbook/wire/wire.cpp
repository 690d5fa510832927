// SPDX-License-Identifier: Apache-2.0
// wire: a veth whose channels the lab says. The table makes the pair; channels are ethtool's, so functions set them.
#include <linux/ethtool_netlink.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/veth.h>
#include <netrig/driver.hpp>

struct Wire {
  static constexpr auto about =
      netrig::About("wire", "1.0.0", "pair of Ethernet interfaces with channels").makes("veth").pair(VETH_INFO_PEER);

  static constexpr netrig::Parameter parameters[] = {
      netrig::integer("tx_queues", "transmit queues that there can be (IFLA_NUM_TX_QUEUES)")
          .range(1, 16)
          .by_default("8")
          .create_only()
          .as_u32(IFLA_NUM_TX_QUEUES)
          .of_both(),
      netrig::integer("rx_queues", "receive queues that there can be (IFLA_NUM_RX_QUEUES)")
          .range(1, 16)
          .by_default("8")
          .create_only()
          .as_u32(IFLA_NUM_RX_QUEUES)
          .of_both(),
      // No place in the kernel's message: functions set it, and inspect tells it, so it is compared and mended.
      netrig::integer("channels", "queues that are in use, in each direction (ETHTOOL_A_CHANNELS_RX_COUNT)")
          .range(1, 16)
          .by_default("1")
          .checked()
          .inspected(),
  };

  // What a table cannot say: how two parameters go together. No kernel is there yet.
  static void validate(netrig::Creation& device) {
    const auto channels = device.get_integer("channels").value_or(1);
    if (channels > device.get_integer("tx_queues").value_or(8) ||
        channels > device.get_integer("rx_queues").value_or(8))
      throw netrig::Failure(NETRIG_INVALID, "channels is more than tx_queues or rx_queues; raise those");
  }

  static void settle(netrig::Existing& device) { set(device); }  // a new one, once all of the lab is there
  static void change(netrig::Existing& device) { set(device); }  // the lab file was edited, or somebody changed it

  static void inspect(netrig::Existing& device) {
    const std::uint32_t wanted = static_cast<std::uint32_t>(device.get_integer("channels").value_or(1));
    std::uint32_t seen = channels_of(device, 0);
    if (seen == wanted) seen = channels_of(device, 1);  // either end that differs is a drift
    device.tell("channels", std::int64_t{seen});
  }

 private:
  static void set(const netrig::Existing& device) {
    const auto channels = static_cast<std::uint32_t>(device.get_integer("channels").value_or(1));
    const std::uint16_t ethtool = family(device);
    for (std::uint32_t end = 0; end < 2; ++end) {
      netrig::Attributes attributes;
      put_header(attributes, device.ifindex(end));
      attributes.u32(ETHTOOL_A_CHANNELS_RX_COUNT, channels).u32(ETHTOOL_A_CHANNELS_TX_COUNT, channels);
      device.genl_request(end, ethtool, ETHTOOL_MSG_CHANNELS_SET, ETHTOOL_GENL_VERSION, 0, attributes,
                          [](std::uint16_t, const void*, std::uint32_t) {});
    }
  }

  static std::uint32_t channels_of(const netrig::Existing& device, std::uint32_t end) {
    netrig::Attributes attributes;
    put_header(attributes, device.ifindex(end));
    std::uint32_t count = 0;
    device.genl_request(end, family(device), ETHTOOL_MSG_CHANNELS_GET, ETHTOOL_GENL_VERSION, 0, attributes,
                        [&](std::uint16_t, const void* answer, std::uint32_t size) {
                          netrig::for_each_attribute(
                              answer, size, [&](std::uint16_t type, const void* value, std::uint32_t length) {
                                if (type == ETHTOOL_A_CHANNELS_RX_COUNT)
                                  count = netrig::number<std::uint32_t>(value, length).value_or(0);
                              });
                        });
    return count;
  }

  /// Every message of the family begins with whom it is about. Without privileges that is an interface of this device.
  static void put_header(netrig::Attributes& attributes, std::uint32_t ifindex) {
    const auto header = attributes.nest(ETHTOOL_A_CHANNELS_HEADER | NLA_F_NESTED);
    attributes.u32(ETHTOOL_A_HEADER_DEV_INDEX, ifindex);
  }

  static std::uint16_t family(const netrig::Existing& device) {
    const auto id = device.genl_family(0, ETHTOOL_GENL_NAME);
    if (!id) throw netrig::Failure(NETRIG_UNSUPPORTED, "this kernel has no ethtool by netlink (Linux 5.6)");
    return *id;
  }
};

NETRIG_DRIVER_WITH_FUNCTIONS(Wire)
