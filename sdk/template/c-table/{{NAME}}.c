/* {{NAME}}: two connected Ethernet interfaces. A table says all of it, so none of this ever runs: the host reads it. */
#include <linux/if_link.h>
#include <linux/veth.h>
#include <netrig/driver.h>

NETRIG_TABLE(1) = {
    NETRIG_TABLE_NOTE,
    .about = {NETRIG_ABOUT(1), .name = "{{NAME}}", .version = "0.1.0", .summary = "pair of connected Ethernet interfaces",
              .min_interfaces = 2, .max_interfaces = 2, .link_kinds = "veth", .peer_attribute = VETH_INFO_PEER},
    .parameters = {{NETRIG_PARAMETER, .name = "tx_queues", .type = NETRIG_TYPE_INTEGER, .minimum = 1, .maximum = 4096,
                    .flags = NETRIG_PARAMETER_CREATE_ONLY, .encoding = NETRIG_AS_U32,
                    .places = NETRIG_PLACE_LINK | NETRIG_PLACE_PEER, .attribute = IFLA_NUM_TX_QUEUES,
                    .help = "transmit queues of both ends (IFLA_NUM_TX_QUEUES)"}}};
