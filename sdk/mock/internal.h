/* SPDX-License-Identifier: Apache-2.0
 * What the mock host's files share. */
#ifndef NETRIG_MOCK_INTERNAL_H
#define NETRIG_MOCK_INTERNAL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dl_iterate_phdr; so this header is the first */
#endif

#include <netrig/mock.h>

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define FORMAT(at) __attribute__((format(printf, at, at + 1)))
#define FIRST_IFINDEX 100u
#define FIRST_REFERENCE_IFINDEX 1000u
#define FIRST_FAMILY 20u
#define LOOPBACK_IFINDEX 1u /* net/flow.h */

/** A parameter's value. Texts and bytes as the getters give them. */
struct value {
  const char* text; /* as in a lab file */
  int64_t number;
  uint8_t bytes[16];
  uint8_t family;
  uint8_t length;
  struct netrig_mock_bytes content; /* of bytes, and of a file */
};
struct values {
  struct value* list;
  uint32_t count;
};
/** What the table declares, and behind all that the cells of its tables, each once its row has been there. */
struct parameter {
  const char* name; /* of a cell "peers[0].key" */
  const struct netrig_parameter* about;
  uint32_t table; /* of a cell: where its table is among them; NETRIG_NONE: it is none */
  uint32_t row;
  struct values fallback; /* the default, or none */
  struct values now;      /* of a table one for each row */
  struct values before;   /* when the device was last made or changed */
  struct values used;     /* now, or the default */
  bool changed;
  struct values told;
};

struct interface {
  struct netrig_interface raw;
  bool covered; /* something makes it */
  const char* kind;
  uint32_t peer; /* goes with it */
  struct netrig_mock_bytes link;
  struct netrig_mock_bytes data;
};

struct reference {
  struct netrig_reference raw;
  uint32_t parameter;
  uint32_t index;
  uint32_t ifindex; /* of an interface */
};

struct order {
  enum { CREATE, SET, DELETE } what;
  uint32_t asked;
};

struct refusal {
  const char* call;
  uint32_t left; /* calls until it strikes */
  int error_number;
  const char* words;
};

/** A file that the driver was given. */
struct opened {
  const void* content;
  int fd;
};

struct family {
  const char* name;
  bool resolved; /* in this operation */
};

struct answer {
  uint16_t family; /* 0: an rtnetlink request */
  uint16_t type;
  uint16_t answer_type;
  struct netrig_mock_bytes payload;
};

struct file {
  uint32_t interface;
  const char* path;
  const char* text;
};

struct line {
  uint32_t level;
  const char* text;
};
struct state {
  const char* name;
  const char* value;
};

/** A list that grows; `count` counts. */
#define LIST(type)  \
  struct {          \
    type* list;     \
    uint32_t count; \
  }
/** A new element, all zero. */
#define ADD(array) \
  ((array).list = mock_grown((array).list, (array).count, sizeof *(array).list), &(array).list[(array).count++])

struct kept {
  struct kept* next;
};

struct netrig_mock {
  const struct netrig_functions* functions;
  const struct netrig_table* table;
  void* library;
  struct kept* kept;

  LIST(struct parameter) parameters;
  LIST(struct interface) interfaces;
  LIST(struct reference*) references; /* also of earlier operations */
  uint32_t reference_count;           /* of this one: they are numbered up to it */
  LIST(const char*) granted_families;
  LIST(const char*) granted_attributes; /* patterns, of sysfs */
  LIST(const char*) lacks;
  LIST(struct family) families;
  bool control_resolved; /* "nlctrl", in this operation */
  LIST(struct answer) answers;
  LIST(struct file) files;
  uint32_t granted;
  struct netrig_mock_bytes record;
  bool made;      /* there is a device */
  bool half_made; /* create failed, and has left a record */
  uint32_t next_ifindex;
  int netns_fd;

  /* Of the next operation, or the one that runs. */
  LIST(struct refusal) refusals;
  uint32_t cancel_at; /* NETRIG_NONE: never */
  uint32_t function;  /* 0: none runs */
  pthread_t thread;
  LIST(const struct netrig_interface*) pointers;
  LIST(struct order) orders;
  LIST(struct opened) opened;
  uint32_t calls;
  uint32_t order_count;
  bool saved;           /* a record, in this operation */
  bool changed_at_once; /* something that nobody undoes by himself */

  /* What came of it. */
  LIST(struct netrig_mock_asked) asked;
  LIST(struct line) lines;
  LIST(struct state) states;
  const char* words; /* of fail() */
  const char* denied;
  const char* broken;
  const char* message;
  bool failed; /* the last call of a service */
  struct netrig_error last;
};

/** As attributes lie in a message. */
static inline uint32_t mock_padded(uint32_t size) { return (size + 3u) & ~3u; }

/** The mock whose operation runs; NULL: none. */
extern struct netrig_mock* mock_running;

/* store.c */
_Noreturn void mock_misused(const char* format, ...) FORMAT(1);
void* mock_grown(void* list, uint32_t count, size_t size);
/** Until netrig_mock_free. */
void* mock_keep(struct netrig_mock* mock, const void* data, size_t size);
/** The same, all zero. */
void* mock_room(struct netrig_mock* mock, size_t size);
char* mock_text(struct netrig_mock* mock, const char* format, ...) FORMAT(2);
/** A driver's text in one line as the host shows it: cut, secrets masked. */
const char* mock_clean(struct netrig_mock* mock, const char* text);
struct netrig_mock_bytes mock_bytes(struct netrig_mock* mock, const void* data, uint32_t size);
void mock_close_descriptors(struct netrig_mock* mock);

/* text.c */
/** Reads a value but a file's. What is wrong with it, in the host's words; NULL: nothing. */
const char* mock_read(struct netrig_mock* mock, const struct netrig_parameter* about, const char* text,
                      struct value* value);
/** What is wrong with a length. most: of what has no range. */
const char* mock_length_fault(struct netrig_mock* mock, const struct netrig_parameter* about, uint64_t size,
                              uint64_t most);
/** Whether both are the same, however they are written. */
bool mock_same(const struct netrig_parameter* about, const struct value* a, const struct value* b);
/** A choice's number; false: there is none of that word. */
bool mock_choice(const struct netrig_parameter* about, const char* word, int64_t* number);
const char* mock_choice_of(struct netrig_mock* mock, const struct netrig_parameter* about, int64_t number);
const char* mock_fraction(struct netrig_mock* mock, int64_t fraction);
/** NULL: no such family. */
const char* mock_address(struct netrig_mock* mock, const uint8_t bytes[16], uint8_t family);

/* bytes.c */
/** NULL: these are bytes. */
const char* mock_read_bytes(struct netrig_mock* mock, const char* text, struct netrig_mock_bytes* bytes);
/** "0x0011" */
const char* mock_hex(struct netrig_mock* mock, struct netrig_mock_bytes bytes);
/** All that a driver may make of bytes in a message. Returns how many they are. */
#define FORMS 5
uint32_t mock_forms(struct netrig_mock* mock, struct netrig_mock_bytes bytes, const char* forms[FORMS]);
/** The file of that name, from the working directory. What the host would say; NULL: it has been read. */
const char* mock_read_file(struct netrig_mock* mock, const struct parameter* one, const char* path,
                           struct netrig_mock_bytes* content);
/** As a driver gets it, at its begin. */
int mock_open_file(struct netrig_mock* mock, const struct value* file);
void mock_close_files(struct netrig_mock* mock);

/* values.c */
void mock_declare(struct netrig_mock* mock, const struct netrig_parameter* about);
/** By its name; of a cell whose row is not there its column, which has no values. */
struct parameter* mock_parameter(const struct netrig_mock* mock, const char* name);
bool mock_is_column(const struct parameter* one);
/** Whether it, or its table, is never shown. */
bool mock_is_secret(const struct netrig_mock* mock, const struct parameter* one);
/** Of a cell: that it has a row. */
bool mock_is_there(const struct netrig_mock* mock, const struct parameter* one);
/** Whether it, or a cell of it, differs. */
bool mock_changed(const struct netrig_mock* mock, const char* name);
/** What they are where a lab file says nothing; which references there are. */
void mock_use_values(struct netrig_mock* mock);
/** "" or ", whose type (16) this netrig does not know..." */
const char* mock_of_later_type(struct netrig_mock* mock, const struct parameter* one);

/* host.c */
extern const struct netrig_host mock_host;
/** Begins every call of the driver's into the host. */
struct netrig_mock* mock_enter(const netrig_call* call, const char* function);
/** What is wrong, and not the host's to refuse. */
void mock_breaks(struct netrig_mock* mock, const char* law, const char* format, ...) FORMAT(3);
/** The host's own no, which fails the operation. */
netrig_status mock_deny(struct netrig_mock* mock, const char* law, const char* format, ...) FORMAT(3);
netrig_status mock_fails(struct netrig_mock* mock, netrig_status status, int error_number, const char* words,
                         const char* format, ...) FORMAT(5);

/* permission.c: all deny, and then return something else than NETRIG_OK */
netrig_status mock_may_operate(struct netrig_mock* mock, uint32_t function);
netrig_status mock_may_change(struct netrig_mock* mock, const char* what);
netrig_status mock_has_interface(struct netrig_mock* mock, uint32_t interface);
netrig_status mock_may_cover(struct netrig_mock* mock, uint32_t interface);
netrig_status mock_may_make(struct netrig_mock* mock, const char* kind);
netrig_status mock_may_order(struct netrig_mock* mock, const char* kind, struct netrig_mock_bytes attributes,
                             struct netrig_mock_bytes data);
netrig_status mock_may_have_peer(struct netrig_mock* mock, const struct netrig_link* link);
netrig_status mock_may_request(struct netrig_mock* mock, uint16_t type, uint16_t flags,
                               struct netrig_mock_bytes message, uint32_t* header);
netrig_status mock_may_read(struct netrig_mock* mock, const char* path);
netrig_status mock_may_write(struct netrig_mock* mock, const char* path);
netrig_status mock_may_have_family(struct netrig_mock* mock, const char* name);
netrig_status mock_may_genl(struct netrig_mock* mock, uint32_t interface, uint16_t family, uint8_t command,
                            uint16_t flags, struct netrig_mock_bytes attributes);
bool mock_genl_reads(const char* family, uint8_t command, uint16_t flags);

/* services.c */
const void* mock_service(const char* id);

/* kernel.c */
struct netrig_mock_asked* mock_ask(struct netrig_mock* mock, const char* call, uint32_t interface, const char* text);
/** What the kernel says to it. */
netrig_status mock_kernel(struct netrig_mock* mock, struct netrig_mock_asked* asked, const char* what);
netrig_status mock_carry_out(struct netrig_mock* mock);
/** Whether its interface is there without the lab. */
bool mock_borrows(const struct netrig_mock* mock);
void mock_make(struct netrig_mock* mock, uint32_t interface, const char* kind);
void mock_remove(struct netrig_mock* mock, uint32_t interface);
struct netrig_mock_bytes mock_merged(struct netrig_mock* mock, struct netrig_mock_bytes list,
                                     struct netrig_mock_bytes more);
/** The attribute at that place of a list, which it moves on; false: the list ends, or is cut off. */
bool mock_next(struct netrig_mock_bytes list, uint32_t* at, struct netrig_mock_attribute* one);
/** Whether a list of attributes adds up. */
bool mock_well_formed(struct netrig_mock_bytes list);

#endif /* NETRIG_MOCK_INTERNAL_H */
