// SPDX-License-Identifier: Apache-2.0
// What a link that goes down in a test takes with it, and what of that comes back.
#include <functional>
#include <thread>

#include "catch.hpp"
#include "check/link_keeper.hpp"
#include "check/rig.hpp"

using namespace netrig;
using scratch::Json;

namespace {

/// The routed lab, h1 with a link-local address of its own and a link that is down.
std::string lab_to_flap() {
  std::string text = rig::kRouted;
  const std::string address = "\"2001:db8:1::1/64\"";
  text.insert(text.find(address) + address.size(), ", \"fe80::1:1/64\"");
  return text + R"(
[device.spare]
driver = "veth"
interfaces = [
  { namespace = "h1", name = "spare", state = "down", addresses = ["2001:db8:5::1/64", "fe80::5/64"] },
  { namespace = "h2", name = "spare" },
]
)";
}

void in_shell(const std::string& commands) {
  const auto done = scratch::sh("set -e\n" + commands);
  INFO(done.err);
  REQUIRE(done.exit == 0);
}

/// Everything of a namespace that a flap can take, without what the kernel settles by itself.
Json flapping_state(const std::string& space) {
  Json state = scratch::kernel_state(space);
  for (Json& link : state["addr"])
    std::sort(link["addr_info"].begin(), link["addr_info"].end(),
              [](const Json& a, const Json& b) { return a["local"] < b["local"]; });
  state["nexthop"] = scratch::ip("-n " + space + " nexthop");
  state["neighbours"] = scratch::ip("-n " + space + " neigh show nud permanent");
  state["proxies"] = scratch::ip("-n " + space + " neigh show proxy");
  for (const char* list : {"-4 route show table all", "-6 route show table all", "neighbours", "proxies", "rule"})
    std::sort(state[list].begin(), state[list].end(), [](const Json& a, const Json& b) { return a.dump() < b.dump(); });
  return state;
}

Json flapping_state(const rig::Rig& rig) {
  Json all;
  for (const Namespace& space : rig.lab().namespaces) all[space.name.str()] = flapping_state(space.name.str());
  return all;
}

/// Sets links down and up again; `meanwhile` happens in between.
void flap_links(
    check::LinkKeeper& keeper, const std::vector<InterfacePattern>& links,
    const std::function<void()>& meanwhile = [] {}) {
  for (const auto& link : links) keeper.set(link, false);
  meanwhile();
  for (const auto& link : links) keeper.set(link, true);
}

std::size_t line_count(const std::string& command) {
  const auto shown = scratch::sh(command);
  REQUIRE(shown.exit == 0);
  return static_cast<std::size_t>(std::count(shown.out.begin(), shown.out.end(), '\n'));
}

}  // namespace

TEST_CASE("a flap leaves link-local addresses, permanent neighbours and routes over next-hop objects as they were") {
  const rig::Rig rig(lab_to_flap());
  in_shell(R"(
ip -n h1 neigh add 192.0.2.7 lladdr 02:00:00:00:00:07 dev eth0
ip -n h1 neigh add 2001:db8:1::7 lladdr 02:00:00:00:00:07 dev eth0
ip -n h1 neigh add proxy 192.0.2.8 dev eth0
ip -n h1 nexthop add id 7 via 192.0.2.254 dev eth0
ip -n h1 nexthop add id 8 via 2001:db8:1::fe dev eth0
ip -n h1 nexthop add id 9 dev eth0 proto static
ip -n h1 route add 203.0.113.0/24 nhid 7
ip -n h1 route add 203.0.112.0/24 nhid 9 metric 5 table 100
ip -n h1 -6 route add 2001:db8:9::/48 nhid 8
ip -n h1 route add 198.18.0.0/15 via 192.0.2.254 src 192.0.2.1 mtu 1400
)");
  const Json before = flapping_state(rig);
  REQUIRE(before["h1"]["nexthop"].size() == 3);
  check::LinkKeeper keeper(rig.ground());
  flap_links(keeper, {{.space = "h1", .interface = "eth0"}}, [] {
    CHECK(line_count("ip -n h1 nexthop") == 0);
    CHECK(line_count("ip -n h1 -6 address show dev eth0") == 0);
    CHECK(line_count("ip -n h1 route show table 100") == 0);
  });
  // As soon as the link is up, not only when the test ends.
  CHECK(line_count("ip -n h1 route show table 100") == 1);
  CHECK(keeper.restore().empty());
  CHECK(Json::diff(before, flapping_state(rig)).dump() == "[]");
}

TEST_CASE("a group of next hops that has lost members is whole again") {
  const rig::Rig rig(lab_to_flap());
  in_shell(R"(
ip -n r nexthop add id 1 via 192.0.2.1 dev eth1
ip -n r nexthop add id 2 via 198.51.100.2 dev eth2
ip -n r nexthop add id 3 group 1,3/2,5
ip -n r route add 203.0.113.0/24 nhid 3
ip -n r route add 203.0.112.0/24 nexthop via 192.0.2.1 weight 2 nexthop via 198.51.100.2
)");
  const Json before = flapping_state(rig);
  check::LinkKeeper keeper(rig.ground());
  keeper.set({.space = "r", .interface = "eth1"}, false);
  CHECK(scratch::ip("-n r nexthop show id 3")[0]["group"].size() == 1);
  flap_links(keeper, {{.space = "r", .interface = "eth2"}}, [] { CHECK(line_count("ip -n r nexthop") == 0); });
  keeper.set({.space = "r", .interface = "eth1"}, true);
  CHECK(keeper.restore().empty());
  CHECK(Json::diff(before, flapping_state(rig)).dump() == "[]");
}

TEST_CASE("next hops that go with the carrier at the other end come back") {
  const rig::Rig rig(lab_to_flap());
  in_shell(R"(
ip -n h1 nexthop add id 1 via 192.0.2.254 dev eth0
ip -n h1 route add 203.0.113.0/24 nhid 1
)");
  const Json before = flapping_state(rig);
  check::LinkKeeper keeper(rig.ground());
  keeper.set({.space = "r", .interface = "eth1"}, false);
  // The kernel tells its other parts of the carrier some time later.
  for (int i = 0; i < 1000 && line_count("ip -n h1 nexthop") != 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  REQUIRE(line_count("ip -n h1 nexthop") == 0);
  CHECK(keeper.restore().empty());
  CHECK(Json::diff(before, flapping_state(rig)).dump() == "[]");
}

TEST_CASE("a flap does not do a daemon's work and does not undo that of others") {
  const rig::Rig rig(lab_to_flap());
  in_shell(R"(
ip -n h1 nexthop add id 7 via 192.0.2.254 dev eth0 proto zebra
ip -n h1 route add 203.0.113.0/24 nhid 7 proto bgp
ip -n h1 route add 203.0.112.0/24 via 192.0.2.254 proto zebra
ip -n h1 -6 route add 2001:db8:9::/48 via 2001:db8:1::fe proto ospf
ip -n h1 -6 address add 2001:db8:1::9/64 dev eth0 nodad valid_lft 1000 preferred_lft 1000
ip -n h1 neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev eth0 extern_learn
ip -n h1 neigh add 192.0.2.7 lladdr 02:00:00:00:00:07 dev eth0
ip -n h1 route add 198.18.0.0/15 via 192.0.2.254
)");
  check::LinkKeeper keeper(rig.ground());
  flap_links(keeper, {{.space = "h1", .interface = "eth0"}}, [] {
    in_shell(R"(
ip -n h1 route add unreachable 198.18.0.0/15
ip -n h1 neigh replace 192.0.2.7 lladdr 02:00:00:00:00:77 dev eth0
)");
  });
  CHECK(keeper.restore().empty());
  CHECK(scratch::ip("-n h1 nexthop").empty());
  CHECK(line_count(
            "ip -n h1 route show proto zebra; ip -n h1 route show proto bgp; ip -n h1 -6 route show proto ospf") == 0);
  CHECK(scratch::addresses("h1", "eth0") == std::vector<std::string>{"192.0.2.1/24", "2001:db8:1::1/64"});
  CHECK(scratch::sh("ip -n h1 neigh show 192.0.2.9").out.empty());
  CHECK_THAT(scratch::sh("ip -n h1 neigh show 192.0.2.7").out, ContainsSubstring("02:00:00:00:00:77 PERMANENT"));
  CHECK(scratch::sh("ip -n h1 route show 198.18.0.0/15").out == "unreachable 198.18.0.0/15 \n");
}

TEST_CASE("what a daemon has put in the place of a next-hop object or a route meanwhile stays") {
  const rig::Rig rig(lab_to_flap());
  in_shell(R"(
ip -n h1 nexthop add id 7 via 192.0.2.254 dev eth0
ip -n h1 route add 203.0.113.0/24 nhid 7
ip -n h1 route add 203.0.112.0/24 via 192.0.2.254
ip -n h1 -6 route add 2001:db8:9::/48 via 2001:db8:1::fe
ip -n h1 route add 198.18.0.0/15 via 192.0.2.254
)");
  check::LinkKeeper keeper(rig.ground());
  flap_links(keeper, {{.space = "h1", .interface = "eth0"}}, [] {
    in_shell(R"(
ip -n h1 nexthop add id 7 blackhole proto zebra
ip -n h1 route add blackhole 203.0.112.0/24 proto bgp
ip -n h1 -6 route add blackhole 2001:db8:9::/48 proto bird
)");
  });
  CHECK(keeper.restore().empty());
  const Json object = scratch::ip("-n h1 nexthop show id 7");
  REQUIRE(object.size() == 1);
  CHECK(object[0]["protocol"] == "zebra");
  CHECK(object[0].contains("blackhole"));
  // It would lead nowhere now.
  CHECK(scratch::sh("ip -n h1 route show 203.0.113.0/24").out.empty());
  CHECK(scratch::sh("ip -n h1 route show 203.0.112.0/24").out == "blackhole 203.0.112.0/24 proto bgp \n");
  CHECK_THAT(scratch::sh("ip -n h1 -6 route show 2001:db8:9::/48").out,
             ContainsSubstring("blackhole 2001:db8:9::/48 dev lo proto bird") && !ContainsSubstring("via"));
  CHECK(line_count("ip -n h1 -6 route show 2001:db8:9::/48") == 1);
  CHECK(scratch::sh("ip -n h1 route show 198.18.0.0/15").out == "198.18.0.0/15 via 192.0.2.254 dev eth0 \n");
}

TEST_CASE(
    "what is configured over a daemon's next-hop object comes back when the daemon has made it again, and else not") {
  const rig::Rig rig(lab_to_flap());
  const std::string objects =
      "ip -n r nexthop add id 1 via 192.0.2.1 dev eth1 proto zebra\n"
      "ip -n r nexthop add id 5 via 2001:db8:1::1 dev eth1 proto zebra\n";
  in_shell(objects + R"(
ip -n r nexthop add id 2 via 198.51.100.2 dev eth2
ip -n r nexthop add id 3 group 1/2
ip -n r route add 203.0.113.0/24 nhid 1
ip -n r route add 203.0.112.0/24 nhid 3
ip -n r -6 route add 2001:db8:9::/48 nhid 5
ip -n r route add 198.18.0.0/15 nhid 1 proto bgp
)");
  const Json before = flapping_state("r");
  const std::vector<InterfacePattern> link = {{.space = "r", .interface = "eth1"}};
  {
    check::LinkKeeper keeper(rig.ground());
    flap_links(keeper, link);
    // Not a word of EINVAL: it is the daemon's to make it again.
    CHECK(keeper.restore().empty());
  }
  CHECK(scratch::ip("-n r nexthop").size() == 2);
  CHECK(scratch::ip("-n r nexthop show id 3")[0]["group"].size() == 1);
  CHECK(line_count("ip -n r route show 203.0.113.0/24; ip -n r route show proto bgp") == 0);
  CHECK(line_count("ip -n r route show 203.0.112.0/24") >= 1);
  in_shell(objects + R"(
ip -n r nexthop replace id 3 group 1/2
ip -n r route add 203.0.113.0/24 nhid 1
ip -n r -6 route add 2001:db8:9::/48 nhid 5
ip -n r route add 198.18.0.0/15 nhid 1 proto bgp
)");
  CHECK(Json::diff(before, flapping_state("r")).dump() == "[]");
  {
    check::LinkKeeper keeper(rig.ground());
    flap_links(keeper, link);
    in_shell(objects);
    CHECK(keeper.restore().empty());
  }
  // All but what is the daemon's.
  in_shell("ip -n r route add 198.18.0.0/15 nhid 1 proto bgp");
  CHECK(Json::diff(before, flapping_state("r")).dump() == "[]");
  {
    check::LinkKeeper keeper(rig.ground());
    flap_links(keeper, link);
    in_shell("ip -n r nexthop add id 1 via 192.0.2.77 dev eth1 proto zebra");
    CHECK(keeper.restore().empty());
  }
  CHECK(line_count("ip -n r route show 203.0.113.0/24") == 0);
  CHECK(scratch::ip("-n r nexthop show id 3")[0]["group"].size() == 1);
}

TEST_CASE("a link that was down before the test keeps its addresses when it is down again") {
  const rig::Rig rig(lab_to_flap());
  const std::string addresses = "ip -n h1 -6 -o address show dev spare | awk '{ print $4 }' | sort";
  CHECK(scratch::sh(addresses).out == "2001:db8:5::1/64\nfe80::5/64\n");
  check::LinkKeeper keeper(rig.ground());
  keeper.set({.space = "h1", .interface = "spare"}, true);
  in_shell("ip -n h1 route add 203.0.113.0/24 dev spare");
  CHECK(keeper.restore().empty());
  CHECK(scratch::ip("-n h1 link show dev spare")[0]["operstate"] == "DOWN");
  CHECK(scratch::sh(addresses).out == "2001:db8:5::1/64\nfe80::5/64\n");
  CHECK(line_count("ip -n h1 route show 203.0.113.0/24") == 0);
}
