// SPDX-License-Identifier: Apache-2.0
// Ports of bridges and their VLANs in whole labs, as ip(8), bridge(8) and packets say.
#include "catch.hpp"
#include "running.hpp"

using namespace scratch;

namespace {

void need_filtering() {
  if (const std::string reason = kernel_lacks("CONFIG_BRIDGE_VLAN_FILTERING"); !reason.empty()) skip(reason);
}

/// Three hosts on a switch; keys of the ports of each.
std::string switched_lab(const std::string& first, const std::string& second, const std::string& third,
                         const std::string& more = "") {
  return "[lab]\nname = \"office\"\nnamespaces = [\"h1\", \"h2\", \"h3\"]\n[lan.sw]\nports = [\n{ end = \"h1:eth0 "
         "10.0.0.1/24\"" +
         first + " },\n{ end = \"h2:eth0 10.0.0.2/24\"" + second + " },\n{ end = \"h3:eth0 10.0.0.3/24\"" + third +
         " }]\n" + more;
}

Json port_of(const std::string& space, const std::string& interface) {
  return ip("-n " + space + " -d link show dev " + interface)[0]["linkinfo"]["info_slave_data"];
}

bool reaches(const std::string& from, const std::string& address) {
  return sh("ip netns exec " + from + " ping -q -c 1 -W 1 " + address).exit == 0;
}

}  // namespace

TEST_CASE("settings of a port are there before its bridge runs, and isolated ports do not reach each other") {
  running::up(switched_lab(", port = { isolated = true }", ", port = { isolated = true }", ""));
  CHECK(port_of("sw", "h1")["isolated"] == true);
  CHECK(port_of("sw", "h2")["isolated"] == true);
  CHECK(port_of("sw", "h3")["isolated"] == false);
  CHECK(answers("h1", "10.0.0.3"));
  CHECK(answers("h2", "10.0.0.3"));
  CHECK_FALSE(reaches("h1", "10.0.0.2"));
  running::require_clean("office");
  // Without a carrier a port has no state that anybody could set, and the rest stays.
  REQUIRE(sh("ip -n h1 link set eth0 down && ip -n sw link set h2 type bridge_slave isolated off").exit == 0);
  const Json answer = running::verify("office");
  REQUIRE(answer["differences"].size() == 2);
  CHECK_THAT(answer["differences"][1].dump(), ContainsSubstring("isolated"));
  CHECK_THAT(answer.dump(), !ContainsSubstring("forwarding"));
  REQUIRE(cli("down office").exit == 0);
  require_nothing_left();
}

TEST_CASE("a port of a switch that is to be disabled is when up ends, and the file without it lets it forward") {
  // The third has no carrier, and will forward when it has one.
  running::up(
      switched_lab(", port = { state = \"disabled\" }", "", ", state = \"down\", port = { state = \"forwarding\" }"));
  CHECK(port_of("sw", "h1")["state"] == "disabled");
  CHECK(port_of("sw", "h2")["state"] == "forwarding");
  CHECK_FALSE(reaches("h1", "10.0.0.2"));
  running::require_clean("office");
  running::up(switched_lab("", ", port = { state = \"disabled\" }", ""));
  CHECK(port_of("sw", "h1")["state"] == "forwarding");
  CHECK(port_of("sw", "h2")["state"] == "disabled");
  CHECK(answers("h1", "10.0.0.3"));
  // One that comes while the bridge runs.
  running::up(switched_lab("", ", port = { state = \"disabled\" }, name = \"other\"", ""));
  CHECK(port_of("sw", "other")["state"] == "disabled");
  running::require_clean("office");
}

TEST_CASE("an edit that fails gives ports back what they had") {
  const std::string before = switched_lab(", port = { hairpin = true, cost = 9 }", "", "");
  running::up(before);
  const std::string bad =
      "[namespace.a]\nroutes = [{ to = \"10.9.0.0/16\", dev = \"x\", congestion = \"nosuch\" }]\n"
      "[[link]]\nends = [\"a:x 10.1.0.1/24\", \"h1:x 10.1.0.2/24\"]\n";
  const Result refused = cli("up " + file("lab.toml", switched_lab(", port = { isolated = true, cost = 9 }",
                                                                   ", port = { locked = true }", "", bad)));
  INFO(refused.err);
  REQUIRE(refused.exit != 0);
  CHECK_THAT(refused.err, ContainsSubstring("congestion algorithm"));
  CHECK(port_of("sw", "h1")["hairpin"] == true);
  CHECK(port_of("sw", "h1")["isolated"] == false);
  CHECK(port_of("sw", "h1")["cost"] == 9);
  CHECK(port_of("sw", "h2")["locked"] == false);
  running::require_clean("office");
}

TEST_CASE("a port of a bridge that others made gets its settings, and the bridge stays as it was") {
  REQUIRE(sh("ip netns add others && ip -n others link add br-x up type bridge && ip -n others link add e0 type veth "
             "peer e1 && ip -n others link set e0 master br-x")
              .exit == 0);
  const std::string text =
      "[lab]\nname = \"guest\"\nnamespaces = [\"h1\"]\n[namespace.others]\nexisting = true\n[[link]]\nends = [{ end = "
      "\"others:h1\", master = \"br-x\", port = { hairpin = true } }, \"h1:eth0 10.0.0.1/24\"]\n";
  running::up(text);
  CHECK(port_of("others", "h1")["hairpin"] == true);
  CHECK(port_of("others", "e0")["hairpin"] == false);
  running::require_clean("guest");
  REQUIRE(sh("ip -n others link set e0 type bridge_slave hairpin on").exit == 0);  // theirs
  running::require_clean("guest");
  REQUIRE(cli("down guest").exit == 0);
  CHECK(ip("-n others link show dev br-x").size() == 1);
  CHECK(port_of("others", "e0")["hairpin"] == true);
  // What is no bridge's port cannot be one.
  std::string none = text;
  none.replace(none.find(", master = \"br-x\""), 17, "");
  CHECK_THAT(cli("plan " + file("none.toml", none)).err,
             ContainsSubstring("none.toml:7:37: port is for ports of a bridge; h1 has no master"));
  REQUIRE(sh("ip netns delete others").exit == 0);
}

TEST_CASE("a kernel that does not filter VLANs is named where the file wants them") {
  if (kernel_lacks("CONFIG_BRIDGE_VLAN_FILTERING").empty()) skip("this kernel filters VLANs");
  const Result refused = cli("up " + file("lab.toml", switched_lab(", access = 10", ", access = 10", "")));
  CHECK(refused.exit != 0);
  CHECK_THAT(refused.err, ContainsSubstring("lab.toml:6:41: "));
  CHECK_THAT(refused.err, ContainsSubstring("needs a kernel with CONFIG_BRIDGE_VLAN_FILTERING"));
  require_nothing_left();
}

TEST_CASE("VLANs of a switch keep hosts apart, and packets of one go on while another is edited") {
  need_filtering();
  const std::string others =
      "[namespace.h4]\n[[link]]\nends = [{ end = \"sw:x\", master = \"br0\", vlans = [$] }, \"h4:eth0\"]\n";
  const auto lab = [&](const std::string& access, const std::string& list) {
    std::string more = others;
    return switched_lab(", access = 10", ", access = 10", access, more.replace(more.find('$'), 1, list));
  };
  const std::string one = lab(", access = 20", "10, \"20-30\"");
  running::up(one);
  CHECK(answers("h1", "10.0.0.2"));
  CHECK_FALSE(reaches("h1", "10.0.0.3"));
  running::require_clean("office");
  REQUIRE(sh("(ip netns exec h1 ping -q -i 0.02 -c 200 -W 5 10.0.0.2 >" + directory() + "/ping 2>&1; touch " +
             directory() + "/done) &")
              .exit == 0);
  int edits = 0;
  while (sh("test -e " + directory() + "/done").exit != 0) {
    running::up(edits++ % 2 == 0 ? lab(", access = 30", "10, \"21-30\", 99") : one);
    // By hand, and mended.
    REQUIRE(sh("bridge -n sw vlan add dev h3 vid 77 && bridge -n sw vlan del dev x vid 30").exit == 0);
    running::up(edits % 2 == 1 ? lab(", access = 30", "10, \"21-30\", 99") : one);
    running::require_clean("office");
  }
  INFO(read(directory() + "/ping"));
  CHECK_THAT(read(directory() + "/ping"), ContainsSubstring(" 0% packet loss"));
  CHECK(edits > 0);
  // A port that joins again has the VLANs of its list, and none that the bridge gives.
  REQUIRE(sh("ip -n sw link set h3 nomaster").exit == 0);
  running::up(one);
  CHECK(sh("bridge -n sw -j vlan show dev h3 | tr -d ' \\n'").out ==
        R"([{"ifname":"h3","vlans":[{"vlan":20,"flags":["PVID","EgressUntagged"]}]}])");
  REQUIRE(cli("down office").exit == 0);
  require_nothing_left();
}

TEST_CASE("VLANs and ports that somebody made with bridge(8) are imported, and come up as they were") {
  need_filtering();
  REQUIRE(sh(R"(
set -e
for n in sw h1 h2; do ip netns add $n; ip -n $n link set lo up; done
ip -n sw link add br0 type bridge vlan_filtering 1
ip -n sw link set br0 up
for i in 1 2; do
  ip -n h$i link add eth0 type veth peer name p$i netns sw
  ip -n sw link set p$i master br0 up
  ip -n h$i link set eth0 up
done
bridge -n sw vlan del dev br0 vid 1 self
bridge -n sw vlan add dev p1 vid 10-20
bridge -n sw vlan add dev p1 vid 21 pvid untagged
bridge -n sw link set dev p2 isolated on learning off cost 9
)")
              .exit == 0);
  const auto seen = [] {
    return sh("bridge -n sw -j vlan show; ip -n sw -d -j link show p2 | grep -o 'isolated[^,]*,\\|cost[^,]*,'").out;
  };
  const std::string before = seen();
  const Result imported = cli("import '*'");
  INFO(imported.out << imported.err);
  REQUIRE(imported.exit == 0);
  CHECK_THAT(imported.out, ContainsSubstring("vlans = []"));
  CHECK_THAT(imported.out, ContainsSubstring(R"(port = { cost = 9, isolated = true, learning = false })"));
  REQUIRE(sh("ip netns delete sw; ip netns delete h1; ip netns delete h2").exit == 0);
  running::up(imported.out);
  CHECK(seen() == before);
  REQUIRE(cli("down imported").exit == 0);
  require_nothing_left();
}
