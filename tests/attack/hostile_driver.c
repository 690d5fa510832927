/* SPDX-License-Identifier: Apache-2.0
 * A driver that attacks its host. Parameter `how` names the attack, `when` the operation it happens in; destroy and
 * inspect find both in the record. With nothing to attack it makes a pair of veth links, or one ifb, as others do. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netrig/services.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#ifndef NAME
#define NAME "hostile"
#endif
#ifndef WANTS
#define WANTS NETRIG_WANTS_NOTHING
#endif

#define WORKER_SOCKET 3
#define OWN_IFINDEX 4242
#define OWN_HANDS (((WANTS)&NETRIG_WANTS_NET_ADMIN) != 0) /* makes its links itself */

static int shadow = -1;
__attribute__((constructor)) static void look_around(void) {
  shadow = open("/etc/shadow", O_RDONLY | O_CLOEXEC);
#ifdef CRASHES_ON_LOAD
  raise(SIGSEGV);
#endif
#ifdef HANGS_ON_LOAD
  for (;;) sleep(1000);
#endif
}

/* ---- messages of the worker's protocol, forged ---------------------------------------------------------------- */

struct forged {
  unsigned char bytes[512];
  size_t size;
};
static void put(struct forged* out, const void* from, size_t size) {
  memcpy(out->bytes + out->size, from, size);
  out->size += size;
}
static void put_u8(struct forged* out, uint8_t value) { put(out, &value, sizeof value); }
static void put_u16(struct forged* out, uint16_t value) { put(out, &value, sizeof value); }
static void put_u32(struct forged* out, uint32_t value) { put(out, &value, sizeof value); }
static void put_text(struct forged* out, const char* text) {
  put_u32(out, (uint32_t)strlen(text));
  put(out, text, strlen(text));
}
static void send_all(const void* bytes, size_t size) {
  for (const char* at = bytes; size > 0;) {
    const ssize_t done = write(WORKER_SOCKET, at, size);
    if (done <= 0) _exit(9);
    at += done;
    size -= (size_t)done;
  }
}
static void send_message(uint16_t type, const struct forged* content) {
  struct forged whole = {.size = 0};
  put_u32(&whole, (uint32_t)content->size);
  put_u16(&whole, type);
  put_u16(&whole, 0);
  put(&whole, content->bytes, content->size);
  send_all(whole.bytes, whole.size);
}
/* An answer with one link order, one claimed interface, or neither. */
static void forge_answer(const char* kind, uint32_t interface, uint32_t claimed, uint32_t ifindex) {
  struct forged answer = {.size = 0};
  put_u8(&answer, 0);
  put_text(&answer, "");
  put_u32(&answer, kind != NULL);
  if (kind != NULL) {
    put_u8(&answer, 0);
    put_u32(&answer, interface);
    put_text(&answer, kind);
    put_u32(&answer, 0);
    put_u32(&answer, 0);
    put_u8(&answer, 0);
    put_u8(&answer, 0);
  }
  put_u32(&answer, ifindex != 0);
  if (ifindex != 0) {
    put_u32(&answer, claimed);
    put_u32(&answer, ifindex);
  }
  put_u8(&answer, 1);
  put_u32(&answer, 0); /* states */
  put_u32(&answer, 0); /* parameters that are told */
  send_message(3, &answer);
  for (;;) sleep(1000);
}

/* A parameter that its table does not say inspect tells of. */
static void forge_tale(void) {
  struct forged answer = {.size = 0};
  put_u8(&answer, 0);
  put_text(&answer, "");
  put_u32(&answer, 0);
  put_u32(&answer, 0);
  put_u8(&answer, 1);
  put_u32(&answer, 0);
  put_u32(&answer, 1);
  put_text(&answer, "when");
  put_u32(&answer, 1);
  put_u8(&answer, 2);
  put_text(&answer, "later");
  send_message(3, &answer);
  for (;;) sleep(1000);
}

/* A request for a host service, past every check of the worker's. With a kind: an order for such a link. Puts what the
 * host says into `said`. */
enum {
  FLUSH = 1,
  REQUEST = 3,
  GENL_FAMILY = 4,
  GENL_REQUEST = 5,
  SYSFS = 6,
  SOCKET = 7,
  IFINDEX = 8,
  SAVE_RECORD = 9,
  CREATE_TUN = 10,
  OPEN_QUEUE = 11,
  WRITE_SYSFS = 12
};
struct asked {
  uint8_t id;
  const char* kind;
  int deletes;
  uint32_t interface;
  uint16_t type;
  uint16_t flags;
  uint32_t number;
  const char* text;
  size_t payload;
};
static void read_all(void* into, size_t size) {
  for (char* at = into; size > 0;) {
    const ssize_t done = read(WORKER_SOCKET, at, size);
    if (done <= 0) _exit(9);
    at += done;
    size -= (size_t)done;
  }
}
static void ask_host(const struct asked* asked, char* said, size_t size) {
  static const unsigned char zeros[64];
  struct forged service = {.size = 0};
  put_u8(&service, asked->id);
  put_u32(&service, asked->kind != NULL || asked->deletes);
  if (asked->kind != NULL) {
    put_u8(&service, 0);
    put_u32(&service, asked->interface);
    put_text(&service, asked->kind);
    put(&service, zeros, 4 + 4 + 1 + 1); /* no attributes, no data, no peer, no lower */
  } else if (asked->deletes) {
    put_u8(&service, 2);
    put_u32(&service, asked->interface);
  }
  put_u32(&service, asked->interface);
  put_u16(&service, asked->type);
  put_u16(&service, asked->flags);
  put_u32(&service, asked->number);
  put_u8(&service, 1);
  put_text(&service, asked->text != NULL ? asked->text : "");
  put_u32(&service, (uint32_t)asked->payload);
  put(&service, zeros, asked->payload);
  put(&service, zeros, 5 * 4); /* a TUN */
  send_message(4, &service);
  struct {
    uint32_t size;
    uint16_t type;
    uint16_t descriptors;
  } header;
  unsigned char done[4096];
  read_all(&header, sizeof header);
  if (header.size > sizeof done) _exit(9);
  read_all(done, header.size);
  uint32_t length = 0;
  memcpy(&length, done + 1, sizeof length);
  snprintf(said, size, "the host says %s: %.*s", done[0] == 0 ? "yes" : "no", (int)length, (const char*)done + 5);
}
static const struct {
  const char* how;
  struct asked asked;
} forgeries[] = {
    {"ask-kind", {.id = FLUSH, .kind = "bridge"}},
    {"ask-delete", {.id = FLUSH, .deletes = 1}},
    {"ask-interface", {.id = IFINDEX, .interface = 9}},
    {"ask-address", {.id = REQUEST, .type = RTM_NEWADDR, .payload = 8}},
    {"ask-link", {.id = REQUEST, .type = RTM_NEWLINK, .flags = NLM_F_CREATE, .payload = sizeof(struct ifinfomsg)}},
    {"ask-genl", {.id = GENL_REQUEST, .type = 16, .number = 3}},
    {"ask-sysfs", {.id = SYSFS, .text = "../lo/address"}},
    {"ask-socket", {.id = SOCKET, .number = NETRIG_SOCKET_ROUTE}},
    {"ask-family", {.id = GENL_FAMILY, .text = "l2tp"}},
    {"ask-tun", {.id = CREATE_TUN}},
    {"ask-queue", {.id = OPEN_QUEUE}},
    {"ask-write", {.id = WRITE_SYSFS, .text = "gro_flush_timeout", .payload = 1}},
    {"ask-record", {.id = SAVE_RECORD}},
    {"ask-set", {.id = GENL_REQUEST, .type = 20, .number = ETHTOOL_MSG_FEATURES_SET}},
};

/* ---- attacks -------------------------------------------------------------------------------------------------- */

__attribute__((noinline)) static void smash(volatile char* from) {
  char small[8];
  for (int i = 0; i < 4096; ++i) ((volatile char*)small)[i] = from[i % 8];
}
static volatile unsigned depth;
__attribute__((noinline)) static int recurse(int level) {
  volatile char frame[4096];
  frame[0] = (char)level;
  depth = (unsigned)level;
  return recurse(level + 1) + frame[0];
}

static void ignore(const void* unused, ...) { (void)unused; }

static int idle(void* unused) {
  while (unused == NULL) syscall(SYS_poll, NULL, 0, -1);
  return 0;
}
/* Without the C library, which wants more memory for each. */
static netrig_status take_threads(const struct netrig_host* host, netrig_call* call) {
  enum { MOST = 4096, STACK = 4096 };
  static char stacks[MOST][STACK] __attribute__((aligned(16)));
  const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
  int threads = 0;
  while (threads < MOST && clone(idle, stacks[threads] + STACK, flags, NULL) > 0) ++threads;
  char text[64];
  snprintf(text, sizeof text, "there were %s threads to be had",
           threads == MOST ? "endless"
           : threads > 0   ? "some"
                           : "no");
  return host->fail(call, NETRIG_INTERNAL, text);
}

/* Further system calls that could lead out. None needs arguments that make sense: the fence looks at the number. */
static const struct {
  const char* name;
  long number;
} calls[] = {
    {"bpf", SYS_bpf},
    {"chroot", SYS_chroot},
    {"execveat", SYS_execveat},
    {"io_uring_setup", SYS_io_uring_setup},
    {"ioctl", SYS_ioctl},
    {"keyctl", SYS_keyctl},
    {"memfd_create", SYS_memfd_create},
    {"open_by_handle_at", SYS_open_by_handle_at},
    {"openat2", SYS_openat2},
    {"perf_event_open", SYS_perf_event_open},
    {"personality", SYS_personality},
    {"pidfd_open", SYS_pidfd_open},
    {"pkey_mprotect", SYS_pkey_mprotect},
    {"prctl", SYS_prctl},
    {"process_vm_readv", SYS_process_vm_readv},
    {"process_vm_writev", SYS_process_vm_writev},
    {"seccomp", SYS_seccomp},
    {"setuid", SYS_setuid},
    {"socketpair", SYS_socketpair},
    {"userfaultfd", SYS_userfaultfd},
};

/* A link that is tied to what the request does not name. */
static netrig_status tie(const struct netrig_netlink* netlink, netrig_call* call, uint16_t attribute, uint32_t lower) {
  const struct {
    struct rtattr header;
    uint32_t ifindex;
  } tied = {{.rta_len = 8, .rta_type = attribute}, 1};
  const struct netrig_link link = {.struct_size = sizeof link,
                                   .interface = 0,
                                   .kind = "veth",
                                   .peer = 1,
                                   .peer_type = VETH_INFO_PEER,
                                   .lower = lower,
                                   .attributes = &tied,
                                   .attributes_size = attribute != 0 ? sizeof tied : 0};
  return netlink->create_link(call, &link);
}

/* ethtool -K NAME gso off, by generic netlink. */
static netrig_status set_feature(const struct netrig_host* host, netrig_call* call, const char* name) {
  static const char feature[] = "tx-generic-segmentation";
  const uint16_t length = (uint16_t)(strlen(name) + 1);
  struct forged message = {.size = 0};
  const uint16_t bit = (uint16_t)(4 + ((4 + sizeof feature + 3) & ~3U));
  put_u16(&message, (uint16_t)(4 + 4 + ((length + 3) & ~3)));
  put_u16(&message, ETHTOOL_A_FEATURES_HEADER | NLA_F_NESTED);
  put_u16(&message, 4 + length);
  put_u16(&message, ETHTOOL_A_HEADER_DEV_NAME);
  put(&message, name, length);
  message.size = (message.size + 3) & ~3U;
  put_u16(&message, (uint16_t)(4 + 4 + bit));
  put_u16(&message, ETHTOOL_A_FEATURES_WANTED | NLA_F_NESTED);
  put_u16(&message, (uint16_t)(4 + bit));
  put_u16(&message, ETHTOOL_A_BITSET_BITS | NLA_F_NESTED);
  put_u16(&message, bit);
  put_u16(&message, ETHTOOL_A_BITSET_BITS_BIT | NLA_F_NESTED);
  put_u16(&message, 4 + sizeof feature);
  put_u16(&message, ETHTOOL_A_BITSET_BIT_NAME);
  put(&message, feature, sizeof feature);
  message.size = (message.size + 3) & ~3U;
  const struct netrig_genl* genl = host->service(call, NETRIG_GENL_1);
  uint16_t family = 0;
  const netrig_status status = genl->family(call, 0, "ethtool", &family);
  if (status != NETRIG_OK) return status;
  return genl->request(call, 0, family, ETHTOOL_MSG_FEATURES_SET, 1, 0, message.bytes, (uint32_t)message.size, NULL,
                       NULL);
}

/* One request about its own interface, which is made first. */
static netrig_status ask_kernel(const struct netrig_netlink* netlink, netrig_call* call, uint16_t type, uint16_t flags,
                                const void* message, uint32_t size) {
  const struct netrig_link link = {
      .struct_size = sizeof link, .kind = "veth", .peer = 1, .peer_type = VETH_INFO_PEER, .lower = NETRIG_NONE};
  netrig_status status = netlink->create_link(call, &link);
  if (status == NETRIG_OK) status = netlink->flush(call);
  return status == NETRIG_OK ? netlink->request(call, 0, type, flags, message, size, NULL, NULL) : status;
}

static netrig_status attack(const struct netrig_host* host, netrig_call* call, const char* how) {
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  for (size_t i = 0; i < sizeof calls / sizeof *calls; ++i)
    if (strcmp(how, calls[i].name) == 0) syscall(calls[i].number, 0, 0, 0, 0, 0, 0);
  for (size_t i = 0; i < sizeof forgeries / sizeof *forgeries; ++i)
    if (strcmp(how, forgeries[i].how) == 0) {
      char said[512];
      ask_host(&forgeries[i].asked, said, sizeof said);
      return host->fail(call, NETRIG_DENIED, said);
    }
  if (strcmp(how, "exec") == 0) {
    execl("/bin/sh", "sh", "-c", "true", (char*)NULL);
  } else if (strcmp(how, "ptrace") == 0) {
    ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
  } else if (strcmp(how, "shadow") == 0) {
    const int file = open("/etc/shadow", O_RDONLY);
    struct termios terminal;
    char place[64];
    if (file >= 0 || errno != EACCES) return host->fail(call, NETRIG_INTERNAL, "the file is open");
    if (isatty(1) || errno != ENOTTY || tcgetattr(1, &terminal) == 0)
      return host->fail(call, NETRIG_INTERNAL, "a terminal");
    if (getcwd(place, sizeof place) != NULL) return host->fail(call, NETRIG_INTERNAL, place);
    if (fopen("/etc/shadow", "re") != NULL || opendir("/etc") != NULL)
      return host->fail(call, NETRIG_INTERNAL, "the file or its directory is open");
    return host->fail(call, NETRIG_DENIED, "it was told no");
  } else if (strcmp(how, "shadow-write") == 0) {
    ignore(NULL, open("/etc/shadow", O_WRONLY));
  } else if (strcmp(how, "connect") == 0) {
    ignore(NULL, socket(AF_INET, SOCK_STREAM, 0));
  } else if (strcmp(how, "netlink") == 0) {
    ignore(NULL, socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
  } else if (strcmp(how, "fork") == 0) {
    fork();
  } else if (strcmp(how, "thread-elsewhere") == 0) {
    syscall(SYS_clone, CLONE_VM | CLONE_THREAD | CLONE_SIGHAND | CLONE_NEWUSER, NULL, NULL, NULL, 0);
  } else if (strcmp(how, "threads") == 0) {
    return take_threads(host, call);
#ifdef __x86_64__
  } else if (strcmp(how, "other-abi") == 0) {
    long number = 11; /* execve of 32-bit programs */
    __asm__ volatile("int $0x80" : "+a"(number) : "b"(0), "c"(0), "d"(0) : "memory");
#endif
  } else if (strcmp(how, "kill") == 0) {
    kill(getppid(), SIGKILL);
  } else if (strcmp(how, "signal-group") == 0) {
    kill(-1, SIGKILL);
  } else if (strcmp(how, "setns") == 0) {
    setns(WORKER_SOCKET, CLONE_NEWNET);
  } else if (strcmp(how, "unshare") == 0) {
    unshare(CLONE_NEWUSER);
  } else if (strcmp(how, "mount") == 0) {
    mount("none", "/", "tmpfs", 0, NULL);
  } else if (strcmp(how, "module") == 0) {
    syscall(SYS_init_module, NULL, 0, "");
  } else if (strcmp(how, "code") == 0) {
    ignore(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  } else if (strcmp(how, "sigsys") == 0) {
    signal(SIGSYS, SIG_IGN);
  } else if (strcmp(how, "close-all") == 0) {
    close_range(0, ~0U, 0);
    for (;;) sleep(1000);
  } else if (strcmp(how, "gigabyte") == 0) {
    static char zeros[65536];
    const uint32_t header[2] = {1U << 30, 3};
    send_all(header, sizeof header);
    for (int i = 0; i < 16384; ++i) send_all(zeros, sizeof zeros);
  } else if (strcmp(how, "garbage") == 0) {
    char noise[4096];
    for (size_t i = 0; i < sizeof noise; ++i) noise[i] = (char)(i * 37 % 11);
    send_all(noise, sizeof noise);
    for (;;) sleep(1000);
  } else if (strcmp(how, "forged-kind") == 0) {
    forge_answer("bridge", 0, 0, 0);
  } else if (strcmp(how, "forged-interface") == 0) {
    forge_answer("veth", 7, 0, 0);
  } else if (strcmp(how, "forged-nothing") == 0) {
    forge_answer(NULL, 0, 0, 0);
  } else if (strcmp(how, "claims-loopback") == 0) {
    forge_answer(NULL, 0, 0, 1);
  } else if (strcmp(how, "claims-other") == 0) {
    forge_answer(NULL, 0, 9, 1);
  } else if (strcmp(how, "claims-77") == 0) {
    return host->set_interface(call, 0, 77);
  } else if (strcmp(how, "lower") == 0) {
    return tie(netlink, call, 0, 5);
  } else if (strcmp(how, "link") == 0) {
    return tie(netlink, call, IFLA_LINK, NETRIG_NONE);
  } else if (strcmp(how, "master") == 0) {
    return tie(netlink, call, IFLA_MASTER, NETRIG_NONE);
  } else if (strcmp(how, "set-down") == 0) {
    const struct ifinfomsg message = {.ifi_change = 1 /* IFF_UP */};
    return netlink->request(call, 0, RTM_NEWLINK, 0, &message, sizeof message, NULL, NULL);
  } else if (strcmp(how, "endless") == 0) {
    /* Two of these flags are those of a dump, which this is not. */
    const struct ndmsg message = {.ndm_family = AF_INET};
    return netlink->request(call, 0, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL | NLM_F_REPLACE, &message, sizeof message,
                            NULL, NULL);
  } else if (strcmp(how, "fdb-bulk") == 0) {
    const struct ndmsg message = {.ndm_family = AF_BRIDGE, .ndm_flags = NTF_MASTER};
    return ask_kernel(netlink, call, RTM_DELNEIGH, NLM_F_BULK, &message, sizeof message);
  } else if (strcmp(how, "fdb-take") == 0) {
    const struct ndmsg message = {.ndm_family = AF_BRIDGE, .ndm_flags = NTF_MASTER, .ndm_state = NUD_PERMANENT};
    return ask_kernel(netlink, call, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &message, sizeof message);
  } else if (strcmp(how, "slave-data") == 0) {
    const struct {
      struct ifinfomsg header;
      struct rtattr info;
      struct rtattr data;
    } message = {.info = {.rta_len = 8, .rta_type = IFLA_LINKINFO},
                 .data = {.rta_len = 4, .rta_type = IFLA_INFO_SLAVE_DATA}};
    return ask_kernel(netlink, call, RTM_NEWLINK, 0, &message, sizeof message);
  } else if (strcmp(how, "half-pair") == 0) {
    const struct netrig_link link = {
        .struct_size = sizeof link, .kind = "veth", .peer = NETRIG_NONE, .lower = NETRIG_NONE};
    return netlink->create_link(call, &link);
  } else if (strcmp(how, "features") == 0) {
    return set_feature(host, call, "x");
  } else if (strcmp(how, "features-elsewhere") == 0) {
    /* Its own links first, for there to be something that the request is not about. */
    const struct netrig_link link = {
        .struct_size = sizeof link, .kind = "veth", .peer = 1, .peer_type = VETH_INFO_PEER, .lower = NETRIG_NONE};
    netrig_status status = netlink->create_link(call, &link);
    if (status == NETRIG_OK) status = netlink->flush(call);
    return status == NETRIG_OK ? set_feature(host, call, "lo") : status;
  } else if (strcmp(how, "flush") == 0) {
    for (uint32_t i = 0; i < 2; ++i) netlink->delete_link(call, i);
    return netlink->flush(call);
  } else if (strcmp(how, "log-flood") == 0) {
    const struct netrig_log* log = host->service(call, NETRIG_LOG_1);
    for (;;) log->write(call, NETRIG_LOG_WARNING, "flood");
  } else if (strcmp(how, "escape-sequence") == 0) {
    return host->fail(call, NETRIG_INVALID, "first\nnetrig: error: \x1b[2Jsecond");
  } else if (strcmp(how, "kind") == 0 || strcmp(how, "name") == 0 || strcmp(how, "namespace") == 0) {
    static const unsigned char name[] = {8, 0, IFLA_IFNAME, 0, 'l', 'o', 0, 0};
    static const unsigned char space[] = {8, 0, IFLA_NET_NS_PID, 0, 1, 0, 0, 0};
    struct netrig_link link = {
        .struct_size = sizeof link, .kind = "veth", .peer = NETRIG_NONE, .lower = NETRIG_NONE, .interface = 0};
    if (how[0] == 'k') link.kind = "bridge";
    if (strcmp(how, "name") == 0) link.attributes = name;
    if (strcmp(how, "namespace") == 0) link.attributes = space;
    link.attributes_size = link.attributes != NULL ? 8 : 0;
    netlink->create_link(call, &link);
  } else if (strcmp(how, "address") == 0) {
    const struct rtgenmsg message = {.rtgen_family = AF_INET};
    netlink->request(call, 0, RTM_NEWADDR, 0, &message, sizeof message, NULL, NULL);
  } else if (strcmp(how, "sysfs") == 0) {
    const struct netrig_sysfs* sysfs = host->service(call, NETRIG_SYSFS_1);
    char text[64];
    uint32_t size = sizeof text;
    sysfs->read(call, 0, "../lo/address", text, &size);
  } else if (strcmp(how, "write") == 0) {
    const struct netrig_sysfs* sysfs = host->service(call, NETRIG_SYSFS_1);
    sysfs->write(call, 0, "gro_flush_timeout", "20000", 5);
  } else if (strcmp(how, "write-other") == 0) {
    const struct netrig_sysfs* sysfs = host->service(call, NETRIG_SYSFS_1);
    sysfs->write(call, 0, "tx_queue_len", "7", 1);
  } else if (strcmp(how, "write-out") == 0) {
    const struct netrig_sysfs* sysfs = host->service(call, NETRIG_SYSFS_1);
    sysfs->write(call, 0, "../lo/gro_flush_timeout", "20000", 5);
  } else if (strcmp(how, "socket") == 0) {
    const struct netrig_socket* table = host->service(call, NETRIG_SOCKET_1);
    int fd = -1;
    table->open(call, 0, NETRIG_SOCKET_ROUTE, &fd);
  } else if (strcmp(how, "tun") == 0) {
    const struct netrig_tun* tun = host->service(call, NETRIG_TUN_1);
    const struct netrig_tun_device device = {sizeof device, 0, NETRIG_TUN_ETHERNET, 0, NETRIG_NONE, NETRIG_NONE};
    tun->create(call, &device);
  } else if (strcmp(how, "queue") == 0) {
    const struct netrig_tun* tun = host->service(call, NETRIG_TUN_1);
    int32_t fd = -1;
    tun->open_queue(call, 0, &fd);
  } else if (strcmp(how, "record") == 0) {
    host->save_record(call, "x", 1);
  } else if (strcmp(how, "tell") == 0) {
    if (host->set_string(call, "when", 0, "later") != NETRIG_INVALID) return NETRIG_INTERNAL;
    return host->fail(call, NETRIG_INVALID, "it may tell nothing of that");
  } else if (strcmp(how, "forged-tell") == 0) {
    forge_tale();
  } else if (strcmp(how, "obey") == 0) {
    const struct netrig_cancel* cancel = host->service(call, NETRIG_CANCEL_1);
    while (cancel->cancelled(call) == 0) usleep(1000);
    if (cancel->remaining(call) != 0) return host->fail(call, NETRIG_INTERNAL, "time is left after the end");
    return host->fail(call, NETRIG_TIMEOUT, "it ended by itself");
  } else if (strcmp(how, "genl") == 0) {
    const struct netrig_genl* genl = host->service(call, NETRIG_GENL_1);
    uint16_t family = 0;
    genl->family(call, 0, "nlctrl", &family);
    genl->request(call, 0, family, 3, 1, 0, NULL, 0, NULL, NULL);
  } else if (strcmp(how, "loop") == 0) {
    for (;;) depth = depth + 1;
  } else if (strcmp(how, "sleep") == 0) {
    for (;;) sleep(1000);
  } else if (strcmp(how, "crash") == 0) {
    raise(SIGSEGV); /* by tgkill to itself, which is allowed */
  } else if (strcmp(how, "path") == 0) {
    Dl_info own;
    const int known = dladdr(&netrig_driver, &own);
    return host->fail(call, NETRIG_INTERNAL, known && access(own.dli_fname, R_OK) == 0 ? own.dli_fname : "nowhere");
  } else if (strcmp(how, "print") == 0) {
    puts("hello from the driver");
    fputs("and from its other\nend\n", stdout);
  } else if (strcmp(how, "trap") == 0) {
    puts("how trap");
    puts("it goes into the trap");
    __builtin_trap();
  } else if (strcmp(how, "abort") == 0) {
    abort();
  } else if (strcmp(how, "real-time") == 0) {
    raise(40);
  } else if (strcmp(how, "exit") == 0) {
    _exit(0);
  } else if (strcmp(how, "memory") == 0) {
    for (;;) {
      char* more = malloc(16 << 20);
      if (more == NULL) return host->fail(call, NETRIG_NO_MEMORY, "there is no more memory to be had");
      memset(more, 1, 16 << 20);
    }
  } else if (strcmp(how, "descriptors") == 0) {
    while (dup(WORKER_SOCKET) >= 0) continue;
    return host->fail(call, NETRIG_INTERNAL, errno == EMFILE ? "there are no more descriptors" : "dup failed");
  } else if (strcmp(how, "stack") == 0) {
    smash("overflow");
  } else if (strcmp(how, "recursion") == 0) {
    recurse(0);
  } else if (strcmp(how, "constructor") == 0) {
    return host->fail(call, NETRIG_INTERNAL,
                      shadow >= 0 ? "the constructor opened shadow" : "the constructor saw no shadow");
  } else if (strcmp(how, "pause") == 0) {
    sleep(3); /* long enough to be looked at, and no attack */
  }
  return NETRIG_OK;
}

/* ---- with granted privileges: makes links of its own ---------------------------------------------------------- */

struct request {
  struct nlmsghdr header;
  struct ifinfomsg link;
  char attributes[256];
};
static struct rtattr* begin(struct request* request, unsigned short type, const void* data, size_t size) {
  struct rtattr* attribute = (struct rtattr*)((char*)request + NLMSG_ALIGN(request->header.nlmsg_len));
  attribute->rta_type = type;
  attribute->rta_len = (unsigned short)RTA_LENGTH(size);
  if (size > 0) memcpy(RTA_DATA(attribute), data, size);
  request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + (uint32_t)RTA_ALIGN(attribute->rta_len);
  return attribute;
}
static void end(struct request* request, struct rtattr* nest) {
  nest->rta_len = (unsigned short)((char*)request + NLMSG_ALIGN(request->header.nlmsg_len) - (char*)nest);
}
/* A bridge under that name, by a socket that the host opened. Returns the kernel's errno. */
static int make_bridge(const struct netrig_host* host, netrig_call* call, uint32_t interface, const char* name) {
  const struct netrig_socket* table = host->service(call, NETRIG_SOCKET_1);
  int fd = -1;
  if (table == NULL || table->open(call, interface, NETRIG_SOCKET_ROUTE, &fd) != NETRIG_OK) return EPERM;
  struct request request;
  memset(&request, 0, sizeof request);
  request.header.nlmsg_len = NLMSG_LENGTH(sizeof request.link);
  request.header.nlmsg_type = RTM_NEWLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
  request.link.ifi_index = OWN_IFINDEX;
  begin(&request, IFLA_IFNAME, name, strlen(name) + 1);
  struct rtattr* info = begin(&request, IFLA_LINKINFO, NULL, 0);
  begin(&request, IFLA_INFO_KIND, "bridge", 6);
  end(&request, info);
  char answer[1024];
  if (send(fd, &request, request.header.nlmsg_len, 0) < 0) return errno;
  if (recv(fd, answer, sizeof answer, 0) < 0) return errno;
  close(fd);
  return -((struct nlmsgerr*)NLMSG_DATA((struct nlmsghdr*)answer))->error;
}

/* Sends a change of a link by a socket that the host opened in the namespace of `interface`. */
static int move_link(const struct netrig_host* host, netrig_call* call, uint32_t interface, int32_t ifindex, int netns,
                     const char* name) {
  const struct netrig_socket* table = host->service(call, NETRIG_SOCKET_1);
  int fd = -1;
  if (table == NULL || table->open(call, interface, NETRIG_SOCKET_ROUTE, &fd) != NETRIG_OK) return EPERM;
  struct request request;
  memset(&request, 0, sizeof request);
  request.header.nlmsg_len = NLMSG_LENGTH(sizeof request.link);
  request.header.nlmsg_type = RTM_NEWLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request.link.ifi_index = ifindex;
  begin(&request, IFLA_NET_NS_FD, &netns, sizeof netns);
  begin(&request, IFLA_IFNAME, name, strlen(name) + 1);
  char answer[1024];
  if (send(fd, &request, request.header.nlmsg_len, 0) < 0) return errno;
  if (recv(fd, answer, sizeof answer, 0) < 0) return errno;
  close(fd);
  return -((struct nlmsgerr*)NLMSG_DATA((struct nlmsghdr*)answer))->error;
}

/* Interface 0 is number 77 of the namespace that interface 1 is in, moved; interface 1 is a bridge of its own making.
 */
static netrig_status create_by_moving(const struct netrig_host* host, netrig_call* call,
                                      const struct netrig_request* request, const char* how) {
  const int error = move_link(host, call, 1, 77, request->interfaces[0]->netns_fd, request->interfaces[0]->name);
  if (error != 0) return host->fail(call, NETRIG_DENIED, strerror(error));
  const int bridge = make_bridge(host, call, 1, request->interfaces[1]->name);
  if (bridge != 0) return host->fail(call, NETRIG_DENIED, strerror(bridge));
  if (strcmp(how, "move-crash") == 0) raise(SIGSEGV);
  if (strcmp(how, "move-fail") == 0) return host->fail(call, NETRIG_INTERNAL, "it did not like it there");
  const netrig_status status = host->set_interface(call, 0, 77);
  return status != NETRIG_OK ? status : host->set_interface(call, 1, OWN_IFINDEX);
}

static netrig_status create_own(const struct netrig_host* host, netrig_call* call, const char* name, const char* how) {
  const int error = make_bridge(host, call, 0, name);
  if (error != 0) return host->fail(call, NETRIG_DENIED, strerror(error));
  const netrig_status status = attack(host, call, how);
  return status != NETRIG_OK ? status : host->set_interface(call, 0, OWN_IFINDEX);
}

/* ---- the driver ----------------------------------------------------------------------------------------------- */

struct plan {
  char how[32];
  char when[16];
};
static struct plan plan_of(const struct netrig_host* host, netrig_call* call) {
  struct plan plan = {"", ""};
  const char* text = "";
  if (host->get_string(call, "how", 0, &text) == NETRIG_OK) snprintf(plan.how, sizeof plan.how, "%s", text);
  text = "create";
  host->get_string(call, "when", 0, &text);
  snprintf(plan.when, sizeof plan.when, "%s", text);
  return plan;
}

static netrig_status validate(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request) {
  (void)request;
  const struct plan plan = plan_of(host, call);
  return strcmp(plan.when, "validate") == 0 ? attack(host, call, plan.how) : NETRIG_OK;
}

static netrig_status create(const struct netrig_host* host, netrig_call* call, const struct netrig_request* request) {
  const struct plan plan = plan_of(host, call);
  host->save_record(call, &plan, sizeof plan);
  if (OWN_HANDS && strncmp(plan.how, "move", 4) == 0) return create_by_moving(host, call, request, plan.how);
  if (OWN_HANDS)
    return create_own(host, call, request->interfaces[0]->name, strcmp(plan.when, "create") == 0 ? plan.how : "");
  const netrig_status status = strcmp(plan.when, "create") == 0 ? attack(host, call, plan.how) : NETRIG_OK;
  if (status != NETRIG_OK || strcmp(plan.how, "claims-77") == 0 || strcmp(plan.how, "features-elsewhere") == 0)
    return status;
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  const struct netrig_link link = {.struct_size = sizeof link,
                                   .interface = 0,
                                   .kind = request->interface_count > 1 ? "veth" : "ifb",
                                   .peer = request->interface_count > 1 ? 1 : NETRIG_NONE,
                                   .peer_type = VETH_INFO_PEER,
                                   .lower = NETRIG_NONE};
  return netlink->create_link(call, &link);
}

static struct plan recorded(const struct netrig_device* device) {
  struct plan plan = {"", ""};
  if (device->record_size == sizeof plan) memcpy(&plan, device->record, sizeof plan);
  return plan;
}
static netrig_status destroy(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  const struct plan plan = recorded(device);
  if (strcmp(plan.when, "destroy") == 0 && strcmp(plan.how, "lie") == 0) return NETRIG_OK;
  if (strcmp(plan.when, "crash-later") == 0) raise(SIGSEGV);
  if (strcmp(plan.when, "give-back") == 0 && device->interfaces[0]->ifindex == 77) {
    const int error = move_link(host, call, 0, 77, device->interfaces[1]->netns_fd, "eth0");
    if (error != 0) return host->fail(call, NETRIG_DENIED, strerror(error));
    return ((const struct netrig_netlink*)host->service(call, NETRIG_NETLINK_1))->delete_link(call, 1);
  }
  const netrig_status status = strcmp(plan.when, "destroy") == 0 ? attack(host, call, plan.how) : NETRIG_OK;
  if (status != NETRIG_OK) return status;
  const struct netrig_netlink* netlink = host->service(call, NETRIG_NETLINK_1);
  if (strncmp(plan.how, "move", 4) == 0) netlink->delete_link(call, 1);
  return netlink->delete_link(call, 0);
}
static netrig_status inspect(const struct netrig_host* host, netrig_call* call, const struct netrig_device* device) {
  const struct plan plan = recorded(device);
  const netrig_status status = strcmp(plan.when, "inspect") == 0 ? attack(host, call, plan.how) : NETRIG_OK;
  if (status != NETRIG_OK) return status;
  host->set_state(call, "worker", "well");
  return NETRIG_OK;
}

NETRIG_TABLE(2) = {NETRIG_TABLE_NOTE,
                   .about = {NETRIG_ABOUT(2),
                             .functions = NETRIG_FUNCTION_VALIDATE | NETRIG_FUNCTION_CREATE | NETRIG_FUNCTION_DESTROY |
                                          NETRIG_FUNCTION_INSPECT,
                             .wants = WANTS, .min_interfaces = 1, .max_interfaces = 2, .name = NAME, .version = "1.0.0",
                             .summary = "a driver that attacks its host", .link_kinds = "veth ifb"},
                   .parameters = {{NETRIG_PARAMETER, .name = "how", .type = NETRIG_TYPE_STRING, .help = "the attack"},
                                  {NETRIG_PARAMETER, .name = "when", .type = NETRIG_TYPE_STRING,
                                   .help = "the operation it happens in"}}};
NETRIG_EXPORT const struct netrig_functions netrig_driver = {.struct_size = sizeof netrig_driver,
                                                             .validate = validate,
                                                             .create = create,
                                                             .destroy = destroy,
                                                             .inspect = inspect};
