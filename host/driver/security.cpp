// SPDX-License-Identifier: Apache-2.0
#include "driver/security.hpp"

#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/veth.h>

#include <algorithm>
#include <array>

namespace netrig::driver {
namespace {

struct Row {
  std::string_view kind;
  std::uint16_t attribute;
  Reach reach;
};

// By number what the headers of Debian 12 lack, or keep to themselves: linux/can/vxcan.h, linux/if_link.h of 6.7
// (netkit) and 6.4 (dsa), net/hsr/hsr_netlink.c.
constexpr std::array kRows = {
    Row{"veth", VETH_INFO_PEER, Reach::peer},
    Row{"vxcan", 1, Reach::peer},
    Row{"netkit", 1, Reach::peer},
    Row{"vxlan", IFLA_VXLAN_LINK, Reach::interface},
    Row{"gre", IFLA_GRE_LINK, Reach::interface},
    Row{"gretap", IFLA_GRE_LINK, Reach::interface},
    Row{"erspan", IFLA_GRE_LINK, Reach::interface},
    Row{"ip6gre", IFLA_GRE_LINK, Reach::interface},
    Row{"ip6gretap", IFLA_GRE_LINK, Reach::interface},
    Row{"ip6erspan", IFLA_GRE_LINK, Reach::interface},
    Row{"ipip", IFLA_IPTUN_LINK, Reach::interface},
    Row{"sit", IFLA_IPTUN_LINK, Reach::interface},
    Row{"ip6tnl", IFLA_IPTUN_LINK, Reach::interface},
    Row{"vti", IFLA_VTI_LINK, Reach::interface},
    Row{"vti6", IFLA_VTI_LINK, Reach::interface},
    Row{"xfrm", IFLA_XFRM_LINK, Reach::interface},
    Row{"amt", 4, Reach::interface},
    Row{"bond", IFLA_BOND_ACTIVE_SLAVE, Reach::interface},
    Row{"bond", IFLA_BOND_PRIMARY, Reach::interface},
    Row{"hsr", IFLA_HSR_SLAVE1, Reach::interface},
    Row{"hsr", IFLA_HSR_SLAVE2, Reach::interface},
    Row{"hsr", 8, Reach::interface},
    Row{"dsa", 1, Reach::interface},
    Row{"gtp", IFLA_GTP_FD0, Reach::descriptor},
    Row{"gtp", IFLA_GTP_FD1, Reach::descriptor},
    Row{"ppp", IFLA_PPP_DEV_FD, Reach::descriptor},
};

}  // namespace

std::optional<Reach> reach_of(std::string_view kind, std::uint16_t attribute) {
  for (const Row& row : kRows)
    if (row.kind == kind && row.attribute == attribute) return row.reach;
  return std::nullopt;
}

std::uint16_t peer_attribute(std::string_view kind) {
  for (const Row& row : kRows)
    if (row.kind == kind && row.reach == Reach::peer) return row.attribute;
  return 0;
}

bool is_harmless(std::uint16_t attribute) {
  static constexpr std::array kAllowed = {IFLA_NUM_TX_QUEUES, IFLA_NUM_RX_QUEUES, IFLA_GSO_MAX_SIZE, IFLA_GSO_MAX_SEGS,
                                          IFLA_GRO_MAX_SIZE};
  return std::find(kAllowed.begin(), kAllowed.end(), attribute) != kAllowed.end();
}

}  // namespace netrig::driver
