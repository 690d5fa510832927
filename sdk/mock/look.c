/* SPDX-License-Identifier: Apache-2.0
 * What the test sees of an operation. */
#include "internal.h"

#include <string.h>

const char* netrig_mock_message(const struct netrig_mock* mock) { return mock->message; }

const char* netrig_mock_broken(const struct netrig_mock* mock) { return mock->broken; }

const struct netrig_mock_asked* netrig_mock_all(const struct netrig_mock* mock, uint32_t* count) {
  *count = mock->asked.count;
  return mock->asked.list;
}

const struct netrig_mock_asked* netrig_mock_find(const struct netrig_mock* mock, const char* call, uint32_t nth) {
  for (uint32_t i = 0; i < mock->asked.count; ++i)
    if (strcmp(mock->asked.list[i].call, call) == 0 && --nth == 0) return &mock->asked.list[i];
  return NULL;
}

struct netrig_mock_bytes netrig_mock_record(const struct netrig_mock* mock) {
  return mock->record;
}

const char* netrig_mock_state(const struct netrig_mock* mock, const char* name) {
  for (uint32_t i = 0; i < mock->states.count; ++i)
    if (strcmp(mock->states.list[i].name, name) == 0) return mock->states.list[i].value;
  return NULL;
}

const char* netrig_mock_told(const struct netrig_mock* mock, const char* parameter, uint32_t index) {
  const struct parameter* one = mock_parameter(mock, parameter);
  if (one == NULL) mock_misused("the driver's table declares no parameter \"%s\"", parameter);
  return index < one->told.count ? one->told.list[index].text : NULL;
}

const char* netrig_mock_log(const struct netrig_mock* mock, uint32_t index, uint32_t* level) {
  if (index >= mock->lines.count) return NULL;
  if (level != NULL) *level = mock->lines.list[index].level;
  return mock->lines.list[index].text;
}

static void print_list(const char* title, struct netrig_mock_bytes list, FILE* to) {
  struct netrig_mock_attribute one;
  if (list.size != 0) fprintf(to, "    %s", title);
  for (uint32_t at = 0; mock_next(list, &at, &one);) {
    fprintf(to, " %u=", one.type);
    for (uint32_t k = 0; k < one.value.size; ++k) fprintf(to, "%02x", ((const uint8_t*)one.value.data)[k]);
  }
  if (list.size != 0) fputc('\n', to);
}

void netrig_mock_print(const struct netrig_mock* mock, FILE* to) {
  for (uint32_t i = 0; i < mock->asked.count; ++i) {
    const struct netrig_mock_asked* one = &mock->asked.list[i];
    fprintf(to, "  %s %u %s: status %d", one->call, one->interface, one->text, (int)one->status);
    if (one->type != 0) fprintf(to, ", type %u", one->type);
    if (one->command != 0) fprintf(to, ", command %u", one->command);
    if (one->error_number != 0) fprintf(to, ", %s", strerror(one->error_number));
    fputc('\n', to);
    print_list("attributes", one->attributes, to);
    if (strcmp(one->call, "create_link") == 0 || strcmp(one->call, "set_link") == 0) print_list("data", one->data, to);
    print_list("of the peer", one->peer_attributes, to);
  }
  for (uint32_t i = 0; i < mock->states.count; ++i)
    fprintf(to, "  state %s = %s\n", mock->states.list[i].name, mock->states.list[i].value);
  for (uint32_t i = 0; i < mock->lines.count; ++i) fprintf(to, "  log: %s\n", mock->lines.list[i].text);
  if (mock->message[0] != '\0') fprintf(to, "  the user reads: %s\n", mock->message);
  if (mock->broken != NULL) fprintf(to, "  broken: %s\n", mock->broken);
}
