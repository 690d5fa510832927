// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "check/rig.hpp"

using namespace netrig;

namespace {

/// `timeout`: where an answer is to come, one that no machine needs.
check::TestResult unreachable(const std::string& more, const std::string& rule = {},
                              const std::string& timeout = "150ms") {
  const rig::Rig rig(std::string(rig::kRouted) +
                     "[[test]]\nname = \"t\"\nfrom = \"h1\"\nunreachable = { to = \"h2\", timeout = \"" + timeout +
                     "\"" + more + " }\n");
  if (!rule.empty())
    REQUIRE(scratch::sh(
                "ip netns exec r nft 'add table inet t; add chain inet t f { type filter hook forward priority 0; }; "
                "add rule inet t f " +
                rule + "'")
                .exit == 0);
  return rig.run<UnreachableCheck>("t");
}

}  // namespace

TEST_CASE("unreachable passes when a firewall drops or rejects") {
  for (const std::string family : {"ipv4", "ipv6"}) {
    INFO(family);
    const std::string more = ", family = \"" + family + "\"";
    CHECK(unreachable(more, "meta l4proto { icmp, ipv6-icmp } drop").findings.empty());
    CHECK(unreachable(more + ", protocol = \"tcp\", how = \"silent\"", "tcp dport 7777 drop").findings.empty());
    CHECK(unreachable(more + ", protocol = \"tcp\", how = \"rejected\"", "tcp dport 7777 reject with tcp reset")
              .findings.empty());
    CHECK(unreachable(more + ", protocol = \"udp\", how = \"rejected\"", "udp dport 7777 reject").findings.empty());
  }
}

TEST_CASE("unreachable fails when something gets through, and says what") {
  auto result = unreachable("", {}, "20s");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "an echo request got through: a reply");
  CHECK(result.findings[0].expected == "no way through");
  CHECK_THAT(result.findings[0].look_at, ContainsSubstring("netrig exec rig h2 -- nft list ruleset"));
  result = unreachable(", protocol = \"tcp\"", {}, "20s");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "TCP port 7777 got through: connected");
  result = unreachable(", protocol = \"udp\"", {}, "20s");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "UDP port 7777 got through: an answer");
  // Nobody listens, but the way is open.
  result = unreachable(", protocol = \"tcp\", server = false", {}, "20s");
  REQUIRE(result.findings.size() == 1);
  CHECK_THAT(result.findings[0].seen, ContainsSubstring("the target itself answered that nobody listens"));
}

TEST_CASE("unreachable sees what arrives, also when no answer comes back") {
  const auto result = unreachable(", protocol = \"udp\", count = 2", "udp sport 7777 drop", "2s");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "2 datagrams reached the target, although no answer came back");
}

TEST_CASE("unreachable tells silence from rejection") {
  auto result = unreachable(", how = \"silent\"", "icmp type echo-request reject with icmp admin-prohibited");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "an echo request was rejected: 192.0.2.254 says: administratively prohibited");
  result = unreachable(", protocol = \"tcp\", how = \"rejected\"", "tcp dport 7777 drop");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "TCP port 7777: no answer to the connection request on port 7777, 5 times");
  CHECK(result.findings[0].expected == "a rejection (how = \"rejected\")");
}

TEST_CASE("unreachable asks for rejections as slowly as a kernel sends them") {
  const rig::Rig rig(std::string(rig::kRouted) + R"(
[[test]]
name = "t"
from = "h1"
unreachable = { to = "h2", timeout = "150ms", how = "rejected" }
)");
  REQUIRE(scratch::sh("ip -n r rule add iif eth1 to 198.51.100.0/24 prohibit").exit == 0);
  // So many that none is left for the first requests of the check.
  REQUIRE(scratch::sh("ip netns exec h1 ping -c 12 -i 0.002 -W 1 198.51.100.2").exit == 1);
  const auto result = rig.run<UnreachableCheck>("t");
  INFO((result.findings.empty() ? "" : result.findings[0].seen));
  CHECK(result.findings.empty());
}
