/* SPDX-License-Identifier: Apache-2.0
 *
 * netrig driver ABI 0.9: everything a driver plugin and the netrig host say to each other.
 *
 * A plugin is one shared object, KIND.so. What it *is* stands in one table of constant bytes, an ELF note of its own
 * (`.note.netrig`, struct netrig_table and behind it its parameters), which the host reads from the file and checks
 * without loading it. Of a driver whose table says everything no code ever runs. One that must do more exports one
 * constant, `netrig_driver` (struct netrig_functions).
 *
 * Rules that hold for every member of this file:
 * - Structs begin with `struct_size`, set to sizeof by whoever fills the struct, and only ever grow at the end. A
 *   reader looks at a member only if `struct_size` covers it: NETRIG_HAS(pointer, member). Nothing is implied: no
 *   padding, no `bool`, no `long`; numbers have a fixed width. Members called `reserved` are zero.
 * - Numbers written here never change their meaning. A minor version adds; a major version is another note.
 * - Owner: strings and structs passed in live until the call returns; what the callee wants to keep it copies. Results
 *   go out through host callbacks, which copy. Nothing allocated on one side is freed on the other.
 * - Thread: the host calls one driver from one thread at a time. Host callbacks may be called only during an operation,
 *   from the thread that runs it, with the `call` it was given.
 * - A driver keeps no state between operations: `destroy` may run in another process, days after `create`.
 * - A driver starts no process, leaves no thread behind, sets no signal handler and does not touch the environment.
 * - Strings are UTF-8 and end in NUL; text in a table fills its array up with NULs. Nothing here is NULL unless it says
 *   so.
 */
#ifndef NETRIG_DRIVER_H
#define NETRIG_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- version ------------------------------------------------------------------------------------------------ */

#define NETRIG_ABI_MAJOR 0u
#define NETRIG_ABI_MINOR 9u

/** Whether the struct that `pointer` names is new enough to have `member`. */
#define NETRIG_HAS(pointer, member) \
  ((pointer)->struct_size >= offsetof(__typeof__(*(pointer)), member) + sizeof((pointer)->member))

#ifdef __cplusplus
#define NETRIG_ASSERT(what, why) static_assert(what, why)
#else
#define NETRIG_ASSERT(what, why) _Static_assert(what, why)
#endif
/** Law of every struct here: nothing lies behind its last member, so that sizeof tells whether a member is there. */
#define NETRIG_ENDS_WITH(type, member)                                               \
  NETRIG_ASSERT(offsetof(type, member) + sizeof(((type*)0)->member) == sizeof(type), \
                #type " has padding behind its last member, or has one that is not named here")

/* ---- status ------------------------------------------------------------------------------------------------- */

/** Outcome of every call in either direction. Since: 0.9 */
typedef int32_t netrig_status;
#define NETRIG_OK 0
#define NETRIG_INVALID 1     /**< an argument or parameter is wrong */
#define NETRIG_EXISTS 2      /**< something of that name is there already */
#define NETRIG_NOT_FOUND 3   /**< no such thing; from `destroy` this is success */
#define NETRIG_BUSY 4        /**< in use, try later */
#define NETRIG_UNSUPPORTED 5 /**< this kernel, device or host cannot do it */
#define NETRIG_DENIED 6      /**< not permitted by kernel or policy */
#define NETRIG_NO_MEMORY 7
#define NETRIG_TIMEOUT 8   /**< the deadline of the operation passed */
#define NETRIG_IO 9        /**< device or kernel answered with an error */
#define NETRIG_INTERNAL 10 /**< a defect in driver or host */

/* ---- limits ------------------------------------------------------------------------------------------------- */

#define NETRIG_NAME_MAX 15u         /**< bytes in an interface name without the NUL (IFNAMSIZ, linux/if.h) */
#define NETRIG_KIND_MAX 31u         /**< bytes in a driver name: [a-z][a-z0-9_-]* */
#define NETRIG_RECORD_MAX 4096u     /**< bytes in a record */
#define NETRIG_MESSAGE_MAX 1024u    /**< bytes of an error or log message that are kept */
#define NETRIG_INTERFACES_MAX 1024u /**< interfaces one device may have */
#define NETRIG_PARAMETERS_MAX 256u  /**< parameters of one driver */

/* ---- parameters: what they are for whoever writes a lab file ------------------------------------------------- */

/** Type of a parameter, and how a lab file writes it. Since: 0.9 */
#define NETRIG_TYPE_BOOL 1u       /**< true */
#define NETRIG_TYPE_INTEGER 2u    /**< 42; range: minimum..maximum */
#define NETRIG_TYPE_STRING 3u     /**< "text"; range of its length in bytes: minimum..maximum (0,0: any up to 4096) */
#define NETRIG_TYPE_MAC 4u        /**< "02:00:00:00:00:01" */
#define NETRIG_TYPE_ADDRESS 5u    /**< "192.0.2.1" or "2001:db8::1" */
#define NETRIG_TYPE_PREFIX 6u     /**< "192.0.2.0/24" */
#define NETRIG_TYPE_DURATION 7u   /**< "15s", "200ms"; read as integer; Units: nanoseconds; range likewise */
#define NETRIG_TYPE_RATE 8u       /**< "100Mbit"; read as integer; Units: bit/s; range likewise */
#define NETRIG_TYPE_ENUM 9u       /**< one of `choices`; read as string, or as integer: the number of the choice */
#define NETRIG_TYPE_INTERFACE 10u /**< "namespace:interface"; read as reference */

#define NETRIG_PARAMETER_REQUIRED 1u    /**< a lab file without it is refused */
#define NETRIG_PARAMETER_LIST 2u        /**< any number of values: [1, 2]; getters take an index */
#define NETRIG_PARAMETER_SECRET 4u      /**< never shown or logged by the host */
#define NETRIG_PARAMETER_CREATE_ONLY 8u /**< the kernel takes it only when the link is made; another makes it anew */
#define NETRIG_PARAMETER_WRITE_ONLY 16u /**< the kernel does not tell it, so it is not compared */
/** The kernel may be older than the attribute, which it would then ignore without a word (since Linux 6.1 at the
 *  earliest): the host reads it back, once a run, and says that this kernel does not know it. */
#define NETRIG_PARAMETER_PROBE 32u
/** `validate` has something to say about it. If any parameter has this flag, `validate` is called only for devices
 *  whose lab file sets one of those; so others cost no worker. */
#define NETRIG_PARAMETER_CHECKED 64u

/* ---- parameters: what they are for the kernel ----------------------------------------------------------------- */

/** Where in RTM_NEWLINK a parameter goes; several may be joined. 0: functions of the driver read it. */
#define NETRIG_PLACE_DATA 1u /**< in IFLA_INFO_DATA */
#define NETRIG_PLACE_LINK 2u /**< an IFLA_* of the first interface: queues, GSO and GRO limits, and IFLA_LINK */
#define NETRIG_PLACE_PEER 4u /**< the same of the second interface, inside of the peer attribute */

/** How a value stands in its attribute. Numbers are of host byte order, those of BE* big-endian. */
#define NETRIG_AS_NOTHING 0u
#define NETRIG_AS_U8 1u
#define NETRIG_AS_U16 2u
#define NETRIG_AS_U32 3u
#define NETRIG_AS_U64 4u
#define NETRIG_AS_S32 5u
#define NETRIG_AS_BE16 6u
#define NETRIG_AS_BE32 7u
#define NETRIG_AS_BE64 8u
#define NETRIG_AS_FLAG 9u      /**< the attribute is there, without a value, for true */
#define NETRIG_AS_TEXT 10u     /**< with its NUL */
#define NETRIG_AS_MAC 11u      /**< 6 bytes */
#define NETRIG_AS_IN4 12u      /**< 4 bytes */
#define NETRIG_AS_IN6 13u      /**< 16 bytes */
#define NETRIG_AS_IP 14u       /**< 4 bytes in `attribute` or 16 in `attribute6`, as the address is */
#define NETRIG_AS_IFINDEX 15u  /**< number of the interface that a reference names; nothing else gives one */
#define NETRIG_AS_MASKED32 16u /**< two u32: the bits, and `mask`, of which they are (struct ifla_vlan_flags) */

#define NETRIG_COUNTED 0xffffu /**< netrig_parameter::element of a list whose elements are 0, 1, 2... */

/** One parameter of a driver: constant bytes without a pointer. Since: 0.9 */
struct netrig_parameter {
  uint32_t struct_size;
  uint32_t type;     /**< NETRIG_TYPE_* */
  uint32_t flags;    /**< NETRIG_PARAMETER_* */
  uint32_t encoding; /**< NETRIG_AS_* */
  uint16_t places;   /**< NETRIG_PLACE_* */
  uint16_t attribute;
  uint16_t attribute6; /**< of an IPv6 address, where it differs (vxlan's group). 0: none */
  uint16_t element;    /**< of a list: `attribute` is a nest, and this its elements' number, or NETRIG_COUNTED */
  /** Bits of an attribute that several parameters share: a boolean sets or clears them all, a number is shifted to the
   *  lowest. 0: the attribute is this parameter's own. */
  uint64_t mask;
  uint64_t scale;     /**< how many of the type's units are one of the kernel's (10,000,000: 10 ms). 0: 1 */
  uint64_t tolerance; /**< how far from what was set the kernel may read. Units: the kernel's */
  int64_t minimum;    /**< Range: see the type; minimum == maximum == 0 means unbounded */
  int64_t maximum;
  uint16_t also_attribute; /**< goes along whenever this one is set (the mode of a list, a companion's flag). 0: none */
  uint16_t also_encoding;  /**< NETRIG_AS_U8..NETRIG_AS_BE64 */
  uint32_t reserved;
  /** Of several that say the same attribute, all bits together. 0 is sent where the parameter has its unset value,
   * unless it is a list. */
  uint64_t also_value;
  char name[32]; /**< Range: [a-z][a-z0-9_]* */
  /** Value used when the lab file has none, written as in a lab file but without quotes ("true", "15s"). "": none. */
  char default_text[64];
  /** What the kernel has when nobody sets it: what the value goes back to when the lab file no longer says it, and what
   *  an attribute stands for that the kernel leaves out. "": unknown, so that the device is made anew. */
  char unset_text[64];
  char only_with[64]; /**< "mode=source": refused unless that parameter has that value. "": always welcome */
  /** Kernel build option that this parameter needs beyond the kind's own ("CONFIG_BRIDGE_VLAN_FILTERING"), for the
   *  message when the kernel says "not supported". "": none. */
  char kernel_option[48];
  char help[160]; /**< one line, lower case, no full stop, names the kernel's attribute where one exists */
  /** For NETRIG_TYPE_ENUM: words with the kernel's numbers, separated by blanks, "private=1 vepa=2". Without a number
   *  they count from 0. A "!" behind one: a link gets it, or loses it, only by being made anew. */
  char choices[512];
};
NETRIG_ENDS_WITH(struct netrig_parameter, choices);

/* ---- the table -------------------------------------------------------------------------------------------------- */

/** Privileges a driver wants in its own process; the host's policy decides. Most drivers want none. */
#define NETRIG_WANTS_NOTHING 0u
#define NETRIG_WANTS_NET_ADMIN 1u /**< CAP_NET_ADMIN and netlink sockets opened by the host */
#define NETRIG_WANTS_NET_RAW 2u   /**< CAP_NET_RAW */
#define NETRIG_WANTS_SYS_ADMIN 4u /**< CAP_SYS_ADMIN */

/** Members of struct netrig_functions that are not NULL. */
#define NETRIG_FUNCTION_VALIDATE 1u
#define NETRIG_FUNCTION_CREATE 2u
#define NETRIG_FUNCTION_DESTROY 4u
#define NETRIG_FUNCTION_INSPECT 8u

/** What a driver is. `parameter_count` parameters follow, the first at `struct_size` behind the begin of this, each
 *  `parameter_size` behind the last; a reader knows how many bytes of each it understands. Since: 0.9 */
struct netrig_table {
  uint32_t struct_size;
  uint16_t abi_major; /**< NETRIG_ABI_MAJOR */
  uint16_t abi_minor;
  uint32_t parameter_size; /**< a multiple of 8 */
  uint32_t parameter_count;
  uint32_t functions;      /**< NETRIG_FUNCTION_*; 0: none, and nothing is exported */
  uint32_t wants;          /**< NETRIG_WANTS_* */
  uint32_t min_interfaces; /**< how many interfaces a device has. Range: 1..NETRIG_INTERFACES_MAX */
  uint32_t max_interfaces;
  /** How many interfaces may name an interface of this device as their `master` (1023 for a bridge: BR_MAX_PORTS,
   *  net/bridge/br_private.h). 0: it cannot be a master. */
  uint32_t max_ports;
  /** Attribute of IFLA_INFO_DATA that makes the second interface by the same message (VETH_INFO_PEER). 0: none. */
  uint16_t peer_attribute;
  uint16_t reserved;
  char name[32];     /**< as the file is named: KIND.so */
  char version[32];  /**< "MAJOR.MINOR.PATCH" */
  char summary[160]; /**< one line for `netrig drivers list` */
  /** Kernel link kinds, separated by blanks: the first is what the table makes, all are what functions may ask for. */
  char link_kinds[64];
};
NETRIG_ENDS_WITH(struct netrig_table, link_kinds);

#define NETRIG_NOTE_SECTION ".note.netrig"
#define NETRIG_NOTE_NAME "netrig.drv"
#define NETRIG_NOTE_TYPE 1u

/** Header of an ELF note (elf.h: Elf64_Nhdr, then the name). With a name of this length the table behind it lies on 8
 *  bytes, whichever alignment a linker counts notes by. */
struct netrig_note {
  uint32_t name_size;        /**< sizeof NETRIG_NOTE_NAME: 11 */
  uint32_t description_size; /**< of what follows */
  uint32_t type;             /**< NETRIG_NOTE_TYPE */
  char name[12];
};
NETRIG_ENDS_WITH(struct netrig_note, name);

/** Emits the table. At file scope, once per plugin; in C:
 *
 *    NETRIG_TABLE(1) = {NETRIG_TABLE_NOTE,
 *                       .about = {NETRIG_ABOUT(1), .name = "dummy", .version = "1.0.0", .link_kinds = "dummy", ...},
 *                       .parameters = {{NETRIG_PARAMETER, .name = "tx_queues", ...}}};
 *
 *  The last of the array is not counted: it is there so that a driver may have none. */
#define NETRIG_TABLE(count)                          \
  struct netrig_plugin {                             \
    struct netrig_note note;                         \
    struct netrig_table about;                       \
    struct netrig_parameter parameters[(count) + 1]; \
  };                                                 \
  __attribute__((section(NETRIG_NOTE_SECTION), used, aligned(8))) static const struct netrig_plugin netrig_plugin
#define NETRIG_TABLE_NOTE                                                                                            \
  .note = {(uint32_t)sizeof NETRIG_NOTE_NAME, (uint32_t)(sizeof(struct netrig_plugin) - sizeof(struct netrig_note)), \
           NETRIG_NOTE_TYPE, NETRIG_NOTE_NAME}
#define NETRIG_ABOUT(count)                                                                                           \
  .struct_size = (uint32_t)sizeof(struct netrig_table), .abi_major = NETRIG_ABI_MAJOR, .abi_minor = NETRIG_ABI_MINOR, \
  .parameter_size = (uint32_t)sizeof(struct netrig_parameter), .parameter_count = (count)
#define NETRIG_PARAMETER .struct_size = (uint32_t)sizeof(struct netrig_parameter)

/* ---- requests ----------------------------------------------------------------------------------------------- */

/** An interface that a lab file wants this device to have, or, in destroy and inspect, one that was made. */
struct netrig_interface {
  uint32_t struct_size;
  /** Open descriptor of the interface's network namespace, usable in IFLA_NET_NS_FD on sockets of this process.
   *  Owner: host; valid until the call returns. -1: the driver was given none (it holds no privilege to use one). */
  int32_t netns_fd;
  const char* name; /**< final name. Range: 1 to NETRIG_NAME_MAX bytes */
  uint32_t ifindex; /**< create: 0. destroy, inspect: as recorded; 0: gone */
  uint32_t mtu;     /**< Units: bytes. 0: the kernel's default. The host sets it on links it creates. */
  uint8_t mac[6];
  uint8_t has_mac; /**< 1: `mac` is to be used. The host sets it on links it creates. */
  uint8_t reserved;
};
NETRIG_ENDS_WITH(struct netrig_interface, reserved);

/** An interface that a parameter of type NETRIG_TYPE_INTERFACE names, resolved by the host. It exists. */
struct netrig_reference {
  uint32_t struct_size;
  int32_t netns_fd; /**< as in netrig_interface */
  const char* text; /**< as the lab file wrote it */
  const char* name; /**< interface name */
  uint32_t ifindex;
  uint32_t number; /**< names this reference in host services, e.g. as the lower link of a macvlan */
};
NETRIG_ENDS_WITH(struct netrig_reference, number);

/** What `validate` and `create` are asked for. */
struct netrig_request {
  uint32_t struct_size;
  uint32_t interface_count;
  const char* lab;                                  /**< name of the lab, for messages */
  const char* device;                               /**< name of the device in the lab, for messages */
  const struct netrig_interface* const* interfaces; /**< in the order of the lab file */
};
NETRIG_ENDS_WITH(struct netrig_request, interfaces);

/** What `destroy` and `inspect` are asked about: only what `create` left behind. */
struct netrig_device {
  uint32_t struct_size;
  uint32_t interface_count;
  const char* lab;
  const char* device;
  const struct netrig_interface* const* interfaces; /**< as made; one that is gone has ifindex 0 */
  const void* record;                               /**< as given to set_record. NULL if record_size is 0 */
  uint32_t record_size;
  uint32_t reserved;
};
NETRIG_ENDS_WITH(struct netrig_device, reserved);

/* ---- host callbacks ----------------------------------------------------------------------------------------- */

/** One running operation; opaque. Owner: host; valid until the operation returns. */
typedef struct netrig_call netrig_call;

/** What the host offers during an operation. Since: 0.9 */
struct netrig_host {
  uint32_t struct_size;
  uint16_t abi_major; /**< of the host */
  uint16_t abi_minor;

  /** Says why the operation fails; the host adds lab, device, driver and position. Returns `status`, so that
   *  `return host->fail(call, NETRIG_INVALID, "...")` is the way to leave. The last message counts. */
  netrig_status (*fail)(netrig_call* call, netrig_status status, const char* message);

  /** A table of optional functions by id ("netrig.netlink/1", see netrig/services.h). NULL: this host lacks it. */
  const void* (*service)(netrig_call* call, const char* id);

  /** Number of values of a parameter: 0 when unset and without default, 1, or the length of a list. */
  uint32_t (*count)(netrig_call* call, const char* parameter);

  /** Typed values. `index` is 0 unless the parameter is a list.
   *  Errors: NETRIG_NOT_FOUND: unset, or index out of range; *value is left as it was, so initialise it with what
   *  "unset" means. NETRIG_INVALID: not declared by this driver, or declared with another type. */
  netrig_status (*get_bool)(netrig_call* call, const char* parameter, uint32_t index, uint8_t* value);
  netrig_status (*get_integer)(netrig_call* call, const char* parameter, uint32_t index, int64_t* value);
  /** Owner: host; the string lives until the operation returns. */
  netrig_status (*get_string)(netrig_call* call, const char* parameter, uint32_t index, const char** value);
  netrig_status (*get_mac)(netrig_call* call, const char* parameter, uint32_t index, uint8_t value[6]);
  /** Addresses and prefixes. family: AF_INET (4 bytes used) or AF_INET6; an address has the full prefix length. */
  netrig_status (*get_address)(netrig_call* call, const char* parameter, uint32_t index, uint8_t value[16],
                               uint8_t* family, uint8_t* prefix_length);
  /** Owner: host; lives until the operation returns. Only in `create`; in `validate` it is NETRIG_NOT_FOUND. */
  netrig_status (*get_reference)(netrig_call* call, const char* parameter, uint32_t index,
                                 const struct netrig_reference** value);

  /** create: reports an interface that the driver made itself, without netrig.netlink/1. Links that the host created
   *  for the driver need no report. The host checks that it exists under that name in the wanted namespace. */
  netrig_status (*set_interface)(netrig_call* call, uint32_t interface, uint32_t ifindex);
  /** create: what destroy and inspect will be given. Size: at most NETRIG_RECORD_MAX. The last call counts. */
  netrig_status (*set_record)(netrig_call* call, const void* record, uint32_t size);
  /** inspect: one named value of the device's state, e.g. ("mode", "bridge"). Shown by `netrig status`. */
  netrig_status (*set_state)(netrig_call* call, const char* name, const char* value);
};
NETRIG_ENDS_WITH(struct netrig_host, set_state);

/* ---- functions ------------------------------------------------------------------------------------------------ */

/** What a driver does that its table cannot say. Each is optional: NULL, and its bit in netrig_table::functions not
 * set, leaves it to the host, who makes, deletes and shows what the table tells. Constant; reading it runs no code.
 *  Since: 0.9 */
struct netrig_functions {
  uint32_t struct_size;
  uint32_t reserved;

  /** Checks what the declarations cannot say (two parameters that exclude each other). Runs without a kernel, also in
   *  `netrig plan`. */
  netrig_status (*validate)(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request);

  /** Makes the device: all its interfaces, in their final namespace, under their final name. On failure it has removed
   *  what it made itself; links it asked the host for are removed by the host. */
  netrig_status (*create)(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request);

  /** Removes the device. Something that is gone already is success. */
  netrig_status (*destroy)(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device);

  /** Reports state through set_state. NETRIG_NOT_FOUND: the device is gone. */
  netrig_status (*inspect)(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device);
};
NETRIG_ENDS_WITH(struct netrig_functions, inspect);

#define NETRIG_EXPORT __attribute__((visibility("default")))

/** The symbol of a plugin that has functions: `NETRIG_EXPORT const struct netrig_functions netrig_driver = {...};` */
#define NETRIG_DRIVER_SYMBOL "netrig_driver"
extern NETRIG_EXPORT const struct netrig_functions netrig_driver;

#ifdef __cplusplus
}
#endif

#endif /* NETRIG_DRIVER_H */
