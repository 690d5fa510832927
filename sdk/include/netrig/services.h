/* SPDX-License-Identifier: Apache-2.0
 *
 * Host services: what the netrig host does on behalf of a driver, each a table of functions found by id with
 * netrig_host::service. The host executes them, after checking each against what the running operation allows: link
 * kinds that the plugin's table declares, names and namespaces of this request. A driver that uses only services needs
 * no privilege at all. What the kernel refuses comes back as status, and netrig_host::last_error has all of it:
 * EEXIST is NETRIG_EXISTS, ENOENT, ENODEV and ESRCH are NETRIG_NOT_FOUND.
 *
 * The rules at the top of netrig/driver.h hold here too.
 */
#ifndef NETRIG_SERVICES_H
#define NETRIG_SERVICES_H

#include <netrig/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- netrig.netlink/1: kernel links ------------------------------------------------------------------------- */

#define NETRIG_NETLINK_1 "netrig.netlink/1"

/** One link to be made by RTM_NEWLINK. Attributes are netlink attributes (struct nlattr, padded to 4 bytes, host byte
 *  order unless the kernel says otherwise), as netrig/attributes.h builds them. Since: 0.9 */
struct netrig_link {
  uint32_t struct_size;
  uint32_t interface;          /**< index in the request; the host fills name, namespace, MAC, MTU and ifindex */
  const char* kind;            /**< IFLA_INFO_KIND, one of those in the table */
  const void* attributes;      /**< top-level IFLA_*: queues, GSO and GRO limits; NULL: none */
  const void* data;            /**< content of IFLA_INFO_DATA, without what ties links; NULL: none */
  const void* peer_attributes; /**< like `attributes`, for the peer */
  uint32_t attributes_size;
  uint32_t data_size;
  uint32_t peer_attributes_size;
  /** Second interface that the same message makes (veth, netkit): index in the request, or NETRIG_NONE. */
  uint32_t peer;
  uint32_t peer_type; /**< attribute in IFLA_INFO_DATA that carries it: VETH_INFO_PEER */
  /** Number of the reference whose interface becomes IFLA_LINK (the lower link of a macvlan), or NETRIG_NONE. It may be
   *  in another namespace. Of a namespace: the link is made in it, without IFLA_LINK, and goes to its own then. */
  uint32_t lower;
};
NETRIG_ENDS_WITH(struct netrig_link, lower);

/** Called with one attribute of an answer. Owner: host; `value` lives until the function returns. Since: 0.9 */
typedef void netrig_attribute_fn(void* user, uint16_t type, const void* value, uint32_t size);

/** Creation and change are queued: they return NETRIG_OK when the order is well-formed, and the host carries them out
 *  together with those of other devices after the operation has returned. What the kernel then says becomes the error
 *  of this device. Since: 0.9 */
struct netrig_netlink {
  uint32_t struct_size;
  uint32_t reserved;
  /** create: queues a link. Errors: NETRIG_DENIED: kind, interface or attribute outside of what this call may do. */
  netrig_status (*create_link)(netrig_call* call, const struct netrig_link* link);
  /** create, change, settle: queues RTM_NEWLINK on a link of this device, with IFLA_INFO_DATA of that kind. kind NULL:
   *  no data. */
  netrig_status (*set_link)(netrig_call* call, uint32_t interface, const char* kind, const void* attributes,
                            uint32_t attributes_size, const void* data, uint32_t data_size);
  /** destroy: queues RTM_DELLINK of an interface of this device. One that is gone is no error. One that was there
   * before create, and that the driver moved here, is not deleted: give it back. */
  netrig_status (*delete_link)(netrig_call* call, uint32_t interface);
  /** Carries out what is queued now, in its order, and waits. Afterwards link_ifindex answers. If the kernel refuses
   *  one, those behind it are dropped, too, and links that were not made may be asked for again, with other attributes.
   *  Costs a round trip: avoid it. */
  netrig_status (*flush)(netrig_call* call);
  /** Ifindex of an interface of this device in its namespace; 0: not made yet. */
  uint32_t (*link_ifindex)(netrig_call* call, uint32_t interface);
  /** Not in validate, in create after flush: top-level attributes of the link (RTM_GETLINK), one call of `each` per
   *  attribute. Errors: NETRIG_NOT_FOUND: the link is gone. */
  netrig_status (*get_link)(netrig_call* call, uint32_t interface, netrig_attribute_fn* each, void* user);
  /** One rtnetlink request about an interface of this device, in its namespace: `message` is what follows struct
   *  nlmsghdr. Types: RTM_NEWLINK and RTM_GETLINK on that interface, RTM_*NEIGH, RTM_*QDISC, RTM_*TCLASS, RTM_*TFILTER;
   *  the host writes the ifindex into the family header. Each answer's payload goes to `answer` (NULL: ignored) with
   * the message type. Executed at once; flushes first. Errors: NETRIG_DENIED: other types; settings as a port; without
   * CAP_NET_ADMIN forwarding entries of a bridge that it is a port of; in inspect all but RTM_GET*. */
  netrig_status (*request)(netrig_call* call, uint32_t interface, uint16_t type, uint16_t flags, const void* message,
                           uint32_t size, netrig_attribute_fn* answer, void* user);
};
NETRIG_ENDS_WITH(struct netrig_netlink, request);

/* ---- netrig.genl/1: generic netlink ------------------------------------------------------------------------- */

#define NETRIG_GENL_1 "netrig.genl/1"

/** Generic netlink in the namespaces of the device. Since: 0.9 */
struct netrig_genl {
  uint32_t struct_size;
  uint32_t reserved;
  /** Number of a family in the namespace of `interface`. Errors: NETRIG_NOT_FOUND: the kernel has no such family;
   *  NETRIG_DENIED: without CAP_NET_ADMIN any but "ethtool", "nlctrl" and those
   *  that the policy grants (NETRIG_WANTS_GENL). */
  netrig_status (*family)(netrig_call* call, uint32_t interface, const char* name, uint16_t* id);
  /** One request to `family` in the namespace of `interface`: `attributes` follow struct genlmsghdr. Executed at once;
   *  flushes first. Each answer's attributes go to `answer` (NULL: ignored) with the command as type. Errors:
   *  NETRIG_DENIED: families that this operation has not looked up; numbers of files and processes, which would be the
   *  host's; without CAP_NET_ADMIN all but "ethtool" about this interface (its request header names it), and what the
   *  policy grants; in inspect all but commands of "ethtool" that read, and dumps. */
  netrig_status (*request)(netrig_call* call, uint32_t interface, uint16_t family, uint8_t command, uint8_t version,
                           uint16_t flags, const void* attributes, uint32_t size, netrig_attribute_fn* answer,
                           void* user);
};
NETRIG_ENDS_WITH(struct netrig_genl, request);

/* ---- netrig.socket/1: sockets that the host opens ------------------------------------------------------------- */

#define NETRIG_SOCKET_1 "netrig.socket/1"

#define NETRIG_SOCKET_ROUTE 1u   /**< AF_NETLINK, NETLINK_ROUTE. Needs CAP_NET_ADMIN, wanted by the table and granted */
#define NETRIG_SOCKET_GENERIC 2u /**< AF_NETLINK, NETLINK_GENERIC. Likewise */
#define NETRIG_SOCKET_PACKET 3u  /**< AF_PACKET, SOCK_RAW, protocol 0: not bound yet. Needs CAP_NET_RAW likewise */
#define NETRIG_OF_REFERENCE 0x80000000u /**< added to a reference's number where an interface's index is asked for */

/** For a driver that must do its own I/O: its process can open no socket and enter no namespace.
 *  Since: 0.9 */
struct netrig_socket {
  uint32_t struct_size;
  uint32_t reserved;
  /** A new socket in the namespace of `interface` (index in the request, or NETRIG_OF_REFERENCE + number of a
   *  reference). Owner: driver, who closes *fd. Errors: NETRIG_DENIED: the privilege is not wanted or not granted; in
   *  inspect always. */
  netrig_status (*open)(netrig_call* call, uint32_t interface, uint32_t kind, int32_t* fd);
};
NETRIG_ENDS_WITH(struct netrig_socket, open);

/* ---- netrig.tun/1: TUN and TAP -------------------------------------------------------------------------------- */

#define NETRIG_TUN_1 "netrig.tun/1"

#define NETRIG_TUN_IP 1u       /**< IFF_TUN: packets without a header of the link layer */
#define NETRIG_TUN_ETHERNET 2u /**< IFF_TAP: Ethernet frames */

#define NETRIG_TUN_MULTI_QUEUE 1u /**< IFF_MULTI_QUEUE: several queues at once */
#define NETRIG_TUN_VNET_HEADER 2u /**< IFF_VNET_HDR: struct virtio_net_hdr before each packet */
#define NETRIG_TUN_PACKET_INFO 4u /**< not IFF_NO_PI: struct tun_pi before each packet */

/** An interface whose packets a process reads and writes (linux/if_tun.h). Since: 0.9 */
struct netrig_tun_device {
  uint32_t struct_size;
  uint32_t interface; /**< index in the request; the host gives name, namespace, ifindex, MAC and MTU */
  uint32_t type;      /**< NETRIG_TUN_IP or NETRIG_TUN_ETHERNET */
  uint32_t flags;     /**< NETRIG_TUN_MULTI_QUEUE and those that follow */
  uint32_t owner; /**< user who may attach to it, beside whoever has CAP_NET_ADMIN. NETRIG_NONE: none, or root if there
                     is no group */
  uint32_t group; /**< likewise */
};
NETRIG_ENDS_WITH(struct netrig_tun_device, group);

/** Interfaces of that kind, and their packets. Since: 0.9 */
struct netrig_tun {
  uint32_t struct_size;
  uint32_t reserved;
  /** create: makes an interface that persists, at once. Its kernel link kind, "tun", is one that the table declares.
   *  Errors: NETRIG_EXISTS: the name is taken; NETRIG_UNSUPPORTED: this kernel has no TUN (CONFIG_TUN). */
  netrig_status (*create)(netrig_call* call, const struct netrig_tun_device* device);
  /** A new queue of an interface of this device, attached: what the driver reads is what the interface sends. Owner:
   *  driver, who closes *fd; the interface has a carrier while a queue is open. Not in inspect.
   *  Errors: NETRIG_DENIED: NETRIG_WANTS_TUN is not wanted or not granted; NETRIG_BUSY: it has all the queues that it
   *  can have; NETRIG_INVALID: the interface is no TUN. */
  netrig_status (*open_queue)(netrig_call* call, uint32_t interface, int32_t* fd);
};
NETRIG_ENDS_WITH(struct netrig_tun, open_queue);

/* ---- netrig.log/1 ------------------------------------------------------------------------------------------- */

#define NETRIG_LOG_1 "netrig.log/1"

#define NETRIG_LOG_DEBUG 1u
#define NETRIG_LOG_INFO 2u
#define NETRIG_LOG_WARNING 3u

/** Lines for whoever runs netrig. Since: 0.9 */
struct netrig_log {
  uint32_t struct_size;
  uint32_t reserved;
  /** One line for the log, with lab, device and driver added. Values of secret parameters are masked. */
  void (*write)(netrig_call* call, uint32_t level, const char* message);
  /** Whether a message of this level would be kept, to save the work of making it. */
  uint32_t (*enabled)(netrig_call* call, uint32_t level);
};
NETRIG_ENDS_WITH(struct netrig_log, enabled);

/* ---- netrig.sysfs/1 ----------------------------------------------------------------------------------------- */

#define NETRIG_SYSFS_1 "netrig.sysfs/1"

/** What the kernel tells of an interface in files, and takes. Since: 0.9 */
struct netrig_sysfs {
  uint32_t struct_size;
  uint32_t reserved;
  /** Reads one attribute below /sys/class/net/INTERFACE/ in the interface's namespace, e.g. "device/vendor". `path` has
   *  no "..", no leading slash. Writes at most *size bytes, without NUL, and sets *size to the length read.
   *  Errors: NETRIG_DENIED (path), NETRIG_NOT_FOUND, NETRIG_IO, NETRIG_INVALID (longer than *size). */
  netrig_status (*read)(netrig_call* call, uint32_t interface, const char* path, char* buffer, uint32_t* size);
  /** Writes one, in one piece. Not in inspect, in create after flush.
   *  Errors: NETRIG_DENIED: NETRIG_WANTS_SYSFS is not wanted, or the policy does not grant that attribute
   *  ("sysfs:gro_flush_timeout"), or path; NETRIG_NOT_FOUND; NETRIG_INVALID (value, or over 4096 bytes); NETRIG_IO. */
  netrig_status (*write)(netrig_call* call, uint32_t interface, const char* path, const char* value, uint32_t size);
};
NETRIG_ENDS_WITH(struct netrig_sysfs, write);

/* ---- netrig.cancel/1 ---------------------------------------------------------------------------------------- */

#define NETRIG_CANCEL_1 "netrig.cancel/1"

#define NETRIG_GRACE 2000000000u /**< between the deadline, or an interruption, and the kill. Units: nanoseconds */

/** Both answer at once, without a word to the host. Since: 0.9 */
struct netrig_cancel {
  uint32_t struct_size;
  uint32_t reserved;
  /** Whether the operation's deadline has passed or the user has interrupted it: then undo what must be undone and
   *  return NETRIG_TIMEOUT. Services go on for NETRIG_GRACE; then the driver's process is killed. */
  uint32_t (*cancelled)(netrig_call* call);
  /** What is left until the deadline. Units: nanoseconds. 0: cancelled. */
  uint64_t (*remaining)(netrig_call* call);
};
NETRIG_ENDS_WITH(struct netrig_cancel, remaining);

#ifdef __cplusplus
}
#endif

#endif /* NETRIG_SERVICES_H */
