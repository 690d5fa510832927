// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/openat2.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netrig/services.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "driver/permission.hpp"
#include "engine/orders.hpp"
#include "engine/whose.hpp"
#include "kernel/namespace.hpp"
#include "kernel/sysfs.hpp"
#include "kernel/tun.hpp"
#include "model/error_number.hpp"

namespace netrig::engine {
namespace {

// Bytes of the kernel's that are kept for a driver: all neighbours of a namespace, not all of a machine that drowns.
constexpr std::size_t kMostAnswers = 16 << 20;

/// `header`: bytes of the message that the driver did not write.
driver::KernelWords words_of(const kernel::Refusal& refusal, std::uint32_t header = UINT32_MAX) {
  const bool told = refusal.offset && *refusal.offset >= header;
  return {.error = refusal.error, .offset = told ? *refusal.offset - header : NETRIG_NONE, .text = refusal.text};
}

[[noreturn]] void refuse(const std::string& what, const kernel::Refusal& refusal, std::uint32_t header = UINT32_MAX) {
  throw driver::ServiceError(refusal_code(refusal.error), fmt::format("the kernel refuses {}: {}", what, refusal.str()),
                             words_of(refusal, header));
}

/// What the kernel says without netlink.
[[noreturn]] void refuse(const std::string& what, int error) {
  throw driver::ServiceError(refusal_code(error), fmt::format("{}: {}", what, errno_text(error)), {.error = error});
}

}  // namespace

Space& DeviceServices::home(std::uint32_t interface) {
  Space* space = context_.spaces.homes.at(interface);
  if (space == nullptr) throw driver::ServiceError(ErrorCode::not_found, "the interface's namespace is gone");
  return *space;
}

std::vector<std::uint32_t> DeviceServices::ifindexes() const {
  std::vector<std::uint32_t> result;
  for (const MadeInterface& made : context_.made) result.push_back(made.ifindex);
  return result;
}

std::optional<driver::ServiceError> DeviceServices::carry_out(const driver::Order& order) {
  std::vector<std::uint32_t> numbers = ifindexes();
  const auto* deletion = std::get_if<driver::LinkDeletion>(&order);
  if (deletion != nullptr) {
    // Gone with its namespace, or not ours: deleted, as far as the driver is concerned.
    const auto number = find(deletion->interface);
    if (!number || !may_delete(deletion->interface, *number)) return std::nullopt;
    numbers.at(deletion->interface) = *number;
  }
  kernel::Batch batch;
  append_order(batch, order, context_.spaces, context_.interfaces, context_.references, numbers);
  const auto refusals =
      sender_of(order, context_.spaces).socket().run(batch, kernel::Socket::OnRefusal::stop, patience());
  if (!refusals.empty() && !(deletion != nullptr && refusals.front().error == ENODEV)) {
    const Error error = order_error(order, refusals.front(), context_.made);
    return driver::ServiceError(error.code(), error.message(), words_of(refusals.front()));
  }
  if (const auto* link = std::get_if<driver::LinkOrder>(&order)) {
    note_made(*link, context_.made);
    made_.emplace_back(link->interface, context_.made.at(link->interface).ifindex);
    if (link->peer) made_.emplace_back(link->peer->interface, context_.made.at(link->peer->interface).ifindex);
  }
  return std::nullopt;
}

driver::Flushed DeviceServices::flush(std::vector<driver::Order> orders) {
  driver::Flushed flushed;
  for (const driver::Order& order : orders) {
    flushed.refusal = carry_out(order);
    if (flushed.refusal) break;
    ++flushed.done;
  }
  flushed.made = made_;
  return flushed;
}

void DeviceServices::save_record(driver::Bytes record) {
  if (!context_.save) throw Error(ErrorCode::internal, "a record of a device that cannot have one");
  context_.save(std::move(record));
}

std::optional<std::uint32_t> DeviceServices::find(std::uint32_t interface) {
  if (context_.spaces.homes.at(interface) == nullptr) return std::nullopt;
  if (const std::uint32_t recorded = context_.interfaces.at(interface).ifindex; recorded != 0) return recorded;
  for (const auto& [made, ifindex] : made_)
    if (made == interface) return ifindex;
  // Made by the driver itself: under this name, which was free before, or not at all.
  for (const auto& link : links(home(interface), 0))
    if (link.name == context_.interfaces[interface].name) return made_.emplace_back(interface, link.ifindex).second;
  return std::nullopt;
}

bool DeviceServices::may_delete(std::uint32_t interface, std::uint32_t number) {
  if (context_.device == nullptr) return true;
  Space& space = home(interface);
  const MadeInterface& made = context_.made.at(interface);
  const auto found = links(space, number);
  const kernel::LinkState* link = find_made(space, made, found);
  // What is borrowed the host gives back when the driver is done with it.
  if (link == nullptr || made.borrowed) return false;
  if (seen_made(space, *context_.device, made, *link)) return true;
  throw Error(
      ErrorCode::denied,
      fmt::format("the driver asks for what it may not: to delete {}:{}, which was there before its device; give "
                  "it back instead",
                  made.home, link->name));
}

std::uint32_t DeviceServices::ifindex(std::uint32_t interface) {
  if (const auto found = find(interface)) return *found;
  throw driver::ServiceError(ErrorCode::not_found,
                             fmt::format("interface {} is not there", context_.interfaces.at(interface).name));
}

Patience DeviceServices::patience() const {
  return {.deadline = deadline(), .gave_up = [this] { return interrupted(); }};
}

std::optional<kernel::Refusal> DeviceServices::ask(kernel::Socket& socket, kernel::Batch& batch,
                                                   const Receive& answer) const {
  std::vector<std::pair<std::uint16_t, driver::Bytes>> answers;
  std::size_t size = 0;
  auto refusal = socket.ask(
      batch,
      [&](std::uint16_t type, std::span<const std::byte> payload) {
        if ((size += payload.size()) > kMostAnswers)
          throw Error(ErrorCode::failed,
                      fmt::format("the kernel's answers to a request take more than {} bytes", kMostAnswers));
        answers.emplace_back(type, driver::Bytes(payload.begin(), payload.end()));
      },
      patience());
  for (const auto& [type, payload] : answers) answer(type, payload);
  return refusal;
}

std::vector<kernel::LinkState> DeviceServices::links(Space& space, std::uint32_t number) const {
  ifinfomsg about{};
  about.ifi_index = static_cast<int>(number);
  kernel::Batch show;
  show.begin(RTM_GETLINK, number == 0 ? NLM_F_DUMP : 0, about);
  std::vector<kernel::LinkState> found;
  const auto refusal = ask(space.socket(), show, [&](std::uint16_t type, std::span<const std::byte> payload) {
    if (type != RTM_NEWLINK) return;
    if (auto link = kernel::parse_link(payload)) found.push_back(std::move(*link));
  });
  if (refusal && refusal->error != ENODEV) refuse("to show interfaces", *refusal);
  return found;
}

bool DeviceServices::get_link(std::uint32_t interface, const Receive& each) {
  kernel::Batch show;
  ifinfomsg about{};
  about.ifi_index = static_cast<int>(ifindex(interface));
  show.begin_raw(RTM_GETLINK, 0, std::as_bytes(std::span(&about, 1)));
  const auto refusal = ask(home(interface).socket(), show, [&](std::uint16_t, std::span<const std::byte> payload) {
    constexpr std::size_t kHeader = NLMSG_ALIGN(sizeof(ifinfomsg));
    if (payload.size() < kHeader) return;
    const auto* first = reinterpret_cast<const nlattr*>(payload.data() + kHeader);
    int left = static_cast<int>(payload.size() - kHeader);
    for (const nlattr* at = first; nla_ok(at, left) != 0; at = nla_next(at, &left))
      each(static_cast<std::uint16_t>(nla_type(at)),
           {static_cast<const std::byte*>(nla_data(at)), static_cast<std::size_t>(nla_len(at))});
  });
  if (refusal && refusal->error == ENODEV) return false;
  if (refusal) refuse("to show an interface", *refusal);
  return true;
}

void DeviceServices::request(std::uint32_t interface, std::uint16_t type, std::uint16_t flags,
                             std::span<const std::byte> message, const Receive& answer) {
  driver::Bytes copy(message.begin(), message.end());
  const std::uint32_t about = ifindex(interface);
  std::memcpy(&copy.at(driver::family_header(type).ifindex), &about, sizeof about);
  kernel::Batch batch;
  batch.begin_raw(type, flags, copy);
  if (const auto refusal = ask(home(interface).socket(), batch, answer))
    refuse(fmt::format("a request of type {}", type), *refusal, NLMSG_HDRLEN);
}

std::optional<std::uint16_t> DeviceServices::genl_family(std::uint32_t interface, const std::string& name) {
  // Not by genl_ctrl_resolve: it waits without an end, and says of whatever goes wrong that there is no such family.
  kernel::enter(home(interface).fd());
  kernel::Socket socket(NETLINK_GENERIC);
  kernel::Batch batch;
  const genlmsghdr header{.cmd = CTRL_CMD_GETFAMILY, .version = 1, .reserved = 0};
  batch.begin(GENL_ID_CTRL, 0, header).put_text(CTRL_ATTR_FAMILY_NAME, name);
  std::optional<std::uint16_t> id;
  const auto refusal = ask(socket, batch, [&](std::uint16_t, std::span<const std::byte> payload) {
    if (payload.size() < GENL_HDRLEN) return;
    const auto* first = reinterpret_cast<const genlmsghdr*>(payload.data());
    const nlattr* number =
        nla_find(genlmsg_attrdata(first, 0), static_cast<int>(payload.size() - GENL_HDRLEN), CTRL_ATTR_FAMILY_ID);
    if (number != nullptr && nla_len(number) >= static_cast<int>(sizeof(std::uint16_t))) id = nla_get_u16(number);
  });
  if (refusal && refusal->error != ENOENT)
    refuse(fmt::format("to look up generic netlink family \"{}\"", name), *refusal);
  return id;
}

void DeviceServices::genl_request(std::uint32_t interface, std::uint16_t family, std::uint8_t command,
                                  std::uint8_t version, std::uint16_t flags, std::span<const std::byte> attributes,
                                  const Receive& answer) {
  if (find(interface)) check_name(interface);
  kernel::enter(home(interface).fd());
  kernel::Socket socket(NETLINK_GENERIC);
  kernel::Batch batch;
  const genlmsghdr header{.cmd = command, .version = version, .reserved = 0};
  batch.begin(family, flags, header).put_built(attributes);
  const auto refusal = ask(socket, batch, [&](std::uint16_t, std::span<const std::byte> payload) {
    if (payload.size() < GENL_HDRLEN) return;
    answer(static_cast<std::uint16_t>(payload[0]), payload.subspan(GENL_HDRLEN));
  });
  if (refusal) refuse("a generic netlink request", *refusal, NLMSG_HDRLEN + GENL_HDRLEN);
}

namespace {

/// One file of an interface's in the sysfs of the namespace that this thread is in. Nothing: it is not there, or is not
/// to be had so.
UniqueFd open_attribute(const std::string& interface, const std::string& path, int flags) {
  const UniqueFd root = kernel::open_sysfs();
  // Links in sysfs lead to other interfaces ("lower_eth0", "subsystem"), so none is followed below the interface's own
  // directory, but for "device", which is the hardware under it.
  const std::string place = fmt::format("class/net/{}", interface);
  const bool hardware = path.starts_with("device/");
  const UniqueFd directory(
      ::openat(root.get(), (place + (hardware ? "/device" : "")).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return {};
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  const std::string name = hardware ? path.substr(std::strlen("device/")) : path;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, directory.get(), name.c_str(), &how, sizeof how)));
}

}  // namespace

void DeviceServices::check_name(std::uint32_t interface) {
  const std::string& name = context_.interfaces.at(interface).name;
  for (const auto& link : links(home(interface), ifindex(interface)))
    if (link.name == name) return;
  throw driver::ServiceError(ErrorCode::not_found,
                             fmt::format("interface {} is gone, or is called otherwise now", name));
}

bool DeviceServices::write_sysfs(std::uint32_t interface, const std::string& path, std::span<const std::byte> value) {
  check_name(interface);
  kernel::enter(home(interface).fd());
  const UniqueFd file = open_attribute(context_.interfaces.at(interface).name, path, O_WRONLY);
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  const ssize_t size = ::write(file.get(), value.data(), value.size());
  if (size < 0) refuse(fmt::format("cannot write {}", path), errno);
  if (static_cast<std::size_t>(size) != value.size()) refuse(fmt::format("cannot write all of {}", path), EIO);
  return true;
}

std::optional<std::string> DeviceServices::sysfs(std::uint32_t interface, const std::string& path) {
  check_name(interface);
  kernel::enter(home(interface).fd());
  const UniqueFd file = open_attribute(context_.interfaces.at(interface).name, path, O_RDONLY);
  if (!file) return std::nullopt;
  // What the kernel shows to root alone is not for drivers.
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) || (status.st_mode & S_IROTH) == 0)
    return std::nullopt;
  std::array<char, 4096> text{};
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  if (size < 0) refuse(fmt::format("cannot read {}", path), errno);
  return std::string(text.data(), static_cast<std::size_t>(size));
}

UniqueFd DeviceServices::open_socket(std::uint32_t interface, std::uint32_t kind) {
  const bool reference = (interface & NETRIG_OF_REFERENCE) != 0;
  Space* space = reference ? context_.spaces.references.at(interface & ~NETRIG_OF_REFERENCE) : &home(interface);
  if (space == nullptr) throw driver::ServiceError(ErrorCode::not_found, "the namespace of a reference is gone");
  kernel::enter(space->fd());
  const bool packet = kind == NETRIG_SOCKET_PACKET;
  const int protocol = packet ? 0 : kind == NETRIG_SOCKET_GENERIC ? NETLINK_GENERIC : NETLINK_ROUTE;
  UniqueFd socket(::socket(packet ? AF_PACKET : AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!socket) refuse("cannot open a socket", errno);
  return socket;
}

namespace {

[[noreturn]] void refuse_tun(const std::string& name, const kernel::TunFault& fault) {
  const bool lacks = fault.error == ENOENT || fault.error == ENODEV || fault.error == ENXIO;
  if (lacks)
    throw driver::ServiceError(ErrorCode::unsupported,
                               fmt::format("this kernel makes no TUN: {}: {}; load the module \"tun\" (CONFIG_TUN)",
                                           fault.what, errno_text(fault.error)));
  // What IFF_TUN_EXCL says of a name that is taken.
  const bool exists = fault.error == EBUSY && std::string_view(fault.what) != "a queue";
  throw driver::ServiceError(
      exists ? ErrorCode::conflict : refusal_code(fault.error),
      fmt::format("the kernel refuses {} of TUN {}: {}", fault.what, name, errno_text(exists ? EEXIST : fault.error)),
      {.error = exists ? EEXIST : fault.error});
}

std::optional<std::uint32_t> given(std::uint32_t id) { return id == NETRIG_NONE ? std::nullopt : std::optional(id); }

/// What a TUN was made with, as its link tells: a queue must say the same.
std::optional<std::uint16_t> flags_of_tun(const nlattr* info) {
  const auto* data = static_cast<const nlattr*>(nla_data(info));
  const int size = nla_len(info);
  const auto number = [&](int attribute) -> std::optional<unsigned> {
    const nlattr* found = nla_find(data, size, attribute);
    return found == nullptr || nla_len(found) < 1 ? std::nullopt : std::optional<unsigned>(nla_get_u8(found));
  };
  const auto type = number(IFLA_TUN_TYPE);
  if (!type) return std::nullopt;
  unsigned flags = *type == IFF_TUN ? IFF_TUN : IFF_TAP;
  if (number(IFLA_TUN_PI) == 0U) flags |= IFF_NO_PI;
  if (number(IFLA_TUN_VNET_HDR) == 1U) flags |= IFF_VNET_HDR;
  if (number(IFLA_TUN_MULTI_QUEUE) == 1U) flags |= IFF_MULTI_QUEUE;
  return static_cast<std::uint16_t>(flags);
}

}  // namespace

std::uint32_t DeviceServices::create_tun(const driver::TunOrder& order) {
  MadeInterface& made = context_.made.at(order.interface);
  const driver::InterfaceRequest& wanted = context_.interfaces.at(order.interface);
  unsigned flags = order.type == NETRIG_TUN_IP ? IFF_TUN : IFF_TAP;
  if ((order.flags & NETRIG_TUN_MULTI_QUEUE) != 0) flags |= IFF_MULTI_QUEUE;
  if ((order.flags & NETRIG_TUN_VNET_HEADER) != 0) flags |= IFF_VNET_HDR;
  if ((order.flags & NETRIG_TUN_PACKET_INFO) == 0) flags |= IFF_NO_PI;
  Space& space = home(order.interface);
  kernel::enter(space.fd());
  const auto fault = kernel::make_tun({.name = wanted.name,
                                       .ifindex = made.ifindex,
                                       .flags = static_cast<std::uint16_t>(flags),
                                       .owner = given(order.owner),
                                       .group = given(order.group)});
  if (fault) refuse_tun(wanted.name, *fault);
  kernel::Batch batch;
  kernel::begin_set_link(batch, made.ifindex);
  if (wanted.mac) batch.put(IFLA_ADDRESS, *wanted.mac);
  if (wanted.mtu) batch.put(IFLA_MTU, *wanted.mtu);
  const auto take_back = [&] {
    batch.clear();
    kernel::delete_link(batch, made.ifindex);
    space.socket().run(batch, kernel::Socket::OnRefusal::go_on);
  };
  std::vector<kernel::Refusal> refusals;
  try {
    refusals = space.socket().run(batch, kernel::Socket::OnRefusal::stop, patience());
  } catch (const Error&) {
    space.release_socket();  // the exchange is not over
    take_back();
    throw;
  }
  if (!refusals.empty()) {
    take_back();
    refuse(fmt::format("the MAC or MTU of {}", wanted.name), refusals.front());
  }
  made.kind = "tun";
  made_.emplace_back(order.interface, made.ifindex);
  return made.ifindex;
}

UniqueFd DeviceServices::open_queue(std::uint32_t interface) {
  std::optional<std::uint16_t> flags;
  std::string name;
  get_link(interface, [&](std::uint16_t type, std::span<const std::byte> value) {
    if (type == IFLA_IFNAME) name = reinterpret_cast<const char*>(value.data());  // with its NUL
    if (type != IFLA_LINKINFO) return;
    const auto* inner = reinterpret_cast<const nlattr*>(value.data());
    const int size = static_cast<int>(value.size());
    const nlattr* kind = nla_find(inner, size, IFLA_INFO_KIND);
    const nlattr* data = nla_find(inner, size, IFLA_INFO_DATA);
    if (kind != nullptr && data != nullptr && nla_strcmp(kind, "tun") == 0) flags = flags_of_tun(data);
  });
  if (!flags) throw driver::ServiceError(ErrorCode::invalid, "a queue of an interface that is no TUN");
  kernel::enter(home(interface).fd());
  kernel::TunQueue queue = kernel::attach_tun(name, *flags);
  if (queue.fault) refuse_tun(name, *queue.fault);
  return std::move(queue.fd);
}

void DeviceServices::log(std::uint32_t level, const std::string& text) {
  spdlog::log(level <= NETRIG_LOG_DEBUG  ? spdlog::level::debug
              : level == NETRIG_LOG_INFO ? spdlog::level::info
                                         : spdlog::level::warn,
              "{}: {}", context_.about, text);
}

bool DeviceServices::interrupted() const { return context_.interrupted != nullptr && *context_.interrupted; }

}  // namespace netrig::engine
