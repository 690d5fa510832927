// SPDX-License-Identifier: Apache-2.0
// dummy: an interface that drops what it is given (drivers/net/dummy.c).
#include <linux/if_link.h>
#include <netrig/driver.hpp>

struct Dummy {
  static constexpr auto about = netrig::About("dummy", "1.0.0", "interface that drops what it is given").makes("dummy");

  static constexpr netrig::Parameter parameters[] = {
      netrig::integer("tx_queues", "transmit queues (IFLA_NUM_TX_QUEUES)")
          .range(1, 4096)
          .create_only()
          .as_u32(IFLA_NUM_TX_QUEUES)
          .of_link(),
  };
};

NETRIG_DRIVER(Dummy)
