// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernel/batch.hpp"
#include "kernel/socket.hpp"
#include "model/address.hpp"

namespace netrig::kernel {

/// A kernel link as RTM_GETLINK shows it.
struct LinkState {
  std::uint32_t ifindex = 0;
  std::string name;
  std::string kind;         ///< IFLA_INFO_KIND; empty for hardware and lo
  std::uint32_t flags = 0;  ///< IFF_*
  std::uint32_t mtu = 0;
  std::uint32_t group = 0;
  std::uint32_t master = 0;  ///< ifindex; 0: none
  std::string alias;
  std::optional<MacAddress> mac;
  std::uint8_t operstate = 0;  ///< IF_OPER_* of linux/if.h
  std::uint32_t carrier_changes = 0;
  bool queueless = false;  ///< IFLA_QDISC is "noop": what it is to send is dropped
  std::string qdisc;       ///< IFLA_QDISC: the kind at its root; empty: "noop" or "noqueue", which keep nothing
  std::uint32_t txqlen = 0;
  std::optional<std::uint8_t> addr_gen_mode;  ///< IN6_ADDR_GEN_MODE_*; nothing: it has no IPv6
  bool ipv6_off = false;                      ///< by its sysctl disable_ipv6
  bool protodown = false;
  std::optional<std::uint8_t> port_state;  ///< BR_STATE_* of linux/if_bridge.h; nothing: it is no port of a bridge
  std::vector<std::string> altnames;       ///< sorted
  std::vector<std::byte> attributes;       ///< all of them as they came; empty: nobody asked for them
};

/// All links of the socket's namespace, one dump. `whole`: whether all attributes of a link are wanted.
using IsWhole = std::function<bool(const LinkState& link)>;
std::vector<LinkState> list_links(Socket& socket, const IsWhole& whole = {});
/// What ip-link(8) and drivers call such a link: its kind, but of the two that are of kind "tun" the one that has
/// Ethernet frames is a "tap" (drivers/net/tun.c).
std::string usual_name(const LinkState& link);
/// One link; nothing if it is gone.
std::optional<LinkState> get_link(Socket& socket, std::uint32_t ifindex);
/// Whether a link has a carrier that the kernel does not use yet. One whose other end has just come up gets its queues
/// from the link watch (net/core/link_watch.c), up to a second later; until then it drops what it should send, such as
/// the first ARP request, which is repeated only after another second. Asking for one link, and not a dump of all,
/// makes a kernel since 6.8 do it at once (rtnl_getlink).
bool is_settling(const LinkState& link);
bool is_settling(Socket& socket, std::uint32_t ifindex);
/// Of an interface of the calling thread's namespace, as its driver tells; Units: Mbit/s. Nothing: it does not know, or
/// the link is down.
std::optional<std::uint32_t> speed_of(const std::string& interface);
std::optional<LinkState> parse_link(std::span<const std::byte> payload);
/// The routing table of a VRF of the socket's namespace; nothing: the link is none.
std::optional<std::uint32_t> vrf_table(Socket& socket, std::uint32_t ifindex);

/// Where and how a new link appears.
struct NewLink {
  std::string_view name;
  std::uint32_t ifindex = 0;  ///< 0: the kernel chooses
  int netns_fd = -1;          ///< -1: the socket's namespace
  std::optional<std::uint32_t> mtu = {};
  std::optional<MacAddress> mac = {};
  bool up = false;
};
/// ifinfomsg and the attributes that every new link has.
void begin_new_link(Batch& batch, const NewLink& link);
/// The same inside IFLA_INFO_DATA, for the second end of a pair.
void append_peer(Batch& batch, const NewLink& link);

/// What drives a link, as `ethtool -i` says it; of what is not there, or does not say, both are empty.
struct Hardware {
  std::string driver;
  std::string bus_address;
};
/// Of an interface of the calling thread's namespace.
Hardware hardware_of(const std::string& interface);

/// Begins RTM_NEWLINK on an existing link; attributes may follow.
void begin_set_link(Batch& batch, std::uint32_t ifindex);
void set_link_up(Batch& batch, std::uint32_t ifindex, bool up);
void set_group(Batch& batch, std::uint32_t ifindex, std::uint32_t group);
void delete_link(Batch& batch, std::uint32_t ifindex);
/// Moves a link to another namespace, where it is down, without addresses and with its sysctls as they are there by
/// default (dev_change_net_namespace). `link.ifindex`: its number there; 0: its own, if that is free.
void move_link(Batch& batch, std::uint32_t ifindex, const NewLink& link);
/// Deletes every link of a group in one pass of the kernel, which waits for its readers once instead of once a link.
void delete_group(Batch& batch, std::uint32_t group);

/// Word for IF_OPER_*, as `ip -j link` prints it.
std::string operstate_text(std::uint8_t operstate);

}  // namespace netrig::kernel
