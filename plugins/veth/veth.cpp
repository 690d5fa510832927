// SPDX-License-Identifier: Apache-2.0
// veth: two connected Ethernet interfaces (drivers/net/veth.c).
#include <linux/if_link.h>
#include <linux/veth.h>
#include <netrig/driver.hpp>

namespace {

using netrig::integer;

// Queues: as many as veth_newlink accepts. GSO and GRO: up to the kernel's GSO_MAX_SIZE and GSO_MAX_SEGS.
constexpr netrig::Parameter queues(const char* name, const char* help) {
  return integer(name, help).range(1, 4096).create_only();
}
constexpr netrig::Parameter bytes(const char* name, const char* help) {
  return integer(name, help).range(1500, 524280).unset("65536");
}
constexpr netrig::Parameter segments(const char* name, const char* help) {
  return integer(name, help).range(1, 65535).unset("65535");
}

struct Veth {
  static constexpr auto about =
      netrig::About("veth", "1.0.0", "pair of connected Ethernet interfaces").makes("veth").pair(VETH_INFO_PEER);

  // One for both ends, unless the second has its own: what comes later wins.
  static constexpr netrig::Parameter parameters[] = {
      queues("tx_queues", "transmit queues of both ends (IFLA_NUM_TX_QUEUES)").as_u32(IFLA_NUM_TX_QUEUES).of_both(),
      queues("rx_queues", "receive queues of both ends (IFLA_NUM_RX_QUEUES)").as_u32(IFLA_NUM_RX_QUEUES).of_both(),
      bytes("gso_max_size", "largest offloaded packet of both ends in bytes (IFLA_GSO_MAX_SIZE)")
          .as_u32(IFLA_GSO_MAX_SIZE)
          .of_both(),
      segments("gso_max_segs", "most segments of an offloaded packet of both ends (IFLA_GSO_MAX_SEGS)")
          .as_u32(IFLA_GSO_MAX_SEGS)
          .of_both(),
      bytes("gro_max_size", "largest merged packet of both ends in bytes (IFLA_GRO_MAX_SIZE)")
          .as_u32(IFLA_GRO_MAX_SIZE)
          .of_both(),
      queues("peer_tx_queues", "transmit queues of the second interface, if they differ")
          .as_u32(IFLA_NUM_TX_QUEUES)
          .of_peer(),
      queues("peer_rx_queues", "receive queues of the second interface, if they differ")
          .as_u32(IFLA_NUM_RX_QUEUES)
          .of_peer(),
      bytes("peer_gso_max_size", "largest offloaded packet of the second interface, if it differs")
          .as_u32(IFLA_GSO_MAX_SIZE)
          .of_peer(),
      segments("peer_gso_max_segs", "most segments of the second interface, if they differ")
          .as_u32(IFLA_GSO_MAX_SEGS)
          .of_peer(),
      bytes("peer_gro_max_size", "largest merged packet of the second interface, if it differs")
          .as_u32(IFLA_GRO_MAX_SIZE)
          .of_peer(),
  };
};

}  // namespace

NETRIG_DRIVER(Veth)
