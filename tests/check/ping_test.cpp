// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "check/rig.hpp"

using namespace netrig;

namespace {

check::TestResult ping(const std::string& lab, const std::string& check, const std::string& breakage = {},
                       const std::string& from = "h1") {
  const rig::Rig rig(lab + "[[test]]\nname = \"t\"\nfrom = \"" + from + "\"\nping = " + check + "\n");
  if (!breakage.empty()) {
    const auto broken = scratch::sh(breakage);
    INFO(broken.err);
    REQUIRE(broken.exit == 0);
  }
  return rig.run<PingCheck>("t");
}

std::string in_nft(const std::string& space, const std::string& hook, const std::string& rule) {
  return "ip netns exec " + space + " nft 'add table inet t; add chain inet t c { type filter hook " + hook +
         " priority 0; }; add rule inet t c " + rule + "'";
}

/// Hosts on one bridge. `spaces`: more lines for each namespace.
std::string star(int hosts, const std::string& spaces = {}) {
  return "[lab]\nname = \"rig\"\n[namespace.switch]\n" + spaces +
         "[device.br]\ndriver = \"bridge\"\n"
         "interfaces = [{ namespace = \"switch\", name = \"br0\" }]\n"
         "[[repeat]]\nfor = { i = \"1.." +
         std::to_string(hosts) + "\" }\n[repeat.namespace.\"h{i}\"]\n" + spaces +
         "[repeat.device.\"port{i}\"]\ndriver = \"veth\"\ninterfaces = [\n"
         "  { namespace = \"switch\", name = \"p{i}\", master = \"br0\" },\n"
         "  { namespace = \"h{i}\", name = \"eth0\", addresses = [\"10.0.0.0/16 + {i}\"] },\n]\n";
}

}  // namespace

TEST_CASE("ping passes over IPv4 and IPv6 and through a router, with round trip times") {
  for (const std::string family : {"ipv4", "ipv6"}) {
    const auto result =
        ping(rig::kRouted, "{ to = \"h2\", count = 5, interval = \"10ms\", size = 1000, max_rtt = \"1s\", family = \"" +
                               family + "\" }");
    INFO(family);
    CHECK(result.findings.empty());
    CHECK(rig::metric(result.metrics, "received") == 5);
    CHECK(rig::metric(result.metrics, "loss") == 0);
    CHECK(rig::metric(result.metrics, "rtt_avg") > 0);
    CHECK(rig::metric(result.metrics, "rtt_max") >= rig::metric(result.metrics, "rtt_min"));
    REQUIRE(result.series.size() == 1);
    CHECK(result.series[0].points.size() == 5);
  }
}

TEST_CASE("ping counts what a capture of the kernel sees") {
  const rig::Rig rig(std::string(rig::kWire) +
                     "[[test]]\nname = \"t\"\nfrom = \"h1\"\nping = { to = \"h2\", count = 7, interval = \"1ms\" }\n");
  rig.run<PingCheck>("t");
  // Icmp: InMsgs... of h2; the 8 echo replies it sent
  const auto counters =
      scratch::sh("ip netns exec h2 nstat -asz IcmpInEchos IcmpOutEchoReps | awk '/Icmp/ { print $2 }'");
  CHECK(counters.out == "7\n7\n");
}

TEST_CASE("ping tells how many replies were missing, and what to look at") {
  const auto result = ping(rig::kWire, "{ to = \"h2\", count = 3, interval = \"10ms\", timeout = \"200ms\" }",
                           in_nft("h2", "input", "icmp type echo-request drop"));
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].about == "h1 -> h2 (192.0.2.2)");
  CHECK(result.findings[0].seen == "3 of 3 echo requests got no reply: no reply");
  CHECK(result.findings[0].expected == "at most 0% loss");
  CHECK(result.findings[0].look_at == "netrig exec rig h1 -- ip route get 192.0.2.2");
  CHECK(result.reproduce.at(0) == "netrig exec rig h1 -- ping -c 3 -i 0.01 -s 56 192.0.2.2");
  CHECK(rig::metric(result.metrics, "loss") == 100);
  CHECK(result.pairs.at(0).outcome == check::Outcome::failed);
}

TEST_CASE("ping tells who refused, and why") {
  auto result =
      ping(rig::kRouted, "{ to = \"h2\", count = 1 }", "ip netns exec r ip route add prohibit 198.51.100.2/32");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "1 of 1 echo requests got no reply: 192.0.2.254 says: administratively prohibited");
  result = ping(rig::kRouted, "{ to = \"h2\", count = 1, family = \"ipv6\" }",
                "ip netns exec r ip -6 route add unreachable 2001:db8:2::2/128 metric 1");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "1 of 1 echo requests got no reply: 2001:db8:1::fe says: no route");
  result = ping(rig::kRouted, "{ to = \"h2\", count = 1 }", "ip netns exec h1 ip route del default");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen ==
        "1 of 1 echo requests got no reply: the sender has no route to 198.51.100.2 (ENETUNREACH)");
  result = ping(rig::kWire, "{ to = \"h2\", count = 1, ttl = 1 }");
  CHECK(result.findings.empty());
  result = ping(rig::kRouted, "{ to = \"h2\", count = 1, ttl = 1 }");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "1 of 1 echo requests got no reply: 192.0.2.254 says: time exceeded");
}

TEST_CASE("ping allows the loss that a test allows, and no more", "[backlog]") {
  const std::string every_other = in_nft("h2", "input", "icmp type echo-request numgen inc mod 2 0 drop");
  CHECK(
      ping(rig::kWire, "{ to = \"h2\", count = 10, interval = \"1ms\", timeout = \"2s\", max_loss = 50 }", every_other)
          .findings.empty());
  const auto result = ping(
      rig::kWire, "{ to = \"h2\", count = 10, interval = \"1ms\", timeout = \"2s\", max_loss = 49.9 }", every_other);
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "5 of 10 echo requests got no reply: no reply");
}

TEST_CASE("ping tells a round trip that was too long") {
  const auto result = ping(rig::kWire, "{ to = \"h2\", count = 2, interval = \"1ms\", max_rtt = \"1us\" }");
  REQUIRE(result.findings.size() == 1);
  CHECK_THAT(result.findings[0].seen, Catch::Matchers::Matches("a round trip took [0-9.]+ ms"));
  CHECK(result.findings[0].expected == "at most 1us");
}

TEST_CASE("ping wants the loss and the round trips of a bad link, and tells one that is too good", "[backlog]") {
  // All or nothing: what the machine itself drops is sent again, so that no other share is certain.
  const std::string all = in_nft("h2", "input", "icmp type echo-request drop");
  const std::string some = "{ to = \"h2\", count = 4, interval = \"1ms\", timeout = \"500ms\", ";
  CHECK(ping(rig::kWire, some + "min_loss = 100 }", all).findings.empty());
  CHECK(ping(rig::kWire, some + "min_rtt = \"1us\" }").findings.empty());
  auto result = ping(rig::kWire, some + "min_loss = 0.5 }");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "4 of 4 echo requests were answered, which is 0% loss");
  CHECK(result.findings[0].expected == "at least 0.5% loss");
  result = ping(rig::kWire, some + "min_loss = 20, max_loss = 40 }", all);
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].expected == "at most 40% loss");
  result = ping(rig::kWire, some + "min_rtt = \"10m\" }");
  REQUIRE(result.findings.size() == 1);
  CHECK_THAT(result.findings[0].seen, Catch::Matchers::Matches("a round trip took [0-9.]+ ms"));
  CHECK(result.findings[0].expected == "at least 10m");
}

TEST_CASE("ping that must not be fragmented is refused by a small link, and passes without") {
  const std::string narrow = "ip netns exec r ip link set eth2 mtu 1400; ip netns exec h2 ip link set eth0 mtu 1400";
  CHECK(ping(rig::kRouted, "{ to = \"h2\", count = 1, size = 1472 }", narrow).findings.empty());
  const auto result = ping(rig::kRouted, "{ to = \"h2\", count = 1, size = 1472, dont_fragment = true }", narrow);
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "1 of 1 echo requests got no reply: 192.0.2.254 says: fragmentation needed");
}

TEST_CASE("a hundred hosts all ping each other, and leave no neighbour entry behind", "[backlog]") {
  const rig::Rig rig(star(100) +
                     "[[test]]\nname = \"t\"\nfrom = \"h*\"\nping = { to = \"h*\", count = 1 }\n"
                     "[[test]]\nname = \"some\"\nfrom = \"h*\"\nping = { to = \"h*\", pairs = 30 }\n");
  REQUIRE(
      scratch::sh(
          "ip netns exec h1 ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:99 dev eth0 nud noarp && ip netns exec h1 ip "
          "neigh del 10.0.0.2 dev eth0 && ip netns exec h1 ping -c1 10.0.0.3")
          .exit == 0);
  const auto result = rig.run<PingCheck>("t");
  for (const check::Finding& finding : result.findings) UNSCOPED_INFO(finding.about << ": " << finding.seen);
  CHECK(result.findings.empty());
  CHECK(result.pairs.size() == 9900);
  CHECK(rig::metric(result.metrics, "received") == 9900);
  // Ours are gone, the one that was there before is not.
  CHECK(scratch::sh("ip netns exec h1 ip neigh show nud all | grep -c '^10[.]'").out == "1\n");
  CHECK(rig.run<PingCheck>("some").pairs.size() == 30);
}

TEST_CASE("so many hosts that the machine cannot hold two of their broadcasts ping one of them and lose nothing",
          "[backlog]") {
  // Without IPv6: the router solicitations of so many hosts would overflow the machine for minutes, other tests' too.
  const rig::Rig rig(star(900, "sysctl = { \"net.ipv6.conf.all.disable_ipv6\" = 1 }\n") +
                     "[[test]]\nname = \"t\"\nfrom = \"h*\"\nping = { to = \"h1\", count = 1 }\n");
  const auto result = rig.run<PingCheck>("t", std::chrono::seconds(120));
  for (const check::Finding& finding : result.findings) UNSCOPED_INFO(finding.about << ": " << finding.seen);
  CHECK(result.findings.empty());
  CHECK(rig::metric(result.metrics, "received") == 899);
}
