// SPDX-License-Identifier: Apache-2.0
// netrig ping: all pairs of a lab that is up, without a test.
#include <algorithm>
#include <sstream>

#include "catch.hpp"
#include "check/rig.hpp"

using namespace scratch;

namespace {

/// A lab that is taken down come what may.
struct PingedLab {
  explicit PingedLab(const std::string& text) {
    const Result result = cli("up " + file("lab.toml", text));
    INFO(result.err);
    REQUIRE(result.exit == 0);
  }
  ~PingedLab() { cli("--quiet down --force rig"); }
  PingedLab(const PingedLab&) = delete;
  PingedLab& operator=(const PingedLab&) = delete;
};

std::size_t longest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t most = 0;
  for (std::string line; std::getline(lines, line);) most = std::max(most, line.size());
  return most;
}

/// Hosts on a bridge with names of this length.
std::string hosts_on_a_lan(int hosts, const std::string& name) {
  return "[lab]\nname = \"rig\"\n[lan.middle]\nprefix = \"10.0.0.0/16\"\nports = [{ for = { i = \"1.." +
         std::to_string(hosts) + "\" }, end = \"" + name +
         "{i}:eth0\", name = \"p{i}\" }]\n[[repeat]]\nfor = { i = \"1.." + std::to_string(hosts) +
         "\" }\n[repeat.namespace.\"" + name + "{i}\"]\n";
}

}  // namespace

TEST_CASE("ping asks all pairs, shows them as a matrix, and says which did not answer") {
  const PingedLab up(rig::kRouted);
  const Result all = cli("ping rig");
  INFO(all.out << all.err);
  CHECK(all.exit == 0);
  CHECK_THAT(all.out, Catch::Matchers::StartsWith("   h1 h2  r\n"
                                                  "h1  -  .  .\n"
                                                  "h2  .  -  .\n"
                                                  "r   .  .  -\n"
                                                  ". all replies   ~ some lost   X none   - not asked\n"
                                                  "6 of 6 pairs answered\nround trips took "));
  REQUIRE(sh("ip netns exec h2 nft 'add table inet t; add chain inet t c { type filter hook input priority 0; }; add "
             "rule inet t c icmp type echo-request ip saddr 192.0.2.1 drop'")
              .exit == 0);
  const Result some = cli("ping rig --count 2");
  CHECK(some.exit == 1);
  CHECK_THAT(some.out, ContainsSubstring("h1  -  X  .\n") && ContainsSubstring("h2  .  -  .\n") &&
                           ContainsSubstring("\nh1 -> h2 (198.51.100.2): no reply\n5 of 6 pairs answered"));
  // The other family is not in the firewall's way.
  CHECK(cli("ping rig h1 h2 --family ipv6").exit == 0);
  CHECK(cli("ping rig h2 h1").exit == 0);
}

TEST_CASE("ping tells programs every pair") {
  const PingedLab up(rig::kRouted);
  REQUIRE(sh("ip netns exec r ip route add prohibit 198.51.100.2/32").exit == 0);
  const Result result = cli("ping rig h1 '*' --json");
  CHECK(result.exit == 1);
  const Json answer = Json::parse(result.out);
  CHECK(answer["lab"] == "rig");
  CHECK(answer["asked"] == 2);
  CHECK(answer["answered"] == 1);
  REQUIRE(answer["pairs"].size() == 2);
  const Json& refused = answer["pairs"][0];
  CHECK(refused["from"] == "h1");
  CHECK(refused["to"] == "h2");
  CHECK(refused["address"] == "198.51.100.2");
  CHECK(refused["received"] == 0);
  CHECK(refused["rtt_ms"] == nullptr);
  CHECK(refused["why"] == "192.0.2.254 says: administratively prohibited");
  CHECK(answer["pairs"][1]["rtt_ms"].get<double>() > 0);
  CHECK_FALSE(answer["pairs"][1].contains("why"));
}

TEST_CASE("ping shows long names so that they fit, and only what failed of what is too large", "[backlog]") {
  {
    const PingedLab up(hosts_on_a_lan(12, "a-namespace-with-a-rather-long-name-"));
    const Result result = cli("ping rig");
    INFO(result.out);
    CHECK(result.exit == 0);
    CHECK(longest_line(result.out) <= 80);
    CHECK_THAT(result.out, ContainsSubstring(" 1 a-namespa..ng-name-1 ") && ContainsSubstring("132 of 132 pairs"));
  }
  const PingedLab up(hosts_on_a_lan(30, "h"));
  REQUIRE(sh("ip -n h7 link set eth0 down").exit == 0);
  const Result result = cli("ping rig 'h?' h7");
  CHECK(result.exit == 1);
  const Result all = cli("ping rig");
  INFO(all.out);
  CHECK(all.exit == 1);
  CHECK(longest_line(all.out) <= 80);
  CHECK_THAT(all.out, !ContainsSubstring("all replies") && ContainsSubstring("h1 -> h7 (10.0.0.7): ") &&
                          ContainsSubstring("and 38 more; --json tells all\n") &&
                          ContainsSubstring("812 of 870 pairs answered"));
}

TEST_CASE("ping leaves out what has no address and refuses what is not there") {
  const PingedLab up(std::string(rig::kWire) + "[namespace.bare]\n");
  const Result all = cli("ping rig");
  CHECK(all.exit == 0);
  CHECK_THAT(all.out, ContainsSubstring("2 of 2 pairs answered") &&
                          ContainsSubstring("4 pairs not asked, for lack of an address of a common family"));
  const Result bare = cli("ping rig bare");
  CHECK(bare.exit == 2);
  CHECK_THAT(bare.err, ContainsSubstring("no two of \"bare\" and \"*\" have addresses to ask each other at"));
  const Result missing = cli("ping rig h1 hh2");
  CHECK(missing.exit == 7);
  CHECK_THAT(missing.err, ContainsSubstring("TO \"hh2\" matches no namespace of lab rig; did you mean \"h2\"?"));
  CHECK(cli("ping nosuch").exit == 7);
  CHECK(cli("ping rig h1 192.0.2.2").exit == 0);
  CHECK(cli("verify --strict rig").exit == 0);
}
