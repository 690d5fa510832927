// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/genetlink.h>
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
#include "model/error_number.hpp"

namespace netrig::engine {
namespace {

// Bytes of the kernel's that are kept for a driver: all neighbours of a namespace, not all of a machine that drowns.
constexpr std::size_t kMostAnswers = 16 << 20;

[[noreturn]] void refuse(const std::string& what, const kernel::Refusal& refusal) {
  throw Error(refusal_code(refusal.error), fmt::format("the kernel refuses {}: {}", what, refusal.str()));
}

}  // namespace

Space& DeviceServices::home(std::uint32_t interface) {
  Space* space = context_.spaces.homes.at(interface);
  if (space == nullptr) throw Error(ErrorCode::not_found, "the interface's namespace is gone");
  return *space;
}

std::vector<std::uint32_t> DeviceServices::ifindexes() const {
  std::vector<std::uint32_t> result;
  for (const MadeInterface& made : context_.made) result.push_back(made.ifindex);
  return result;
}

std::vector<std::pair<std::uint32_t, std::uint32_t>> DeviceServices::flush(std::vector<driver::Order> orders) {
  for (const driver::Order& order : orders) {
    std::vector<std::uint32_t> numbers = ifindexes();
    const auto* deletion = std::get_if<driver::LinkDeletion>(&order);
    if (deletion != nullptr) {
      // Gone with its namespace, or not ours: deleted, as far as the driver is concerned.
      const auto number = find(deletion->interface);
      if (!number || !may_delete(deletion->interface, *number)) continue;
      numbers.at(deletion->interface) = *number;
    }
    kernel::Batch batch;
    append_order(batch, order, context_.spaces, context_.interfaces, context_.references, numbers);
    const auto refusals =
        sender_of(order, context_.spaces).socket().run(batch, kernel::Socket::OnRefusal::stop, patience());
    if (!refusals.empty() && !(deletion != nullptr && refusals.front().error == ENODEV))
      throw order_error(order, refusals.front(), context_.made);
    if (const auto* link = std::get_if<driver::LinkOrder>(&order)) {
      note_made(*link, context_.made);
      made_.emplace_back(link->interface, context_.made.at(link->interface).ifindex);
      if (link->peer) made_.emplace_back(link->peer->interface, context_.made.at(link->peer->interface).ifindex);
    }
  }
  return made_;
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
  if (link == nullptr) return false;
  if (seen_made(space, *context_.device, made, *link)) return true;
  throw Error(
      ErrorCode::denied,
      fmt::format("the driver asks for what it may not: to delete {}:{}, which was there before its device; give "
                  "it back instead",
                  made.home, link->name));
}

std::uint32_t DeviceServices::ifindex(std::uint32_t interface) {
  if (const auto found = find(interface)) return *found;
  throw Error(ErrorCode::not_found, fmt::format("interface {} is not there", context_.interfaces.at(interface).name));
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
    refuse(fmt::format("a request of type {}", type), *refusal);
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
  kernel::enter(home(interface).fd());
  kernel::Socket socket(NETLINK_GENERIC);
  kernel::Batch batch;
  const genlmsghdr header{.cmd = command, .version = version, .reserved = 0};
  batch.begin(family, flags, header).put_built(attributes);
  const auto refusal = ask(socket, batch, [&](std::uint16_t, std::span<const std::byte> payload) {
    if (payload.size() < GENL_HDRLEN) return;
    answer(static_cast<std::uint16_t>(payload[0]), payload.subspan(GENL_HDRLEN));
  });
  if (refusal) refuse("a generic netlink request", *refusal);
}

std::optional<std::string> DeviceServices::sysfs(std::uint32_t interface, const std::string& path) {
  kernel::enter(home(interface).fd());
  const UniqueFd root = kernel::open_sysfs();
  // Links in sysfs lead to other interfaces ("lower_eth0", "subsystem"), so none is followed below the interface's own
  // directory, but for "device", which is the hardware under it.
  const std::string place = fmt::format("class/net/{}", context_.interfaces.at(interface).name);
  const bool hardware = path.starts_with("device/");
  const UniqueFd directory(
      ::openat(root.get(), (place + (hardware ? "/device" : "")).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return std::nullopt;
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  const std::string name = hardware ? path.substr(std::strlen("device/")) : path;
  const UniqueFd file(static_cast<int>(::syscall(SYS_openat2, directory.get(), name.c_str(), &how, sizeof how)));
  if (!file) return std::nullopt;
  // What the kernel shows to root alone is not for drivers.
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) || (status.st_mode & S_IROTH) == 0)
    return std::nullopt;
  std::array<char, 4096> text{};
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  if (size < 0) throw Error(ErrorCode::failed, fmt::format("cannot read {}: {}", name, errno_text(errno)));
  return std::string(text.data(), static_cast<std::size_t>(size));
}

UniqueFd DeviceServices::open_socket(std::uint32_t interface, std::uint32_t kind) {
  const bool reference = (interface & NETRIG_OF_REFERENCE) != 0;
  kernel::enter(reference ? context_.spaces.references.at(interface & ~NETRIG_OF_REFERENCE)->fd()
                          : home(interface).fd());
  const bool packet = kind == NETRIG_SOCKET_PACKET;
  const int protocol = packet ? 0 : kind == NETRIG_SOCKET_GENERIC ? NETLINK_GENERIC : NETLINK_ROUTE;
  UniqueFd socket(::socket(packet ? AF_PACKET : AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!socket) throw Error(ErrorCode::failed, fmt::format("cannot open a socket: {}", errno_text(errno)));
  return socket;
}

void DeviceServices::log(std::uint32_t level, const std::string& text) {
  spdlog::log(level <= NETRIG_LOG_DEBUG  ? spdlog::level::debug
              : level == NETRIG_LOG_INFO ? spdlog::level::info
                                         : spdlog::level::warn,
              "{}: {}", context_.about, text);
}

bool DeviceServices::interrupted() const { return context_.interrupted != nullptr && *context_.interrupted; }

}  // namespace netrig::engine
