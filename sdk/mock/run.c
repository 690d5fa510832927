/* SPDX-License-Identifier: Apache-2.0
 * One operation, and what the host makes of it. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

bool mock_borrows(const struct netrig_mock* mock) {
  for (uint32_t i = 0; i < mock->parameters.count; ++i)
    if ((mock->parameters.list[i].about->places & NETRIG_PLACE_SEARCH) != 0) return true;
  return false;
}

static const char* function_name(uint32_t function) {
  switch (function) {
    case NETRIG_FUNCTION_VALIDATE:
      return "validate";
    case NETRIG_FUNCTION_CREATE:
      return "create";
    case NETRIG_FUNCTION_DESTROY:
      return "destroy";
    case NETRIG_FUNCTION_INSPECT:
      return "inspect";
    case NETRIG_FUNCTION_CHANGE:
      return "change";
    case NETRIG_FUNCTION_SETTLE:
      return "settle";
    default:
      mock_misused("%u is no function of a driver; run one, NETRIG_FUNCTION_CREATE...", function);
  }
}

static const char* first_kind(struct netrig_mock* mock) {
  const char* kinds = mock->table->link_kinds;
  return mock_text(mock, "%.*s", (int)strcspn(kinds, " "), kinds);
}

/** By the table, without a word of the driver's. */
static netrig_status by_table(struct netrig_mock* mock) {
  for (uint32_t i = 0; i < mock->interfaces.count; ++i) {
    if (mock->function == NETRIG_FUNCTION_CREATE && !mock->interfaces.list[i].covered)
      mock_make(mock, i, first_kind(mock));
    if (mock->function == NETRIG_FUNCTION_DESTROY && !mock_borrows(mock)) mock_remove(mock, i);
  }
  return NETRIG_OK;
}

static netrig_status call_driver(struct netrig_mock* mock) {
  const struct netrig_functions* driver = mock->functions;
  netrig_call* call = (netrig_call*)mock;
  mock->pointers.count = 0;
  for (uint32_t i = 0; i < mock->interfaces.count; ++i) *ADD(mock->pointers) = &mock->interfaces.list[i].raw;
  const struct netrig_request request = {.struct_size = sizeof request,
                                         .interface_count = mock->interfaces.count,
                                         .lab = "mock",
                                         .device = "device",
                                         .interfaces = mock->pointers.list};
  const struct netrig_device device = {.struct_size = sizeof device,
                                       .interface_count = mock->interfaces.count,
                                       .lab = "mock",
                                       .device = "device",
                                       .interfaces = mock->pointers.list,
                                       .record = mock->record.size == 0 ? NULL : mock->record.data,
                                       .record_size = mock->record.size};
  switch (mock->function) {
    case NETRIG_FUNCTION_VALIDATE:
      return driver->validate != NULL ? driver->validate(&mock_host, call, &request) : NETRIG_OK;
    case NETRIG_FUNCTION_CREATE:
      return driver->create != NULL ? driver->create(&mock_host, call, &request) : by_table(mock);
    case NETRIG_FUNCTION_DESTROY:
      return driver->destroy != NULL ? driver->destroy(&mock_host, call, &device) : by_table(mock);
    case NETRIG_FUNCTION_INSPECT:
      return driver->inspect != NULL ? driver->inspect(&mock_host, call, &device) : NETRIG_OK;
    case NETRIG_FUNCTION_CHANGE:
      return driver->change != NULL ? driver->change(&mock_host, call, &device) : NETRIG_OK;
    default:
      return driver->settle != NULL ? driver->settle(&mock_host, call, &device) : NETRIG_OK;
  }
}

/** Whether the host would call it now; otherwise why not. */
static const char* premature(struct netrig_mock* mock, uint32_t function) {
  const bool later = function != NETRIG_FUNCTION_VALIDATE && function != NETRIG_FUNCTION_CREATE;
  if (function == NETRIG_FUNCTION_CREATE && mock->made) return "the device is there already";
  if (function == NETRIG_FUNCTION_CREATE && mock->half_made) return "destroy has not yet removed what create had left";
  if (later && !mock->made && !(function == NETRIG_FUNCTION_DESTROY && mock->half_made))
    return "create has left no device";
  for (uint32_t i = 0; function == NETRIG_FUNCTION_CHANGE && i < mock->parameters.count; ++i) {
    const struct parameter* one = &mock->parameters.list[i];
    const bool changed = one->changed;
    if (one->table != NETRIG_NONE) one = &mock->parameters.list[one->table];
    if (changed && ((one->about->flags & NETRIG_PARAMETER_CREATE_ONLY) != 0 || one->about->places != 0))
      return mock_text(mock, "with another %s the host makes the device anew, or changes it by the table", one->name);
  }
  return NULL;
}

/** What the kernel has when nobody sets it; false: nobody knows. */
static bool unset_of(struct netrig_mock* mock, const struct parameter* one, struct value* value) {
  *value = (struct value){.text = "false"};
  if (one->about->encoding == NETRIG_AS_FLAG) return true;
  const char* text = one->about->unset_text;
  return text[0] != '\0' && mock_read(mock, one->about, text, value) == NULL;
}

/** Whether a parameter is what `wanted` says. */
static bool is_it(struct netrig_mock* mock, const struct parameter* one, const char* wanted) {
  struct value unset;
  struct value value;
  if (mock_read(mock, one->about, wanted, &value) != NULL) return false;
  if (one->used.count != 0) return mock_same(one->about, &one->used.list[0], &value);
  return unset_of(mock, one, &unset) && mock_same(one->about, &unset, &value);
}

/** What it goes with only ("mode=source"), and is without; NULL: it may be what it is. */
static const char* lacks(struct netrig_mock* mock, const struct parameter* one) {
  const char* equals = strchr(one->about->only_with, '=');
  struct value unset;
  if (equals == NULL || one->used.count == 0) return NULL;
  const bool nothing =
      one->used.count == 1 && unset_of(mock, one, &unset) && mock_same(one->about, &one->used.list[0], &unset);
  const char* name = mock_text(mock, "%.*s", (int)(equals - one->about->only_with), one->about->only_with);
  const struct parameter* other = mock_parameter(mock, name);
  if (nothing || (other != NULL && is_it(mock, other, equals + 1))) return NULL;
  return mock_text(mock, "%s needs %s = \"%s\"", one->name, name, equals + 1);
}

/** What is wrong with how many rows there are; NULL: nothing. */
static const char* rows_fault(struct netrig_mock* mock, const struct parameter* one) {
  const bool bounded = one->about->minimum != 0 || one->about->maximum != 0;
  const int64_t least = bounded ? one->about->minimum : 0;
  const int64_t most = bounded ? one->about->maximum : (int64_t)NETRIG_ROWS_MAX;
  const uint32_t count = one->now.count;
  if (one->about->type != NETRIG_TYPE_TABLE || count == 0 || (count >= least && count <= most)) return NULL;
  const char* range = least == most ? mock_text(mock, "%lld", (long long)most)
                                    : mock_text(mock, "%lld to %lld", (long long)least, (long long)most);
  return mock_text(mock, "parameter %s has %u row%s; it can have %s", one->name, count, count == 1 ? "" : "s", range);
}

/** What no lab file may leave out or say. */
static const char* refused(struct netrig_mock* mock) {
  for (uint32_t i = 0; i < mock->parameters.count; ++i) {
    const struct parameter* one = &mock->parameters.list[i];
    if (!mock_is_there(mock, one)) continue;
    if ((one->about->flags & NETRIG_PARAMETER_REQUIRED) != 0 && one->now.count == 0) {
      const char* later = mock_of_later_type(mock, one);
      return later[0] != '\0'
                 ? mock_text(mock, "driver %s needs parameter %s, %s", mock->table->name, one->name, later)
                 : mock_text(mock, "driver %s needs parameter %s (%s)", mock->table->name, one->name, one->about->help);
    }
    const char* rows = rows_fault(mock, one);
    if (rows != NULL) return rows;
    const char* other = lacks(mock, one);
    if (other != NULL) return other;
  }
  return NULL;
}

static void begin(struct netrig_mock* mock, uint32_t function) {
  mock_close_descriptors(mock);
  mock->function = function;
  mock->thread = pthread_self();
  mock->orders.count = mock->asked.count = mock->lines.count = mock->states.count = 0;
  mock->calls = mock->order_count = 0;
  mock->saved = mock->changed_at_once = mock->failed = mock->control_resolved = false;
  mock->words = mock->message = "";
  mock->denied = mock->broken = NULL;
  for (uint32_t i = 0; i < mock->parameters.count; ++i) mock->parameters.list[i].told.count = 0;
  for (uint32_t i = 0; i < mock->families.count; ++i) mock->families.list[i].resolved = false;
  for (uint32_t i = 0; i < mock->interfaces.count; ++i) {
    struct interface* one = &mock->interfaces.list[i];
    one->raw.netns_fd = mock->netns_fd;
    if (function != NETRIG_FUNCTION_CREATE) continue;
    one->covered = false;
    if (mock_borrows(mock)) mock_make(mock, i, NULL);
  }
  mock_use_values(mock);
  for (uint32_t i = 0; i < mock->references.count; ++i) mock->references.list[i]->raw.netns_fd = mock->netns_fd;
}

static netrig_status fails_with(struct netrig_mock* mock, netrig_status status, const char* message) {
  mock->message = message;
  return status;
}

/** The driver's words, and the reason of the service that failed, if they do not have it. */
static netrig_status said_no(struct netrig_mock* mock, netrig_status status) {
  const char* reason = mock->failed ? mock->last.message : "";
  if (status < NETRIG_OK || status > NETRIG_INTERNAL) {
    mock_breaks(mock, "NRD-26", "it returns %d, which is no status", (int)status);
    status = NETRIG_INTERNAL;
  }
  if (mock->words[0] == '\0' && reason[0] == '\0') {
    mock_breaks(mock, "NRD-26", "it failed without saying why: status %d", (int)status);
    return fails_with(mock, status, "it failed without saying why");
  }
  if (reason[0] == '\0' || strstr(mock->words, reason) != NULL) return fails_with(mock, status, mock->words);
  return fails_with(mock, status, mock->words[0] == '\0' ? reason : mock_text(mock, "%s: %s", mock->words, reason));
}

static netrig_status judge(struct netrig_mock* mock, netrig_status status) {
  if (mock->denied != NULL) return fails_with(mock, NETRIG_DENIED, mock->denied);
  if (status == NETRIG_NOT_FOUND && mock->function == NETRIG_FUNCTION_INSPECT) return status; /* the device is gone */
  if (status == NETRIG_NOT_FOUND && mock->function == NETRIG_FUNCTION_DESTROY) status = NETRIG_OK;
  if (status != NETRIG_OK) return said_no(mock, status);
  for (uint32_t i = 0; mock->function == NETRIG_FUNCTION_CREATE && i < mock->interfaces.count; ++i)
    if (!mock->interfaces.list[i].covered) {
      const char* text = mock_text(mock, "it made nothing for interface %s; this is a defect of the driver",
                                   mock->interfaces.list[i].raw.name);
      mock_breaks(mock, "NRD-37", "%s", text);
      return fails_with(mock, NETRIG_INTERNAL, text);
    }
  status = mock_carry_out(mock);
  if (status != NETRIG_OK) return fails_with(mock, status, mock->last.message);
  for (uint32_t i = 0; mock->function == NETRIG_FUNCTION_DESTROY && i < mock->interfaces.count; ++i)
    if (mock->interfaces.list[i].kind != NULL)
      mock_breaks(mock, "NRD-38", "destroy has left interface %s", mock->interfaces.list[i].raw.name);
  return NETRIG_OK;
}

static void commit(struct netrig_mock* mock) {
  for (uint32_t i = 0; i < mock->parameters.count; ++i) {
    struct parameter* one = &mock->parameters.list[i];
    one->before =
        (struct values){mock_keep(mock, one->now.list, one->now.count * sizeof *one->now.list), one->now.count};
    one->changed = false;
  }
}

/** What the host does when it knows how it went. */
static void conclude(struct netrig_mock* mock, netrig_status status) {
  if (mock->function == NETRIG_FUNCTION_CREATE) {
    mock->made = status == NETRIG_OK;
    mock->half_made = status != NETRIG_OK && mock->record.size != 0 && mock->saved;
    if (!mock->made && !mock->half_made && mock_borrows(mock) && mock->changed_at_once)
      mock_breaks(mock, "NRD-38",
                  "create has failed after it had changed an interface that is not the lab's, and has saved no record; "
                  "so destroy is never called, and it stays changed");
    if (!mock->made && !mock_borrows(mock))
      for (uint32_t i = 0; i < mock->interfaces.count; ++i) mock_remove(mock, i);
    if (!mock->made && !mock->half_made) mock->record = (struct netrig_mock_bytes){NULL, 0};
  }
  if (mock->function == NETRIG_FUNCTION_DESTROY && status == NETRIG_OK) {
    mock->made = mock->half_made = false;
    mock->record = (struct netrig_mock_bytes){NULL, 0};
    for (uint32_t i = 0; i < mock->interfaces.count; ++i) mock_remove(mock, i);
  }
  if (status == NETRIG_OK && (mock->function == NETRIG_FUNCTION_CREATE || mock->function == NETRIG_FUNCTION_CHANGE))
    commit(mock);
  mock_close_files(mock);
  mock->orders.count = mock->refusals.count = 0;
  mock->cancel_at = NETRIG_NONE;
  mock->function = 0;
}

netrig_status netrig_mock_run(struct netrig_mock* mock, uint32_t function) {
  if (mock_running != NULL) mock_misused("an operation runs already");
  const char* name = function_name(function);
  const char* why = premature(mock, function);
  if (why != NULL) mock_misused("no host calls %s now: %s", name, why);
  begin(mock, function);
  const char* fault = refused(mock);
  netrig_status status = NETRIG_INVALID;
  if (fault != NULL) {
    mock->message = fault;
  } else {
    mock_running = mock;
    status = call_driver(mock);
    mock_running = NULL;
    status = judge(mock, status);
  }
  conclude(mock, status);
  return status;
}
