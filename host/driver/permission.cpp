// SPDX-License-Identifier: Apache-2.0
#include "driver/permission.hpp"

#include <fmt/format.h>
#include <fnmatch.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netrig/driver.h>
#include <netrig/rules.h>
#include <netrig/services.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string_view>

#include "driver/security.hpp"

namespace netrig::driver {
namespace {

// Some for each of as many interfaces as a device can have; below what would fill the host's memory.
constexpr std::size_t kMostOrders = NETRIG_ORDERS_MAX;
static_assert(kMostOrders == 4 * NETRIG_INTERFACES_MAX);

[[noreturn]] void deny(const std::string& why) {
  throw Error(ErrorCode::denied, "the driver asks for what it may not: " + why);
}

/// Calls each(type, value) for every attribute; refuses a list whose lengths do not add up.
template <typename Each>
void walk(std::span<const std::byte> attributes, Each&& each) {
  if (attributes.size() > kMostAttributes) deny(fmt::format("{} bytes of attributes", attributes.size()));
  while (!attributes.empty()) {
    nlattr header{};
    if (attributes.size() < sizeof header) deny("an attribute is cut off");
    std::memcpy(&header, attributes.data(), sizeof header);
    if (header.nla_len < sizeof header || header.nla_len > attributes.size()) deny("an attribute is cut off");
    each(static_cast<std::uint16_t>(header.nla_type & NLA_TYPE_MASK),
         attributes.subspan(sizeof header, header.nla_len - sizeof header));
    attributes = attributes.subspan(std::min<std::size_t>(NLA_ALIGN(header.nla_len), attributes.size()));
  }
}

void check_attributes(std::span<const std::byte> attributes) {
  walk(attributes, [](std::uint16_t type, std::span<const std::byte>) {
    if (!is_harmless(type)) deny(fmt::format("link attribute {}", type));
  });
}

void check_data(const std::string& kind, std::span<const std::byte> data) {
  walk(data, [&](std::uint16_t type, std::span<const std::byte>) {
    const auto reach = reach_of(kind, type);
    if (reach == Reach::peer) deny(fmt::format("the second end of a {} in its data; name it as peer", kind));
    if (reach == Reach::interface)
      deny(
          fmt::format("attribute {} of a {} by a number of its own, which is another interface's; only a table's "
                      "reference gives one",
                      type, kind));
    if (reach == Reach::descriptor) deny(fmt::format("attribute {} of a {}, which is an open file", type, kind));
  });
}

/// The one attribute of a raw link request that says which namespace or link it is about would go around the header.
bool may_carry(std::uint16_t message, std::uint16_t attribute) {
  if (message == RTM_NEWLINK)
    return attribute == IFLA_LINKINFO || attribute == IFLA_TXQLEN || attribute == IFLA_AF_SPEC ||
           attribute == IFLA_PROTINFO;
  if (message == RTM_GETLINK) return attribute == IFLA_EXT_MASK;
  return true;
}

enum class About : std::uint8_t { nothing, it, another };

/// Which interface attributes name, by number or by name. Of several the kernel takes the last, and so do we.
About about(std::span<const std::byte> list, std::uint16_t number, std::uint16_t name, std::uint32_t ifindex,
            std::string_view called) {
  bool any = false;
  bool by_number = true;
  bool by_name = true;
  walk(list, [&](std::uint16_t type, std::span<const std::byte> which) {
    if (type == 0) return;  // not an attribute to the kernel either
    any = any || type == number || type == name;
    if (type == number)
      by_number = which.size() == sizeof ifindex && std::memcmp(which.data(), &ifindex, sizeof ifindex) == 0;
    if (type == name) {
      const auto* text = reinterpret_cast<const char*>(which.data());
      by_name = std::string_view(text, strnlen(text, which.size())) == called;
    }
  });
  if (!any) return About::nothing;
  return by_number && by_name ? About::it : About::another;
}

/// Refuses what the kernel would look up in netrig's own process.
void check_numbers(const std::string& family, std::span<const std::byte> attributes) {
  const auto check = [&](std::uint16_t nest, std::uint16_t type) {
    for (const netrig_genl_refused_row& row : netrig_genl_refused)
      if (row.family == family && row.nest == nest && row.attribute == type)
        deny(fmt::format("attribute {} of generic netlink family \"{}\", which is {} by a number of netrig's own", type,
                         family, row.what));
  };
  const auto is_nest = [&](std::uint16_t type) {
    return std::any_of(std::begin(netrig_genl_refused), std::end(netrig_genl_refused),
                       [&](const auto& row) { return type != 0 && row.family == family && row.nest == type; });
  };
  walk(attributes, [&](std::uint16_t type, std::span<const std::byte> value) {
    check(0, type);
    if (is_nest(type)) walk(value, [&](std::uint16_t inner, std::span<const std::byte>) { check(type, inner); });
  });
}

/// Generic netlink commands that only read. A family that is not here has its dumps, which list what there is; whether
/// another of its commands reads, nobody but its authors knows.
bool is_known_to_read(const std::string& family, std::uint8_t command, std::uint16_t flags) {
  if (family == "ethtool")
    return std::find(std::begin(netrig_ethtool_reads), std::end(netrig_ethtool_reads), command) !=
           std::end(netrig_ethtool_reads);
  if (family == "nlctrl") return command == CTRL_CMD_GETFAMILY || command == CTRL_CMD_GETPOLICY;
  // linux/nl80211.h: NL80211_CMD_TESTMODE and NL80211_CMD_VENDOR hand a dump to the hardware's driver, which may do
  // anything.
  if (family == "nl80211" && (command == 45 || command == 103)) return false;
  return (flags & NLM_F_DUMP) == NLM_F_DUMP;
}

}  // namespace

FamilyHeader family_header(std::uint16_t type) {
  switch (type) {
    case RTM_NEWLINK:
    case RTM_GETLINK:
      return {sizeof(ifinfomsg), offsetof(ifinfomsg, ifi_index)};
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
    case RTM_GETNEIGH:
      return {sizeof(ndmsg), offsetof(ndmsg, ndm_ifindex)};
    case RTM_NEWQDISC:
    case RTM_DELQDISC:
    case RTM_GETQDISC:
    case RTM_NEWTCLASS:
    case RTM_DELTCLASS:
    case RTM_GETTCLASS:
    case RTM_NEWTFILTER:
    case RTM_DELTFILTER:
    case RTM_GETTFILTER:
      return {sizeof(tcmsg), offsetof(tcmsg, tcm_ifindex)};
    default:
      deny(fmt::format("a request of type {}", type));
  }
}

void Permission::check_operation(Operation wanted) const {
  if (operation_ != wanted) deny("a service in the wrong operation");
}

void Permission::check_change(bool changes, const std::string& what) const {
  if (changes && only_asks(operation_)) deny(fmt::format("a change where it is only asked how things are ({})", what));
}

void Permission::check_kind(const std::string& kind) const {
  const auto& allowed = description_->link_kinds;
  if (std::find(allowed.begin(), allowed.end(), kind) == allowed.end())
    deny(fmt::format("a link of kind \"{}\", which its table does not declare", kind));
}

void Permission::check_interface(std::uint32_t interface) const {
  if (interface >= interfaces_->size()) deny(fmt::format("interface {} of {}", interface, interfaces_->size()));
}

void Permission::cover(std::uint32_t interface) {
  check_interface(interface);
  if (covered_[interface]) deny(fmt::format("interface {} twice", interface));
  covered_[interface] = true;
}

void Permission::admit(const Order& order) {
  if (++orders_ > kMostOrders) deny(fmt::format("more than {} links and changes in one operation", kMostOrders));
  if (const auto* link = std::get_if<LinkOrder>(&order)) {
    check_operation(Operation::create);
    check_interface(link->interface);
    check_kind(link->kind);
    check_attributes(link->attributes);
    check_data(link->kind, link->data);
    cover(link->interface);
    if (link->peer) {
      if (link->peer->type == 0 || link->peer->type != peer_attribute(link->kind))
        deny(fmt::format("a second end of a {} by attribute {}", link->kind, link->peer->type));
      check_attributes(link->peer->attributes);
      // They go into one nest with the data, and a nest that outgrew 64 KiB would come apart.
      if (link->data.size() + link->peer->attributes.size() > kMostAttributes)
        deny(fmt::format("{} bytes of attributes", link->data.size() + link->peer->attributes.size()));
      cover(link->peer->interface);
    } else if (peer_attribute(link->kind) != 0) {
      deny(fmt::format("a {} without its second end, which the kernel would make under a name of its own", link->kind));
    }
    if (link->lower && *link->lower >= references_) deny(fmt::format("reference {}", *link->lower));
  } else if (const auto* change = std::get_if<LinkChange>(&order)) {
    if (operation_ != Operation::change && operation_ != Operation::settle) check_operation(Operation::create);
    check_interface(change->interface);
    check_attributes(change->attributes);
    if (change->kind.empty() && !change->data.empty()) deny("data of a link without its kind");
    if (!change->kind.empty()) {
      check_kind(change->kind);
      check_data(change->kind, change->data);
    }
  } else {
    check_operation(Operation::destroy);
    check_interface(std::get<LinkDeletion>(order).interface);
  }
}

void Permission::retract(const Order& order) {
  const auto* link = std::get_if<LinkOrder>(&order);
  if (link == nullptr) return;
  covered_.at(link->interface) = false;
  if (link->peer) covered_.at(link->peer->interface) = false;
}

namespace {

/// Whether the lab file does: a default is the driver's own word.
bool says(const Parameters* parameters, const DriverDescription& about, std::uint32_t number) {
  if (parameters == nullptr) return false;
  return std::any_of(parameters->begin(), parameters->end(), [&](const auto& entry) {
    const auto& values = entry.second.values;
    const ParameterDeclaration* one = about.parameter(entry.first);
    if (one != nullptr && one->type != ParameterType::integer) return false;  // a row of a table is a number, too
    if (one != nullptr && one->default_text == fmt::format("{}", number)) return false;
    return std::find(values.begin(), values.end(), ParameterScalar(std::int64_t{number})) != values.end();
  });
}

}  // namespace

void Permission::admit_tun(const TunOrder& order, const Parameters* parameters) {
  check_operation(Operation::create);
  check_interface(order.interface);
  check_kind("tun");
  constexpr std::uint32_t kFlags = NETRIG_TUN_MULTI_QUEUE | NETRIG_TUN_VNET_HEADER | NETRIG_TUN_PACKET_INFO;
  if (order.type != NETRIG_TUN_IP && order.type != NETRIG_TUN_ETHERNET)
    deny(fmt::format("a TUN of type {}", order.type));
  if ((order.flags & ~kFlags) != 0) deny(fmt::format("a TUN with flags {:#x}", order.flags));
  for (const std::uint32_t who : {order.owner, order.group})
    if (who != NETRIG_NONE && (granted_ & NETRIG_WANTS_TUN) == 0 && !says(parameters, *description_, who))
      deny(fmt::format("a TUN for user or group {}, whom no parameter names", who));
  cover(order.interface);
}

void Permission::check_queue(std::uint32_t interface) const {
  check_change(true, "a queue");
  check_interface(interface);
  if ((granted_ & NETRIG_WANTS_TUN) == 0)
    deny("a queue that needs TUN, which its table does not ask for or the policy does not grant");
}

void Permission::check_record() const {
  check_change(true, "a record");
  if (operation_ == Operation::validate) deny("a record of nothing");
}

void Permission::admit_made(std::uint32_t interface, std::uint32_t ifindex) {
  check_operation(Operation::create);
  if (ifindex == 0) deny("an interface without a number");
  cover(interface);
}

void Permission::check_link_info(std::span<const std::byte> info) const {
  std::string kind;
  std::span<const std::byte> data;
  walk(info, [&](std::uint16_t type, std::span<const std::byte> value) {
    const auto* text = reinterpret_cast<const char*>(value.data());
    if (type == IFLA_INFO_KIND) kind.assign(text, strnlen(text, value.size()));
    if (type == IFLA_INFO_DATA) data = value;
    // Whether a port is kept from others, and which one takes its packets, is not the port's to say.
    if (type == IFLA_INFO_SLAVE_KIND || type == IFLA_INFO_SLAVE_DATA)
      deny("settings of its interface as a port, which are for the lab file to say");
  });
  if (!kind.empty()) check_kind(kind);
  check_data(kind, data);
}

namespace {

/// RTM_NEWNEIGH or RTM_DELNEIGH: nothing of a bridge that its interface is a port of.
void check_neighbour(std::uint16_t type, std::uint16_t flags, std::span<const std::byte> message) {
  if (type == RTM_DELNEIGH && (flags & NLM_F_BULK) != 0) deny("many forwarding entries at once");
  ndmsg header{};
  std::memcpy(&header, message.data(), sizeof header);
  // With no flag at all the kernel means the bridge, too (rtnl_fdb_add).
  if (header.ndm_family == AF_BRIDGE && (header.ndm_flags == 0 || (header.ndm_flags & NTF_MASTER) != 0))
    deny("a forwarding entry of the bridge that its interface is a port of");
}

}  // namespace

void Permission::check_request(std::uint16_t type, std::uint16_t flags, std::span<const std::byte> message) const {
  const FamilyHeader header = family_header(type);
  if (message.size() > kMostAttributes) deny(fmt::format("{} bytes of attributes", message.size()));
  if (message.size() < header.size) deny("a request without its family header");
  // RTM_NEW*, RTM_DEL*, RTM_GET* and RTM_SET* of a family follow each other in this order (linux/rtnetlink.h).
  const bool asks = (type & 3U) == (RTM_GETLINK & 3U);
  check_change(!asks, fmt::format("a request of type {}", type));
  const bool changes_entry = type == RTM_NEWNEIGH || type == RTM_DELNEIGH;
  if (changes_entry && (granted_ & NETRIG_WANTS_NET_ADMIN) == 0) check_neighbour(type, flags, message);
  walk(message.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.size), message.size())),
       [&](std::uint16_t attribute, std::span<const std::byte> value) {
         if (!may_carry(type, attribute)) deny(fmt::format("link attribute {}", attribute));
         if (type == RTM_NEWLINK && attribute == IFLA_LINKINFO) check_link_info(value);
         if (changes_entry && attribute == NDA_IFINDEX) deny("a forwarding entry over another interface");
         if (type == RTM_NEWQDISC && (attribute == TCA_INGRESS_BLOCK || attribute == TCA_EGRESS_BLOCK))
           deny("filters that it shares with other interfaces");
       });
  // Its packets would go to whatever interface has a number; no kernel takes the action by another name.
  if (type == RTM_NEWTFILTER) {
    constexpr std::string_view kMirred = "mirred";
    const std::string_view text(reinterpret_cast<const char*>(message.data()), message.size());
    if (text.find(kMirred) != std::string_view::npos) deny("a filter that sends packets to another interface");
  }
  if (type == RTM_NEWLINK && (flags & (NLM_F_CREATE | NLM_F_REPLACE)) != 0) deny("a link made by a raw request");
  if (type == RTM_GETLINK && (flags & NLM_F_DUMP) != 0) deny("a list of all links");
}

namespace {

[[noreturn]] void deny_family(const std::string& family) {
  deny(
      fmt::format("a request to generic netlink family {}; without CAP_NET_ADMIN, or a grant of that family, only "
                  "\"ethtool\" is allowed",
                  family));
}

}  // namespace

bool Permission::has_family(const std::string& name) const {
  if ((granted_ & NETRIG_WANTS_NET_ADMIN) != 0) return true;
  if ((granted_ & NETRIG_WANTS_GENL) == 0 || name.empty()) return false;
  return named_ == nullptr || std::find(named_->begin(), named_->end(), "genl:" + name) != named_->end();
}

void Permission::check_family(const std::string& name) const {
  // The kernel reads no further than a NUL, and what is checked later is the name.
  if (name.size() >= GENL_NAMSIZ || name.find('\0') != std::string::npos)
    deny("a generic netlink family by no name of one");
  // Those two are there already, or nowhere.
  if (!has_family(name) && name != "ethtool" && name != "nlctrl") deny_family("\"" + name + "\"");
}

namespace {

/// Of a family whose requests name an interface: this one. What lists all may name none.
void check_interface_of(const std::string& family, const GenlRequest& request, const std::string& name,
                        const std::function<std::uint32_t()>& ifindex_of) {
  const auto* row = std::find_if(std::begin(netrig_genl_interfaces), std::end(netrig_genl_interfaces),
                                 [&](const netrig_genl_interface_row& one) { return one.family == family; });
  if (row == std::end(netrig_genl_interfaces)) return;
  const bool lists = (request.flags & NLM_F_DUMP) == NLM_F_DUMP;
  const About which = about(request.attributes, row->number, row->name, ifindex_of(), name);
  if (which == About::another || (which == About::nothing && !lists))
    deny(fmt::format("a request to generic netlink family \"{}\" that is not about its interface", family));
}

}  // namespace

void Permission::check_genl(const GenlRequest& request, const std::string& name,
                            const std::function<std::uint32_t()>& ifindex_of) const {
  if (request.family < NLMSG_MIN_TYPE) deny(fmt::format("generic netlink family {}", request.family));
  const auto known = families_.find(request.family);
  const std::string family = known == families_.end() ? "" : known->second;
  check_change(!is_known_to_read(family, request.command, request.flags),
               fmt::format("command {} of generic netlink family {}", request.command,
                           family.empty() ? std::to_string(request.family) : "\"" + family + "\""));
  // What it is called decides what it may.
  if (known == families_.end())
    deny(fmt::format("a request to generic netlink family {}, which it has not looked up in this operation",
                     request.family));
  if (has_family(family)) {
    check_numbers(family, request.attributes);
    if ((granted_ & NETRIG_WANTS_NET_ADMIN) == 0) check_interface_of(family, request, name, ifindex_of);
    return;
  }
  if (family != "ethtool") deny_family("\"" + family + "\"");
  if ((request.flags & NLM_F_DUMP) != 0) deny("a list of all interfaces");
  if (request.command == netrig_ethtool_flash) deny("to flash firmware");
  const std::uint32_t ifindex = ifindex_of();
  bool about_it = false;
  walk(request.attributes, [&](std::uint16_t type, std::span<const std::byte> value) {
    // Attribute 1 is the request header in every message of the family (linux/ethtool_netlink.h).
    if (type != 1) return;
    about_it = about(value, ETHTOOL_A_HEADER_DEV_INDEX, ETHTOOL_A_HEADER_DEV_NAME, ifindex, name) == About::it;
  });
  if (!about_it) deny("an ethtool request that is not about its interface");
}

void Permission::check_sysfs(const std::string& path) {
  const bool bad = path.empty() || path.size() > 255 || path.front() == '/' || path.find("..") != std::string::npos ||
                   path.find('\0') != std::string::npos;
  if (bad) deny("a sysfs path that leaves the interface");
}

void Permission::check_sysfs_write(const std::string& path) const {
  check_sysfs(path);
  check_change(true, "a write to sysfs");
  // No pattern reaches into a directory that it does not name.
  const auto fits = [&](const std::string& pattern) {
    return ::fnmatch(pattern.c_str(), ("sysfs:" + path).c_str(), FNM_PATHNAME | FNM_NOESCAPE) == 0;
  };
  if ((granted_ & NETRIG_WANTS_SYSFS) == 0 || (named_ != nullptr && std::none_of(named_->begin(), named_->end(), fits)))
    deny(fmt::format("a write to {} in sysfs, which its table does not ask for or the policy does not grant", path));
}

void Permission::check_socket(std::uint32_t interface, std::uint32_t kind) const {
  check_change(true, "a socket of its own");
  if ((interface & NETRIG_OF_REFERENCE) == 0)
    check_interface(interface);
  else if ((interface & ~NETRIG_OF_REFERENCE) >= references_)
    deny(fmt::format("reference {}", interface & ~NETRIG_OF_REFERENCE));
  const std::uint32_t needed = kind == NETRIG_SOCKET_ROUTE || kind == NETRIG_SOCKET_GENERIC ? NETRIG_WANTS_NET_ADMIN
                               : kind == NETRIG_SOCKET_PACKET                               ? NETRIG_WANTS_NET_RAW
                                                                                            : NETRIG_WANTS_NOTHING;
  if (needed == NETRIG_WANTS_NOTHING) deny(fmt::format("a socket of the unknown kind {}", kind));
  if ((granted_ & needed) == 0)
    deny(fmt::format("a socket that needs {}, which its table does not ask for or the policy does not grant",
                     needed == NETRIG_WANTS_NET_RAW ? "CAP_NET_RAW" : "CAP_NET_ADMIN"));
}

}  // namespace netrig::driver
