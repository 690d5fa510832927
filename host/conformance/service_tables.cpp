// SPDX-License-Identifier: Apache-2.0
// The services of a host that makes nothing.
#include <fmt/format.h>
#include <linux/genetlink.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "conformance/stage.hpp"
#include "driver/security.hpp"

namespace netrig::conformance {
namespace {

constexpr std::uint64_t kRemaining = 10'000'000'000;  // ns

bool is_well_formed(const void* data, std::uint32_t size) {
  if (data == nullptr) return size == 0;
  const auto* at = static_cast<const unsigned char*>(data);
  while (size > 0) {
    std::uint16_t length = 0;
    if (size < 4) return false;
    std::memcpy(&length, at, sizeof length);
    if (length < 4 || length > size) return false;
    const std::uint32_t step = std::min<std::uint32_t>((length + 3U) & ~3U, size);
    at += step;
    size -= step;
  }
  return true;
}

bool is_own_kind(const Stage& stage, const char* kind) {
  const auto& kinds = stage.about.link_kinds;
  return kind != nullptr && std::find(kinds.begin(), kinds.end(), std::string_view(kind)) != kinds.end();
}

/// Whether an order is one that any host takes; what is wrong with it is written down.
bool is_order(Stage& stage, driver::Operation operation, const char* function, std::uint32_t interface) {
  if (!stage.runs(operation))
    stage.misdeed("calls.operations", fmt::format("it calls {} in another operation than it is for", function));
  if (!stage.has_interface(interface))
    stage.misdeed("calls.interfaces",
                  fmt::format("{} is about interface {}, of {}", function, interface, stage.made.size()));
  return stage.runs(operation) && stage.has_interface(interface);
}

netrig_status create_link(netrig_call* call, const netrig_link* link) {
  Stage& stage = Stage::of(call, "create_link");
  if (link == nullptr || !NETRIG_HAS(link, lower)) {
    stage.misdeed("calls.sizes", "its struct netrig_link does not say its size");
    return NETRIG_DENIED;
  }
  bool good = is_order(stage, driver::Operation::create, "create_link", link->interface);
  if (good && link->peer != NETRIG_NONE) good = is_order(stage, driver::Operation::create, "create_link", link->peer);
  if (!is_own_kind(stage, link->kind)) {
    stage.misdeed("calls.kinds", fmt::format("it wants a link of kind \"{}\", which its table does not name",
                                             link->kind == nullptr ? "(null)" : link->kind));
    good = false;
  }
  if (!is_well_formed(link->attributes, link->attributes_size) || !is_well_formed(link->data, link->data_size) ||
      !is_well_formed(link->peer_attributes, link->peer_attributes_size)) {
    stage.misdeed("calls.attributes", "the attributes of a link are cut off");
    good = false;
  }
  if (good && (stage.made[link->interface] || (link->peer != NETRIG_NONE && stage.made[link->peer]))) {
    stage.misdeed("calls.once", fmt::format("it makes interface {} twice", link->interface));
    good = false;
  }
  if (good && link->peer == NETRIG_NONE && driver::peer_attribute(link->kind) != 0) {
    stage.misdeed("life.only", fmt::format("it makes a {} without its second end, which the kernel makes under a name "
                                           "of its own",
                                           link->kind));
    good = false;
  }
  if (!good) return NETRIG_DENIED;
  if (const netrig_status status = stage.next(); status != NETRIG_OK) {
    stage.account.order_failed = true;
    return status;
  }
  stage.made[link->interface] = true;
  if (link->peer != NETRIG_NONE) stage.made[link->peer] = true;
  stage.order(fmt::format("create {} {} {} {} {} {} {} {}", link->interface, link->kind,
                          hex(link->attributes, link->attributes_size), hex(link->data, link->data_size),
                          static_cast<std::int32_t>(link->peer), link->peer == NETRIG_NONE ? 0 : link->peer_type,
                          link->peer == NETRIG_NONE ? "" : hex(link->peer_attributes, link->peer_attributes_size),
                          static_cast<std::int32_t>(link->lower)));
  return NETRIG_OK;
}
netrig_status set_link(netrig_call* call, std::uint32_t interface, const char* kind, const void* attributes,
                       std::uint32_t attributes_size, const void* data, std::uint32_t data_size) {
  Stage& stage = Stage::of(call, "set_link");
  const netrig_status status = stage.next();
  if (status != NETRIG_OK || !stage.has_interface(interface)) return status == NETRIG_OK ? NETRIG_DENIED : status;
  stage.order(fmt::format("set {} {} {} {}", interface, kind == nullptr ? "" : kind, hex(attributes, attributes_size),
                          hex(data, data_size)));
  return NETRIG_OK;
}
netrig_status delete_link(netrig_call* call, std::uint32_t interface) {
  Stage& stage = Stage::of(call, "delete_link");
  if (!is_order(stage, driver::Operation::destroy, "delete_link", interface)) return NETRIG_DENIED;
  if (const netrig_status status = stage.next(); status != NETRIG_OK) {
    stage.account.order_failed = true;
    return status;
  }
  stage.order(fmt::format("delete {}", interface));
  return NETRIG_OK;
}
netrig_status flush(netrig_call* call) { return Stage::of(call, "flush").next(); }
std::uint32_t link_ifindex(netrig_call* call, std::uint32_t interface) {
  Stage& stage = Stage::of(call, "link_ifindex");
  if (!stage.has_interface(interface)) return 0;
  return stage.made[interface] || stage.scene.request.interfaces[interface].ifindex != 0 ? kFirstIfindex + interface : 0;
}
netrig_status get_link(netrig_call* call, std::uint32_t interface, netrig_attribute_fn* each, void* user) {
  Stage& stage = Stage::of(call, "get_link");
  if (const netrig_status status = stage.next(); status != NETRIG_OK) return status;
  if (!stage.has_interface(interface) || each == nullptr) return NETRIG_DENIED;
  const std::string& name = stage.scene.request.interfaces[interface].name;
  const std::uint32_t mtu = 1500;
  const std::array<unsigned char, 6> mac = {2, 0, 0, 0, 0, 1};
  each(user, 3, name.c_str(), static_cast<std::uint32_t>(name.size() + 1));  // IFLA_IFNAME
  each(user, 4, &mtu, sizeof mtu);                                           // IFLA_MTU
  each(user, 1, mac.data(), mac.size());                                     // IFLA_ADDRESS
  return NETRIG_OK;
}
netrig_status request(netrig_call* call, std::uint32_t interface, std::uint16_t type, std::uint16_t flags,
                      const void* message, std::uint32_t size, netrig_attribute_fn* /*answer*/, void* /*user*/) {
  Stage& stage = Stage::of(call, "request");
  if (const netrig_status status = stage.next(); status != NETRIG_OK) return status;
  stage.order(fmt::format("request {} {} {} {}", interface, type, flags, hex(message, size)));
  return NETRIG_OK;
}
netrig_status family(netrig_call* call, std::uint32_t /*interface*/, const char* name, std::uint16_t* id) {
  Stage& stage = Stage::of(call, "family");
  if (const netrig_status status = stage.next(); status != NETRIG_OK) return status;
  if (name == nullptr || id == nullptr) return NETRIG_INVALID;
  *id = std::string_view(name) == "nlctrl" ? GENL_ID_CTRL : GENL_ID_CTRL + 4;
  return NETRIG_OK;
}
netrig_status genl_request(netrig_call* call, std::uint32_t interface, std::uint16_t number, std::uint8_t command,
                           std::uint8_t /*version*/, std::uint16_t /*flags*/, const void* attributes,
                           std::uint32_t size, netrig_attribute_fn* /*answer*/, void* /*user*/) {
  Stage& stage = Stage::of(call, "genl request");
  if (const netrig_status status = stage.next(); status != NETRIG_OK) return status;
  stage.order(fmt::format("genl {} {} {} {}", interface, number, command, hex(attributes, size)));
  return NETRIG_OK;
}
netrig_status open_socket(netrig_call* call, std::uint32_t /*interface*/, std::uint32_t /*kind*/,
                          std::int32_t* /*fd*/) {
  Stage& stage = Stage::of(call, "open");
  const netrig_status status = stage.next();
  return status == NETRIG_OK ? NETRIG_DENIED : status;  // as where the privilege is not granted
}
netrig_status create_tun(netrig_call* call, const netrig_tun_device* device) {
  Stage& stage = Stage::of(call, "create");
  if (device == nullptr || !NETRIG_HAS(device, group)) {
    stage.misdeed("calls.sizes", "its struct netrig_tun_device does not say its size");
    return NETRIG_DENIED;
  }
  if (!is_order(stage, driver::Operation::create, "create", device->interface)) return NETRIG_DENIED;
  if (const netrig_status status = stage.next(); status != NETRIG_OK) {
    stage.account.order_failed = true;
    return status;
  }
  stage.made[device->interface] = true;
  stage.order(
      fmt::format("tun {} {} {} {} {}", device->interface, device->type, device->flags, device->owner, device->group));
  return NETRIG_OK;
}
netrig_status open_queue(netrig_call* call, std::uint32_t /*interface*/, std::int32_t* /*fd*/) {
  Stage& stage = Stage::of(call, "open_queue");
  const netrig_status status = stage.next();
  return status == NETRIG_OK ? NETRIG_DENIED : status;  // as where the privilege is not granted
}
void log_write(netrig_call* call, std::uint32_t /*level*/, const char* /*message*/) { Stage::of(call, "write"); }
std::uint32_t log_enabled(netrig_call* call, std::uint32_t /*level*/) { return Stage::of(call, "enabled"), 1; }
netrig_status sysfs_read(netrig_call* call, std::uint32_t /*interface*/, const char* path, char* buffer,
                         std::uint32_t* size) {
  Stage& stage = Stage::of(call, "read");
  if (const netrig_status status = stage.next(); status != NETRIG_OK) return status;
  if (path == nullptr || buffer == nullptr || size == nullptr) return NETRIG_INVALID;
  const std::string_view text = std::string_view(path) == "address" ? "02:00:00:00:00:01\n" : "1\n";
  if (text.size() > *size) return NETRIG_INVALID;
  std::copy(text.begin(), text.end(), buffer);
  *size = static_cast<std::uint32_t>(text.size());
  return NETRIG_OK;
}
netrig_status sysfs_write(netrig_call* call, std::uint32_t /*interface*/, const char* /*path*/, const char* /*value*/,
                          std::uint32_t /*size*/) {
  Stage& stage = Stage::of(call, "write");
  if (stage.runs(driver::Operation::inspect))
    stage.misdeed("calls.operations", "it writes to sysfs where it is only asked how things are");
  const netrig_status status = stage.next();
  return status == NETRIG_OK ? NETRIG_DENIED : status;  // as where the privilege is not granted
}
std::uint32_t cancelled(netrig_call* call) { return Stage::of(call, "cancelled"), 0; }
std::uint64_t remaining(netrig_call* call) { return Stage::of(call, "remaining"), kRemaining; }

/// A service's table, and as a later host has it.
template <typename Table>
const void* table_of(const Table& table, bool newer) {
  static Longer<Table> now;
  static Longer<Table> later;
  now.known = later.known = table;
  now.known.struct_size = sizeof(Table);
  later.known.struct_size = sizeof later;
  return newer ? &later.known : &now.known;
}

}  // namespace

const void* service(netrig_call* call, const char* id) {
  Stage& stage = Stage::of(call, "service");
  const std::string_view name = id == nullptr ? "" : id;
  if (name == stage.scene.lacks || stage.runs(driver::Operation::validate)) return nullptr;
  const bool newer = stage.scene.newer;
  if (name == NETRIG_NETLINK_1) {
    netrig_netlink table{};
    table.create_link = create_link;
    table.set_link = set_link;
    table.delete_link = delete_link;
    table.flush = flush;
    table.link_ifindex = link_ifindex;
    table.get_link = get_link;
    table.request = request;
    return table_of(table, newer);
  }
  if (name == NETRIG_GENL_1) {
    netrig_genl table{};
    table.family = family;
    table.request = genl_request;
    return table_of(table, newer);
  }
  if (name == NETRIG_SOCKET_1) {
    netrig_socket table{};
    table.open = open_socket;
    return table_of(table, newer);
  }
  if (name == NETRIG_TUN_1) {
    netrig_tun table{};
    table.create = create_tun;
    table.open_queue = open_queue;
    return table_of(table, newer);
  }
  if (name == NETRIG_LOG_1) {
    netrig_log table{};
    table.write = log_write;
    table.enabled = log_enabled;
    return table_of(table, newer);
  }
  if (name == NETRIG_SYSFS_1) {
    netrig_sysfs table{};
    table.read = sysfs_read;
    table.write = sysfs_write;
    return table_of(table, newer);
  }
  if (name == NETRIG_CANCEL_1) {
    netrig_cancel table{};
    table.cancelled = cancelled;
    table.remaining = remaining;
    return table_of(table, newer);
  }
  return nullptr;
}

}  // namespace netrig::conformance
