/* SPDX-License-Identifier: Apache-2.0
 * A driver in plain C11, without the C++ layer: a veth that keeps a record and uses every kind of service. */
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <netrig/attributes.h>
#include <netrig/services.h>

static netrig_status create(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request) {
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  const struct netrig_log* log = host->service(call, NETRIG_LOG_1);
  if (netlink == NULL || log == NULL) return host->fail(call, NETRIG_UNSUPPORTED, "this host lacks a service");

  uint8_t refuse = 0;
  host->get_bool(call, "refuse", 0, &refuse);
  const char* token = "";
  host->get_string(call, "token", 0, &token);
  log->write(call, NETRIG_LOG_INFO, token);
  if (refuse != 0) return host->fail(call, NETRIG_BUSY, token);

  int64_t queues = 1;
  host->get_integer(call, "queues", 0, &queues);
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
  netrig_status status = netlink->create_link(call, &link);
  if (status != NETRIG_OK) return status;
  status = netlink->flush(call);
  if (status != NETRIG_OK) return status;
  if (netlink->link_ifindex(call, 1) == 0) return host->fail(call, NETRIG_INTERNAL, "flush made no link");

  /* The ethtool family exists in every namespace, and sysfs shows the interface in its own. */
  const struct netrig_genl* genl = host->service(call, NETRIG_GENL_1);
  uint16_t family = 0;
  if (genl == NULL || genl->family(call, 0, "nlctrl", &family) != NETRIG_OK || family != GENL_ID_CTRL)
    return host->fail(call, NETRIG_INTERNAL, "generic netlink is not there");
  const struct netrig_sysfs* sysfs = host->service(call, NETRIG_SYSFS_1);
  char address[64];
  uint32_t size = sizeof address;
  if (sysfs == NULL || sysfs->read(call, 0, "address", address, &size) != NETRIG_OK || size != 18)
    return host->fail(call, NETRIG_INTERNAL, "sysfs does not show the interface");
  return host->save_record(call, request->device, 4);
}

static netrig_status destroy(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  if (device->record_size != 4) return host->fail(call, NETRIG_INTERNAL, "the record is not what create left");
  return netlink->delete_link(call, 0);
}

static void count_attribute(void* user, uint16_t type, const void* value, uint32_t size) {
  (void)type;
  (void)value;
  (void)size;
  ++*(int*)user;
}

static netrig_status inspect(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  (void)device;
  int count = 0;
  const netrig_status status = netlink->get_link(call, 0, count_attribute, &count);
  if (status != NETRIG_OK) return status;
  return host->set_state(call, "attributes", count > 10 ? "many" : "few");
}

NETRIG_TABLE(3) = {
    NETRIG_TABLE_NOTE,
    .about = {NETRIG_ABOUT(3), .functions = NETRIG_FUNCTION_CREATE | NETRIG_FUNCTION_DESTROY | NETRIG_FUNCTION_INSPECT,
              .min_interfaces = 2, .max_interfaces = 2, .name = "cveth", .version = "0.9.0",
              .summary = "veth in plain C", .link_kinds = "veth"},
    .parameters = {{NETRIG_PARAMETER, .name = "queues", .type = NETRIG_TYPE_INTEGER, .default_text = "1", .minimum = 1,
                    .maximum = 16, .help = "transmit queues of both ends"},
                   {NETRIG_PARAMETER, .name = "token", .type = NETRIG_TYPE_STRING, .flags = NETRIG_PARAMETER_SECRET,
                    .help = "something that nobody may see"},
                   {NETRIG_PARAMETER, .name = "refuse", .type = NETRIG_TYPE_BOOL, .help = "whether create says no"}}};
NETRIG_EXPORT const struct netrig_functions netrig_driver = {
    .struct_size = sizeof netrig_driver, .create = create, .destroy = destroy, .inspect = inspect};
