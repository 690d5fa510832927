// SPDX-License-Identifier: Apache-2.0
// What host and worker say to each other. Every decode_*() bounds every length and count and throws Error{driver} for
// what is malformed; whether what it says is allowed, Permission decides.
#pragma once
#include <netrig/driver.h>

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "driver/crash.hpp"
#include "driver/driver.hpp"
#include "driver/permission.hpp"
#include "driver/wire.hpp"

namespace netrig::driver {

/// Both ends are the same binary, so this differs only between builds; checked all the same.
inline constexpr std::uint32_t kProtocolVersion = 6;
/// Bytes in one message. A larger one ends the worker.
inline constexpr std::size_t kLargestMessage = 1 << 20;

enum class MessageType : std::uint16_t {
  // worker to host
  hello = 1,      ///< first of all: what fences it
  refusal = 2,    ///< instead of hello: why it cannot serve
  answer = 3,     ///< end of an operation
  service = 4,    ///< asks the host for something; answered by items and one done
  log = 5,        ///< one line
  violation = 6,  ///< a system call that the fence stopped; the last message
  crash = 7,  ///< where in the plugin a signal hit that ends the worker; from the inside outwards, the last messages
  // host to worker
  call = 17,    ///< one operation
  item = 18,    ///< part of a service's answer
  done = 19,    ///< end of a service's answer
  cancel = 20,  ///< the user wants the operation to end; at any time, also when it has ended already
};

/// What fences a worker, as it reports it.
struct FenceReport {
  bool rooted = false;         ///< its root directory is that of its own descriptors
  bool other_user = false;     ///< it runs as nobody
  std::uint32_t landlock = 0;  ///< version of the kernel's Landlock; 0: none
};

struct Hello {
  std::uint32_t version = kProtocolVersion;
  FenceReport fence;
};

/// An operation with everything it is given; descriptors travel beside it: those of the interfaces' namespaces, then
/// those of the references', then those of files.
struct CallMessage {
  Operation operation = Operation::validate;
  std::string lab;
  std::string device;
  std::vector<InterfaceRequest> interfaces;
  std::vector<Reference> references;
  Parameters parameters;
  bool has_parameters = false;
  Bytes record;
  std::vector<std::string> changed;  ///< change: parameters
  Clock::time_point deadline;
};

enum class ServiceId : std::uint8_t {
  flush = 1,
  get_link = 2,
  request = 3,
  genl_family = 4,
  genl_request = 5,
  sysfs = 6,
  socket = 7,
  ifindex = 8,
  save_record = 9,
  create_tun = 10,
  open_queue = 11,
  write_sysfs = 12,
};

struct ServiceMessage {
  ServiceId id = ServiceId::flush;
  std::vector<Order> orders = {};  ///< flush
  std::uint32_t interface = 0;     ///< all others but save_record; socket: or a reference
  std::uint16_t type = 0;          ///< request: message type; genl_request: family
  std::uint16_t flags = 0;
  std::uint32_t number = 0;  ///< genl_request: command; socket: kind
  std::uint8_t version = 0;  ///< genl_request
  std::string text = {};     ///< genl_family: name; sysfs, write_sysfs: path
  Bytes payload = {};        ///< request, genl_request; save_record: the record; write_sysfs: the value
  TunOrder tun = {};         ///< create_tun
};

struct DoneMessage {
  std::uint8_t error = 0;  ///< ErrorCode; 0: done
  std::string message;
  bool found = true;         ///< get_link, genl_family, sysfs, write_sysfs: the answer
  std::uint32_t number = 0;  ///< genl_family, ifindex, create_tun; flush: orders before the one that was refused
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs = {};  ///< flush
  std::string text = {};                                            ///< sysfs
  bool forbidden = false;                                           ///< it was the host's own no
  KernelWords kernel = {};                                          ///< otherwise
};

struct AnswerMessage {
  std::uint8_t error = 0;  ///< ErrorCode; 0: it went well
  std::string message;
  std::vector<Order> orders = {};
  std::vector<std::pair<std::uint32_t, std::uint32_t>> made = {};
  State state = {};
};

struct LogMessage {
  std::uint8_t level = 0;
  std::string text;
};

WireWriter encode(const Hello& hello);
WireWriter encode(const CallMessage& call);
WireWriter encode(const ServiceMessage& service);
WireWriter encode(const DoneMessage& done);
WireWriter encode(const AnswerMessage& answer);
WireWriter encode(const LogMessage& log);
WireWriter encode_item(std::uint16_t type, std::span<const std::byte> payload);

Hello decode_hello(std::span<const std::byte> bytes);
/// `descriptors`: those that came along, in the order sent; fewer than wanted is malformed, none is as if none were
/// wanted.
CallMessage decode_call(std::span<const std::byte> bytes, std::span<const int> descriptors);
ServiceMessage decode_service(std::span<const std::byte> bytes);
DoneMessage decode_done(std::span<const std::byte> bytes);
AnswerMessage decode_answer(std::span<const std::byte> bytes);
LogMessage decode_log(std::span<const std::byte> bytes);
std::pair<std::uint16_t, std::span<const std::byte>> decode_item(std::span<const std::byte> bytes);
std::uint32_t decode_violation(std::span<const std::byte> bytes);
CrashPlace decode_crash(std::span<const std::byte> bytes);
std::string decode_refusal(std::span<const std::byte> bytes);

/// ErrorCode of a message; anything unknown is an internal error.
ErrorCode error_code_of(std::uint8_t number);

}  // namespace netrig::driver
