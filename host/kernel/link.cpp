// SPDX-License-Identifier: Apache-2.0
#include "kernel/link.hpp"

#include <linux/if.h>
#include <linux/if_link.h>
#include <netlink/attr.h>

#include <array>
#include <cstring>

#include "model/error.hpp"

namespace netrig::kernel {
namespace {

// Unknown attributes are skipped by nla_parse; those named here are refused when shorter than this.
std::array<nla_policy, IFLA_MAX + 1> link_policy() {
  std::array<nla_policy, IFLA_MAX + 1> policy{};
  policy[IFLA_IFNAME] = {.type = NLA_STRING, .minlen = 1, .maxlen = IFNAMSIZ};
  policy[IFLA_MTU] = {.type = NLA_U32, .minlen = 0, .maxlen = 0};
  policy[IFLA_GROUP] = {.type = NLA_U32, .minlen = 0, .maxlen = 0};
  policy[IFLA_MASTER] = {.type = NLA_U32, .minlen = 0, .maxlen = 0};
  policy[IFLA_QDISC] = {.type = NLA_STRING, .minlen = 1, .maxlen = IFNAMSIZ};
  policy[IFLA_IFALIAS] = {.type = NLA_STRING, .minlen = 0, .maxlen = 256};
  policy[IFLA_OPERSTATE] = {.type = NLA_U8, .minlen = 0, .maxlen = 0};
  policy[IFLA_LINKINFO] = {.type = NLA_NESTED, .minlen = 0, .maxlen = 0};
  return policy;
}

std::string text_of(const nlattr* attribute) {
  const auto* from = static_cast<const char*>(nla_data(attribute));
  return {from, strnlen(from, static_cast<std::size_t>(nla_len(attribute)))};
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
  static const auto policy = link_policy();
  if (payload.size() < sizeof(ifinfomsg)) return std::nullopt;
  ifinfomsg header{};
  std::memcpy(&header, payload.data(), sizeof header);
  const auto rest = payload.subspan(NLMSG_ALIGN(sizeof header));
  std::array<nlattr*, IFLA_MAX + 1> found{};
  // nla_parse wants a mutable pointer but only reads.
  auto* first = reinterpret_cast<nlattr*>(const_cast<std::byte*>(rest.data()));
  if (nla_parse(found.data(), IFLA_MAX, first, static_cast<int>(rest.size()), policy.data()) < 0) return std::nullopt;
  if (found[IFLA_IFNAME] == nullptr) return std::nullopt;
  LinkState state;
  state.ifindex = static_cast<std::uint32_t>(header.ifi_index);
  state.flags = header.ifi_flags;
  state.name = text_of(found[IFLA_IFNAME]);
  if (found[IFLA_MTU] != nullptr) state.mtu = nla_get_u32(found[IFLA_MTU]);
  if (found[IFLA_GROUP] != nullptr) state.group = nla_get_u32(found[IFLA_GROUP]);
  if (found[IFLA_MASTER] != nullptr) state.master = nla_get_u32(found[IFLA_MASTER]);
  if (found[IFLA_OPERSTATE] != nullptr) state.operstate = nla_get_u8(found[IFLA_OPERSTATE]);
  if (found[IFLA_QDISC] != nullptr) state.queueless = text_of(found[IFLA_QDISC]) == "noop";
  if (found[IFLA_IFALIAS] != nullptr) state.alias = text_of(found[IFLA_IFALIAS]);
  if (found[IFLA_ADDRESS] != nullptr && nla_len(found[IFLA_ADDRESS]) == 6) {
    state.mac.emplace();
    std::memcpy(state.mac->bytes.data(), nla_data(found[IFLA_ADDRESS]), 6);
  }
  if (found[IFLA_LINKINFO] != nullptr)
    if (const nlattr* kind = nla_find(static_cast<const nlattr*>(nla_data(found[IFLA_LINKINFO])),
                                      nla_len(found[IFLA_LINKINFO]), IFLA_INFO_KIND))
      state.kind = text_of(kind);
  return state;
}

std::vector<LinkState> list_links(Socket& socket) {
  Batch batch;
  batch.begin(RTM_GETLINK, NLM_F_DUMP, info(0));
  std::vector<LinkState> links;
  const auto refusal = socket.ask(batch, [&](std::uint16_t type, std::span<const std::byte> payload) {
    if (type == RTM_NEWLINK)
      if (auto link = parse_link(payload)) links.push_back(std::move(*link));
  });
  if (refusal) throw Error(ErrorCode::failed, "cannot list the interfaces of a namespace: " + refusal->str());
  return links;
}

std::optional<LinkState> get_link(Socket& socket, std::uint32_t ifindex) {
  Batch batch;
  batch.begin(RTM_GETLINK, 0, info(ifindex));
  std::optional<LinkState> link;
  const auto refusal = socket.ask(batch, [&](std::uint16_t type, std::span<const std::byte> payload) {
    if (type == RTM_NEWLINK) link = parse_link(payload);
  });
  if (refusal && refusal->error != ENODEV)
    throw Error(ErrorCode::failed, "cannot read an interface: " + refusal->str());
  return link;
}

bool is_settling(Socket& socket, std::uint32_t ifindex) {
  const auto link = get_link(socket, ifindex);
  constexpr std::uint32_t kUsable = IFF_UP | IFF_LOWER_UP;
  // Of one that the link watch has not looked at yet the state is unknown, but it has no queue.
  return link && (link->flags & kUsable) == kUsable &&
         (link->operstate == IF_OPER_DOWN || link->operstate == IF_OPER_LOWERLAYERDOWN || link->queueless);
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

void set_master(Batch& batch, std::uint32_t ifindex, std::uint32_t master) {
  begin_set_link(batch, ifindex);
  batch.put(IFLA_MASTER, master);
}

void set_group(Batch& batch, std::uint32_t ifindex, std::uint32_t group) {
  begin_set_link(batch, ifindex);
  batch.put(IFLA_GROUP, group);
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
