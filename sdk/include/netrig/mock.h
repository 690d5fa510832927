/* SPDX-License-Identifier: Apache-2.0
 *
 * A host that makes nothing, for unit tests of a driver: no root, no namespace, no netrig. The test says what the lab
 * file would say and what the kernel answers, has operations run, and looks at what the driver asked for:
 *
 *    struct netrig_mock* mock = netrig_mock_new(&netrig_driver);
 *    netrig_mock_set(mock, "tx_queues", "4");
 *    netrig_mock_refuse(mock, "create_link", 1, EOPNOTSUPP, "");
 *    assert(netrig_mock_run(mock, NETRIG_FUNCTION_CREATE) == NETRIG_UNSUPPORTED);
 *
 * It says no where the host does, in the same words, and names the law of drivers that was broken
 * (docs/drivers/laws.md: NRD-18, 23 to 27, 37, 38, 40). What takes a process, a kernel or thousands of calls to tell is
 * left to `netrig drivers test`.
 *
 * It comes as source and is built with the test (CMake: netrig::mock; pkg-config: netrig-mock, its variable `sources`):
 * no ABI of its own, and the test's own sanitizers look at it. So structs here have no size, and may change.
 *
 * - Owner: what is handed out is the mock's; it lives until netrig_mock_free, but for lists, which live until the next
 *   operation. What is handed in is copied.
 * - Thread: one mock has one operation at a time; a process has one.
 * - Errors: what the test itself does wrong, say a parameter that the table does not declare, ends the process by
 *   abort() with a message.
 */
#ifndef NETRIG_MOCK_H
#define NETRIG_MOCK_H

#include <netrig/attributes.h>
#include <netrig/services.h>

#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- a driver and its device -------------------------------------------------------------------------------- */

/** One device of a driver, and the host that it has to do with. */
struct netrig_mock;

/** Of the driver that is linked with the test: netrig_mock_new(&netrig_driver). It has as many interfaces as the table
 *  says at least: eth0, eth1... */
struct netrig_mock* netrig_mock_new(const struct netrig_functions* functions);
/** Of a plugin's file, as a lab would load it. */
struct netrig_mock* netrig_mock_load(const char* path);
void netrig_mock_free(struct netrig_mock* mock);

/** How many interfaces the lab file gives the device. Range: as the table says */
void netrig_mock_interfaces(struct netrig_mock* mock, uint32_t count);
/** What the driver is given of one, to be changed: name, mtu, mac, has_mac; once the device is there, ifindex, of which
 *  0 says that somebody has removed it. */
struct netrig_interface* netrig_mock_interface(struct netrig_mock* mock, uint32_t index);

/** Gives a parameter a value, written as in a lab file but without quotes: "true", "15s", "left:eth0", "0x0011". What
 * was there is replaced. Later operations, `change` among them, have the new one. Of a table one cell is set at a time,
 * by the name that getters know it by: netrig_mock_set(mock, "peers[0].key", "..."); a row is there from its first cell
 * on, and follows the one before it. Of a namespace any name will do. A file is read here, from the working directory.
 * Errors: NETRIG_INVALID: no lab file may say that; nothing has changed, and netrig_mock_message says why. */
netrig_status netrig_mock_set(struct netrig_mock* mock, const char* parameter, const char* text);
/** One more element of a list. Of a table "{}" is one more row, of which nothing is said yet. */
netrig_status netrig_mock_add(struct netrig_mock* mock, const char* parameter, const char* text);
/** What a file holds, without one on the disk. Errors: as netrig_mock_set */
netrig_status netrig_mock_set_file(struct netrig_mock* mock, const char* parameter, const void* content, uint32_t size);
/** One more of a list of files. */
netrig_status netrig_mock_add_file(struct netrig_mock* mock, const char* parameter, const void* content, uint32_t size);
/** As when the lab file no longer says it: its default counts, if it has one. A table has no rows then. */
void netrig_mock_unset(struct netrig_mock* mock, const char* parameter);
/** Every parameter is again what it was when the last operation that makes or changes the device was done. After a
 *  `change` that failed the host calls it again like that. */
void netrig_mock_set_back(struct netrig_mock* mock);
/** The interface behind a parameter of that type, or the loopback of a namespace, to be changed: ifindex 0 says that it
 * is gone. */
struct netrig_reference* netrig_mock_reference(struct netrig_mock* mock, const char* parameter, uint32_t index);
/** The record that later operations are given: of another version, cut off... */
void netrig_mock_set_record(struct netrig_mock* mock, const void* record, uint32_t size);

/* ---- the host and the kernel -------------------------------------------------------------------------------- */

/** The policy grants privileges, NETRIG_WANTS_*, which the table must want. */
void netrig_mock_grant(struct netrig_mock* mock, uint32_t privileges);
/** The policy grants a generic netlink family ("genl:wireguard"); the table must want NETRIG_WANTS_GENL. */
void netrig_mock_grant_family(struct netrig_mock* mock, const char* family);
/** The policy grants writing an attribute in sysfs ("sysfs:gro_*"); the table must want NETRIG_WANTS_SYSFS. pattern:
 *  "gro_*". */
void netrig_mock_grant_sysfs(struct netrig_mock* mock, const char* pattern);
/** The host has no such service: "netrig.tun/1". */
void netrig_mock_lack(struct netrig_mock* mock, const char* service);

/** In the next operation the kernel refuses something: the n-th call of that name (see netrig_mock_asked::call; NULL:
 *  of any), counted from 1. What is queued (links to be made, changed, deleted) it refuses when it is carried out: by
 *  `flush`, or behind the operation. words: of its extended acknowledgement, or "". */
void netrig_mock_refuse(struct netrig_mock* mock, const char* call, uint32_t nth, int error_number, const char* words);
/** In the next operation `cancelled` says so from the n-th call of a service on. 0: from the begin. */
void netrig_mock_cancel(struct netrig_mock* mock, uint32_t nth);

/** The kernel has this generic netlink family. It has "ethtool" and "nlctrl" by itself. */
void netrig_mock_has_family(struct netrig_mock* mock, const char* family);
/** One message with which it answers every rtnetlink request of this type; several are sent in turn. */
void netrig_mock_answer(struct netrig_mock* mock, uint16_t type, uint16_t answer_type, const void* payload,
                        uint32_t size);
/** The same of a generic netlink request: `attributes` of an answer with that command. */
void netrig_mock_answer_genl(struct netrig_mock* mock, const char* family, uint8_t command, uint8_t answer_command,
                             const void* attributes, uint32_t size);
/** No such request is answered any more. */
void netrig_mock_no_answers(struct netrig_mock* mock);
/** A file below /sys/class/net/INTERFACE/. text NULL: it is not there, as all that nothing was said of. */
void netrig_mock_sysfs(struct netrig_mock* mock, uint32_t interface, const char* path, const char* text);
/** Attributes that `get_link` shows of a link. It shows by itself name, MTU, MAC, and kind and data as they were
 * ordered; one of the same type is replaced. So somebody else has changed it. */
void netrig_mock_put_link(struct netrig_mock* mock, uint32_t interface, const void* attributes, uint32_t size);
/** The same in IFLA_INFO_DATA. */
void netrig_mock_put_data(struct netrig_mock* mock, uint32_t interface, const void* attributes, uint32_t size);

/* ---- operations --------------------------------------------------------------------------------------------- */

/** Has the driver do one thing: NETRIG_FUNCTION_CREATE... What it has no function for is done as the table says, but
 *  for its attributes. Returns what the host makes of it: what the driver returned, unless it asked for what it may
 * not, or the kernel refused what was queued, or an interface was not made; `destroy` of what is gone is done. */
netrig_status netrig_mock_run(struct netrig_mock* mock, uint32_t function);

/* ---- what came of it: the last operation -------------------------------------------------------------------- */

/** Netlink attributes, or other bytes. */
struct netrig_mock_bytes {
  const void* data;
  uint32_t size;
};

/** One thing that the driver asked for. Members that say nothing of a call are 0, texts "". */
struct netrig_mock_asked {
  /** Function of a service, or of the host: create_link, set_link, delete_link, get_link, request, family, genl,
   *  open_socket, create_tun, open_queue, read_sysfs, write_sysfs, save_record. */
  const char* call;
  const char* text;     /**< kind of a link; generic netlink family; path in sysfs */
  uint32_t interface;   /**< which it is about */
  int32_t status;       /**< how it ended. -1: it was queued, and never carried out */
  int32_t error_number; /**< with which the kernel refused it */
  uint16_t type;        /**< of a request; of a link's peer; NETRIG_SOCKET_*; NETRIG_TUN_* */
  uint16_t flags;       /**< NLM_F_*, or of a TUN */
  uint8_t command;      /**< of generic netlink */
  uint8_t version;
  uint16_t reserved;
  uint32_t peer;  /**< of a link: the other interface, or NETRIG_NONE */
  uint32_t lower; /**< of a link: number of the reference that it sits on, or NETRIG_NONE */
  /** Of a link, or behind the header of a message. */
  struct netrig_mock_bytes attributes;
  /** Of a link IFLA_INFO_DATA. A whole request, with the ifindex that the host writes into it; a record; what is
   * written to sysfs; struct netrig_tun_device. */
  struct netrig_mock_bytes data;
  struct netrig_mock_bytes peer_attributes;
  int32_t
      fd; /**< other end of the socket or queue that the driver was given: what one writes the other reads; -1: none */
};

/** In the words that the user would read: the driver's and the kernel's. "": all went well. */
const char* netrig_mock_message(const struct netrig_mock* mock);
/** The law that the driver has broken: "NRD-25: a link of kind..."; NULL: none that is looked at here. */
const char* netrig_mock_broken(const struct netrig_mock* mock);
/** All that it asked for, in turn. */
const struct netrig_mock_asked* netrig_mock_all(const struct netrig_mock* mock, uint32_t* count);
/** The n-th call of that name, counted from 1. NULL: there were fewer. */
const struct netrig_mock_asked* netrig_mock_find(const struct netrig_mock* mock, const char* call, uint32_t nth);
/** The record as it is now. */
struct netrig_mock_bytes netrig_mock_record(const struct netrig_mock* mock);
/** A value of inspect's, by its name. NULL: not said. */
const char* netrig_mock_state(const struct netrig_mock* mock, const char* name);
/** What inspect said that a parameter is, as a lab file would. NULL: not said. */
const char* netrig_mock_told(const struct netrig_mock* mock, const char* parameter, uint32_t index);
/** A line for the log, and its level (NULL: not wanted). NULL: there were fewer. */
const char* netrig_mock_log(const struct netrig_mock* mock, uint32_t index, uint32_t* level);
/** All of it, for whoever reads why a test has failed. */
void netrig_mock_print(const struct netrig_mock* mock, FILE* to);

/* ---- netlink attributes ------------------------------------------------------------------------------------- */

/** One of a list. A nest's value is another list. */
struct netrig_mock_attribute {
  uint16_t type; /**< without NLA_F_NESTED and its like */
  struct netrig_mock_bytes value;
};
/** Takes a list apart, into at most `most`. Returns how many there are. */
uint32_t netrig_mock_attributes(struct netrig_mock_bytes list, struct netrig_mock_attribute* attributes, uint32_t most);
/** The value of the last of that type, which is the one that the kernel takes (nla_parse); data NULL: there is none. */
struct netrig_mock_bytes netrig_mock_get(struct netrig_mock_bytes list, uint16_t type);
/** It as a number of 1, 2, 4 or 8 bytes, in the machine's order; `otherwise` if there is none. */
uint64_t netrig_mock_number(struct netrig_mock_bytes list, uint16_t type, uint64_t otherwise);

#ifdef __cplusplus
}
#endif

#endif /* NETRIG_MOCK_H */
