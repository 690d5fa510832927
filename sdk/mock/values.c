/* SPDX-License-Identifier: Apache-2.0
 * Parameters, and the cells of tables, which are parameters too: "peers[0].key" of the column "peers.key". */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- which there are -------------------------------------------------------------------------------------------- */

const char* mock_of_later_type(struct netrig_mock* mock, const struct parameter* one) {
  if (one->about->type <= NETRIG_TYPE_FILE) return "";
  return mock_text(mock, "whose type (%u) this netrig does not know; a later netrig does", one->about->type);
}

void mock_declare(struct netrig_mock* mock, const struct netrig_parameter* about) {
  struct parameter* one = ADD(mock->parameters);
  one->about = about;
  one->name = mock_text(mock, "%.*s", (int)sizeof about->name, about->name);
  one->table = NETRIG_NONE;
  if (about->default_text[0] == '\0' || about->type > NETRIG_TYPE_FILE) return;
  struct value value;
  const char* fault = mock_read(mock, about, about->default_text, &value);
  if (fault != NULL) mock_misused("the default of parameter %s %s", one->name, fault);
  one->fallback = (struct values){mock_keep(mock, &value, sizeof value), 1};
}

static struct parameter* called(const struct netrig_mock* mock, const char* name) {
  for (uint32_t i = 0; name != NULL && i < mock->parameters.count; ++i)
    if (strcmp(mock->parameters.list[i].name, name) == 0) return &mock->parameters.list[i];
  return NULL;
}

/** "peers[0].key", taken apart. */
struct cell_name {
  char table[64];
  char column[64]; /* "peers.key" */
  uint32_t row;    /* NETRIG_NONE: that is no number */
};

/** false: it is no name of a cell. */
static bool take_apart(const char* name, struct cell_name* cell) {
  const char* begin = name == NULL ? NULL : strchr(name, '[');
  const char* end = begin == NULL ? NULL : strstr(begin, "].");
  if (end == NULL || (size_t)(begin - name) >= sizeof cell->table) return false;
  const size_t digits = strspn(begin + 1, "0123456789");
  const bool number = begin + 1 + digits == end && digits >= 1 && digits <= 4;
  cell->row = number ? (uint32_t)strtoul(begin + 1, NULL, 10) : NETRIG_NONE;
  snprintf(cell->table, sizeof cell->table, "%.*s", (int)(begin - name), name);
  return snprintf(cell->column, sizeof cell->column, "%s.%s", cell->table, end + 2) < (int)sizeof cell->column;
}

struct parameter* mock_parameter(const struct netrig_mock* mock, const char* name) {
  struct cell_name cell;
  struct parameter* one = called(mock, name);
  return one == NULL && take_apart(name, &cell) ? called(mock, cell.column) : one;
}

bool mock_is_column(const struct parameter* one) { return one->table == NETRIG_NONE && strchr(one->name, '.') != NULL; }

/** NULL: it is no cell. */
static const struct parameter* table_of(const struct netrig_mock* mock, const struct parameter* one) {
  return one->table == NETRIG_NONE ? NULL : &mock->parameters.list[one->table];
}

bool mock_is_secret(const struct netrig_mock* mock, const struct parameter* one) {
  const struct parameter* table = table_of(mock, one);
  return ((one->about->flags | (table == NULL ? 0 : table->about->flags)) & NETRIG_PARAMETER_SECRET) != 0;
}

bool mock_is_there(const struct netrig_mock* mock, const struct parameter* one) {
  const struct parameter* table = table_of(mock, one);
  return table == NULL ? !mock_is_column(one) : one->row < table->now.count;
}

/* ---- what they are ---------------------------------------------------------------------------------------------- */

/** As the lab file says it, or by default. */
static struct values in_use(const struct netrig_mock* mock, const struct parameter* one, bool before) {
  const struct parameter* table = table_of(mock, one);
  const struct values* said = before ? &one->before : &one->now;
  if (mock_is_column(one) || (table != NULL && one->row >= (before ? table->before.count : table->now.count)))
    return (struct values){NULL, 0};
  return said->count != 0 ? *said : one->fallback;
}

static bool same(const struct parameter* one, struct values a, struct values b) {
  if (a.count != b.count) return false;
  for (uint32_t i = 0; i < a.count; ++i)
    if (!mock_same(one->about, &a.list[i], &b.list[i])) return false;
  return true;
}

static void compare(struct netrig_mock* mock, struct parameter* one) {
  one->changed = !same(one, in_use(mock, one, false), in_use(mock, one, true));
}

bool mock_changed(const struct netrig_mock* mock, const char* name) {
  const size_t length = name == NULL ? 0 : strlen(name);
  for (uint32_t i = 0; name != NULL && i < mock->parameters.count; ++i) {
    const struct parameter* one = &mock->parameters.list[i];
    const char end = strncmp(one->name, name, length) == 0 ? one->name[length] : '.';
    if (one->changed && (end == '\0' || end == '[')) return true;
  }
  return false;
}

/** One more row, in which nothing is said yet. */
static void add_row(struct netrig_mock* mock, uint32_t table) {
  const uint32_t row = mock->parameters.list[table].now.count;
  *ADD(mock->parameters.list[table].now) = (struct value){.text = "{}", .number = row};
  compare(mock, &mock->parameters.list[table]);
  const char* name = mock->parameters.list[table].name;
  const size_t length = strlen(name);
  for (uint32_t i = 0; i < mock->table->parameter_count; ++i) {
    const struct parameter* column = &mock->parameters.list[i];
    if (strncmp(column->name, name, length) != 0 || column->name[length] != '.') continue;
    const char* cell = mock_text(mock, "%s[%u].%s", name, row, column->name + length + 1);
    struct parameter* one = called(mock, cell);
    if (one == NULL) {
      const struct parameter like = *column; /* which may move */
      one = ADD(mock->parameters);
      *one =
          (struct parameter){.name = cell, .about = like.about, .table = table, .row = row, .fallback = like.fallback};
    }
    compare(mock, one);
  }
}

/** The rows from that one on are not there any more. */
static void drop_rows(struct netrig_mock* mock, uint32_t table, uint32_t from) {
  mock->parameters.list[table].now.count = from;
  compare(mock, &mock->parameters.list[table]);
  for (uint32_t i = 0; i < mock->parameters.count; ++i) {
    struct parameter* one = &mock->parameters.list[i];
    if (one->table != table || one->row < from) continue;
    one->now.count = 0;
    compare(mock, one);
  }
}

/* ---- what the test says of them --------------------------------------------------------------------------------- */

static struct parameter* declared(const struct netrig_mock* mock, const char* name) {
  struct parameter* one = called(mock, name);
  if (one == NULL) mock_misused("the driver's table declares no parameter \"%s\"", name == NULL ? "(null)" : name);
  return one;
}

/** A parameter that is to have a value. fresh: a row has come for it, if it is a cell of the one behind the last. */
static struct parameter* to_be_set(struct netrig_mock* mock, const char* name, bool* fresh) {
  struct cell_name cell;
  *fresh = false;
  if (take_apart(name, &cell) && cell.row != NETRIG_NONE) {
    const struct parameter* table = declared(mock, cell.table);
    declared(mock, cell.column);
    if (cell.row > table->now.count)
      mock_misused("%s: table %s has %u rows; rows come one behind the other", name, cell.table, table->now.count);
    *fresh = cell.row == table->now.count;
    if (*fresh) add_row(mock, (uint32_t)(table - mock->parameters.list));
  }
  struct parameter* one = declared(mock, name);
  if (mock_is_column(one)) mock_misused("%s is a column; say of which row", name);
  return one;
}

static netrig_status refuse(struct netrig_mock* mock, const char* message) {
  mock->message = message;
  return NETRIG_INVALID;
}

/** As the host shows what is wrong. */
static const char* about_value(struct netrig_mock* mock, const struct parameter* one, const char* text,
                               const char* fault) {
  const uint32_t type = one->about->type;
  const bool bare = type == NETRIG_TYPE_BOOL || type == NETRIG_TYPE_INTEGER || type == NETRIG_TYPE_FRACTION;
  if (mock_is_secret(mock, one)) return mock_text(mock, "parameter %s = (secret) %s", one->name, fault);
  if (text == NULL) return mock_text(mock, "parameter %s = (in memory) %s", one->name, fault);
  return mock_text(mock, bare ? "parameter %s = %s %s" : "parameter %s = \"%s\" %s", one->name, text, fault);
}

/** Reads one value, of a file that is in memory from `content`. What no lab file may say of it; NULL: nothing. */
static const char* read_one(struct netrig_mock* mock, const struct parameter* one, const char* text,
                            const struct netrig_mock_bytes* content, struct value* value) {
  const char* later = mock_of_later_type(mock, one);
  if (later[0] != '\0') return mock_text(mock, "parameter %s cannot be set: it is one %s", one->name, later);
  const char* fault = NULL;
  if (one->about->type != NETRIG_TYPE_FILE) {
    fault = mock_read(mock, one->about, text, value);
  } else {
    *value = (struct value){.text = text == NULL ? "" : mock_keep(mock, text, strlen(text))};
    if (content != NULL) {
      value->content = (struct netrig_mock_bytes){mock_keep(mock, content->data, content->size), content->size};
    } else if ((fault = mock_read_file(mock, one, text, &value->content)) != NULL) {
      return fault;
    }
    fault = mock_length_fault(mock, one->about, value->content.size, NETRIG_FILE_MAX);
  }
  return fault == NULL ? NULL : about_value(mock, one, text, fault);
}

static netrig_status put_value(struct netrig_mock* mock, const char* name, bool more, const char* text,
                               const struct netrig_mock_bytes* content) {
  bool fresh = false;
  struct parameter* one = to_be_set(mock, name, &fresh);
  const uint32_t which = (uint32_t)(one - mock->parameters.list);
  if (content != NULL && one->about->type != NETRIG_TYPE_FILE) mock_misused("parameter %s is no file", name);
  if (one->about->type == NETRIG_TYPE_TABLE && strcmp(text, "{}") == 0) {
    if (!more) drop_rows(mock, which, 0);
    add_row(mock, which);
    return NETRIG_OK;
  }
  if (more && one->now.count != 0 && (one->about->flags & NETRIG_PARAMETER_LIST) == 0)
    mock_misused("parameter %s is no list", name);
  struct value value;
  const char* fault = read_one(mock, one, text, content, &value);
  if (fault != NULL) {
    if (fresh) drop_rows(mock, one->table, one->row);
    return refuse(mock, fault);
  }
  if (!more) one->now.count = 0;
  *ADD(one->now) = value;
  compare(mock, one);
  return NETRIG_OK;
}

netrig_status netrig_mock_add(struct netrig_mock* mock, const char* parameter, const char* text) {
  return put_value(mock, parameter, true, text, NULL);
}
netrig_status netrig_mock_set(struct netrig_mock* mock, const char* parameter, const char* text) {
  return put_value(mock, parameter, false, text, NULL);
}
netrig_status netrig_mock_add_file(struct netrig_mock* mock, const char* parameter, const void* content,
                                   uint32_t size) {
  return put_value(mock, parameter, true, NULL, &(struct netrig_mock_bytes){content, size});
}
netrig_status netrig_mock_set_file(struct netrig_mock* mock, const char* parameter, const void* content,
                                   uint32_t size) {
  return put_value(mock, parameter, false, NULL, &(struct netrig_mock_bytes){content, size});
}

void netrig_mock_unset(struct netrig_mock* mock, const char* parameter) {
  struct parameter* one = declared(mock, parameter);
  if (one->about->type == NETRIG_TYPE_TABLE) {
    drop_rows(mock, (uint32_t)(one - mock->parameters.list), 0);
    return;
  }
  one->now.count = 0;
  compare(mock, one);
}

void netrig_mock_set_back(struct netrig_mock* mock) {
  for (uint32_t i = 0; i < mock->parameters.count; ++i) {
    struct parameter* one = &mock->parameters.list[i];
    /* Stays `changed`: that is what the host calls `change` for. */
    one->now.count = 0;
    for (uint32_t k = 0; k < one->before.count; ++k) *ADD(one->now) = one->before.list[k];
  }
}

/* ---- references ------------------------------------------------------------------------------------------------- */

static bool is_reference(const struct parameter* one) {
  return one->about->type == NETRIG_TYPE_INTERFACE || one->about->type == NETRIG_TYPE_NAMESPACE;
}

void mock_use_values(struct netrig_mock* mock) {
  mock->reference_count = 0;
  for (uint32_t i = 0; i < mock->parameters.count; ++i) {
    struct parameter* one = &mock->parameters.list[i];
    one->used = in_use(mock, one, false);
    for (uint32_t k = 0; is_reference(one) && k < one->used.count; ++k)
      netrig_mock_reference(mock, one->name, k)->number = mock->reference_count++;
  }
}

struct netrig_reference* netrig_mock_reference(struct netrig_mock* mock, const char* parameter, uint32_t index) {
  struct parameter* one = declared(mock, parameter);
  const uint32_t which = (uint32_t)(one - mock->parameters.list);
  const struct values values = in_use(mock, one, false);
  if (!is_reference(one) || index >= values.count) mock_misused("parameter %s names no interface %u", parameter, index);
  struct reference* found = NULL;
  for (uint32_t i = 0; i < mock->references.count; ++i)
    if (mock->references.list[i]->parameter == which && mock->references.list[i]->index == index)
      found = mock->references.list[i];
  const char* text = values.list[index].text;
  if (found == NULL) {
    found = mock_room(mock, sizeof *found);
    *ADD(mock->references) = found;
    found->parameter = which;
    found->index = index;
    found->ifindex = FIRST_REFERENCE_IFINDEX + mock->references.count - 1;
    found->raw = (struct netrig_reference){.struct_size = sizeof found->raw, .netns_fd = -1, .text = ""};
  }
  if (strcmp(found->raw.text, text) == 0) return &found->raw;
  /* Another than last time. */
  const bool is_namespace = one->about->type == NETRIG_TYPE_NAMESPACE;
  found->raw.text = text;
  found->raw.name = is_namespace ? "lo" : strrchr(text, ':') + 1;
  found->raw.ifindex = is_namespace ? LOOPBACK_IFINDEX : found->ifindex;
  return &found->raw;
}
