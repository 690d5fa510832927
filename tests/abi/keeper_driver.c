/* SPDX-License-Identifier: Apache-2.0
 * A bridge whose driver keeps a secret in its record, and says it wherever it can. */
#include <netrig/services.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void say(const struct netrig_host* host, netrig_call* call, const char* operation, const char* secret,
                size_t size) {
  const struct netrig_log* log = host->service(call, NETRIG_LOG_1);
  static char line[8192];
  snprintf(line, sizeof line, "%s: %.*s", operation, (int)size, secret);
  log->write(call, NETRIG_LOG_WARNING, line);
  /* Behind so much else a message ends within it. */
  snprintf(line, sizeof line, "%01010d%.*s", 0, (int)size, secret);
  log->write(call, NETRIG_LOG_WARNING, line);
  uint8_t prints = 0;
  host->get_bool(call, "prints", 0, &prints);
  if (prints != 0)
    fprintf(stdout, "%s prints %.*s\n", operation, (int)size, secret); /* it comes out when the buffer is full */
}

static netrig_status create(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request) {
  (void)request;
  static char secret[NETRIG_RECORD_MAX];
  size_t size = 0;
  const char* key = NULL;
  int32_t fd = -1;
  uint64_t length = 0;
  if (host->get_string(call, "key", 0, &key) == NETRIG_OK) {
    size = strlen(key);
    memcpy(secret, key, size);
  } else if (host->get_file(call, "file", 0, &fd, &length) == NETRIG_OK) {
    const ssize_t got = read(fd, secret, sizeof secret);
    if (got < 0) return host->fail(call, NETRIG_IO, "the file cannot be read");
    size = (size_t)got;
  }
  say(host, call, "create", secret, size);
  const netrig_status status = host->save_record(call, secret, (uint32_t)size);
  if (status != NETRIG_OK) return status;
  const struct netrig_link link = {
      .struct_size = sizeof link, .kind = "bridge", .peer = NETRIG_NONE, .lower = NETRIG_NONE};
  return ((const struct netrig_netlink*)host->service(call, NETRIG_NETLINK_1))->create_link(call, &link);
}

static netrig_status destroy(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  say(host, call, "destroy", device->record, device->record_size);
  static char line[8192];
  snprintf(line, sizeof line, "it will not let go of %.*s", (int)device->record_size, (const char*)device->record);
  return host->fail(call, NETRIG_BUSY, line);
}

static netrig_status inspect(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  static char line[8192];
  say(host, call, "inspect", device->record, device->record_size);
  snprintf(line, sizeof line, "%.*s", (int)device->record_size, (const char*)device->record);
  host->set_state(call, "kept", line);
  snprintf(line, sizeof line, "%01010d%.*s", 0, (int)device->record_size, (const char*)device->record);
  host->set_state(call, "long", line);
  snprintf(line, sizeof line, "x%.*s", (int)device->record_size, (const char*)device->record);
  host->set_string(call, "shown", 0, line);
  return NETRIG_OK;
}

NETRIG_TABLE(4) = {
    NETRIG_TABLE_NOTE,
    .about = {NETRIG_ABOUT(4), .functions = NETRIG_FUNCTION_CREATE | NETRIG_FUNCTION_DESTROY | NETRIG_FUNCTION_INSPECT,
              .min_interfaces = 1, .max_interfaces = 1, .name = "keeper", .version = "1.0.0",
              .summary = "bridge that tells its secret", .link_kinds = "bridge"},
    .parameters = {{NETRIG_PARAMETER, .name = "key", .type = NETRIG_TYPE_STRING, .flags = NETRIG_PARAMETER_SECRET,
                    .help = "a secret"},
                   {NETRIG_PARAMETER, .name = "file", .type = NETRIG_TYPE_FILE, .flags = NETRIG_PARAMETER_SECRET,
                    .maximum = 4096, .help = "a file with one"},
                   {NETRIG_PARAMETER, .name = "prints", .type = NETRIG_TYPE_BOOL, .help = "whether it prints, too"},
                   {NETRIG_PARAMETER, .name = "shown", .type = NETRIG_TYPE_STRING, .flags = NETRIG_PARAMETER_INSPECTED,
                    .help = "what everybody may know"}}};
NETRIG_EXPORT const struct netrig_functions netrig_driver = {
    .struct_size = sizeof netrig_driver, .create = create, .destroy = destroy, .inspect = inspect};
