// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "check/rig.hpp"

using namespace netrig;

namespace {

template <typename Check>
std::string look(const std::string& check, const std::string& before = "true") {
  const rig::Rig rig(std::string(rig::kRouted) + "[[test]]\nname = \"t\"\nfrom = \"h1\"\n" + check + "\n");
  REQUIRE(scratch::sh(before).exit == 0);
  const auto result = rig.run<Check>("t");
  if (result.findings.empty()) return "right";
  CHECK(result.findings.size() == 1);
  CHECK_FALSE(result.findings[0].look_at.empty());
  return result.findings[0].seen + " | " + result.findings[0].expected;
}

}  // namespace

TEST_CASE("route finds a route in a table, and the one that the kernel takes") {
  const auto route = look<RouteCheck>;
  CHECK(route("route = { to = \"default\", via = \"192.0.2.254\", interface = \"eth0\" }", "true") == "right");
  CHECK(route("route = { to = \"198.51.100.2\", via = \"192.0.2.254\" }", "true") == "right");
  CHECK(route("route = { to = \"2001:db8:2::2\", via = \"2001:db8:1::fe\", interface = \"eth0\" }", "true") == "right");
  CHECK(route("route = { to = \"203.0.113.0/24\", table = 100, metric = 7 }",
              "ip -n h1 route add 203.0.113.0/24 via 192.0.2.254 table 100 metric 7") == "right");
  CHECK(route("route = { to = \"default\", via = \"192.0.2.254\", table = \"main\" }", "true") == "right");
  CHECK(route("route = { to = \"192.0.2.1/32\", interface = \"eth0\", table = \"local\" }", "true") == "right");
  CHECK(route("route = { to = \"203.0.113.0/24\", table = \"default\" }",
              "ip -n h1 route add 203.0.113.0/24 via 192.0.2.254 table default") == "right");
  CHECK(route("route = { to = \"203.0.113.0/24\", via = \"192.0.2.253\" }",
              "ip -n h1 route add 203.0.113.0/24 nexthop via 192.0.2.254 nexthop via 192.0.2.253") == "right");
  CHECK(route("route = { to = \"203.0.113.0/24\", present = false }", "true") == "right");
}

TEST_CASE("route tells what there is instead") {
  const auto route = look<RouteCheck>;
  CHECK(route("route = { to = \"default\", via = \"192.0.2.253\" }", "true") ==
        "there is default via 192.0.2.254 dev eth0 | a default route via 192.0.2.253");
  CHECK(route("route = { to = \"198.51.100.2\", via = \"192.0.2.253\" }", "true") ==
        "the kernel takes 198.51.100.2/32 via 192.0.2.254 dev eth0 | a route to 198.51.100.2 via 192.0.2.253");
  CHECK(route("route = { to = \"198.51.100.2\" }", "ip -n h1 route del default") ==
        "the kernel has none: Network is unreachable (ENETUNREACH) | a route to 198.51.100.2");
  CHECK(route("route = { to = \"192.0.2.0/24\", present = false }", "true") ==
        "there is 192.0.2.0/24 dev eth0 | no route to 192.0.2.0/24");
}

TEST_CASE("neighbour finds entries that are known, with their address") {
  const auto neighbour = look<NeighbourCheck>;
  const std::string ping = "ip netns exec h1 ping -c1 192.0.2.254";
  CHECK(neighbour("neighbour = { interface = \"eth0\", address = \"192.0.2.254\" }", ping) == "right");
  CHECK(neighbour("neighbour = { interface = \"eth0\", address = \"192.0.2.7\", mac = \"02:00:00:00:00:07\" }",
                  "ip -n h1 neigh add 192.0.2.7 lladdr 02:00:00:00:00:07 dev eth0") == "right");
  CHECK(neighbour("neighbour = { interface = \"eth0\", address = \"2001:db8:1::7\" }",
                  "ip -n h1 neigh add 2001:db8:1::7 lladdr 02:00:00:00:00:07 dev eth0") == "right");
  CHECK(neighbour("neighbour = { interface = \"eth0\", address = \"192.0.2.254\" }", "true") ==
        "there is no neighbour at all | neighbour 192.0.2.254 at eth0");
  CHECK(neighbour("neighbour = { interface = \"eth0\", address = \"192.0.2.7\", mac = \"02:00:00:00:00:08\" }",
                  "ip -n h1 neigh add 192.0.2.7 lladdr 02:00:00:00:00:07 dev eth0") ==
        "there is 192.0.2.7 02:00:00:00:00:07 permanent | neighbour 192.0.2.7 at eth0 with 02:00:00:00:00:08");
}

TEST_CASE("address finds addresses of an interface") {
  const auto address = look<AddressCheck>;
  CHECK(address("address = { interface = \"eth0\", address = \"192.0.2.1/24\" }", "true") == "right");
  CHECK(address("address = { interface = \"eth0\", address = \"2001:db8:1::1/64\" }", "true") == "right");
  CHECK(address("address = { interface = \"eth0\", address = \"192.0.2.9/24\", present = false }", "true") == "right");
  CHECK(address("address = { interface = \"eth0\", address = \"192.0.2.1/25\" }", "ip -n h1 -6 addr flush dev eth0") ==
        "there is 192.0.2.1/24 | address 192.0.2.1/25 at eth0");
  CHECK(address("address = { interface = \"eth0\", address = \"192.0.2.1/24\" }", "ip -n h1 addr flush dev eth0") ==
        "the interface has no address | address 192.0.2.1/24 at eth0");
}

TEST_CASE("an interface that does not exist is an error and not the proof that nothing is at it") {
  const auto refused = [](const std::string& check) {
    const std::string path =
        scratch::file("lab.toml", std::string(rig::kRouted) + "[[test]]\nname = \"t\"\nfrom = \"h1\"\n" + check + "\n");
    const auto run = scratch::cli("run --json " + path);
    CHECK(run.exit == 2);
    const auto report = scratch::Json::parse(run.out);
    CHECK(report["tests"][0]["outcome"] == "error");
    return report["tests"][0]["reason"].get<std::string>();
  };
  for (const std::string present : {"true", "false"}) {
    const auto check = [&](const std::string& key, const std::string& more) {
      return key + " = { interface = \"eht0\", " + more + ", present = " + present + " }";
    };
    const std::string reason = "h1 has no interface eht0; did you mean \"eth0\"?";
    CHECK_THAT(refused(check("address", "address = \"192.0.2.9/24\"")), ContainsSubstring(reason));
    CHECK_THAT(refused(check("neighbour", "address = \"192.0.2.9\"")), ContainsSubstring(reason));
    CHECK_THAT(refused(check("route", "to = \"203.0.113.0/24\"")), ContainsSubstring(reason));
    CHECK_THAT(refused(check("route", "to = \"203.0.113.1\"")), ContainsSubstring(reason));
  }
  CHECK_THAT(refused("address = { interface = \"uplink\", address = \"192.0.2.9/24\", present = false }"),
             ContainsSubstring("h1 has no interface uplink; there is lo; eth0"));
}

TEST_CASE("route looks in a VRF's table, and asks for a packet of the VRF") {
  const std::string red = "vrf = \"red\"";
  const auto test = [](const std::string& name, const std::string& route) {
    return "[[test]]\nname = \"" + name + "\"\nfrom = \"h1\"\nroute = { " + route + " }\n";
  };
  const rig::Rig rig(std::string(rig::kRouted) + test("asked", "to = \"198.51.100.2\", via = \"192.0.2.254\", " + red) +
                     test("in its table", "to = \"203.0.113.0/24\", via = \"192.0.2.254\", " + red) +
                     test("not in main", "to = \"203.0.113.0/24\", present = false") +
                     test("not outside", "to = \"198.51.100.2\", present = false") +
                     test("other way", "to = \"198.51.100.2\", via = \"192.0.2.253\", " + red) +
                     test("no VRF", "to = \"198.51.100.2\", vrf = \"eth0\"") +
                     test("not there", "to = \"0.0.0.0/0\", vrf = \"blue\""));
  CHECK_THROWS_WITH(rig.run<RouteCheck>("no VRF"), ContainsSubstring("interface eth0 is no VRF"));
  CHECK_THROWS_WITH(rig.run<RouteCheck>("not there"), ContainsSubstring("there is no VRF blue"));
  if (scratch::sh("ip -n h1 link add red type vrf table 10").exit != 0) scratch::skip("this kernel has no VRFs");
  REQUIRE(scratch::sh("set -e; ip -n h1 link set red up; ip -n h1 link set eth0 master red; ip -n h1 route replace "
                      "default via 192.0.2.254 vrf red; ip -n h1 route add 203.0.113.0/24 via 192.0.2.254 vrf red; "
                      "ip -n h1 route flush table main")
              .exit == 0);
  for (const std::string name : {"asked", "in its table", "not in main", "not outside"}) {
    const auto result = rig.run<RouteCheck>(name);
    INFO(name << (result.findings.empty() ? "" : ": " + result.findings[0].seen));
    CHECK(result.findings.empty());
  }
  const auto other = rig.run<RouteCheck>("other way");
  REQUIRE(other.findings.size() == 1);
  CHECK_THAT(other.findings[0].seen, ContainsSubstring("the kernel takes 198.51.100.2/32 via 192.0.2.254 dev eth0"));
  CHECK(other.findings[0].expected == "a route to 198.51.100.2 via 192.0.2.253 in VRF red");
  CHECK(other.findings[0].look_at == "netrig exec rig h1 -- ip route get 198.51.100.2 vrf red");
  CHECK(scratch::sh("ip netns exec h1 ip route get 198.51.100.2 vrf red").exit == 0);
}
