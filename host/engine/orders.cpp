// SPDX-License-Identifier: Apache-2.0
#include "engine/orders.hpp"

#include <fmt/format.h>
#include <linux/if_link.h>

#include <algorithm>
#include <cerrno>
#include <variant>

namespace netrig::engine {
namespace {

std::uint32_t first_interface(const driver::Order& order) {
  return std::visit([](const auto& one) { return one.interface; }, order);
}

void append_link(kernel::Batch& batch, const driver::LinkOrder& order, const DeviceSpaces& spaces,
                 const std::vector<driver::InterfaceRequest>& interfaces,
                 const std::vector<driver::Reference>& references, const std::vector<std::uint32_t>& ifindexes) {
  const Space& sender = sender_of(order, spaces);
  const auto new_link = [&](std::uint32_t index) {
    const Space* home = spaces.homes.at(index);
    return kernel::NewLink{.name = interfaces.at(index).name,
                           .ifindex = ifindexes.at(index),
                           .netns_fd = home == &sender ? -1 : home->fd().get(),
                           .mtu = interfaces.at(index).mtu,
                           .mac = interfaces.at(index).mac,
                           .up = false};
  };
  kernel::begin_new_link(batch, new_link(order.interface));
  batch.put_built(order.attributes);
  if (order.lower && !references.at(*order.lower).is_namespace)
    batch.put(IFLA_LINK, references.at(*order.lower).ifindex);
  const auto info = batch.nest(IFLA_LINKINFO);
  batch.put_text(IFLA_INFO_KIND, order.kind);
  const auto data = batch.nest(IFLA_INFO_DATA);
  batch.put_built(order.data);
  if (order.peer) {
    const auto peer = batch.nest(order.peer->type);
    kernel::append_peer(batch, new_link(order.peer->interface));
    batch.put_built(order.peer->attributes);
  }
}

void append_change(kernel::Batch& batch, const driver::LinkChange& change,
                   const std::vector<std::uint32_t>& ifindexes) {
  kernel::begin_set_link(batch, ifindexes.at(change.interface));
  batch.put_built(change.attributes);
  if (change.kind.empty()) return;
  const auto info = batch.nest(IFLA_LINKINFO);
  batch.put_text(IFLA_INFO_KIND, change.kind);
  const auto data = batch.nest(IFLA_INFO_DATA);
  batch.put_built(change.data);
}

}  // namespace

Space& sender_of(const driver::Order& order, const DeviceSpaces& spaces) {
  if (const auto* link = std::get_if<driver::LinkOrder>(&order)) {
    if (link->lower) return *spaces.references.at(*link->lower);
    if (link->beside) return *spaces.references.at(*link->beside);
  }
  return *spaces.homes.at(first_interface(order));
}

void append_order(kernel::Batch& batch, const driver::Order& order, const DeviceSpaces& spaces,
                  const std::vector<driver::InterfaceRequest>& interfaces,
                  const std::vector<driver::Reference>& references, const std::vector<std::uint32_t>& ifindexes) {
  if (const auto* link = std::get_if<driver::LinkOrder>(&order))
    append_link(batch, *link, spaces, interfaces, references, ifindexes);
  else if (const auto* change = std::get_if<driver::LinkChange>(&order))
    append_change(batch, *change, ifindexes);
  else
    kernel::delete_link(batch, ifindexes.at(first_interface(order)));
}

void note_made(const driver::LinkOrder& order, std::vector<MadeInterface>& interfaces) {
  interfaces.at(order.interface).kind = order.kind;
  if (order.peer) interfaces.at(order.peer->interface).kind = order.kind;
}

Error order_error(const driver::Order& order, const kernel::Refusal& refusal,
                  const std::vector<MadeInterface>& interfaces) {
  const MadeInterface& interface = interfaces.at(first_interface(order));
  const std::string name = fmt::format("{}:{}", interface.home, interface.name);
  if (const auto* link = std::get_if<driver::LinkOrder>(&order)) {
    if (refusal.error == EOPNOTSUPP && refusal.text == "Unknown device type")
      return {ErrorCode::unsupported,
              fmt::format("this kernel cannot make a {0}: {1}; it has no such kind of link, and \"modprobe "
                          "rtnl-link-{0}\" finds no module that has",
                          link->kind, refusal.str())};
    if (refusal.error == EPERM)
      return {ErrorCode::denied,
              fmt::format("not permitted to make {} {}: {}; this needs CAP_NET_ADMIN, run it with sudo", link->kind,
                          name, refusal.str())};
    const bool exists = refusal.error == EEXIST;
    return {exists ? ErrorCode::conflict : ErrorCode::failed,
            fmt::format("the kernel refuses to make {} {}: {}", link->kind, name, refusal.str())};
  }
  const char* verb = std::holds_alternative<driver::LinkChange>(order) ? "change" : "delete";
  return {ErrorCode::failed, fmt::format("the kernel refuses to {} {}: {}", verb, name, refusal.str())};
}

}  // namespace netrig::engine
