// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "check/rig.hpp"

using namespace netrig;

namespace {

check::TestResult path(const std::string& check, const std::string& breakage = {}) {
  const rig::Rig rig(std::string(rig::kRouted) + "[[test]]\nname = \"t\"\nfrom = \"h1\"\npath = " + check + "\n");
  if (!breakage.empty()) REQUIRE(scratch::sh(breakage).exit == 0);
  return rig.run<PathCheck>("t");
}

/// The routed lab, in which h2 has an address on lo, too, and r knows the way to it.
std::string with_lo() {
  return scratch::replaced(
      scratch::replaced(rig::kRouted, "[namespace.h2]\n", "[namespace.h2]\nlo = [\"10.255.0.2/32\"]\n"),
      "[namespace.r]\n", "[namespace.r]\nroutes = [{ to = \"10.255.0.2\", via = \"198.51.100.2\" }]\n");
}

}  // namespace

TEST_CASE("path passes by the hops it expects, as names, addresses or anything") {
  CHECK(path("{ to = \"h2\", hops = [\"r\", \"h2\"] }").findings.empty());
  CHECK(path("{ to = \"h2\", hops = [\"192.0.2.254\", \"198.51.100.2\"] }").findings.empty());
  CHECK(path("{ to = \"h2\", family = \"ipv6\", hops = [\"2001:db8:1::fe\", \"*\"] }").findings.empty());
  const auto result = path("{ to = \"h2\" }");
  CHECK(result.findings.empty());
  CHECK(rig::metric(result.metrics, "hops") == 2);
}

TEST_CASE("addresses of lo are targets, by the interface and by the address, and belong to their namespace") {
  const rig::Rig rig(with_lo() + R"(
[[test]]
name = "by interface"
from = "h1"
path = { to = "h?:lo", hops = ["r", "h2"] }
[[test]]
name = "by address"
from = "h1"
path = { to = "10.255.0.2", hops = ["r", "h2"] }
[[test]]
name = "as any"
from = "h1"
path = { to = "h2", hops = ["r", "h2"] }
)");
  for (const auto& [name, address] : {std::pair("by interface", "10.255.0.2"), std::pair("by address", "10.255.0.2"),
                                      std::pair("as any", "198.51.100.2")}) {
    const auto result = rig.run<PathCheck>(name);
    INFO(name);
    CHECK(result.findings.empty());
    REQUIRE(result.pairs.size() == 1);
    CHECK(result.pairs[0].to == "h2");
    CHECK(result.pairs[0].address == address);
  }
}

TEST_CASE("a hop whose address several namespaces have may be each of them") {
  const rig::Rig rig(with_lo() + R"([namespace.a]
lo = ["10.255.0.2/32"]
[[test]]
name = "one"
from = "h1"
path = { to = "10.255.0.2", hops = ["r", "h2"] }
[[test]]
name = "other"
from = "h1"
path = { to = "10.255.0.2", hops = ["r", "r"] }
[[test]]
name = "server"
from = "h1"
tcp = { to = "10.255.0.2" }
[[test]]
name = "receiver"
from = "h1"
throughput = { to = "10.255.0.2", size = 1000 }
)");
  CHECK(rig.run<PathCheck>("one").findings.empty());
  const auto result = rig.run<PathCheck>("other");
  REQUIRE(result.findings.size() == 1);
  CHECK((result.findings[0].seen == "r (192.0.2.254), a or h2 (10.255.0.2)" ||
         result.findings[0].seen == "r (192.0.2.254), h2 or a (10.255.0.2)"));
  CHECK(rig.run<ConnectCheck>("server").findings.empty());
  CHECK_THROWS_WITH(rig.run<ThroughputCheck>("receiver"),
                    ContainsSubstring("several namespaces have the address 10.255.0.2"));
}

TEST_CASE("path tells the way it saw and the way it expected") {
  auto result = path("{ to = \"h2\", hops = [\"h2\"] }");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "r (192.0.2.254), h2 (198.51.100.2)");
  CHECK(result.findings[0].expected == "h2");
  result = path("{ to = \"h2\" }", "ip netns exec r ip route add unreachable 198.51.100.2/32");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "r (192.0.2.254), [host unreachable]");
  CHECK(result.findings[0].expected == "a way that ends at the target");
  result =
      path("{ to = \"h2\", timeout = \"500ms\", hops = [\"r\", \"h2\"] }",
           "ip netns exec r nft 'add table inet t; add chain inet t c { type filter hook forward priority 0; policy "
           "drop; }'");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "r (192.0.2.254), *, *, *, *, *, [nothing from here on]");
}
