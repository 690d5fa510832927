// SPDX-License-Identifier: Apache-2.0
// Host services as the C ABI offers them. Everything a driver asks is checked here against what its operation allows;
// what passes goes on to driver::Services or becomes an order.
#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "driver/call.hpp"

namespace netrig::driver {
namespace {

using Operation = netrig_call::Operation;

constexpr std::size_t kMostAttributes = 32 * 1024;

[[noreturn]] void deny(const std::string& why) {
  throw Error(ErrorCode::denied, "the driver asks for what it may not: " + why);
}

/// Calls each(type, value) for every attribute; refuses a list whose lengths do not add up.
template <typename Each>
void walk(std::span<const std::byte> attributes, Each&& each) {
  while (!attributes.empty()) {
    nlattr header{};
    if (attributes.size() < sizeof header) deny("an attribute is cut off");
    std::memcpy(&header, attributes.data(), sizeof header);
    if (header.nla_len < sizeof header || header.nla_len > attributes.size()) deny("an attribute is cut off");
    each(static_cast<std::uint16_t>(header.nla_type & NLA_TYPE_MASK),
         attributes.subspan(sizeof header, header.nla_len - sizeof header));
    attributes = attributes.subspan(std::min<std::size_t>(NLA_ALIGN(header.nla_len), attributes.size()));
  }
}

std::span<const std::byte> bytes_of(const void* data, std::size_t size) {
  if (size == 0) return {};
  if (data == nullptr || size > kMostAttributes) deny(fmt::format("{} bytes of attributes", size));
  return {static_cast<const std::byte*>(data), size};
}

/// Attributes of a link that do not move it, name it, or tie it to another.
Bytes checked_attributes(const void* data, std::size_t size) {
  static constexpr std::array kAllowed = {IFLA_TXQLEN,       IFLA_NUM_TX_QUEUES, IFLA_NUM_RX_QUEUES,
                                          IFLA_GSO_MAX_SIZE, IFLA_GSO_MAX_SEGS,  IFLA_GRO_MAX_SIZE};
  const auto bytes = bytes_of(data, size);
  walk(bytes, [](std::uint16_t type, std::span<const std::byte>) {
    if (std::find(kAllowed.begin(), kAllowed.end(), type) == kAllowed.end())
      deny(fmt::format("link attribute {}", type));
  });
  return {bytes.begin(), bytes.end()};
}

/// Attribute of IFLA_INFO_DATA that makes a second link; only the host may write it. 0: this kind has none.
std::uint32_t peer_attribute(const std::string& kind) {
  constexpr std::uint32_t kVxcanPeer = 1;   // linux/can/vxcan.h: VXCAN_INFO_PEER
  constexpr std::uint32_t kNetkitPeer = 1;  // linux/if_link.h, Linux 6.7: IFLA_NETKIT_PEER_INFO
  if (kind == "veth") return VETH_INFO_PEER;
  if (kind == "vxcan") return kVxcanPeer;
  if (kind == "netkit") return kNetkitPeer;
  return 0;
}

Bytes checked_data(const std::string& kind, const void* data, std::size_t size) {
  const auto bytes = bytes_of(data, size);
  const std::uint32_t peer = peer_attribute(kind);
  walk(bytes, [&](std::uint16_t type, std::span<const std::byte>) {
    if (peer != 0 && type == peer) deny(fmt::format("the second end of a {} in its data; name it as peer", kind));
  });
  return {bytes.begin(), bytes.end()};
}

std::string checked_kind(const netrig_call& call, const char* kind) {
  std::string name(kind == nullptr ? "" : std::string(kind, strnlen(kind, IFNAMSIZ)));
  const auto& allowed = call.description->link_kinds;
  if (std::find(allowed.begin(), allowed.end(), name) == allowed.end())
    deny(fmt::format("a link of kind \"{}\", which its note does not declare", name));
  return name;
}

void check_interface(const netrig_call& call, std::uint32_t interface) {
  if (interface >= call.interfaces.size()) deny(fmt::format("interface {} of {}", interface, call.interfaces.size()));
}

void check_operation(const netrig_call& call, std::initializer_list<Operation> allowed) {
  if (std::find(allowed.begin(), allowed.end(), call.operation) == allowed.end())
    deny("a service in the wrong operation");
}

netrig_status create_link(netrig_call* call, const netrig_link* link) {
  return callback(call, [&] {
    check_operation(*call, {Operation::create});
    if (link == nullptr || !NETRIG_HAS(link, lower)) deny("a link that is described by half");
    check_interface(*call, link->interface);
    LinkOrder order{.interface = link->interface,
                    .kind = checked_kind(*call, link->kind),
                    .attributes = checked_attributes(link->attributes, link->attributes_size),
                    .data = {},
                    .peer = {},
                    .lower = {}};
    order.data = checked_data(order.kind, link->data, link->data_size);
    if (call->ordered[link->interface]) deny(fmt::format("interface {} twice", link->interface));
    call->ordered[link->interface] = true;
    if (link->peer != NETRIG_NONE) {
      check_interface(*call, link->peer);
      if (link->peer_type == 0 || link->peer_type != peer_attribute(order.kind))
        deny(fmt::format("a second end of a {} by attribute {}", order.kind, link->peer_type));
      if (call->ordered[link->peer]) deny(fmt::format("interface {} twice", link->peer));
      call->ordered[link->peer] = true;
      order.peer = LinkOrder::Peer{.interface = link->peer,
                                   .type = static_cast<std::uint16_t>(link->peer_type),
                                   .attributes = checked_attributes(link->peer_attributes, link->peer_attributes_size)};
    }
    if (link->lower != NETRIG_NONE) {
      if (link->lower >= call->references.size()) deny(fmt::format("reference {}", link->lower));
      order.lower = link->lower;
    }
    call->orders.emplace_back(std::move(order));
    return NETRIG_OK;
  });
}

netrig_status set_link(netrig_call* call, std::uint32_t interface, const char* kind, const void* attributes,
                       std::size_t attributes_size, const void* data, std::size_t data_size) {
  return callback(call, [&] {
    check_operation(*call, {Operation::create});
    check_interface(*call, interface);
    LinkChange change{
        .interface = interface, .kind = {}, .attributes = checked_attributes(attributes, attributes_size), .data = {}};
    if (kind != nullptr) {
      change.kind = checked_kind(*call, kind);
      change.data = checked_data(change.kind, data, data_size);
    }
    call->orders.emplace_back(std::move(change));
    return NETRIG_OK;
  });
}

netrig_status delete_link(netrig_call* call, std::uint32_t interface) {
  return callback(call, [&] {
    check_operation(*call, {Operation::destroy});
    check_interface(*call, interface);
    call->orders.emplace_back(LinkDeletion{interface});
    return NETRIG_OK;
  });
}

void flush_orders(netrig_call& call) {
  if (call.orders.empty()) return;
  call.flushed = call.services->flush(std::exchange(call.orders, {}));
}

netrig_status flush(netrig_call* call) {
  return callback(call, [&] {
    flush_orders(*call);
    return NETRIG_OK;
  });
}

std::uint32_t link_ifindex(netrig_call* call, std::uint32_t interface) {
  for (const auto& list : {call->flushed, call->made})
    for (const auto& [index, ifindex] : list)
      if (index == interface) return ifindex;
  return interface < call->interfaces.size() ? call->interfaces[interface].ifindex : 0;
}

/// Interfaces that are there by now: those that requests may be about.
void check_present(netrig_call& call, std::uint32_t interface) {
  check_interface(call, interface);
  flush_orders(call);
  if (link_ifindex(&call, interface) == 0)
    throw Error(ErrorCode::not_found, fmt::format("interface {} is not there", call.interfaces[interface].name));
}

Services::Receive receiver(netrig_attribute_fn* each, void* user) {
  return [each, user](std::uint16_t type, std::span<const std::byte> payload) {
    if (each != nullptr) each(user, type, payload.data(), payload.size());
  };
}

netrig_status get_link(netrig_call* call, std::uint32_t interface, netrig_attribute_fn* each, void* user) {
  return callback(call, [&] {
    check_interface(*call, interface);
    flush_orders(*call);
    if (link_ifindex(call, interface) == 0) return NETRIG_NOT_FOUND;
    return call->services->get_link(interface, receiver(each, user)) ? NETRIG_OK : NETRIG_NOT_FOUND;
  });
}

/// Where the family header of a request keeps the ifindex, and how long it is.
struct FamilyHeader {
  std::size_t size;
  std::size_t ifindex;
};
FamilyHeader family_header(std::uint16_t type) {
  switch (type) {
    case RTM_NEWLINK:
    case RTM_GETLINK:
      return {sizeof(ifinfomsg), offsetof(ifinfomsg, ifi_index)};
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
    case RTM_GETNEIGH:
      return {sizeof(ndmsg), offsetof(ndmsg, ndm_ifindex)};
    case RTM_NEWQDISC:
    case RTM_DELQDISC:
    case RTM_GETQDISC:
    case RTM_NEWTCLASS:
    case RTM_DELTCLASS:
    case RTM_GETTCLASS:
    case RTM_NEWTFILTER:
    case RTM_DELTFILTER:
    case RTM_GETTFILTER:
      return {sizeof(tcmsg), offsetof(tcmsg, tcm_ifindex)};
    default:
      deny(fmt::format("a request of type {}", type));
  }
}

netrig_status request(netrig_call* call, std::uint32_t interface, std::uint16_t type, std::uint16_t flags,
                      const void* message, std::size_t size, netrig_attribute_fn* answer, void* user) {
  return callback(call, [&] {
    const FamilyHeader header = family_header(type);
    const auto bytes = bytes_of(message, size);
    if (bytes.size() < header.size) deny("a request without its family header");
    const auto attributes = bytes.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.size), bytes.size()));
    walk(attributes, [&](std::uint16_t attribute, std::span<const std::byte>) {
      if (type == RTM_NEWLINK && attribute != IFLA_LINKINFO && attribute != IFLA_TXQLEN && attribute != IFLA_AF_SPEC &&
          attribute != IFLA_PROTINFO)
        deny(fmt::format("link attribute {}", attribute));
    });
    if (type == RTM_NEWLINK && (flags & (NLM_F_CREATE | NLM_F_REPLACE)) != 0) deny("a link made by a raw request");
    check_present(*call, interface);
    Bytes copy(bytes.begin(), bytes.end());
    const std::uint32_t ifindex = link_ifindex(call, interface);
    std::memcpy(&copy[header.ifindex], &ifindex, sizeof ifindex);
    call->services->request(interface, type, flags, copy, receiver(answer, user));
    return NETRIG_OK;
  });
}

netrig_status genl_family(netrig_call* call, std::uint32_t interface, const char* name, std::uint16_t* id) {
  return callback(call, [&] {
    check_interface(*call, interface);
    if (name == nullptr || id == nullptr) return NETRIG_INVALID;
    const auto found = call->services->genl_family(interface, std::string(name, strnlen(name, 16)));
    if (!found) return NETRIG_NOT_FOUND;
    *id = *found;
    return NETRIG_OK;
  });
}

netrig_status genl_request(netrig_call* call, std::uint32_t interface, std::uint16_t family, std::uint8_t command,
                           std::uint8_t version, std::uint16_t flags, const void* attributes, std::size_t size,
                           netrig_attribute_fn* answer, void* user) {
  return callback(call, [&] {
    const auto bytes = bytes_of(attributes, size);
    walk(bytes, [](std::uint16_t, std::span<const std::byte>) {});
    if (family < NLMSG_MIN_TYPE) deny(fmt::format("generic netlink family {}", family));
    check_interface(*call, interface);
    flush_orders(*call);
    call->services->genl_request(interface, family, command, version, flags, bytes, receiver(answer, user));
    return NETRIG_OK;
  });
}

spdlog::level::level_enum level_of(std::uint32_t level) {
  if (level <= NETRIG_LOG_DEBUG) return spdlog::level::debug;
  return level == NETRIG_LOG_INFO ? spdlog::level::info : spdlog::level::warn;
}

void log_write(netrig_call* call, std::uint32_t level, const char* message) {
  if (message == nullptr) return;
  callback(call, [&] {
    spdlog::log(level_of(level), "{}/{} (driver {}): {}", call->lab, call->device, call->description->kind,
                call->masked(std::string(message, strnlen(message, NETRIG_MESSAGE_MAX))));
    return NETRIG_OK;
  });
}
bool log_enabled(netrig_call*, std::uint32_t level) { return spdlog::should_log(level_of(level)); }

netrig_status sysfs_read(netrig_call* call, std::uint32_t interface, const char* path, char* buffer,
                         std::size_t* size) {
  return callback(call, [&] {
    if (path == nullptr || buffer == nullptr || size == nullptr) return NETRIG_INVALID;
    const std::string name(path, strnlen(path, 256));
    if (name.empty() || name.front() == '/' || name.size() == 256 || name.find("..") != std::string::npos)
      return NETRIG_INVALID;
    check_present(*call, interface);
    const auto text = call->services->sysfs(interface, name);
    if (!text) return NETRIG_NOT_FOUND;
    if (text->size() > *size) return NETRIG_INVALID;
    std::copy(text->begin(), text->end(), buffer);
    *size = text->size();
    return NETRIG_OK;
  });
}

bool cancelled(netrig_call* call) {
  return Clock::now() > call->deadline || (call->services != nullptr && call->services->interrupted());
}

}  // namespace

const void* find_service(const char* id) {
  static constexpr netrig_netlink kNetlink = {sizeof(netrig_netlink), create_link, set_link, delete_link, flush,
                                              link_ifindex,           get_link,    request};
  static constexpr netrig_genl kGenl = {sizeof(netrig_genl), genl_family, genl_request};
  static constexpr netrig_log kLog = {sizeof(netrig_log), log_write, log_enabled};
  static constexpr netrig_sysfs kSysfs = {sizeof(netrig_sysfs), sysfs_read};
  static constexpr netrig_cancel kCancel = {sizeof(netrig_cancel), cancelled};
  const std::string_view name = id;
  if (name == NETRIG_NETLINK_1) return &kNetlink;
  if (name == NETRIG_GENL_1) return &kGenl;
  if (name == NETRIG_LOG_1) return &kLog;
  if (name == NETRIG_SYSFS_1) return &kSysfs;
  if (name == NETRIG_CANCEL_1) return &kCancel;
  return nullptr;
}

}  // namespace netrig::driver
