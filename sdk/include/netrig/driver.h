/* SPDX-License-Identifier: Apache-2.0
 *
 * netrig driver ABI, major version 1: everything a driver plugin and the netrig host say to each other.
 *
 * A plugin is one shared object, KIND.so. It exports one symbol, the constant `netrig_driver_1` (struct netrig_driver),
 * and carries one ELF note, `.note.netrig` (struct netrig_note). NETRIG_DRIVER_NOTE writes the note. The host reads the
 * note and the symbol table before it loads the file, so no code of a refused plugin ever runs.
 *
 * Rules that hold for every member of this file:
 * - Structs begin with `struct_size`, set to sizeof by whoever fills the struct, and only ever grow at the end. A
 * reader looks at a member only if `struct_size` covers it: NETRIG_HAS(pointer, member). Reserved members are zero.
 * - Numbers written here never change their meaning. A minor version adds; a major version is another symbol name.
 * - Owner: strings and structs passed in live until the call returns; what the callee wants to keep it copies. Results
 *   go out through host callbacks, which copy. Nothing allocated on one side is freed on the other.
 * - Thread: the host calls one driver from one thread at a time, unless the driver sets NETRIG_DRIVER_REENTRANT. Host
 *   callbacks may be called only during an operation, from the thread that runs it, with the `call` it was given.
 * - A driver keeps no state between operations: `destroy` may run in another process, days after `create`.
 * - A driver starts no process, leaves no thread behind, sets no signal handler and does not touch the environment.
 * - Strings are UTF-8 and end in NUL. Nothing here is NULL unless it says so.
 */
#ifndef NETRIG_DRIVER_H
#define NETRIG_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- version ------------------------------------------------------------------------------------------------ */

#define NETRIG_ABI_MAJOR 1u
#define NETRIG_ABI_MINOR 0u

/** Whether the struct that `pointer` names is new enough to have `member`. */
#define NETRIG_HAS(pointer, member) \
  ((pointer)->struct_size >= offsetof(__typeof__(*(pointer)), member) + sizeof((pointer)->member))

/* ---- status ------------------------------------------------------------------------------------------------- */

/** Outcome of every call in either direction. Since: 1.0 */
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

#define NETRIG_NAME_MAX 15u       /**< bytes in an interface name without the NUL (IFNAMSIZ, linux/if.h) */
#define NETRIG_KIND_MAX 31u       /**< bytes in a driver name: [a-z][a-z0-9_-]* */
#define NETRIG_RECORD_MAX 4096u   /**< bytes in a record */
#define NETRIG_MESSAGE_MAX 1024u  /**< bytes of an error or log message that are kept */
#define NETRIG_INTERFACES_MAX 64u /**< interfaces one device may have */

/* ---- parameters --------------------------------------------------------------------------------------------- */

/** Type of a declared parameter, and how a lab file writes it. Since: 1.0 */
#define NETRIG_TYPE_BOOL 1u       /**< true */
#define NETRIG_TYPE_INTEGER 2u    /**< 42; range: minimum..maximum */
#define NETRIG_TYPE_STRING 3u     /**< "text"; range of its length in bytes: minimum..maximum (0,0: any up to 4096) */
#define NETRIG_TYPE_MAC 4u        /**< "02:00:00:00:00:01" */
#define NETRIG_TYPE_ADDRESS 5u    /**< "192.0.2.1" or "2001:db8::1" */
#define NETRIG_TYPE_PREFIX 6u     /**< "192.0.2.0/24" */
#define NETRIG_TYPE_DURATION 7u   /**< "15s", "200ms"; read as integer; Units: nanoseconds; range likewise */
#define NETRIG_TYPE_RATE 8u       /**< "100Mbit"; read as integer; Units: bit/s; range likewise */
#define NETRIG_TYPE_ENUM 9u       /**< one of `choices`; read as string, or as integer: the index in `choices` */
#define NETRIG_TYPE_INTERFACE 10u /**< "namespace:interface"; read as reference */

#define NETRIG_PARAMETER_REQUIRED 1u /**< a lab file without it is refused */
#define NETRIG_PARAMETER_LIST 2u     /**< any number of values: [1, 2]; getters take an index */
#define NETRIG_PARAMETER_SECRET 4u   /**< never shown or logged by the host */

/** One parameter of a driver, declared as constant data. The host checks lab files against it. Since: 1.0 */
struct netrig_parameter {
  size_t struct_size;
  const char* name; /**< Range: [a-z][a-z0-9_]*, at most 31 bytes */
  uint32_t type;    /**< NETRIG_TYPE_* */
  uint32_t flags;   /**< NETRIG_PARAMETER_* */
  /** Value used when the lab file has none, written as in a lab file but without quotes ("true", "15s"). NULL: none. */
  const char* default_text;
  int64_t minimum; /**< Range: see the type; minimum == maximum == 0 means unbounded */
  int64_t maximum;
  const char* const* choices; /**< NULL-terminated list for NETRIG_TYPE_ENUM, else NULL */
  const char* help;           /**< one line, lower case, no full stop, names the kernel's attribute where one exists */
  /** Kernel build option that this parameter needs beyond the kind's own ("CONFIG_BRIDGE_VLAN_FILTERING"), for the
   *  message when the kernel says "not supported". NULL: none. */
  const char* kernel_option;
};

/* ---- requests ----------------------------------------------------------------------------------------------- */

/** An interface that a lab file wants this device to have, or, in destroy and inspect, one that was made. */
struct netrig_interface {
  size_t struct_size;
  const char* name; /**< final name. Range: 1 to NETRIG_NAME_MAX bytes */
  /** Open descriptor of the interface's network namespace, usable in IFLA_NET_NS_FD on sockets of this process.
   *  Owner: host; valid until the call returns. -1: the driver was given none (it holds no privilege to use one). */
  int32_t netns_fd;
  uint32_t ifindex; /**< create: 0. destroy, inspect: as recorded */
  uint32_t mtu;     /**< Units: bytes. 0: the kernel's default. The host sets it on links it creates. */
  bool has_mac;     /**< whether `mac` is to be used. The host sets it on links it creates. */
  uint8_t mac[6];
};

/** An interface that a parameter of type NETRIG_TYPE_INTERFACE names, resolved by the host. It exists. */
struct netrig_reference {
  size_t struct_size;
  const char* text; /**< as the lab file wrote it */
  const char* name; /**< interface name */
  int32_t netns_fd; /**< as in netrig_interface */
  uint32_t ifindex;
  uint32_t number; /**< names this reference in host services, e.g. as the lower link of a macvlan */
};

/** What `validate` and `create` are asked for. */
struct netrig_request {
  size_t struct_size;
  const char* lab;    /**< name of the lab, for messages */
  const char* device; /**< name of the device in the lab, for messages */
  uint32_t interface_count;
  const struct netrig_interface* const* interfaces; /**< in the order of the lab file */
};

/** What `destroy`, `inspect` and `statistics` are asked about: only what `create` left behind. */
struct netrig_device {
  size_t struct_size;
  const char* lab;
  const char* device;
  uint32_t interface_count;
  const struct netrig_interface* const* interfaces; /**< as made; one that is gone has ifindex 0 */
  const void* record;                               /**< as given to set_record. NULL if record_size is 0 */
  size_t record_size;
};

/* ---- host callbacks ----------------------------------------------------------------------------------------- */

/** One running operation; opaque. Owner: host; valid until the operation returns. */
typedef struct netrig_call netrig_call;

/** What the host offers during an operation. Since: 1.0 */
struct netrig_host {
  size_t struct_size;
  uint32_t abi_major; /**< of the host */
  uint32_t abi_minor;

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
  netrig_status (*get_bool)(netrig_call* call, const char* parameter, uint32_t index, bool* value);
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
  netrig_status (*set_record)(netrig_call* call, const void* record, size_t size);
  /** inspect, statistics: one named value of the device's state, e.g. ("mode", "bridge"). Shown by `netrig status`. */
  netrig_status (*set_state)(netrig_call* call, const char* name, const char* value);
};

/* ---- the driver --------------------------------------------------------------------------------------------- */

#define NETRIG_DRIVER_REENTRANT 1u /**< operations of different devices may run in several threads at once */

/** The one exported object of a plugin. Constant; reading it runs no code. Since: 1.0 */
struct netrig_driver {
  size_t struct_size;
  uint32_t abi_major; /**< NETRIG_ABI_MAJOR, as in the note */
  uint32_t abi_minor;
  const char* name;        /**< as in the note, and as the file is named: KIND.so */
  const char* version;     /**< as in the note; "MAJOR.MINOR.PATCH" */
  const char* summary;     /**< one line for `netrig drivers list` */
  uint32_t flags;          /**< NETRIG_DRIVER_* */
  uint32_t min_interfaces; /**< how many interfaces a device has. Range: 1..NETRIG_INTERFACES_MAX */
  uint32_t max_interfaces;
  /** How many interfaces may name an interface of this device as their `master` (1023 for a bridge: BR_MAX_PORTS,
   *  net/bridge/br_private.h). 0: it cannot be a master. */
  uint32_t max_ports;
  const struct netrig_parameter* const* parameters; /**< NULL-terminated. NULL: none */

  /** Checks what the declarations cannot say (two parameters that exclude each other). Runs without a kernel, also in
   *  `netrig plan`. Optional: NULL accepts everything. */
  netrig_status (*validate)(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request);

  /** Makes the device: all its interfaces, in their final namespace, under their final name. On failure it has removed
   *  what it made itself; links it asked the host for are removed by the host. */
  netrig_status (*create)(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request);

  /** Removes the device. Something that is gone already is success. */
  netrig_status (*destroy)(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device);

  /** Reports state through set_state. NETRIG_NOT_FOUND: the device is gone. Optional. */
  netrig_status (*inspect)(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device);

  /** Counters that the kernel's interface statistics lack, through set_state. Optional. */
  netrig_status (*statistics)(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device);

  /** Before the first and after the last operation in a process; for drivers that must open a vendor's library.
   *  Optional, both. */
  netrig_status (*start)(const struct netrig_host* host, netrig_call* call);
  void (*stop)(void);

  /** Optional tables of the driver by id ("netrig.ethtool/1"). NULL for ids it does not know. Optional. */
  const void* (*extension)(const char* id);
};

/* ---- the note ----------------------------------------------------------------------------------------------- */

#define NETRIG_NOTE_TYPE 1u
#define NETRIG_NOTE_SECTION ".note.netrig"

/** Privileges a driver wants in its own process; the host's policy decides. Most drivers want none. */
#define NETRIG_WANTS_NOTHING 0u
#define NETRIG_WANTS_NET_ADMIN 1u /**< CAP_NET_ADMIN and netlink sockets opened by the host */
#define NETRIG_WANTS_NET_RAW 2u   /**< CAP_NET_RAW */
#define NETRIG_WANTS_SYS_ADMIN 4u /**< CAP_SYS_ADMIN */

/** ELF note of a plugin (elf.h: Elf64_Nhdr, then name, then description, each padded to 4 bytes). */
struct netrig_note {
  uint32_t name_size;        /**< 7: "netrig" and its NUL */
  uint32_t description_size; /**< of what follows `name` */
  uint32_t type;             /**< NETRIG_NOTE_TYPE */
  char name[8];
  uint16_t abi_major;
  uint16_t abi_minor;
  uint32_t wants;      /**< NETRIG_WANTS_* */
  char driver[32];     /**< NUL-padded */
  char version[32];    /**< NUL-padded */
  char link_kinds[64]; /**< kernel link kinds it may ask the host for, space-separated, NUL-padded: "veth" */
};

/** Emits the note. At file scope, once per plugin. All strings are literals. */
#define NETRIG_DRIVER_NOTE(driver_name, driver_version, kinds, wanted)                  \
  __attribute__((section(NETRIG_NOTE_SECTION), used,                                    \
                 aligned(4))) static const struct netrig_note netrig_plugin_note = {    \
      7u,                                                                               \
      (uint32_t)(sizeof(struct netrig_note) - offsetof(struct netrig_note, abi_major)), \
      NETRIG_NOTE_TYPE,                                                                 \
      "netrig",                                                                         \
      NETRIG_ABI_MAJOR,                                                                 \
      NETRIG_ABI_MINOR,                                                                 \
      wanted,                                                                           \
      driver_name,                                                                      \
      driver_version,                                                                   \
      kinds}

#define NETRIG_EXPORT __attribute__((visibility("default")))

/** The symbol every plugin defines: `NETRIG_EXPORT const struct netrig_driver netrig_driver_1 = {...};` */
#define NETRIG_DRIVER_SYMBOL "netrig_driver_1"
extern NETRIG_EXPORT const struct netrig_driver netrig_driver_1;

#ifdef __cplusplus
}
#endif

#endif /* NETRIG_DRIVER_H */
