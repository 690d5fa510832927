// SPDX-License-Identifier: Apache-2.0
#include "session/import_look.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "engine/spaces.hpp"
#include "kernel/inside.hpp"
#include "plan/wanted.hpp"
#include "session/session.hpp"

namespace netrig::session {
namespace {

/// Sysctls of a whole namespace that are looked at: each costs a look through the directories of all namespaces, so
/// these are the ones that labs are made with. Those of interfaces the kernel tells all at once.
constexpr std::array kSpaceSysctls = {
    "net.core.somaxconn",
    "net.ipv4.ip_forward",
    "net.ipv4.conf.all.accept_local",
    "net.ipv4.conf.all.accept_redirects",
    "net.ipv4.conf.all.arp_announce",
    "net.ipv4.conf.all.arp_ignore",
    "net.ipv4.conf.all.ignore_routes_with_linkdown",
    "net.ipv4.conf.all.log_martians",
    "net.ipv4.conf.all.proxy_arp",
    "net.ipv4.conf.all.route_localnet",
    "net.ipv4.conf.all.rp_filter",
    "net.ipv4.conf.all.send_redirects",
    "net.ipv4.conf.all.src_valid_mark",
    "net.ipv4.conf.default.accept_redirects",
    "net.ipv4.conf.default.arp_announce",
    "net.ipv4.conf.default.arp_ignore",
    "net.ipv4.conf.default.proxy_arp",
    "net.ipv4.conf.default.rp_filter",
    "net.ipv4.conf.default.send_redirects",
    "net.ipv4.fib_multipath_hash_policy",
    "net.ipv4.fib_multipath_use_neigh",
    "net.ipv4.fwmark_reflect",
    "net.ipv4.icmp_echo_ignore_all",
    "net.ipv4.icmp_ratelimit",
    "net.ipv4.icmp_ratemask",
    "net.ipv4.ip_default_ttl",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_no_pmtu_disc",
    "net.ipv4.ip_nonlocal_bind",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_congestion_control",
    "net.ipv4.tcp_ecn",
    "net.ipv4.tcp_fwmark_accept",
    "net.ipv4.tcp_l3mdev_accept",
    "net.ipv4.tcp_mtu_probing",
    "net.ipv4.udp_l3mdev_accept",
    "net.ipv6.bindv6only",
    "net.ipv6.conf.all.accept_ra",
    "net.ipv6.conf.all.disable_ipv6",
    "net.ipv6.conf.all.forwarding",
    "net.ipv6.conf.all.ignore_routes_with_linkdown",
    "net.ipv6.conf.all.keep_addr_on_down",
    "net.ipv6.conf.all.seg6_enabled",
    "net.ipv6.conf.default.accept_dad",
    "net.ipv6.conf.default.accept_ra",
    "net.ipv6.conf.default.autoconf",
    "net.ipv6.conf.default.disable_ipv6",
    "net.ipv6.fib_multipath_hash_policy",
    "net.ipv6.icmp.ratelimit",
    "net.ipv6.ip_nonlocal_bind",
    "net.mpls.platform_labels",
};

/// What is written for all is written to each interface, and to those to come, by the kernel itself
/// (devinet_sysctl_forward, addrconf_fixup_forwarding, addrconf_disable_ipv6, addrconf_fixup_linkdown).
std::string written_by(const Sysctl& one) {
  struct Overwrites {
    std::string_view name;
    std::string_view by;
  };
  static constexpr std::array kOverwrites = {
      Overwrites{"net.ipv4.conf.*.forwarding", "net.ipv4.ip_forward"},
      Overwrites{"net.ipv6.conf.*.forwarding", "net.ipv6.conf.all.forwarding"},
      Overwrites{"net.ipv6.conf.*.disable_ipv6", "net.ipv6.conf.all.disable_ipv6"},
      Overwrites{"net.ipv6.conf.*.ignore_routes_with_linkdown", "net.ipv6.conf.all.ignore_routes_with_linkdown"},
  };
  if (one.reach() != Sysctl::Reach::interface && one.reach() != Sysctl::Reach::fresh) return {};
  for (const Overwrites& row : kOverwrites)
    if (matches(row.name, one.key_text)) return std::string(row.by);
  return {};
}

std::optional<std::string> read_sysctl(const std::string& key) {
  auto value = kernel::find_sysctl(key);
  return value ? std::optional(canonical_value(*value)) : std::nullopt;
}

/// Those that are not as they would be if nobody had touched anything. Thread: in the namespace.
std::vector<std::string> touched(const ImportedSpace& space, const Untouched& untouched) {
  std::vector<std::string> keys;
  std::unordered_map<std::string, std::string> of_all;  // that overwrite others
  const auto consider = [&](const std::string& key) {
    const auto value = read_sysctl(key);
    if (!value) return;
    // Who forwards takes no redirects (inet_forward_change).
    if (key == "net.ipv4.conf.all.accept_redirects" && *value == "0" && of_all.contains("net.ipv4.ip_forward")) return;
    const std::string by = written_by({.key_text = key});
    const auto overwritten = by.empty() ? of_all.end() : of_all.find(by);
    if (overwritten != of_all.end() && overwritten->second == *value) return;
    keys.push_back(key);
  };
  for (const std::string key : kSpaceSysctls) {
    const auto usual = untouched.sysctl(key);
    const auto value = usual ? read_sysctl(key) : std::nullopt;
    if (!value || (*value == *usual && !of_all.contains(written_by({.key_text = key})))) continue;
    if (*value != *usual) of_all.emplace(key, *value);
    consider(key);
  }
  for (const kernel::LinkFacts& facts : space.links) {
    const bool is_loopback = facts.link.name == "lo";
    const kernel::LinkFacts* usual = untouched.facts(is_loopback ? "" : facts.link.kind);
    if (usual == nullptr) continue;
    std::unordered_set<std::string> of_link;
    for (const std::string& name : kernel::touched_sysctls(facts, *usual)) of_link.insert(name);
    // One that was put back to what it was without what is for all.
    for (const auto& [all, value] : of_all)
      for (const char* name :
           {"ipv4.forwarding", "ipv6.forwarding", "ipv6.disable_ipv6", "ipv6.ignore_routes_with_linkdown"})
        if (const auto key = interface_sysctl(name, facts.link.name); key && written_by({.key_text = *key}) == all)
          of_link.insert(name);
    for (const std::string& name : of_link)
      if (const auto key = interface_sysctl(name, facts.link.name)) consider(*key);
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

/// Thread: in the namespace.
void look_inside(ImportedSpace& space, const Tables& tables, const Untouched* untouched) {
  kernel::Socket socket;
  space.links = kernel::list_link_facts(socket);
  Interest interest{.ports = true, .vlans = true};
  for (const auto& table : tables) interest.add(table);
  if (untouched != nullptr)
    interest.sysctls = touched(space, *untouched);
  else
    space.left_out.push_back({.text = "which sysctls somebody has set only root can tell: none is written"});
  space.state = kernel::look(
      socket, {.kinds = kernel::Kinds::all(), .interest = std::move(interest), .left_out = &space.left_out});
  plan::make_canonical(space.state);
  // One that has gone, or has got another name, since it was listed is not there.
  std::erase_if(space.links, [&](const kernel::LinkFacts& one) { return space.link(one.link.name) == nullptr; });
  auto unsayable = kernel::list_unsayable(socket, space.links);
  std::move(unsayable.begin(), unsayable.end(), std::back_inserter(space.left_out));
}

/// Nothing: what a pattern matched is no namespace, or no longer one.
std::optional<UniqueFd> opened(const ImportTarget& target) {
  const std::string path = target.path.empty() ? "/proc/thread-self/ns/net" : target.path;
  std::optional<UniqueFd> fd;
  try {
    fd = kernel::open_namespace(path);
  } catch (const Error& error) {
    if (!target.by_pattern || error.code() != ErrorCode::conflict) throw;  // a name without a namespace
  }
  if (!fd && !target.by_pattern) throw Error(ErrorCode::not_found, fmt::format("namespace {} is gone", target.name));
  return fd;
}

/// The caller's own needs no entering, which would take a privilege.
void in_space(const ImportedSpace& space, const std::function<void()>& work) {
  if (!space.here) kernel::enter(space.fd);
  work();
}

/// Tells the namespaces apart that links lead to. Those that are not imported are numbered, too, to be named.
void number(ImportLook& look) {
  const bool leads_out = std::any_of(look.spaces.begin(), look.spaces.end(), [](const ImportedSpace& space) {
    return std::any_of(space.links.begin(), space.links.end(),
                       [](const kernel::LinkFacts& one) { return one.lower_space.has_value(); });
  });
  if (!leads_out || !look.untouched) return;
  kernel::Socket& socket = look.untouched->socket();
  std::int32_t next = 0;
  for (const ImportedSpace& space : look.spaces) kernel::number_namespace(socket, space.fd, next++);
  for (const std::string& other : named_namespaces()) {
    try {
      const auto fd = kernel::open_namespace(fmt::format("{}/{}", kernel::kRunDirectory, other));
      if (!fd) continue;
      kernel::number_namespace(socket, *fd, next);
    } catch (const Error&) {
      continue;  // an imported one has its number; and what is none is nobody's other end
    }
    look.others.push_back(other);
    ++next;
  }
  for (std::size_t i = 0; i < look.spaces.size(); ++i)
    look.spaces[i].numbers = kernel::numbers_of(socket, static_cast<std::int32_t>(i));
}

}  // namespace

const kernel::LinkFacts* ImportedSpace::facts(std::uint32_t ifindex) const {
  const auto found =
      std::find_if(links.begin(), links.end(), [&](const auto& one) { return one.link.ifindex == ifindex; });
  return found != links.end() ? &*found : nullptr;
}

const Link* ImportedSpace::link(const std::string& interface) const {
  const auto& all = state.of<Link>();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Link& one) { return one.name == interface; });
  return found != all.end() ? &*found : nullptr;
}

Untouched::Untouched(const Tables& tables) {
  kernel::aside([&] {
    space_ = kernel::create_namespace();
    make_links(tables);
    for (const char* key : kSpaceSysctls)
      if (auto value = read_sysctl(key)) sysctls_.emplace(key, std::move(*value));
    Interest interest;
    for (const auto& table : tables) interest.add(table);
    state_ = kernel::look(space_->socket, {.kinds = kernel::Kinds::of<Link>(), .interest = std::move(interest)});
    for (kernel::LinkFacts& one : kernel::list_link_facts(space_->socket)) {
      std::string kind = one.link.name == "lo" ? "" : one.link.kind;
      const bool by_itself = Link{.name = one.link.name, .kind = kind}.comes_by_itself();
      if (kind.empty() || !by_itself) facts_.emplace(std::move(kind), std::move(one));
    }
  });
}

void Untouched::make_links(const Tables& tables) {
  constexpr std::uint32_t kFirst = 1000;  // beyond those that come by themselves
  std::uint32_t ifindex = kFirst;
  // Those that sit on another need one that does not.
  std::vector<const DriverDescription*> in_order;
  const auto needs_lower = [](const auto& table) {
    return std::any_of(table->parameters.begin(), table->parameters.end(), [](const ParameterDeclaration& one) {
      return one.required && one.kernel.encoding == Encoding::ifindex;
    });
  };
  for (const bool upper : {false, true})
    for (const auto& table : tables)
      if (needs_lower(table) == upper) in_order.push_back(table.get());
  // Whoever cannot be made is not compared with.
  for (const DriverDescription* table : in_order)
    if (kernel::make_sample(space_->socket, *table, ifindex, kFirst)) ++ifindex;
}

std::optional<std::string> Untouched::sysctl(const std::string& key) const {
  const auto found = sysctls_.find(key);
  return found != sysctls_.end() ? std::optional(found->second) : std::nullopt;
}

const kernel::LinkFacts* Untouched::facts(const std::string& kind) const {
  const auto found = facts_.find(kind);
  return found != facts_.end() ? &found->second : nullptr;
}

const Link* Untouched::link(const std::string& kind) const {
  for (const Link& one : state_.of<Link>())
    if (one.kind == kind && !one.comes_by_itself()) return &one;
  return nullptr;
}

ImportLook look_at(const std::vector<ImportTarget>& targets, const Tables& tables) {
  raise_open_files();
  ImportLook look;
  const bool only_here =
      std::all_of(targets.begin(), targets.end(), [](const ImportTarget& one) { return one.path.empty(); });
  if (!only_here) require_privileges("looking into namespaces");
  try {
    look.untouched = std::make_unique<Untouched>(tables);
  } catch (const Error& error) {
    if (!only_here || error.code() != ErrorCode::denied) throw;
  }
  std::unordered_set<std::uint64_t> cookies;
  for (const ImportTarget& target : targets) {
    auto fd = opened(target);
    if (!fd) continue;
    ImportedSpace space{.name = target.name, .fd = std::move(*fd), .here = target.path.empty()};
    std::uint64_t cookie = 0;
    kernel::aside([&] { cookie = space.here ? kernel::Socket().namespace_cookie() : kernel::cookie_of(space.fd); });
    if (cookies.insert(cookie).second) look.spaces.push_back(std::move(space));
  }
  // Threads begin where the caller is, and go on from there.
  const auto here =
      std::stable_partition(look.spaces.begin(), look.spaces.end(), [](const ImportedSpace& one) { return one.here; });
  const auto count = static_cast<std::size_t>(here - look.spaces.begin());
  for (std::size_t i = 0; i < count; ++i)
    kernel::aside([&] { look_inside(look.spaces[i], tables, look.untouched.get()); });
  engine::parallel(look.spaces.size() - count, engine::worker_count(), [&](std::size_t i) {
    ImportedSpace& space = look.spaces[count + i];
    in_space(space, [&] { look_inside(space, tables, look.untouched.get()); });
  });
  std::vector<std::pair<const UniqueFd*, std::vector<kernel::LinkFacts>*>> macs;
  for (ImportedSpace& space : look.spaces)
    if (space.links.size() > 1) macs.emplace_back(&space.fd, &space.links);
  if (!macs.empty() && (!look.untouched || !kernel::mark_chosen_macs(macs)))
    for (ImportedSpace& space : look.spaces)
      space.left_out.push_back({.text = "which MAC addresses somebody has chosen only root can tell: none is written"});
  number(look);
  return look;
}

}  // namespace netrig::session
