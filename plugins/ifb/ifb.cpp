// SPDX-License-Identifier: Apache-2.0
// ifb: an interface to which packets are redirected so that they can be shaped (drivers/net/ifb.c).
#include <linux/if_link.h>
#include <netrig/driver.hpp>

namespace {

struct Ifb {
  static constexpr auto about =
      netrig::About("ifb", "1.0.0", "interface to which packets are redirected to be shaped").makes("ifb");

  static constexpr netrig::Parameter parameters[] = {
      netrig::integer("tx_queues", "transmit queues (IFLA_NUM_TX_QUEUES)")
          .range(1, 4096)
          .create_only()
          .as_u32(IFLA_NUM_TX_QUEUES)
          .of_link(),
  };
};

}  // namespace

NETRIG_DRIVER(Ifb)
