/* SPDX-License-Identifier: Apache-2.0
 *
 * What the host says no to, as tables: read by the host, which must not be talked out of it, and by the mock host, so
 * that a unit test hears the same. Not for drivers.
 */
#ifndef NETRIG_RULES_H
#define NETRIG_RULES_H

#include <errno.h>
#include <linux/devlink.h>
#include <linux/ethtool_netlink.h>
#include <linux/gtp.h>
#include <linux/if_link.h>
#include <linux/if_macsec.h>
#include <linux/if_team.h>
#include <linux/if_tunnel.h>
#include <linux/nbd-netlink.h>
#include <linux/nl80211.h>
#include <linux/rtnetlink.h>
#include <linux/taskstats.h>
#include <linux/veth.h>
#include <linux/wireguard.h>
#include <netrig/driver.h>

/** What an attribute of IFLA_INFO_DATA reaches beyond its link. */
enum netrig_reach {
  NETRIG_REACHES_PEER,       /**< makes a second link, of any name, anywhere */
  NETRIG_REACHES_INTERFACE,  /**< a number of an interface, which only a reference gives */
  NETRIG_REACHES_DESCRIPTOR, /**< a number of an open file of the process that asks */
};
struct netrig_reach_row {
  const char* kind;
  uint16_t attribute;
  enum netrig_reach reach;
};
/* By number what the headers of Debian 12 lack, or keep to themselves: linux/can/vxcan.h, linux/if_link.h of 6.7
 * (netkit) and 6.4 (dsa), net/hsr/hsr_netlink.c. */
static const struct netrig_reach_row netrig_reaches[] = {
    {"veth", VETH_INFO_PEER, NETRIG_REACHES_PEER},
    {"vxcan", 1, NETRIG_REACHES_PEER},
    {"netkit", 1, NETRIG_REACHES_PEER},
    {"vxlan", IFLA_VXLAN_LINK, NETRIG_REACHES_INTERFACE},
    {"gre", IFLA_GRE_LINK, NETRIG_REACHES_INTERFACE},
    {"gretap", IFLA_GRE_LINK, NETRIG_REACHES_INTERFACE},
    {"erspan", IFLA_GRE_LINK, NETRIG_REACHES_INTERFACE},
    {"ip6gre", IFLA_GRE_LINK, NETRIG_REACHES_INTERFACE},
    {"ip6gretap", IFLA_GRE_LINK, NETRIG_REACHES_INTERFACE},
    {"ip6erspan", IFLA_GRE_LINK, NETRIG_REACHES_INTERFACE},
    {"ipip", IFLA_IPTUN_LINK, NETRIG_REACHES_INTERFACE},
    {"sit", IFLA_IPTUN_LINK, NETRIG_REACHES_INTERFACE},
    {"ip6tnl", IFLA_IPTUN_LINK, NETRIG_REACHES_INTERFACE},
    {"vti", IFLA_VTI_LINK, NETRIG_REACHES_INTERFACE},
    {"vti6", IFLA_VTI_LINK, NETRIG_REACHES_INTERFACE},
    {"xfrm", IFLA_XFRM_LINK, NETRIG_REACHES_INTERFACE},
    {"amt", 4, NETRIG_REACHES_INTERFACE},
    {"bond", IFLA_BOND_ACTIVE_SLAVE, NETRIG_REACHES_INTERFACE},
    {"bond", IFLA_BOND_PRIMARY, NETRIG_REACHES_INTERFACE},
    {"hsr", IFLA_HSR_SLAVE1, NETRIG_REACHES_INTERFACE},
    {"hsr", IFLA_HSR_SLAVE2, NETRIG_REACHES_INTERFACE},
    {"hsr", 8, NETRIG_REACHES_INTERFACE},
    {"dsa", 1, NETRIG_REACHES_INTERFACE},
    {"gtp", IFLA_GTP_FD0, NETRIG_REACHES_DESCRIPTOR},
    {"gtp", IFLA_GTP_FD1, NETRIG_REACHES_DESCRIPTOR},
    {"ppp", IFLA_PPP_DEV_FD, NETRIG_REACHES_DESCRIPTOR},
};

/** IFLA_* that a driver may set of a link: those that do not move it, name it, or tie it to another, and that no key of
 *  an interface says. */
static const uint16_t netrig_harmless[] = {IFLA_NUM_TX_QUEUES, IFLA_NUM_RX_QUEUES, IFLA_GSO_MAX_SIZE, IFLA_GSO_MAX_SEGS,
                                           IFLA_GRO_MAX_SIZE};

/* linux/ethtool_netlink.h; by number what its version in Debian 12 does not have yet: RSS_GET, PLCA_GET_CFG,
 * PLCA_GET_STATUS, MM_GET. What acts (a cable test, a firmware's flashing) and what comes later is not among them. */
static const uint8_t netrig_ethtool_reads[] = {ETHTOOL_MSG_STRSET_GET,
                                               ETHTOOL_MSG_LINKINFO_GET,
                                               ETHTOOL_MSG_LINKMODES_GET,
                                               ETHTOOL_MSG_LINKSTATE_GET,
                                               ETHTOOL_MSG_DEBUG_GET,
                                               ETHTOOL_MSG_WOL_GET,
                                               ETHTOOL_MSG_FEATURES_GET,
                                               ETHTOOL_MSG_PRIVFLAGS_GET,
                                               ETHTOOL_MSG_RINGS_GET,
                                               ETHTOOL_MSG_CHANNELS_GET,
                                               ETHTOOL_MSG_COALESCE_GET,
                                               ETHTOOL_MSG_PAUSE_GET,
                                               ETHTOOL_MSG_EEE_GET,
                                               ETHTOOL_MSG_TSINFO_GET,
                                               ETHTOOL_MSG_TUNNEL_INFO_GET,
                                               ETHTOOL_MSG_FEC_GET,
                                               ETHTOOL_MSG_MODULE_EEPROM_GET,
                                               ETHTOOL_MSG_STATS_GET,
                                               ETHTOOL_MSG_PHC_VCLOCKS_GET,
                                               ETHTOOL_MSG_MODULE_GET,
                                               ETHTOOL_MSG_PSE_GET,
                                               38,
                                               39,
                                               41,
                                               42};

/** ETHTOOL_MSG_MODULE_FW_FLASH_ACT, which the headers of Debian 12 lack: what it writes outlives lab and machine. */
static const uint8_t netrig_ethtool_flash = 44;

/** Attributes of generic netlink that the kernel looks up in the process which sends the request. That is netrig's,
 * which has descriptors of all namespaces of the lab open, and a driver knows neither those numbers nor that process.
 */
struct netrig_genl_refused_row {
  const char* family;
  uint16_t nest; /**< attribute that it is in; 0: none */
  uint16_t attribute;
  const char* what;
};
/* By number what is in no header of Debian 12 (linux/ovpn.h of 6.16; net/nl802154.h, the kernel's own) or in one that
 * does not go with netinet/in.h (linux/l2tp.h). */
static const struct netrig_genl_refused_row netrig_genl_refused[] = {
    {NL80211_GENL_NAME, 0, NL80211_ATTR_NETNS_FD, "an open file"},
    {NL80211_GENL_NAME, 0, NL80211_ATTR_PID, "a process"},
    {"nl802154", 0, 28, "a process"},
    {"nl802154", 0, 29, "an open file"},
    {DEVLINK_GENL_NAME, 0, DEVLINK_ATTR_NETNS_FD, "an open file"},
    {DEVLINK_GENL_NAME, 0, DEVLINK_ATTR_NETNS_PID, "a process"},
    {DEVLINK_GENL_NAME, 0, DEVLINK_ATTR_NETNS_ID, "another namespace"},
    {"gtp", 0, GTPA_NET_NS_FD, "an open file"},
    {"l2tp", 0, 23, "an open file"},
    {"ovpn", 2, 6, "an open file"},
    {NBD_GENL_FAMILY_NAME, 0, NBD_ATTR_SOCKETS, "open files"},
    {TASKSTATS_GENL_NAME, 0, TASKSTATS_CMD_ATTR_PID, "a process"},
    {TASKSTATS_GENL_NAME, 0, TASKSTATS_CMD_ATTR_TGID, "a process"},
};

/** Families whose every request is about one interface, and the attributes that say which; 0: none. */
struct netrig_genl_interface_row {
  const char* family;
  uint16_t number;
  uint16_t name;
};
static const struct netrig_genl_interface_row netrig_genl_interfaces[] = {
    {WG_GENL_NAME, WGDEVICE_A_IFINDEX, WGDEVICE_A_IFNAME},
    {"gtp", GTPA_LINK, 0},
    {MACSEC_GENL_NAME, MACSEC_ATTR_IFINDEX, 0},
    {TEAM_GENL_NAME, TEAM_ATTR_TEAM_IFINDEX, 0},
    {"ovpn", 1, 0},
};

/** What a driver is told of the kernel's no. NETRIG_IO: nothing that has a status of its own. */
static inline netrig_status netrig_status_of(int error_number) {
  switch (error_number) {
    case EEXIST:
      return NETRIG_EXISTS;
    case ENOENT:
    case ENODEV:
    case ESRCH:
      return NETRIG_NOT_FOUND;
    case EBUSY:
      return NETRIG_BUSY;
    case EINVAL:
    case ERANGE:
      return NETRIG_INVALID;
    case EOPNOTSUPP:
    case EPROTONOSUPPORT:
    case EAFNOSUPPORT:
      return NETRIG_UNSUPPORTED;
    case EPERM:
    case EACCES:
      return NETRIG_DENIED;
    case ENOMEM:
    case ENOBUFS:
      return NETRIG_NO_MEMORY;
    default:
      return NETRIG_IO;
  }
}

#endif /* NETRIG_RULES_H */
