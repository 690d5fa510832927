// SPDX-License-Identifier: Apache-2.0
// When a link takes packets: what kernels before 6.8 show of one that their link watch has not looked at yet.
#include <linux/if.h>

#include "catch.hpp"
#include "kernel/link.hpp"

using netrig::kernel::is_settling;
using netrig::kernel::LinkState;

TEST_CASE("a link that came up before its carrier settles until the link watch has seen it") {
  LinkState link{.flags = IFF_UP | IFF_LOWER_UP, .operstate = IF_OPER_UNKNOWN, .carrier_changes = 2};
  CHECK(is_settling(link));
  link.operstate = IF_OPER_DOWN;
  CHECK(is_settling(link));
  link.operstate = IF_OPER_LOWERLAYERDOWN;
  CHECK(is_settling(link));
  link.operstate = IF_OPER_UP;
  CHECK_FALSE(is_settling(link));
  link.operstate = IF_OPER_DORMANT;
  CHECK_FALSE(is_settling(link));
}

TEST_CASE("a link that has no queue drops what it is to send") {
  CHECK(is_settling({.flags = IFF_UP | IFF_LOWER_UP, .operstate = IF_OPER_UNKNOWN, .queueless = true}));
}

TEST_CASE("nobody waits for a link that is down, has no carrier, or never tells of one") {
  CHECK_FALSE(is_settling({.flags = 0, .operstate = IF_OPER_DOWN, .queueless = true}));
  CHECK_FALSE(is_settling({.flags = IFF_UP, .operstate = IF_OPER_LOWERLAYERDOWN, .carrier_changes = 1}));
  CHECK_FALSE(is_settling({.flags = IFF_UP | IFF_LOWER_UP, .operstate = IF_OPER_UNKNOWN}));
}
