// SPDX-License-Identifier: Apache-2.0
#include <linux/if.h>
#include <linux/if_link.h>
#include <sys/socket.h>

#include <algorithm>
#include <iterator>

#include "kernel/parameter.hpp"
#include "kernel/rows.hpp"

namespace netrig::kernel {
namespace {

/// What is to be set: given, and not so already.
template <typename T>
bool differs(const Given<T>& wanted, const Doing<Link>& doing, Given<T> LinkSettings::*setting) {
  return wanted && (doing.before == nullptr || wanted != doing.before->settings.*setting);
}

/// Flags of ifi_flags that a setting stands for.
class Flags {
 public:
  Flags(const Doing<Link>& doing, ifinfomsg& header) : doing_(doing), header_(header) {}
  template <typename T>
  void set(unsigned flag, Given<T> LinkSettings::*setting, T on) {
    const Given<T>& wanted = doing_.object.settings.*setting;
    if (!differs(wanted, doing_, setting)) return;
    header_.ifi_change |= flag;
    if (*wanted == on) header_.ifi_flags |= flag;
  }

 private:
  const Doing<Link>& doing_;
  ifinfomsg& header_;
};

void put_altnames(Batch& batch, std::uint16_t type, std::uint32_t ifindex, const std::vector<std::string>& names) {
  if (names.empty()) return;
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(ifindex);
  batch.begin(type, 0, header);
  const auto list = batch.nest(IFLA_PROP_LIST | NLA_F_NESTED);
  for (const std::string& name : names) batch.put_text(IFLA_ALT_IFNAME, name);
}

std::vector<std::string> without(std::vector<std::string> names, std::vector<std::string> others) {
  std::sort(names.begin(), names.end());
  std::sort(others.begin(), others.end());
  std::vector<std::string> rest;
  std::set_difference(names.begin(), names.end(), others.begin(), others.end(), std::back_inserter(rest));
  return rest;
}

/// One message with all that differs, if anything does.
void put_settings(Batch& batch, const Doing<Link>& doing, std::uint32_t ifindex, const IfindexOf& ifindex_of) {
  const LinkSettings& wanted = doing.object.settings;
  const auto to_set = [&](auto setting) { return differs(wanted.*setting, doing, setting); };
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(ifindex);
  Flags flags(doing, header);
  flags.set(IFF_UP, &LinkSettings::state, AdminState::up);
  flags.set(IFF_PROMISC, &LinkSettings::promiscuous, true);
  flags.set(IFF_ALLMULTI, &LinkSettings::allmulticast, true);
  flags.set(IFF_MULTICAST, &LinkSettings::multicast, true);
  flags.set(IFF_NOARP, &LinkSettings::arp, false);
  const bool renamed = doing.before != nullptr && doing.before->name != doing.object.name;
  if (header.ifi_change == 0 && !renamed && !to_set(&LinkSettings::mac) && !to_set(&LinkSettings::mtu) &&
      !to_set(&LinkSettings::master) && !to_set(&LinkSettings::alias) && !to_set(&LinkSettings::txqlen) &&
      !to_set(&LinkSettings::group) && !to_set(&LinkSettings::protodown))
    return;
  batch.begin(RTM_NEWLINK, 0, header);
  if (renamed) batch.put_text(IFLA_IFNAME, doing.object.name);
  if (to_set(&LinkSettings::mac)) batch.put(IFLA_ADDRESS, *wanted.mac);
  if (to_set(&LinkSettings::mtu)) batch.put(IFLA_MTU, *wanted.mtu);
  if (to_set(&LinkSettings::master))
    batch.put(IFLA_MASTER, wanted.master->empty() ? std::uint32_t{0} : ifindex_of(*wanted.master));
  // Without its NUL, which the kernel would keep; empty, it is taken away (dev_set_alias).
  if (to_set(&LinkSettings::alias)) batch.put(IFLA_IFALIAS, wanted.alias->data(), wanted.alias->size());
  if (to_set(&LinkSettings::txqlen)) batch.put(IFLA_TXQLEN, *wanted.txqlen);
  if (to_set(&LinkSettings::group)) batch.put(IFLA_GROUP, *wanted.group);
  if (to_set(&LinkSettings::protodown)) batch.put_u8(IFLA_PROTO_DOWN, *wanted.protodown ? 1 : 0);
}

/// Whether one attribute says both, or something that goes along with them. Those of another table are not this one's.
bool share_attribute(const LinkParameter& one, const LinkParameter& other) {
  if (one.declaration == other.declaration) return true;
  if (one.declaration.owner_before(other.declaration) || other.declaration.owner_before(one.declaration)) return false;
  const KernelPlace& a = one.declaration->kernel;
  const KernelPlace& b = other.declaration->kernel;
  if ((a.places & b.places & KernelPlace::kData) == 0) return false;
  const auto goes_along = [](const KernelPlace& with, std::uint16_t attribute) {
    return with.also_attribute != 0 && with.also_attribute == attribute;
  };
  return (a.mask != 0 && a.attribute == b.attribute) || goes_along(a, b.also_attribute) || goes_along(a, b.attribute) ||
         goes_along(b, a.attribute);
}

/// Parameters of its driver that differ, each with those that share its attribute.
void put_parameters(Batch& batch, const Doing<Link>& doing, std::uint32_t ifindex) {
  if (doing.before == nullptr) return;
  const auto is_other = [&](const LinkParameter& one) {
    const LinkParameter* was = doing.before->parameter(*one.declaration);
    return was != nullptr && !agrees(*one.declaration, one.values, was->values);
  };
  std::vector<LinkParameter> changed;
  std::vector<LinkParameter> rest;
  // What does not go with the rest the kernel has let go of by itself, and refuses (macvlan_changelink_sources).
  for (const LinkParameter& one : doing.object.parameters)
    if (one.is_told() && goes_with(*one.declaration, doing.object.parameters))
      (is_other(one) ? changed : rest).push_back(one);
  for (std::size_t i = 0; i < changed.size(); ++i) {
    const LinkParameter with = changed[i];
    const auto split = std::stable_partition(rest.begin(), rest.end(),
                                             [&](const LinkParameter& one) { return !share_attribute(one, with); });
    changed.insert(changed.end(), split, rest.end());
    rest.erase(split, rest.end());
  }
  if (changed.empty()) return;
  begin_set_link(batch, ifindex);
  batch.put_built(encode(changed, KernelPlace::kLink | KernelPlace::kPeer));
  const auto data = encode(changed, KernelPlace::kData);
  if (data.empty()) return;
  const auto info = batch.nest(IFLA_LINKINFO);
  batch.put_text(IFLA_INFO_KIND, doing.before->kind);
  const auto nest = batch.nest(IFLA_INFO_DATA);
  batch.put_built(data);
}

/// A message of its own, before the one that brings the link up: in one message the kernel takes it last (do_setlink),
/// when the link-local address is made already.
void put_address_generation(Batch& batch, const Doing<Link>& doing, std::uint32_t ifindex) {
  const auto& mode = doing.object.settings.addr_gen_mode;
  if (!differs(mode, doing, &LinkSettings::addr_gen_mode)) return;
  const Given<std::uint32_t>& mtu = doing.object.settings.mtu;
  if (doing.before != nullptr && doing.before->settings.mtu.value_or(kLeastMtu6) < kLeastMtu6 && mtu) {
    begin_set_link(batch, ifindex);  // it has no IPv6 before
    batch.put(IFLA_MTU, *mtu);
  }
  begin_set_link(batch, ifindex);
  const auto families = batch.nest(IFLA_AF_SPEC | NLA_F_NESTED);
  const auto inet6 = batch.nest(AF_INET6 | NLA_F_NESTED);
  batch.put_u8(IFLA_INET6_ADDR_GEN_MODE, static_cast<std::uint8_t>(*mode));
}

}  // namespace

void write_step(Batch& batch, const Doing<Link>& doing, const IfindexOf& ifindex_of) {
  if (doing.verb == Verb::make) return;  // by its driver
  const Link& now = doing.before != nullptr ? *doing.before : doing.object;
  const std::uint32_t ifindex = now.ifindex != 0            ? now.ifindex
                                : doing.object.ifindex != 0 ? doing.object.ifindex
                                                            : ifindex_of(now.name);
  if (doing.verb == Verb::remove) return delete_link(batch, ifindex);
  const auto& altnames = doing.object.settings.altnames;
  const bool other_altnames = differs(altnames, doing, &LinkSettings::altnames);
  const auto before =
      doing.before != nullptr ? doing.before->settings.altnames.value_or({}) : std::vector<std::string>{};
  // Names that are let go first, for a link may take one of its own for its name, and the other way round.
  if (other_altnames) put_altnames(batch, RTM_DELLINKPROP, ifindex, without(before, *altnames));
  put_parameters(batch, doing, ifindex);
  put_address_generation(batch, doing, ifindex);
  put_settings(batch, doing, ifindex, ifindex_of);
  if (other_altnames) put_altnames(batch, RTM_NEWLINKPROP, ifindex, without(*altnames, before));
}

void see(const View& view, std::vector<Link>& into) {
  into.reserve(view.links.size());
  for (const LinkState& seen : view.links) {
    Link& link = into.emplace_back();
    link.name = seen.name;
    link.ifindex = seen.ifindex;
    link.kind = seen.kind;
    for (const auto& table : view.at.interest.tables) {
      if (seen.attributes.empty() || table->link_kinds.front() != seen.kind) continue;
      auto told = decode(table, seen.attributes);
      std::move(told.begin(), told.end(), std::back_inserter(link.parameters));
    }
    LinkSettings& settings = link.settings;
    link.ipv6_off = seen.ipv6_off;
    settings.state = (seen.flags & IFF_UP) != 0 ? AdminState::up : AdminState::down;
    if ((seen.flags & IFF_LOOPBACK) != 0) continue;
    const LinkState* master = view.link(seen.master);
    if (seen.mac) settings.mac = *seen.mac;
    settings.mtu = seen.mtu;
    settings.master = master != nullptr ? master->name : std::string();
    settings.alias = seen.alias;
    settings.txqlen = seen.txqlen;
    settings.group = seen.group;
    settings.promiscuous =
        (seen.flags & IFF_PROMISC) != 0;  // as asked for, and not as a bridge needs it (dev_get_flags)
    settings.allmulticast = (seen.flags & IFF_ALLMULTI) != 0;
    settings.multicast = (seen.flags & IFF_MULTICAST) != 0;
    settings.arp = (seen.flags & IFF_NOARP) == 0;
    if (seen.addr_gen_mode) settings.addr_gen_mode = static_cast<AddressGeneration>(*seen.addr_gen_mode);
    settings.protodown = seen.protodown;
    settings.altnames = seen.altnames;
  }
}

}  // namespace netrig::kernel
