// SPDX-License-Identifier: Apache-2.0
#include <linux/if_bridge.h>
#include <linux/if_link.h>

#include <array>

#include "kernel/message.hpp"
#include "kernel/rows.hpp"

namespace netrig::kernel {
namespace {

constexpr Policy kLinkPolicy(expect_bytes(IFLA_AF_SPEC), expect_bytes(IFLA_LINKINFO));
constexpr Policy kInfoPolicy(expect_bytes(IFLA_INFO_DATA));
constexpr Policy kBridgePolicy(Expected{IFLA_BR_VLAN_DEFAULT_PVID, 2, 2});

/// BRIDGE_VLAN_INFO_* of each VLAN; nothing: it is not there.
using Table = std::array<std::optional<std::uint16_t>, kLastVlan + 1>;

std::uint16_t flags_of(const VlanRange& one) {
  return static_cast<std::uint16_t>((one.pvid ? BRIDGE_VLAN_INFO_PVID : 0) |
                                    (one.untagged ? BRIDGE_VLAN_INFO_UNTAGGED : 0));
}

Table table_of(const std::vector<VlanRange>& list) {
  Table table{};
  for (const VlanRange& one : list)
    for (std::uint32_t id = one.first; id <= one.last; ++id) table.at(id) = flags_of(one);
  return table;
}

/// As few entries as can be, for the VLANs that `wanted` gives flags for.
template <typename Wanted>
std::vector<VlanRange> ranges_of(Wanted&& wanted) {
  std::vector<VlanRange> list;
  for (std::uint16_t id = 1; id <= kLastVlan; ++id)
    if (const std::optional<std::uint16_t> flags = wanted(id))
      list.push_back({.first = id,
                      .last = id,
                      .pvid = (*flags & BRIDGE_VLAN_INFO_PVID) != 0,
                      .untagged = (*flags & BRIDGE_VLAN_INFO_UNTAGGED) != 0});
  return canonical_vlans(std::move(list));
}

void put_vlan(Batch& batch, std::uint16_t id, unsigned flags) {
  const bridge_vlan_info info{.flags = static_cast<std::uint16_t>(flags), .vid = id};
  batch.put(IFLA_BRIDGE_VLAN_INFO, &info, sizeof info);
}

void put(Batch& batch, const VlanRange& one) {
  if (one.first == one.last) return put_vlan(batch, one.first, flags_of(one));
  put_vlan(batch, one.first, flags_of(one) | BRIDGE_VLAN_INFO_RANGE_BEGIN);
  put_vlan(batch, one.last, flags_of(one) | BRIDGE_VLAN_INFO_RANGE_END);
}

void put_message(Batch& batch, std::uint16_t type, std::uint32_t ifindex, bool of_bridge,
                 const std::vector<VlanRange>& list) {
  if (list.empty()) return;
  ifinfomsg header{};
  header.ifi_family = AF_BRIDGE;
  header.ifi_index = static_cast<int>(ifindex);
  batch.begin(type, 0, header);
  const auto nest = batch.nest(IFLA_AF_SPEC | NLA_F_NESTED);
  if (of_bridge) batch.put_u16(IFLA_BRIDGE_FLAGS, BRIDGE_FLAGS_SELF);
  // What comes without a tag is in a VLAN all the time: in the new one before the old one loses it.
  for (const bool pvid : {true, false})
    for (const VlanRange& one : list)
      if (one.pvid == pvid) put(batch, one);
}

std::vector<VlanRange> read_list(std::span<const std::byte> bytes) {
  std::vector<VlanRange> list;
  std::uint16_t first = 0;
  for_each_attribute(bytes, [&](const Attribute& attribute) {
    if (attribute.type != IFLA_BRIDGE_VLAN_INFO || attribute.value.size() != sizeof(bridge_vlan_info)) return;
    const auto info = struct_of<bridge_vlan_info>(attribute.value);
    if ((info.flags & BRIDGE_VLAN_INFO_RANGE_BEGIN) != 0) {
      first = info.vid;
      return;
    }
    list.push_back({.first = (info.flags & BRIDGE_VLAN_INFO_RANGE_END) != 0 ? first : info.vid,
                    .last = info.vid,
                    .pvid = (info.flags & BRIDGE_VLAN_INFO_PVID) != 0,
                    .untagged = (info.flags & BRIDGE_VLAN_INFO_UNTAGGED) != 0});
  });
  return canonical_vlans(std::move(list));
}

std::optional<std::uint16_t> default_pvid(const LinkState* bridge) {
  if (bridge == nullptr) return std::nullopt;
  const auto found = Attributes<kLinkPolicy>::read(bridge->attributes);
  const auto info = found ? found->nested<IFLA_LINKINFO, kInfoPolicy>() : std::nullopt;
  const auto data = info ? info->nested<IFLA_INFO_DATA, kBridgePolicy>() : std::nullopt;
  return data ? data->u16<IFLA_BR_VLAN_DEFAULT_PVID>() : std::nullopt;
}

}  // namespace

/// They come and go with the bridge, or the port's place in it, so there is nothing to be removed.
void write_step(Batch& batch, const Doing<Vlans>& doing, const IfindexOf& ifindex_of) {
  if (doing.verb == Verb::remove || !doing.object.list) return;
  const Vlans& one = doing.object;
  const std::uint32_t ifindex = ifindex_of(one.interface);
  const Table wanted = table_of(*one.list);
  const bool is_known = doing.before != nullptr && doing.before->list;
  const Table before = is_known ? table_of(*doing.before->list) : Table{};
  put_message(batch, RTM_SETLINK, ifindex, one.of_bridge, ranges_of([&](std::uint16_t id) {
                return wanted.at(id) != before.at(id) ? wanted.at(id) : std::nullopt;
              }));
  // Of one that has just come about, whatever the bridge has given it: the kernel goes over those that are not there.
  put_message(batch, RTM_DELLINK, ifindex, one.of_bridge, ranges_of([&](std::uint16_t id) {
                return !wanted.at(id) && (!is_known || before.at(id)) ? std::optional<std::uint16_t>(0) : std::nullopt;
              }));
}

void see(const View& view, std::vector<Vlans>& into) {
  if (!view.at.interest.vlans) return;
  ifinfomsg header{};
  header.ifi_family = AF_BRIDGE;
  Batch batch;
  batch.begin(RTM_GETLINK, NLM_F_DUMP, header);
  batch.put(IFLA_EXT_MASK, std::uint32_t{RTEXT_FILTER_BRVLAN_COMPRESSED});
  constexpr const char* kWhat = "the VLANs of a namespace";
  // Not by dump(), which leaves out what is of no address family.
  const auto refusal = view.socket.ask(batch, [&](std::uint16_t type, std::span<const std::byte> payload) {
    if (type != RTM_NEWLINK) return;
    const auto message = Message<ifinfomsg, kLinkPolicy>::read(payload);
    if (!message) refuse_answer(kWhat);
    const LinkState* link = view.link(static_cast<std::uint32_t>(message->header.ifi_index));
    if (link == nullptr || message->header.ifi_family != AF_BRIDGE) return;
    Vlans& one = into.emplace_back();
    one.interface = link->name;
    one.of_bridge = link->kind == kBridge;
    one.usual = default_pvid(one.of_bridge ? link : view.link(link->master));
    one.list = read_list(message->found.template bytes<IFLA_AF_SPEC>());
  });
  if (refusal) throw Error(ErrorCode::failed, fmt::format("cannot list {}: {}", kWhat, refusal->str()));
}

}  // namespace netrig::kernel
