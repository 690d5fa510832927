/* SPDX-License-Identifier: Apache-2.0
 * Parameters, from the text of a lab file. */
#include "internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct unit {
  const char* name;
  int64_t factor;
};
static const struct unit durations[] = {{"ns", 1},         {"us", 1000},       {"ms", 1000000},
                                        {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000}};
static const struct unit rates[] = {
    {"bit", 1},           {"Kbit", 1000},       {"kbit", 1000},          {"Mbit", 1000000},       {"mbit", 1000000},
    {"Gbit", 1000000000}, {"gbit", 1000000000}, {"Tbit", 1000000000000}, {"tbit", 1000000000000}, {"Kibit", 1024},
    {"kibit", 1024},      {"Mibit", 1048576},   {"Gibit", 1073741824}};

/** "1.5s" */
static bool quantity(const char* text, const struct unit* units, size_t count, int64_t* number) {
  const size_t digits = strspn(text, "0123456789.");
  char* end = NULL;
  const double value = strtod(text, &end);
  if (digits == 0 || end != text + digits) return false;
  for (size_t i = 0; i < count; ++i)
    if (strcmp(units[i].name, end) == 0) {
      const double product = value * (double)units[i].factor;
      if (product > 9.0e18) return false;
      *number = (int64_t)(product + 0.5);
      return true;
    }
  return false;
}

/** The next word of "a=1 b!"; false: there is none. */
static bool next_choice(const char** at, uint32_t place, char word[64], int64_t* number) {
  *at += strspn(*at, " ");
  size_t length = strcspn(*at, " ");
  if (length == 0 || length >= 64) return false;
  memcpy(word, *at, length);
  word[length] = '\0';
  *at += length;
  if (word[length - 1] == '!') word[--length] = '\0';
  *number = place;
  char* equals = strchr(word, '=');
  if (equals != NULL) {
    *equals = '\0';
    *number = (int64_t)strtoull(equals + 1, NULL, 10);
  }
  return true;
}

bool mock_choice(const struct netrig_parameter* about, const char* word, int64_t* number) {
  const char* at = about->choices;
  char each[64];
  for (uint32_t i = 0; next_choice(&at, i, each, number); ++i)
    if (strcmp(each, word) == 0) return true;
  return false;
}

const char* mock_choice_of(struct netrig_mock* mock, const struct netrig_parameter* about, int64_t number) {
  const char* at = about->choices;
  char each[64];
  int64_t its = 0;
  for (uint32_t i = 0; next_choice(&at, i, each, &its); ++i)
    if (its == number) return mock_text(mock, "%s", each);
  return NULL;
}

static bool mac(const char* text, uint8_t bytes[16]) {
  unsigned int one[6];
  int end = 0;
  if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &one[0], &one[1], &one[2], &one[3], &one[4], &one[5], &end) != 6 ||
      text[end] != '\0')
    return false;
  for (int i = 0; i < 6; ++i) bytes[i] = (uint8_t)one[i];
  return true;
}

static bool address(const char* text, bool prefix, struct value* value) {
  char copy[64];
  const char* slash = strchr(text, '/');
  const size_t length = slash == NULL ? strlen(text) : (size_t)(slash - text);
  if (length >= sizeof copy || (slash != NULL) != prefix) return false;
  memcpy(copy, text, length);
  copy[length] = '\0';
  value->family = strchr(copy, ':') == NULL ? AF_INET : AF_INET6;
  const unsigned long bits = value->family == AF_INET ? 32 : 128;
  if (inet_pton(value->family, copy, value->bytes) != 1) return false;
  char* end = NULL;
  const unsigned long said = prefix ? strtoul(slash + 1, &end, 10) : bits;
  value->length = (uint8_t)said;
  return said <= bits && (!prefix || (end != slash + 1 && *end == '\0'));
}

const char* mock_address(struct netrig_mock* mock, const uint8_t bytes[16], uint8_t family) {
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(family, bytes, text, sizeof text) == NULL ? NULL : mock_text(mock, "%s", text);
}

/** What is wrong with it; NULL: nothing. */
static const char* read_value(struct netrig_mock* mock, const struct netrig_parameter* about, const char* text,
                              struct value* value) {
  *value = (struct value){.text = mock_text(mock, "%s", text)};
  const bool bounded = about->minimum != 0 || about->maximum != 0;
  char* end = NULL;
  switch (about->type) {
    case NETRIG_TYPE_BOOL:
      value->number = strcmp(text, "true") == 0;
      return value->number || strcmp(text, "false") == 0 ? NULL : "is not a boolean; write true or false";
    case NETRIG_TYPE_INTEGER:
      errno = 0;
      value->number = strtoll(text, &end, 10);
      if (errno != 0 || end == text || *end != '\0' || *text == ' ' || *text == '+') return "is not an integer";
      break;
    case NETRIG_TYPE_DURATION:
      if (!quantity(text, durations, sizeof durations / sizeof *durations, &value->number))
        return "is not a duration; write a number and a unit, as in \"15s\" or \"200ms\"";
      break;
    case NETRIG_TYPE_RATE:
      if (!quantity(text, rates, sizeof rates / sizeof *rates, &value->number))
        return "is not a rate; write a number and a unit, as in \"100Mbit\"";
      break;
    case NETRIG_TYPE_STRING: {
      const int64_t length = (int64_t)strlen(text);
      if (bounded ? length < about->minimum || length > about->maximum : length > 4096)
        return "is too long or too short";
      return NULL;
    }
    case NETRIG_TYPE_ENUM:
      return mock_choice(about, text, &value->number) ? NULL : "is not a choice";
    case NETRIG_TYPE_MAC:
      return mac(text, value->bytes) ? NULL : "is not a MAC address";
    case NETRIG_TYPE_ADDRESS:
      return address(text, false, value) ? NULL : "is not an address";
    case NETRIG_TYPE_PREFIX:
      return address(text, true, value) ? NULL : "is not a prefix";
    case NETRIG_TYPE_INTERFACE: {
      const char* colon = strrchr(text, ':');
      const size_t name = colon == NULL ? 0 : strlen(colon + 1);
      return colon != NULL && colon != text && name >= 1 && name <= NETRIG_NAME_MAX
                 ? NULL
                 : "is not an interface; write \"namespace:interface\"";
    }
    default:
      mock_misused("parameter %s has the unknown type %u", about->name, about->type);
  }
  return bounded && (value->number < about->minimum || value->number > about->maximum) ? "is out of range" : NULL;
}

struct parameter* mock_parameter(const struct netrig_mock* mock, const char* name) {
  for (uint32_t i = 0; name != NULL && i < mock->parameters.count; ++i)
    if (strncmp(mock->parameters.list[i].about->name, name, sizeof mock->parameters.list[i].about->name) == 0)
      return &mock->parameters.list[i];
  return NULL;
}

static struct parameter* declared(struct netrig_mock* mock, const char* name) {
  struct parameter* one = mock_parameter(mock, name);
  if (one == NULL) mock_misused("the driver's table declares no parameter \"%s\"", name == NULL ? "(null)" : name);
  return one;
}

static bool same(const struct values* a, const struct values* b) {
  if (a->count != b->count) return false;
  for (uint32_t i = 0; i < a->count; ++i)
    if (strcmp(a->list[i].text, b->list[i].text) != 0) return false;
  return true;
}

static void compare(struct parameter* one) { one->changed = !same(&one->now, &one->before); }

netrig_status netrig_mock_add(struct netrig_mock* mock, const char* parameter, const char* text) {
  struct parameter* one = declared(mock, parameter);
  if (one->now.count != 0 && (one->about->flags & NETRIG_PARAMETER_LIST) == 0)
    mock_misused("parameter %s is no list", parameter);
  struct value value;
  const char* fault = read_value(mock, one->about, text, &value);
  if (fault != NULL) {
    mock->message = mock_text(mock, "parameter %s: \"%s\" %s", parameter, text, fault);
    return NETRIG_INVALID;
  }
  *ADD(one->now) = value;
  compare(one);
  return NETRIG_OK;
}

netrig_status netrig_mock_set(struct netrig_mock* mock, const char* parameter, const char* text) {
  struct parameter* one = declared(mock, parameter);
  const uint32_t count = one->now.count;
  one->now.count = 0;
  const netrig_status status = netrig_mock_add(mock, parameter, text);
  if (status != NETRIG_OK) one->now.count = count; /* nothing has been written there */
  return status;
}

void netrig_mock_unset(struct netrig_mock* mock, const char* parameter) {
  struct parameter* one = declared(mock, parameter);
  one->now.count = 0;
  compare(one);
}

void netrig_mock_set_back(struct netrig_mock* mock) {
  for (uint32_t i = 0; i < mock->parameters.count; ++i) {
    struct parameter* one = &mock->parameters.list[i];
    /* Stays `changed`: that is what the host calls `change` for. */
    one->now.count = 0;
    for (uint32_t k = 0; k < one->before.count; ++k) *ADD(one->now) = one->before.list[k];
  }
}

void mock_use_values(struct netrig_mock* mock) {
  uint32_t number = 0;
  for (uint32_t i = 0; i < mock->parameters.count; ++i) {
    struct parameter* one = &mock->parameters.list[i];
    one->used = one->now;
    if (one->now.count == 0 && one->about->default_text[0] != '\0') {
      struct value value;
      const char* fault = read_value(mock, one->about, one->about->default_text, &value);
      if (fault != NULL) mock_misused("the default of parameter %s %s", one->about->name, fault);
      one->used = (struct values){mock_keep(mock, &value, sizeof value), 1};
    }
    for (uint32_t k = 0; one->about->type == NETRIG_TYPE_INTERFACE && k < one->used.count; ++k)
      netrig_mock_reference(mock, one->about->name, k)->number = number++;
  }
}

struct netrig_reference* netrig_mock_reference(struct netrig_mock* mock, const char* parameter, uint32_t index) {
  struct parameter* one = declared(mock, parameter);
  const uint32_t which = (uint32_t)(one - mock->parameters.list);
  const struct values* values = one->now.count == 0 ? &one->used : &one->now;
  if (one->about->type != NETRIG_TYPE_INTERFACE || index >= values->count)
    mock_misused("parameter %s names no interface %u", parameter, index);
  struct reference* found = NULL;
  for (uint32_t i = 0; i < mock->references.count; ++i)
    if (mock->references.list[i].parameter == which && mock->references.list[i].index == index)
      found = &mock->references.list[i];
  const char* text = values->list[index].text;
  if (found == NULL) {
    found = ADD(mock->references);
    found->parameter = which;
    found->index = index;
    found->raw = (struct netrig_reference){.struct_size = sizeof found->raw, .netns_fd = -1, .text = ""};
  }
  if (strcmp(found->raw.text, text) != 0) { /* another than last time */
    found->raw.text = text;
    found->raw.name = strrchr(text, ':') + 1;
    found->raw.ifindex = FIRST_REFERENCE_IFINDEX + (uint32_t)(found - mock->references.list);
  }
  return &found->raw;
}
