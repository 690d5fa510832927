/* SPDX-License-Identifier: Apache-2.0
 *
 * Builds netlink attributes (linux/netlink.h: struct nlattr) into a buffer of the caller. Inline, freestanding, C and
 * C++. The builder remembers the first overflow; check `overflow` once at the end.
 */
#ifndef NETRIG_ATTRIBUTES_H
#define NETRIG_ATTRIBUTES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A list of attributes under construction. Owner: caller, the buffer too. Since: 0.9 */
struct netrig_attributes {
  uint8_t* buffer;
  uint32_t capacity; /**< Units: bytes */
  uint32_t size;     /**< bytes used, a multiple of 4 */
  uint32_t overflow; /**< 1: something did not fit; what is in the buffer is not to be used */
  uint32_t reserved;
};

/** Appends one attribute. size: at most 65531 (nla_len is 16 bit and counts its 4-byte header). */
static inline void netrig_put(struct netrig_attributes* list, uint16_t type, const void* value, uint32_t size) {
  const uint64_t length = 4u + (uint64_t)size;
  const uint64_t padded = (length + 3u) & ~(uint64_t)3u;
  if (list->overflow || length > UINT16_MAX || padded > list->capacity - list->size) {
    list->overflow = 1;
    return;
  }
  uint8_t* out = list->buffer + list->size;
  const uint16_t length16 = (uint16_t)length;
  const uint8_t* from[3] = {(const uint8_t*)&length16, (const uint8_t*)&type, (const uint8_t*)value};
  const uint64_t sizes[3] = {sizeof length16, sizeof type, size};
  for (int part = 0; part < 3; ++part)
    for (uint64_t i = 0; i < sizes[part]; ++i) *out++ = from[part][i];
  for (uint64_t i = length; i < padded; ++i) *out++ = 0;
  list->size += (uint32_t)padded;
}

static inline void netrig_put_u8(struct netrig_attributes* list, uint16_t type, uint8_t value) {
  netrig_put(list, type, &value, sizeof value);
}
static inline void netrig_put_u16(struct netrig_attributes* list, uint16_t type, uint16_t value) {
  netrig_put(list, type, &value, sizeof value);
}
/** Big-endian, as the kernel wants EtherTypes (IFLA_BR_VLAN_PROTOCOL). */
static inline void netrig_put_be16(struct netrig_attributes* list, uint16_t type, uint16_t value) {
  const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};
  netrig_put(list, type, bytes, sizeof bytes);
}
static inline void netrig_put_u32(struct netrig_attributes* list, uint16_t type, uint32_t value) {
  netrig_put(list, type, &value, sizeof value);
}
static inline void netrig_put_u64(struct netrig_attributes* list, uint16_t type, uint64_t value) {
  netrig_put(list, type, &value, sizeof value);
}

/** Opens a nest; returns the mark that netrig_nest_end wants. The kernel's newer policies want NLA_F_NESTED in type. */
static inline uint32_t netrig_nest_begin(struct netrig_attributes* list, uint16_t type) {
  const uint32_t mark = list->size;
  netrig_put(list, type, NULL, 0);
  return mark;
}
/** Closes the nest: writes its length. */
static inline void netrig_nest_end(struct netrig_attributes* list, uint32_t mark) {
  const uint32_t length = list->size - mark;
  if (list->overflow) return;
  if (length > UINT16_MAX) {
    list->overflow = 1;
    return;
  }
  const uint16_t length16 = (uint16_t)length;
  const uint8_t* from = (const uint8_t*)&length16;
  list->buffer[mark] = from[0];
  list->buffer[mark + 1] = from[1];
}

#ifdef __cplusplus
}
#endif

#endif /* NETRIG_ATTRIBUTES_H */
