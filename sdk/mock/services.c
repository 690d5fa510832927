/* SPDX-License-Identifier: Apache-2.0
 * The services, each as host/driver/service_table.cpp has it. */
#include "internal.h"

#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#define HEADER ((uint32_t)sizeof(struct nlattr))
#define GIVE_UP_UNLESS(status)           \
  do {                                   \
    const netrig_status said = (status); \
    if (said != NETRIG_OK) return said;  \
  } while (0)

static struct netrig_mock* enter(netrig_call* call, const char* function) {
  struct netrig_mock* mock = mock_enter(call, function);
  mock->failed = false;
  if (++mock->calls > NETRIG_SERVICES_MAX) mock_deny(mock, "NRD-25", "it floods the host with requests");
  return mock;
}

/** What is to be there by now. */
static netrig_status present(struct netrig_mock* mock, uint32_t interface) {
  GIVE_UP_UNLESS(mock_has_interface(mock, interface));
  GIVE_UP_UNLESS(mock_carry_out(mock));
  if (mock->interfaces.list[interface].raw.ifindex != 0) return NETRIG_OK;
  return mock_fails(mock, NETRIG_NOT_FOUND, 0, "", "interface %s is not there",
                    mock->interfaces.list[interface].raw.name);
}

/** Nobody takes it back when `create` fails. */
static void changes(struct netrig_mock* mock) { mock->changed_at_once = mock->changed_at_once || !mock->saved; }

/* ---- netrig.netlink/1 ----------------------------------------------------------------------------------------------
 */

static void queue(struct netrig_mock* mock, int what) {
  struct order* order = ADD(mock->orders);
  order->what = what;
  order->asked = mock->asked.count - 1;
}

static netrig_status create_link(netrig_call* call, const struct netrig_link* link) {
  struct netrig_mock* mock = enter(call, "create_link");
  if (link == NULL || !NETRIG_HAS(link, lower)) return mock_deny(mock, "NRD-25", "a link that is described by half");
  const char* kind = mock_text(mock, "%s", link->kind == NULL ? "" : link->kind);
  GIVE_UP_UNLESS(mock_may_operate(mock, NETRIG_FUNCTION_CREATE));
  GIVE_UP_UNLESS(mock_has_interface(mock, link->interface));
  GIVE_UP_UNLESS(mock_may_make(mock, kind));
  GIVE_UP_UNLESS(mock_may_order(mock, kind, (struct netrig_mock_bytes){link->attributes, link->attributes_size},
                                (struct netrig_mock_bytes){link->data, link->data_size}));
  GIVE_UP_UNLESS(mock_may_cover(mock, link->interface));
  GIVE_UP_UNLESS(mock_may_have_peer(mock, link));
  if (link->lower != NETRIG_NONE && link->lower >= mock->reference_count)
    return mock_deny(mock, "NRD-25", "reference %u", link->lower);
  struct netrig_mock_asked* asked = mock_ask(mock, "create_link", link->interface, kind);
  asked->type = link->peer == NETRIG_NONE ? 0 : (uint16_t)link->peer_type;
  asked->peer = link->peer;
  asked->lower = link->lower;
  asked->attributes = mock_bytes(mock, link->attributes, link->attributes_size);
  asked->data = mock_bytes(mock, link->data, link->data_size);
  if (link->peer != NETRIG_NONE)
    asked->peer_attributes = mock_bytes(mock, link->peer_attributes, link->peer_attributes_size);
  queue(mock, CREATE);
  return NETRIG_OK;
}

static netrig_status set_link(netrig_call* call, uint32_t interface, const char* kind, const void* attributes,
                              uint32_t attributes_size, const void* data, uint32_t data_size) {
  struct netrig_mock* mock = enter(call, "set_link");
  if (mock->function != NETRIG_FUNCTION_CHANGE && mock->function != NETRIG_FUNCTION_SETTLE)
    GIVE_UP_UNLESS(mock_may_operate(mock, NETRIG_FUNCTION_CREATE));
  GIVE_UP_UNLESS(mock_has_interface(mock, interface));
  const char* known = mock_text(mock, "%s", kind == NULL ? "" : kind);
  if (known[0] == '\0' && data_size != 0) return mock_deny(mock, "NRD-25", "data of a link without its kind");
  if (known[0] != '\0') GIVE_UP_UNLESS(mock_may_make(mock, known));
  GIVE_UP_UNLESS(mock_may_order(mock, known, (struct netrig_mock_bytes){attributes, attributes_size},
                                (struct netrig_mock_bytes){data, data_size}));
  struct netrig_mock_asked* asked = mock_ask(mock, "set_link", interface, known);
  asked->attributes = mock_bytes(mock, attributes, attributes_size);
  asked->data = mock_bytes(mock, data, data_size);
  queue(mock, SET);
  return NETRIG_OK;
}

static netrig_status delete_link(netrig_call* call, uint32_t interface) {
  struct netrig_mock* mock = enter(call, "delete_link");
  GIVE_UP_UNLESS(mock_may_operate(mock, NETRIG_FUNCTION_DESTROY));
  GIVE_UP_UNLESS(mock_has_interface(mock, interface));
  mock_ask(mock, "delete_link", interface, "");
  queue(mock, DELETE);
  return NETRIG_OK;
}

static netrig_status flush(netrig_call* call) { return mock_carry_out(enter(call, "flush")); }

static uint32_t link_ifindex(netrig_call* call, uint32_t interface) {
  const struct netrig_mock* mock = mock_enter(call, "link_ifindex");
  return interface < mock->interfaces.count ? mock->interfaces.list[interface].raw.ifindex : 0;
}

static void put(struct netrig_mock* mock, struct netrig_mock_bytes* list, uint16_t type, const void* value,
                uint32_t size) {
  char* more = mock_room(mock, mock_padded(HEADER + size));
  const struct nlattr header = {(uint16_t)(HEADER + size), type};
  memcpy(more, &header, sizeof header);
  if (size != 0) memcpy(more + HEADER, value, size);
  *list = mock_merged(mock, *list, (struct netrig_mock_bytes){more, mock_padded(HEADER + size)});
}

/** As the kernel shows it. */
static struct netrig_mock_bytes shown(struct netrig_mock* mock, const struct interface* one) {
  struct netrig_mock_bytes list = {NULL, 0};
  struct netrig_mock_bytes info = {NULL, 0};
  const uint32_t mtu = one->raw.mtu == 0 ? 1500 : one->raw.mtu;
  const uint8_t mac[6] = {2, 0, 0, 0, 0, (uint8_t)(one->raw.ifindex - FIRST_IFINDEX + 1)};
  put(mock, &list, IFLA_IFNAME, one->raw.name, (uint32_t)strlen(one->raw.name) + 1);
  put(mock, &list, IFLA_MTU, &mtu, sizeof mtu);
  put(mock, &list, IFLA_ADDRESS, one->raw.has_mac ? one->raw.mac : mac, sizeof mac);
  if (one->kind != NULL) {
    put(mock, &info, IFLA_INFO_KIND, one->kind, (uint32_t)strlen(one->kind) + 1);
    put(mock, &info, IFLA_INFO_DATA, one->data.data, one->data.size);
    put(mock, &list, IFLA_LINKINFO, info.data, info.size);
  }
  return mock_merged(mock, list, one->link);
}

static netrig_status get_link(netrig_call* call, uint32_t interface, netrig_attribute_fn* each, void* user) {
  struct netrig_mock* mock = enter(call, "get_link");
  GIVE_UP_UNLESS(present(mock, interface));
  GIVE_UP_UNLESS(mock_kernel(mock, mock_ask(mock, "get_link", interface, ""), "to show an interface"));
  const struct netrig_mock_bytes list = shown(mock, &mock->interfaces.list[interface]);
  struct netrig_mock_attribute one;
  for (uint32_t at = 0; each != NULL && mock_next(list, &at, &one);)
    each(user, one.type, one.value.data, one.value.size);
  return NETRIG_OK;
}

/** As the exchange is over by now, whoever hears of it may ask for more. */
static void answer(struct netrig_mock* mock, uint16_t family, uint16_t type, netrig_attribute_fn* each, void* user) {
  for (uint32_t i = 0; each != NULL && i < mock->answers.count; ++i) {
    const struct answer one = mock->answers.list[i];
    if (one.family == family && one.type == type) each(user, one.answer_type, one.payload.data, one.payload.size);
  }
}

static netrig_status request(netrig_call* call, uint32_t interface, uint16_t type, uint16_t flags, const void* message,
                             uint32_t size, netrig_attribute_fn* each, void* user) {
  struct netrig_mock* mock = enter(call, "request");
  uint32_t header = 0;
  GIVE_UP_UNLESS(mock_may_request(mock, type, flags, (struct netrig_mock_bytes){message, size}, &header));
  GIVE_UP_UNLESS(present(mock, interface));
  struct netrig_mock_asked* asked = mock_ask(mock, "request", interface, "");
  char* copy = mock_keep(mock, message, size);
  memcpy(copy + 4, &mock->interfaces.list[interface].raw.ifindex, sizeof(uint32_t)); /* of ifinfomsg, ndmsg, tcmsg */
  asked->type = type;
  asked->flags = flags;
  asked->data = (struct netrig_mock_bytes){copy, size};
  asked->attributes = (struct netrig_mock_bytes){copy + header, size - header};
  GIVE_UP_UNLESS(mock_kernel(mock, asked, mock_text(mock, "a request of type %u", type)));
  if ((type & 3u) != 2u) changes(mock); /* RTM_GET* */
  answer(mock, 0, type, each, user);
  return NETRIG_OK;
}

/* ---- netrig.genl/1 -------------------------------------------------------------------------------------------------
 */

static netrig_status family(netrig_call* call, uint32_t interface, const char* name, uint16_t* id) {
  struct netrig_mock* mock = enter(call, "family");
  GIVE_UP_UNLESS(mock_has_interface(mock, interface));
  if (name == NULL || id == NULL) return mock_fails(mock, NETRIG_INVALID, 0, "", "%s", "");
  GIVE_UP_UNLESS(mock_may_have_family(mock, name));
  struct netrig_mock_asked* asked = mock_ask(mock, "family", interface, mock_text(mock, "%s", name));
  GIVE_UP_UNLESS(mock_kernel(mock, asked, mock_text(mock, "to look up generic netlink family \"%s\"", name)));
  if (strcmp(name, "nlctrl") == 0) return mock->control_resolved = true, *id = GENL_ID_CTRL, NETRIG_OK;
  for (uint32_t i = 0; i < mock->families.count; ++i)
    if (strcmp(mock->families.list[i].name, name) == 0) {
      mock->families.list[i].resolved = true;
      *id = (uint16_t)(FIRST_FAMILY + i);
      return NETRIG_OK;
    }
  return asked->status = mock_fails(mock, NETRIG_NOT_FOUND, 0, "", "%s", "");
}

static netrig_status genl(netrig_call* call, uint32_t interface, uint16_t number, uint8_t command, uint8_t version,
                          uint16_t flags, const void* attributes, uint32_t size, netrig_attribute_fn* each,
                          void* user) {
  struct netrig_mock* mock = enter(call, "genl");
  GIVE_UP_UNLESS(mock_has_interface(mock, interface));
  GIVE_UP_UNLESS(mock_carry_out(mock));
  GIVE_UP_UNLESS(mock_may_genl(mock, interface, number, command, flags, (struct netrig_mock_bytes){attributes, size}));
  const char* name = number == GENL_ID_CTRL ? "nlctrl"
                     : number >= FIRST_FAMILY && number - FIRST_FAMILY < mock->families.count
                         ? mock->families.list[number - FIRST_FAMILY].name
                         : "";
  struct netrig_mock_asked* asked = mock_ask(mock, "genl", interface, name);
  asked->type = number;
  asked->command = command;
  asked->version = version;
  asked->flags = flags;
  asked->attributes = mock_bytes(mock, attributes, size);
  GIVE_UP_UNLESS(mock_kernel(mock, asked, "a generic netlink request"));
  if (!mock_genl_reads(name, command, flags)) changes(mock);
  answer(mock, number, command, each, user);
  return NETRIG_OK;
}

/* ---- netrig.socket/1, netrig.tun/1 ----------------------------------------------------------------------------------
 */

static netrig_status give(struct netrig_mock* mock, struct netrig_mock_asked* asked, const char* what, int32_t* fd) {
  int pair[2];
  GIVE_UP_UNLESS(mock_kernel(mock, asked, what));
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) != 0) mock_misused("no socketpair");
  asked->fd = pair[1];
  *fd = pair[0];
  return NETRIG_OK;
}

static netrig_status open_socket(netrig_call* call, uint32_t interface, uint32_t kind, int32_t* fd) {
  struct netrig_mock* mock = enter(call, "open");
  if (fd == NULL) return mock_fails(mock, NETRIG_INVALID, 0, "", "%s", "");
  GIVE_UP_UNLESS(mock_may_change(mock, "a socket of its own"));
  const uint32_t reference = interface & ~NETRIG_OF_REFERENCE;
  if ((interface & NETRIG_OF_REFERENCE) == 0)
    GIVE_UP_UNLESS(mock_has_interface(mock, interface));
  else if (reference >= mock->reference_count)
    return mock_deny(mock, "NRD-25", "reference %u", reference);
  if (kind < NETRIG_SOCKET_ROUTE || kind > NETRIG_SOCKET_PACKET)
    return mock_deny(mock, "NRD-25", "a socket of the unknown kind %u", kind);
  if ((mock->granted & (kind == NETRIG_SOCKET_PACKET ? NETRIG_WANTS_NET_RAW : NETRIG_WANTS_NET_ADMIN)) == 0)
    return mock_deny(mock, "NRD-25",
                     "a socket that needs %s, which its table does not ask for or the policy does not grant",
                     kind == NETRIG_SOCKET_PACKET ? "CAP_NET_RAW" : "CAP_NET_ADMIN");
  struct netrig_mock_asked* asked = mock_ask(mock, "open_socket", interface, "");
  asked->type = (uint16_t)kind;
  return give(mock, asked, "a socket", fd);
}

/** Whether the lab file does: a default is the driver's own word. */
static bool says(const struct netrig_mock* mock, uint32_t number) {
  for (uint32_t i = 0; i < mock->parameters.count; ++i) {
    const struct parameter* one = &mock->parameters.list[i];
    if (one->fallback.count != 0 && one->fallback.list[0].number == (int64_t)number) continue;
    for (uint32_t k = 0; k < one->used.count && one->about->type == NETRIG_TYPE_INTEGER; ++k)
      if (one->used.list[k].number == (int64_t)number) return true;
  }
  return false;
}

static netrig_status create_tun(netrig_call* call, const struct netrig_tun_device* device) {
  struct netrig_mock* mock = enter(call, "create");
  if (device == NULL || !NETRIG_HAS(device, group)) return mock_deny(mock, "NRD-25", "a TUN that is described by half");
  GIVE_UP_UNLESS(mock_may_operate(mock, NETRIG_FUNCTION_CREATE));
  GIVE_UP_UNLESS(mock_has_interface(mock, device->interface));
  GIVE_UP_UNLESS(mock_may_make(mock, "tun"));
  if (device->type != NETRIG_TUN_IP && device->type != NETRIG_TUN_ETHERNET)
    return mock_deny(mock, "NRD-25", "a TUN of type %u", device->type);
  if ((device->flags & ~(NETRIG_TUN_MULTI_QUEUE | NETRIG_TUN_VNET_HEADER | NETRIG_TUN_PACKET_INFO)) != 0)
    return mock_deny(mock, "NRD-25", "a TUN with flags %#x", device->flags);
  const uint32_t who[2] = {device->owner, device->group};
  for (int i = 0; i < 2; ++i)
    if (who[i] != NETRIG_NONE && (mock->granted & NETRIG_WANTS_TUN) == 0 && !says(mock, who[i]))
      return mock_deny(mock, "NRD-25", "a TUN for user or group %u, whom no parameter names", who[i]);
  GIVE_UP_UNLESS(mock_may_cover(mock, device->interface));
  struct netrig_mock_asked* asked = mock_ask(mock, "create_tun", device->interface, "tun");
  asked->type = (uint16_t)device->type;
  asked->flags = (uint16_t)device->flags;
  asked->data = mock_bytes(mock, device, sizeof *device);
  const netrig_status status = mock_kernel(mock, asked, "a TUN");
  mock->interfaces.list[device->interface].covered = status == NETRIG_OK;
  if (status == NETRIG_OK) mock_make(mock, device->interface, "tun");
  return status;
}

static netrig_status open_queue(netrig_call* call, uint32_t interface, int32_t* fd) {
  struct netrig_mock* mock = enter(call, "open_queue");
  if (fd == NULL) return mock_fails(mock, NETRIG_INVALID, 0, "", "%s", "");
  GIVE_UP_UNLESS(mock_may_change(mock, "a queue"));
  GIVE_UP_UNLESS(mock_has_interface(mock, interface));
  if ((mock->granted & NETRIG_WANTS_TUN) == 0)
    return mock_deny(mock, "NRD-25",
                     "a queue that needs TUN, which its table does not ask for or the policy does not grant");
  GIVE_UP_UNLESS(present(mock, interface));
  const char* kind = mock->interfaces.list[interface].kind;
  if (kind == NULL || strcmp(kind, "tun") != 0)
    return mock_fails(mock, NETRIG_INVALID, 0, "", "a queue of an interface that is no TUN");
  return give(mock, mock_ask(mock, "open_queue", interface, ""), "a queue", fd);
}

/* ---- netrig.log/1, netrig.sysfs/1, netrig.cancel/1
 * ------------------------------------------------------------------- */

static void log_write(netrig_call* call, uint32_t level, const char* message) {
  struct netrig_mock* mock = mock_enter(call, "write");
  if (mock->lines.count == NETRIG_LOG_LINES_MAX) mock_deny(mock, "NRD-25", "it floods the log");
  if (message != NULL) *ADD(mock->lines) = (struct line){level, mock_clean(mock, message)};
}
static uint32_t log_enabled(netrig_call* call, uint32_t level) {
  (void)level;
  mock_enter(call, "enabled");
  return 1;
}

static netrig_status read_sysfs(netrig_call* call, uint32_t interface, const char* path, char* buffer, uint32_t* size) {
  struct netrig_mock* mock = enter(call, "read");
  if (path == NULL || buffer == NULL || size == NULL) return mock_fails(mock, NETRIG_INVALID, 0, "", "%s", "");
  GIVE_UP_UNLESS(mock_may_read(mock, path));
  GIVE_UP_UNLESS(present(mock, interface));
  struct netrig_mock_asked* asked = mock_ask(mock, "read_sysfs", interface, mock_text(mock, "%s", path));
  GIVE_UP_UNLESS(mock_kernel(mock, asked, mock_text(mock, "to read %s", path)));
  const char* text = NULL;
  for (uint32_t i = 0; i < mock->files.count; ++i)
    if (mock->files.list[i].interface == interface && strcmp(mock->files.list[i].path, path) == 0)
      text = mock->files.list[i].text;
  if (text == NULL || strlen(text) > *size)
    return asked->status = mock_fails(mock, text == NULL ? NETRIG_NOT_FOUND : NETRIG_INVALID, 0, "", "%s", "");
  *size = (uint32_t)strlen(text);
  memcpy(buffer, text, *size);
  return NETRIG_OK;
}

static netrig_status write_sysfs(netrig_call* call, uint32_t interface, const char* path, const char* value,
                                 uint32_t size) {
  struct netrig_mock* mock = enter(call, "write");
  if (path == NULL || (value == NULL && size != 0) || size > 4096)
    return mock_fails(mock, NETRIG_INVALID, 0, "", "%s", "");
  GIVE_UP_UNLESS(mock_may_write(mock, path));
  GIVE_UP_UNLESS(present(mock, interface));
  struct netrig_mock_asked* asked = mock_ask(mock, "write_sysfs", interface, mock_text(mock, "%s", path));
  asked->data = mock_bytes(mock, value, size);
  GIVE_UP_UNLESS(mock_kernel(mock, asked, mock_text(mock, "to write %s", path)));
  for (uint32_t i = 0; i < mock->files.count; ++i) {
    struct file* one = &mock->files.list[i];
    if (one->interface != interface || strcmp(one->path, path) != 0 || one->text == NULL) continue;
    one->text = mock_text(mock, "%.*s", (int)size, value);
    return NETRIG_OK;
  }
  return asked->status = mock_fails(mock, NETRIG_NOT_FOUND, 0, "", "%s", "");
}

static uint64_t remaining(netrig_call* call) {
  const struct netrig_mock* mock = mock_enter(call, "remaining");
  return mock->cancel_at != NETRIG_NONE && mock->calls >= mock->cancel_at ? 0 : 10000000000;
}
static uint32_t cancelled(netrig_call* call) { return remaining(call) == 0; }

const void* mock_service(const char* id) {
  static const struct netrig_netlink netlink = {sizeof netlink, 0,        create_link, set_link, delete_link, flush,
                                                link_ifindex,   get_link, request};
  static const struct netrig_genl generic = {sizeof generic, 0, family, genl};
  static const struct netrig_socket sockets = {sizeof sockets, 0, open_socket};
  static const struct netrig_tun tun = {sizeof tun, 0, create_tun, open_queue};
  static const struct netrig_log log = {sizeof log, 0, log_write, log_enabled};
  static const struct netrig_sysfs sysfs = {sizeof sysfs, 0, read_sysfs, write_sysfs};
  static const struct netrig_cancel cancel = {sizeof cancel, 0, cancelled, remaining};
  static const struct {
    const char* id;
    const void* table;
  } all[] = {{NETRIG_NETLINK_1, &netlink}, {NETRIG_GENL_1, &generic}, {NETRIG_SOCKET_1, &sockets}, {NETRIG_TUN_1, &tun},
             {NETRIG_LOG_1, &log},         {NETRIG_SYSFS_1, &sysfs},  {NETRIG_CANCEL_1, &cancel}};
  for (size_t i = 0; i < sizeof all / sizeof *all; ++i)
    if (strcmp(all[i].id, id) == 0) return all[i].table;
  return NULL;
}
