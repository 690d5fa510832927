// SPDX-License-Identifier: Apache-2.0
#include <linux/if.h>
#include <linux/if_link.h>

#include <array>

#include "kernel/message.hpp"
#include "kernel/rows.hpp"

namespace netrig::kernel {
namespace {

struct Flag {
  std::uint16_t attribute;
  Given<bool> Port::*setting;
};
constexpr std::array kFlags = {Flag{IFLA_BRPORT_MODE, &Port::hairpin},
                               Flag{IFLA_BRPORT_ISOLATED, &Port::isolated},
                               Flag{IFLA_BRPORT_LEARNING, &Port::learning},
                               Flag{IFLA_BRPORT_UNICAST_FLOOD, &Port::flood},
                               Flag{IFLA_BRPORT_MCAST_FLOOD, &Port::multicast_flood},
                               Flag{IFLA_BRPORT_BCAST_FLOOD, &Port::broadcast_flood},
                               Flag{IFLA_BRPORT_MCAST_TO_UCAST, &Port::multicast_to_unicast},
                               Flag{IFLA_BRPORT_GUARD, &Port::guard},
                               Flag{IFLA_BRPORT_PROTECT, &Port::root_block},
                               Flag{IFLA_BRPORT_FAST_LEAVE, &Port::fast_leave},
                               Flag{IFLA_BRPORT_NEIGH_SUPPRESS, &Port::neighbour_suppress},
                               Flag{IFLA_BRPORT_PROXYARP, &Port::proxy_arp},
                               Flag{IFLA_BRPORT_LOCKED, &Port::locked}};

constexpr Policy kLinkPolicy(expect_bytes(IFLA_LINKINFO));
constexpr Policy kInfoPolicy(expect_bytes(IFLA_INFO_SLAVE_DATA));

/// What is to be set: given, and not so already.
template <typename T>
bool differs(const Doing<Port>& doing, Given<T> Port::*setting) {
  const Given<T>& wanted = doing.object.*setting;
  return wanted && (doing.before == nullptr || wanted != doing.before->*setting);
}

void read(const Attribute& attribute, Port& into) {
  const auto size = attribute.value.size();
  if (attribute.type == IFLA_BRPORT_COST && size == sizeof(std::uint32_t))
    into.cost = struct_of<std::uint32_t>(attribute.value);
  else if (attribute.type == IFLA_BRPORT_PRIORITY && size == sizeof(std::uint16_t))
    into.priority = std::uint32_t{struct_of<std::uint16_t>(attribute.value)};
  else if (attribute.type == IFLA_BRPORT_STATE && size == 1)
    into.state = static_cast<PortState>(struct_of<std::uint8_t>(attribute.value));
  else
    for (const Flag& flag : kFlags)
      if (attribute.type == flag.attribute && size == 1)
        into.*flag.setting = struct_of<std::uint8_t>(attribute.value) != 0;
}

}  // namespace

/// It comes and goes with its master, so there is nothing to be removed.
void write_step(Batch& batch, const Doing<Port>& doing, const IfindexOf& ifindex_of) {
  bool any = false;
  Port::each_setting([&](std::string_view, auto setting) { any = any || differs(doing, setting); });
  if (doing.verb == Verb::remove || !any) return;
  const Port& wanted = doing.object;
  // Not with IFLA_INFO_SLAVE_DATA, which a master of another kind would take for what it has by these numbers.
  ifinfomsg header{};
  header.ifi_family = AF_BRIDGE;
  header.ifi_index = static_cast<int>(ifindex_of(wanted.interface));
  batch.begin(RTM_SETLINK, 0, header);
  const auto data = batch.nest(IFLA_PROTINFO | NLA_F_NESTED);
  for (const Flag& flag : kFlags)
    if (differs(doing, flag.setting)) batch.put_u8(flag.attribute, *(wanted.*flag.setting) ? 1 : 0);
  if (differs(doing, &Port::cost)) batch.put(IFLA_BRPORT_COST, *wanted.cost);
  if (differs(doing, &Port::priority))
    batch.put_u16(IFLA_BRPORT_PRIORITY, static_cast<std::uint16_t>(*wanted.priority));
  // One that has just joined forwards as soon as it has a carrier, and cannot be told to before.
  const bool is_born_so = doing.before == nullptr && wanted.state == Given(PortState::forwarding);
  if (differs(doing, &Port::state) && !is_born_so)
    batch.put_u8(IFLA_BRPORT_STATE, static_cast<std::uint8_t>(*wanted.state));
}

void see(const View& view, std::vector<Port>& into) {
  if (!view.at.interest.ports) return;
  for (const LinkState& link : view.links) {
    if (!link.port_state) continue;
    Port& port = into.emplace_back();
    port.interface = link.name;
    const auto found = Attributes<kLinkPolicy>::read(link.attributes);
    if (!found) continue;
    if (const auto info = found->nested<IFLA_LINKINFO, kInfoPolicy>())
      for_each_attribute(info->bytes<IFLA_INFO_SLAVE_DATA>(),
                         [&](const Attribute& attribute) { read(attribute, port); });
    // Without a carrier it is disabled, whatever it will be with one.
    if ((link.flags & IFF_RUNNING) == 0) port.state.reset();
  }
}

}  // namespace netrig::kernel
