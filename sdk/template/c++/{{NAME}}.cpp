// {{NAME}}: two connected Ethernet interfaces. The table says what it is; create and destroy are what a table could say,
// too, and stand here so that there is something to go on from. Without them the host does the same by the table.
#include <linux/if_link.h>
#include <linux/veth.h>
#include <netrig/driver.hpp>

namespace {

struct {{TYPE}} {
  static constexpr auto about =
      netrig::About("{{NAME}}", "0.1.0", "pair of connected Ethernet interfaces").makes("veth").interfaces(2, 2);
  static constexpr netrig::Parameter parameters[] = {
      netrig::integer("tx_queues", "transmit queues of both ends (IFLA_NUM_TX_QUEUES)").range(1, 4096),
  };

  // Names, MACs and namespaces are the host's business. The link is queued: it is made when this has returned.
  static void create(netrig::Creation& creation) {
    netrig::Attributes attributes;
    attributes.u32(IFLA_NUM_TX_QUEUES, static_cast<std::uint32_t>(creation.get_integer("tx_queues").value_or(1)));
    netrig::Link link;
    link.kind = "veth";
    link.attributes = &attributes;
    link.peer = 1;
    link.peer_type = VETH_INFO_PEER;
    link.peer_attributes = &attributes;
    creation.create_link(link);
  }

  static void destroy(netrig::Existing& device) {
    device.delete_link(0);  // the other end goes with it
  }
};

}  // namespace

NETRIG_DRIVER_WITH_FUNCTIONS({{TYPE}})
