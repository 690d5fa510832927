/* SPDX-License-Identifier: Apache-2.0
 * A kernel in which links are numbers and lists of attributes. */
#include "internal.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <string.h>

#include <netrig/rules.h>

struct netrig_mock_asked* mock_ask(struct netrig_mock* mock, const char* call, uint32_t interface, const char* text) {
  struct netrig_mock_asked* asked = ADD(mock->asked);
  asked->call = call;
  asked->text = text;
  asked->interface = interface;
  asked->status = -1;
  asked->peer = asked->lower = NETRIG_NONE;
  asked->fd = -1;
  return asked;
}

netrig_status mock_kernel(struct netrig_mock* mock, struct netrig_mock_asked* asked, const char* what) {
  asked->status = NETRIG_OK;
  for (uint32_t i = 0; i < mock->refusals.count; ++i) {
    struct refusal* one = &mock->refusals.list[i];
    if ((one->call != NULL && strcmp(one->call, asked->call) != 0) || one->left == 0 || --one->left != 0) continue;
    asked->error_number = one->error_number;
    asked->status = netrig_status_of(one->error_number);
    mock_fails(mock, asked->status, one->error_number, one->words, "the kernel refuses %s: %s%s%s", what,
               strerror(one->error_number), one->words[0] == '\0' ? "" : ": ", one->words);
  }
  return asked->status;
}

void mock_make(struct netrig_mock* mock, uint32_t interface, const char* kind) {
  struct interface* one = &mock->interfaces.list[interface];
  one->raw.ifindex = mock->next_ifindex++;
  one->covered = true;
  one->kind = kind;
}

void mock_remove(struct netrig_mock* mock, uint32_t interface) {
  struct interface* one = &mock->interfaces.list[interface];
  one->raw.ifindex = 0;
  one->covered = false;
  one->kind = NULL;
  one->link = one->data = (struct netrig_mock_bytes){NULL, 0};
  const uint32_t peer = one->peer;
  one->peer = NETRIG_NONE;
  if (peer != NETRIG_NONE) mock_remove(mock, peer);
}

static const char* name_of(const struct netrig_mock* mock, const struct netrig_mock_asked* asked) {
  return mock->interfaces.list[asked->interface].raw.name;
}

static void make_link(struct netrig_mock* mock, const struct netrig_mock_asked* asked) {
  struct interface* one = &mock->interfaces.list[asked->interface];
  mock_make(mock, asked->interface, asked->text);
  one->link = asked->attributes;
  one->data = asked->data;
  if (asked->peer == NETRIG_NONE) return;
  mock_make(mock, asked->peer, asked->text);
  mock->interfaces.list[asked->peer].link = asked->peer_attributes;
  mock->interfaces.list[asked->peer].peer = asked->interface;
  one->peer = asked->peer;
}

static netrig_status carry_out(struct netrig_mock* mock, const struct order* order) {
  struct netrig_mock_asked* asked = &mock->asked.list[order->asked];
  struct interface* one = &mock->interfaces.list[asked->interface];
  netrig_status status;
  switch (order->what) {
    case CREATE:
      status = mock_kernel(mock, asked, mock_text(mock, "a %s %s", asked->text, name_of(mock, asked)));
      if (status == NETRIG_OK) make_link(mock, asked);
      return status;
    case SET:
      status = mock_kernel(mock, asked, mock_text(mock, "a change of %s", name_of(mock, asked)));
      if (status != NETRIG_OK) return status;
      one->link = mock_merged(mock, one->link, asked->attributes);
      one->data = mock_merged(mock, one->data, asked->data);
      return status;
    case DELETE:
      status = mock_kernel(mock, asked, mock_text(mock, "the removal of %s", name_of(mock, asked)));
      if (status == NETRIG_NOT_FOUND) { /* somebody else was faster, and that is no error */
        asked->status = status = NETRIG_OK;
        mock->failed = false;
      }
      if (status == NETRIG_OK && !mock_borrows(mock)) mock_remove(mock, asked->interface);
      return status;
  }
  return NETRIG_INTERNAL;
}

netrig_status mock_carry_out(struct netrig_mock* mock) {
  netrig_status status = NETRIG_OK;
  for (uint32_t i = 0; i < mock->orders.count; ++i) {
    const struct order* order = &mock->orders.list[i];
    const struct netrig_mock_asked* asked = &mock->asked.list[order->asked];
    if (status == NETRIG_OK) status = carry_out(mock, order);
    /* That one and those behind it are dropped, and may be asked for again. */
    if (status == NETRIG_OK || order->what != CREATE) continue;
    mock->interfaces.list[asked->interface].covered = false;
    if (asked->peer != NETRIG_NONE) mock->interfaces.list[asked->peer].covered = false;
  }
  mock->orders.count = 0;
  return status;
}

/* ---- lists of attributes -------------------------------------------------------------------------------------------
 */

bool mock_next(struct netrig_mock_bytes list, uint32_t* at, struct netrig_mock_attribute* one) {
  uint16_t header[2];
  if (*at >= list.size || list.size - *at < sizeof header) return false;
  memcpy(header, (const char*)list.data + *at, sizeof header);
  if (header[0] < sizeof header || header[0] > list.size - *at) return false;
  one->type = header[1] & 0x3fffu; /* NLA_TYPE_MASK */
  one->value =
      (struct netrig_mock_bytes){(const char*)list.data + *at + sizeof header, header[0] - (uint32_t)sizeof header};
  *at += mock_padded(header[0]);
  return true;
}

bool mock_well_formed(struct netrig_mock_bytes list) {
  struct netrig_mock_attribute one;
  uint32_t at = 0;
  while (mock_next(list, &at, &one)) continue;
  return at >= list.size;
}

uint32_t netrig_mock_attributes(struct netrig_mock_bytes list, struct netrig_mock_attribute* attributes,
                                uint32_t most) {
  struct netrig_mock_attribute one;
  uint32_t count = 0;
  for (uint32_t at = 0; mock_next(list, &at, &one); ++count)
    if (count < most) attributes[count] = one;
  return count;
}

struct netrig_mock_bytes netrig_mock_get(struct netrig_mock_bytes list, uint16_t type) {
  struct netrig_mock_attribute one;
  struct netrig_mock_bytes last = {NULL, 0};
  for (uint32_t at = 0; mock_next(list, &at, &one);)
    if (one.type == type) last = one.value;
  return last;
}

uint64_t netrig_mock_number(struct netrig_mock_bytes list, uint16_t type, uint64_t otherwise) {
  const struct netrig_mock_bytes value = netrig_mock_get(list, type);
  uint8_t one;
  uint16_t two;
  uint32_t four;
  uint64_t eight;
  if (value.data == NULL) return otherwise;
  switch (value.size) {
    case sizeof one:
      return memcpy(&one, value.data, sizeof one), one;
    case sizeof two:
      return memcpy(&two, value.data, sizeof two), two;
    case sizeof four:
      return memcpy(&four, value.data, sizeof four), four;
    case sizeof eight:
      return memcpy(&eight, value.data, sizeof eight), eight;
    default:
      mock_misused("attribute %u has %u bytes, and is no number", type, value.size);
  }
}

struct netrig_mock_bytes mock_merged(struct netrig_mock* mock, struct netrig_mock_bytes list,
                                     struct netrig_mock_bytes more) {
  struct netrig_mock_attribute one;
  char* merged = mock_room(mock, (size_t)mock_padded(list.size) + more.size); /* all zero */
  uint32_t size = 0;
  for (uint32_t at = 0, next = 0; mock_next(list, &next, &one); at = next) {
    if (netrig_mock_get(more, one.type).data != NULL) continue;
    memcpy(merged + size, (const char*)list.data + at, sizeof(uint16_t) * 2 + one.value.size);
    size += next - at;
  }
  if (more.size != 0) memcpy(merged + size, more.data, more.size);
  return (struct netrig_mock_bytes){merged, size + more.size};
}
