// SPDX-License-Identifier: Apache-2.0
#include "kernel/link.hpp"

#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "kernel/message.hpp"
#include "model/error.hpp"
#include "model/error_number.hpp"
#include "model/unique_fd.hpp"

namespace netrig::kernel {
namespace {

constexpr Policy kLinkPolicy(Expected{IFLA_IFNAME, 1, IFNAMSIZ}, expect_u32(IFLA_MTU), expect_u32(IFLA_GROUP),
                             expect_u32(IFLA_MASTER), expect_u32(IFLA_TXQLEN), expect_text(IFLA_QDISC, IFNAMSIZ),
                             expect_text(IFLA_IFALIAS, 256), expect_u8(IFLA_OPERSTATE), expect_u8(IFLA_PROTO_DOWN),
                             expect_bytes(IFLA_ADDRESS), expect_bytes(IFLA_LINKINFO), expect_bytes(IFLA_AF_SPEC),
                             expect_bytes(IFLA_PROP_LIST), expect_u32(IFLA_CARRIER_CHANGES));
constexpr Policy kInfoPolicy(expect_text(IFLA_INFO_KIND, 64), expect_text(IFLA_INFO_SLAVE_KIND, 64),
                             expect_bytes(IFLA_INFO_SLAVE_DATA));
constexpr Policy kPortPolicy(expect_u8(IFLA_BRPORT_STATE));
constexpr Policy kKindPolicy(expect_text(IFLA_INFO_KIND, 64), expect_bytes(IFLA_INFO_DATA));
constexpr Policy kVrfPolicy(expect_u32(IFLA_VRF_TABLE));
constexpr Policy kFamiliesPolicy(expect_bytes(AF_INET6));
constexpr Policy kInet6Policy(expect_u8(IFLA_INET6_ADDR_GEN_MODE), expect_bytes(IFLA_INET6_CONF));
// DEVCONF_DISABLE_IPV6 of linux/ipv6.h, which cannot be included beside netinet/in.h.
constexpr std::size_t kDisableIpv6 = 26;

/// `sysctls`: those of the interface, 32 bits each.
bool is_ipv6_off(std::span<const std::byte> sysctls) {
  std::int32_t value = 0;
  if (sysctls.size() >= (kDisableIpv6 + 1) * sizeof value)
    std::memcpy(&value, sysctls.data() + kDisableIpv6 * sizeof value, sizeof value);
  return value != 0;
}

std::vector<std::string> altnames_of(std::span<const std::byte> properties) {
  std::vector<std::string> names;
  for_each_attribute(properties, [&](const Attribute& attribute) {
    const auto* from = reinterpret_cast<const char*>(attribute.value.data());
    if (attribute.type == IFLA_ALT_IFNAME) names.emplace_back(from, ::strnlen(from, attribute.value.size()));
  });
  std::sort(names.begin(), names.end());
  return names;
}

ifinfomsg info(std::uint32_t ifindex) {
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(ifindex);
  return header;
}

void put_new_link(Batch& batch, const NewLink& link) {
  batch.put_text(IFLA_IFNAME, link.name);
  if (link.netns_fd >= 0) batch.put(IFLA_NET_NS_FD, static_cast<std::uint32_t>(link.netns_fd));
  if (link.mtu) batch.put(IFLA_MTU, *link.mtu);
  if (link.mac) batch.put(IFLA_ADDRESS, *link.mac);
}

ifinfomsg new_info(const NewLink& link) {
  ifinfomsg header = info(link.ifindex);
  if (link.up) header.ifi_flags = header.ifi_change = IFF_UP;
  return header;
}

}  // namespace

std::optional<LinkState> parse_link(std::span<const std::byte> payload) {
  const auto message = Message<ifinfomsg, kLinkPolicy>::read(payload);
  if (!message || !message->found.has<IFLA_IFNAME>()) return std::nullopt;
  const auto& [header, found] = *message;
  LinkState state;
  state.ifindex = static_cast<std::uint32_t>(header.ifi_index);
  state.flags = header.ifi_flags;
  state.name = *found.text<IFLA_IFNAME>();
  state.mtu = found.u32<IFLA_MTU>().value_or(0);
  state.group = found.u32<IFLA_GROUP>().value_or(0);
  state.master = found.u32<IFLA_MASTER>().value_or(0);
  state.operstate = found.u8<IFLA_OPERSTATE>().value_or(0);
  state.carrier_changes = found.u32<IFLA_CARRIER_CHANGES>().value_or(0);
  state.qdisc = found.text<IFLA_QDISC>().value_or("");
  state.queueless = state.qdisc == "noop";
  if (state.queueless || state.qdisc == "noqueue") state.qdisc.clear();
  state.alias = found.text<IFLA_IFALIAS>().value_or("");
  state.mac = found.mac<IFLA_ADDRESS>();
  state.txqlen = found.u32<IFLA_TXQLEN>().value_or(0);
  state.protodown = found.u8<IFLA_PROTO_DOWN>().value_or(0) != 0;
  state.altnames = altnames_of(found.bytes<IFLA_PROP_LIST>());
  if (const auto info = found.nested<IFLA_LINKINFO, kInfoPolicy>()) {
    state.kind = info->text<IFLA_INFO_KIND>().value_or("");
    if (info->text<IFLA_INFO_SLAVE_KIND>() == "bridge")
      if (const auto port = info->nested<IFLA_INFO_SLAVE_DATA, kPortPolicy>())
        state.port_state = port->u8<IFLA_BRPORT_STATE>();
  }
  if (const auto families = found.nested<IFLA_AF_SPEC, kFamiliesPolicy>())
    if (const auto inet6 = families->nested<AF_INET6, kInet6Policy>()) {
      state.addr_gen_mode = inet6->u8<IFLA_INET6_ADDR_GEN_MODE>();
      state.ipv6_off = is_ipv6_off(inet6->bytes<IFLA_INET6_CONF>());
    }
  return state;
}

std::vector<LinkState> list_links(Socket& socket, const IsWhole& whole) {
  Batch batch;
  batch.begin(RTM_GETLINK, NLM_F_DUMP, info(0));
  // Counters are summed over all processors, which is most of what a link's message costs.
  batch.put(IFLA_EXT_MASK, std::uint32_t{RTEXT_FILTER_SKIP_STATS});
  std::vector<LinkState> links;
  constexpr const char* kWhat = "the interfaces of a namespace";
  dump<ifinfomsg>(socket, batch, kWhat, [&](std::span<const std::byte> payload) {
    auto link = parse_link(payload);
    if (!link) refuse_answer(kWhat);
    if (whole && whole(*link)) {
      const auto attributes = payload.subspan(std::min<std::size_t>(NLMSG_ALIGN(sizeof(ifinfomsg)), payload.size()));
      link->attributes.assign(attributes.begin(), attributes.end());
    }
    links.push_back(std::move(*link));
  });
  return links;
}

std::string usual_name(const LinkState& link) {
  return link.kind == "tun" && (link.flags & IFF_POINTOPOINT) == 0 ? "tap" : link.kind;
}

std::optional<LinkState> get_link(Socket& socket, std::uint32_t ifindex) {
  Batch batch;
  batch.begin(RTM_GETLINK, 0, info(ifindex));
  batch.put(IFLA_EXT_MASK, std::uint32_t{RTEXT_FILTER_SKIP_STATS});
  std::optional<LinkState> link;
  const auto refusal = socket.ask(batch, [&](std::uint16_t type, std::span<const std::byte> payload) {
    if (type == RTM_NEWLINK) link = parse_link(payload);
  });
  if (refusal && refusal->error != ENODEV)
    throw Error(ErrorCode::failed, "cannot read an interface: " + refusal->str());
  return link;
}

std::optional<std::uint32_t> vrf_table(Socket& socket, std::uint32_t ifindex) {
  Batch batch;
  batch.begin(RTM_GETLINK, 0, info(ifindex));
  std::optional<std::uint32_t> table;
  const auto refusal = socket.ask(batch, [&](std::uint16_t type, std::span<const std::byte> payload) {
    if (type != RTM_NEWLINK) return;
    const auto message = Message<ifinfomsg, kLinkPolicy>::read(payload);
    if (!message) return;
    const auto kind = message->found.nested<IFLA_LINKINFO, kKindPolicy>();
    if (!kind || kind->text<IFLA_INFO_KIND>() != "vrf") return;
    if (const auto vrf = kind->nested<IFLA_INFO_DATA, kVrfPolicy>()) table = vrf->u32<IFLA_VRF_TABLE>();
  });
  if (refusal && refusal->error != ENODEV)
    throw Error(ErrorCode::failed, "cannot read an interface: " + refusal->str());
  return table;
}

bool is_settling(const LinkState& link) {
  constexpr std::uint32_t kUsable = IFF_UP | IFF_LOWER_UP;
  if ((link.flags & kUsable) != kUsable) return false;
  // Every change of a carrier is the link watch's, and what it has looked at is no longer of unknown state. That there
  // is a qdisc says nothing: one that comes up without a carrier gets it, and leaves it unused.
  const bool unseen = link.operstate == IF_OPER_UNKNOWN && link.carrier_changes != 0;
  return unseen || link.operstate == IF_OPER_DOWN || link.operstate == IF_OPER_LOWERLAYERDOWN || link.queueless;
}

bool is_settling(Socket& socket, std::uint32_t ifindex) {
  const auto link = get_link(socket, ifindex);
  return link && is_settling(*link);
}

std::optional<std::uint32_t> speed_of(const std::string& interface) {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) throw Error(ErrorCode::failed, "cannot open a socket to ask for a speed: " + errno_text(errno));
  // The older request: all that it lacks are link modes that nobody asks for here, and every kernel answers it.
  ethtool_cmd command{};
  command.cmd = ETHTOOL_GSET;
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&command);
  if (::ioctl(socket.get(), SIOCETHTOOL, &request) != 0) return std::nullopt;
  const std::uint32_t speed = ethtool_cmd_speed(&command);
  return speed == 0 || speed == static_cast<std::uint32_t>(SPEED_UNKNOWN) ? std::nullopt : std::optional(speed);
}

Hardware hardware_of(const std::string& interface) {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) throw Error(ErrorCode::failed, "cannot open a socket to ask for a driver: " + errno_text(errno));
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&info);
  if (::ioctl(socket.get(), SIOCETHTOOL, &request) != 0) return {};
  return {.driver = std::string(info.driver, ::strnlen(info.driver, sizeof info.driver)),
          .bus_address = std::string(info.bus_info, ::strnlen(info.bus_info, sizeof info.bus_info))};
}

void begin_new_link(Batch& batch, const NewLink& link) {
  batch.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, new_info(link));
  put_new_link(batch, link);
}

void append_peer(Batch& batch, const NewLink& link) {
  const ifinfomsg header = new_info(link);
  batch.append(&header, sizeof header);
  put_new_link(batch, link);
}

void begin_set_link(Batch& batch, std::uint32_t ifindex) { batch.begin(RTM_NEWLINK, 0, info(ifindex)); }

void set_link_up(Batch& batch, std::uint32_t ifindex, bool up) {
  ifinfomsg header = info(ifindex);
  header.ifi_change = IFF_UP;
  header.ifi_flags = up ? IFF_UP : 0;
  batch.begin(RTM_NEWLINK, 0, header);
}

void set_group(Batch& batch, std::uint32_t ifindex, std::uint32_t group) {
  begin_set_link(batch, ifindex);
  batch.put(IFLA_GROUP, group);
}

void move_link(Batch& batch, std::uint32_t ifindex, const NewLink& link) {
  begin_set_link(batch, ifindex);
  put_new_link(batch, link);
  if (link.ifindex != 0) batch.put(IFLA_NEW_IFINDEX, link.ifindex);
}

void delete_link(Batch& batch, std::uint32_t ifindex) { batch.begin(RTM_DELLINK, 0, info(ifindex)); }

void delete_group(Batch& batch, std::uint32_t group) {
  batch.begin(RTM_DELLINK, 0, info(0));
  batch.put(IFLA_GROUP, group);
}

std::string operstate_text(std::uint8_t operstate) {
  static constexpr std::array kTexts = {"UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP"};
  return operstate < kTexts.size() ? kTexts.at(operstate) : "UNKNOWN";
}

}  // namespace netrig::kernel
