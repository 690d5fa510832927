/* SPDX-License-Identifier: Apache-2.0
 * vmnic: a TAP for the virtual machine of a user. If the lab says so, its host end hears an LLDP frame as soon as it is
 * up. */
#include <linux/if_link.h>
#include <netrig/services.h>
#include <string.h>
#include <unistd.h>

static netrig_status create(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request) {
  (void)request; /* name, namespace, MAC and MTU are the host's business */
  const struct netrig_tun* tun = host->service(call, NETRIG_TUN_1);
  if (tun == NULL) return host->fail(call, NETRIG_UNSUPPORTED, "this netrig makes no TAPs for drivers");
  struct netrig_tun_device tap = {.struct_size = sizeof tap,
                                  .interface = 0,
                                  .type = NETRIG_TUN_ETHERNET,
                                  .flags = NETRIG_TUN_VNET_HEADER,
                                  .owner = NETRIG_NONE,
                                  .group = NETRIG_NONE};
  int64_t user = 0;
  if (host->get_integer(call, "user", 0, &user) == NETRIG_OK) tap.owner = (uint32_t)user;
  uint8_t queues = 0; /* stays so where the lab file does not say */
  host->get_bool(call, "multi_queue", 0, &queues);
  if (queues) tap.flags |= NETRIG_TUN_MULTI_QUEUE;
  return tun->create(call, &tap); /* at once; if it fails, the host has the kernel's words for the user */
}

/** Link layer discovery: chassis, port, time to live, end (IEEE 802.1AB, 8). */
static size_t lldp(uint8_t frame[60], const char* name) {
  static const uint8_t head[] = {0x01, 0x80, 0xc2, 0, 0, 0x0e, 0x02, 0, 0, 0, 0, 0x01, 0x88, 0xcc};
  static const uint8_t chassis[] = {0x02, 7, 4, 0x02, 0, 0, 0, 0, 0x01}, rest[] = {0x06, 2, 0, 120, 0, 0};
  const size_t length = strlen(name); /* at most NETRIG_NAME_MAX */
  uint8_t* at = frame;
  memset(frame, 0, 60);
  memcpy(at, head, sizeof head), at += sizeof head;
  memcpy(at, chassis, sizeof chassis), at += sizeof chassis;
  *at++ = 0x04, *at++ = (uint8_t)(length + 1), *at++ = 5; /* a port, by its name */
  memcpy(at, name, length), at += length;
  memcpy(at, rest, sizeof rest);
  return 60;
}

/* When the whole lab is up. A queue of the interface needs the policy's grant: [driver.vmnic] grant = ["TUN"] */
static netrig_status settle(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  uint8_t hello = 0;
  host->get_bool(call, "hello", 0, &hello);
  if (!hello) return NETRIG_OK;
  const struct netrig_tun* tun = host->service(call, NETRIG_TUN_1);
  if (tun == NULL) return host->fail(call, NETRIG_UNSUPPORTED, "this netrig opens no TAPs for drivers");
  int32_t fd = -1;
  const netrig_status status = tun->open_queue(call, 0, &fd);
  if (status != NETRIG_OK) return status;
  uint8_t packet[12 + 60] = {0}; /* struct virtio_net_hdr with num_buffers is not asked for: 10 bytes, all zero */
  const size_t size = 10 + lldp(packet + 10, device->interfaces[0]->name);
  const ssize_t sent = write(fd, packet, size);
  close(fd); /* the driver's, and a worker has few of them */
  return sent == (ssize_t)size ? NETRIG_OK : host->fail(call, NETRIG_IO, "the interface did not take the frame");
}

NETRIG_TABLE(3) = {
    NETRIG_TABLE_NOTE,
    .about = {NETRIG_ABOUT(3), .functions = NETRIG_FUNCTION_CREATE | NETRIG_FUNCTION_SETTLE, .wants = NETRIG_WANTS_TUN,
              .min_interfaces = 1, .max_interfaces = 1, .name = "vmnic", .version = "1.0.0",
              .summary = "TAP for a virtual machine", .link_kinds = "tun"},
    .parameters = {
        /* The kernel tells these two, so they are compared; it never changes them, so they are create-only. */
        {NETRIG_PARAMETER, .name = "user", .type = NETRIG_TYPE_INTEGER, .minimum = 0, .maximum = 4294967294,
         .flags = NETRIG_PARAMETER_CREATE_ONLY, .places = NETRIG_PLACE_DATA, .encoding = NETRIG_AS_U32,
         .attribute = IFLA_TUN_OWNER, .help = "number of the user who may attach to it (IFLA_TUN_OWNER)"},
        {NETRIG_PARAMETER, .name = "multi_queue", .type = NETRIG_TYPE_BOOL, .unset_text = "false",
         .flags = NETRIG_PARAMETER_CREATE_ONLY, .places = NETRIG_PLACE_DATA, .encoding = NETRIG_AS_U8,
         .attribute = IFLA_TUN_MULTI_QUEUE, .help = "several queues at once (IFF_MULTI_QUEUE)"},
        /* Nobody but settle reads this one, which happens once: another value makes the device anew. */
        {NETRIG_PARAMETER, .name = "hello", .type = NETRIG_TYPE_BOOL, .flags = NETRIG_PARAMETER_CREATE_ONLY,
         .help = "an LLDP frame comes from it when the lab is up"}}};
NETRIG_EXPORT const struct netrig_functions netrig_driver = {
    .struct_size = sizeof netrig_driver, .create = create, .settle = settle};
