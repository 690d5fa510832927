// SPDX-License-Identifier: Apache-2.0
// What interfaces do to what they send, as tc(8) shows it.
#include <algorithm>

#include "catch.hpp"
#include "running.hpp"

using namespace scratch;

namespace {

std::string two_hosts(const std::string& impair_a, const std::string& more = "") {
  return "[lab]\nname = \"two\"\nnamespaces = [\"a\", \"b\"]\n[[link]]\nends = [{ end = \"a:eth0 192.0.2.1/24\"" +
         (impair_a.empty() ? "" : ", impair = " + impair_a) + " }, \"b:eth0 192.0.2.2/24\"]\n" + more;
}

/// What is at the root, without its number.
Json root_qdisc(const std::string& space, const std::string& interface = "eth0") {
  const Result shown = sh("tc -n " + space + " -j -d qdisc show dev " + interface);
  REQUIRE(shown.exit == 0);
  for (Json& one : Json::parse(shown.out))
    if (one.value("root", false)) {
      one.erase("handle");
      return one;
    }
  return {};
}
std::string root_kind(const std::string& space, const std::string& interface = "eth0") {
  return root_qdisc(space, interface)["kind"];
}

void by_hand(const std::string& command) {
  const Result done = sh(command);
  INFO(command << ": " << done.err);
  REQUIRE(done.exit == 0);
}

int ifindex_in(const std::string& space) { return ip("-n " + space + " link show dev eth0")[0]["ifindex"]; }

}  // namespace

TEST_CASE("a rate comes with its interface, is mended and edited at the same link, and goes with its line") {
  running::up(two_hosts("{ rate = \"1Mbit\" }"));
  const Json made = root_qdisc("a");
  CHECK(made["options"]["rate"] == 125'000);
  CHECK(made["options"]["burst"] == "3000b/1");
  CHECK(made["options"]["lat"] == 50'000);
  CHECK(root_kind("b") == "noqueue");
  const int link = ifindex_in("a");
  running::require_clean("two");
  for (const char* change :
       {"tc -n a qdisc del dev eth0 root", "tc -n a qdisc replace dev eth0 root tbf rate 1mbit burst 9000 latency 50ms",
        "tc -n a qdisc replace dev eth0 root pfifo", "ip -n a link set eth0 down"}) {
    INFO(change);
    by_hand(change);
    CHECK(running::verify("two")["drift"] == true);
    CHECK(running::up(two_hosts("{ rate = \"1Mbit\" }"))["steps"] == 1);
    CHECK(root_qdisc("a") == made);
    running::require_clean("two");
  }
  running::up(two_hosts("{ rate = \"20Gbit\", burst = \"1MiB\" }"));
  CHECK(root_qdisc("a")["options"]["rate"] == 2'500'000'000);
  running::require_clean("two");
  running::up(two_hosts(""));
  CHECK(root_kind("a") == "noqueue");
  CHECK(ifindex_in("a") == link);
  running::require_clean("two");
  REQUIRE(cli("down two").exit == 0);
  require_nothing_left();
}

TEST_CASE("a qdisc that nobody accounts for is foreign, and those that links have by themselves are not") {
  running::up(two_hosts(""));
  running::require_clean("two");
  by_hand("tc -n a qdisc add dev eth0 root pfifo limit 7");
  const Json found = running::verify("two");
  CHECK(found["drift"] == false);
  REQUIRE(found["foreign"].size() == 1);
  CHECK(found["foreign"][0]["object"] == "qdisc");
  CHECK(running::verify("two", "--strict")["drift"] == true);
  running::up(two_hosts(""));
  CHECK(root_kind("a") == "pfifo");
  running::up(two_hosts(""), "--remove-foreign");
  CHECK(root_kind("a") == "noqueue");
  running::require_clean("two");
  by_hand("tc -n a qdisc add dev eth0 root pfifo limit 7");
  // In the way of what is wanted, it goes.
  running::up(two_hosts("{ rate = \"1Mbit\" }"));
  CHECK(root_kind("a") == "tbf");
  running::require_clean("two");
  REQUIRE(cli("down two").exit == 0);
}

TEST_CASE("an edit that fails leaves impairments as they were") {
  running::up(two_hosts("{ rate = \"1Mbit\" }"));
  const Json before = root_qdisc("a");
  // After all else is done in a.
  const Result refused =
      cli("up " + file("lab.toml", two_hosts("{ rate = \"2Mbit\" }",
                                             "[group.x]\nmembers = \"a\"\nroutes = [{ to = \"198.51.100.0/24\", via = "
                                             "\"192.0.2.2\", congestion = \"nosuch\" }]\n")));
  CHECK(refused.exit != 0);
  CHECK(root_qdisc("a") == before);
  REQUIRE(cli("down two").exit == 0);
}

TEST_CASE("in an existing namespace a lab impairs its own interfaces alone") {
  by_hand(
      "ip netns add ex && ip -n ex link add theirs type veth peer name other && "
      "tc -n ex qdisc add dev theirs root pfifo limit 7");
  const auto lab = [](const std::string& impair) {
    return "[lab]\nname = \"guest\"\n[namespace.ex]\nexisting = true\n[namespace.own]\n[[link]]\nends = [{ end = "
           "\"ex:mine\"" +
           impair + " }, \"own:eth0\"]\n";
  };
  running::up(lab(", impair = { rate = \"1Mbit\" }"));
  CHECK(root_kind("ex", "mine") == "tbf");
  running::require_clean("guest");
  by_hand("tc -n ex qdisc del dev mine root");
  CHECK(running::verify("guest")["differences"].size() == 1);
  running::up(lab(", impair = { rate = \"1Mbit\" }"));
  CHECK(root_kind("ex", "mine") == "tbf");
  running::up(lab(""));
  CHECK(root_kind("ex", "mine") == "noqueue");
  running::up(lab(", impair = { rate = \"1Mbit\" }"));
  const Result theirs = cli("impair guest ex:theirs --rate 1Mbit");
  CHECK(theirs.exit == 7);
  CHECK_THAT(theirs.err, ContainsSubstring("of what \"ex:theirs\" matches nothing is lab guest's own"));
  REQUIRE(cli("down guest").exit == 0);
  CHECK(sh("ip -n ex link show dev mine").exit != 0);
  CHECK(root_qdisc("ex", "theirs")["options"]["limit"] == 7);
  by_hand("ip netns del ex");
}

TEST_CASE("watch tells of an impairment that somebody changes, and that it is back") {
  running::up(two_hosts("{ rate = \"1Mbit\" }"));
  const std::string out = directory() + "/watch.out";
  by_hand(std::string(NETRIG_BINARY) + " watch two >" + out + " 2>&1 & echo $! >" + directory() + "/watch.pid");
  const auto says = [&](const std::string& words) {
    INFO(words);
    await([&] { return read(out).find(words) != std::string::npos; });
  };
  says("watching it");
  by_hand("tc -n a qdisc change dev eth0 root tbf rate 2mbit burst 3000 latency 50ms");
  says("a qdisc eth0 tbf rate: expected 1Mbit, found 2Mbit");
  by_hand("tc -n a qdisc change dev eth0 root tbf rate 1mbit burst 3000 latency 50ms");
  says("as in the file again");
  REQUIRE(cli("down two").exit == 0);
  says("was taken down");
}

TEST_CASE("plan tells what would happen to what is sent, and expand where a link has it from") {
  const std::string lab = file("lab.toml",
                               "[lab]\nname = \"two\"\nnamespaces = [\"a\", \"b\"]\n[[link]]\nimpair = { rate = "
                               "\"10Mbit\" }\nends = [\"a:eth0\", \"b:eth0\"]\n");
  const Result plan = cli("plan --all " + lab);
  CHECK_THAT(plan.out, ContainsSubstring("qdisc eth0 tbf") && ContainsSubstring("rate 10Mbit burst 5000"));
  const Result expanded = cli("plan --expand " + lab);
  const std::string impair = "impair = { rate = \"10Mbit\" }";
  const std::size_t first = expanded.out.find(impair);
  INFO(expanded.out);
  REQUIRE(first != std::string::npos);
  CHECK(expanded.out.find(impair, first + 1) != std::string::npos);
}

TEST_CASE("impair puts something else in place of what the file says, and gives that back") {
  running::up(two_hosts("{ rate = \"1Mbit\" }"));
  const Json before = root_qdisc("a");
  const auto impair = [](const std::string& options) {
    const Result done = cli("--json impair two " + options);
    INFO(options << ": " << done.out << done.err);
    REQUIRE(done.exit == 0);
    return Json::parse(done.out)["interfaces"];
  };
  CHECK(impair("a:eth0")[0] == Json({{"interface", "a:eth0"}, {"qdisc", "tbf"}, {"rate", "1Mbit"}, {"burst", "3000"}}));
  CHECK(impair("'*:eth0' --rate 2Mbit").size() == 2);
  CHECK(root_qdisc("a")["options"]["rate"] == 250'000);
  CHECK(root_qdisc("b")["options"]["rate"] == 250'000);
  const Json drift = running::verify("two");
  CHECK(drift["differences"].size() == 1);
  CHECK(drift["foreign"].size() == 1);
  impair("'*:eth0' --clear");
  CHECK(root_qdisc("a") == before);
  CHECK(root_kind("b") == "noqueue");
  running::require_clean("two");
  impair("a:eth0 --loss 0%");
  CHECK(root_kind("a") == "noqueue");
  running::up(two_hosts("{ rate = \"1Mbit\" }"));
  CHECK(root_qdisc("a") == before);
  const auto refused = [](const std::string& options, int code, const std::string& words) {
    const Result result = cli("impair two " + options);
    INFO(options << ": " << result.err);
    CHECK(result.exit == code);
    CHECK_THAT(result.err, ContainsSubstring(words));
  };
  refused("a:eth0 --jitter 5ms", 2, "netrig impair: jitter has nothing to go by without a delay");
  refused("a:eth0 --loss 101", 2, "netrig impair: loss is a percentage");
  refused("a:eth0 --clear --loss 1", 2, "--clear gives back what the lab's file says, and --loss says something else");
  refused("a --loss 1", 2, "\"a\" names no interface");
  refused("a:eth9 --rate 1Mbit", 7, "there is no interface a:eth9");
  if (kernel_has_netem())
    CHECK(impair("a:eth0 --delay 10ms --loss 0.5%")[0]["loss"] == "0.5%");
  else
    refused("a:eth0 --delay 10ms", 6, "cannot impair a:eth0: this kernel has no netem");
  REQUIRE(cli("down two").exit == 0);
  CHECK(cli("impair two a:eth0").exit == 7);
}

TEST_CASE("netem that the kernel does not have is named where the file asks for it, and nothing stays") {
  if (kernel_has_netem()) skip("this kernel has netem");
  const std::string path = file("lab.toml", two_hosts("{ delay = \"50ms\" }"));
  const Result refused = cli("up " + path);
  INFO(refused.err);
  CHECK(refused.exit == 6);
  CHECK_THAT(refused.err, ContainsSubstring(path + ":5:49: a:eth0 cannot be impaired so: this kernel has no netem "
                                                   "(sch_netem, CONFIG_NET_SCH_NETEM)"));
  require_nothing_left();
}

TEST_CASE("delays, losses and distributions come with their interface and are edited where they are") {
  if (!kernel_has_netem()) skip("this kernel has no netem (CONFIG_NET_SCH_NETEM)");
  running::up(two_hosts("{ delay = \"20ms\" }"));
  const Result slow = sh("ip netns exec a ping -q -c 2 -i 0.2 192.0.2.2 | sed -n 's|^rtt.* = \\([0-9]*\\).*|\\1|p'");
  INFO(slow.out);
  CHECK(std::stoi("0" + slow.out) >= 20);
  running::require_clean("two");
  running::up(two_hosts("{ delay = \"20ms\", jitter = \"3ms\", distribution = \"normal\", loss = 0.1 }"));
  running::require_clean("two");
  // The kernel does not tell distributions: that another one is wanted only the file says.
  const Json plan = Json::parse(
      cli("plan --json " +
          file("lab.toml", two_hosts("{ delay = \"20ms\", jitter = \"3ms\", distribution = \"pareto\", loss = 0.1 }")))
          .out);
  CHECK(plan["steps"].size() == 1);
  running::up(two_hosts("{ delay = \"20ms\", jitter = \"3ms\", loss = 0.1 }"));
  running::require_clean("two");
  running::up(two_hosts("{ loss = 100 }"));
  CHECK(sh("ip netns exec a ping -c 1 -W 1 192.0.2.2").exit != 0);
  running::up(two_hosts("{ rate = \"1Mbit\" }"));
  CHECK(root_kind("a") == "tbf");
  CHECK(sh("ip netns exec a ping -c 1 192.0.2.2").exit == 0);
  running::require_clean("two");
  REQUIRE(cli("down two").exit == 0);
}
