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
 * - Since: what does not say in which version of the ABI it came, came with the struct that it is a member of, and
 *   outside of structs with 0.9.
 * - Strings are UTF-8 and end in NUL; text in a table fills its array up with NULs. Nothing here is NULL unless it says
 *   so.
 */
#ifndef NETRIG_DRIVER_H
#define NETRIG_DRIVER_H

#include <netrig/table.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

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

/* ---- requests ----------------------------------------------------------------------------------------------- */

/** An interface that a lab file wants this device to have, or, where there is a device, one that was made.
 *  Since: 0.9 */
struct netrig_interface {
  uint32_t struct_size;
  /** Open descriptor of the interface's network namespace, usable in IFLA_NET_NS_FD on sockets of this process.
   *  Owner: host; valid until the call returns. -1: the driver was given none (it holds no privilege to use one). */
  int32_t netns_fd;
  const char* name; /**< final name. Range: 1 to NETRIG_NAME_MAX bytes */
  uint32_t ifindex; /**< create: 0, but of what is borrowed. Later: as recorded; 0: gone */
  uint32_t mtu;     /**< Units: bytes. 0: the kernel's default. The host sets it on links it creates. */
  uint8_t mac[6];
  uint8_t has_mac; /**< 1: `mac` is to be used. The host sets it on links it creates. */
  uint8_t reserved;
};
NETRIG_ENDS_WITH(struct netrig_interface, reserved);

/** An interface that a parameter of type NETRIG_TYPE_INTERFACE names, or the loopback of the namespace that one of type
 *  NETRIG_TYPE_NAMESPACE names, resolved by the host. It exists, but in destroy and inspect, where it may be gone: then
 *  ifindex is 0. Since: 0.9 */
struct netrig_reference {
  uint32_t struct_size;
  int32_t netns_fd; /**< as in netrig_interface */
  const char* text; /**< as the lab file wrote it */
  const char* name; /**< interface name */
  uint32_t ifindex;
  uint32_t number; /**< names this reference in host services, e.g. as the lower link of a macvlan */
};
NETRIG_ENDS_WITH(struct netrig_reference, number);

/** What `validate` and `create` are asked for. Since: 0.9 */
struct netrig_request {
  uint32_t struct_size;
  uint32_t interface_count;
  const char* lab;                                  /**< name of the lab, for messages */
  const char* device;                               /**< name of the device in the lab, for messages */
  const struct netrig_interface* const* interfaces; /**< in the order of the lab file */
};
NETRIG_ENDS_WITH(struct netrig_request, interfaces);

/** What `change`, `settle`, `inspect` and `destroy` are asked about: what `create` left behind. The getters of struct
 *  netrig_host work there, too; in inspect and destroy without secrets, of which the host keeps none.
 *  Since: 0.9 */
struct netrig_device {
  uint32_t struct_size;
  uint32_t interface_count;
  const char* lab;
  const char* device;
  const struct netrig_interface* const* interfaces; /**< as made; one that is gone has ifindex 0 */
  const void* record;                               /**< as last saved. NULL if record_size is 0 */
  uint32_t record_size;
  uint32_t reserved;
};
NETRIG_ENDS_WITH(struct netrig_device, reserved);

/* ---- host callbacks ----------------------------------------------------------------------------------------- */

/** One running operation; opaque. Owner: host; valid until the operation returns. Since: 0.9 */
typedef struct netrig_call netrig_call;

/** Why the last call of a service failed. Owner: host; texts live until the next call of a service. Since: 0.9 */
struct netrig_error {
  uint32_t struct_size;
  netrig_status status; /**< as the call returned it */
  int32_t error_number; /**< the kernel's errno; 0: it was not the kernel who said no */
  /** Where in what the driver gave the kernel saw the fault. Units: bytes. Range: within `message` of a request, within
   *  `attributes` of a generic netlink request. NETRIG_NONE: it did not say. */
  uint32_t offset;
  const char* text;    /**< the kernel's own words (extended acknowledgement); "": none */
  const char* message; /**< the whole as the host would show it: what was refused, errno, the kernel's words */
};
NETRIG_ENDS_WITH(struct netrig_error, message);

/** What the host offers during an operation. Since: 0.9 */
struct netrig_host {
  uint32_t struct_size;
  uint16_t abi_major; /**< of the host */
  uint16_t abi_minor;

  /** Says why the operation fails; the host adds lab, device, driver and position. Returns `status`, so that
   *  `return host->fail(call, NETRIG_INVALID, "...")` is the way to leave. The last message counts. If the last call
   *  of a service failed, its reason is put behind the driver's words. */
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
  /** Owner: host; lives until the operation returns. In `validate` it is NETRIG_NOT_FOUND. */
  netrig_status (*get_reference)(netrig_call* call, const char* parameter, uint32_t index,
                                 const struct netrig_reference** value);

  /** create: reports an interface that the driver made itself, without netrig.netlink/1. Links that the host created
   *  for the driver need no report. The host checks that it exists under that name in the wanted namespace. */
  netrig_status (*set_interface)(netrig_call* call, uint32_t interface, uint32_t ifindex);
  /** create, change, settle, destroy: what the later operations will be given. It is in the lab's journal when this
   *  returns, so save what destroy needs before what destroy undoes. Each call replaces the last. Size: at most
   *  NETRIG_RECORD_MAX. Costs a round trip. */
  netrig_status (*save_record)(netrig_call* call, const void* record, uint32_t size);
  /** inspect: one named value of the device's state, e.g. ("worker", "well"): text for `netrig status`, compared with
   *  nothing. */
  netrig_status (*set_state)(netrig_call* call, const char* name, const char* value);

  /** Why the last call of a service failed, in full. The caller sets `struct_size`; the host lowers it to what it has
   *  filled, if that is less.
   *  Errors: NETRIG_NOT_FOUND: it did not fail. */
  netrig_status (*last_error)(netrig_call* call, struct netrig_error* error);
  /** change: 1 if this parameter is to be another than it is. */
  uint32_t (*changed)(netrig_call* call, const char* parameter);

  /** inspect: what a parameter is that is NETRIG_PARAMETER_INSPECTED. `index` is 0, or of a list 0, 1, 2... in turn.
   *  An enum is said by its word (set_string) or the number of its choice (set_integer).
   *  Errors: NETRIG_INVALID: not declared so, or with another type; no such choice; an index out of turn. */
  netrig_status (*set_bool)(netrig_call* call, const char* parameter, uint32_t index, uint8_t value);
  netrig_status (*set_integer)(netrig_call* call, const char* parameter, uint32_t index, int64_t value);
  netrig_status (*set_string)(netrig_call* call, const char* parameter, uint32_t index, const char* value);
  netrig_status (*set_mac)(netrig_call* call, const char* parameter, uint32_t index, const uint8_t value[6]);
  netrig_status (*set_address)(netrig_call* call, const char* parameter, uint32_t index, const uint8_t value[16],
                               uint8_t family, uint8_t prefix_length);

  /** A value of NETRIG_TYPE_BYTES. Owner: host; lives until the operation returns. Errors: as get_bool. */
  netrig_status (*get_bytes)(netrig_call* call, const char* parameter, uint32_t index, const void** value,
                             uint32_t* size);
  /** The content of a file: a descriptor of its own, to be read from its begin, and how many bytes that are. Nothing
   *  can change it. Owner: host; open until the operation returns, so do not close it.
   *  Errors: as get_bool; NETRIG_NOT_FOUND also in inspect and destroy, for the host keeps no content. */
  netrig_status (*get_file)(netrig_call* call, const char* parameter, uint32_t index, int32_t* fd, uint64_t* size);
  /** inspect: as set_string, of NETRIG_TYPE_BYTES. */
  netrig_status (*set_bytes)(netrig_call* call, const char* parameter, uint32_t index, const void* value,
                             uint32_t size);
};
NETRIG_ENDS_WITH(struct netrig_host, set_bytes);

/* ---- functions ------------------------------------------------------------------------------------------------ */

/** What a driver does that its table cannot say. Each is optional: NULL, and its bit in netrig_table::functions not
 * set, leaves it to the host, who makes, deletes and shows what the table tells. Constant; reading it runs no code.
 *
 * A call of a service that fails is the driver's to handle: what the function returns decides. Not so one that the host
 * itself does not permit ("the driver asks for what it may not"): that fails the operation, whatever it returns.
 *  Since: 0.9 */
struct netrig_functions {
  uint32_t struct_size;
  uint32_t reserved;

  /** Checks what the declarations cannot say (two parameters that exclude each other). Runs without a kernel, also in
   *  `netrig plan`. */
  netrig_status (*validate)(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request);

  /** Makes the device: all its interfaces, in their final namespace, under their final name. On failure it has removed
   *  what it made itself, or saved a record, with which `destroy` is then called; links it asked the host for are
   *  removed by the host. */
  netrig_status (*create)(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request);

  /** Removes the device. Something that is gone already is success. Called for what `create` left: a device that it
   *  made, or that it failed to make after it had saved a record. */
  netrig_status (*destroy)(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device);

  /** Reports state through set_state, and parameters through set_bool and its kin. May change nothing.
   *  NETRIG_NOT_FOUND: the device is gone. */
  netrig_status (*inspect)(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device);

  /** Makes the device what its parameters now say, while it runs. Called when only parameters without a place in the
   *  kernel differ that are not NETRIG_PARAMETER_CREATE_ONLY; netrig_host::changed says which. If it fails, or
   * something after it does, it is called again with the parameters as they were. */
  netrig_status (*change)(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device);

  /** The last word of `up` on a device that it made: masters, addresses and routes are there, links have come up. */
  netrig_status (*settle)(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device);
};
NETRIG_ENDS_WITH(struct netrig_functions, settle);

#define NETRIG_EXPORT __attribute__((visibility("default")))

/** The symbol of a plugin that has functions: `NETRIG_EXPORT const struct netrig_functions netrig_driver = {...};` */
#define NETRIG_DRIVER_SYMBOL "netrig_driver"
extern NETRIG_EXPORT const struct netrig_functions netrig_driver;

#ifdef __cplusplus
}
#endif

#endif /* NETRIG_DRIVER_H */
