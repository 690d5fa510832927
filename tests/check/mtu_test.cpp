// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "check/rig.hpp"

using namespace netrig;

namespace {

const std::string kNarrow = "ip netns exec r ip link set eth2 mtu 1400; ip netns exec h2 ip link set eth0 mtu 1400";
const std::string kSilent =
    kNarrow +
    "; ip netns exec r nft 'add table inet t; add chain inet t c { type filter hook output priority 0; }; add rule "
    "inet t c "
    "icmp type destination-unreachable drop; add rule inet t c icmpv6 type packet-too-big drop'";

check::TestResult mtu(const std::string& check, const std::string& breakage = "true") {
  const rig::Rig rig(std::string(rig::kRouted) + "[[test]]\nname = \"t\"\nfrom = \"h1\"\nmtu = " + check + "\n");
  const auto broken = scratch::sh(breakage);
  INFO(broken.err);
  REQUIRE(broken.exit == 0);
  return rig.run<MtuCheck>("t");
}

}  // namespace

TEST_CASE("mtu finds the path MTU, told by a router or not needed") {
  CHECK(mtu("{ to = \"h2\", equals = 1500 }").findings.empty());
  for (const std::string family : {"ipv4", "ipv6"}) {
    const auto result = mtu("{ to = \"h2\", equals = 1400, family = \"" + family + "\" }", kNarrow);
    INFO(family);
    CHECK(result.findings.empty());
    CHECK(rig::metric(result.metrics, "mtu") == 1400);
    CHECK(rig::metric(result.metrics, "black_hole") == 0);
  }
}

TEST_CASE("mtu finds a black hole, and how wide it is") {
  for (const std::string family : {"ipv4", "ipv6"}) {
    INFO(family);
    CHECK(mtu("{ to = \"h2\", equals = 1400, black_hole = true, timeout = \"200ms\", family = \"" + family + "\" }",
              kSilent)
              .findings.empty());
  }
  const auto result = mtu("{ to = \"h2\", equals = 1400, timeout = \"200ms\" }", kSilent);
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "a path MTU of 1400; larger packets are lost without a word (black hole)");
  CHECK(result.findings[0].look_at == "netrig exec rig h1 -- tracepath -n 198.51.100.2");
}

TEST_CASE("mtu fails with the size seen and who told it") {
  auto result = mtu("{ to = \"h2\", equals = 1500 }", kNarrow);
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "a path MTU of 1400, told by 192.0.2.254");
  CHECK(result.findings[0].expected == "a path MTU of 1500");
  result = mtu("{ to = \"h2\", equals = 1500, timeout = \"200ms\" }", "ip netns exec h2 ip link set eth0 down");
  REQUIRE(result.findings.size() == 1);
  CHECK_THAT(result.findings[0].seen, ContainsSubstring("not even a packet of 68 bytes comes back"));
}
