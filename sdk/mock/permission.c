/* SPDX-License-Identifier: Apache-2.0
 * What an operation of a driver may ask for: host/driver/permission.cpp, for one device. */
#include "internal.h"

#include <fnmatch.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include <netrig/rules.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

netrig_status mock_may_operate(struct netrig_mock* mock, uint32_t function) {
  return mock->function == function ? NETRIG_OK : mock_deny(mock, "NRD-25", "a service in the wrong operation");
}

netrig_status mock_may_change(struct netrig_mock* mock, const char* what) {
  if (mock->function != NETRIG_FUNCTION_INSPECT) return NETRIG_OK;
  return mock_deny(mock, "NRD-40", "a change where it is only asked how things are (%s)", what);
}

netrig_status mock_has_interface(struct netrig_mock* mock, uint32_t interface) {
  if (interface < mock->interfaces.count) return NETRIG_OK;
  return mock_deny(mock, "NRD-25", "interface %u of %u", interface, mock->interfaces.count);
}

netrig_status mock_may_cover(struct netrig_mock* mock, uint32_t interface) {
  const netrig_status status = mock_has_interface(mock, interface);
  if (status != NETRIG_OK) return status;
  if (mock->interfaces.list[interface].covered) return mock_deny(mock, "NRD-25", "interface %u twice", interface);
  mock->interfaces.list[interface].covered = true;
  return NETRIG_OK;
}

netrig_status mock_may_make(struct netrig_mock* mock, const char* kind) {
  const char* at = mock->table->link_kinds;
  for (size_t length; *(at += strspn(at, " ")) != '\0'; at += length) {
    length = strcspn(at, " ");
    if (strlen(kind) == length && memcmp(at, kind, length) == 0) return NETRIG_OK;
  }
  return mock_deny(mock, "NRD-25", "a link of kind \"%s\", which its table does not declare", kind);
}

static netrig_status may_have_list(struct netrig_mock* mock, struct netrig_mock_bytes list) {
  if (list.size > NETRIG_ATTRIBUTES_MAX) return mock_deny(mock, "NRD-25", "%u bytes of attributes", list.size);
  if (!mock_well_formed(list)) return mock_deny(mock, "NRD-25", "an attribute is cut off");
  return NETRIG_OK;
}

static netrig_status may_set(struct netrig_mock* mock, struct netrig_mock_bytes list) {
  netrig_status status = may_have_list(mock, list);
  struct netrig_mock_attribute one;
  for (uint32_t at = 0; status == NETRIG_OK && mock_next(list, &at, &one);) {
    bool harmless = false;
    for (size_t k = 0; k < COUNT(netrig_harmless); ++k) harmless = harmless || netrig_harmless[k] == one.type;
    if (!harmless) status = mock_deny(mock, "NRD-25", "link attribute %u", one.type);
  }
  return status;
}

static uint16_t peer_attribute(const char* kind) {
  for (size_t i = 0; i < COUNT(netrig_reaches); ++i)
    if (netrig_reaches[i].reach == NETRIG_REACHES_PEER && strcmp(netrig_reaches[i].kind, kind) == 0)
      return netrig_reaches[i].attribute;
  return 0;
}

netrig_status mock_may_order(struct netrig_mock* mock, const char* kind, struct netrig_mock_bytes attributes,
                             struct netrig_mock_bytes data) {
  if (++mock->order_count > NETRIG_ORDERS_MAX)
    return mock_deny(mock, "NRD-25", "more than %u links and changes in one operation", NETRIG_ORDERS_MAX);
  netrig_status status = may_set(mock, attributes);
  if (status == NETRIG_OK) status = may_have_list(mock, data);
  for (size_t i = 0; i < COUNT(netrig_reaches) && status == NETRIG_OK; ++i) {
    const struct netrig_reach_row* row = &netrig_reaches[i];
    if (strcmp(row->kind, kind) != 0 || netrig_mock_get(data, row->attribute).data == NULL) continue;
    status = row->reach == NETRIG_REACHES_PEER
                 ? mock_deny(mock, "NRD-18", "the second end of a %s in its data; name it as peer", kind)
             : row->reach == NETRIG_REACHES_INTERFACE
                 ? mock_deny(mock, "NRD-18",
                             "attribute %u of a %s by a number of its own, which is another interface's; only a "
                             "table's reference gives one",
                             row->attribute, kind)
                 : mock_deny(mock, "NRD-18", "attribute %u of a %s, which is an open file", row->attribute, kind);
  }
  return status;
}

netrig_status mock_may_have_peer(struct netrig_mock* mock, const struct netrig_link* link) {
  if (link->peer == NETRIG_NONE && peer_attribute(link->kind) == 0) return NETRIG_OK;
  if (link->peer == NETRIG_NONE)
    return mock_deny(mock, "NRD-39", "a %s without its second end, which the kernel would make under a name of its own",
                     link->kind);
  if (link->peer_type == 0 || link->peer_type != peer_attribute(link->kind))
    return mock_deny(mock, "NRD-18", "a second end of a %s by attribute %u", link->kind, link->peer_type);
  const netrig_status status =
      may_set(mock, (struct netrig_mock_bytes){link->peer_attributes, link->peer_attributes_size});
  if (status == NETRIG_OK && (uint64_t)link->data_size + link->peer_attributes_size > NETRIG_ATTRIBUTES_MAX)
    return mock_deny(mock, "NRD-25", "%u bytes of attributes", link->data_size + link->peer_attributes_size);
  return status == NETRIG_OK ? mock_may_cover(mock, link->peer) : status;
}

/** RTM_NEWNEIGH or RTM_DELNEIGH: nothing of a bridge that the interface is a port of. */
static netrig_status may_change_neighbour(struct netrig_mock* mock, uint16_t type, uint16_t flags,
                                          const void* message) {
  struct ndmsg header;
  memcpy(&header, message, sizeof header);
  if ((mock->granted & NETRIG_WANTS_NET_ADMIN) != 0) return NETRIG_OK;
  if (type == RTM_DELNEIGH && (flags & NLM_F_BULK) != 0)
    return mock_deny(mock, "NRD-39", "many forwarding entries at once");
  if (header.ndm_family == AF_BRIDGE && (header.ndm_flags == 0 || (header.ndm_flags & NTF_MASTER) != 0))
    return mock_deny(mock, "NRD-39", "a forwarding entry of the bridge that its interface is a port of");
  return NETRIG_OK;
}

static netrig_status may_say_of_link(struct netrig_mock* mock, struct netrig_mock_bytes info) {
  if (netrig_mock_get(info, IFLA_INFO_SLAVE_KIND).data == NULL &&
      netrig_mock_get(info, IFLA_INFO_SLAVE_DATA).data == NULL)
    return NETRIG_OK;
  return mock_deny(mock, "NRD-39", "settings of its interface as a port, which are for the lab file to say");
}

static bool has(struct netrig_mock_bytes bytes, const char* word, uint32_t size) {
  for (uint32_t at = 0; at + size <= bytes.size; ++at)
    if (memcmp((const char*)bytes.data + at, word, size) == 0) return true;
  return false;
}

netrig_status mock_may_request(struct netrig_mock* mock, uint16_t type, uint16_t flags,
                               struct netrig_mock_bytes message, uint32_t* header) {
  static const uint16_t links[] = {RTM_NEWLINK, RTM_GETLINK};
  static const uint16_t neighbours[] = {RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH};
  static const uint16_t control[] = {RTM_NEWQDISC,  RTM_DELQDISC,   RTM_GETQDISC,   RTM_NEWTCLASS, RTM_DELTCLASS,
                                     RTM_GETTCLASS, RTM_NEWTFILTER, RTM_DELTFILTER, RTM_GETTFILTER};
  *header = 0;
  for (size_t i = 0; i < COUNT(links); ++i)
    if (links[i] == type) *header = sizeof(struct ifinfomsg);
  for (size_t i = 0; i < COUNT(neighbours); ++i)
    if (neighbours[i] == type) *header = sizeof(struct ndmsg);
  for (size_t i = 0; i < COUNT(control); ++i)
    if (control[i] == type) *header = sizeof(struct tcmsg);
  if (*header == 0) return mock_deny(mock, "NRD-25", "a request of type %u", type);
  if (message.size > NETRIG_ATTRIBUTES_MAX) return mock_deny(mock, "NRD-25", "%u bytes of attributes", message.size);
  if (message.size < *header) return mock_deny(mock, "NRD-25", "a request without its family header");
  const char* what = mock_text(mock, "a request of type %u", type);
  netrig_status status = (type & 3u) == (RTM_GETLINK & 3u) ? NETRIG_OK : mock_may_change(mock, what);
  const bool changes_entry = type == RTM_NEWNEIGH || type == RTM_DELNEIGH;
  if (status == NETRIG_OK && changes_entry) status = may_change_neighbour(mock, type, flags, message.data);
  const struct netrig_mock_bytes list = {(const char*)message.data + *header, message.size - *header};
  if (status == NETRIG_OK) status = may_have_list(mock, list);
  struct netrig_mock_attribute one;
  for (uint32_t at = 0; status == NETRIG_OK && mock_next(list, &at, &one);) {
    const bool may = type == RTM_NEWLINK ? one.type == IFLA_LINKINFO || one.type == IFLA_TXQLEN ||
                                               one.type == IFLA_AF_SPEC || one.type == IFLA_PROTINFO
                                         : type != RTM_GETLINK || one.type == IFLA_EXT_MASK;
    if (!may) status = mock_deny(mock, "NRD-25", "link attribute %u", one.type);
    if (may && type == RTM_NEWLINK && one.type == IFLA_LINKINFO) status = may_say_of_link(mock, one.value);
    if (changes_entry && one.type == NDA_IFINDEX)
      status = mock_deny(mock, "NRD-18", "a forwarding entry over another interface");
    if (type == RTM_NEWQDISC && (one.type == TCA_INGRESS_BLOCK || one.type == TCA_EGRESS_BLOCK))
      status = mock_deny(mock, "NRD-39", "filters that it shares with other interfaces");
  }
  static const char mirred[] = {'m', 'i', 'r', 'r', 'e', 'd'};
  if (status == NETRIG_OK && type == RTM_NEWTFILTER && has(message, mirred, sizeof mirred))
    status = mock_deny(mock, "NRD-39", "a filter that sends packets to another interface");
  if (status == NETRIG_OK && type == RTM_NEWLINK && (flags & (NLM_F_CREATE | NLM_F_REPLACE)) != 0)
    status = mock_deny(mock, "NRD-25", "a link made by a raw request");
  if (status == NETRIG_OK && type == RTM_GETLINK && (flags & NLM_F_DUMP) != 0)
    status = mock_deny(mock, "NRD-25", "a list of all links");
  return status;
}

static bool granted_family(const struct netrig_mock* mock, const char* name) {
  if ((mock->granted & NETRIG_WANTS_NET_ADMIN) != 0) return true;
  for (uint32_t i = 0; i < mock->granted_families.count; ++i)
    if (strcmp(mock->granted_families.list[i], name) == 0) return true;
  return false;
}

static netrig_status deny_family(struct netrig_mock* mock, const char* family) {
  return mock_deny(mock, "NRD-25",
                   "a request to generic netlink family %s; without CAP_NET_ADMIN, or a grant of that family, only "
                   "\"ethtool\" is allowed",
                   family);
}

netrig_status mock_may_have_family(struct netrig_mock* mock, const char* name) {
  if (strlen(name) >= GENL_NAMSIZ) return mock_deny(mock, "NRD-25", "a generic netlink family by no name of one");
  if (granted_family(mock, name) || strcmp(name, "ethtool") == 0 || strcmp(name, "nlctrl") == 0) return NETRIG_OK;
  return deny_family(mock, mock_text(mock, "\"%s\"", name));
}

bool mock_genl_reads(const char* family, uint8_t command, uint16_t flags) {
  if (strcmp(family, "ethtool") == 0) return memchr(netrig_ethtool_reads, command, sizeof netrig_ethtool_reads) != NULL;
  if (strcmp(family, "nlctrl") == 0) return command == CTRL_CMD_GETFAMILY || command == CTRL_CMD_GETPOLICY;
  /* NL80211_CMD_TESTMODE, NL80211_CMD_VENDOR */
  if (strcmp(family, "nl80211") == 0 && (command == 45 || command == 103)) return false;
  return (flags & NLM_F_DUMP) == NLM_F_DUMP;
}

enum about { NOTHING, IT, ANOTHER };

/** Which interface attributes name, by number or by name (0: none does). */
static enum about about(const struct interface* interface, struct netrig_mock_bytes list, uint16_t number,
                        uint16_t called) {
  const struct netrig_mock_bytes none = {NULL, 0};
  const struct netrig_mock_bytes index = netrig_mock_get(list, number);
  const struct netrig_mock_bytes name = called == 0 ? none : netrig_mock_get(list, called);
  if (index.data == NULL && name.data == NULL) return NOTHING;
  const bool by_index = index.data == NULL || (index.size == sizeof interface->raw.ifindex &&
                                               memcmp(index.data, &interface->raw.ifindex, index.size) == 0);
  const char* nul = name.data == NULL ? NULL : memchr(name.data, 0, name.size);
  const size_t length = nul == NULL ? name.size : (size_t)(nul - (const char*)name.data);
  const bool by_name = name.data == NULL ||
                       (length == strlen(interface->raw.name) && memcmp(name.data, interface->raw.name, length) == 0);
  return by_index && by_name ? IT : ANOTHER;
}

/** Whether the last of its request headers (attribute 1) names this very interface. */
static bool is_about(const struct interface* interface, struct netrig_mock_bytes list) {
  struct netrig_mock_attribute one;
  bool it = false;
  for (uint32_t at = 0; mock_next(list, &at, &one);)
    if (one.type == 1) it = about(interface, one.value, ETHTOOL_A_HEADER_DEV_INDEX, ETHTOOL_A_HEADER_DEV_NAME) == IT;
  return it;
}

/** Nothing that the kernel would look up in netrig's own process. */
static netrig_status may_name(struct netrig_mock* mock, const char* family, struct netrig_mock_bytes attributes) {
  for (size_t i = 0; i < COUNT(netrig_genl_refused); ++i) {
    const struct netrig_genl_refused_row* row = &netrig_genl_refused[i];
    if (strcmp(row->family, family) != 0) continue;
    bool named = row->nest == 0 && netrig_mock_get(attributes, row->attribute).data != NULL;
    struct netrig_mock_attribute one;
    for (uint32_t at = 0; row->nest != 0 && mock_next(attributes, &at, &one);)
      named = named || (one.type == row->nest && netrig_mock_get(one.value, row->attribute).data != NULL);
    if (named)
      return mock_deny(mock, "NRD-18",
                       "attribute %u of generic netlink family \"%s\", which is %s by a number of netrig's own",
                       row->attribute, family, row->what);
  }
  return NETRIG_OK;
}

/** Of a family whose requests name an interface: this one. */
static netrig_status may_be_about(struct netrig_mock* mock, uint32_t interface, const char* family, uint16_t flags,
                                  struct netrig_mock_bytes attributes) {
  if ((mock->granted & NETRIG_WANTS_NET_ADMIN) != 0) return NETRIG_OK;
  for (size_t i = 0; i < COUNT(netrig_genl_interfaces); ++i) {
    const struct netrig_genl_interface_row* row = &netrig_genl_interfaces[i];
    if (strcmp(row->family, family) != 0) continue;
    const enum about which = about(&mock->interfaces.list[interface], attributes, row->number, row->name);
    if (which == ANOTHER || (which == NOTHING && (flags & NLM_F_DUMP) != NLM_F_DUMP))
      return mock_deny(mock, "NRD-39", "a request to generic netlink family \"%s\" that is not about its interface",
                       family);
  }
  return NETRIG_OK;
}

static const char* looked_up(const struct netrig_mock* mock, uint16_t number) {
  if (number == GENL_ID_CTRL) return mock->control_resolved ? "nlctrl" : NULL;
  if (number < FIRST_FAMILY || number - FIRST_FAMILY >= mock->families.count) return NULL;
  const struct family* one = &mock->families.list[number - FIRST_FAMILY];
  return one->resolved ? one->name : NULL;
}

netrig_status mock_may_genl(struct netrig_mock* mock, uint32_t interface, uint16_t family, uint8_t command,
                            uint16_t flags, struct netrig_mock_bytes attributes) {
  if (family < NLMSG_MIN_TYPE) return mock_deny(mock, "NRD-25", "generic netlink family %u", family);
  const char* name = looked_up(mock, family);
  const char* shown = name == NULL ? mock_text(mock, "%u", family) : mock_text(mock, "\"%s\"", name);
  netrig_status status = NETRIG_OK;
  if (!mock_genl_reads(name == NULL ? "" : name, command, flags))
    status = mock_may_change(mock, mock_text(mock, "command %u of generic netlink family %s", command, shown));
  if (status == NETRIG_OK && name == NULL)
    status = mock_deny(mock, "NRD-25",
                       "a request to generic netlink family %u, which it has not looked up in this operation", family);
  if (status == NETRIG_OK) status = may_have_list(mock, attributes);
  if (status != NETRIG_OK) return status;
  if (granted_family(mock, name)) {
    status = may_name(mock, name, attributes);
    return status == NETRIG_OK ? may_be_about(mock, interface, name, flags, attributes) : status;
  }
  if (strcmp(name, "ethtool") != 0) return deny_family(mock, shown);
  if ((flags & NLM_F_DUMP) != 0) return mock_deny(mock, "NRD-25", "a list of all interfaces");
  if (command == netrig_ethtool_flash) return mock_deny(mock, "NRD-25", "to flash firmware");
  if (!is_about(&mock->interfaces.list[interface], attributes))
    return mock_deny(mock, "NRD-25", "an ethtool request that is not about its interface");
  return NETRIG_OK;
}

netrig_status mock_may_read(struct netrig_mock* mock, const char* path) {
  if (path[0] == '\0' || path[0] == '/' || strlen(path) > 255 || strstr(path, "..") != NULL)
    return mock_deny(mock, "NRD-18", "a sysfs path that leaves the interface");
  return NETRIG_OK;
}

netrig_status mock_may_write(struct netrig_mock* mock, const char* path) {
  netrig_status status = mock_may_read(mock, path);
  if (status == NETRIG_OK) status = mock_may_change(mock, "a write to sysfs");
  bool granted = false;
  for (uint32_t i = 0; i < mock->granted_attributes.count; ++i)
    granted = granted || fnmatch(mock->granted_attributes.list[i], path, FNM_PATHNAME | FNM_NOESCAPE) == 0;
  if (status == NETRIG_OK && !granted)
    status = mock_deny(mock, "NRD-25",
                       "a write to %s in sysfs, which its table does not ask for or the policy does not grant", path);
  return status;
}
