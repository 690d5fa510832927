// SPDX-License-Identifier: Apache-2.0
// Namespaces that exist without the lab: what an edit, a failure or another lab makes of them.
#include <filesystem>

#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;

namespace {

void must(const std::string& command) {
  const Result result = sh(command);
  INFO(command << ": " << result.err);
  REQUIRE(result.exit == 0);
}

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

TEST_CASE("an existing namespace that was put in the place of another is as the file says, and given back") {
  const Machine machine;
  ok("up " + lab(at("a") + kLink));
  CHECK(forwards("a") == "1\n");
  ok("up " + lab(at("b") + kLink));
  CHECK(forwards("a") == "0\n");
  CHECK(forwards("b") == "1\n");
  CHECK(routes_of_labs("a") == 0);
  CHECK(routes_of_labs("b") == 1);
  CHECK(ip("-n b addr show dev eth0")[0]["addr_info"][0]["local"] == "10.0.0.1");
  ok("verify guest");
  ok("down guest");
  machine.require_as_it_was();
}

TEST_CASE("an edit from one existing namespace to another that fails leaves the lab where it was") {
  const Machine machine;
  const std::string good = at("a") + kLink;
  ok("up " + lab(good));
  const Result failed = cli("up " + lab(at("b") + kLink + kRefused));
  CHECK(failed.exit != 0);
  CHECK_THAT(failed.err, !ContainsSubstring("rolling back did not end well"));
  CHECK(forwards("a") == "1\n");
  CHECK(forwards("b") == "0\n");
  CHECK(routes_of_labs("a") == 1);
  ok("verify guest");
  ok("up " + lab(good));
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
