// SPDX-License-Identifier: Apache-2.0
// Namespaces that exist without the lab: what an edit, a failure or another lab makes of them.
#include <filesystem>

#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;

namespace {

void ok(const std::string& arguments) {
  const Result result = cli(arguments);
  INFO(arguments << ": " << result.err);
  REQUIRE(result.exit == 0);
}

std::string lab(const std::string& text, const std::string& name = "guest") {
  return file(name + ".toml", "[lab]\nname = \"" + name + "\"\n" + text);
}

/// Two namespaces of the machine, a and b, that labs use, as they were.
class Machine {
 public:
  Machine() {
    must("ip netns add a && ip netns add b");
    a_ = state("a");
    b_ = state("b");
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine() { sh("ip netns del a; ip netns del b"); }

  void require_as_it_was() const {
    CHECK(state("a") == a_);
    CHECK(state("b") == b_);
    CHECK(namespaces() == std::vector<std::string>{"a", "b"});
    CHECK(std::filesystem::is_empty("/run/netrig"));
  }

 private:
  static Json state(const std::string& space) {
    Json all = kernel_state(space);
    all["forward"] = sh("ip netns exec " + space + " sysctl net.ipv4.ip_forward").out;
    return all;
  }
  Json a_;
  Json b_;
};

const std::string kRoute = "routes = [{ to = \"198.51.100.0/24\", type = \"blackhole\" }]\n";
const std::string kUsed = "sysctl = { \"net.ipv4.ip_forward\" = 1 }\n" + kRoute;
const std::string kLink = "[[link]]\nends = [\"h1:eth0 10.0.0.1/24\", \"h2:eth0 10.0.0.2/24\"]\n[namespace.h2]\n";
const std::string kRefused = "[namespace.bad]\nsysctl = { \"net.ipv4.ip_default_ttl\" = 100000 }\n";

std::string at(const std::string& path) {
  return "[namespace.h1]\nexisting = true\npath = \"/run/netns/" + path + "\"\n" + kUsed;
}

std::string forwards(const std::string& space) {
  return sh("ip netns exec " + space + " cat /proc/sys/net/ipv4/ip_forward").out;
}

std::size_t routes_of_labs(const std::string& space) { return ip("-n " + space + " route show proto 110").size(); }

}  // namespace

TEST_CASE("a namespace does not turn into one that exists without the lab, nor the other way round") {
  const Machine machine;
  ok("up " + lab("[namespace.h1]\n" + kLink));
  const Json before = kernel_state("h1");
  Result refused = cli("up " + lab("[namespace.h1]\nexisting = true\n" + kLink));
  CHECK(refused.exit == 4);
  CHECK_THAT(refused.err, ContainsSubstring("guest.toml:3:12: namespace h1 was made by this lab, and the file says now "
                                            "that it exists without it; take the lab down first"));
  CHECK(kernel_state("h1") == before);
  ok("verify guest");
  ok("down guest");
  ok("up " + lab("[namespace.a]\nexisting = true\n" + kUsed));
  refused = cli("up " + lab("[namespace.a]\n" + kUsed));
  CHECK(refused.exit == 4);
  CHECK_THAT(refused.err, ContainsSubstring("namespace a exists without this lab, and the file no longer says so"));
  ok("verify guest");
  ok("down guest");
  machine.require_as_it_was();
}

TEST_CASE("a name of a running lab stays with its namespace") {
  const Machine machine;
  ok("up " + lab(at("a") + kLink));
  const Json before = kernel_state("a");
  const auto refused = [&](const std::string& text, const std::string& why) {
    const std::string path = lab(text);
    for (const std::string command : {"plan ", "up "}) {
      const Result result = cli(command + path);
      INFO(command << result.err);
      CHECK(result.exit == 4);
      CHECK_THAT(result.err, ContainsSubstring(why) && ContainsSubstring("take the lab down first"));
    }
    CHECK(kernel_state("a") == before);
    ok("verify guest");
  };
  refused(at("b") + kLink,
          "namespace h1 is /run/netns/a in the lab that is up, and /run/netns/b in the file; take the lab down first");
  const std::string renamed = replaced(at("a"), "namespace.h1", "namespace.x");
  refused(renamed + replaced(kLink, "h1:", "x:"), "namespace x is the same as h1 of the lab that is up");
  refused(renamed + at("a") + kLink, "namespace x is the same as h1 of the lab that is up");
  refused("[namespace.x]\nexisting = true\npath = \"/run/netns/h2\"\n" + at("a") + kLink,
          "namespace x is the same as h2 of the lab that is up");
  ok("down guest");
  machine.require_as_it_was();
}

TEST_CASE("an existing namespace that an edit takes out is used again when that fails") {
  const Machine machine;
  const std::string good = at("a") + kLink + "[namespace.b]\nexisting = true\n" + kUsed;
  ok("up " + lab(good));
  const Result failed = cli("up " + lab(at("a") + kLink + kRefused));
  CHECK(failed.exit != 0);
  CHECK_THAT(failed.err, !ContainsSubstring("rolling back did not end well"));
  CHECK(forwards("b") == "1\n");
  CHECK(routes_of_labs("b") == 1);
  ok("verify guest");
  ok("down guest");
  machine.require_as_it_was();
}

TEST_CASE("a lab goes on in a namespace that others have made anew, and leaves nothing in it") {
  const std::string good = "[namespace.h1]\nexisting = true\n" + kUsed + kLink;
  must("ip netns add h1");
  ok("up " + lab(good));
  must("ip netns del h1 && ip netns add h1 && ip -n h1 link set lo up");
  const Json before = kernel_state("h1");
  CHECK(cli("up " + lab(good + kRefused)).exit != 0);
  ok("up " + lab(good));
  ok("verify guest");
  CHECK(forwards("h1") == "1\n");
  CHECK(routes_of_labs("h1") == 1);
  ok("down guest");
  CHECK(kernel_state("h1") == before);
  CHECK(forwards("h1") == "0\n");
  must("ip netns del h1");
  require_nothing_left();
}

TEST_CASE("a rule that got its priority from the kernel is forgotten when it goes") {
  const Machine machine;
  const std::string rule = "rules = [{ from = \"192.0.2.0/24\", table = 100 }]\n";
  const std::string head = "[namespace.a]\nexisting = true\n";
  ok("up " + lab(head + rule));
  ok("up " + lab(head));
  ok("up " + lab(head + rule, "other"));
  ok("down guest");
  CHECK(sh("ip -n a rule list from 192.0.2.0/24").out.find("lookup 100") != std::string::npos);
  ok("verify other");
  ok("down other");
  machine.require_as_it_was();
}

TEST_CASE("what other labs have in a namespace of this one is not removed as foreign") {
  const std::string owner = lab("[namespace.h1]\nforeign = \"remove\"\n");
  ok("up " + owner);
  ok("up " + lab("[namespace.h1]\nexisting = true\n" + kRoute + kLink, "other"));
  const Json before = kernel_state("h1");
  ok("up " + owner);
  ok("up --remove-foreign " + owner);
  CHECK(kernel_state("h1") == before);
  ok("verify other");
  ok("down other");
  must("ip -n h1 route add blackhole 203.0.113.0/24");
  ok("up " + owner);
  CHECK(ip("-n h1 route show 203.0.113.0/24").empty());
  ok("down guest");
  require_nothing_left();
}

TEST_CASE("a route without an interface follows its gateway to another one") {
  const auto text = [](const std::string& first, const std::string& second) {
    return lab("[namespace.h1]\ngateway = \"10.0.0.254\"\n[namespace.h2]\n[[link]]\nends = [\"h1:eth0 10.0." + first +
               ".1/24\", \"h2:eth0 10.0." + first + ".254/24\"]\n[[link]]\nends = [\"h1:eth1 10.0." + second +
               ".1/24\", \"h2:eth1 10.0." + second + ".254/24\"]\n");
  };
  ok("up " + text("0", "1"));
  CHECK(ip("-n h1 route show default")[0]["dev"] == "eth0");
  const std::string swapped = text("1", "0");
  ok("up " + swapped);
  CHECK(ip("-n h1 route show default")[0]["dev"] == "eth1");
  ok("verify guest");
  must("ip -n h1 route replace default via 10.0.0.254 dev eth0 onlink proto 110");
  const Result drifted = cli("verify guest");
  CHECK(drifted.exit == 1);
  ok("up " + swapped);
  CHECK(ip("-n h1 route show default")[0]["dev"] == "eth1");
  ok("down guest");
  require_nothing_left();
}

TEST_CASE("a route without an interface stays where the kernel finds its gateway") {
  const auto stays = [](const std::string& text, const std::string& route, const std::string& interface) {
    const std::string path = lab(text);
    ok("up " + path);
    for (int i = 0; i < 2; ++i) {
      CHECK(ip("-n h1 route show " + route)[0]["dev"] == interface);
      ok("verify guest");
      CHECK_THAT(cli("up " + path).out, ContainsSubstring("nothing to change"));
    }
    ok("down guest");
  };
  // By a link that is up, though one that is down has the longer prefix.
  stays(
      "[namespace.h1]\ngateway = \"10.0.0.254\"\n[namespace.h2]\n[[link]]\nends = [\"h1:eth0 10.0.0.1/16\", "
      "\"h2:eth0\"]\n[[link]]\nends = [{ end = \"h1:eth1 10.0.0.130/25\", state = \"down\" }, \"h2:eth1\"]\n",
      "default", "eth0");
  // By the other end of a point-to-point address.
  stays(
      "[namespace.h1]\ngateway = \"10.0.0.2\"\n[namespace.h2]\n[[link]]\nends = [{ end = \"h1:eth0\", addresses = "
      "[{ address = \"10.0.0.1/32\", peer = \"10.0.0.2\" }] }, \"h2:eth0\"]\n[[link]]\nends = [\"h1:eth1 "
      "10.0.0.9/24\", \"h2:eth1\"]\n",
      "default", "eth0");
  // By what is not the lab's.
  must("ip netns add h1 && ip -n h1 link add e0 type dummy || ip -n h1 link add e0 type veth peer name e1");
  must("ip -n h1 addr add 10.0.0.1/24 dev e0 && ip -n h1 link set e0 up; ip -n h1 link set e1 up; true");
  stays(
      "[namespace.h1]\nexisting = true\nroutes = [{ to = \"198.51.100.0/24\", via = \"10.0.0.254\" }]\n"
      "[namespace.h2]\n[[link]]\nends = [\"h1:v0 10.1.0.1/8\", \"h2:v0\"]\n",
      "198.51.100.0/24", "e0");
  must("ip netns del h1");
  require_nothing_left();
}

TEST_CASE("what an administrator has put in the place of the lab's in an existing namespace is his") {
  must("ip netns add h1 && ip -n h1 link set lo up");
  ok("up " + lab("[namespace.h1]\nexisting = true\n" + kRoute +
                 "[namespace.h2]\n[[link]]\nends = [{ end = \"h1:v0 "
                 "10.0.0.1/24\", sysctl = { \"ipv4.arp_ignore\" = 1 } }, \"h2:v0\"]\n"));
  must("ip -n h1 route del blackhole 198.51.100.0/24 && ip -n h1 route add unreachable 198.51.100.0/24");
  must("ip -n h1 link del v0 && ip -n h1 link add v0 type bridge");
  must("ip netns exec h1 sysctl -q -w net.ipv4.conf.v0.arp_ignore=2");
  ok("down guest");
  CHECK(ip("-n h1 route show 198.51.100.0/24")[0]["type"] == "unreachable");
  CHECK(sh("ip netns exec h1 sysctl -n net.ipv4.conf.v0.arp_ignore").out == "2\n");
  must("ip netns del h1");
  require_nothing_left();
}

TEST_CASE("an interface that was renamed and keeps its name as an alternative one gets it back") {
  ok("up " + lab("[namespace.h1]\n" + kLink));
  must("ip -n h1 link set eth0 down && ip -n h1 link set eth0 name z && ip -n h1 link set z up");
  must("ip -n h1 link property add dev z altname eth0");
  CHECK(cli("verify guest").exit == 1);
  ok("up " + lab("[namespace.h1]\n" + kLink));
  ok("verify guest");
  const Json link = ip("-n h1 link show dev eth0")[0];
  CHECK(link["ifname"] == "eth0");
  CHECK_FALSE(link.contains("altnames"));
  ok("down guest");
  require_nothing_left();
}

TEST_CASE("a failed edit leaves everybody's hand on a shared sysctl as it was") {
  must("ip netns add a");
  const std::string before = sh("ip netns exec a sysctl -n net.ipv4.ip_default_ttl").out;
  const auto with = [](const std::string& name, const std::string& value, const std::string& more = "") {
    return lab("[namespace.a]\nexisting = true\n" +
                   (value.empty() ? "" : "sysctl = { \"net.ipv4.ip_default_ttl\" = " + value + " }\n") + more,
               name);
  };
  const auto value = [] { return sh("ip netns exec a sysctl -n net.ipv4.ip_default_ttl").out; };
  for (const std::string first : {"111", ""}) {
    INFO(first);
    ok("up " + with("one", first));
    ok("up " + with("two", "222"));
    for (const std::string wrong : {"112", "222"}) CHECK(cli("up " + with("one", wrong, kRefused)).exit != 0);
    CHECK(value() == "222\n");
    ok("down two");
    CHECK(value() == (first.empty() ? before : first + "\n"));
    ok("down one");
    CHECK(value() == before);
  }
  must("ip netns del a");
  require_nothing_left();
}

TEST_CASE("a daemon's route that has taken the place of the lab's stays when the lab no longer wants one") {
  const std::string head = "[namespace.h1]\n" + kLink;
  const std::string route = "[[link]]\nends = [\"h1:eth1 10.1.0.1/24\", \"h2:eth1 10.1.0.2/24\"]\n";
  ok("up " + lab("[namespace.h1]\nroutes = [{ to = \"198.51.100.0/24\", via = \"10.0.0.2\" }]\n" + kLink + route));
  must("ip -n h1 route replace 198.51.100.0/24 via 10.1.0.2 proto zebra");
  ok("up " + lab(head + route));
  CHECK(ip("-n h1 route show 198.51.100.0/24")[0]["protocol"] == "zebra");
  ok("down guest");
  require_nothing_left();
}

TEST_CASE("a link-local address that the kernel has made becomes the lab's") {
  const auto text = [](const std::string& more) {
    return lab("[namespace.h1]\n[namespace.h2]\n[[link]]\nends = [{ end = \"h1:eth0\", mac = \"02:00:00:00:00:01\"" +
               more + " }, \"h2:eth0\"]\n");
  };
  ok("up " + text(""));
  ok("up " + text(", addresses = [\"fe80::ff:fe00:1/64\"]"));
  ok("verify guest");
  const Json addresses = ip("-n h1 addr show dev eth0")[0]["addr_info"];
  CHECK(addresses.size() == 1);
  ok("down guest");
  require_nothing_left();
}
