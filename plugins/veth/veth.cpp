// SPDX-License-Identifier: Apache-2.0
// veth: two connected Ethernet interfaces (drivers/net/veth.c).
#include <linux/if_link.h>
#include <linux/veth.h>
#include <netrig/driver.hpp>

namespace {

using netrig::integer;

struct Veth {
  static constexpr netrig::Info info{"pair of connected Ethernet interfaces", 2, 2};

  // Queues: as many as veth_newlink accepts. GSO and GRO: up to the kernel's GSO_MAX_SIZE and GSO_MAX_SEGS.
  static constexpr netrig::Parameter parameters[] = {
      integer("tx_queues", "transmit queues of both ends (IFLA_NUM_TX_QUEUES)").range(1, 4096),
      integer("rx_queues", "receive queues of both ends (IFLA_NUM_RX_QUEUES)").range(1, 4096),
      integer("txqlen", "transmit queue length of both ends in packets (IFLA_TXQLEN)").range(1, 1000000),
      integer("gso_max_size", "largest offloaded packet of both ends in bytes (IFLA_GSO_MAX_SIZE)").range(1500, 524280),
      integer("gso_max_segs", "most segments of an offloaded packet of both ends (IFLA_GSO_MAX_SEGS)").range(1, 65535),
      integer("gro_max_size", "largest merged packet of both ends in bytes (IFLA_GRO_MAX_SIZE)").range(1500, 524280),
      integer("peer_tx_queues", "transmit queues of the second interface, if they differ").range(1, 4096),
      integer("peer_rx_queues", "receive queues of the second interface, if they differ").range(1, 4096),
      integer("peer_txqlen", "transmit queue length of the second interface, if it differs").range(1, 1000000),
      integer("peer_gso_max_size", "largest offloaded packet of the second interface, if it differs")
          .range(1500, 524280),
      integer("peer_gso_max_segs", "most segments of the second interface, if they differ").range(1, 65535),
      integer("peer_gro_max_size", "largest merged packet of the second interface, if it differs").range(1500, 524280),
  };

  static void create(netrig::Creation& device) {
    netrig::Attributes first;
    netrig::Attributes second;
    put(device, first, second, "tx_queues", "peer_tx_queues", IFLA_NUM_TX_QUEUES);
    put(device, first, second, "rx_queues", "peer_rx_queues", IFLA_NUM_RX_QUEUES);
    put(device, first, second, "txqlen", "peer_txqlen", IFLA_TXQLEN);
    put(device, first, second, "gso_max_size", "peer_gso_max_size", IFLA_GSO_MAX_SIZE);
    put(device, first, second, "gso_max_segs", "peer_gso_max_segs", IFLA_GSO_MAX_SEGS);
    put(device, first, second, "gro_max_size", "peer_gro_max_size", IFLA_GRO_MAX_SIZE);
    netrig::Link link;
    link.interface = 0;
    link.kind = "veth";
    link.attributes = &first;
    link.peer = 1;
    link.peer_type = VETH_INFO_PEER;
    link.peer_attributes = &second;
    device.create_link(link);
  }

 private:
  /// One setting for both ends, unless the second has its own.
  static void put(const netrig::Creation& device, netrig::Attributes& first, netrig::Attributes& second,
                  const char* both, const char* peer, std::uint16_t type) {
    const auto value = device.get_integer(both);
    const auto peer_value = device.get_integer(peer);
    if (value) first.u32(type, static_cast<std::uint32_t>(*value));
    if (peer_value || value) second.u32(type, static_cast<std::uint32_t>(peer_value ? *peer_value : *value));
  }
};

}  // namespace

NETRIG_DRIVER(Veth, "veth", "1.0.0", "veth")
