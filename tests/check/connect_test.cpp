// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "check/rig.hpp"

using namespace netrig;

namespace {

check::TestResult connect(const std::string& check, const std::string& breakage = "true") {
  const rig::Rig rig(std::string(rig::kRouted) + "[[test]]\nname = \"t\"\nfrom = \"h1\"\n" + check + "\n");
  REQUIRE(scratch::sh(breakage).exit == 0);
  return rig.run<ConnectCheck>("t");
}

std::string in_nft(const std::string& space, const std::string& rule) {
  return "ip netns exec " + space +
         " nft 'add table inet t; add chain inet t c { type filter hook input priority 0; }; add chain inet t f { type "
         "filter hook forward priority 0; }; add rule inet t " +
         rule + "'";
}

}  // namespace

TEST_CASE("tcp and udp pass with an echo server of their own, over both families") {
  for (const std::string family : {"ipv4", "ipv6"})
    for (const std::string protocol : {"tcp", "udp"}) {
      INFO(protocol << " over " << family);
      // A neighbour that is asked for in vain on a busy machine is asked again after a second.
      const auto result =
          connect(protocol + " = { to = \"h2\", port = 4242, size = 1000, count = 3, timeout = \"10s\", " +
                  "family = \"" + family + "\" }");
      CHECK(result.findings.empty());
      CHECK(rig::metric(result.metrics, "echo_avg") > 0);
      if (protocol == "tcp") CHECK(rig::metric(result.metrics, "connect_avg") > 0);
    }
}

TEST_CASE("tcp brings a megabyte back whole") {
  CHECK(connect("tcp = { to = \"h2\", size = 1000000, timeout = \"10s\" }").findings.empty());
}

TEST_CASE("tcp to a server that is there only connects, and tells if none is") {
  const auto result = connect("tcp = { to = \"h2\", port = 4242, server = false }");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].about == "h1 -> h2 (198.51.100.2)");
  CHECK(result.findings[0].seen == "TCP port 4242: Connection refused (ECONNREFUSED)");
  CHECK(result.findings[0].expected == "a connection to port 4242");
  CHECK(result.findings[0].look_at == "netrig exec rig h2 -- ss -lntu");
  CHECK(
      connect("tcp = { to = \"h2\", port = 4242, server = false }",
              "(timeout 100 ip netns exec h2 python3 -m http.server 4242 >/dev/null 2>&1 &); for i in $(seq 1000); do "
              "ip netns exec "
              "h2 ss -Hltn sport = 4242 | grep -q . && break; sleep 0.05; done")
          .findings.empty());
}

TEST_CASE("tcp and udp tell silence from refusal") {
  auto result = connect("tcp = { to = \"h2\", timeout = \"200ms\" }", in_nft("h2", "c tcp dport 7777 drop"));
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "no answer to the connection request on port 7777");
  result = connect("udp = { to = \"h2\", timeout = \"200ms\" }", in_nft("r", "f udp dport 7777 drop"));
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "no answer from UDP port 7777");
  CHECK(result.findings[0].expected == "an answer from port 7777 within 200ms");
  result = connect("udp = { to = \"h2\" }", in_nft("h2", "c udp dport 7777 reject"));
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "UDP port 7777: Connection refused (ECONNREFUSED)");
  result = connect("tcp = { to = \"h2\" }", in_nft("r", "f tcp dport 7777 reject with icmpx host-unreachable"));
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "TCP port 7777: No route to host (EHOSTUNREACH)");
}

TEST_CASE("tcp tells a port that is taken, and an answer that was too late") {
  CHECK_THROWS_WITH(
      connect("tcp = { to = \"h2\", port = 4243 }",
              "(timeout 100 ip netns exec h2 python3 -m http.server 4243 >/dev/null 2>&1 &); for i in $(seq 1000); do "
              "ip netns exec h2 ss -Hltn sport = 4243 | grep -q . && break; sleep 0.05; done"),
      ContainsSubstring("cannot start an echo server at 198.51.100.2 port 4243 in h2: Address already in use"));
  const auto result = connect("tcp = { to = \"h2\", max_rtt = \"1us\" }");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].expected == "at most 1us");
}
