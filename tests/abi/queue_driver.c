/* SPDX-License-Identifier: Apache-2.0
 * A driver that makes a TAP and sends one frame out of it as soon as it is up. */
#include <netrig/services.h>
#include <string.h>
#include <unistd.h>

static netrig_status create(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request) {
  const struct netrig_tun* tun = host->service(call, NETRIG_TUN_1);
  (void)request;
  if (tun == NULL) return host->fail(call, NETRIG_UNSUPPORTED, "this host lacks a service");
  const struct netrig_tun_device device = {sizeof device, 0, NETRIG_TUN_ETHERNET, 0, NETRIG_NONE, NETRIG_NONE};
  return tun->create(call, &device);
}

static netrig_status settle(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  const struct netrig_tun* tun = host->service(call, NETRIG_TUN_1);
  (void)device;
  int32_t fd = -1;
  const netrig_status status = tun->open_queue(call, 0, &fd);
  if (status != NETRIG_OK) return status;
  int32_t second = -1;
  if (tun->open_queue(call, 0, &second) != NETRIG_BUSY)
    return host->fail(call, NETRIG_INTERNAL, "it has a second queue");
  unsigned char frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 7, 0x88, 0xb5};
  const ssize_t sent = write(fd, frame, sizeof frame);
  close(fd);
  return sent == (ssize_t)sizeof frame ? NETRIG_OK : host->fail(call, NETRIG_IO, "the frame did not leave");
}

NETRIG_TABLE(0) = {NETRIG_TABLE_NOTE,
                   .about = {NETRIG_ABOUT(0), .functions = NETRIG_FUNCTION_CREATE | NETRIG_FUNCTION_SETTLE,
                             .wants = NETRIG_WANTS_TUN, .min_interfaces = 1, .max_interfaces = 1, .name = "queue",
                             .version = "1.0.0", .summary = "TAP that sends a frame", .link_kinds = "tun"}};
NETRIG_EXPORT const struct netrig_functions netrig_driver = {
    .struct_size = sizeof netrig_driver, .create = create, .settle = settle};
