// SPDX-License-Identifier: Apache-2.0
// Host services as the C ABI offers them. Everything a driver asks is checked against the operation's Permission; what
// passes goes on to driver::Services or becomes an order.
#include <fmt/format.h>
#include <linux/genetlink.h>
#include <linux/if.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstring>

#include "driver/call.hpp"

namespace netrig::driver {
namespace {

std::span<const std::byte> span_of(const void* data, std::size_t size) {
  if (size == 0 || data == nullptr) return {};
  // What is longer is refused by the permission; no need to copy all of it for that.
  return {static_cast<const std::byte*>(data), std::min(size, kMostAttributes + 1)};
}
Bytes bytes_of(const void* data, std::size_t size) {
  const auto span = span_of(data, size);
  return {span.begin(), span.end()};
}

std::string text_of(const char* text, std::size_t most) {
  return text == nullptr ? std::string() : std::string(text, strnlen(text, most));
}

netrig_status order(netrig_call* call, Order order) {
  call->permission->admit(order);
  call->orders.push_back(std::move(order));
  return NETRIG_OK;
}

netrig_status create_link(netrig_call* call, const netrig_link* link) {
  return service_call(call, [&] {
    if (link == nullptr || !NETRIG_HAS(link, lower))
      throw Error(ErrorCode::denied, "the driver describes a link by half");
    LinkOrder made{.interface = link->interface,
                   .kind = text_of(link->kind, IFNAMSIZ),
                   .attributes = bytes_of(link->attributes, link->attributes_size),
                   .data = bytes_of(link->data, link->data_size)};
    if (link->peer != NETRIG_NONE)
      made.peer = LinkPeer{.interface = link->peer,
                           .type = static_cast<std::uint16_t>(std::min(link->peer_type, 0xffffU)),
                           .attributes = bytes_of(link->peer_attributes, link->peer_attributes_size)};
    if (link->lower != NETRIG_NONE) made.lower = link->lower;
    return order(call, std::move(made));
  });
}

netrig_status set_link(netrig_call* call, std::uint32_t interface, const char* kind, const void* attributes,
                       std::uint32_t attributes_size, const void* data, std::uint32_t data_size) {
  return service_call(call, [&] {
    return order(call, LinkChange{.interface = interface,
                                  .kind = text_of(kind, IFNAMSIZ),
                                  .attributes = bytes_of(attributes, attributes_size),
                                  .data = bytes_of(data, data_size)});
  });
}

netrig_status delete_link(netrig_call* call, std::uint32_t interface) {
  return service_call(call, [&] { return order(call, LinkDeletion{interface}); });
}

void flush_orders(netrig_call& call) {
  if (call.orders.empty()) return;
  const std::vector<Order> orders = std::exchange(call.orders, {});
  Flushed flushed = call.services->flush(orders);
  call.flushed = std::move(flushed.made);
  if (!flushed.refusal) return;
  for (std::size_t i = flushed.done; i < orders.size(); ++i) call.permission->retract(orders[i]);
  throw *flushed.refusal;
}

netrig_status flush(netrig_call* call) {
  return service_call(call, [&] {
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
  call.permission->check_interface(interface);
  flush_orders(call);
  if (link_ifindex(&call, interface) == 0)
    throw ServiceError(ErrorCode::not_found, fmt::format("interface {} is not there", call.interfaces[interface].name));
}

Services::Receive receiver(netrig_attribute_fn* each, void* user) {
  return [each, user](std::uint16_t type, std::span<const std::byte> payload) {
    if (each != nullptr) each(user, type, payload.data(), static_cast<std::uint32_t>(payload.size()));
  };
}

netrig_status get_link(netrig_call* call, std::uint32_t interface, netrig_attribute_fn* each, void* user) {
  return service_call(call, [&] {
    check_present(*call, interface);
    return call->services->get_link(interface, receiver(each, user)) ? NETRIG_OK : NETRIG_NOT_FOUND;
  });
}

netrig_status request(netrig_call* call, std::uint32_t interface, std::uint16_t type, std::uint16_t flags,
                      const void* message, std::uint32_t size, netrig_attribute_fn* answer, void* user) {
  return service_call(call, [&] {
    const Bytes copy = bytes_of(message, size);
    call->permission->check_request(type, flags, copy);
    check_present(*call, interface);
    call->services->request(interface, type, flags, copy, receiver(answer, user));
    return NETRIG_OK;
  });
}

netrig_status genl_family(netrig_call* call, std::uint32_t interface, const char* name, std::uint16_t* id) {
  return service_call(call, [&] {
    call->permission->check_interface(interface);
    if (name == nullptr || id == nullptr) return NETRIG_INVALID;
    const std::string family = text_of(name, GENL_NAMSIZ);
    call->permission->check_family(family);
    const auto found = call->services->genl_family(interface, family);
    if (!found) return NETRIG_NOT_FOUND;
    call->permission->resolved_family(*found, family);
    *id = *found;
    return NETRIG_OK;
  });
}

netrig_status genl_request(netrig_call* call, std::uint32_t interface, std::uint16_t family, std::uint8_t command,
                           std::uint8_t version, std::uint16_t flags, const void* attributes, std::uint32_t size,
                           netrig_attribute_fn* answer, void* user) {
  return service_call(call, [&] {
    call->permission->check_interface(interface);
    flush_orders(*call);
    const Bytes bytes = bytes_of(attributes, size);
    call->permission->check_genl({.family = family, .command = command, .flags = flags, .attributes = bytes},
                                 call->interfaces[interface].name, [&] { return call->services->ifindex(interface); });
    call->services->genl_request(interface, family, command, version, flags, bytes, receiver(answer, user));
    return NETRIG_OK;
  });
}

netrig_status open_socket(netrig_call* call, std::uint32_t interface, std::uint32_t kind, std::int32_t* fd) {
  return service_call(call, [&] {
    if (fd == nullptr) return NETRIG_INVALID;
    call->permission->check_socket(interface, kind);
    *fd = call->services->open_socket(interface, kind).release();
    return NETRIG_OK;
  });
}

netrig_status create_tun(netrig_call* call, const netrig_tun_device* device) {
  return service_call(call, [&] {
    if (device == nullptr || !NETRIG_HAS(device, group))
      throw Error(ErrorCode::denied, "the driver describes a TUN by half");
    const TunOrder order{.interface = device->interface,
                         .type = device->type,
                         .flags = device->flags,
                         .owner = device->owner,
                         .group = device->group};
    call->permission->admit_tun(order, call->parameters);
    try {
      const std::uint32_t ifindex = call->services->create_tun(order);
      call->flushed.emplace_back(order.interface, ifindex);
    } catch (const ServiceError&) {
      call->permission->retract_tun(order);
      throw;
    }
    return NETRIG_OK;
  });
}

netrig_status open_queue(netrig_call* call, std::uint32_t interface, std::int32_t* fd) {
  return service_call(call, [&] {
    if (fd == nullptr) return NETRIG_INVALID;
    call->permission->check_queue(interface);
    check_present(*call, interface);
    *fd = call->services->open_queue(interface).release();
    return NETRIG_OK;
  });
}

std::uint32_t log_enabled(netrig_call*, std::uint32_t level) {
  return spdlog::should_log(level <= NETRIG_LOG_DEBUG  ? spdlog::level::debug
                            : level == NETRIG_LOG_INFO ? spdlog::level::info
                                                       : spdlog::level::warn)
             ? 1
             : 0;
}

void log_write(netrig_call* call, std::uint32_t level, const char* message) {
  if (message == nullptr) return;
  callback(call, [&] {
    if (log_enabled(call, level) != 0) call->services->log(level, call->clean(message));
    return NETRIG_OK;
  });
}

netrig_status sysfs_read(netrig_call* call, std::uint32_t interface, const char* path, char* buffer,
                         std::uint32_t* size) {
  return service_call(call, [&] {
    if (path == nullptr || buffer == nullptr || size == nullptr) return NETRIG_INVALID;
    const std::string name = text_of(path, 256);
    Permission::check_sysfs(name);
    check_present(*call, interface);
    const auto text = call->services->sysfs(interface, name);
    if (!text) return NETRIG_NOT_FOUND;
    if (text->size() > *size) return NETRIG_INVALID;
    std::copy(text->begin(), text->end(), buffer);
    *size = static_cast<std::uint32_t>(text->size());
    return NETRIG_OK;
  });
}

netrig_status sysfs_write(netrig_call* call, std::uint32_t interface, const char* path, const char* value,
                          std::uint32_t size) {
  constexpr std::uint32_t kPage = 4096;  // more a file of sysfs does not take (fs/kernfs/file.c)
  return service_call(call, [&] {
    if (path == nullptr || (value == nullptr && size != 0) || size > kPage) return NETRIG_INVALID;
    const std::string name = text_of(path, 256);
    call->permission->check_interface(interface);
    call->permission->check_sysfs_write(name);
    check_present(*call, interface);
    const auto* from = reinterpret_cast<const std::byte*>(value);
    return call->services->write_sysfs(interface, name, {from, size}) ? NETRIG_OK : NETRIG_NOT_FOUND;
  });
}

std::uint64_t remaining(netrig_call* call) {
  std::int64_t left = 0;  // as when the host is gone
  callback(call, [&] {
    if (call->services != nullptr && call->services->interrupted()) call->interrupted = true;
    const auto until = std::chrono::duration_cast<std::chrono::nanoseconds>(call->deadline - Clock::now()).count();
    if (!call->interrupted && until > 0) left = until;
    return NETRIG_OK;
  });
  return static_cast<std::uint64_t>(left);
}

std::uint32_t cancelled(netrig_call* call) { return remaining(call) == 0 ? 1 : 0; }

}  // namespace

const void* find_service(const char* id) {
  static constexpr netrig_netlink kNetlink = {
      sizeof(netrig_netlink), 0, create_link, set_link, delete_link, flush, link_ifindex, get_link, request};
  static constexpr netrig_genl kGenl = {sizeof(netrig_genl), 0, genl_family, genl_request};
  static constexpr netrig_socket kSocket = {sizeof(netrig_socket), 0, open_socket};
  static constexpr netrig_log kLog = {sizeof(netrig_log), 0, log_write, log_enabled};
  static constexpr netrig_sysfs kSysfs = {sizeof(netrig_sysfs), 0, sysfs_read, sysfs_write};
  static constexpr netrig_cancel kCancel = {sizeof(netrig_cancel), 0, cancelled, remaining};
  static constexpr netrig_tun kTun = {sizeof(netrig_tun), 0, create_tun, open_queue};
  const std::string_view name = id;
  if (name == NETRIG_NETLINK_1) return &kNetlink;
  if (name == NETRIG_GENL_1) return &kGenl;
  if (name == NETRIG_SOCKET_1) return &kSocket;
  if (name == NETRIG_LOG_1) return &kLog;
  if (name == NETRIG_SYSFS_1) return &kSysfs;
  if (name == NETRIG_CANCEL_1) return &kCancel;
  if (name == NETRIG_TUN_1) return &kTun;
  return nullptr;
}

}  // namespace netrig::driver
