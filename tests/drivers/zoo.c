/* SPDX-License-Identifier: Apache-2.0
 * Drivers with one defect each: ZOO_xxx names the check of `netrig drivers test` that finds it, and no other does.
 * Without a defect it is a bridge, or two of them, with a record and every function. */
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <netrig/attributes.h>
#include <netrig/services.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define OK NETRIG_OK
static int forever(void) {
  for (;;) {
    const struct timespec day = {.tv_sec = 86400};
    nanosleep(&day, NULL);
  }
  return 0;
}
#define CRASH() __builtin_trap()

#ifdef ZOO_state_elsewhere
#define LIMIT ((uint32_t)getpid() % 60000u + 1u)
#else
#define LIMIT 1000u
#endif
#ifndef COUNT
#define COUNT 1
#endif

struct record {
  uint32_t magic;
  uint32_t one;
  const void* where;
  uint32_t level; /* as last changed, or how often it has settled; 0: neither */
  uint32_t reserved;
};
static const struct record* record_of(const struct netrig_device* device) {
#ifdef ZOO_records_missing
  if (device->record_size == 0) CRASH();
#endif
#ifdef ZOO_records_cut
  if (device->record_size != 0 && device->record_size < sizeof(struct record)) CRASH();
#endif
  if (device->record_size < sizeof(struct record)) return NULL;
#ifdef ZOO_records_other
  if (((const struct record*)device->record)->magic != 0x5a4f4f) CRASH();
#endif
  return device->record;
}

static void count(void* user, uint16_t type, const void* value, uint32_t size) {
  (void)type, (void)value, (void)size;
  ++*(int*)user;
}
/* Whether there is a kernel behind this host, which shows a link with dozens of attributes, or none before it is made.
 */
static int is_real(const struct netrig_netlink* netlink, netrig_call* call) {
  int attributes = 0;
  return netlink->get_link(call, 0, count, &attributes) != OK || attributes > 10;
}

#ifdef ZOO_calls_thread
static const struct netrig_log* lent;
static void* elsewhere(void* call) {
  lent->enabled(call, NETRIG_LOG_INFO);
  return NULL;
}
#endif
#ifdef ZOO_isolation_threads
static void* stays(void* unused) {
  sleep(2);
  return unused;
}
#endif
#ifdef ZOO_isolation_signals
static void ignore(int number) { (void)number; }
#endif
#ifdef ZOO_calls_loads
extern int nobody_has_this(void);
#endif
#ifdef ZOO_binary_processes
__attribute__((visibility("hidden"))) volatile int never;
#endif

static netrig_status misbehave(const struct netrig_host* host, netrig_call* call,
                               const struct netrig_netlink* netlink) {
  (void)host, (void)call, (void)netlink;
#ifdef ZOO_calls_call
  const struct netrig_log* log = host->service(call, NETRIG_LOG_1);
  if (log != NULL) log->enabled((netrig_call*)(uintptr_t)16, NETRIG_LOG_INFO);
#elif defined(ZOO_calls_thread)
  lent = host->service(call, NETRIG_LOG_1);
  pthread_t thread;
  if (lent != NULL && pthread_create(&thread, NULL, elsewhere, call) == 0) pthread_join(thread, NULL);
#elif defined(ZOO_calls_parameters)
  uint8_t value = 0;
  host->get_bool(call, "undeclared", 0, &value);
#elif defined(ZOO_calls_reason)
  if (!is_real(netlink, call)) return NETRIG_BUSY;
#elif defined(ZOO_calls_status)
  if (!is_real(netlink, call)) return host->fail(call, 77, "a status of its own");
#elif defined(ZOO_isolation_system_calls)
  if (!is_real(netlink, call)) close(socket(AF_INET, SOCK_DGRAM, 0));
#elif defined(ZOO_isolation_threads)
  static int once;
  pthread_t thread;
  if (!once++ && pthread_create(&thread, NULL, stays, NULL) == 0) pthread_detach(thread);
#elif defined(ZOO_isolation_signals)
  signal(SIGUSR1, ignore);
#elif defined(ZOO_isolation_environment)
  setenv("NETRIG_ZOO", "1", 1);
#elif defined(ZOO_leaks_memory)
  static void* volatile last;
  last = malloc(100);
#elif defined(ZOO_leaks_descriptors)
  eventfd(0, EFD_CLOEXEC);
#elif defined(ZOO_hosts_older)
  const struct netrig_cancel* cancel = host->service(call, NETRIG_CANCEL_1);
  cancel->cancelled(call);
#elif defined(ZOO_hosts_newer)
  if (host->struct_size != sizeof *host) return host->fail(call, NETRIG_UNSUPPORTED, "not the host it was built with");
#elif defined(ZOO_calls_loads)
  nobody_has_this();
#elif defined(ZOO_binary_processes)
  if (never) return (netrig_status)fork();
#elif defined(ZOO_crashes_create)
  CRASH();
#elif defined(ZOO_deadline_create)
  forever();
#endif
  return OK;
}

static netrig_status validate(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request) {
  (void)request;
  int64_t level = 1;
  const netrig_status status = host->get_integer(call, "level", 0, &level);
  (void)status;
#ifdef ZOO_values_below
  if (level < 1) CRASH();
#elif defined(ZOO_values_at)
  if (level == 7) CRASH();
#elif defined(ZOO_values_above)
  if (level > 7) CRASH();
#elif defined(ZOO_values_unset)
  if (status != OK) CRASH();
#elif defined(ZOO_crashes_validate)
  CRASH();
#elif defined(ZOO_deadline_validate)
  forever();
#elif defined(ZOO_life_validates)
  return host->fail(call, NETRIG_INVALID, "it never likes what it sees");
#endif
  return OK;
}

static netrig_status make(netrig_call* call, const struct netrig_netlink* netlink, uint32_t interface) {
  uint8_t buffer[64];
  struct netrig_attributes attributes = {.buffer = buffer, .capacity = sizeof buffer};
  netrig_put_u32(&attributes, IFLA_GSO_MAX_SEGS, LIMIT);
  struct netrig_link link = {.struct_size = sizeof link,
                             .interface = interface,
                             .kind = "bridge",
                             .attributes = buffer,
                             .attributes_size = attributes.size,
                             .peer = NETRIG_NONE,
                             .lower = NETRIG_NONE};
  if (!is_real(netlink, call)) {
#ifdef ZOO_calls_sizes
    link.struct_size = 8;
#elif defined(ZOO_calls_kinds)
    link.kind = "vcan";
#elif defined(ZOO_life_only)
    link.kind = "veth";
#elif defined(ZOO_calls_attributes)
    buffer[0] = 200;
#elif defined(ZOO_calls_once)
    netlink->create_link(call, &link);
#endif
  }
  const netrig_status status = netlink->create_link(call, &link);
#ifdef ZOO_faults_create
  if (status != OK) CRASH();
#elif defined(ZOO_faults_create_tells)
  return OK;
#endif
  return status;
}

static netrig_status create(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request) {
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  if (netlink == NULL) return host->fail(call, NETRIG_UNSUPPORTED, "no netlink");
#ifdef ZOO_faults_recovery
  static int broken;
  if (broken) return host->fail(call, NETRIG_BUSY, "it has failed before");
#endif
#ifdef ZOO_life_names
  if (strlen(request->interfaces[0]->name) > 12) return host->fail(call, NETRIG_INVALID, "the name is too long for it");
#endif
#ifdef ZOO_life_two
  static char first[16];
  if (is_real(netlink, call) && first[0] != 0 && strcmp(first, request->device) != 0)
    return host->fail(call, NETRIG_BUSY, "it can make but one");
  strncpy(first, request->device, sizeof first - 1);
#endif
#ifdef ZOO_life_many
  static int made;
  if (is_real(netlink, call) && ++made > 20) return host->fail(call, NETRIG_BUSY, "it has made enough");
#endif
  netrig_status status = misbehave(host, call, netlink);
  if (status != OK) return status;
#ifndef ZOO_life_makes
  for (uint32_t i = 0; i < COUNT && status == OK; ++i) status = make(call, netlink, i);
#endif
#ifdef ZOO_faults_recovery
  broken = status != OK;
#endif
  if (status != OK) return status;
  const struct record record = {.magic = 0x5a4f4f,
#ifdef ZOO_life_elsewhere
                                .one = (uint32_t)getpid(),
#endif
#ifdef ZOO_records_addresses
                                .where = host->get_bool != NULL ? (const void*)create : NULL
#else
                                .where = NULL
#endif
  };
#ifdef ZOO_records_size
  static const unsigned char large[NETRIG_RECORD_MAX + 1];
  host->save_record(call, large, sizeof large);
#endif
  (void)request;
  return host->save_record(call, &record, sizeof record);
}

static netrig_status destroy(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  if (netlink == NULL) return host->fail(call, NETRIG_UNSUPPORTED, "no netlink");
  record_of(device);
#ifdef ZOO_crashes_destroy
  CRASH();
#elif defined(ZOO_deadline_destroy)
  forever();
#elif defined(ZOO_life_removes)
  return OK;
#elif defined(ZOO_life_gone)
  int attributes = 0;
  if (netlink->get_link(call, 0, count, &attributes) == NETRIG_NOT_FOUND)
    return host->fail(call, NETRIG_INTERNAL, "it is gone already");
#elif defined(ZOO_calls_interfaces)
  if (!is_real(netlink, call)) netlink->delete_link(call, 7);
#elif defined(ZOO_stopped_destroy)
  /* The first is gone, so it takes all for gone. */
  int attributes = 0;
  if (netlink->get_link(call, 0, count, &attributes) == NETRIG_NOT_FOUND) return OK;
  netrig_status first = netlink->delete_link(call, 0);
  if (first == OK) first = netlink->flush(call);
  if (first != OK) return first;
  return netlink->delete_link(call, 1);
#elif defined(ZOO_life_elsewhere)
  if (is_real(netlink, call) && ((const struct record*)device->record)->one != (uint32_t)getpid())
    return host->fail(call, NETRIG_INTERNAL, "only who made it can remove it");
#endif
  netrig_status status = OK;
  for (uint32_t i = 0; i < COUNT && status == OK; ++i) status = netlink->delete_link(call, i);
#ifdef ZOO_faults_destroy
  if (status != OK) CRASH();
#elif defined(ZOO_faults_destroy_tells)
  return OK;
#endif
  return status;
}

static netrig_status inspect(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  if (netlink == NULL) return host->fail(call, NETRIG_UNSUPPORTED, "no netlink");
  record_of(device);
#ifdef ZOO_crashes_inspect
  CRASH();
#elif defined(ZOO_deadline_inspect)
  forever();
#elif defined(ZOO_life_shows)
  return NETRIG_NOT_FOUND;
#elif defined(ZOO_life_shows_gone)
  return OK;
#elif defined(ZOO_calls_operations)
  if (!is_real(netlink, call)) netlink->delete_link(call, 0);
#endif
  int attributes = 0;
  const netrig_status status = netlink->get_link(call, 0, count, &attributes);
#ifdef ZOO_faults_inspect
  if (status != OK && status != NETRIG_NOT_FOUND) CRASH();
#endif
  if (status != OK) return status;
#ifdef ZOO_inspect_tells
  host->set_integer(call, "level", 0, 7);
#elif defined(ZOO_change_tells)
  const struct record* last = record_of(device);
  host->set_integer(call, "level", 0, last == NULL || last->level == 0 ? 1 : last->level);
#endif
#ifdef ZOO_state_cycles
  static int asked;
  return host->set_state(call, "asked", ++asked < 40 ? "seldom" : "often");
#else
  return host->set_state(call, "attributes", "some");
#endif
}

/* By how much `level` raises the limit that `create` has set. */
static netrig_status change(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  if (netlink == NULL) return host->fail(call, NETRIG_UNSUPPORTED, "no netlink");
#ifdef ZOO_crashes_change
  CRASH();
#elif defined(ZOO_deadline_change)
  forever();
#endif
  int64_t level = 1;
  host->get_integer(call, "level", 0, &level);
  const struct record* last = record_of(device);
  const uint32_t was = last == NULL || last->level == 0 ? 1 : last->level;
  uint32_t limit = LIMIT + (uint32_t)level - 1;
#ifdef ZOO_change_tells
  return OK;
#elif defined(ZOO_change_back)
  if (level < was) return OK; /* never down */
#elif defined(ZOO_change_nothing)
  if (level == was) limit += 500;
#endif
  uint8_t buffer[64];
  struct netrig_attributes attributes = {.buffer = buffer, .capacity = sizeof buffer};
  netrig_put_u32(&attributes, IFLA_GSO_MAX_SEGS, limit);
  const netrig_status status = netlink->set_link(call, 0, NULL, buffer, attributes.size, NULL, 0);
  if (status != OK) return status;
  struct record record = {.magic = 0x5a4f4f};
  if (last != NULL) record = *last;
  record.level = (uint32_t)level;
  (void)was;
  return host->save_record(call, &record, sizeof record);
}

static netrig_status settle(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  (void)host, (void)call, (void)device;
#ifdef ZOO_crashes_settle
  CRASH();
#elif defined(ZOO_deadline_settle)
  forever();
#elif defined(ZOO_settle_again)
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  if (netlink == NULL) return host->fail(call, NETRIG_UNSUPPORTED, "no netlink");
  const struct record* last = record_of(device);
  struct record record = {.magic = 0x5a4f4f};
  if (last != NULL) record = *last;
  ++record.level;
  uint8_t buffer[64];
  struct netrig_attributes attributes = {.buffer = buffer, .capacity = sizeof buffer};
  netrig_put_u32(&attributes, IFLA_GSO_MAX_SEGS, LIMIT + record.level);
  const netrig_status status = netlink->set_link(call, 0, NULL, buffer, attributes.size, NULL, 0);
  return status != OK ? status : host->save_record(call, &record, sizeof record);
#else
  return OK;
#endif
}

/* ---- the table -------------------------------------------------------------------------------------------------- */

#ifdef ZOO_settle_again /* what it settles a change would take back */
#define CHANGES 0
#else
#define CHANGES NETRIG_FUNCTION_CHANGE
#endif
#define ALL                                                                                                          \
  (NETRIG_FUNCTION_VALIDATE | NETRIG_FUNCTION_CREATE | NETRIG_FUNCTION_DESTROY | NETRIG_FUNCTION_INSPECT | CHANGES | \
   NETRIG_FUNCTION_SETTLE)
/* What is in none of these stands in ABOUT and PARAMETER, which come last and so count. */
#ifndef ABOUT
#define ABOUT .max_ports = 0
#endif
#ifndef PARAMETER
#define PARAMETER .reserved = 0
#endif
#ifndef FUNCTIONS
#define FUNCTIONS ALL
#endif
#ifndef KINDS
#define KINDS "bridge"
#endif
#define LEVEL                                                                                    \
  .name = "level", .type = NETRIG_TYPE_INTEGER, .minimum = 1, .maximum = 7, .default_text = "1", \
  .help = "how much of it"
#ifdef TABLE_ONLY
#define FIRST .help = "how much of it"
#else
#define FIRST LEVEL
#endif

#ifdef ZOO_binary_relocations
__attribute__((section(NETRIG_NOTE_SECTION), used, aligned(8))) static const struct {
  struct netrig_note note;
  struct netrig_table about;
  struct netrig_parameter parameters[1];
  const void* pointer;
} netrig_plugin = {
    .note = {(uint32_t)sizeof NETRIG_NOTE_NAME, (uint32_t)(sizeof netrig_plugin - sizeof(struct netrig_note)),
             NETRIG_NOTE_TYPE, NETRIG_NOTE_NAME},
    .pointer = &netrig_plugin,
#elif !defined(ZOO_binary_note)
NETRIG_TABLE(1) = {NETRIG_TABLE_NOTE,
#endif
#ifndef ZOO_binary_note
    .about = {NETRIG_ABOUT(1), .functions = FUNCTIONS, .min_interfaces = COUNT, .max_interfaces = COUNT, .name = NAME,
              .version = "1.0.0", .summary = "a driver with a defect", .link_kinds = KINDS, ABOUT},
    .parameters = {{NETRIG_PARAMETER, FIRST, PARAMETER}}};
#endif

#ifdef ZOO_binary_writable_code
__attribute__((section(".written,\"awx\",@progbits#"), used)) static int written = 1;
#endif
#ifdef ZOO_binary_text
__asm__(".text\n.quad netrig_driver\n");
#endif
#ifdef ZOO_binary_exports
NETRIG_EXPORT int helper(void);
int helper(void) { return 1; }
#endif

#ifndef TABLE_ONLY
#ifdef ZOO_binary_functions
__attribute__((used)) static const struct netrig_functions hidden = {
#else
NETRIG_EXPORT const struct netrig_functions netrig_driver = {
#endif
    .struct_size = sizeof(struct netrig_functions),
    .validate = validate,
    .create = create,
    .destroy = destroy,
#ifndef ZOO_calls_promises
    .inspect = inspect,
#endif
#ifndef ZOO_settle_again
    .change = change,
#endif
    .settle = settle,
};
#endif
