// SPDX-License-Identifier: Apache-2.0
// What a lab file says is what the kernel shows.
#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;

namespace {

const std::string kConfig = NETRIG_CONFIG_DIR;

Json link_of(const std::string& space, const std::string& interface) {
  return ip("-n " + space + " -d link show dev " + interface)[0];
}

/// Routes of a table without those the kernel made itself, as "to via dev metric" words.
std::vector<std::string> routes(const std::string& space, const std::string& options) {
  std::vector<std::string> result;
  for (const Json& route : ip("-n " + space + " " + options)) {
    if (route.value("protocol", "") == "kernel" || route["dst"].get<std::string>().starts_with("ff00")) continue;
    std::string text = route.value("type", "unicast") == "unicast" ? "" : route["type"].get<std::string>() + " ";
    text += route["dst"].get<std::string>();
    if (route.contains("gateway")) text += " via " + route["gateway"].get<std::string>();
    if (route.contains("dev") && route["dev"] != "lo") text += " dev " + route["dev"].get<std::string>();
    if (route.contains("prefsrc")) text += " src " + route["prefsrc"].get<std::string>();
    if (route.contains("metric") && route["metric"] != 1024)
      text += " metric " + std::to_string(route["metric"].get<int>());
    if (route.value("flags", Json::array()) == Json::array({"onlink"})) text += " onlink";
    result.push_back(text);
  }
  std::sort(result.begin(), result.end());
  return result;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("two hosts come up, reach each other, and leave nothing behind") {
  const Result up = cli("up " + kConfig + "/two-hosts.toml");
  INFO(up.err);
  REQUIRE(up.exit == 0);
  CHECK(namespaces() == Texts{"h1", "h2"});
  CHECK(addresses("h1", "eth0") == Texts{"192.0.2.1/24", "2001:db8::1/64"});
  CHECK(addresses("h2", "eth0") == Texts{"192.0.2.2/24", "2001:db8::2/64"});
  CHECK(addresses("h1", "lo") == Texts{"127.0.0.1/8", "::1/128"});
  CHECK(links("h1") == Texts{"eth0"});
  CHECK(link_of("h1", "eth0")["linkinfo"]["info_kind"] == "veth");
  CHECK(routes("h1", "-4 route").empty());
  CHECK(answers("h1", "192.0.2.2"));
  CHECK(answers("h1", "2001:db8::2"));
  CHECK(cli("status two-hosts").exit == 0);
  REQUIRE(cli("down two-hosts").exit == 0);
  require_nothing_left();
}

TEST_CASE("every attribute of an interface is as asked") {
  const std::string lab = file("lab.toml", R"(
[lab]
name = "attributes"
[namespace.a]
[namespace.b]
[device.wire]
driver = "veth"
interfaces = [
  { namespace = "a", name = "left", mac = "02:00:00:00:00:0a", mtu = 1400, alias = "to b, the \"far\" side", addresses = ["10.1.0.1/24", { address = "10.1.1.1/32", peer = "10.1.1.2" }, { address = "10.1.2.1/24", scope = "link" }, "fd00::1/64"] },
  { namespace = "b", name = "right", mac = "02:00:00:00:00:0b", state = "down" },
]
[device.switch]
driver = "bridge"
interfaces = [{ namespace = "b", name = "br0", addresses = ["10.2.0.1/24"] }]
[device.port]
driver = "veth"
interfaces = [{ namespace = "b", name = "p0", master = "br0" }, { namespace = "a", name = "eth1" }]
)");
  const Result up = cli("up " + lab);
  INFO(up.err);
  REQUIRE(up.exit == 0);
  const Json left = link_of("a", "left");
  CHECK(left["address"] == "02:00:00:00:00:0a");
  CHECK(left["mtu"] == 1400);
  CHECK(left["ifalias"] == "to b, the \"far\" side");
  const Json right = link_of("b", "right");
  CHECK(right["address"] == "02:00:00:00:00:0b");
  CHECK(right["mtu"] == 1500);
  CHECK(right["operstate"] == "DOWN");
  CHECK_FALSE(right.contains("master"));
  CHECK(link_of("b", "p0")["master"] == "br0");
  CHECK(addresses("a", "left") == Texts{"10.1.0.1/24", "10.1.1.1/32", "10.1.2.1/24", "fd00::1/64"});
  const Json shown = ip("-n a addr show dev left")[0]["addr_info"];
  for (const Json& address : shown) {
    if (address["local"] == "10.1.0.1") CHECK(address["broadcast"] == "10.1.0.255");
    if (address["local"] == "10.1.1.1") CHECK(address["address"] == "10.1.1.2");
    if (address["local"] == "10.1.2.1") CHECK(address["scope"] == "link");
    if (address["local"] == "fd00::1") CHECK(address["nodad"] == true);
  }
  REQUIRE(cli("down attributes").exit == 0);
  require_nothing_left();
}

TEST_CASE("every kind of route is as asked") {
  const std::string lab = file("lab.toml", R"(
[lab]
name = "routes"
[namespace.a]
routes = [
  { to = "default", via = "10.0.0.2" },
  { to = "default", via = "10.0.0.3", metric = 50 },
  { to = "10.9.0.0/16", via = "10.0.0.2", source = "10.0.0.1", mtu = 1300 },
  { to = "10.8.0.0/16", dev = "eth0" },
  { to = "10.7.0.0/16", via = "172.16.0.1", dev = "eth0", onlink = true },
  { to = "10.6.0.0/16", type = "blackhole" },
  { to = "10.5.0.0/16", type = "unreachable", metric = 7 },
  { to = "10.4.0.0/16", type = "prohibit" },
  { to = "10.3.0.0/16", via = "10.0.0.2", table = 100 },
  { to = "10.2.0.0/16", via = "10.0.0.2", table = 70000 },
  { to = "10.1.0.0/16", next_hops = [{ via = "10.0.0.2", weight = 2 }, { via = "10.0.0.3", dev = "eth0" }] },
  { to = "default", via = "fd00::2" },
  { to = "fd01::/64", via = "fe80::1", dev = "eth0", metric = 33 },
  { to = "fd02::/64", type = "blackhole" },
]
[namespace.b]
[device.wire]
driver = "veth"
interfaces = [
  { namespace = "a", name = "eth0", addresses = ["10.0.0.1/24", "fd00::1/64"] },
  { namespace = "b", name = "eth0", addresses = ["10.0.0.2/24", "10.0.0.3/24", "fd00::2/64"] },
]
)");
  const Result up = cli("up " + lab);
  INFO(up.err);
  REQUIRE(up.exit == 0);
  CHECK(routes("a", "-4 -d route") == Texts{"10.1.0.0/16", "10.7.0.0/16 via 172.16.0.1 dev eth0 onlink",
                                            "10.8.0.0/16 dev eth0", "10.9.0.0/16 via 10.0.0.2 dev eth0 src 10.0.0.1",
                                            "blackhole 10.6.0.0/16", "default via 10.0.0.2 dev eth0",
                                            "default via 10.0.0.3 dev eth0 metric 50", "prohibit 10.4.0.0/16",
                                            "unreachable 10.5.0.0/16 metric 7"});
  CHECK(routes("a", "-4 route show table 100") == Texts{"10.3.0.0/16 via 10.0.0.2 dev eth0"});
  CHECK(routes("a", "-4 route show table 70000") == Texts{"10.2.0.0/16 via 10.0.0.2 dev eth0"});
  CHECK(routes("a", "-6 -d route") ==
        Texts{"blackhole fd02::/64", "default via fd00::2 dev eth0", "fd01::/64 via fe80::1 dev eth0 metric 33"});
  for (const Json& route : ip("-n a -4 route")) {
    if (route["dst"] == "10.9.0.0/16") CHECK(route["metrics"][0]["mtu"] == 1300);
    if (route["dst"] == "10.1.0.0/16") {
      REQUIRE(route["nexthops"].size() == 2);
      CHECK(route["nexthops"][0]["weight"] == 2);
      CHECK(route["nexthops"][1]["gateway"] == "10.0.0.3");
    }
  }
  REQUIRE(cli("down routes").exit == 0);
  require_nothing_left();
}

TEST_CASE("sysctls are set before interfaces come up") {
  const std::string lab = file("lab.toml", R"(
[lab]
name = "sysctls"
[namespace.a]
sysctl = { "net.ipv4.ip_forward" = 1, "net.ipv6.conf.all.forwarding" = true, "net.ipv6.conf.eth0.addr_gen_mode" = "1" }
[namespace.b]
[device.wire]
driver = "veth"
interfaces = [{ namespace = "a", name = "eth0" }, { namespace = "b", name = "eth0" }]
)");
  const Result up = cli("up " + lab);
  INFO(up.err);
  REQUIRE(up.exit == 0);
  CHECK(sh("ip netns exec a sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding").out == "1\n1\n");
  CHECK(sh("ip netns exec b sysctl -n net.ipv4.ip_forward").out == "0\n");
  // Mode 1 makes no link-local address; one that was made before the sysctl was set would still be there.
  CHECK(sh("ip -n a -6 addr show dev eth0").out.empty());
  REQUIRE(cli("down sysctls").exit == 0);
}

TEST_CASE("up returns when every link takes packets") {
  // Without care a macvlan has to wait for the kernel's link watch in most of these rounds.
  for (int round = 0; round < 10; ++round) {
    REQUIRE(cli("--quiet up " + kConfig + "/compare/macvlan.toml").exit == 0);
    for (const char* space : {"h1", "h2", "trunk"})
      // All in one answer: asking for one link would make the kernel hurry.
      for (const Json& link : ip(std::string("-n ") + space + " link"))
        if (link["ifname"] != "lo") CHECK(link["operstate"] == "UP");
    REQUIRE(cli("--quiet down macvlan").exit == 0);
  }
}

TEST_CASE("a link with its lower in another namespace gets a number that is free in both") {
  REQUIRE(cli("up " + kConfig + "/macvlan-on-uplink.toml").exit == 0);
  std::vector<int> lowers;
  for (const Json& link : ip("-n wan link")) lowers.push_back(link["ifindex"]);
  for (const char* container : {"c1", "c2", "c3"}) {
    INFO(container);
    CHECK(std::count(lowers.begin(), lowers.end(), link_of(container, "eth0")["ifindex"].get<int>()) == 0);
  }
  REQUIRE(cli("down shared-uplink").exit == 0);
  require_nothing_left();
}

TEST_CASE("waiting for duplicate address detection ends with usable addresses") {
  const std::string text = R"(
[lab]
name = "dad"
dad = "wait"
[namespace.a]
[namespace.b]
[device.wire]
driver = "veth"
interfaces = [{ namespace = "a", name = "eth0", addresses = ["fd00::1/64"] }, { namespace = "b", name = "eth0", addresses = ["fd00::2/64"] }]
)";
  const Result up = cli("up " + file("lab.toml", text));
  INFO(up.err);
  REQUIRE(up.exit == 0);
  const Json shown = ip("-n a -6 addr show dev eth0 scope global")[0]["addr_info"];
  for (const Json& address : shown) {
    CHECK_FALSE(address.contains("tentative"));
    CHECK_FALSE(address.contains("nodad"));
  }
  REQUIRE(cli("down dad").exit == 0);

  std::string same = text;
  same.replace(same.find("fd00::2"), 7, "fd00::1");
  const Result duplicate = cli("up " + file("same.toml", same));
  CHECK(duplicate.exit == 1);
  CHECK_THAT(duplicate.err, ContainsSubstring("is a duplicate"));
  require_nothing_left();
}

TEST_CASE("where nothing is to be detected, the link-local address is usable when up returns") {
  REQUIRE(sh("ip netns add c").exit == 0);
  // Both families, IPv4 alone, ports, a bridge, a namespace that was there, a name with a dot: nobody asks for
  // detection.
  const std::string text = R"(
[lab]
name = "dad"
[namespace.a]
[namespace.b]
[namespace.c]
existing = true
[device.wire]
driver = "veth"
interfaces = [{ namespace = "a", name = "eth0", addresses = ["fd00::1/64"] }, { namespace = "c", name = "eth0.5", addresses = ["fd00::2/64"] }]
[device.switch]
driver = "bridge"
interfaces = [{ namespace = "b", name = "br0" }]
[device.port]
driver = "veth"
interfaces = [{ namespace = "a", name = "eth1", addresses = ["10.0.0.1/24"] }, { namespace = "b", name = "p1", master = "br0" }]
[device.top]
driver = "macvlan"
params = { parent = "a:eth0" }
interfaces = [{ namespace = "b", name = "top" }]
[device.over]
driver = "macvlan"
params = { parent = "b:br0" }
interfaces = [{ namespace = "a", name = "over" }]
)";
  const auto link_locals = [](const std::string& space, const std::string& interface) {
    const Json shown = ip("-n " + space + " -6 addr show dev " + interface);
    return std::count_if(shown[0]["addr_info"].begin(), shown[0]["addr_info"].end(),
                         [](const Json& address) { return address["scope"] == "link"; });
  };
  for (int round = 0; round < 5; ++round) {
    const Result up = cli("--quiet up " + file("lab.toml", text));
    INFO(up.err);
    REQUIRE(up.exit == 0);
    for (const char* space : {"a", "b", "c"})
      for (const Json& link : ip(std::string("-n ") + space + " -6 addr"))
        for (const Json& address : link["addr_info"]) {
          if (link["ifname"] == "p1") continue;  // a port without addresses: nobody speaks to it
          INFO(link.dump());
          CHECK_FALSE(address.contains("tentative"));
        }
    for (const auto& [space, interface] : std::vector<std::pair<std::string, std::string>>{
             {"a", "eth0"}, {"a", "eth1"}, {"b", "br0"}, {"b", "p1"}, {"b", "top"}, {"a", "over"}, {"c", "eth0.5"}})
      CHECK(link_locals(space, interface) == 1);
    REQUIRE(cli("--quiet down dad").exit == 0);
  }

  // One address that wants detection is enough.
  std::string other = text;
  other.replace(other.find("\"fd00::1/64\""), 12, R"("fd00::1/64", { address = "fd00::3/64", dad = "on" })");
  const auto detects = [](const std::string& space, const std::string& interface) {
    const Json shown = ip("-n " + space + " -6 addr show dev " + interface);
    return std::any_of(shown[0]["addr_info"].begin(), shown[0]["addr_info"].end(), [](const Json& address) {
      return address["scope"] == "link" && !address.value("nodad", false);
    });
  };
  const Result up = cli("up " + file("lab.toml", other));
  INFO(up.err);
  REQUIRE(up.exit == 0);
  CHECK(detects("a", "eth0"));
  CHECK_FALSE(detects("a", "eth1"));
  CHECK_FALSE(detects("c", "eth0.5"));
  REQUIRE(cli("down dad").exit == 0);
  REQUIRE(sh("ip netns del c").exit == 0);
  require_nothing_left();
}

TEST_CASE("the example labs come up as written and their hosts reach each other", "[backlog]") {
  SECTION("macvlan on an uplink") {
    REQUIRE(cli("up " + kConfig + "/macvlan-on-uplink.toml").exit == 0);
    for (const char* host : {"c1", "c2", "c3"}) CHECK(answers(host, "198.51.100.1"));
    CHECK(answers("c1", "198.51.100.12"));
    CHECK(link_of("c1", "eth0")["linkinfo"]["info_data"]["mode"] == "bridge");
    CHECK(cli("down shared-uplink").exit == 0);
  }
  SECTION("a routed campus without VLAN filtering, for kernels that lack it") {
    std::string text = read(kConfig + "/routed-campus.toml");
    const std::string filtering = ", vlan_filtering = true";
    text.erase(text.find(filtering), filtering.size());
    REQUIRE(cli("up " + file("campus.toml", text)).exit == 0);
    CHECK(namespaces().size() == 103);
    CHECK(addresses("h2-50", "eth0") == Texts{"10.2.1.50/16"});
    for (const char* target : {"10.1.0.1", "10.1.1.50", "10.2.1.9"}) CHECK(answers("h1-7", target));
    CHECK(cli("down campus").exit == 0);
  }
  SECTION("a thousand namespaces in pairs") {
    REQUIRE(cli("up " + kConfig + "/pairs-1000.toml").exit == 0);
    CHECK(namespaces().size() == 1000);
    CHECK(addresses("f999", "eth0") == Texts{"10.0.7.206/30"});
    CHECK(routes("f998", "-4 route") == Texts{"default via 10.0.7.206 dev eth0"});
    CHECK(answers("f0", "10.0.0.2"));
    CHECK(answers("f999", "10.0.7.205"));
    CHECK(cli("down pairs-1000").exit == 0);
  }
  SECTION("a thousand hosts in a star") {
    REQUIRE(cli("up " + kConfig + "/star-1000.toml").exit == 0);
    CHECK(namespaces().size() == 1001);
    const Json ports = ip("-n hub link show master br0");
    CHECK(ports.size() == 1000);
    // All took packets when up returned, however slow the kernel's link watch is with so many.
    CHECK(std::all_of(ports.begin(), ports.end(), [](const Json& port) { return port["operstate"] == "UP"; }));
    CHECK(answers("h0", "10.0.4.231"));
    CHECK(answers("h999", "10.0.0.1"));
    CHECK(cli("down star-1000").exit == 0);
  }
  require_nothing_left();
}

TEST_CASE("the routed campus comes up as written") {
  if (const std::string reason = kernel_lacks("CONFIG_BRIDGE_VLAN_FILTERING"); !reason.empty()) {
    const Result refused = cli("up " + kConfig + "/routed-campus.toml");
    CHECK(refused.exit == 6);
    CHECK_THAT(refused.err, ContainsSubstring("vlan_filtering needs a kernel with CONFIG_BRIDGE_VLAN_FILTERING"));
    require_nothing_left();
    skip(reason + "; what netrig says of it is as it should be");
  }
  REQUIRE(cli("up " + kConfig + "/routed-campus.toml").exit == 0);
  CHECK(answers("h1-7", "10.2.1.9"));
  CHECK(cli("down campus").exit == 0);
  require_nothing_left();
}
