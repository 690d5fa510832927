/* SPDX-License-Identifier: Apache-2.0
 * A driver that crashes, three calls deep, for what its backtrace looks like. */
#include <netrig/driver.h>
#include <stdlib.h>
#include <string.h>

static volatile int zero; /* nobody shall know what is divided by it, or merge the calls */

__attribute__((noinline)) static int look_into(const char* how, volatile int* at) {
  if (strcmp(how, "abort") == 0) abort();
  return *at + zero;
}
__attribute__((noinline)) static int fill_queues(const char* how) {
  return look_into(how, (volatile int*)(long)zero) + zero;
}

static netrig_status create(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request) {
  (void)request;
  const char* how = "";
  host->get_string(call, "how", 0, &how);
  return fill_queues(how) == 1 ? NETRIG_OK : host->fail(call, NETRIG_INTERNAL, "it has not crashed");
}

#ifdef NEEDS_ANOTHER
extern int netrig_acme_missing(void);
static netrig_status missing(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  (void)host, (void)call, (void)device;
  return netrig_acme_missing();
}
#define FUNCTIONS (NETRIG_FUNCTION_CREATE | NETRIG_FUNCTION_SETTLE)
#define SETTLE missing
#else
#define FUNCTIONS NETRIG_FUNCTION_CREATE
#define SETTLE NULL
#endif

NETRIG_TABLE(1) = {
    NETRIG_TABLE_NOTE,
    .about = {NETRIG_ABOUT(1), .functions = FUNCTIONS, .name = "crashing", .version = "1.0.0",
              .summary = "driver that crashes", .min_interfaces = 1, .max_interfaces = 1, .link_kinds = "dummy"},
    .parameters = {{NETRIG_PARAMETER, .name = "how", .type = NETRIG_TYPE_STRING, .help = "abort, or a pointer"}}};
NETRIG_EXPORT const struct netrig_functions netrig_driver = {
    .struct_size = sizeof netrig_driver, .create = create, .settle = SETTLE};
