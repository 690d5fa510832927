// SPDX-License-Identifier: Apache-2.0
// Interfaces that are there without the lab: taken for a while, and given back as they were, whatever happens.
#include <signal.h>

#include <cstdlib>
#include <filesystem>

#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;

namespace {

/// A namespace with a card, eno1, that somebody has set up with care, and what it is plugged into, in another.
class Machine {
 public:
  Machine() {
    must("ip netns add mine && ip netns add net");
    must("ip -n mine link add eno1 index 77 type veth peer name sw netns net");
    must("ip -n net addr add 192.0.2.1/24 dev sw && ip -n net addr add 10.1.0.1/24 dev sw && ip -n net link set sw up");
    in("link set eno1 address 02:00:00:00:00:77 mtu 1450 alias uplink txqueuelen 77 group 7 allmulticast on");
    in("link property add dev eno1 altname enp3s0");
    sysctl("ipv4/conf/eno1/rp_filter", "2");
    sysctl("ipv4/neigh/eno1/gc_stale_time", "77");
    sysctl("ipv6/conf/eno1/accept_ra", "0");
    in("link set eno1 up");
    in("addr add 192.0.2.77/24 dev eno1 && ip -n mine addr add 192.0.2.78/24 dev eno1");
    in("addr add 2001:db8::77/64 dev eno1 nodad");
    in("route add 198.51.100.0/24 via 192.0.2.1 src 192.0.2.77 metric 7 proto static");
    in("route add 203.0.113.0/24 dev eno1 table 77 proto dhcp && ip -n mine route add 2001:db8:7::/48 via 2001:db8::1");
    in("neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev eno1");
    await([&] { return ip("-n mine link show dev eno1")[0]["operstate"] == "UP"; });
    before_ = state();
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine() { sh("ip netns del mine; ip netns del net"); }

  void in(const std::string& arguments) { must("ip -n mine " + arguments); }
  [[nodiscard]] Json state() const {
    Json all = kernel_state("mine");
    all["sysctls"] = sh("ip netns exec mine sysctl -a --pattern '\\.eno1\\.' 2>/dev/null").out;
    return all;
  }
  /// And of the lab nothing is left.
  void require_alone() const {
    require_as_it_was();
    CHECK(namespaces() == std::vector<std::string>{"mine", "net"});
    CHECK(Json::parse(cli("--json list").out)["labs"].empty());
  }
  void require_as_it_was() const {
    const Json now = state();
    for (const auto& [what, value] : before_.items()) {
      INFO(what);
      CHECK(now[what] == value);
    }
  }
  /// Somebody has moved it by hand, which gives it another number.
  void renumbered() {
    const Json number = ip("-n mine link show dev eno1")[0]["ifindex"];
    for (const char* what : {"-d link", "addr"})
      for (Json& link : before_[what])
        if (link["ifname"] == "eno1") link["ifindex"] = number;
  }
  /// What is so now is as it is to be.
  void note() { before_ = state(); }

 private:
  void sysctl(const std::string& path, const std::string& value) {
    must("ip netns exec mine sh -c 'echo " + value + " > /proc/sys/net/" + path + "'");
  }
  Json before_;
};

const std::string kGrant = "[driver.physical]\ngrant = [\"BORROW\"]\n";

Result borrowing(const std::string& arguments, const std::string& rest = kGrant) {
  return cli("--host-config " + policy_with_test_drivers(rest) + " " + arguments);
}

const std::string kLab = R"([lab]
name = "loan"
[namespace.mine]
existing = true
[namespace.a]
[device.card]
driver = "physical"
params = { interface = "mine:eno1" }
interfaces = [{ namespace = "a", name = "eth0", mtu = 1400, addresses = ["10.1.0.2/24"] }]
)";

std::string lab_with(const std::string& parameters) {
  return file("lab.toml", replaced(kLab, "interface = \"mine:eno1\"", parameters));
}

void up(const std::string& path) {
  const Result result = borrowing("up " + path);
  INFO(result.err);
  REQUIRE(result.exit == 0);
}

void down(const std::string& rest = kGrant) {
  const Result result = borrowing("down loan", rest);
  INFO(result.err);
  REQUIRE(result.exit == 0);
}

}  // namespace

TEST_CASE("a namespace that has lent a card stays in the file as long") {
  Machine machine;
  up(lab_with("mac = \"02:00:00:00:00:77\""));
  const Result refused = borrowing("up " + file("lab.toml", replaced(read(lab_with("mac = \"02:00:00:00:00:77\"")),
                                                                     "[namespace.mine]", "[namespace.net]")));
  CHECK(refused.exit == 4);
  CHECK_THAT(refused.err,
             ContainsSubstring("device card has borrowed eno1 from namespace mine, which the file no longer "
                               "has; keep it, or take the device out, too"));
  CHECK(borrowing("verify loan").exit == 0);
  down();
  machine.require_as_it_was();
}

TEST_CASE("an interface is borrowed, works in the lab, and goes back as it was") {
  Machine machine;
  const std::string lab = file("lab.toml", kLab);
  up(lab);
  CHECK(links("mine").empty());
  const Json link = ip("-n a link show dev eth0")[0];
  CHECK(link["address"] == "02:00:00:00:00:77");
  CHECK(link["mtu"] == 1400);
  CHECK_FALSE(link.contains("ifalias"));
  CHECK(addresses("a", "eth0") == std::vector<std::string>{"10.1.0.2/24"});
  CHECK(answers("a", "10.1.0.1"));
  CHECK(borrowing("verify loan").exit == 0);
  CHECK_THAT(borrowing("up " + lab).out, ContainsSubstring("nothing to change"));
  CHECK_THAT(borrowing("status loan").out, ContainsSubstring("all there"));
  SECTION("when the lab goes") { down(); }
  SECTION("when its line goes") {
    up(file("lab.toml", kLab.substr(0, kLab.find("[device"))));
    machine.require_as_it_was();
    down();
  }
  SECTION("when something of the lab's sits on it") {
    up(file("lab.toml", kLab + "[device.mv]\ndriver = \"macvlan\"\nparams = { parent = \"a:eth0\" }\ninterfaces = [{ "
                               "namespace = \"a\", name = \"mv0\" }]\n"));
    down();
  }
  SECTION("when its driver is no longer there") {
    const Result gone = cli(
        "--host-config " +
        file("none.toml", "[plugins]\ndirectories = [\"" + directory() + "/none\"]\nmode = \"any\"\n") + " down loan");
    INFO(gone.err);
    CHECK(gone.exit == 0);
  }
  SECTION("when the driver may no longer") { down(""); }
  SECTION("when somebody has renamed it in the lab") {
    REQUIRE(sh("ip -n a link set eth0 down && ip -n a link set eth0 name other").exit == 0);
    down();
  }
  SECTION("when somebody has moved it back by hand") {
    REQUIRE(sh("ip -n a link set eth0 netns mine name eno1").exit == 0);
    machine.renumbered();
    CHECK(borrowing("verify loan").exit == 1);
    down();
  }
  SECTION("and is taken again when somebody has moved it back by hand") {
    REQUIRE(sh("ip -n a link set eth0 netns mine name eno1").exit == 0);
    machine.renumbered();
    up(lab);
    CHECK(links("a") == std::vector<std::string>{"eth0"});
    down();
  }
  machine.require_alone();
}

TEST_CASE("a borrowed interface passes from one device of the lab to another") {
  Machine machine;
  const std::string by_mac = read(lab_with("mac = \"02:00:00:00:00:77\""));
  up(file("lab.toml", by_mac));
  const std::string other = replaced(replaced(by_mac, "[device.card]", "[device.nic]"), "\"eth0\"", "\"eth1\"");
  up(file("lab.toml", other));
  CHECK(ip("-n a link show dev eth1")[0]["address"] == "02:00:00:00:00:77");
  CHECK(borrowing("verify loan").exit == 0);
  // And back to the first, where the edit fails.
  const std::string bad = replaced(replaced(other, "[device.nic]", "[device.third]"), "\"10.1.0.2/24\"",
                                   "\"fd00::1/64\"], sysctl = { \"ipv6.disable_ipv6\" = 1 }, altnames = [\"third\"");
  const Result refused = borrowing("up " + file("lab.toml", bad));
  INFO(refused.err);
  CHECK(refused.exit != 0);
  CHECK(refused.err.find("did not end well") == std::string::npos);
  CHECK(borrowing("verify loan").exit == 0);
  down();
  machine.require_alone();
}

TEST_CASE("an interface goes back when the lab that wants it fails") {
  Machine machine;
  const std::string wrong =
      "[device.no]\ndriver = \"vxlan\"\nparams = { id = 1, parent = \"mine:nowhere\" }\ninterfaces "
      "= [{ namespace = \"a\", name = \"v0\" }]\n";
  SECTION("a new lab") { CHECK(borrowing("up " + file("lab.toml", kLab + wrong)).exit != 0); }
  SECTION("an edit") {
    const std::string without = kLab.substr(0, kLab.find("[device"));
    up(file("lab.toml", without));
    CHECK(borrowing("up " + file("lab.toml", kLab + wrong)).exit != 0);
    machine.require_as_it_was();
    down();
  }
  SECTION("an edit of what is borrowed") {
    up(file("lab.toml", kLab));
    const Result edit =
        borrowing("up " + file("lab.toml",
                               replaced(kLab, "mine:eno1\" }", "mine:eno1\", mac = \"02:00:00:00:00:77\" }") + wrong));
    CHECK(edit.exit != 0);
    CHECK(links("a") == std::vector<std::string>{"eth0"});
    CHECK(borrowing("verify loan").exit == 0);
    down();
  }
  machine.require_alone();
}

TEST_CASE("what is to be borrowed is found by what the file says, and by one interface alone") {
  Machine machine;
  machine.in("link add spare type veth peer name spare1");
  machine.note();
  for (const auto& [parameters, words] :
       {std::pair{"mac = \"02:00:00:00:00:78\"", "no interface in mine has mac = \"02:00:00:00:00:78\""},
        std::pair{"interface = \"mine:eno2\"", "no interface in mine has interface = \"mine:eno2\""},
        std::pair{"driver_name = \"e1000e\"", "no interface in mine has driver_name = \"e1000e\""},
        std::pair{"driver_name = \"veth\"", "has driver_name = \"veth\", and so has mine:"},
        std::pair{"", "borrows an interface, and nothing says which one"},
        std::pair{"interface = \"a:eno1\"", "namespace a has no interface \"eno1\""}}) {
    const Result result = borrowing("up " + lab_with(parameters));
    INFO(parameters << ": " << result.err);
    CHECK(result.exit != 0);
    CHECK_THAT(result.err, ContainsSubstring("lab.toml:") && ContainsSubstring(words));
    machine.require_alone();
  }
  up(lab_with("mac = \"02:00:00:00:00:77\", driver_name = \"veth\""));
  CHECK(links("a") == std::vector<std::string>{"eth0"});
  down();
  machine.require_as_it_was();
}

TEST_CASE("an interface that is in use is borrowed by force alone") {
  Machine machine;
  std::string why;
  SECTION("a port") {
    machine.in("link add br0 type bridge && ip -n mine link set eno1 master br0");
    why = "it is a port of br0";
  }
  SECTION("one that another sits on") {
    machine.in("link add mv0 link eno1 type macvlan mode bridge");
    machine.in("link delete mv0");
    machine.in("link add mv0 link eno1 type macvlan mode bridge");
    why = "mv0 sits on it";
  }
  SECTION("one whose packets somebody shapes") {
    must("tc -n mine qdisc add dev eno1 root handle 1: tbf rate 1mbit burst 10k latency 50ms");
    why = "somebody has chosen what happens to its packets (qdisc tbf)";
  }
  SECTION("the way out") {
    machine.in("route add default via 192.0.2.1");
    why = "a default route goes over it";
  }
  machine.note();
  const Result refused = borrowing("up " + file("lab.toml", kLab));
  INFO(refused.err);
  CHECK(refused.exit == 4);
  CHECK_THAT(refused.err, ContainsSubstring("lab.toml:8:") && ContainsSubstring("mine:eno1 is in use: " + why));
  machine.require_alone();
  if (why.ends_with("sits on it")) return;  // that would go with it, and nobody could make it again
  up(lab_with("interface = \"mine:eno1\", force = true"));
  down();
  machine.require_as_it_was();
}

TEST_CASE("nobody borrows what the policy does not let him") {
  Machine machine;
  const Result result = borrowing("up " + file("lab.toml", kLab), "");
  INFO(result.err);
  CHECK(result.exit == 3);
  CHECK_THAT(result.err, ContainsSubstring("grant = [\"BORROW\"] below [driver.physical] in "));
  machine.require_alone();
}

TEST_CASE("a netrig that is killed leaves a record by which the interface goes back") {
  Machine machine;
  const std::string lab =
      file("lab.toml",
           replaced(kLab, "[namespace.a]", "[namespace.a]\ncommands = [\"touch " + directory() + "/on; sleep 1000\"]"));
  const int netrig = start_netrig({"--host-config", policy_with_test_drivers(kGrant), "up", lab});
  await([] { return std::filesystem::exists(directory() + "/on"); });
  REQUIRE(kill(netrig, SIGKILL) == 0);
  wait_for(netrig);
  CHECK(links("mine").empty());
  down();
  machine.require_alone();
}

TEST_CASE("a borrowed interface goes back whole though somebody has moved it, or has its name") {
  Machine machine;
  REQUIRE(borrowing("up " + file("lab.toml", replaced(kLab, "[namespace.a]", "[namespace.a]\n[namespace.b]"))).exit ==
          0);
  SECTION("its name is taken at first") {
    must("ip -n mine link add eno1 type bridge");
    const Result down = borrowing("down loan");
    CHECK(down.exit == 1);
    CHECK_THAT(down.err, ContainsSubstring("does not go back: File exists (EEXIST)"));
    must("ip -n mine link del eno1");
  }
  SECTION("it was moved on within the lab") { must("ip -n a link set eth0 netns b"); }
  SECTION("it was moved back under the lab's name") { must("ip -n a link set eth0 netns mine"); }
  const Result down = borrowing("down loan");
  INFO(down.err);
  CHECK(down.exit == 0);
  machine.renumbered();
  machine.require_alone();
}

TEST_CASE("a borrowed interface whose namespace is gone is left, and named") {
  REQUIRE(sh("ip netns add mine && ip -n mine link add eno1 type veth peer name sw").exit == 0);
  up(file("lab.toml", kLab));
  REQUIRE(sh("ip netns del mine").exit == 0);
  // The other end goes with its namespace, some time later, and it with that.
  await([] { return links("a").empty(); });
  const Result down = borrowing("down loan");
  INFO(down.err);
  CHECK(down.exit == 0);
  require_nothing_left();
  REQUIRE(
      sh("ip netns add mine && ip netns add net && ip -n mine link add eno1 type veth peer name sw netns net").exit ==
      0);
  up(file("lab.toml", kLab));
  REQUIRE(sh("ip netns del mine").exit == 0);
  const Result left = borrowing("down loan");
  INFO(left.err);
  CHECK(left.exit != 0);
  CHECK_THAT(left.err, ContainsSubstring("a:eth0 is mine:eno1") && ContainsSubstring("namespace mine is gone"));
  CHECK(links("a") == std::vector<std::string>{"eth0"});
  REQUIRE(sh("ip -n a link set eth0 netns net").exit == 0);
  CHECK(borrowing("down loan").exit == 0);
  REQUIRE(sh("ip netns del net").exit == 0);
  require_nothing_left();
}
TEST_CASE("a network card is borrowed by its kernel driver, and goes back") {
  // Only where the machine is one for tests, and says so, is its card taken.
  const char* driver = std::getenv("NETRIG_TEST_CARD");
  if (driver == nullptr) skip("no network card is there to be taken: tests/vm/run has one");
  REQUIRE(sh(std::string("modprobe ") + driver).exit == 0);
  const Result named =
      sh("for card in /sys/class/net/*; do [ \"$(basename \"$(readlink \"$card/device/driver\")\")\" != " +
         std::string(driver) + " ] || basename \"$card\"; done");
  std::string card = named.out;
  while (!card.empty() && card.back() == '\n') card.pop_back();
  INFO("card: " << card);
  const std::string there = "nsenter -t 1 -n ip ";  // the test has a network namespace of its own
  REQUIRE(sh(there + "addr add 192.0.2.7/24 dev " + card + " && " + there + "link set " + card + " up").exit == 0);
  // Whoever routes there offers a default route, which would be in the way.
  REQUIRE(sh("nsenter -t 1 -n sysctl -qw net.ipv6.conf." + card + ".accept_ra=0 && " + there +
             "-6 route flush proto ra dev " + card)
              .exit == 0);
  const auto state = [&] { return Json::parse(sh(there + "-j addr show dev " + card).out)[0]; };
  await([&] { return state()["operstate"] == "UP"; });
  Json before = state();
  const std::string lab = R"([lab]
name = "card"
[namespace.machine]
existing = true
path = "/proc/1/ns/net"
[namespace.a]
[device.card]
driver = "physical"
params = { driver_name = "DRIVER" }
interfaces = [{ namespace = "a", name = "eth0", addresses = ["192.0.2.8/24"] }]
)";
  const Result up = borrowing("up " + file("lab.toml", replaced(lab, "DRIVER", driver)));
  INFO(up.err);
  REQUIRE(up.exit == 0);
  CHECK(addresses("a", "eth0") == std::vector<std::string>{"192.0.2.8/24"});
  CHECK(sh(there + "link show dev " + card).exit != 0);
  CHECK(borrowing("verify card").exit == 0);
  CHECK(borrowing("down card").exit == 0);
  await([&] { return state()["operstate"] == "UP"; });
  CHECK(state()["ifindex"] == before["ifindex"]);
  CHECK(state()["addr_info"][0]["local"] == "192.0.2.7");
  CHECK(state()["address"] == before["address"]);
  require_nothing_left();
}
