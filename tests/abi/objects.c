/* SPDX-License-Identifier: Apache-2.0
 * One object of every struct of the ABI, so that debugging information has all of them, functions' arguments included:
 * what abidiff compares with tests/abi/objects.abi. */
#include <netrig/attributes.h>
#include <netrig/services.h>

#define OBJECT(name)                         \
  NETRIG_EXPORT extern struct name a_##name; \
  struct name a_##name

OBJECT(netrig_parameter);
OBJECT(netrig_table);
OBJECT(netrig_note);
OBJECT(netrig_interface);
OBJECT(netrig_reference);
OBJECT(netrig_request);
OBJECT(netrig_device);
OBJECT(netrig_host);
OBJECT(netrig_error);
OBJECT(netrig_functions);
OBJECT(netrig_link);
OBJECT(netrig_netlink);
OBJECT(netrig_genl);
OBJECT(netrig_socket);
OBJECT(netrig_tun_device);
OBJECT(netrig_tun);
OBJECT(netrig_log);
OBJECT(netrig_sysfs);
OBJECT(netrig_cancel);
OBJECT(netrig_attributes);
