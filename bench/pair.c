/* SPDX-License-Identifier: Apache-2.0
 * The veth of the labs as a driver with functions makes it: what a call into a worker costs is measured with it. */
#include <linux/veth.h>
#include <netrig/services.h>

static netrig_status create(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request) {
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  (void)request;
  if (netlink == NULL) return host->fail(call, NETRIG_UNSUPPORTED, "this host lacks netlink");
  const struct netrig_link link = {.struct_size = sizeof link,
                                   .interface = 0,
                                   .kind = "veth",
                                   .peer = 1,
                                   .peer_type = VETH_INFO_PEER,
                                   .lower = NETRIG_NONE};
  return netlink->create_link(call, &link);
}

static netrig_status destroy(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  (void)device;
  return netlink->delete_link(call, 0);
}

NETRIG_TABLE(0) = {NETRIG_TABLE_NOTE,
                   .about = {NETRIG_ABOUT(0), .functions = NETRIG_FUNCTION_CREATE | NETRIG_FUNCTION_DESTROY,
                             .min_interfaces = 2, .max_interfaces = 2, .name = "pair", .version = "1.0.0",
                             .summary = "veth by functions", .link_kinds = "veth"}};
NETRIG_EXPORT const struct netrig_functions netrig_driver = {
    .struct_size = sizeof netrig_driver, .create = create, .destroy = destroy};
