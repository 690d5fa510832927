/* SPDX-License-Identifier: Apache-2.0
 * A driver with every operation: a bridge whose ageing time its functions set, change and read, and a word that only
 * its record has. What it is asked to do it writes into the log. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netrig/attributes.h>
#include <netrig/services.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define TICKS 100 /* of the kernel's clock_t in a second */

static const char* text_of(const struct netrig_host* host, netrig_call* call, const char* parameter) {
  const char* text = "";
  host->get_string(call, parameter, 0, &text);
  return text;
}

static void say(const struct netrig_host* host, netrig_call* call, const char* operation, const char* word) {
  const struct netrig_log* log = host->service(call, NETRIG_LOG_1);
  const struct netrig_reference* beside = NULL;
  host->get_reference(call, "beside", 0, &beside);
  char line[256];
  snprintf(line, sizeof line, "%s: word %s, beside %s (%s)", operation, word, beside == NULL ? "nothing" : beside->text,
           beside == NULL || beside->ifindex == 0 ? "not there" : "there");
  log->write(call, NETRIG_LOG_WARNING, line);
}

static netrig_status save_word(const struct netrig_host* host, netrig_call* call) {
  const char* word = text_of(host, call, "word");
  return host->save_record(call, word, (uint32_t)strlen(word));
}

static uint32_t ageing_data(const struct netrig_host* host, netrig_call* call, uint8_t* buffer, uint32_t capacity) {
  int64_t seconds = 300;
  host->get_integer(call, "ageing", 0, &seconds);
  struct netrig_attributes data = {.buffer = buffer, .capacity = capacity};
  netrig_put_u32(&data, IFLA_BR_AGEING_TIME, (uint32_t)seconds * TICKS);
  return data.size;
}

/* A service fails, and what of it reaches the driver is all there is. */
static netrig_status fail_and_go_on(const struct netrig_host* host, netrig_call* call) {
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  struct netrig_error error = {.struct_size = sizeof error};
  /* A group address that is none of a bridge's. */
  static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
  uint8_t buffer[64];
  struct netrig_attributes data = {.buffer = buffer, .capacity = sizeof buffer};
  netrig_put(&data, IFLA_BR_GROUP_ADDR, mac, sizeof mac);
  struct netrig_link link = {.struct_size = sizeof link,
                             .kind = "bridge",
                             .data = buffer,
                             .data_size = data.size,
                             .peer = NETRIG_NONE,
                             .lower = NETRIG_NONE};
  if (netlink->create_link(call, &link) != NETRIG_OK) return NETRIG_INTERNAL;
  netrig_status status = netlink->flush(call);
  if (status == NETRIG_OK || host->last_error(call, &error) != NETRIG_OK || error.status != status ||
      error.error_number == 0 || error.message[0] == '\0')
    return host->fail(call, NETRIG_INTERNAL, "a link that was refused is not told as that");
  /* The same link, with nothing to be refused. */
  link.data_size = 0;
  if (netlink->create_link(call, &link) != NETRIG_OK || netlink->flush(call) != NETRIG_OK)
    return host->fail(call, NETRIG_INTERNAL, "the link cannot be asked for again");
  if (host->last_error(call, &error) != NETRIG_NOT_FOUND)
    return host->fail(call, NETRIG_INTERNAL, "what has passed is still told");
  /* A forwarding entry that is not there. */
  struct {
    struct ndmsg header;
    uint16_t length;
    uint16_t type;
    uint8_t mac[8];
  } neighbour = {.header = {.ndm_family = AF_BRIDGE, .ndm_flags = NTF_SELF},
                 .length = 10,
                 .type = NDA_LLADDR,
                 .mac = {2, 0, 0, 0, 0, 9}};
  status = netlink->request(call, 0, RTM_DELNEIGH, 0, &neighbour, sizeof neighbour, NULL, NULL);
  if (status != NETRIG_NOT_FOUND || host->last_error(call, &error) != NETRIG_OK || error.error_number != ENOENT)
    return host->fail(call, NETRIG_INTERNAL, "what is not there is not NOT_FOUND");
  /* The same twice. */
  neighbour.header.ndm_state = NUD_PERMANENT;
  const uint16_t flags = NLM_F_CREATE | NLM_F_EXCL;
  if (netlink->request(call, 0, RTM_NEWNEIGH, flags, &neighbour, sizeof neighbour, NULL, NULL) != NETRIG_OK)
    return host->fail(call, NETRIG_INTERNAL, "there is no forwarding entry to be had");
  status = netlink->request(call, 0, RTM_NEWNEIGH, flags, &neighbour, sizeof neighbour, NULL, NULL);
  if (status != NETRIG_EXISTS || host->last_error(call, &error) != NETRIG_OK || error.error_number != EEXIST)
    return host->fail(call, NETRIG_INTERNAL, "what is there already is not EXISTS");
  /* An attribute of the wrong size, and where it stands. */
  const struct {
    struct ifinfomsg header;
    uint16_t length;
    uint16_t type;
    uint8_t value[4];
  } queue = {.length = 6, .type = IFLA_TXQLEN};
  status = netlink->request(call, 0, RTM_NEWLINK, 0, &queue, sizeof queue, NULL, NULL);
  if (status != NETRIG_INVALID || host->last_error(call, &error) != NETRIG_OK)
    return host->fail(call, NETRIG_INTERNAL, "what is invalid is not INVALID");
  const struct netrig_log* log = host->service(call, NETRIG_LOG_1);
  char line[512];
  snprintf(line, sizeof line, "refused at %d: %s", (int)error.offset, error.message);
  log->write(call, NETRIG_LOG_WARNING, line);
  if (strcmp(text_of(host, call, "fail"), "with the kernel") == 0)
    return host->fail(call, NETRIG_BUSY, "the queue of this bridge does not fit");
  return NETRIG_OK;
}

static netrig_status create(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request) {
  (void)request;
  const char* fail = text_of(host, call, "fail");
  if (strcmp(fail, "before the record") == 0) return host->fail(call, NETRIG_BUSY, "it fails before it saves anything");
  netrig_status status = save_word(host, call);
  if (status != NETRIG_OK) return status;
  if (strcmp(fail, "behind the record") == 0) return host->fail(call, NETRIG_BUSY, "it fails after it has saved");
  uint8_t stumble = 0;
  host->get_bool(call, "stumble", 0, &stumble);
  if (stumble != 0 && (status = fail_and_go_on(host, call)) != NETRIG_OK) return status;
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  uint8_t buffer[64];
  const uint32_t size = ageing_data(host, call, buffer, sizeof buffer);
  if (stumble != 0) return netlink->set_link(call, 0, "bridge", NULL, 0, buffer, size);
  const struct netrig_link link = {.struct_size = sizeof link,
                                   .kind = "bridge",
                                   .data = buffer,
                                   .data_size = size,
                                   .peer = NETRIG_NONE,
                                   .lower = NETRIG_NONE};
  return netlink->create_link(call, &link);
}

static netrig_status change(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  (void)device;
  const char* word = text_of(host, call, "word");
  say(host, call, "change", word);
  if (host->changed(call, "word") != 0) {
    const netrig_status status = save_word(host, call);
    if (status != NETRIG_OK) return status;
  }
  if (host->changed(call, "ageing") != 0) {
    const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
    uint8_t buffer[64];
    const uint32_t size = ageing_data(host, call, buffer, sizeof buffer);
    const netrig_status status = netlink->set_link(call, 0, "bridge", NULL, 0, buffer, size);
    if (status != NETRIG_OK) return status;
    if (netlink->flush(call) != NETRIG_OK) return host->fail(call, NETRIG_IO, "");
  }
  return strcmp(word, "bad") == 0 ? host->fail(call, NETRIG_INVALID, "it does not like that word") : NETRIG_OK;
}

static netrig_status settle(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  const char* word = text_of(host, call, "word");
  say(host, call, "settle", word);
  if (device->interfaces[0]->ifindex == 0) return host->fail(call, NETRIG_INTERNAL, "settle comes too early");
  return strcmp(text_of(host, call, "fail"), "settle") == 0 ? host->fail(call, NETRIG_BUSY, "it does not settle")
                                                            : NETRIG_OK;
}

static netrig_status destroy(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  char word[128] = "";
  snprintf(word, sizeof word, "%.*s as %s", (int)device->record_size, (const char*)device->record,
           text_of(host, call, "word"));
  say(host, call, "destroy", word);
  return ((const struct netrig_netlink*)host->service(call, NETRIG_NETLINK_1))->delete_link(call, 0);
}

struct seen {
  int found;
  uint32_t ticks;
};
static void look_at(void* user, uint16_t type, const void* value, uint32_t size) {
  struct seen* seen = user;
  const unsigned char* at = value;
  if (type != IFLA_LINKINFO) return;
  /* IFLA_LINKINFO, IFLA_INFO_DATA, IFLA_BR_AGEING_TIME */
  for (int level = 0; level < 2; ++level) {
    const uint16_t wanted = level == 0 ? IFLA_INFO_DATA : IFLA_BR_AGEING_TIME;
    int found = 0;
    while (size >= 4 && !found) {
      uint16_t header[2];
      memcpy(header, at, sizeof header);
      if (header[0] < 4 || header[0] > size) return;
      if ((header[1] & 0x3fff) == wanted) {
        found = 1;
        at += 4;
        size = header[0] - 4u;
      } else {
        const uint32_t step = (header[0] + 3u) & ~3u;
        if (step >= size) return;
        at += step;
        size -= step;
      }
    }
    if (!found) return;
  }
  memcpy(&seen->ticks, at, sizeof seen->ticks);
  seen->found = 1;
}
static netrig_status inspect(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  if (strcmp(text_of(host, call, "fail"), "inspect") == 0)
    return host->fail(call, NETRIG_BUSY, "it does not tell how it is");
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  struct seen seen = {0, 0};
  const netrig_status status = netlink->get_link(call, 0, look_at, &seen);
  if (status != NETRIG_OK) return status;
  if (seen.found) host->set_integer(call, "ageing", 0, seen.ticks / TICKS);
  char word[64] = "";
  snprintf(word, sizeof word, "%.*s", (int)device->record_size, (const char*)device->record);
  host->set_string(call, "word", 0, word);
  host->set_state(call, "mood", "well");
  return NETRIG_OK;
}

NETRIG_TABLE(5) = {
    NETRIG_TABLE_NOTE,
    .about = {NETRIG_ABOUT(5),
              .functions = NETRIG_FUNCTION_CREATE | NETRIG_FUNCTION_DESTROY | NETRIG_FUNCTION_INSPECT |
                           NETRIG_FUNCTION_CHANGE | NETRIG_FUNCTION_SETTLE,
              .min_interfaces = 1, .max_interfaces = 1, .max_ports = 1023, .name = "live", .version = "1.0.0",
              .summary = "bridge with every operation", .link_kinds = "bridge"},
    .parameters = {
        {NETRIG_PARAMETER, .name = "ageing", .type = NETRIG_TYPE_INTEGER, .minimum = 10, .maximum = 1000,
         .flags = NETRIG_PARAMETER_INSPECTED, .unset_text = "300", .help = "seconds until a MAC is forgotten"},
        {NETRIG_PARAMETER, .name = "word", .type = NETRIG_TYPE_STRING, .default_text = "plain",
         .flags = NETRIG_PARAMETER_INSPECTED, .help = "something that only the record has"},
        {NETRIG_PARAMETER, .name = "beside", .type = NETRIG_TYPE_INTERFACE, .flags = NETRIG_PARAMETER_CREATE_ONLY,
         .help = "an interface that it is told of"},
        {NETRIG_PARAMETER, .name = "stumble", .type = NETRIG_TYPE_BOOL, .flags = NETRIG_PARAMETER_CREATE_ONLY,
         .help = "whether services fail on the way"},
        {NETRIG_PARAMETER, .name = "fail", .type = NETRIG_TYPE_STRING, .help = "where it says no"}}};
NETRIG_EXPORT const struct netrig_functions netrig_driver = {.struct_size = sizeof netrig_driver,
                                                             .create = create,
                                                             .destroy = destroy,
                                                             .inspect = inspect,
                                                             .change = change,
                                                             .settle = settle};
