/* SPDX-License-Identifier: Apache-2.0
 *
 * What a driver is: its table, and the parameters behind it. Part of netrig/driver.h, whose rules hold here, too.
 */
#ifndef NETRIG_TABLE_H
#define NETRIG_TABLE_H

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

/* ---- limits ------------------------------------------------------------------------------------------------- */

#define NETRIG_NAME_MAX 15u         /**< bytes in an interface name without the NUL (IFNAMSIZ, linux/if.h) */
#define NETRIG_KIND_MAX 31u         /**< bytes in a driver name: [a-z][a-z0-9_-]* */
#define NETRIG_RECORD_MAX 4096u     /**< bytes in a record */
#define NETRIG_MESSAGE_MAX 1024u    /**< bytes of an error or log message that are kept */
#define NETRIG_INTERFACES_MAX 1024u /**< interfaces one device may have */
#define NETRIG_PARAMETERS_MAX 256u  /**< parameters of one driver, columns of tables among them */
#define NETRIG_BYTES_MAX 4096u      /**< bytes of a value of type NETRIG_TYPE_BYTES */
#define NETRIG_ROWS_MAX 1024u       /**< rows of a table */
#define NETRIG_FILE_MAX 8388608u    /**< bytes of a file */
/* Of one operation; what is beyond fails it. Shown by `netrig drivers show`. */
#define NETRIG_ORDERS_MAX 4096u      /**< links and changes that are queued */
#define NETRIG_ATTRIBUTES_MAX 32768u /**< bytes of netlink attributes handed over at once */
#define NETRIG_STATES_MAX 256u       /**< values that one inspect reports by set_state */
#define NETRIG_SERVICES_MAX 100000u  /**< calls of services */
#define NETRIG_LOG_LINES_MAX 1000u   /**< lines for the log */

#define NETRIG_NONE UINT32_MAX /**< "no interface", "no reference", "no offset", "no user" */

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
/** 0.1 or 5, in percent, as `loss` of impairments; read as integer; Units: NETRIG_FRACTION_ALL is 100 percent; range
 *  likewise. */
#define NETRIG_TYPE_FRACTION 11u
/** "0x0011", "00:11" or base64; range of its length in bytes: minimum..maximum (0,0: any up to NETRIG_BYTES_MAX). No
 *  place in the kernel: functions read it. */
#define NETRIG_TYPE_BYTES 12u
/** "h1", a namespace of the lab; read as reference to its loopback: named "lo", with ifindex 1. */
#define NETRIG_TYPE_NAMESPACE 13u
/** Rows, each a TOML table: [{ key = "...", port = 51820 }]; range of their number: minimum..maximum (0,0: any up to
 *  NETRIG_ROWS_MAX). Its columns are parameters of their own behind or before it, called TABLE.COLUMN ("peers.key"),
 *  of any type but this. Getters read a cell as TABLE[ROW].COLUMN ("peers[0].key"), netrig_host::count how many rows
 *  "peers" has, and how many values "peers[0].allowed". No place in the kernel, nor have its columns. */
#define NETRIG_TYPE_TABLE 14u
/** "keys/r1.key", a file named as those of `files`, as the host read it; read as descriptor; range of its size
 *  in bytes: minimum..maximum (0,0: any up to NETRIG_FILE_MAX). No place in the kernel. Another content is another
 *  value. */
#define NETRIG_TYPE_FILE 15u

#define NETRIG_FRACTION_ALL UINT32_MAX /**< 100 percent, as netem counts (net/sched/sch_netem.c) */
/** So many percent, in units of NETRIG_TYPE_FRACTION: a constant, for ranges. */
#define NETRIG_PERCENT(percent) ((int64_t)((percent) / 100.0 * 4294967295.0 + 0.5))

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
/** Only functions read it (no place in the kernel), and `inspect` says what it is, by netrig_host::set_bool and its
 *  kin: so `plan`, `up` and `verify` ask, and compare. One that is not said is unset. */
#define NETRIG_PARAMETER_INSPECTED 128u

/* ---- parameters: what they are for the kernel ----------------------------------------------------------------- */

/** Where in RTM_NEWLINK a parameter goes; several may be joined. 0: functions of the driver read it, and `change`, if
 *  there is one, makes it another in place, unless it is NETRIG_PARAMETER_CREATE_ONLY. */
#define NETRIG_PLACE_DATA 1u /**< in IFLA_INFO_DATA */
#define NETRIG_PLACE_LINK 2u /**< an IFLA_* of the first interface: queues, GSO and GRO limits, and IFLA_LINK */
#define NETRIG_PLACE_PEER 4u /**< the same of the second interface, inside of the peer attribute */
/** Nowhere in it: `attribute` is a NETRIG_SEARCH_*, by which the host finds an interface that is there already. A
 * device of such a table borrows that one: the host moves it into the lab and gives it back, with name, MTU, MAC,
 * addresses, routes and sysctls as they were, whatever becomes of the driver. It makes no link (`link_kinds` is empty),
 * has one interface, and wants NETRIG_WANTS_BORROW. `create`, if there is one, runs when the interface is in its place.
 */
#define NETRIG_PLACE_SEARCH 8u

/** What an interface is found by. If a lab file says several, all must agree, and one interface alone. Since: 0.9 */
#define NETRIG_SEARCH_NAME 1u        /**< NETRIG_TYPE_INTERFACE: by its namespace and name */
#define NETRIG_SEARCH_MAC 2u         /**< NETRIG_TYPE_MAC */
#define NETRIG_SEARCH_BUS_ADDRESS 3u /**< NETRIG_TYPE_STRING, as `ethtool -i` says it: "0000:00:03.0" */
#define NETRIG_SEARCH_DRIVER 4u      /**< NETRIG_TYPE_STRING: the kernel's driver, as `ethtool -i` says it */
#define NETRIG_SEARCH_FORCE 5u       /**< NETRIG_TYPE_BOOL, and no search: true takes one that is in use, too */

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
/** Of a namespace: the link is made in it, where it keeps its sockets and what it sends, and goes to its own then.
 * Place LINK, attribute IFLA_LINK_NETNSID; NETRIG_PARAMETER_CREATE_ONLY. */
#define NETRIG_AS_NAMESPACE 17u

#define NETRIG_COUNTED 0xffffu /**< netrig_parameter::element of a list whose elements are 0, 1, 2... */

/** One parameter of a driver: constant bytes without a pointer. Since: 0.9 */
struct netrig_parameter {
  uint32_t struct_size;
  uint32_t type;       /**< NETRIG_TYPE_* */
  uint32_t flags;      /**< NETRIG_PARAMETER_* */
  uint32_t encoding;   /**< NETRIG_AS_* */
  uint16_t places;     /**< NETRIG_PLACE_* */
  uint16_t attribute;  /**< IFLA_*, or NETRIG_SEARCH_* */
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
  char name[32]; /**< Range: [a-z][a-z0-9_]*; of a table's column TABLE.COLUMN */
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
#define NETRIG_WANTS_TUN 8u       /**< packets of its own interfaces: queues of TUN and TAP (netrig.tun/1) */
#define NETRIG_WANTS_BORROW 16u   /**< interfaces that are there without the lab (NETRIG_PLACE_SEARCH) */
#define NETRIG_WANTS_GENL 32u     /**< generic netlink families that the policy names, without CAP_NET_ADMIN */
#define NETRIG_WANTS_SYSFS 64u    /**< writing attributes of its interfaces in sysfs that the policy names */

/** Members of struct netrig_functions that are not NULL. */
#define NETRIG_FUNCTION_VALIDATE 1u
#define NETRIG_FUNCTION_CREATE 2u
#define NETRIG_FUNCTION_DESTROY 4u
#define NETRIG_FUNCTION_INSPECT 8u
#define NETRIG_FUNCTION_CHANGE 16u
#define NETRIG_FUNCTION_SETTLE 32u

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
 *  bytes, whichever alignment a linker counts notes by. Since: 0.9 */
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

#ifdef __cplusplus
}
#endif

#endif /* NETRIG_TABLE_H */
