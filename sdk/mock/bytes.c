/* SPDX-License-Identifier: Apache-2.0
 * Bytes and files: as a lab file has them, and as a driver gets them. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008u /* linux/memfd.h of 6.3 */
#endif

static const char lower[] = "0123456789abcdef";
static const char upper[] = "0123456789ABCDEF";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Its place in the alphabet, or -1. */
static int place_of(char c, const char* alphabet) {
  const char* found = c == '\0' ? NULL : strchr(alphabet, c);
  return found == NULL ? -1 : (int)(found - alphabet);
}
static int digit(char c) {
  const int place = place_of(c, lower);
  return place >= 0 ? place : place_of(c, upper);
}

/** Pairs of digits with `between` between two; '\0': nothing. */
static bool read_hex(const char* text, size_t length, char between, uint8_t* bytes, uint32_t* size) {
  const size_t step = between == '\0' ? 2 : 3;
  for (size_t at = 0;; at += step) {
    if (at + 2 > length || digit(text[at]) < 0 || digit(text[at + 1]) < 0) return false;
    bytes[(*size)++] = (uint8_t)(digit(text[at]) << 4 | digit(text[at + 1]));
    if (at + 2 == length) return true;
    if (between != '\0' && text[at + 2] != between) return false;
  }
}

/** Whole, with its padding, and no bits that nobody reads. */
static bool read_base64(const char* text, size_t length, uint8_t* bytes, uint32_t* size) {
  if (length % 4 != 0) return false;
  for (int padding = 0; padding < 2 && length != 0 && text[length - 1] == '='; ++padding) --length;
  uint32_t bits = 0;
  uint32_t count = 0;
  for (size_t i = 0; i < length; ++i) {
    const int place = place_of(text[i], base64);
    if (place < 0) return false;
    bits = bits << 6 | (uint32_t)place;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes[(*size)++] = (uint8_t)(bits >> count);
    bits &= (1u << count) - 1;
  }
  return bits == 0;
}

const char* mock_read_bytes(struct netrig_mock* mock, const char* text, struct netrig_mock_bytes* bytes) {
  const size_t length = strlen(text);
  uint8_t* room = mock_room(mock, length);
  bool digits = length != 0 && length % 2 == 0;
  for (size_t i = 0; i < length; ++i) digits = digits && digit(text[i]) >= 0;
  if (digits) return "could be hexadecimal or base64; begin it with 0x if it is hexadecimal";
  bytes->data = room;
  bytes->size = 0;
  bool good = length == 0;
  /* Base64 may begin like that, too; then its padding tells. */
  if (strncmp(text, "0x", 2) == 0 && text[length - 1] != '=')
    good = read_hex(text + 2, length - 2, '\0', room, &bytes->size);
  else if (!good && strchr(text, ':') != NULL)
    good = read_hex(text, length, ':', room, &bytes->size);
  else if (!good)
    good = read_base64(text, length, room, &bytes->size);
  return good ? NULL : "is not bytes; write hexadecimal as in \"0x0011\" or \"00:11\", or base64 as in \"ABE=\"";
}

static char* write_hex(struct netrig_mock* mock, struct netrig_mock_bytes bytes, const char* before, char between,
                       const char* digits) {
  char* text = mock_room(mock, strlen(before) + (size_t)bytes.size * 3);
  char* at = stpcpy(text, before);
  for (uint32_t i = 0; i < bytes.size; ++i) {
    const uint8_t one = ((const uint8_t*)bytes.data)[i];
    if (i != 0 && between != '\0') *at++ = between;
    *at++ = digits[one >> 4];
    *at++ = digits[one & 15];
  }
  return text;
}

const char* mock_hex(struct netrig_mock* mock, struct netrig_mock_bytes bytes) {
  return write_hex(mock, bytes, bytes.size == 0 ? "" : "0x", '\0', lower);
}

static const char* write_base64(struct netrig_mock* mock, struct netrig_mock_bytes bytes) {
  char* text = mock_room(mock, ((size_t)bytes.size + 2) / 3 * 4);
  char* at = text;
  for (uint32_t i = 0; i < bytes.size; i += 3) {
    uint32_t bits = 0;
    for (uint32_t k = i; k < i + 3; ++k) bits = bits << 8 | (k < bytes.size ? ((const uint8_t*)bytes.data)[k] : 0u);
    for (uint32_t k = 0; k < 4; ++k) *at++ = i + k > bytes.size ? '=' : base64[bits >> (18 - 6 * k) & 63];
  }
  return text;
}

uint32_t mock_forms(struct netrig_mock* mock, struct netrig_mock_bytes bytes, const char* forms[FORMS]) {
  if (bytes.size == 0) return 0;
  forms[0] = write_hex(mock, bytes, "", '\0', lower);
  forms[1] = write_hex(mock, bytes, "", '\0', upper);
  forms[2] = write_hex(mock, bytes, "", ':', lower);
  forms[3] = write_base64(mock, bytes);
  forms[4] = bytes.data; /* which ends in a NUL */
  return memchr(bytes.data, '\0', bytes.size) == NULL ? FORMS : FORMS - 1;
}

/* ---- files ------------------------------------------------------------------------------------------------------ */

static const char* read_all(struct netrig_mock* mock, int fd, const struct stat* about,
                            struct netrig_mock_bytes* content) {
  char* room = mock_room(mock, (size_t)about->st_size);
  content->data = room;
  content->size = 0;
  while (content->size < (uint64_t)about->st_size) {
    const ssize_t size = read(fd, room + content->size, (size_t)about->st_size - content->size);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return strerror(errno);
    if (size == 0) break;
    content->size += (uint32_t)size;
  }
  return NULL;
}

const char* mock_read_file(struct netrig_mock* mock, const struct parameter* one, const char* path,
                           struct netrig_mock_bytes* content) {
  const size_t length = strlen(path);
  if (length == 0 || path[0] == '/' || path[length - 1] == '/' || strcmp(path, ".") == 0)
    return mock_text(mock, "parameter %s = \"%s\" is no relative path of a file; write where it is from this file",
                     one->name, path);
  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat about;
  if (fd < 0 || fstat(fd, &about) != 0) {
    const char* why = strerror(errno);
    if (fd >= 0) close(fd);
    return mock_text(mock, "cannot read it: %s: cannot open the file: %s", path, why);
  }
  const char* fault = NULL;
  if (S_ISDIR(about.st_mode))
    fault = mock_text(mock, "%s is a directory, not a file", path);
  else if (!S_ISREG(about.st_mode))
    fault = mock_text(mock, "cannot read it: %s: is not a regular file", path);
  else if (about.st_size > (off_t)NETRIG_FILE_MAX)
    fault = mock_text(mock, "cannot read it: %s: is %lld bytes long; the file has at most %u", path,
                      (long long)about.st_size, NETRIG_FILE_MAX);
  if (fault == NULL && (fault = read_all(mock, fd, &about, content)) != NULL)
    fault = mock_text(mock, "cannot read it: %s: cannot read the file: %s", path, fault);
  close(fd);
  return fault;
}

/** A copy in memory, which leads nowhere else and which nobody can change. */
static int sealed_copy(struct netrig_mock_bytes content) {
  int fd = memfd_create("netrig-file", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  if (fd < 0 && errno == EINVAL) fd = memfd_create("netrig-file", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) mock_misused("cannot hold a file for the driver: %s", strerror(errno));
  for (uint32_t done = 0; done < content.size;) {
    const ssize_t size = write(fd, (const char*)content.data + done, content.size - done);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) mock_misused("cannot hold a file for the driver: %s", strerror(errno));
    done += (uint32_t)size;
  }
  if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
    mock_misused("cannot seal a file for the driver: %s", strerror(errno));
  return fd;
}

int mock_open_file(struct netrig_mock* mock, const struct value* file) {
  struct opened* found = NULL;
  for (uint32_t i = 0; i < mock->opened.count; ++i)
    if (mock->opened.list[i].content == file->content.data) found = &mock->opened.list[i];
  if (found == NULL) {
    found = ADD(mock->opened);
    *found = (struct opened){file->content.data, sealed_copy(file->content)};
  }
  lseek(found->fd, 0, SEEK_SET);
  return found->fd;
}

void mock_close_files(struct netrig_mock* mock) {
  for (uint32_t i = 0; i < mock->opened.count; ++i) close(mock->opened.list[i].fd);
  mock->opened.count = 0;
}
