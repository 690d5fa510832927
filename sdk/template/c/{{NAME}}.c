/* {{NAME}}: two connected Ethernet interfaces. The table says what it is; create and destroy are what a table could say, too,
 * and stand here so that there is something to go on from. Without them the host does the same by the table. */
#include <linux/if_link.h>
#include <linux/veth.h>
#include <netrig/attributes.h>
#include <netrig/services.h>

static netrig_status create(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request) {
  (void)request; /* names, MACs and namespaces are the host's business */
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  if (netlink == NULL) return host->fail(call, NETRIG_UNSUPPORTED, "this netrig makes no links for drivers");

  int64_t queues = 1; /* stays so where the lab file does not say */
  const netrig_status status = host->get_integer(call, "tx_queues", 0, &queues);
  if (status != NETRIG_OK && status != NETRIG_NOT_FOUND) return host->fail(call, status, "tx_queues cannot be read");

  uint8_t buffer[64];
  struct netrig_attributes attributes = {.buffer = buffer, .capacity = sizeof buffer};
  netrig_put_u32(&attributes, IFLA_NUM_TX_QUEUES, (uint32_t)queues);

  const struct netrig_link link = {.struct_size = sizeof link,
                                   .interface = 0,
                                   .kind = "veth",
                                   .attributes = buffer,
                                   .attributes_size = attributes.size,
                                   .peer = 1,
                                   .peer_type = VETH_INFO_PEER,
                                   .peer_attributes = buffer,
                                   .peer_attributes_size = attributes.size,
                                   .lower = NETRIG_NONE};
  return netlink->create_link(call, &link); /* queued: the host makes it when this has returned */
}

static netrig_status destroy(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  (void)device;
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  if (netlink == NULL) return host->fail(call, NETRIG_UNSUPPORTED, "this netrig deletes no links for drivers");
  return netlink->delete_link(call, 0); /* the other end goes with it */
}

NETRIG_TABLE(1) = {
    NETRIG_TABLE_NOTE,
    .about = {NETRIG_ABOUT(1), .functions = NETRIG_FUNCTION_CREATE | NETRIG_FUNCTION_DESTROY, .name = "{{NAME}}",
              .version = "0.1.0", .summary = "pair of connected Ethernet interfaces", .min_interfaces = 2,
              .max_interfaces = 2, .link_kinds = "veth"},
    .parameters = {{NETRIG_PARAMETER, .name = "tx_queues", .type = NETRIG_TYPE_INTEGER, .minimum = 1, .maximum = 4096,
                    .help = "transmit queues of both ends (IFLA_NUM_TX_QUEUES)"}}};

NETRIG_EXPORT const struct netrig_functions netrig_driver = {
    .struct_size = sizeof netrig_driver, .create = create, .destroy = destroy};
