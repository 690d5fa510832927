/* SPDX-License-Identifier: Apache-2.0
 * struct netrig_host, as a driver has it. */
#include "internal.h"

#include <string.h>
#include <sys/socket.h>

struct netrig_mock* mock_running = NULL;

void mock_breaks(struct netrig_mock* mock, const char* law, const char* format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (mock->broken == NULL) mock->broken = mock_text(mock, "%s: %s", law, text);
}

netrig_status mock_deny(struct netrig_mock* mock, const char* law, const char* format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  const char* message = mock_text(mock, "the driver asks for what it may not: %s", text);
  mock_breaks(mock, law, "%s", message);
  if (mock->denied == NULL) mock->denied = message;
  return mock_fails(mock, NETRIG_DENIED, 0, "", "%s", message);
}

netrig_status mock_fails(struct netrig_mock* mock, netrig_status status, int error_number, const char* words,
                         const char* format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  mock->failed = true;
  mock->last = (struct netrig_error){.struct_size = sizeof mock->last,
                                     .status = status,
                                     .error_number = error_number,
                                     .offset = NETRIG_NONE,
                                     .text = words,
                                     .message = mock_text(mock, "%s", text)};
  return status;
}

struct netrig_mock* mock_enter(const netrig_call* call, const char* function) {
  struct netrig_mock* mock = mock_running;
  if (mock == NULL) mock_misused("NRD-23: the driver calls %s when no operation runs", function);
  if (call != (const netrig_call*)mock)
    mock_breaks(mock, "NRD-23", "%s is called with another call than the one that runs", function);
  if (!pthread_equal(pthread_self(), mock->thread))
    mock_breaks(mock, "NRD-23", "%s is called from another thread than the operation's", function);
  return mock;
}

static netrig_status fail(netrig_call* call, netrig_status status, const char* message) {
  struct netrig_mock* mock = mock_enter(call, "fail");
  mock->words = mock_clean(mock, message);
  if (mock->words[0] == '\0') mock_breaks(mock, "NRD-26", "it calls fail without a message");
  return status;
}

static const void* service(netrig_call* call, const char* id) {
  struct netrig_mock* mock = mock_enter(call, "service");
  if (id == NULL || mock->function == NETRIG_FUNCTION_VALIDATE) return NULL;
  for (uint32_t i = 0; i < mock->lacks.count; ++i)
    if (strcmp(mock->lacks.list[i], id) == 0) return NULL;
  return mock_service(id);
}

/* ---- parameters ---------------------------------------------------------------------------------------------------
 */

/** What of them the operation has. In destroy and inspect the host has no secrets any more. */
static struct values used(struct netrig_mock* mock, const struct parameter* one) {
  const bool forgotten = mock_is_secret(mock, one) &&
                         (mock->function == NETRIG_FUNCTION_DESTROY || mock->function == NETRIG_FUNCTION_INSPECT);
  return forgotten ? (struct values){NULL, 0} : one->used;
}

static uint32_t count(netrig_call* call, const char* name) {
  struct netrig_mock* mock = mock_enter(call, "count");
  const struct parameter* one = mock_parameter(mock, name);
  return one == NULL ? 0 : used(mock, one).count;
}

#define IS(type) ((type) < 32 ? 1u << (type) : 0u) /* of a later one nothing */
#define NUMBERS                                                                                           \
  (IS(NETRIG_TYPE_INTEGER) | IS(NETRIG_TYPE_DURATION) | IS(NETRIG_TYPE_RATE) | IS(NETRIG_TYPE_FRACTION) | \
   IS(NETRIG_TYPE_ENUM))
#define TEXTS (IS(NETRIG_TYPE_STRING) | IS(NETRIG_TYPE_ENUM))
#define ADDRESSES (IS(NETRIG_TYPE_ADDRESS) | IS(NETRIG_TYPE_PREFIX))
#define REFERENCES (IS(NETRIG_TYPE_INTERFACE) | IS(NETRIG_TYPE_NAMESPACE))

static const struct value* value_of(struct netrig_mock* mock, const char* name, uint32_t index, uint32_t types,
                                    netrig_status* status) {
  const struct parameter* one = mock_parameter(mock, name);
  *status = NETRIG_INVALID;
  if (one == NULL || (types & IS(one->about->type)) == 0) {
    mock_breaks(mock, "NRD-24",
                one == NULL ? "it reads \"%s\", which its table does not declare"
                            : "it reads %s as another type than its table declares",
                name == NULL ? "(null)" : name);
    return NULL;
  }
  const struct values values = used(mock, one);
  *status = index < values.count ? NETRIG_OK : NETRIG_NOT_FOUND;
  return index < values.count ? &values.list[index] : NULL;
}

static netrig_status get_bool(netrig_call* call, const char* name, uint32_t index, uint8_t* value) {
  netrig_status status;
  const struct value* found = value_of(mock_enter(call, "get_bool"), name, index, IS(NETRIG_TYPE_BOOL), &status);
  if (found != NULL) *value = (uint8_t)found->number;
  return status;
}
static netrig_status get_integer(netrig_call* call, const char* name, uint32_t index, int64_t* value) {
  netrig_status status;
  const struct value* found = value_of(mock_enter(call, "get_integer"), name, index, NUMBERS, &status);
  if (found != NULL) *value = found->number;
  return status;
}
static netrig_status get_string(netrig_call* call, const char* name, uint32_t index, const char** value) {
  netrig_status status;
  const struct value* found = value_of(mock_enter(call, "get_string"), name, index, TEXTS, &status);
  if (found != NULL) *value = found->text;
  return status;
}
static netrig_status get_mac(netrig_call* call, const char* name, uint32_t index, uint8_t value[6]) {
  netrig_status status;
  const struct value* found = value_of(mock_enter(call, "get_mac"), name, index, IS(NETRIG_TYPE_MAC), &status);
  if (found != NULL) memcpy(value, found->bytes, 6);
  return status;
}
static netrig_status get_address(netrig_call* call, const char* name, uint32_t index, uint8_t value[16],
                                 uint8_t* family, uint8_t* prefix_length) {
  netrig_status status;
  const struct value* found = value_of(mock_enter(call, "get_address"), name, index, ADDRESSES, &status);
  if (found == NULL) return status;
  memcpy(value, found->bytes, 16);
  *family = found->family;
  *prefix_length = found->length;
  return status;
}
static netrig_status get_reference(netrig_call* call, const char* name, uint32_t index,
                                   const struct netrig_reference** value) {
  struct netrig_mock* mock = mock_enter(call, "get_reference");
  netrig_status status;
  if (value_of(mock, name, index, REFERENCES, &status) == NULL) return status;
  if (mock->function == NETRIG_FUNCTION_VALIDATE) return NETRIG_NOT_FOUND; /* nothing is there yet */
  *value = netrig_mock_reference(mock, name, index);
  return NETRIG_OK;
}
static netrig_status get_bytes(netrig_call* call, const char* name, uint32_t index, const void** value,
                               uint32_t* size) {
  netrig_status status;
  const struct value* found = value_of(mock_enter(call, "get_bytes"), name, index, IS(NETRIG_TYPE_BYTES), &status);
  if (found == NULL) return status;
  *value = found->content.data;
  *size = found->content.size;
  return status;
}
static netrig_status get_file(netrig_call* call, const char* name, uint32_t index, int32_t* fd, uint64_t* size) {
  struct netrig_mock* mock = mock_enter(call, "get_file");
  netrig_status status;
  const struct value* found = value_of(mock, name, index, IS(NETRIG_TYPE_FILE), &status);
  if (found == NULL) return status;
  /* What it held is not kept. */
  if (mock->function == NETRIG_FUNCTION_DESTROY || mock->function == NETRIG_FUNCTION_INSPECT) return NETRIG_NOT_FOUND;
  *fd = mock_open_file(mock, found);
  *size = found->content.size;
  return status;
}
static uint32_t changed(netrig_call* call, const char* name) {
  struct netrig_mock* mock = mock_enter(call, "changed");
  return mock->function == NETRIG_FUNCTION_CHANGE && mock_changed(mock, name);
}

/* ---- what it tells ------------------------------------------------------------------------------------------------
 */

static netrig_status set_interface(netrig_call* call, uint32_t interface, uint32_t ifindex) {
  struct netrig_mock* mock = mock_enter(call, "set_interface");
  netrig_status status = mock_may_operate(mock, NETRIG_FUNCTION_CREATE);
  if (status == NETRIG_OK && ifindex == 0) status = mock_deny(mock, "NRD-25", "an interface without a number");
  if (status == NETRIG_OK) status = mock_may_cover(mock, interface);
  if (status == NETRIG_OK) mock->interfaces.list[interface].raw.ifindex = ifindex;
  return status;
}

static netrig_status save_record(netrig_call* call, const void* record, uint32_t size) {
  struct netrig_mock* mock = mock_enter(call, "save_record");
  mock->failed = false;
  if (size > NETRIG_RECORD_MAX || (record == NULL && size != 0)) {
    mock_breaks(mock, "NRD-27", "its record has %u bytes, of %u", size, NETRIG_RECORD_MAX);
    return mock_fails(mock, NETRIG_INVALID, 0, "", "a record of %u bytes", size);
  }
  netrig_status status = mock_may_change(mock, "a record");
  if (status == NETRIG_OK && mock->function == NETRIG_FUNCTION_VALIDATE)
    status = mock_deny(mock, "NRD-25", "a record of nothing");
  if (status != NETRIG_OK) return status;
  struct netrig_mock_asked* asked = mock_ask(mock, "save_record", 0, "");
  asked->data = mock_bytes(mock, record, size);
  status = mock_kernel(mock, asked, "a record");
  if (status != NETRIG_OK) return status;
  mock->record = asked->data;
  mock->saved = true;
  return NETRIG_OK;
}

static netrig_status set_state(netrig_call* call, const char* name, const char* value) {
  struct netrig_mock* mock = mock_enter(call, "set_state");
  if (name == NULL || value == NULL || mock->states.count == NETRIG_STATES_MAX) return NETRIG_INVALID;
  *ADD(mock->states) = (struct state){mock_clean(mock, name), mock_clean(mock, value)};
  return NETRIG_OK;
}

static netrig_status last_error(netrig_call* call, struct netrig_error* error) {
  struct netrig_mock* mock = mock_enter(call, "last_error");
  if (error == NULL || !NETRIG_HAS(error, message)) return NETRIG_INVALID;
  if (!mock->failed) return NETRIG_NOT_FOUND;
  const uint32_t size = error->struct_size < sizeof *error ? error->struct_size : (uint32_t)sizeof *error;
  *error = mock->last;
  error->struct_size = size;
  return NETRIG_OK;
}

static netrig_status tell(netrig_call* call, const char* function, const char* name, uint32_t index, uint32_t types,
                          const char* text) {
  struct netrig_mock* mock = mock_enter(call, function);
  struct parameter* one = mock_parameter(mock, name);
  if (one == NULL || (types & IS(one->about->type)) == 0 || (one->about->flags & NETRIG_PARAMETER_INSPECTED) == 0 ||
      mock->function != NETRIG_FUNCTION_INSPECT) {
    mock_breaks(mock, "NRD-24", "it tells of \"%s\" what its table does not declare as inspected, or not in inspect",
                name == NULL ? "(null)" : name);
    return NETRIG_INVALID;
  }
  const bool list = (one->about->flags & NETRIG_PARAMETER_LIST) != 0;
  if (text == NULL || index != (list ? one->told.count : 0)) return NETRIG_INVALID;
  if (!list) one->told.count = 0;
  *ADD(one->told) = (struct value){.text = text};
  return NETRIG_OK;
}

static netrig_status set_bool(netrig_call* call, const char* name, uint32_t index, uint8_t value) {
  return tell(call, "set_bool", name, index, IS(NETRIG_TYPE_BOOL), value ? "true" : "false");
}
static netrig_status set_integer(netrig_call* call, const char* name, uint32_t index, int64_t value) {
  struct netrig_mock* mock = mock_enter(call, "set_integer");
  const struct parameter* one = mock_parameter(mock, name);
  const char* text =
      one != NULL && one->about->type == NETRIG_TYPE_ENUM       ? mock_choice_of(mock, one->about, value)
      : one != NULL && one->about->type == NETRIG_TYPE_DURATION ? mock_text(mock, "%lldns", (long long)value)
      : one != NULL && one->about->type == NETRIG_TYPE_RATE     ? mock_text(mock, "%lldbit", (long long)value)
      : one != NULL && one->about->type == NETRIG_TYPE_FRACTION ? mock_fraction(mock, value)
                                                                : mock_text(mock, "%lld", (long long)value);
  return tell(call, "set_integer", name, index, NUMBERS, text);
}
static netrig_status set_string(netrig_call* call, const char* name, uint32_t index, const char* value) {
  struct netrig_mock* mock = mock_enter(call, "set_string");
  const struct parameter* one = mock_parameter(mock, name);
  int64_t number = 0;
  const bool known =
      one == NULL || value == NULL || one->about->type != NETRIG_TYPE_ENUM || mock_choice(one->about, value, &number);
  const bool fits = value != NULL && strnlen(value, 4097) <= 4096;
  return tell(call, "set_string", name, index, TEXTS, fits && known ? mock_text(mock, "%s", value) : NULL);
}
static netrig_status set_mac(netrig_call* call, const char* name, uint32_t index, const uint8_t value[6]) {
  const char* text = value == NULL ? NULL
                                   : mock_text(mock_enter(call, "set_mac"), "%02x:%02x:%02x:%02x:%02x:%02x", value[0],
                                               value[1], value[2], value[3], value[4], value[5]);
  return tell(call, "set_mac", name, index, IS(NETRIG_TYPE_MAC), text);
}
static netrig_status set_address(netrig_call* call, const char* name, uint32_t index, const uint8_t value[16],
                                 uint8_t family, uint8_t prefix_length) {
  struct netrig_mock* mock = mock_enter(call, "set_address");
  const struct parameter* one = mock_parameter(mock, name);
  const char* text = value == NULL ? NULL : mock_address(mock, value, family);
  if (text != NULL && one != NULL && one->about->type == NETRIG_TYPE_PREFIX)
    text = prefix_length > (family == AF_INET ? 32 : 128) ? NULL : mock_text(mock, "%s/%u", text, prefix_length);
  return tell(call, "set_address", name, index, ADDRESSES, text);
}

static netrig_status set_bytes(netrig_call* call, const char* name, uint32_t index, const void* value, uint32_t size) {
  struct netrig_mock* mock = mock_enter(call, "set_bytes");
  const bool sane = (value != NULL || size == 0) && size <= NETRIG_BYTES_MAX;
  const struct netrig_mock_bytes bytes = {value, size};
  return tell(call, "set_bytes", name, index, IS(NETRIG_TYPE_BYTES), sane ? mock_hex(mock, bytes) : NULL);
}

const struct netrig_host mock_host = {.struct_size = sizeof mock_host,
                                      .abi_major = NETRIG_ABI_MAJOR,
                                      .abi_minor = NETRIG_ABI_MINOR,
                                      .fail = fail,
                                      .service = service,
                                      .count = count,
                                      .get_bool = get_bool,
                                      .get_integer = get_integer,
                                      .get_string = get_string,
                                      .get_mac = get_mac,
                                      .get_address = get_address,
                                      .get_reference = get_reference,
                                      .set_interface = set_interface,
                                      .save_record = save_record,
                                      .set_state = set_state,
                                      .last_error = last_error,
                                      .changed = changed,
                                      .set_bool = set_bool,
                                      .set_integer = set_integer,
                                      .set_string = set_string,
                                      .set_mac = set_mac,
                                      .set_address = set_address,
                                      .get_bytes = get_bytes,
                                      .get_file = get_file,
                                      .set_bytes = set_bytes};
