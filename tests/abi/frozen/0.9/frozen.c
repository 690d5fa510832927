/* SPDX-License-Identifier: Apache-2.0
 * A driver as it was written for ABI 0.9, with everything that it has: a bridge and, if two interfaces are asked for, a
 * TAP beside it. It is built against the headers beside it, as a plugin in the field was; against today's, as its
 * source must be, too; and against headers of a later version (OF_A_NEWER_MINOR), whose structs are longer. It never
 * changes. */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netrig/attributes.h>
#include <netrig/services.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#ifdef OF_A_NEWER_MINOR
/* Members that no host of today knows, and must not look at. */
#define BEYOND , .of_a_newer_minor = {~0ull, ~0ull}
#define KNOWS_MORE(pointer) NETRIG_HAS(pointer, of_a_newer_minor)
#else
#define BEYOND
#define KNOWS_MORE(pointer) 0
#endif

#define NEED(what) \
  if (!(what)) return host->fail(call, NETRIG_INTERNAL, "not so: " #what)

static const char* word_of(const struct netrig_host* host, netrig_call* call) {
  const char* word = "nothing";
  host->get_string(call, "word", 0, &word);
  return word;
}

static void say(const struct netrig_host* host, netrig_call* call, const char* what) {
  const struct netrig_log* log = host->service(call, NETRIG_LOG_1);
  char line[256];
  snprintf(line, sizeof line, "%s: %s", what, word_of(host, call));
  if (log != NULL && log->enabled(call, NETRIG_LOG_WARNING)) log->write(call, NETRIG_LOG_WARNING, line);
}

static netrig_status save(const struct netrig_host* host, netrig_call* call) {
  const char* word = word_of(host, call);
  return host->save_record(call, word, (uint32_t)strlen(word));
}

static netrig_status check_host(const struct netrig_host* host, netrig_call* call) {
  NEED(host->abi_major == NETRIG_ABI_MAJOR && NETRIG_HAS(host, set_address) && !KNOWS_MORE(host));
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  const struct netrig_genl* genl = host->service(call, NETRIG_GENL_1);
  const struct netrig_socket* socket = host->service(call, NETRIG_SOCKET_1);
  const struct netrig_tun* tun = host->service(call, NETRIG_TUN_1);
  const struct netrig_log* log = host->service(call, NETRIG_LOG_1);
  const struct netrig_sysfs* sysfs = host->service(call, NETRIG_SYSFS_1);
  const struct netrig_cancel* cancel = host->service(call, NETRIG_CANCEL_1);
  NEED(netlink != NULL && NETRIG_HAS(netlink, request) && !KNOWS_MORE(netlink));
  NEED(genl != NULL && NETRIG_HAS(genl, request));
  NEED(socket != NULL && NETRIG_HAS(socket, open));
  NEED(tun != NULL && NETRIG_HAS(tun, open_queue));
  NEED(log != NULL && NETRIG_HAS(log, enabled));
  NEED(sysfs != NULL && NETRIG_HAS(sysfs, read));
  NEED(cancel != NULL && NETRIG_HAS(cancel, remaining));
  NEED(host->service(call, "netrig.nothing/1") == NULL);
  NEED(cancel->cancelled(call) == 0 && cancel->remaining(call) > 0);
  return NETRIG_OK;
}

static netrig_status check_values(const struct netrig_host* host, netrig_call* call) {
  int64_t number = 0;
  NEED(host->get_integer(call, "number", 0, &number) == NETRIG_OK && number == -5);
  NEED(host->get_integer(call, "speed", 0, &number) == NETRIG_OK && number == 100000000);
  NEED(host->get_integer(call, "ageing", 0, &number) == NETRIG_OK && number == 60000000000);
  NEED(host->get_integer(call, "mood", 0, &number) == NETRIG_OK && number == 7);
  NEED(host->get_integer(call, "fail", 0, &number) == NETRIG_INVALID && host->count(call, "fail") == 0);
  const char* mood = "";
  NEED(host->get_string(call, "mood", 0, &mood) == NETRIG_OK && strcmp(mood, "wild") == 0);
  uint8_t on = 0;
  NEED(host->get_bool(call, "on", 0, &on) == NETRIG_OK && on == 1);
  uint8_t mac[6];
  NEED(host->get_mac(call, "mac_of", 0, mac) == NETRIG_OK && mac[0] == 2 && mac[5] == 9);
  uint8_t address[16], family = 0, length = 0;
  NEED(host->count(call, "addresses") == 2);
  NEED(host->get_address(call, "addresses", 1, address, &family, &length) == NETRIG_OK && length == 128);
  NEED(host->get_address(call, "addresses", 0, address, &family, &length) == NETRIG_OK && length == 32);
  NEED(host->get_address(call, "addresses", 2, address, &family, &length) == NETRIG_NOT_FOUND);
  NEED(host->get_address(call, "net", 0, address, &family, &length) == NETRIG_OK && length == 24 && address[0] == 192);
  return NETRIG_OK;
}

static void count(void* user, uint16_t type, const void* value, uint32_t size) {
  (void)type;
  (void)value;
  (void)size;
  ++*(int*)user;
}

static netrig_status use_services(const struct netrig_host* host, netrig_call* call) {
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  const struct netrig_genl* genl = host->service(call, NETRIG_GENL_1);
  const struct netrig_sysfs* sysfs = host->service(call, NETRIG_SYSFS_1);
  NEED(netlink->link_ifindex(call, 0) != 0);
  int attributes = 0;
  NEED(netlink->get_link(call, 0, count, &attributes) == NETRIG_OK && attributes > 10);
  uint16_t family = 0;
  NEED(genl->family(call, 0, "nlctrl", &family) == NETRIG_OK && family == GENL_ID_CTRL);
  char address[64];
  uint32_t size = sizeof address;
  NEED(sysfs->read(call, 0, "address", address, &size) == NETRIG_OK && size == 18);
  /* What is not there, and how that is told. */
  const struct {
    struct ndmsg header;
    uint16_t length;
    uint16_t type;
    uint8_t mac[8];
  } nobody = {.header = {.ndm_family = AF_BRIDGE, .ndm_flags = NTF_SELF},
              .length = 10,
              .type = NDA_LLADDR,
              .mac = {2, 0, 0, 0, 0, 9}};
  NEED(netlink->request(call, 0, RTM_DELNEIGH, 0, &nobody, sizeof nobody, NULL, NULL) == NETRIG_NOT_FOUND);
  struct netrig_error error = {.struct_size = sizeof error};
  NEED(host->last_error(call, &error) == NETRIG_OK && error.status == NETRIG_NOT_FOUND && error.error_number == ENOENT);
  NEED(error.message[0] != 0 && NETRIG_HAS(&error, message) && !KNOWS_MORE(&error));
  return NETRIG_OK;
}

static netrig_status validate(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request) {
  NEED(NETRIG_HAS(request, interfaces) && request->interface_count >= 1 && !KNOWS_MORE(request));
  NEED(request->interfaces[0]->name[0] != 0 && NETRIG_HAS(request->interfaces[0], reserved));
  NEED(request->lab[0] != 0 && request->device[0] != 0 && !KNOWS_MORE(request->interfaces[0]));
  if (strcmp(word_of(host, call), "refused") == 0)
    return host->fail(call, NETRIG_INVALID, "word is \"refused\"; say another");
  return NETRIG_OK;
}

static netrig_status create(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request) {
  netrig_status status = check_host(host, call);
  if (status == NETRIG_OK) status = check_values(host, call);
  if (status != NETRIG_OK) return status;
  const struct netrig_reference* beside = NULL;
  NEED(host->get_reference(call, "beside", 0, &beside) == NETRIG_OK && beside->ifindex != 0 && beside->text[0] != 0);
  NEED(NETRIG_HAS(beside, number) && !KNOWS_MORE(beside));

  int64_t ageing = 0;
  host->get_integer(call, "ageing", 0, &ageing);
  uint8_t buffer[64];
  struct netrig_attributes data = {.buffer = buffer, .capacity = sizeof buffer};
  netrig_put_u32(&data, IFLA_BR_AGEING_TIME, (uint32_t)(ageing / 10000000));
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  const struct netrig_link link = {.struct_size = sizeof link,
                                   .interface = 0,
                                   .kind = "bridge",
                                   .data = buffer,
                                   .data_size = data.size,
                                   .peer = NETRIG_NONE,
                                   .lower = NETRIG_NONE BEYOND};
  status = save(host, call);
  if (status == NETRIG_OK) status = netlink->create_link(call, &link);
  if (status == NETRIG_OK) status = netlink->flush(call);
  if (status == NETRIG_OK) status = use_services(host, call);
  if (status != NETRIG_OK || request->interface_count == 1) return status;
  const struct netrig_tun_device tap = {.struct_size = sizeof tap,
                                        .interface = 1,
                                        .type = NETRIG_TUN_ETHERNET,
                                        .owner = NETRIG_NONE,
                                        .group = NETRIG_NONE BEYOND};
  return ((const struct netrig_tun*)host->service(call, NETRIG_TUN_1))->create(call, &tap);
}

static netrig_status check_device(const struct netrig_host* host, netrig_call* call,
                                  const struct netrig_device* device) {
  NEED(NETRIG_HAS(device, reserved) && !KNOWS_MORE(device));
  NEED(device->interface_count >= 1 && device->interfaces[0]->name[0] != 0 && device->record_size > 0);
  return NETRIG_OK;
}

static netrig_status change(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  const netrig_status status = check_device(host, call, device);
  if (status != NETRIG_OK) return status;
  NEED(host->changed(call, "word") == 1 && host->changed(call, "number") == 0);
  say(host, call, "change");
  return save(host, call);
}

static netrig_status settle(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  const netrig_status status = check_device(host, call, device);
  if (status != NETRIG_OK) return status;
  NEED(device->interfaces[0]->ifindex != 0);
  say(host, call, "settle");
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  uint8_t buffer[64];
  struct netrig_attributes data = {.buffer = buffer, .capacity = sizeof buffer};
  netrig_put_u16(&data, IFLA_BR_PRIORITY, 4096);
  return netlink->set_link(call, 0, "bridge", NULL, 0, buffer, data.size);
}

static netrig_status inspect(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  const netrig_status status = netlink->get_link(call, 0, NULL, NULL);
  if (status != NETRIG_OK) return status;
  char word[64];
  snprintf(word, sizeof word, "%.*s", (int)device->record_size, (const char*)device->record);
  NEED(host->set_string(call, "word", 0, word) == NETRIG_OK);
  uint8_t on = 0, bytes[16], family = 0, length = 0;
  int64_t number = 0;
  if (host->get_bool(call, "on", 0, &on) == NETRIG_OK) NEED(host->set_bool(call, "on", 0, on) == NETRIG_OK);
  for (int i = 0; i < 3; ++i) {
    const char* const name = i == 0 ? "number" : i == 1 ? "speed" : "mood";
    if (host->get_integer(call, name, 0, &number) == NETRIG_OK)
      NEED(host->set_integer(call, name, 0, number) == NETRIG_OK);
  }
  if (host->get_mac(call, "mac_of", 0, bytes) == NETRIG_OK) NEED(host->set_mac(call, "mac_of", 0, bytes) == NETRIG_OK);
  for (uint32_t i = 0; i < host->count(call, "addresses"); ++i)
    if (host->get_address(call, "addresses", i, bytes, &family, &length) == NETRIG_OK)
      NEED(host->set_address(call, "addresses", i, bytes, family, length) == NETRIG_OK);
  if (host->get_address(call, "net", 0, bytes, &family, &length) == NETRIG_OK)
    NEED(host->set_address(call, "net", 0, bytes, family, length) == NETRIG_OK);
  return host->set_state(call, "age", "frozen");
}

static netrig_status destroy(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  say(host, call, "destroy");
  netrig_status status = NETRIG_OK;
  for (uint32_t i = 0; i < device->interface_count && status == NETRIG_OK; ++i) status = netlink->delete_link(call, i);
  return status;
}

#define TOLD .flags = NETRIG_PARAMETER_INSPECTED
NETRIG_TABLE(11) = {
    NETRIG_TABLE_NOTE,
    .about = {NETRIG_ABOUT(11),
              .functions = NETRIG_FUNCTION_VALIDATE | NETRIG_FUNCTION_CREATE | NETRIG_FUNCTION_DESTROY |
                           NETRIG_FUNCTION_INSPECT | NETRIG_FUNCTION_CHANGE | NETRIG_FUNCTION_SETTLE,
              .wants = NETRIG_WANTS_NOTHING, .min_interfaces = 1, .max_interfaces = 2, .max_ports = 1023, .name = NAME,
              .version = "1.0.0", .summary = "bridge of ABI 0.9", .link_kinds = "bridge tun" BEYOND},
    .parameters = {
        {NETRIG_PARAMETER, .name = "ageing", .type = NETRIG_TYPE_DURATION, .minimum = 10000000000,
         .maximum = 1000000000000, .scale = 10000000, .tolerance = 1, .unset_text = "300s", .places = NETRIG_PLACE_DATA,
         .encoding = NETRIG_AS_U32, .attribute = IFLA_BR_AGEING_TIME, .help = "age at which a MAC is forgotten" BEYOND},
        {NETRIG_PARAMETER, .name = "on", .type = NETRIG_TYPE_BOOL, TOLD, .help = "a boolean" BEYOND},
        {NETRIG_PARAMETER, .name = "number", .type = NETRIG_TYPE_INTEGER, .minimum = -10, .maximum = 10, TOLD,
         .help = "an integer" BEYOND},
        {NETRIG_PARAMETER, .name = "word", .type = NETRIG_TYPE_STRING, .minimum = 1, .maximum = 60,
         .flags = NETRIG_PARAMETER_INSPECTED | NETRIG_PARAMETER_CHECKED, .help = "what its record says" BEYOND},
        {NETRIG_PARAMETER, .name = "mac_of", .type = NETRIG_TYPE_MAC, TOLD, .help = "a MAC" BEYOND},
        {NETRIG_PARAMETER, .name = "addresses", .type = NETRIG_TYPE_ADDRESS,
         .flags = NETRIG_PARAMETER_INSPECTED | NETRIG_PARAMETER_LIST, .help = "addresses of both families" BEYOND},
        {NETRIG_PARAMETER, .name = "net", .type = NETRIG_TYPE_PREFIX, TOLD, .help = "a prefix" BEYOND},
        {NETRIG_PARAMETER, .name = "speed", .type = NETRIG_TYPE_RATE, TOLD, .help = "a rate" BEYOND},
        {NETRIG_PARAMETER, .name = "mood", .type = NETRIG_TYPE_ENUM, .choices = "calm=3 wild=7", TOLD,
         .help = "a choice" BEYOND},
        {NETRIG_PARAMETER, .name = "beside", .type = NETRIG_TYPE_INTERFACE, .flags = NETRIG_PARAMETER_CREATE_ONLY,
         .help = "an interface of another device" BEYOND},
        {NETRIG_PARAMETER, .name = "fail", .type = NETRIG_TYPE_STRING, .help = "text that is never said" BEYOND}}};
NETRIG_EXPORT const struct netrig_functions netrig_driver = {.struct_size = sizeof netrig_driver,
                                                             .validate = validate,
                                                             .create = create,
                                                             .destroy = destroy,
                                                             .inspect = inspect,
                                                             .change = change,
                                                             .settle = settle BEYOND};
