// SPDX-License-Identifier: Apache-2.0
// A lab file that is written from namespaces which are there makes the same again.

#include <algorithm>
#include <sstream>

#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;

namespace {

using Texts = std::vector<std::string>;

/// What import writes.
std::string imported(const std::string& arguments) {
  const Result result = cli("import " + arguments);
  INFO(result.err);
  REQUIRE(result.exit == 0);
  return result.out;
}

void require_ok(const Result& result) {
  INFO(result.out << result.err);
  REQUIRE(result.exit == 0);
}

/// Takes away what every boot of a namespace has of its own: numbers, and what the kernel makes of a MAC.
void strip(Json& node) {
  if (node.is_object()) {
    for (const char* key : {"ifindex",
                            "link_index",
                            "link_netnsid",
                            "link",
                            "address",
                            "stats64",
                            "operstate",
                            "flags",
                            "linkinfo",
                            "carrier_changes",
                            "tentative",
                            "valid_life_time",
                            "preferred_life_time",
                            "protocol",
                            "cacheinfo",
                            "num_tx_queues",
                            "num_rx_queues",
                            "qdisc",
                            "min_mtu",
                            "nodad",
                            "permaddr"})
      node.erase(key);
    for (auto& [key, value] : node.items()) strip(value);
    return;
  }
  if (!node.is_array()) return;
  for (Json& one : node) strip(one);
  std::vector<Json> kept;
  for (Json& one : node) {
    const auto is_of_kernel = [&](const char* key) {
      return one.is_object() && one.contains(key) && one[key].is_string() &&
             one[key].get<std::string>().starts_with("fe80:");
    };
    if (!is_of_kernel("local") && !is_of_kernel("dst") && one != Json::object()) kept.push_back(one);
  }
  std::sort(kept.begin(), kept.end(), [](const Json& a, const Json& b) { return a.dump() < b.dump(); });
  node = kept;
}

/// What ip shows of all namespaces, as far as a lab file can say it.
Json kernel_of_all() {
  Json all;
  for (const std::string& space : namespaces()) {
    Json state = kernel_state(space);
    state["neigh"] = ip("-n " + space + " neigh show nud permanent");
    strip(state);
    all[space] = state;
  }
  return all;
}

std::string without_name(const std::string& text) {
  std::string rest = text;
  const std::size_t at = rest.find("\nname = ") + 1;
  return rest.erase(at, rest.find('\n', at) - at);
}

/// Brings a lab file's text up, under other names than it was imported with, and imports it again: the same text.
void require_fixed_point(const std::string& text) {
  INFO(text);
  const std::string path = file("again.toml", text);
  require_ok(cli("up --name again " + path));
  require_ok(cli(std::string("import ") + "'again-*' -o " + directory() + "/beside.toml --force"));
  require_ok(cli("down again"));
  // Longer names break lines elsewhere.
  std::string renamed = read(directory() + "/beside.toml");
  for (std::size_t at = renamed.find("again-"); at != std::string::npos; at = renamed.find("again-"))
    renamed.erase(at, 6);
  const auto in_one_line = [](std::string all) {
    std::erase_if(all, [](char c) { return c == ' ' || c == '\n' || c == ','; });
    return all;
  };
  CHECK(in_one_line(without_name(renamed)) == in_one_line(without_name(text)));
  require_ok(cli("up " + path));
  CHECK(without_name(imported("'*'")) == without_name(text));
  require_ok(cli("down imported"));
}

}  // namespace

TEST_CASE("an example lab that is imported and brought up elsewhere is the same, and imports as the same text") {
  const std::string lab = GENERATE(as<std::string>{}, "asymmetric-routes", "failover", "macvlan-on-uplink",
                                   "mtu-black-hole", "nat", "routed-campus", "tenants", "two-hosts");
  INFO(lab);
  const Result up = cli("up " + std::string(NETRIG_CONFIG_DIR) + "/" + lab + ".toml");
  if (up.exit == 6) return;  // the kernel lacks what it is made of
  require_ok(up);
  const Json before = kernel_of_all();
  const std::string text = imported("'*'");
  INFO(text);
  require_ok(cli("down --all"));
  require_nothing_left();
  require_fixed_point(text);
  require_nothing_left();
  require_ok(cli("up " + file("alone.toml", text)));
  CHECK(kernel_of_all() == before);
  require_ok(cli("down imported"));
}

TEST_CASE("a thousand hosts are imported as one repeat") {
  require_ok(cli("up " + std::string(NETRIG_CONFIG_DIR) + "/star-1000.toml"));
  const std::string text = imported("'*'");
  INFO(text);
  CHECK(std::count(text.begin(), text.end(), '\n') < 40);
  CHECK(text.find("\"0..999\"") != std::string::npos);
  require_ok(cli("down star-1000"));
  require_nothing_left();
  require_ok(cli("plan " + file("star.toml", text)));
}

TEST_CASE("what was made by hand with ip is imported, and comes up as it was") {
  require_ok(sh(R"(
set -e
for n in r h1 h2 empty; do ip netns add $n; done
ip -n r link set lo up; ip -n h1 link set lo up; ip -n h2 link set lo up; ip -n empty link set lo up
ip -n r link add br0 type bridge ageing_time 6000
ip -n r link set br0 up
for i in 1 2; do
  ip -n h$i link add eth0 type veth peer name p$i netns r
  ip -n r link set p$i master br0 up
  ip -n h$i addr add 10.0.0.$i/24 brd + dev eth0
  ip -n h$i addr add 2001:db8::$i/64 dev eth0
  ip -n r link set p$i type bridge_slave hairpin on priority 1$i
  ip -n h$i link set eth0 up
  ip -n h$i route add default via 10.0.0.254
done
ip -n r addr add 10.0.0.254/24 brd + dev br0
ip -n r addr add 10.0.0.253/24 dev br0 label br0:two
ip -n r addr add 10.255.0.1/32 dev lo
ip netns exec r sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.br0.rp_filter=2
ip -n r route add 10.9.0.0/16 via 10.0.0.1 metric 50
ip -n r route add 10.8.0.0/16 nexthop via 10.0.0.1 weight 2 nexthop via 10.0.0.2
ip -n r route add blackhole 10.7.0.0/16
ip -n r route add 10.6.0.0/16 via 10.0.0.2 table 100 proto static mtu 1300
ip -n r rule add from 10.6.0.0/16 table 100 priority 1000
ip -n r rule add fwmark 0x2/0xff table 200 priority 1001
ip -n h1 neigh add 10.0.0.77 lladdr 02:00:00:00:00:77 dev eth0
ip -n h2 link set eth0 mtu 1400 txqueuelen 500
ip -n h2 link set eth0 address 02:00:00:00:00:02 alias 'to "r"'
)"));
  const Json before = kernel_of_all();
  const std::string text = imported("'*'");
  INFO(text);
  for (const char* space : {"r", "h1", "h2", "empty"}) require_ok(sh(std::string("ip netns delete ") + space));
  require_fixed_point(text);
  require_ok(cli("up " + file("hand.toml", text)));
  CHECK(kernel_of_all() == before);
  CHECK(ip("-n h2 link show dev eth0")[0]["address"] == "02:00:00:00:00:02");
  CHECK(sh("ip netns exec r sysctl -n net.ipv4.conf.br0.rp_filter").out == "2\n");
  const Json port = ip("-n r -d link show dev p2")[0]["linkinfo"]["info_slave_data"];
  CHECK(port["hairpin"] == true);
  CHECK(port["priority"] == 12);
  CHECK(sh("ip netns exec r sysctl -n net.ipv6.conf.all.forwarding").out == "1\n");
  require_ok(cli("down imported"));
  require_nothing_left();
}

TEST_CASE("a TAP is imported as a TAP, a port of its bridge, and a TUN as a TUN") {
  require_ok(sh(
      "ip netns add y && ip -n y link set lo up && ip -n y link add br0 type bridge && ip -n y tuntap add dev tp mode "
      "tap && ip -n y link set tp master br0 up && ip -n y link set br0 up && ip -n y tuntap add dev tn mode tun && "
      "ip -n y link set tn up"));
  const std::string text = imported("y");
  INFO(text);
  CHECK_THAT(text, ContainsSubstring("[device.tp]\ndriver = \"tap\""));
  CHECK_THAT(text, ContainsSubstring("[device.tn]\ndriver = \"tun\""));
  CHECK_THAT(text, !ContainsSubstring("txqlen") && !ContainsSubstring("arp ="));
  REQUIRE(sh("ip netns del y").exit == 0);
  require_ok(cli("up " + file("y.toml", text)));
  CHECK(ip("-n y -d link show tp")[0]["linkinfo"]["info_data"]["type"] == "tap");
  CHECK(ip("-n y link show tp")[0]["master"] == "br0");
  CHECK(ip("-n y -d link show tn")[0]["linkinfo"]["info_data"]["type"] == "tun");
  require_ok(cli("down imported"));
}

TEST_CASE("what interfaces do to packets is imported") {
  require_ok(sh(R"(
set -e
ip netns add a; ip netns add b; ip -n a link set lo up; ip -n b link set lo up
ip -n a link add e0 type veth peer name e0 netns b
ip -n a link set e0 up; ip -n b link set e0 up
tc -n a qdisc add dev e0 root tbf rate 10mbit burst 5000 latency 50ms
tc -n b qdisc add dev e0 root tbf rate 10mbit burst 9000 latency 50ms
)"));
  const std::string text = imported("a b");
  INFO(text);
  CHECK(text.find("{ end = \"a:e0\", impair = { rate = \"10Mbit\" } }") != std::string::npos);
  CHECK(text.find("{ end = \"b:e0\", impair = { rate = \"10Mbit\", burst = 9000 } }") != std::string::npos);
}

TEST_CASE("delays and losses are imported, and come up again") {
  if (!kernel_has_netem()) skip("this kernel has no netem (CONFIG_NET_SCH_NETEM)");
  require_ok(sh(R"(
set -e
ip netns add a; ip netns add b; ip -n a link set lo up; ip -n b link set lo up
ip -n a link add e0 type veth peer name e0 netns b
ip -n a link set e0 up; ip -n b link set e0 up
)"));
  require_ok(sh("tc -n a qdisc replace dev e0 root netem delay 50ms 5ms loss 0.1% limit 7"));
  const std::string text = imported("a b");
  CHECK_THAT(text, ContainsSubstring("delay = \"50ms\", jitter = \"5ms\", loss = 0.1, limit = 7"));
  CHECK_THAT(text, ContainsSubstring("# e0: whether its delays have a distribution the kernel does not tell"));
  for (const char* space : {"a", "b"}) require_ok(sh(std::string("ip netns delete ") + space));
  require_ok(cli("up " + file("again.toml", text)));
  CHECK(sh("tc -n a qdisc show dev e0").out.find("limit 7 delay 50ms  5ms loss 0.1%") != std::string::npos);
  require_ok(cli("down imported"));
}

TEST_CASE("what no lab file can say is a comment that says so") {
  require_ok(sh(R"(
set -e
ip netns add a; ip netns add out; ip -n a link set lo up
ip -n a link add e0 type veth peer name e1
ip -n a link set e0 up; ip -n a link set e1 up
ip -n a addr add 10.1.0.1/24 dev e0
ip -n a addr add 10.1.0.9/24 dev e0 valid_lft 3000 preferred_lft 3000
ip -n a link add away type veth peer name there netns out
ip -n a link set away up
ip -n a addr add 10.2.0.1/24 dev away
ip -n a route add 10.3.0.0/16 via 10.2.0.2
ip -n a route add 10.4.0.0/16 via 10.1.0.2 proto zebra
)"));
  require_ok(
      sh("tc -n a qdisc add dev e0 root handle 5: tbf rate 1mbit burst 10k latency 50ms peakrate 2mbit mtu 1600"));
  const bool has_dummy = sh("ip -n a link add d0 type dummy").exit == 0;
  const std::string text = imported("a");
  INFO(text);
  const auto says = [&](const std::string& words) {
    INFO(words);
    const std::size_t at = text.find(words);
    REQUIRE(at != std::string::npos);
    CHECK(text[text.rfind('\n', at) + 1] == '#');
  };
  says("away: its other end is in namespace out, which is not imported");
  says("e0: address 10.1.0.9/24 is dynamic");
  says("goes over away, which is not in the lab");
  says("route 10.4.0.0/16 via 10.1.0.2 dev e0 was made by protocol 11, a daemon");
  says("e0: qdisc tbf 5: is not in the lab's language");
  if (has_dummy) says("d0: it is a dummy, for which no driver is installed");
  CHECK(text.find("10.1.0.1/24") != std::string::npos);
  const Json answer = Json::parse(cli("--json import a").out);
  CHECK(answer["toml"] == text);
  CHECK(answer["unsaid"].size() == 5U + (has_dummy ? 1U : 0U));
  CHECK(answer["unsaid"][0]["namespace"] == "a");
  // With the other end's namespace there is no more to be said of it.
  CHECK(imported("a out").find("away:") == std::string::npos);
  CHECK(imported("a out").find("\"a:away 10.2.0.1/24\"") == std::string::npos);  // it has no broadcast address
}

TEST_CASE("the namespace of a process and the caller's own are imported, the latter without root") {
  require_ok(sh("ip netns add p; ip -n p link set lo up; ip -n p addr add 10.0.0.1/32 dev lo"));
  const Result result = sh("ip netns exec p sh -c 'sleep 60 & echo $!'");
  require_ok(result);
  const std::string process = result.out.substr(0, result.out.find('\n'));
  const std::string text = imported("--pid " + process + "=web --name shop");
  CHECK(text.find("name = \"shop\"") != std::string::npos);
  CHECK(text.find("[namespace.web]\nlo = [\"10.0.0.1/32\"]") != std::string::npos);
  // The same by two names is one.
  CHECK(imported("p --pid " + process).find("pid-") == std::string::npos);
  require_ok(sh("kill " + process));
  const std::string netrig = NETRIG_BINARY;
  const Result here = sh("ip netns exec p " + netrig + " import --here");
  require_ok(here);
  CHECK(here.out.find("[namespace.here]\nlo = [\"10.0.0.1/32\"]") != std::string::npos);
  if (sh("command -v setpriv").exit == 0) {
    const Result poor = sh("ip netns exec p setpriv --reuid 65534 --clear-groups --inh-caps=-all --bounding-set=-all " +
                           netrig + " import --here=mine");
    INFO(poor.out << poor.err);
    CHECK(poor.exit == 0);
    CHECK(poor.out.find("[namespace.mine]") != std::string::npos);
    CHECK(poor.out.find("lo = [\"10.0.0.1/32\"]") != std::string::npos);
    CHECK(poor.out.find("# which sysctls somebody has set only root can tell") != std::string::npos);
    const Result denied =
        sh("setpriv --reuid 65534 --clear-groups --inh-caps=-all --bounding-set=-all " + netrig + " import p");
    CHECK(denied.exit == 3);
    CHECK(denied.err.find("looking into namespaces needs CAP_SYS_ADMIN") != std::string::npos);
  }
}

TEST_CASE("namespaces without a name are imported with the link that joins them") {
  const Result result = sh(R"sh(
unshare -n sleep 60 >/dev/null 2>&1 & one=$!
unshare -n sleep 60 >/dev/null 2>&1 & two=$!
while [ "$(readlink /proc/$one/ns/net)" = "$(readlink /proc/self/ns/net)" ] || [ "$(readlink /proc/$two/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
ip link add left netns $one type veth peer name right netns $two
nsenter -n -t $one ip addr add 10.0.0.1/24 brd + dev left
echo $one $two
)sh");
  require_ok(result);
  std::istringstream words(result.out);
  std::string one;
  std::string two;
  words >> one >> two;
  const std::string text = imported("--pid " + one + "=one --pid " + two + "=two");
  CHECK(imported("--pid " + one).find("# left: its other end is in a namespace without a name") != std::string::npos);
  require_ok(sh("kill " + one + " " + two));
  CHECK(text.find("{ end = \"one:left 10.0.0.1/24\", state = \"down\" }") != std::string::npos);
  CHECK(text.find("{ end = \"two:right\", state = \"down\" }") != std::string::npos);
}

TEST_CASE("names that nobody would give are imported or told of") {
  require_ok(sh(R"(
set -e
ip netns add 'a+b@c-1.x'; ip netns add 1
ip -n 1 link set lo up; ip -n 'a+b@c-1.x' link set lo up
ip -n 1 link add e0 type veth peer name 'v.10'
ip -n 1 addr add 10.0.0.1/24 brd + dev 'v.10'
ip netns exec 1 sysctl -qw net/ipv4/conf/v.10/rp_filter=2
ip -n 1 link add 'xä' type bridge
)"));
  const std::string text = imported("1 'a+b*'");
  INFO(text);
  CHECK(text.find("# xä: its name") != std::string::npos);
  CHECK(text.find("\"ipv4.rp_filter\" = 2") != std::string::npos);
  for (const char* space : {"'a+b@c-1.x'", "1"}) require_ok(sh(std::string("ip netns delete ") + space));
  require_ok(cli("up " + file("odd.toml", text)));
  CHECK(links("1") == Texts{"e0", "v.10"});
  CHECK(namespaces() == Texts{"1", "a+b@c-1.x"});
  require_ok(cli("down imported"));
}

TEST_CASE("import replaces no file unless it is told to, and says what it cannot find") {
  require_ok(sh("ip netns add one"));
  const std::string path = directory() + "/site.toml";
  require_ok(cli("import one -o " + path));
  CHECK(read(path).find("name = \"site\"") != std::string::npos);
  const std::string before = read(path);
  const Result again = cli("import one --name other -o " + path);
  CHECK(again.exit == 4);
  CHECK(again.err.find("replace it with --force") != std::string::npos);
  CHECK(read(path) == before);
  require_ok(cli("import one --name other --force -o " + path));
  CHECK(read(path).find("name = \"other\"") != std::string::npos);
  CHECK(cli("import").exit == 2);
  const Result none = cli("import onne");
  CHECK(none.exit == 7);
  CHECK(none.err.find("did you mean \"one\"?") != std::string::npos);
  CHECK(cli("import --pid 4194399").exit == 7);
  CHECK(cli("import --pid x").exit == 2);
  CHECK(cli("import one --name 'a b'").exit == 2);
}
