// SPDX-License-Identifier: Apache-2.0
// The checks link and fdb.
#include "catch.hpp"
#include "check/again.hpp"
#include "check/rig.hpp"

using namespace netrig;

namespace {

const char* const kBridges = R"(
[lab]
name = "rig"
[namespace.s]
[namespace.h]
[device.slow]
driver = "bridge"
params = { stp = true, forward_delay = "30s" }
interfaces = [{ namespace = "s", name = "slow" }]
[device.fast]
driver = "bridge"
params = { stp = true, forward_delay = "4s", max_age = "6s" }
interfaces = [{ namespace = "s", name = "fast" }]
[[link]]
ends = [{ end = "s:p1", master = "slow" }, "h:e1"]
[[link]]
ends = [{ end = "s:p2", master = "fast" }, "h:e2"]
[[link]]
ends = [{ end = "s:free" }, { end = "h:e3", state = "down" }]
)";

std::string bridge_tests(const std::vector<std::string>& checks) {
  std::string text = kBridges;
  for (std::size_t i = 0; i < checks.size(); ++i)
    text += "[[test]]\nname = \"" + std::to_string(i) + "\"\nfrom = \"s\"\n" + checks[i] + "\n";
  return text;
}

template <typename Check>
std::vector<std::string> look_at_links(const std::vector<std::string>& checks, const std::string& before) {
  const rig::Rig rig(bridge_tests(checks));
  const auto done = scratch::sh("set -e\n" + before);
  INFO(done.err);
  REQUIRE(done.exit == 0);
  std::vector<std::string> seen;
  for (std::size_t i = 0; i < checks.size(); ++i) {
    const auto result = rig.run<Check>(std::to_string(i));
    seen.push_back(result.findings.empty() ? "right" : result.findings[0].seen + " | " + result.findings[0].expected);
  }
  return seen;
}

}  // namespace

TEST_CASE("link looks at carrier, speed, master and the state of a bridge port") {
  const auto seen = look_at_links<LinkCheck>(
      {"link = { interface = \"p1\", carrier = true, speed = \"10Gbit\", master = \"slow\", port_state = \"listening\" "
       "}",
       "link = { interface = \"free\", carrier = false, master = \"\" }",
       "link = { interface = \"p[12]\", carrier = true }", "link = { interface = \"p1\", port_state = \"forwarding\" }",
       "link = { interface = \"p*\", master = \"fast\" }",
       "link = { interface = \"free\", port_state = \"forwarding\", carrier = true }",
       "link = { interface = \"p1\", speed = \"100Mbit\" }"},
      "true");
  CHECK(seen == std::vector<std::string>{
                    "right", "right", "right", "p1 has port state listening | p1 with port state forwarding",
                    "p1 has master slow | p* with master fast",
                    "free has no carrier, no port state, for it is no port of a bridge | free with a carrier, port "
                    "state forwarding",
                    "p1 has speed 10Gbit | p1 with speed 100Mbit"});
}

TEST_CASE("link waits for spanning tree") {
  const rig::Rig rig(bridge_tests({"link = { interface = \"p2\", port_state = \"forwarding\", within = \"50s\" }"}));
  rig::OpenJob open(rig, "0");
  check::run_check(open.job);
  CHECK(open.result.findings.empty());
  const auto shown = scratch::ip("-n s -d link show dev p2");
  CHECK(shown[0]["linkinfo"]["info_slave_data"]["state"] == "forwarding");
}

TEST_CASE("fdb finds what a bridge has at a port, and tells what there is instead") {
  const auto seen =
      look_at_links<FdbCheck>({"fdb = { interface = \"p1\", mac = \"02:00:00:00:00:07\" }",
                               "fdb = { interface = \"slow\", mac = \"02:00:00:00:00:07\" }",
                               "fdb = { interface = \"p2\", mac = \"02:00:00:00:00:07\", present = false }",
                               "fdb = { interface = \"p*\", mac = \"02:00:00:00:00:08\", present = false }",
                               "fdb = { interface = \"p1\", mac = \"02:00:00:00:00:07\", present = false }",
                               "fdb = { interface = \"p1\", mac = \"02:00:00:00:00:08\" }",
                               "fdb = { interface = \"p1\", mac = \"02:00:00:00:00:07\", vlan = 6 }"},
                              "bridge -n s fdb add 02:00:00:00:00:07 dev p1 master static");
  REQUIRE(seen.size() == 7);
  for (std::size_t i = 0; i < 4; ++i) {
    INFO(i);
    CHECK(seen[i] == "right");
  }
  // A bridge that knows VLANs has it in its own, too.
  CHECK_THAT(seen[4], Catch::Matchers::Matches("there is (02:00:00:00:00:07 dev p1 vlan 1; )?02:00:00:00:00:07 dev p1 "
                                               "\\| no entry 02:00:00:00:00:07 at p1"));
  CHECK_THAT(seen[5],
             ContainsSubstring("02:00:00:00:00:07 dev p1") && ContainsSubstring(" | entry 02:00:00:00:00:08 at p1"));
  CHECK_THAT(seen[6], ContainsSubstring(" | entry 02:00:00:00:00:07 at p1 in VLAN 6"));
}

TEST_CASE("fdb finds entries of a VLAN and those that a VXLAN has") {
  if (scratch::sh(
          "ip netns add probe; ip -n probe link add vx7 type vxlan id 7 dstport 4789 && ip -n probe link add br0 "
          "type bridge vlan_filtering 1; code=$?; ip netns del probe; exit $code")
          .exit != 0)
    scratch::skip("this kernel has no VXLANs or no VLANs of bridges");
  const auto seen =
      look_at_links<FdbCheck>({"fdb = { interface = \"p2\", mac = \"02:00:00:00:00:08\", vlan = 5 }",
                               "fdb = { interface = \"p2\", mac = \"02:00:00:00:00:08\", vlan = 6, present = false }",
                               "fdb = { interface = \"vx*\", mac = \"02:00:00:00:00:09\", dst = \"192.0.2.9\" }",
                               "fdb = { interface = \"vx7\", mac = \"02:00:00:00:00:09\", dst = \"192.0.2.8\" }"},
                              R"(ip -n s link set fast type bridge vlan_filtering 1
bridge -n s vlan add vid 5 dev p2
bridge -n s fdb add 02:00:00:00:00:08 dev p2 master static vlan 5
ip -n s link add vx7 type vxlan id 7 dstport 4789
bridge -n s fdb append 02:00:00:00:00:09 dev vx7 dst 192.0.2.9)");
  CHECK(seen == std::vector<std::string>{
                    "right", "right", "right",
                    "there is 02:00:00:00:00:09 dev vx7 dst 192.0.2.9 | entry 02:00:00:00:00:09 at vx7 to 192.0.2.8"});
}

TEST_CASE("link and fdb of an interface that does not exist are errors") {
  for (const std::string check : {"link = { interface = \"p9\", carrier = false }",
                                  "fdb = { interface = \"p9\", mac = \"02:00:00:00:00:07\", present = false }"}) {
    const auto run = scratch::cli("run --json " + scratch::file("lab.toml", bridge_tests({check})));
    CHECK(run.exit == 2);
    CHECK_THAT(scratch::Json::parse(run.out)["tests"][0]["reason"].get<std::string>(),
               ContainsSubstring("s has no interface p9; did you mean \"p"));
  }
}
