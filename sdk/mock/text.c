/* SPDX-License-Identifier: Apache-2.0
 * Values, from the text of a lab file, and what is wrong with it in the words of the host (host/model/parameter.cpp).
 */
#include "internal.h"

#include <arpa/inet.h>
#include <ctype.h>
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

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

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

/** 0.1, 5, "5%". */
static const char* read_fraction(const char* text, int64_t* number) {
  static const char* const wrong = "is not a percentage; write a number from 0 to 100";
  const size_t digits = strspn(text, "0123456789.eE+-");
  char* end = NULL;
  errno = 0;
  const double percent = strtod(text, &end);
  const bool whole = text[digits] == '\0' || strcmp(text + digits, "%") == 0;
  if (digits == 0 || *text == '+' || end != text + digits || !whole || errno != 0) return wrong;
  if (!(percent >= 0 && percent <= 100)) return "is no percentage; it can be 0 to 100";
  *number = (int64_t)(percent / 100 * (double)NETRIG_FRACTION_ALL + 0.5);
  return NULL;
}

const char* mock_fraction(struct netrig_mock* mock, int64_t fraction) {
  return mock_text(mock, "%.6g%%", (double)fraction / (double)NETRIG_FRACTION_ALL * 100);
}

/** In the largest unit that it is a multiple of. */
static const char* show(struct netrig_mock* mock, const struct netrig_parameter* about, int64_t number) {
  static const struct unit shown[] = {
      {"bit", 1}, {"Kbit", 1000}, {"Mbit", 1000000}, {"Gbit", 1000000000}, {"Tbit", 1000000000000}};
  const bool is_rate = about->type == NETRIG_TYPE_RATE;
  if (about->type == NETRIG_TYPE_FRACTION) return mock_fraction(mock, number);
  if (!is_rate && about->type != NETRIG_TYPE_DURATION) return mock_text(mock, "%lld", (long long)number);
  if (number == 0) return is_rate ? "0bit" : "0s";
  const struct unit* best = is_rate ? shown : durations;
  const struct unit* end = best + (is_rate ? COUNT_OF(shown) : COUNT_OF(durations));
  for (const struct unit* one = best; one != end; ++one)
    if (number % one->factor == 0) best = one;
  return mock_text(mock, "%lld%s", (long long)(number / best->factor), best->name);
}

const char* mock_length_fault(struct netrig_mock* mock, const struct netrig_parameter* about, uint64_t size,
                              uint64_t most) {
  const bool bounded = about->minimum != 0 || about->maximum != 0;
  const uint64_t least = about->minimum > 0 ? (uint64_t)about->minimum : 0;
  const uint64_t maximum = about->maximum > 0 ? (uint64_t)about->maximum : 0;
  if (bounded && maximum < most) most = maximum;
  if (size >= least && size <= most) return NULL;
  const unsigned long long has = size;
  const unsigned long long can = most;
  if (!bounded) return mock_text(mock, "has %llu bytes; it can have %llu", has, can);
  if (least == most) return mock_text(mock, "has %llu bytes; it can have %llu, and no others", has, can);
  return mock_text(mock, "has %llu bytes; it can have %llu to %llu", has, (unsigned long long)least, can);
}

static const char* range_fault(struct netrig_mock* mock, const struct netrig_parameter* about, int64_t number) {
  const bool bounded = about->minimum != 0 || about->maximum != 0;
  if (!bounded || (number >= about->minimum && number <= about->maximum)) return NULL;
  const char* least = show(mock, about, about->minimum);
  return mock_text(mock, "is out of range; it can be %s to %s", least, show(mock, about, about->maximum));
}

/** What a name of `length` bytes is not: of letters and digits, and `extra`, or at its begin `first`. */
static const char* name_fault(struct netrig_mock* mock, const char* text, size_t length, size_t most, const char* extra,
                              const char* first) {
  if (length == 0) return "is empty";
  if (length > most) return mock_text(mock, "is %zu bytes long; at most %zu are allowed", length, most);
  for (size_t i = 0; i < length; ++i) {
    const unsigned char c = (unsigned char)text[i];
    if ((c < 0x80 && isalnum(c)) || strchr(extra, c) != NULL) continue;
    if (c == ' ') return "has a space in it";
    if (c < 0x20 || c == 0x7f) return mock_text(mock, "has the control byte 0x%02x in it", c);
    return c >= 0x80 ? "has a byte that is not ASCII in it" : mock_text(mock, "has '%c' in it", c);
  }
  if (!isalnum((unsigned char)text[0]) && strchr(first, text[0]) == NULL)
    return mock_text(mock, "begins with '%c'", text[0]);
  return NULL;
}
static bool is_dots(const char* text, size_t length) {
  return (length == 1 || length == 2) && strncmp(text, "..", length) == 0;
}
static const char* namespace_fault(struct netrig_mock* mock, const char* text, size_t length, const char* hint) {
  const char* fault = is_dots(text, length) ? "is a directory" : name_fault(mock, text, length, 255, "._@+-", "_@+");
  return fault == NULL ? NULL : mock_text(mock, "names a namespace that %s; write %s", fault, hint);
}

static const char* interface_fault(struct netrig_mock* mock, const char* text) {
  static const char* const hint = "\"namespace:interface\"";
  const char* colon = strrchr(text, ':');
  if (colon == NULL) return mock_text(mock, "is not an interface; write %s", hint);
  const char* fault = namespace_fault(mock, text, (size_t)(colon - text), hint);
  if (fault != NULL) return fault;
  const size_t length = strlen(++colon);
  fault = is_dots(colon, length)
              ? "is reserved by the kernel"
              : name_fault(mock, colon, length, NETRIG_NAME_MAX, "!#$&()*+,-.;<=>?@[]^_{|}~", "_.@+");
  return fault == NULL ? NULL : mock_text(mock, "names an interface that %s; write %s", fault, hint);
}

const char* mock_read(struct netrig_mock* mock, const struct netrig_parameter* about, const char* text,
                      struct value* value) {
  const size_t length = strlen(text);
  const char* fault = NULL;
  char* end = NULL;
  *value = (struct value){.text = mock_keep(mock, text, length)};
  switch (about->type) {
    case NETRIG_TYPE_BOOL:
      value->number = strcmp(text, "true") == 0;
      return value->number || strcmp(text, "false") == 0 ? NULL : "is not a boolean; write true or false";
    case NETRIG_TYPE_INTEGER:
      errno = 0;
      value->number = strtoll(text, &end, 10);
      if (errno != 0 || end == text || *end != '\0' || isspace((unsigned char)*text) || *text == '+')
        return "is not an integer; write a number without quotes";
      return range_fault(mock, about, value->number);
    case NETRIG_TYPE_DURATION:
      if (!quantity(text, durations, COUNT_OF(durations), &value->number))
        return "is not a duration; write a number and a unit, as in \"15s\" or \"200ms\"";
      return range_fault(mock, about, value->number);
    case NETRIG_TYPE_RATE:
      if (!quantity(text, rates, COUNT_OF(rates), &value->number))
        return "is not a rate; write a number and a unit, as in \"100Mbit\"";
      return range_fault(mock, about, value->number);
    case NETRIG_TYPE_FRACTION:
      fault = read_fraction(text, &value->number);
      return fault != NULL ? fault : range_fault(mock, about, value->number);
    case NETRIG_TYPE_STRING:
      return mock_length_fault(mock, about, length, 4096);
    case NETRIG_TYPE_BYTES:
      fault = mock_read_bytes(mock, text, &value->content);
      return fault != NULL ? fault : mock_length_fault(mock, about, value->content.size, NETRIG_BYTES_MAX);
    case NETRIG_TYPE_ENUM:
      return mock_choice(about, text, &value->number) ? NULL : "is not a choice";
    case NETRIG_TYPE_MAC:
      return mac(text, value->bytes)
                 ? NULL
                 : "is not a MAC address; write six pairs of hex digits, as in \"02:00:00:00:00:01\"";
    case NETRIG_TYPE_ADDRESS:
      return address(text, false, value) ? NULL : "is not an address; write one as in \"192.0.2.1\" or \"2001:db8::1\"";
    case NETRIG_TYPE_PREFIX:
      return address(text, true, value) ? NULL : "is not a prefix; write one as in \"192.0.2.0/24\"";
    case NETRIG_TYPE_INTERFACE:
      return interface_fault(mock, text);
    case NETRIG_TYPE_NAMESPACE:
      return namespace_fault(mock, text, length, "the name of one of the lab's");
    case NETRIG_TYPE_TABLE:
      return "is not a table; write a list of tables: [{ ... }, { ... }]";
    default:
      return "is of a type that this netrig does not know";
  }
}

bool mock_same(const struct netrig_parameter* about, const struct value* a, const struct value* b) {
  switch (about->type) {
    case NETRIG_TYPE_BOOL:
    case NETRIG_TYPE_INTEGER:
    case NETRIG_TYPE_DURATION:
    case NETRIG_TYPE_RATE:
    case NETRIG_TYPE_FRACTION:
    case NETRIG_TYPE_TABLE:
      return a->number == b->number;
    case NETRIG_TYPE_MAC:
    case NETRIG_TYPE_ADDRESS:
    case NETRIG_TYPE_PREFIX:
      return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0 && a->family == b->family && a->length == b->length;
    case NETRIG_TYPE_BYTES:
    case NETRIG_TYPE_FILE:
      return a->content.size == b->content.size && memcmp(a->content.data, b->content.data, a->content.size) == 0;
    default:
      return strcmp(a->text, b->text) == 0;
  }
}
