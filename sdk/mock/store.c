/* SPDX-License-Identifier: Apache-2.0
 * A mock from its begin to its end, and what it remembers. */
#include "internal.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void mock_misused(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("netrig mock: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  abort();
}

void* mock_grown(void* list, uint32_t count, size_t size) {
  if ((count & (count - 1)) == 0) { /* a power of two, or none: it is full */
    list = realloc(list, (count == 0 ? 1 : (size_t)count * 2) * size);
    if (list == NULL) mock_misused("out of memory");
  }
  memset((char*)list + count * size, 0, size);
  return list;
}

void* mock_room(struct netrig_mock* mock, size_t size) {
  struct kept* one = calloc(1, sizeof *one + size + 1); /* a text ends */
  if (one == NULL) mock_misused("out of memory");
  one->next = mock->kept;
  mock->kept = one;
  return one + 1;
}

void* mock_keep(struct netrig_mock* mock, const void* data, size_t size) {
  void* copy = mock_room(mock, size);
  if (size != 0) memcpy(copy, data, size);
  return copy;
}

char* mock_text(struct netrig_mock* mock, const char* format, ...) {
  char text[4096];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return mock_keep(mock, text, strlen(text));
}

struct netrig_mock_bytes mock_bytes(struct netrig_mock* mock, const void* data, uint32_t size) {
  if (data == NULL || size == 0) return (struct netrig_mock_bytes){NULL, 0};
  return (struct netrig_mock_bytes){mock_keep(mock, data, size), size};
}

static char* masked(struct netrig_mock* mock, char* text, const char* secret) {
  for (char* at = text; secret[0] != '\0' && (at = strstr(at, secret)) != NULL;) {
    const char* rest = at + strlen(secret);
    text = mock_text(mock, "%.*s***%s", (int)(at - text), text, rest);
    at = text + strlen(text) - strlen(rest);
  }
  return text;
}

const char* mock_clean(struct netrig_mock* mock, const char* text) {
  if (text == NULL) return "";
  char* clean = mock_keep(mock, text, strnlen(text, NETRIG_MESSAGE_MAX));
  for (uint32_t i = 0; i < mock->parameters.count; ++i) {
    const struct parameter* one = &mock->parameters.list[i];
    if (!mock_is_secret(mock, one)) continue;
    for (uint32_t k = 0; k < one->used.count; ++k) {
      const struct value* value = &one->used.list[k];
      const char* forms[FORMS] = {value->text};
      uint32_t count = 1;
      if (one->about->type == NETRIG_TYPE_BYTES) count = mock_forms(mock, value->content, forms);
      if (one->about->type == NETRIG_TYPE_FILE) forms[0] = value->content.data;
      for (uint32_t form = 0; form < count; ++form) clean = masked(mock, clean, forms[form]);
    }
  }
  for (char* at = clean; *at != '\0'; ++at)
    if ((unsigned char)*at < ' ') *at = ' ';
  return clean;
}

/* ---- the table, as it lies in memory ---------------------------------------------------------------------------- */

struct search {
  uintptr_t inside; /* any address of the plugin's */
  const struct netrig_table* table;
};

static const struct netrig_table* table_in(const char* notes, size_t size, size_t align) {
  for (size_t at = 0; at + sizeof(ElfW(Nhdr)) <= size;) {
    const ElfW(Nhdr)* note = (const void*)(notes + at);
    const size_t name = at + sizeof *note;
    const size_t text = (name + note->n_namesz + align - 1) / align * align;
    if (note->n_namesz == sizeof NETRIG_NOTE_NAME &&
        memcmp(notes + name, NETRIG_NOTE_NAME, sizeof NETRIG_NOTE_NAME) == 0)
      return (const void*)(notes + text);
    at = (text + note->n_descsz + align - 1) / align * align;
  }
  return NULL;
}

static int find_table(struct dl_phdr_info* object, size_t size, void* argument) {
  struct search* search = argument;
  bool is_it = false;
  (void)size;
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)* segment = &object->dlpi_phdr[i];
    const uintptr_t begin = object->dlpi_addr + segment->p_vaddr;
    is_it =
        is_it || (segment->p_type == PT_LOAD && search->inside >= begin && search->inside - begin < segment->p_memsz);
  }
  for (int i = 0; is_it && i < object->dlpi_phnum && search->table == NULL; ++i) {
    const ElfW(Phdr)* segment = &object->dlpi_phdr[i];
    if (segment->p_type == PT_NOTE)
      search->table = table_in((const char*)(object->dlpi_addr + segment->p_vaddr), segment->p_memsz,
                               segment->p_align == 8 ? 8 : 4);
  }
  return is_it;
}

struct netrig_mock* netrig_mock_new(const struct netrig_functions* functions) {
  struct search search = {(uintptr_t)functions, NULL};
  dl_iterate_phdr(find_table, &search);
  if (search.table == NULL) mock_misused("the driver has no table (NETRIG_TABLE, NETRIG_DRIVER_WITH_FUNCTIONS)");
  if (search.table->abi_major != NETRIG_ABI_MAJOR || search.table->abi_minor != NETRIG_ABI_MINOR)
    mock_misused("the driver is built for ABI %u.%u, and this mock is of %u.%u", search.table->abi_major,
                 search.table->abi_minor, NETRIG_ABI_MAJOR, NETRIG_ABI_MINOR);
  struct netrig_mock* mock = calloc(1, sizeof *mock);
  if (mock == NULL) mock_misused("out of memory");
  mock->functions = functions;
  mock->table = search.table;
  mock->next_ifindex = FIRST_IFINDEX;
  mock->cancel_at = NETRIG_NONE;
  mock->netns_fd = -1;
  mock->message = mock->words = "";
  for (uint32_t i = 0; i < mock->table->parameter_count; ++i)
    mock_declare(mock, (const void*)((const char*)mock->table + mock->table->struct_size +
                                     (size_t)i * mock->table->parameter_size));
  ADD(mock->families)->name = "ethtool";
  netrig_mock_interfaces(mock, mock->table->min_interfaces);
  return mock;
}

struct netrig_mock* netrig_mock_load(const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) mock_misused("%s", dlerror());
  const struct netrig_functions* functions = dlsym(library, NETRIG_DRIVER_SYMBOL);
  if (functions == NULL) mock_misused("%s has no functions: of a table nothing ever runs", path);
  struct netrig_mock* mock = netrig_mock_new(functions);
  mock->library = library;
  return mock;
}

void mock_close_descriptors(struct netrig_mock* mock) {
  for (uint32_t i = 0; i < mock->asked.count; ++i)
    if (mock->asked.list[i].fd >= 0) close(mock->asked.list[i].fd);
}

void netrig_mock_free(struct netrig_mock* mock) {
  if (mock == NULL) return;
  mock_close_descriptors(mock);
  if (mock->netns_fd >= 0) close(mock->netns_fd);
  for (uint32_t i = 0; i < mock->parameters.count; ++i) {
    free(mock->parameters.list[i].now.list);
    free(mock->parameters.list[i].told.list);
  }
  void* lists[] = {mock->parameters.list, mock->interfaces.list, mock->references.list, mock->granted_families.list,
                   mock->lacks.list,      mock->families.list,   mock->answers.list,    mock->files.list,
                   mock->refusals.list,   mock->pointers.list,   mock->orders.list,     mock->asked.list,
                   mock->opened.list,     mock->lines.list,      mock->states.list,     mock->granted_attributes.list};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; ++i) free(lists[i]);
  for (struct kept *one = mock->kept, *next; one != NULL; one = next) {
    next = one->next;
    free(one);
  }
  if (mock->library != NULL) dlclose(mock->library);
  free(mock);
}

/* ---- what the test says ------------------------------------------------------------------------------------------ */

void netrig_mock_interfaces(struct netrig_mock* mock, uint32_t count) {
  if (count < mock->table->min_interfaces || count > mock->table->max_interfaces)
    mock_misused("a device of this driver has %u to %u interfaces, not %u", mock->table->min_interfaces,
                 mock->table->max_interfaces, count);
  if (mock->made || mock->half_made) mock_misused("a device that is there does not change its interfaces");
  while (mock->interfaces.count > count) --mock->interfaces.count;
  while (mock->interfaces.count < count) {
    struct interface* one = ADD(mock->interfaces);
    one->raw.struct_size = sizeof one->raw;
    one->raw.netns_fd = -1;
    one->raw.name = mock_text(mock, "eth%u", mock->interfaces.count - 1);
    one->peer = NETRIG_NONE;
  }
}

struct netrig_interface* netrig_mock_interface(struct netrig_mock* mock, uint32_t index) {
  if (index >= mock->interfaces.count)
    mock_misused("the device has %u interfaces, and no %u", mock->interfaces.count, index);
  return &mock->interfaces.list[index].raw;
}

void netrig_mock_set_record(struct netrig_mock* mock, const void* record, uint32_t size) {
  if (size > NETRIG_RECORD_MAX) mock_misused("a record has at most %u bytes", NETRIG_RECORD_MAX);
  mock->record = mock_bytes(mock, record, size);
}

void netrig_mock_grant(struct netrig_mock* mock, uint32_t privileges) {
  if ((privileges & ~mock->table->wants) != 0)
    mock_misused("the driver's table does not want privilege %#x", privileges);
  mock->granted |= privileges;
  const uint32_t own_hands = NETRIG_WANTS_NET_ADMIN | NETRIG_WANTS_NET_RAW | NETRIG_WANTS_SYS_ADMIN;
  if ((mock->granted & own_hands) != 0 && mock->netns_fd < 0)
    mock->netns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

void netrig_mock_grant_family(struct netrig_mock* mock, const char* family) {
  netrig_mock_grant(mock, NETRIG_WANTS_GENL);
  *ADD(mock->granted_families) = mock_text(mock, "%s", family);
}

void netrig_mock_grant_sysfs(struct netrig_mock* mock, const char* pattern) {
  netrig_mock_grant(mock, NETRIG_WANTS_SYSFS);
  *ADD(mock->granted_attributes) = mock_text(mock, "%s", pattern);
}

void netrig_mock_lack(struct netrig_mock* mock, const char* service) {
  *ADD(mock->lacks) = mock_text(mock, "%s", service);
}

void netrig_mock_refuse(struct netrig_mock* mock, const char* call, uint32_t nth, int error_number, const char* words) {
  if (nth == 0 || error_number <= 0) mock_misused("calls are counted from 1, and refused with an errno above 0");
  *ADD(mock->refusals) = (struct refusal){.call = call == NULL ? NULL : mock_text(mock, "%s", call),
                                          .left = nth,
                                          .error_number = error_number,
                                          .words = mock_text(mock, "%s", words == NULL ? "" : words)};
}

void netrig_mock_cancel(struct netrig_mock* mock, uint32_t nth) { mock->cancel_at = nth; }

void netrig_mock_has_family(struct netrig_mock* mock, const char* family) {
  ADD(mock->families)->name = mock_text(mock, "%s", family);
}

void netrig_mock_answer(struct netrig_mock* mock, uint16_t type, uint16_t answer_type, const void* payload,
                        uint32_t size) {
  *ADD(mock->answers) = (struct answer){0, type, answer_type, mock_bytes(mock, payload, size)};
}

void netrig_mock_answer_genl(struct netrig_mock* mock, const char* family, uint8_t command, uint8_t answer_command,
                             const void* attributes, uint32_t size) {
  for (uint32_t i = 0; i < mock->families.count; ++i)
    if (strcmp(mock->families.list[i].name, family) == 0) {
      *ADD(mock->answers) =
          (struct answer){(uint16_t)(FIRST_FAMILY + i), command, answer_command, mock_bytes(mock, attributes, size)};
      return;
    }
  mock_misused("the kernel has no generic netlink family \"%s\"; say so by netrig_mock_has_family", family);
}

void netrig_mock_no_answers(struct netrig_mock* mock) { mock->answers.count = 0; }

void netrig_mock_sysfs(struct netrig_mock* mock, uint32_t interface, const char* path, const char* text) {
  netrig_mock_interface(mock, interface);
  for (uint32_t i = 0; i < mock->files.count; ++i)
    if (mock->files.list[i].interface == interface && strcmp(mock->files.list[i].path, path) == 0) {
      mock->files.list[i].text = text == NULL ? NULL : mock_text(mock, "%s", text);
      return;
    }
  *ADD(mock->files) =
      (struct file){interface, mock_text(mock, "%s", path), text == NULL ? NULL : mock_text(mock, "%s", text)};
}

void netrig_mock_put_link(struct netrig_mock* mock, uint32_t interface, const void* attributes, uint32_t size) {
  netrig_mock_interface(mock, interface);
  struct interface* one = &mock->interfaces.list[interface];
  one->link = mock_merged(mock, one->link, mock_bytes(mock, attributes, size));
}

void netrig_mock_put_data(struct netrig_mock* mock, uint32_t interface, const void* attributes, uint32_t size) {
  netrig_mock_interface(mock, interface);
  struct interface* one = &mock->interfaces.list[interface];
  one->data = mock_merged(mock, one->data, mock_bytes(mock, attributes, size));
}
