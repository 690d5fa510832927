// SPDX-License-Identifier: Apache-2.0
// The ABI as binaries in the field know it (LP64). A change that fails here breaks them: structs only grow at the end,
// and then the last member's place stays.
#include <netrig/services.h>

#include "catch.hpp"

TEST_CASE("the layout of ABI 1.0 stays as it is") {
  CHECK(sizeof(netrig_parameter) == 72);
  CHECK(offsetof(netrig_parameter, kernel_option) == 64);
  CHECK(sizeof(netrig_interface) == 40);
  CHECK(offsetof(netrig_interface, mac) == 29);
  CHECK(sizeof(netrig_reference) == 40);
  CHECK(offsetof(netrig_reference, number) == 32);
  CHECK(sizeof(netrig_request) == 40);
  CHECK(offsetof(netrig_request, interfaces) == 32);
  CHECK(sizeof(netrig_device) == 56);
  CHECK(offsetof(netrig_device, record_size) == 48);
  CHECK(sizeof(netrig_host) == 112);
  CHECK(offsetof(netrig_host, set_state) == 104);
  CHECK(sizeof(netrig_driver) == 128);
  CHECK(offsetof(netrig_driver, extension) == 120);
  CHECK(sizeof(netrig_note) == 156);
  CHECK(offsetof(netrig_note, link_kinds) == 92);
  CHECK(sizeof(netrig_link) == 88);
  CHECK(offsetof(netrig_link, lower) == 80);
  CHECK(sizeof(netrig_netlink) == 64);
  CHECK(offsetof(netrig_netlink, request) == 56);
  CHECK(sizeof(netrig_genl) == 24);
  CHECK(offsetof(netrig_genl, request) == 16);
  CHECK(sizeof(netrig_log) == 24);
  CHECK(offsetof(netrig_log, enabled) == 16);
  CHECK(sizeof(netrig_sysfs) == 16);
  CHECK(offsetof(netrig_sysfs, read) == 8);
  CHECK(sizeof(netrig_cancel) == 16);
  CHECK(offsetof(netrig_cancel, cancelled) == 8);
}

TEST_CASE("the numbers of ABI 1.0 stay as they are") {
  CHECK(NETRIG_ABI_MAJOR == 1);
  CHECK(NETRIG_INTERNAL == 10);
  CHECK(NETRIG_TYPE_INTERFACE == 10);
  CHECK(NETRIG_PARAMETER_SECRET == 4);
  CHECK(NETRIG_NOTE_TYPE == 1);
  CHECK(NETRIG_WANTS_SYS_ADMIN == 4);
  CHECK(NETRIG_RECORD_MAX == 4096);
  CHECK(NETRIG_NONE == UINT32_MAX);
}
