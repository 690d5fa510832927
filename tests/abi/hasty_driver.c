/* SPDX-License-Identifier: Apache-2.0
 * A driver that borrows an interface, changes it and then fails; only if it is careful it has written down before what
 * it was. */
#include <linux/ethtool_netlink.h>
#include <linux/netlink.h>
#include <netrig/attributes.h>
#include <netrig/services.h>

static netrig_status create(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request) {
  const struct netrig_genl* genl = host->service(call, NETRIG_GENL_1);
  uint8_t careful = 0;
  host->get_bool(call, "careful", 0, &careful);
  netrig_status status = careful ? host->save_record(call, "was", 3) : NETRIG_OK;
  uint16_t family = 0;
  if (status == NETRIG_OK) status = genl->family(call, 0, ETHTOOL_GENL_NAME, &family);
  uint8_t buffer[64];
  struct netrig_attributes attributes = {.buffer = buffer, .capacity = sizeof buffer};
  const uint32_t header = netrig_nest_begin(&attributes, ETHTOOL_A_FEATURES_HEADER | NLA_F_NESTED);
  netrig_put_u32(&attributes, ETHTOOL_A_HEADER_DEV_INDEX, request->interfaces[0]->ifindex);
  netrig_nest_end(&attributes, header);
  if (status == NETRIG_OK)
    status = genl->request(call, 0, family, ETHTOOL_MSG_FEATURES_SET, ETHTOOL_GENL_VERSION, 0, buffer, attributes.size,
                           NULL, NULL);
  return status == NETRIG_OK ? host->fail(call, NETRIG_BUSY, "it has changed its mind") : status;
}

static netrig_status destroy(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  (void)host, (void)call;
  return device->record_size == 3 ? NETRIG_OK : NETRIG_INTERNAL;
}

NETRIG_TABLE(2) = {
    NETRIG_TABLE_NOTE,
    .about = {NETRIG_ABOUT(2), .functions = NETRIG_FUNCTION_CREATE | NETRIG_FUNCTION_DESTROY,
              .wants = NETRIG_WANTS_BORROW, .min_interfaces = 1, .max_interfaces = 1, .name = "hasty",
              .version = "1.0.0", .summary = "driver that changes what it borrows before it remembers it"},
    .parameters = {{NETRIG_PARAMETER, .name = "card", .type = NETRIG_TYPE_INTERFACE, .places = NETRIG_PLACE_SEARCH,
                    .attribute = NETRIG_SEARCH_NAME, .help = "which it is"},
                   {NETRIG_PARAMETER, .name = "careful", .type = NETRIG_TYPE_BOOL, .help = "remembers first"}}};
NETRIG_EXPORT const struct netrig_functions netrig_driver = {
    .struct_size = sizeof netrig_driver, .create = create, .destroy = destroy};
