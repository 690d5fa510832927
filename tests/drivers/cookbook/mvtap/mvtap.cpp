// SPDX-License-Identifier: Apache-2.0
// mvtap: an interface on top of another, whose frames a virtual machine reads and writes (drivers/net/macvtap.c).
#include <linux/if_link.h>
#include <netrig/driver.hpp>

struct Mvtap {
  static constexpr auto about =
      netrig::About("mvtap", "1.0.0", "interface on top of another, whose frames a program has").makes("macvtap");

  static constexpr netrig::Parameter parameters[] = {
      // The number of an interface. Only a reference gives one, and what a link sits on is never another later.
      netrig::interface("parent", "interface that it sits on, in any namespace of the lab (IFLA_LINK)")
          .required()
          .create_only()
          .as_ifindex(IFLA_LINK)
          .of_link(),
      // Words for the kernel's numbers. The kernel refuses a change to or from passthru: that one makes the link anew.
      netrig::choice("mode", "who may talk to whom on one parent (IFLA_MACVLAN_MODE)",
                     {{"private", MACVLAN_MODE_PRIVATE},
                      {"vepa", MACVLAN_MODE_VEPA},
                      {"bridge", MACVLAN_MODE_BRIDGE},
                      {"passthru", MACVLAN_MODE_PASSTHRU, true},
                      {"source", MACVLAN_MODE_SOURCE}})
          .by_default("bridge")
          .as_u32(IFLA_MACVLAN_MODE),
      // A nest of elements, welcome in one mode alone. What is set is the whole list: so another attribute goes along.
      netrig::mac("senders", "MACs that are let in (IFLA_MACVLAN_MACADDR_DATA)")
          .list()
          .with("mode=source")
          .as_mac(IFLA_MACVLAN_MACADDR_DATA)
          .of_elements(IFLA_MACVLAN_MACADDR)
          .along_u32(IFLA_MACVLAN_MACADDR_MODE, MACVLAN_MACADDR_SET),
      // One bit of an attribute.
      netrig::boolean("nopromisc", "leave the parent out of promiscuous mode (IFLA_MACVLAN_FLAGS)")
          .with("mode=passthru")
          .unset("false")
          .as_u16(IFLA_MACVLAN_FLAGS)
          .bits(MACVLAN_FLAG_NOPROMISC),
      // What the kernel has by itself: an edit that no longer says 200 sets 1000 again.
      netrig::integer("queue_length", "broadcasts that wait to be copied (IFLA_MACVLAN_BC_QUEUE_LEN)")
          .range(0, 0x7fffffff)
          .unset("1000")
          .as_u32(IFLA_MACVLAN_BC_QUEUE_LEN),
      // An attribute of the link, not of its kind, and of both ends if it were a pair.
      netrig::integer("tx_queues", "queues that a program can have (IFLA_NUM_TX_QUEUES)")
          .range(1, 16)
          .create_only()
          .as_u32(IFLA_NUM_TX_QUEUES)
          .of_link(),
  };
};

NETRIG_DRIVER(Mvtap)
