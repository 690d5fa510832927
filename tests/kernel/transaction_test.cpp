// SPDX-License-Identifier: Apache-2.0
// All or nothing, again and again, and nothing foreign is touched.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>
#include <thread>

#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;
using Texts = std::vector<std::string>;

namespace {

const std::string kTwo = R"([lab]
name = "two"
[namespace.a]
routes = [{ to = "default", via = "10.0.0.2" }]
[namespace.b]
[device.wire]
driver = "veth"
interfaces = [{ namespace = "a", name = "eth0", addresses = ["10.0.0.1/24"] }, { namespace = "b", name = "eth0", addresses = ["10.0.0.2/24"] }]
)";

std::string pairs(int count) {
  return R"([lab]
name = "many"
[[repeat]]
for = { k = "0..)" +
         std::to_string(count / 2 - 1) + R"(" }
namespace."m{2*k}" = { routes = [{ to = "default", via = "10.0.0.2 + {4*k}" }] }
namespace."m{2*k+1}" = {}
device."wire{k}" = { driver = "veth", interfaces = [
  { namespace = "m{2*k}", name = "eth0", addresses = ["10.0.0.1/30 + {4*k}"] },
  { namespace = "m{2*k+1}", name = "eth0", addresses = ["10.0.0.2/30 + {4*k}"] } ] }
)";
}

Json state_of(const Texts& spaces) {
  Json state;
  for (const auto& space : spaces) state[space] = kernel_state(space);
  return state;
}

void goes_up(const std::string& text) {
  const Result result = cli("up " + file("lab.toml", text));
  INFO(result.err);
  REQUIRE(result.exit == 0);
}

}  // namespace

TEST_CASE("up on a running lab changes nothing") {
  goes_up(kTwo);
  const Json before = state_of({"a", "b"});
  const Result again = cli("up " + file("lab.toml", kTwo));
  CHECK(again.exit == 0);
  CHECK_THAT(again.out, ContainsSubstring("nothing to change"));
  CHECK(state_of({"a", "b"}) == before);
  CHECK_THAT(cli("plan " + file("lab.toml", kTwo)).out, ContainsSubstring("nothing to change"));
}

TEST_CASE("up after an edit applies the difference and leaves the rest alone") {
  goes_up(kTwo);
  const Json wire = ip("-n a link show dev eth0");
  std::string edited = replaced(kTwo, "\"10.0.0.1/24\"", "\"10.0.0.9/24\"");
  edited += R"([namespace.c]
[device.wire2]
driver = "veth"
interfaces = [{ namespace = "b", name = "eth1", mtu = 1300 }, { namespace = "c", name = "eth0", addresses = ["10.3.0.1/24"] }]
)";
  goes_up(edited);
  CHECK(namespaces() == Texts{"a", "b", "c"});
  CHECK(ip("-n a link show dev eth0")[0]["ifindex"] == wire[0]["ifindex"]);
  CHECK(ip("-n a link show dev eth0")[0]["address"] == wire[0]["address"]);
  CHECK(addresses("a", "eth0") == Texts{"10.0.0.9/24"});
  CHECK(addresses("c", "eth0") == Texts{"10.3.0.1/24"});
  CHECK(ip("-n b link show dev eth1")[0]["mtu"] == 1300);
  CHECK(ip("-n a route show default").size() == 1);
  SECTION("back to what it was") {
    goes_up(kTwo);
    CHECK(namespaces() == Texts{"a", "b"});
    CHECK(addresses("a", "eth0") == Texts{"10.0.0.1/24"});
    CHECK(links("b") == Texts{"eth0"});
    CHECK(ip("-n a link show dev eth0")[0]["ifindex"] == wire[0]["ifindex"]);
  }
  SECTION("a driver's parameter makes the device anew, with its addresses and routes") {
    goes_up(replaced(edited, "driver = \"veth\"\n", "driver = \"veth\"\nparams = { tx_queues = 3 }\n"));
    CHECK(ip("-n a -d link show dev eth0")[0]["num_tx_queues"] == 3);
    CHECK(addresses("a", "eth0") == Texts{"10.0.0.9/24"});
    CHECK(ip("-n a route show default").size() == 1);
  }
  REQUIRE(cli("down two").exit == 0);
  require_nothing_left();
}

TEST_CASE("an edit that the kernel refuses leaves the lab as it was") {
  goes_up(kTwo);
  const Json before = state_of({"a", "b"});
  // With IPv6 switched off on an interface the kernel takes no IPv6 address on it.
  std::string bad = replaced(kTwo, "[namespace.b]",
                             "[namespace.b]\nsysctl = { \"net.ipv6.conf.all.disable_ipv6\" = 1 }\n[namespace.c]");
  bad = replaced(bad, "\"10.0.0.2/24\"", "\"10.0.0.2/24\", \"fd00::1/64\"");
  const Result refused = cli("up " + file("lab.toml", bad));
  INFO(refused.err);
  CHECK(refused.exit == 1);
  CHECK_THAT(refused.err, ContainsSubstring("the kernel refuses address fd00::1/64 on b:eth0"));
  CHECK_THAT(refused.err, ContainsSubstring("lab.toml:10:"));
  CHECK(state_of({"a", "b"}) == before);
  CHECK(namespaces() == Texts{"a", "b"});
  CHECK(sh("ip netns exec b sysctl -n net.ipv6.conf.all.disable_ipv6").out == "0\n");
  CHECK(cli("status two").exit == 0);
  REQUIRE(cli("down two").exit == 0);
  require_nothing_left();
}

TEST_CASE("a lab that the kernel refuses half-way leaves nothing") {
  std::string bad =
      replaced(kTwo, "[namespace.b]", "[namespace.b]\nsysctl = { \"net.ipv6.conf.all.disable_ipv6\" = 1 }");
  bad = replaced(bad, "\"10.0.0.2/24\"", "\"10.0.0.2/24\", \"fd00::1/64\"");
  const Result refused = cli("--json up " + file("lab.toml", bad));
  CHECK(refused.exit == 1);
  CHECK(Json::parse(refused.out)["error"]["code"] == "failed");
  require_nothing_left();
}

TEST_CASE("what exists already is an error before anything is touched") {
  REQUIRE(sh("ip netns add b").exit == 0);
  const Result refused = cli("up " + file("lab.toml", kTwo));
  CHECK(refused.exit == 4);
  CHECK_THAT(refused.err, ContainsSubstring("lab.toml:5:12: namespace b exists already"));
  CHECK(namespaces() == Texts{"b"});
  CHECK(std::filesystem::is_empty("/run/netrig"));
}

TEST_CASE("an existing namespace is used, given back as it was, and never deleted") {
  REQUIRE(sh("ip netns add b && ip -n b link set lo up && ip -n b link add own type veth peer name own2 && ip -n b "
             "link set own up && "
             "ip -n b addr add 10.99.0.1/24 dev own && ip -n b route add 10.98.0.0/16 dev own && ip netns exec b "
             "sysctl -w net.ipv4.ip_forward=1")
              .exit == 0);
  const Json before = kernel_state("b");
  const std::string lab = replaced(kTwo, "[namespace.b]",
                                   "[namespace.b]\nexisting = true\nsysctl = { \"net.ipv4.ip_forward\" = 0 }\n"
                                   "routes = [{ to = \"10.97.0.0/16\", type = \"blackhole\" }]");
  SECTION("and the lab comes and goes") {
    goes_up(lab);
    CHECK(addresses("b", "eth0") == Texts{"10.0.0.2/24"});
    CHECK(sh("ip netns exec b sysctl -n net.ipv4.ip_forward").out == "0\n");
    CHECK(ip("-n b route show type blackhole").size() == 1);
    REQUIRE(cli("down two").exit == 0);
    CHECK(sh("ip netns exec b sysctl -n net.ipv4.ip_forward").out == "1\n");
  }
  SECTION("an interface of that name there is an error") {
    const Result refused = cli("up " + file("lab.toml", replaced(lab, "namespace = \"b\", name = \"eth0\"",
                                                                 "namespace = \"b\", name = \"own\"")));
    CHECK(refused.exit == 4);
    CHECK_THAT(refused.err, ContainsSubstring("interface own exists already in namespace b"));
  }
  SECTION("a route of others that is the same stays theirs") {
    const Result refused = cli("up " + file("lab.toml", replaced(lab, "to = \"10.97.0.0/16\", type = \"blackhole\"",
                                                                 "to = \"10.98.0.0/16\", dev = \"own\"")));
    INFO(refused.err);
    CHECK(refused.exit == 4);
    CHECK_THAT(refused.err, ContainsSubstring("exists already in namespace b and is not this lab's"));
  }
  CHECK(kernel_state("b") == before);
  CHECK(namespaces() == Texts{"b"});
  CHECK(std::filesystem::is_empty("/run/netrig"));
  sh("ip netns del b");  // each section begins anew
}

TEST_CASE("down leaves alone a namespace that took the place of the lab's") {
  goes_up(kTwo);
  REQUIRE(sh("ip netns del b && ip netns add b").exit == 0);
  CHECK(cli("status two").exit == 1);
  const Result down = cli("down two");
  CHECK(down.exit == 0);
  CHECK_THAT(down.err, ContainsSubstring("namespace b is not the one that this lab made"));
  CHECK(namespaces() == Texts{"b"});
  CHECK(std::filesystem::is_empty("/run/netrig"));
}

TEST_CASE("a running lab is found by its name, its file, and the path its file once had") {
  goes_up(kTwo);
  const std::string path = directory() + "/lab.toml";
  SECTION("by name, when the file is gone") {
    std::filesystem::remove(path);
    CHECK(cli("down two").exit == 0);
  }
  SECTION("by the path of a file that is gone") {
    std::filesystem::remove(path);
    CHECK(cli("down " + path).exit == 0);
  }
  SECTION("by a file that has become unreadable") {
    file("lab.toml", "[[[");
    CHECK(cli("down " + path).exit == 0);
  }
  SECTION("by a file whose lab has another name now") {
    file("lab.toml", replaced(kTwo, "\"two\"", "\"three\""));
    CHECK(cli("down " + path).exit == 0);
  }
  SECTION("all of them") { CHECK(cli("down --all").exit == 0); }
  require_nothing_left();
}

TEST_CASE("only a part of a lab comes up when asked for") {
  const Result result = cli("up --only 'm[0-3]' " + file("lab.toml", pairs(20)));
  INFO(result.err);
  REQUIRE(result.exit == 0);
  CHECK(namespaces() == Texts{"m0", "m1", "m2", "m3"});
  CHECK(answers("m0", "10.0.0.2"));
  REQUIRE(cli("up " + file("lab.toml", pairs(20))).exit == 0);
  CHECK(namespaces().size() == 20);
  REQUIRE(cli("down many").exit == 0);
  require_nothing_left();
  CHECK(cli("up --only nothing " + file("lab.toml", pairs(20))).exit == 2);
}

TEST_CASE("two netrigs on one lab: the second fails clearly or waits") {
  const std::string lab = file("lab.toml", pairs(600));
  const int first = start_netrig({"up", lab});
  while (!std::filesystem::exists("/run/netrig/many/journal"))
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  // However long the second takes to read its file, the first is still at it.
  ::kill(first, SIGSTOP);
  const Result second = cli("up " + lab);
  ::kill(first, SIGCONT);
  CHECK(second.exit == 4);
  CHECK_THAT(second.err, ContainsSubstring("is being brought up by netrig (process " + std::to_string(first) + ")"));
  CHECK(cli("down --wait many").exit == 0);
  CHECK(wait_for(first) == 0);
  require_nothing_left();
}

TEST_CASE("a signal rolls back") {
  const int signal = GENERATE(SIGINT, SIGTERM, SIGHUP);
  const int process = start_netrig({"up", file("lab.toml", pairs(600))});
  while (namespaces().size() < 40) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ::kill(process, signal);
  CHECK(wait_for(process) == 130);
  require_nothing_left();
}

TEST_CASE("after kill -9 at any moment the next down leaves nothing, and nothing foreign is touched") {
  REQUIRE(sh("ip netns add foreign && ip -n foreign link add keep type veth peer name keep2 && ip -n foreign addr add "
             "10.0.0.1/30 dev keep")
              .exit == 0);
  const Json foreign = kernel_state("foreign");
  const std::string lab = file("lab.toml", replaced(pairs(200), "[[repeat]]", R"([namespace.foreign]
existing = true
[device.link]
driver = "veth"
interfaces = [{ namespace = "foreign", name = "lab0" }, { namespace = "m0", name = "out" }]
[[repeat]])"));
  // How long a whole run takes here, so that the moments spread over all of it.
  const auto began = std::chrono::steady_clock::now();
  REQUIRE(cli("up " + lab).exit == 0);
  const auto up_took = std::chrono::steady_clock::now() - began;
  REQUIRE(cli("down many").exit == 0);
  const auto down_took = std::chrono::steady_clock::now() - began - up_took;
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  int cut_off = 0;
  // More rounds on a machine that has become quicker since, where most moments come too late.
  for (int round = 0; round < 50 || (cut_off <= 10 && round < 500); ++round) {
    const bool during_down = round % 2 == 1;
    if (during_down) REQUIRE(cli("up " + lab).exit == 0);
    const int process = during_down ? start_netrig({"down", "many"}) : start_netrig({"up", lab});
    const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(during_down ? down_took : up_took).count();
    std::this_thread::sleep_for(std::chrono::microseconds(std::uniform_int_distribution<long>(0, whole)(random)));
    ::kill(process, SIGKILL);
    if (wait_for(process) == 128 + SIGKILL) ++cut_off;
    if (round % 10 == 4) {
      // `up` finishes what was begun just as well.
      REQUIRE(cli("up " + lab).exit == 0);
      REQUIRE(cli("status many").exit == 0);
    }
    const Result down = cli("down --all");
    INFO("round " << round << ": " << down.err);
    REQUIRE(down.exit == 0);
    REQUIRE(namespaces() == Texts{"foreign"});
    REQUIRE(std::filesystem::is_empty("/run/netrig"));
    REQUIRE(kernel_state("foreign") == foreign);
  }
  CHECK(cut_off > 10);
}

TEST_CASE("an edit that kill -9 has cut off is gone on with or taken back, and what it did not touch stays") {
  const std::string first = pairs(60) + "[namespace.still]\n[namespace.less]\n";
  const std::string second =
      replaced(replaced(first, "\"10.0.0.1/30 + {4*k}\"", "\"10.0.0.1/30 + {4*k}\", \"172.16.0.1/32 + {k}\""),
               "[namespace.less]\n",
               "[namespace.more]\n[device.extra]\ndriver = \"veth\"\ninterfaces = [{ namespace = \"still\", name = "
               "\"extra\" }, { namespace = \"more\", name = \"eth0\" }]\n");
  const std::string lab = file("lab.toml", first);
  REQUIRE(cli("up " + lab).exit == 0);
  const std::string still = sh("stat -L -c %i /run/netns/still").out;
  file("lab.toml", second);
  const auto began = std::chrono::steady_clock::now();
  REQUIRE(cli("up " + lab).exit == 0);
  const auto whole =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began).count();
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  bool on_second = true;
  int halves = 0;
  for (int round = 0; round < 12 || (halves < 4 && round < 300); ++round) {
    INFO("round " << round);
    file("lab.toml", on_second ? first : second);
    const int process = start_netrig({"up", lab});
    std::this_thread::sleep_for(std::chrono::microseconds(std::uniform_int_distribution<long>(0, whole)(random)));
    ::kill(process, SIGKILL);
    wait_for(process);
    const bool half = cli("list").out.find("cut off while changing") != std::string::npos;
    if (half) {
      ++halves;
      const Result status = cli("status many");
      CHECK(status.exit != 0);
      CHECK_THAT(status.out, ContainsSubstring("BETWEEN TWO FILES: run \"netrig up\" with either"));
    }
    const bool on = round % 2 == 0;
    if (on) on_second = !on_second;
    file("lab.toml", on_second ? second : first);
    const Result next = cli("up " + lab);
    INFO(next.err);
    REQUIRE(next.exit == 0);
    if (half)
      CHECK_THAT(next.err, ContainsSubstring(on ? "cut off while changing; this one goes on with it"
                                                : "cut off while changing; what it had begun is taken back first"));
    const Result verified = cli("verify many --strict");
    INFO(verified.out);
    REQUIRE(verified.exit == 0);
    CHECK((sh("ip -n m0 -j address show eth0").out.find("172.16.0.1") != std::string::npos) == on_second);
    CHECK((sh("ip -n still -j link show extra").exit == 0) == on_second);
    Texts names = namespaces();
    CHECK(std::count(names.begin(), names.end(), "more") == (on_second ? 1 : 0));
    CHECK(std::count(names.begin(), names.end(), "less") == (on_second ? 0 : 1));
    CHECK(sh("stat -L -c %i /run/netns/still").out == still);
  }
  CHECK(halves >= 4);
  REQUIRE(cli("down many").exit == 0);
  CHECK(namespaces().empty());
  CHECK(std::filesystem::is_empty("/run/netrig"));
}

TEST_CASE("down says which processes keep a namespace alive") {
  goes_up(kTwo);
  REQUIRE(sh("ip netns exec a sleep 30 >/dev/null 2>&1 &").exit == 0);
  await([] { return sh("grep -qx sleep /proc/$(ip netns pids a | head -n 1)/comm").exit == 0; });
  const std::string process = sh("ip netns pids a").out;
  const Result down = cli("down two");
  CHECK(down.exit == 0);
  CHECK_THAT(down.err, ContainsSubstring("process " + process.substr(0, process.find('\n')) +
                                         " (sleep) is still in namespace a"));
  sh("kill " + process.substr(0, process.find('\n')));
  require_nothing_left();
}

TEST_CASE("a record of another boot takes nothing away but what proves to be the lab's") {
  goes_up(kTwo);
  const std::string journal = "/run/netrig/two/journal";
  std::string text = read(journal);
  const std::string boot = read("/proc/sys/kernel/random/boot_id").substr(0, 36);
  file("j", replaced(text, boot, "00000000-0000-0000-0000-000000000000"));
  REQUIRE(sh("cp " + directory() + "/j " + journal).exit == 0);
  SECTION("the namespaces are there, so it was the boot id that is wrong") {
    CHECK(cli("status two").exit == 0);
    CHECK(cli("down two").exit == 0);
    require_nothing_left();
  }
  SECTION("others have their names now") {
    REQUIRE(sh("ip netns del a && ip netns add a && ip netns del b && ip netns add b").exit == 0);
    CHECK_THAT(cli("list").out, ContainsSubstring("lost in a reboot"));
    CHECK(cli("down two").exit == 0);
    CHECK(namespaces() == Texts{"a", "b"});
    CHECK(std::filesystem::is_empty("/run/netrig"));
  }
}
