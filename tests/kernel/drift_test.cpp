// SPDX-License-Identifier: Apache-2.0
// The drifts that one thinks of first: each is done by hand to a lab that works, named with its place, and mended.
#include <algorithm>

#include "catch.hpp"
#include "running.hpp"

using namespace scratch;

namespace {

/// A host behind a switch reaches another behind a router.
const std::string kBehindRouter = R"([lab]
name = "campus"
[namespace.sw]
[namespace.h1]
routes = [
  { to = "192.0.2.0/24", via = "10.0.0.254" },
  { to = "198.51.100.0/24", dev = "eth0", metric = 7 },
]
rules = [{ from = "10.9.0.0/16", table = 100, priority = 1000 }]
sysctl = { "net.ipv4.ip_default_ttl" = 33 }
[namespace.r]
forwarding = true
[namespace.far]
gateway = "192.0.2.254"
[device.br0]
driver = "bridge"
interfaces = [{ namespace = "sw" }]
[device.port1]
driver = "veth"
interfaces = [
  { namespace = "sw", name = "p1", master = "br0" },
  { namespace = "h1", name = "eth0", mac = "02:00:00:00:00:01", mtu = 1400, alias = "to the switch", addresses = [
    "10.0.0.1/24"], neighbours = [{ address = "10.0.0.254", mac = "02:00:00:00:00:fe" }] },
]
[device.port2]
driver = "veth"
interfaces = [
  { namespace = "sw", name = "p2", master = "br0", state = "up" },
  { namespace = "r", name = "lan", mac = "02:00:00:00:00:fe", addresses = [
    "10.0.0.254/24", "2001:db8::fe/64"] },
]
[device.uplink]
driver = "veth"
interfaces = [
  { namespace = "r", name = "wan", addresses = ["192.0.2.254/24"] },
  { namespace = "far", name = "eth0", addresses = ["192.0.2.1/24"] },
]
)";

/// What `verify` says, and what stands in the file where it points: the first `text` from `after` on, which is there
/// once.
struct Named {
  std::string line;
  std::string after;
  std::string text;
};

struct Mishap {
  std::string name;
  std::string command;
  std::vector<Named> faults = {};
  std::vector<std::string> foreign = {};
  /// A command that shows it as JSON, and the keys of that which count.
  std::string shown_by;
  std::vector<std::string> keys = {};
  bool stays = false;  ///< foreign, and never taken away
};

std::string place_in_campus(const Named& one) {
  const std::size_t after = kBehindRouter.find(one.after);
  REQUIRE(after != std::string::npos);
  REQUIRE(kBehindRouter.find(one.after, after + 1) == std::string::npos);
  const std::size_t at = kBehindRouter.find(one.text, after);
  REQUIRE(at != std::string::npos);
  const auto line =
      1 + std::count(kBehindRouter.begin(), kBehindRouter.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  return directory() + "/lab.toml:" + std::to_string(line) + ":" + std::to_string(at - kBehindRouter.rfind('\n', at));
}

Json shown_of(const Mishap& mishap) {
  const Result result = sh(mishap.shown_by);
  Json all = Json::array();
  // An interface that is not there is an answer, too.
  if (result.exit != 0 || result.out.empty()) return all;
  const Json shown = Json::parse(result.out);
  if (!shown.is_array()) return shown;
  for (const Json& one : shown) {
    Json kept = Json::object();
    for (const std::string& key : mishap.keys)
      if (one.contains(key)) kept[key] = one[key];
    if (kept.contains("addr_info"))
      for (Json& address : kept["addr_info"]) address = {address.value("local", ""), address.value("prefixlen", 0)};
    all.push_back(std::move(kept));
  }
  std::sort(all.begin(), all.end());
  return all;
}

/// Lines of `verify` but the last, which counts.
std::vector<std::string> verified(const std::string& options, int exit) {
  const Result result = cli("verify campus " + options);
  INFO("verify " << options << ": " << result.out << result.err);
  CHECK(result.exit == exit);
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = result.out.find('\n', begin)) != std::string::npos; begin = end + 1)
    lines.push_back(result.out.substr(begin, end - begin));
  REQUIRE_FALSE(lines.empty());
  lines.pop_back();
  std::sort(lines.begin(), lines.end());
  return lines;
}

const Named kAddressGone = {"h1 address eth0 10.0.0.1/24: missing", "\"h1\", name = \"eth0\"", "\"10.0.0.1/24\""};
const Named kRouteGone = {"h1 route 192.0.2.0/24 via 10.0.0.254: missing", "{ to = \"192.0.2.0/24\"", "{ to"};
const Named kDirectRouteGone = {"h1 route 198.51.100.0/24 dev eth0 metric 7: missing", "{ to = \"198.51.100.0/24\"",
                                "{ to"};
const Named kNeighbourGone = {"h1 neighbour eth0 10.0.0.254 lladdr 02:00:00:00:00:fe: missing", "neighbours = [",
                              "\"10.0.0.254\""};

std::vector<Mishap> mishaps() {
  const std::string link = "ip -j -n h1 -d link show dev eth0";
  return {
      {.name = "an address is gone",
       .command = "ip -n h1 address del 10.0.0.1/24 dev eth0",
       .faults = {kAddressGone, kNeighbourGone, kRouteGone, kDirectRouteGone},
       .shown_by = "ip -j -n h1 -4 address show dev eth0",
       .keys = {"addr_info"}},
      {.name = "an address is added",
       .command = "ip -n h1 address add 10.7.0.1/24 dev eth0",
       .foreign = {"? h1 address eth0 10.7.0.1/24: not in the file"},
       .shown_by = "ip -j -n h1 -4 address show dev eth0",
       .keys = {"addr_info"}},
      {.name = "a route is gone",
       .command = "ip -n h1 route del 192.0.2.0/24",
       .faults = {kRouteGone},
       .shown_by = "ip -j -n h1 route",
       .keys = {"dst", "gateway"}},
      {.name = "a route is added",
       .command = "ip -n h1 route add 203.0.113.0/24 via 10.0.0.9",
       .foreign = {"? h1 route 203.0.113.0/24 via 10.0.0.9 dev eth0: not in the file"},
       .shown_by = "ip -j -n h1 route",
       .keys = {"dst", "gateway"}},
      {.name = "a route is changed",
       .command = "ip -n h1 route replace 192.0.2.0/24 via 10.0.0.9",
       .faults = {{"h1 route 192.0.2.0/24 via 10.0.0.254 next hops: expected via 10.0.0.254, found via 10.0.0.9 dev "
                   "eth0",
                   "{ to = \"192.0.2.0/24\"", "{ to"},
                  {"h1 route 192.0.2.0/24 via 10.0.0.254 protocol: expected 110, found 3", "{ to = \"192.0.2.0/24\"",
                   "{ to"}},
       .shown_by = "ip -j -n h1 route",
       .keys = {"dst", "gateway", "protocol"}},
      {.name = "the MTU is another",
       .command = "ip -n h1 link set eth0 mtu 1300",
       .faults = {{"h1 interface eth0 mtu: expected 1400, found 1300", "mtu = ", "1400"}},
       .shown_by = link,
       .keys = {"mtu"}},
      {.name = "a link is down",
       .command = "ip -n h1 link set eth0 down",
       .faults = {{"h1 interface eth0 state: expected up, found down", "\"h1\", name = ", "\"eth0\""},
                  kRouteGone,
                  kDirectRouteGone,
                  kNeighbourGone},
       .shown_by = "ip -j -n h1 link show up dev eth0",
       .keys = {"ifname"}},
      {.name = "a link that is said to be up is down",
       .command = "ip -n sw link set p2 down",
       .faults = {{"sw interface p2 state: expected up, found down", "\"sw\", name = \"p2\"", "\"up\""}},
       .shown_by = "ip -j -n sw link show up dev p2",
       .keys = {"ifname"}},
      {.name = "the alias is another",
       .command = "ip -n h1 link set eth0 alias mine",
       .faults = {{"h1 interface eth0 alias: expected to the switch, found mine", "alias = ", "\"to the switch\""}},
       .shown_by = link,
       .keys = {"ifalias"}},
      {.name = "the MAC is another",
       .command = "ip -n r link set lan address 02:00:00:00:00:aa",
       .faults = {{"r interface lan mac: expected 02:00:00:00:00:fe, found 02:00:00:00:00:aa", "\"r\", name = \"lan\"",
                   "\"02:00:00:00:00:fe\""}},
       .shown_by = "ip -j -n r link show dev lan",
       .keys = {"address"}},
      {.name = "a port is out of its bridge",
       .command = "ip -n sw link set p1 nomaster",
       .faults = {{"sw interface p1 master: expected br0, found none", "\"sw\", name = \"p1\"", "\"br0\""}},
       .shown_by = "ip -j -n sw link show master br0",
       .keys = {"ifname", "master"}},
      {.name = "a rule is gone",
       .command = "ip -n h1 rule del priority 1000",
       .faults = {{"h1 rule 1000: from 10.9.0.0/16 lookup 100: missing", "rules = [", "{ from"}},
       .shown_by = "ip -j -n h1 rule",
       .keys = {"priority", "src", "table"}},
      {.name = "a rule is added",
       .command = "ip -n h1 rule add from 10.0.0.0/24 lookup 200 priority 900",
       .foreign = {"? h1 rule 900: from 10.0.0.0/24 lookup 200: not in the file"},
       .shown_by = "ip -j -n h1 rule",
       .keys = {"priority", "src", "table"}},
      {.name = "a sysctl is another",
       .command = "ip netns exec h1 sysctl -qw net.ipv4.ip_default_ttl=44",
       .faults = {{"h1 sysctl net.ipv4.ip_default_ttl value: expected 33, found 44", "ip_default_ttl", "33"}},
       .shown_by = "ip netns exec h1 sysctl -n net.ipv4.ip_default_ttl"},
      {.name = "IPv6 is switched off",
       .command = "ip netns exec r sysctl -qw net.ipv6.conf.all.disable_ipv6=1",
       .faults = {{"r sysctl net.ipv6.conf.lan.disable_ipv6 value: expected 0, found 1", "\"r\", name = \"lan\"",
                   "\"lan\""},
                  {"r address lan 2001:db8::fe/64: missing", "\"r\", name = \"lan\"", "\"2001:db8::fe/64\""}},
       .shown_by = "ip -j -n r -6 address show dev lan scope global",
       .keys = {"addr_info"}},
      {.name = "all rules are flushed",
       .command = "ip -n h1 rule flush",
       .faults = {{"h1 rule 1000: from 10.9.0.0/16 lookup 100: missing", "rules = [", "{ from"},
                  {"h1 rule 32766: from all lookup 254: missing", "[namespace.h1", "h1"},
                  {"h1 rule 32767: from all lookup 253: missing", "[namespace.h1", "h1"}},
       .shown_by = "ip -j -n h1 rule",
       .keys = {"priority", "src", "table", "protocol"}},
      {.name = "a router forwards no more",
       .command = "ip netns exec r sysctl -qw net.ipv4.ip_forward=0",
       .faults = {{"r sysctl net.ipv4.ip_forward value: expected 1, found 0", "forwarding = ", "true"}},
       .shown_by = "ip -j -n r netconf show dev lan",
       .keys = {"forwarding"}},
      {.name = "a neighbour is another",
       .command = "ip -n h1 neighbour replace 10.0.0.254 lladdr 02:00:00:00:00:bb dev eth0 nud permanent",
       .faults = {{"h1 neighbour eth0 10.0.0.254 lladdr 02:00:00:00:00:fe mac: expected 02:00:00:00:00:fe, found "
                   "02:00:00:00:00:bb",
                   "neighbours = [", "\"02:00:00:00:00:fe\""}},
       .shown_by = "ip -j -n h1 neighbour show nud permanent",
       .keys = {"dst", "lladdr"}},
      {.name = "a port is deleted",
       .command = "ip -n sw link del p1",
       .faults = {{"sw interface p1: missing", "\"sw\", name = \"p1\"", "\"p1\""},
                  {"h1 interface eth0: missing", "\"h1\", name = ", "\"eth0\""},
                  kAddressGone,
                  kNeighbourGone,
                  kRouteGone,
                  kDirectRouteGone},
       .shown_by = "ip -j -n sw link show master br0",
       .keys = {"ifname", "master"}},
      {.name = "the bridge is deleted",
       .command = "ip -n sw link del br0",
       .faults = {{"sw interface br0: missing", "driver = \"bridge\"", "{ namespace"},
                  {"sw interface p1 master: expected br0, found none", "\"sw\", name = \"p1\"", "\"br0\""},
                  {"sw interface p2 master: expected br0, found none", "\"sw\", name = \"p2\"", "\"br0\""}},
       .shown_by = "ip -j -n sw link show master br0",
       .keys = {"ifname", "master"}},
      {.name = "an interface has another name",
       .command = "ip -n sw link set p2 down && ip -n sw link set p2 name q2 && ip -n sw link set q2 up",
       .faults = {{"sw interface p2 name: expected p2, found q2", "\"sw\", name = \"p2\"", "\"p2\""}},
       .shown_by = "ip -j -n sw link show master br0",
       .keys = {"ifname", "master"}},
      {.name = "two interfaces have each other's names",
       .command = "ip -n sw link set p1 name q && ip -n sw link set p2 name p1 && ip -n sw link set q name p2",
       .faults = {{"sw interface p1 name: expected p1, found p2", "\"sw\", name = \"p1\"", "\"p1\""},
                  {"sw interface p2 name: expected p2, found p1", "\"sw\", name = \"p2\"", "\"p2\""}},
       .shown_by = "ip -j -n sw link show master br0",
       .keys = {"ifindex", "ifname"}},
      // The kernel takes it apart later.
      {.name = "a namespace is deleted",
       .command = "ip netns del far; while ip -n r link show dev wan; do sleep 0.02; done",
       .faults = {{"namespace far: missing", "[namespace.far", "far"},
                  {"r interface wan: missing", "\"r\", name = \"wan\"", "\"wan\""},
                  {"r address wan 192.0.2.254/24: missing", "\"r\", name = \"wan\"", "\"192.0.2.254/24\""}},
       .shown_by = "ip -j -n r -4 address show dev wan",
       .keys = {"ifname", "addr_info"}},
      {.name = "an interface is added",
       .command = "ip -n h1 link add mine type veth peer yours",
       .foreign = {"? h1 interface mine: not in the file", "? h1 interface yours: not in the file"},
       .shown_by = "ip -j -n h1 link show type veth",
       .keys = {"ifname"},
       .stays = true},
  };
}

void reaches_far() { CHECK(answers("h1", "192.0.2.1")); }

void mishap_happens(const Mishap& mishap) {
  running::up(kBehindRouter);
  reaches_far();
  const Json before = shown_of(mishap);
  REQUIRE(sh(mishap.command).exit == 0);
  const Json drifted = shown_of(mishap);
  CHECK(drifted != before);

  std::vector<std::string> expected = mishap.foreign;
  for (const Named& one : mishap.faults) expected.push_back(one.line + "  (" + place_in_campus(one) + ")");
  std::sort(expected.begin(), expected.end());
  CHECK(verified("", mishap.faults.empty() ? 0 : 1) == expected);
  CHECK(verified("--strict", 1) == expected);

  const Json mended = running::up(kBehindRouter);
  CHECK(mended["changed"] == mishap.foreign.empty());
  if (!mishap.foreign.empty()) {
    CHECK(shown_of(mishap) == drifted);
    CHECK(running::up(kBehindRouter, "--remove-foreign")["changed"] == !mishap.stays);
  }
  if (mishap.stays) {
    CHECK(verified("", 0) == mishap.foreign);
    CHECK(shown_of(mishap) == drifted);
  } else {
    running::require_clean("campus");
    CHECK(verified("--strict", 0).empty());
    CHECK(shown_of(mishap) == before);
  }
  reaches_far();
}

}  // namespace

TEST_CASE("what somebody does to a lab by hand is named with its place, and mended") {
  for (const Mishap& mishap : mishaps()) DYNAMIC_SECTION(mishap.name) {
      INFO(mishap.command);
      mishap_happens(mishap);
      CHECK(cli("down campus").exit == 0);
      require_nothing_left();
    }
}

TEST_CASE("an interface whose name another has taken cannot be mended, and nothing is changed") {
  running::up(kBehindRouter);
  REQUIRE(sh("ip -n sw link set p1 name q1 && ip -n sw link add p1 type veth peer p3").exit == 0);
  const Json before = ip("-n sw link");
  const Result refused = cli("up " + directory() + "/lab.toml");
  CHECK(refused.exit == 4);
  CHECK_THAT(refused.err, ContainsSubstring("interface p1 exists already in namespace sw and is not this lab's"));
  CHECK(ip("-n sw link") == before);
  REQUIRE(sh("ip -n sw link del p1").exit == 0);
  running::up(kBehindRouter);
  running::require_clean("campus");
  CHECK(cli("down campus").exit == 0);
  require_nothing_left();
}
