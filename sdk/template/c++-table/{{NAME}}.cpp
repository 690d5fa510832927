// {{NAME}}: two connected Ethernet interfaces. A table says all of it, so none of this ever runs: the host reads it.
#include <linux/if_link.h>
#include <linux/veth.h>
#include <netrig/driver.hpp>

namespace {

struct {{TYPE}} {
  static constexpr auto about = netrig::About("{{NAME}}", "0.1.0", "pair of connected Ethernet interfaces")
                                    .makes("veth")
                                    .pair(VETH_INFO_PEER);
  static constexpr netrig::Parameter parameters[] = {
      netrig::integer("tx_queues", "transmit queues of both ends (IFLA_NUM_TX_QUEUES)")
          .range(1, 4096)
          .create_only()
          .as_u32(IFLA_NUM_TX_QUEUES)
          .of_both(),
  };
};

}  // namespace

NETRIG_DRIVER({{TYPE}})
