// SPDX-License-Identifier: Apache-2.0
// How packets of a check spread over several ways: source ports of its flows, and what each way carried.
#include <cmath>

#include "catch.hpp"
#include "check/rig.hpp"

using namespace netrig;
using scratch::Json;

namespace {

/// h1 - r1 = r2 - h2: two links between the routers, the second four times as heavy, chosen by ports. `policy`: 1: by
/// ports, 0: by addresses.
std::string two_ways(const std::string& check, int policy = 1) {
  const std::string sysctl = "sysctl = { \"net.ipv4.fib_multipath_hash_policy\" = " + std::to_string(policy) + " }\n";
  return R"(
[lab]
name = "rig"
[namespace.h1]
gateway = "10.0.1.1"
[namespace.h2]
gateway = "10.0.2.1"
[namespace.r1]
forwarding = true
routes = [{ to = "10.0.2.0/24", next_hops = [{ via = "10.1.1.2" }, { via = "10.1.2.2", weight = 4 }] }]
)" + sysctl +
         R"([namespace.r2]
forwarding = true
routes = [{ to = "10.0.1.0/24", next_hops = [{ via = "10.1.1.1" }, { via = "10.1.2.1", weight = 4 }] }]
)" + sysctl +
         R"([[link]]
ends = ["h1:eth0 10.0.1.2/24", "r1:eth0 10.0.1.1/24"]
[[link]]
ends = ["r2:eth0 10.0.2.1/24", "h2:eth0 10.0.2.2/24"]
[[link]]
ends = ["r1:eth1 10.1.1.1/24", "r2:eth1 10.1.1.2/24"]
[[link]]
ends = ["r1:eth2 10.1.2.1/24", "r2:eth2 10.1.2.2/24"]
[[test]]
name = "t"
from = "h1"
)" + check +
         "\n";
}

/// Packets that r1 has sent by an interface since it is there.
double sent_by(const std::string& interface) {
  return scratch::ip("-s -n r1 link show dev " + interface)[0]["stats64"]["tx"]["packets"].get<double>();
}

/// The one test of a lab that is up.
Json run_test() {
  const auto run = scratch::cli("test rig --json");
  INFO(run.out << run.err);
  return Json::parse(run.out)["tests"][0];
}

/// A set of source ports that h2 sees, and how many packets.
const char* const kCountPorts =
    "ip netns exec h2 nft 'add table inet t; add set inet t ports { type inet_service; size 65535; flags dynamic; }; "
    "add chain inet t c { type filter hook input priority 0; }; add rule inet t c meta l4proto { tcp, udp } th dport "
    "7777 add @ports { th sport }; add rule inet t c udp dport 7777 counter'";

std::size_t ports_seen() {
  const Json shown = Json::parse(scratch::sh("ip netns exec h2 nft -j list set inet t ports").out);
  for (const Json& one : shown["nftables"])
    if (one.contains("set")) return one["set"].value("elem", Json::array()).size();
  return 0;
}

}  // namespace

TEST_CASE("udp with flows spreads over two ways as they weigh") {
  // With 3000 flows a part of 600 strays by 22 in the middle, so that 25% are nearly seven times that.
  const rig::Rig rig(
      two_ways("udp = { to = \"h2\", flows = 3000, share = { interfaces = [\"r1:eth1\", \"r1:eth2\"], "
               "ratio = [1, 4], tolerance = 25 } }"));
  const double before = sent_by("eth1");
  const double others = sent_by("eth2");
  const Json test = run_test();
  INFO(test.dump());
  CHECK(test["outcome"] == "passed");
  const double carried = sent_by("eth1") - before;
  const double rest = sent_by("eth2") - others;
  CHECK(carried + rest >= 3000);
  double share = 0;
  for (const Json& metric : test["metrics"])
    if (metric["name"] == "r1:eth1 share") share = metric["value"];
  CHECK(std::abs(share - 100 * carried / (carried + rest)) < 1);
}

TEST_CASE("a share that is not as expected says what each interface carried") {
  const rig::Rig rig(two_ways(
      "udp = { to = \"h2\", flows = 500, share = { interfaces = [\"r1:eth1\", \"r1:eth2\"], tolerance = 20 } }", 0));
  const Json test = run_test();
  INFO(test.dump());
  CHECK(test["outcome"] == "failed");
  REQUIRE(test["findings"].size() == 1);
  const std::string seen = test["findings"][0]["seen"];
  CHECK(test["findings"][0]["about"] == "r1:eth1, r1:eth2");
  // All go by one of them, but for some of neighbour discovery.
  CHECK_THAT(seen, ContainsSubstring("r1:eth1 ") && ContainsSubstring("r1:eth2 ") && ContainsSubstring(" packets: "));
  CHECK_THAT(test["findings"][0]["expected"].get<std::string>(),
             ContainsSubstring("(50.0%)") && ContainsSubstring("within 20% of each part"));
  CHECK(std::max(sent_by("eth1"), sent_by("eth2")) >= 500);
}

TEST_CASE("ping and throughput have a share, and an interface that is not there is an error") {
  const rig::Rig rig(
      two_ways("throughput = { to = \"h2\", size = \"1MiB\", share = { interfaces = [\"h1:eth0\", "
               "\"r1:eth9\"] } }\n[[link]]\nends = [\"r1:eth9\", \"r2:eth9\"]\n"));
  // Nothing goes by it but, at times, what IPv6 sends by itself.
  Json test = run_test();
  CHECK(test["outcome"] == "failed");
  CHECK_THAT(test["findings"][0]["seen"].get<std::string>(), ContainsSubstring(", r1:eth9 "));
  REQUIRE(scratch::sh("ip -n r1 link del eth9").exit == 0);
  test = run_test();
  CHECK(test["outcome"] == "error");
  CHECK_THAT(test["reason"].get<std::string>(), ContainsSubstring("there is no interface r1:eth9 to count at"));
}

TEST_CASE("flows of udp are so many source ports, each of which asks count times") {
  const rig::Rig rig(two_ways("udp = { to = \"h2\", flows = 40, count = 3 }"));
  REQUIRE(scratch::sh(kCountPorts).exit == 0);
  const auto result = rig.run<ConnectCheck>("t");
  CHECK(result.findings.empty());
  CHECK(ports_seen() == 40);
  CHECK_THAT(scratch::sh("ip netns exec h2 nft list table inet t").out, ContainsSubstring("packets 120 "));
}

TEST_CASE("flows of tcp are so many connections, each from a port of its own, time after time") {
  const rig::Rig rig(two_ways("tcp = { to = \"h2\", flows = 300, source = \"10.0.1.2\" }"));
  REQUIRE(scratch::sh(kCountPorts).exit == 0);
  for (const std::size_t seen : {300U, 600U}) {
    const auto result = rig.run<ConnectCheck>("t");
    CHECK(result.findings.empty());
    CHECK(ports_seen() == seen);
  }
}

TEST_CASE("a flow that does not come through is named by its source port") {
  const rig::Rig rig(two_ways("udp = { to = \"h2\", flows = 20, timeout = \"300ms\" }"));
  REQUIRE(scratch::sh("ip netns exec h2 nft 'add table inet t; add chain inet t c { type filter hook input priority 0; "
                      "}; add rule inet t c udp sport 10003 drop'")
              .exit == 0);
  const auto result = rig.run<ConnectCheck>("t");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "1 of 20 failed: no answer from UDP port 7777, from source port 10003");
}
