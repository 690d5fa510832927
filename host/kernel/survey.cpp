// SPDX-License-Identifier: Apache-2.0
#include "kernel/survey.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/ipv6.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/netdevice.h>
#include <linux/nexthop.h>
#include <linux/pkt_sched.h>
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "kernel/inside.hpp"
#include "kernel/message.hpp"
#include "kernel/namespace.hpp"
#include "kernel/parameter.hpp"
#include "kernel/qdisc.hpp"
#include "model/error_number.hpp"

namespace netrig::kernel {
namespace {

constexpr Policy kLowerPolicy(expect_u32(IFLA_LINK), expect_u32(IFLA_LINK_NETNSID), expect_bytes(IFLA_AF_SPEC),
                              expect_bytes(IFLA_LINKINFO));
constexpr Policy kFamilies(expect_bytes(AF_INET), expect_bytes(AF_INET6));
constexpr Policy kConf4(expect_bytes(IFLA_INET_CONF));
constexpr Policy kConf6(expect_bytes(IFLA_INET6_CONF));
constexpr Policy kKind(expect_bytes(IFLA_INFO_SLAVE_DATA));
constexpr Policy kDisciplinePolicy(expect_text(TCA_KIND, 32));
constexpr Policy kEntryPolicy(expect_bytes(NDA_LLADDR), expect_bytes(NDA_DST), expect_bytes(NDA_MASTER));
constexpr Policy kNextHopPolicy(expect_u32(NHA_ID));
constexpr Policy kNumberPolicy(expect_u32(NETNSA_NSID), expect_u32(NETNSA_CURRENT_NSID));

template <typename T>
std::vector<T> numbers(std::span<const std::byte> bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

/// Those of the two families that are of an interface, by their numbers; nullptr: nobody sets it, or it is told
/// otherwise (an MTU, addr_gen_mode), or the kernel changes it (RFC 4861: what routers advertise).
constexpr std::array<const char*, 33> kNames4 = {"forwarding",
                                                 nullptr,  // mc_forwarding
                                                 "proxy_arp",
                                                 "accept_redirects",
                                                 "secure_redirects",
                                                 "send_redirects",
                                                 "shared_media",
                                                 "rp_filter",
                                                 "accept_source_route",
                                                 "bootp_relay",
                                                 "log_martians",
                                                 "tag",
                                                 "arp_filter",
                                                 "medium_id",
                                                 "disable_xfrm",
                                                 "disable_policy",
                                                 "force_igmp_version",
                                                 "arp_announce",
                                                 "arp_ignore",
                                                 "promote_secondaries",
                                                 "arp_accept",
                                                 "arp_notify",
                                                 "accept_local",
                                                 "src_valid_mark",
                                                 "proxy_arp_pvlan",
                                                 "route_localnet",
                                                 "igmpv2_unsolicited_report_interval",
                                                 "igmpv3_unsolicited_report_interval",
                                                 "ignore_routes_with_linkdown",
                                                 "drop_unicast_in_l2_multicast",
                                                 "drop_gratuitous_arp",
                                                 "bc_forwarding",
                                                 "arp_evict_nocarrier"};
constexpr std::array<std::pair<std::size_t, const char*>, 32> kNames6 = {
    {{DEVCONF_FORWARDING, "forwarding"},
     {DEVCONF_ACCEPT_RA, "accept_ra"},
     {DEVCONF_ACCEPT_REDIRECTS, "accept_redirects"},
     {DEVCONF_AUTOCONF, "autoconf"},
     {DEVCONF_DAD_TRANSMITS, "dad_transmits"},
     {DEVCONF_RTR_SOLICITS, "router_solicitations"},
     {DEVCONF_USE_TEMPADDR, "use_tempaddr"},
     {DEVCONF_MAX_ADDRESSES, "max_addresses"},
     {DEVCONF_FORCE_MLD_VERSION, "force_mld_version"},
     {DEVCONF_ACCEPT_RA_DEFRTR, "accept_ra_defrtr"},
     {DEVCONF_ACCEPT_RA_PINFO, "accept_ra_pinfo"},
     {DEVCONF_ACCEPT_RA_RTR_PREF, "accept_ra_rtr_pref"},
     {DEVCONF_PROXY_NDP, "proxy_ndp"},
     {DEVCONF_ACCEPT_SOURCE_ROUTE, "accept_source_route"},
     {DEVCONF_DISABLE_IPV6, "disable_ipv6"},
     {DEVCONF_ACCEPT_DAD, "accept_dad"},
     {DEVCONF_FORCE_TLLAO, "force_tllao"},
     {DEVCONF_NDISC_NOTIFY, "ndisc_notify"},
     {DEVCONF_SUPPRESS_FRAG_NDISC, "suppress_frag_ndisc"},
     {DEVCONF_ACCEPT_RA_FROM_LOCAL, "accept_ra_from_local"},
     {DEVCONF_ACCEPT_RA_MTU, "accept_ra_mtu"},
     {DEVCONF_USE_OIF_ADDRS_ONLY, "use_oif_addrs_only"},
     {DEVCONF_ACCEPT_RA_MIN_HOP_LIMIT, "accept_ra_min_hop_limit"},
     {DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN, "ignore_routes_with_linkdown"},
     {DEVCONF_DROP_UNICAST_IN_L2_MULTICAST, "drop_unicast_in_l2_multicast"},
     {DEVCONF_DROP_UNSOLICITED_NA, "drop_unsolicited_na"},
     {DEVCONF_KEEP_ADDR_ON_DOWN, "keep_addr_on_down"},
     {DEVCONF_SEG6_ENABLED, "seg6_enabled"},
     {DEVCONF_ENHANCED_DAD, "enhanced_dad"},
     {DEVCONF_DISABLE_POLICY, "disable_policy"},
     {DEVCONF_NDISC_TCLASS, "ndisc_tclass"},
     {DEVCONF_RPL_SEG_ENABLED, "rpl_seg_enabled"}}};

using Links = std::vector<LinkFacts>;

std::string name_of(const Links& links, std::uint32_t ifindex) {
  const auto found =
      std::find_if(links.begin(), links.end(), [&](const auto& one) { return one.link.ifindex == ifindex; });
  return found != links.end() ? found->link.name : std::string();
}

std::span<const std::byte> attribute_of(std::span<const std::byte> bytes, std::uint16_t type) {
  std::span<const std::byte> found;
  for_each_attribute(bytes, [&](const Attribute& one) {
    if (one.type == type) found = one.value;
  });
  return found;
}

void list_disciplines(Socket& socket, const Links& links, std::vector<LeftOut>& into) {
  std::vector<std::uint32_t> said;
  for (const RootQdisc& root : list_root_qdiscs(socket))
    if (root.qdisc.is_impairment()) said.push_back(root.ifindex);
  Batch batch;
  batch.begin(RTM_GETQDISC, NLM_F_DUMP, tcmsg{});
  dump_read<tcmsg, kDisciplinePolicy>(
      socket, batch, "the queueing disciplines of a namespace", [&](const tcmsg& header, const auto& found) {
        if (header.tcm_handle == 0) return;  // those that come by themselves have no number
        const auto ifindex = static_cast<std::uint32_t>(header.tcm_ifindex);
        if (header.tcm_parent == TC_H_ROOT && name_of(links, ifindex) != "lo" &&
            std::find(said.begin(), said.end(), ifindex) != said.end())
          return;
        const std::string kind = found.template text<TCA_KIND>().value_or("");
        into.push_back(
            {.interface = name_of(links, ifindex),
             .text = fmt::format("qdisc {} {:x}: is not in the lab's language", kind, header.tcm_handle >> 16U)});
      });
}

void list_next_hops(Socket& socket, std::vector<LeftOut>& into) {
  Batch batch;
  batch.begin(RTM_GETNEXTHOP, NLM_F_DUMP, nhmsg{});
  dump_read<nhmsg, kNextHopPolicy>(
      socket, batch, "the next hops of a namespace", [&](const nhmsg& header, const auto& found) {
        if (is_configured(header.nh_protocol))
          into.push_back({.text = fmt::format("next-hop object {} is not in the lab's language",
                                              found.template u32<NHA_ID>().value_or(0))});
      });
}

/// Entries that somebody made: static ones of bridges, and ends of VXLANs beside the one that its parameters name.
void list_forwarding(Socket& socket, const Links& links, std::vector<LeftOut>& into) {
  Batch batch;
  batch.begin(RTM_GETNEIGH, NLM_F_DUMP,
              ndmsg{.ndm_family = AF_BRIDGE,
                    .ndm_pad1 = 0,
                    .ndm_pad2 = 0,
                    .ndm_ifindex = 0,
                    .ndm_state = 0,
                    .ndm_flags = 0,
                    .ndm_type = 0});
  std::map<std::uint32_t, std::size_t> everywhere;  // entries for all that is unknown, which the first remote is
  const auto refusal = socket.ask(batch, [&](std::uint16_t type, std::span<const std::byte> payload) {
    const auto message = Message<ndmsg, kEntryPolicy>::read(payload);
    if (type != RTM_NEWNEIGH || !message) return;
    const auto& [header, found] = *message;
    const auto mac = found.mac<NDA_LLADDR>();
    const auto ifindex = static_cast<std::uint32_t>(header.ndm_ifindex);
    const bool of_bridge = (header.ndm_state & NUD_NOARP) != 0 && found.has<NDA_MASTER>();
    const bool of_tunnel = (header.ndm_state & (NUD_PERMANENT | NUD_NOARP)) != 0 && found.has<NDA_DST>();
    if (!mac || (!of_bridge && !of_tunnel) || (of_tunnel && mac->is_zero() && ++everywhere[ifindex] == 1)) return;
    into.push_back({.interface = name_of(links, ifindex),
                    .text = fmt::format("forwarding entry {} is not in the lab's language", mac->str())});
  });
  if (refusal) throw Error(ErrorCode::failed, "cannot list forwarding entries: " + refusal->str());
}

void list_tunnelled_vlans(const LinkFacts& facts, std::vector<LeftOut>& into) {
  const auto info = attribute_of(facts.link.attributes, IFLA_LINKINFO);
  const auto found = Attributes<kKind>::read(info);
  if (!found) return;
  const auto value = attribute_of(found->bytes<IFLA_INFO_SLAVE_DATA>(), IFLA_BRPORT_VLAN_TUNNEL);
  if (value.size() == 1 && value.front() != std::byte{0})
    into.push_back({.interface = facts.link.name, .text = "vlan_tunnel of the port is not in the lab's language"});
}

}  // namespace

std::vector<LinkFacts> list_link_facts(Socket& socket) {
  std::vector<LinkFacts> all;
  for (LinkState& link : list_links(socket, [](const LinkState&) { return true; })) {
    LinkFacts& facts = all.emplace_back();
    facts.link = std::move(link);
    const auto found = Attributes<kLowerPolicy>::read(facts.link.attributes);
    if (!found) continue;
    facts.lower = found->u32<IFLA_LINK>().value_or(0);
    facts.lower_space = found->as<IFLA_LINK_NETNSID, std::int32_t>();
    const auto families = found->nested<IFLA_AF_SPEC, kFamilies>();
    if (!families) continue;
    if (const auto conf = families->nested<AF_INET, kConf4>())
      facts.ipv4_conf = numbers<std::uint32_t>(conf->bytes<IFLA_INET_CONF>());
    if (const auto conf = families->nested<AF_INET6, kConf6>())
      facts.ipv6_conf = numbers<std::uint32_t>(conf->bytes<IFLA_INET6_CONF>());
  }
  return all;
}

namespace {

/// NET_ADDR_SET of linux/netdevice.h, which netlink does not tell. In the namespace that /sys shows.
bool is_chosen(const std::string& interface) {
  const UniqueFd file(
      ::open(fmt::format("/sys/class/net/{}/addr_assign_type", interface).c_str(), O_RDONLY | O_CLOEXEC));
  char type = 0;
  return file && ::read(file.get(), &type, 1) == 1 && type == '3';
}

}  // namespace

bool mark_chosen_macs(const std::vector<std::pair<const UniqueFd*, std::vector<LinkFacts>*>>& spaces) {
  bool allowed = true;
  const auto caller = std::this_thread::get_id();
  aside([&] {
    // In a mount namespace of its own, which goes as a whole: to take one sysfs away again waits for all processors
    // (namespace_unlock), some ten milliseconds a time.
    allowed = std::this_thread::get_id() != caller && ::unshare(CLONE_FS | CLONE_NEWNS) == 0 &&
              ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    for (const auto& [fd, links] : spaces) {
      if (!allowed) return;
      enter(*fd);
      allowed = ::mount("sysfs", "/sys", "sysfs", 0, nullptr) == 0;
      for (LinkFacts& one : *links)
        if (allowed && one.link.mac) one.chosen_mac = is_chosen(one.link.name);
    }
  });
  return allowed;
}

std::uint32_t interface_in(const LinkFacts& link, std::uint16_t attribute) {
  const auto data = attribute_of(attribute_of(link.link.attributes, IFLA_LINKINFO), IFLA_INFO_DATA);
  const auto value = attribute_of(data, attribute);
  return value.size() == sizeof(std::uint32_t) ? struct_of<std::uint32_t>(value) : 0;
}

std::vector<std::string> touched_sysctls(const LinkFacts& link, const LinkFacts& untouched) {
  std::vector<std::string> names;
  const auto differs = [](const auto& one, const auto& other, std::size_t at) {
    return at < one.size() && at < other.size() && one[at] != other[at];
  };
  for (std::size_t i = 0; i < kNames4.size(); ++i)
    if (kNames4.at(i) != nullptr && differs(link.ipv4_conf, untouched.ipv4_conf, i))
      names.push_back(fmt::format("ipv4.{}", kNames4.at(i)));
  for (const auto& [at, name] : kNames6)
    if (differs(link.ipv6_conf, untouched.ipv6_conf, at)) names.push_back(fmt::format("ipv6.{}", name));
  return names;
}

std::vector<LeftOut> list_unsayable(Socket& socket, const std::vector<LinkFacts>& links) {
  std::vector<LeftOut> all;
  list_disciplines(socket, links, all);
  list_next_hops(socket, all);
  // Others have no forwarding entries that anybody makes.
  if (std::any_of(links.begin(), links.end(), [](const LinkFacts& one) { return !one.link.kind.empty(); }))
    list_forwarding(socket, links, all);
  for (const LinkFacts& one : links)
    if (one.link.port_state) list_tunnelled_vlans(one, all);
  return all;
}

bool make_sample(Socket& socket, const DriverDescription& about, std::uint32_t ifindex, std::uint32_t lower) {
  std::vector<LinkParameter> given;
  bool sits = false;
  for (const ParameterDeclaration& one : about.parameters) {
    if (!one.required) continue;
    // The description outlives this.
    const std::shared_ptr<const ParameterDeclaration> declaration(std::shared_ptr<void>(), &one);
    if (one.kernel.encoding == Encoding::ifindex) {
      sits |= (one.kernel.places & KernelPlace::kLink) != 0;
      given.push_back({.declaration = declaration,
                       .values = {InterfaceReference{.home = NamespaceName("any"), .name = InterfaceName("any")}}});
    } else if (one.type == ParameterType::integer) {
      given.push_back({.declaration = declaration, .values = {std::max<std::int64_t>(one.minimum, 1)}});
    }
  }
  Batch batch;
  begin_new_link(batch, {.name = fmt::format("sample{}", ifindex), .ifindex = ifindex});
  if (sits) batch.put(IFLA_LINK, lower);
  {
    const auto info = batch.nest(IFLA_LINKINFO);
    batch.put_text(IFLA_INFO_KIND, about.link_kinds.front());
    const auto data = batch.nest(IFLA_INFO_DATA);
    batch.put_built(encode(given, KernelPlace::kData, [&](const InterfaceReference&) { return lower; }));
  }
  return socket.run(batch).empty();
}

namespace {

/// rtgenmsg with the bytes that follow it before the first attribute.
struct NumberHeader {
  std::uint8_t family = AF_UNSPEC;
  std::array<std::uint8_t, 3> padding = {};
};

}  // namespace

void number_namespace(Socket& socket, const UniqueFd& space, std::int32_t number) {
  Batch batch;
  batch.begin(RTM_NEWNSID, 0, NumberHeader{});
  batch.put(NETNSA_FD, static_cast<std::uint32_t>(space.get()));
  batch.put(NETNSA_NSID, static_cast<std::uint32_t>(number));
  if (const auto refusals = socket.run(batch); !refusals.empty())
    throw Error(ErrorCode::failed, "cannot number a namespace: " + refusals.front().str());
}

std::map<std::int32_t, std::int32_t> numbers_of(Socket& socket, std::int32_t number) {
  Batch batch;
  batch.begin(RTM_GETNSID, NLM_F_DUMP, NumberHeader{});
  batch.put(NETNSA_TARGET_NSID, static_cast<std::uint32_t>(number));
  std::map<std::int32_t, std::int32_t> numbers;
  const auto refusal = socket.ask(batch, [&](std::uint16_t type, std::span<const std::byte> payload) {
    const auto message = Message<NumberHeader, kNumberPolicy>::read(payload);
    if (type != RTM_NEWNSID || !message) return;
    const auto theirs = message->found.as<NETNSA_NSID, std::int32_t>();
    const auto ours = message->found.as<NETNSA_CURRENT_NSID, std::int32_t>();
    if (theirs && ours) numbers.emplace(*theirs, *ours);
  });
  if (refusal) throw Error(ErrorCode::failed, "cannot list the namespaces that one knows: " + refusal->str());
  return numbers;
}

}  // namespace netrig::kernel
