/* SPDX-License-Identifier: Apache-2.0
 * Drivers that misbehave, one a build: ODD says how. */
#include <fcntl.h>
#include <netrig/services.h>
#include <unistd.h>

#ifndef KINDS
#define KINDS "veth"
#endif
#ifndef NAME
#define NAME "odd"
#endif

#ifdef ODD_TRACE
__attribute__((constructor)) static void leave_trace(void) {
  close(open("/run/netns/netrig-test-trace", O_WRONLY | O_CREAT, 0600));
}
#endif
#ifdef ODD_NEWER
#undef NETRIG_ABI_MINOR
#define NETRIG_ABI_MINOR 17u
#endif

static netrig_status create(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request) {
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  struct netrig_link link = {
      .struct_size = sizeof link, .kind = KINDS, .peer = NETRIG_NONE, .lower = NETRIG_NONE, .interface = 0};
  (void)request;
#if defined(ODD_MAKES_NOTHING)
  (void)netlink;
  (void)link;
  return NETRIG_OK;
#elif defined(ODD_OTHER_KIND)
  link.kind = "bridge";
#elif defined(ODD_OTHER_INTERFACE)
  link.interface = 7;
#elif defined(ODD_CLAIMS)
  (void)netlink;
  (void)link;
  return host->set_interface(call, 0, 1);
#elif defined(ODD_RENAMES)
  /* struct nlattr of IFLA_IFNAME (3), 8 bytes: "lo". */
  static const unsigned char name[] = {8, 0, 3, 0, 'l', 'o', 0, 0};
  link.attributes = name;
  link.attributes_size = sizeof name;
#elif defined(ODD_CUT_OFF)
  static const unsigned char cut[] = {200, 0, 13, 0};
  link.attributes = cut;
  link.attributes_size = sizeof cut;
#endif
  netlink->create_link(call, &link);
  return NETRIG_OK; /* also when the host said no: the host must not forget that it did */
}

static netrig_status destroy(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  (void)device;
  return host->fail(call, NETRIG_BUSY, "this driver never lets go");
}

#ifdef ODD_TRACE
static netrig_status validate(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request) {
  (void)host;
  (void)call;
  (void)request;
  return NETRIG_OK;
}
#define VALIDATES NETRIG_FUNCTION_VALIDATE
#define VALIDATE validate
#else
#define VALIDATES 0u
#define VALIDATE NULL
#endif

#ifndef ODD_NO_NOTE
NETRIG_TABLE(0) = {NETRIG_TABLE_NOTE,
                   .about = {NETRIG_ABOUT(0), .functions = VALIDATES | NETRIG_FUNCTION_CREATE | NETRIG_FUNCTION_DESTROY,
                             .min_interfaces = 1, .max_interfaces = 1, .name = NAME, .version = "1.0.0",
                             .summary = "a driver that misbehaves", .link_kinds = KINDS}};
#endif
#ifdef ODD_NO_SYMBOL
const struct netrig_functions netrig_driver_2;
__attribute__((used)) static const struct netrig_functions hidden = {
#else
NETRIG_EXPORT const struct netrig_functions netrig_driver = {
#endif
    .struct_size = sizeof(struct netrig_functions), .validate = VALIDATE, .create = create, .destroy = destroy};
