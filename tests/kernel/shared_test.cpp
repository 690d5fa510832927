// SPDX-License-Identifier: Apache-2.0
// Labs that use one namespace, and what of a lab cannot be taken away.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;
using Texts = std::vector<std::string>;

namespace {

const std::string kKey = "net.ipv4.ip_default_ttl";

std::string lab_with(const std::string& name, int value) {
  return file(name + ".toml", "[lab]\nname = \"" + name + "\"\n[namespace.shared]\nexisting = true\nsysctl = { \"" +
                                  kKey + "\" = " + std::to_string(value) + " }\n");
}

int value_of(const std::string& space = "shared", const std::string& key = kKey) {
  return std::stoi(sh("ip netns exec " + space + " sysctl -n " + key).out);
}

void ok(const std::string& arguments) {
  const Result result = cli(arguments);
  INFO("netrig " << arguments << ": " << result.err);
  REQUIRE(result.exit == 0);
}

const std::string kBase = R"([lab]
name = "base"
[namespace.core]
[namespace.edge]
[device.wire]
driver = "veth"
interfaces = [{ namespace = "core", name = "eth0" }, { namespace = "edge", name = "eth0" }]
)";

const std::string kLeaf = R"([lab]
name = "a-leaf"
[namespace.core]
existing = true
[namespace.host]
[device.uplink]
driver = "veth"
interfaces = [{ namespace = "core", name = "leaf0" }, { namespace = "host", name = "eth0" }]
)";

const std::string kTested = R"([lab]
name = "tested"
[namespace.a]
[namespace.b]
[[test]]
name = "waits"
from = "a"
exec = { command = "until [ -e GO ]; do sleep 0.05; done" }
timeout = "100s"
)";

std::string tested() {
  std::string text = kTested;
  text.replace(text.find("GO"), 2, directory() + "/go");
  return file("tested.toml", text);
}

/// Waits until the lab "tested" has come so far.
void await_state(const std::string& state) {
  for (int i = 0; i < 1500; ++i) {
    const Json labs = Json::parse(cli("--json list").out)["labs"];
    if (!labs.empty() && labs[0]["state"] == state) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  FAIL("never came to be " << state);
}

}  // namespace

TEST_CASE("a sysctl that several labs set is what it was once the last of them is gone") {
  REQUIRE(sh("ip netns add shared").exit == 0);
  const int before = value_of();
  Texts order = {"one", "three", "two"};
  do {
    ok("up " + lab_with("one", 111));
    ok("up " + lab_with("two", 222));
    ok("up " + lab_with("three", 233));
    CHECK(value_of() == 233);
    Texts left = {"one", "two", "three"};
    for (const std::string& lab : order) {
      CAPTURE(order);
      CAPTURE(lab);
      ok("down " + lab);
      std::erase(left, lab);
      // The newest that is left has its way.
      const int wanted = left.empty() ? before : left.back() == "three" ? 233 : left.back() == "two" ? 222 : 111;
      CHECK(value_of() == wanted);
    }
    CHECK(std::filesystem::is_empty("/run/netrig"));
  } while (std::next_permutation(order.begin(), order.end()));
  CHECK(namespaces() == Texts{"shared"});
}

TEST_CASE("a lab that sets a shared sysctl anew comes after the others, and one that lets go gives it back") {
  REQUIRE(sh("ip netns add shared").exit == 0);
  const int before = value_of();
  ok("up " + lab_with("one", 111));
  ok("up " + lab_with("two", 222));
  ok("up " + lab_with("one", 112));
  CHECK(value_of() == 112);
  SECTION("which leaves the other's") {
    ok("down one");
    CHECK(value_of() == 222);
    ok("down two");
  }
  SECTION("which leaves its own") {
    ok("down two");
    CHECK(value_of() == 112);
    ok("down one");
  }
  SECTION("an edit takes it out of the file") {
    ok("up " + file("one.toml", "[lab]\nname = \"one\"\n[namespace.shared]\nexisting = true\n"));
    CHECK(value_of() == 222);
    ok("down two");
    CHECK(value_of() == before);
    ok("down one");
  }
  SECTION("an edit takes the namespace out of the file") {
    ok("up " + file("one.toml", "[lab]\nname = \"one\"\n[namespace.other]\n"));
    CHECK(value_of() == 222);
    ok("down --all");
  }
  CHECK(value_of() == before);
  CHECK(std::filesystem::is_empty("/run/netrig"));
  sh("ip netns del shared");  // each section begins anew
}

TEST_CASE("a lab whose record is lost keeps nothing of a shared namespace") {
  REQUIRE(sh("ip netns add shared").exit == 0);
  const int before = value_of();
  ok("up " + lab_with("one", 111));
  ok("up " + lab_with("two", 222));
  const auto lose = [](const std::string& lab) {
    REQUIRE(sh("truncate -s 20 /run/netrig/" + lab + "/journal").exit == 0);
    const Result forced = cli("down --force " + lab);
    INFO(forced.err);
    return forced;
  };
  SECTION("the older") {
    CHECK(lose("one").exit == 0);
    CHECK(value_of() == 222);
    ok("down two");
    CHECK(value_of() == before);
  }
  SECTION("the newer") {
    const Result forced = lose("two");
    CHECK(forced.exit == 1);
    CHECK_THAT(forced.err, ContainsSubstring("look at sysctl " + kKey + " in shared (it was 111)"));
    ok("down one");
  }
  CHECK(std::filesystem::is_empty("/run/netrig"));
  sh("ip netns del shared");  // each section begins anew
}

TEST_CASE("what a lab that another uses takes back in its own namespace does not come back with the other's end") {
  std::string base = kBase;
  base.replace(base.find("[namespace.edge]"), 0, "sysctl = { \"" + kKey + "\" = 111 }\n");
  ok("up " + file("base.toml", base));
  std::string leaf = kLeaf;
  leaf.replace(leaf.find("[namespace.host]"), 0, "sysctl = { \"" + kKey + "\" = 222 }\n");
  ok("up " + file("leaf.toml", leaf));
  CHECK(value_of("core") == 222);
  ok("up " + file("base.toml", kBase));
  CHECK(value_of("core") == 222);
  ok("down a-leaf");
  CHECK(value_of("core") == value_of("edge"));
  ok("down base");
  require_nothing_left();
}

TEST_CASE("a lab whose namespace another lab uses stays until that one is gone") {
  ok("up " + file("base.toml", kBase));
  ok("up " + file("leaf.toml", kLeaf));
  const std::string message = "namespace core of lab \"base\" is used by lab \"a-leaf\" (from " + directory() +
                              "/leaf.toml), whose devices in it would go; take that one down first";
  SECTION("down") {
    const Result refused = cli("down base");
    CHECK(refused.exit == 4);
    CHECK_THAT(refused.err, ContainsSubstring(message + ", or say \"netrig down --force\""));
    CHECK(ip("-n core link show dev leaf0").size() == 1);
    CHECK(cli("status base").exit == 0);
    ok("down a-leaf");
    ok("down base");
  }
  SECTION("down of both begins with the one that uses") { ok("down base a-leaf"); }
  SECTION("down of all") { ok("down --all"); }
  SECTION("an edit that takes the namespace away") {
    const Result refused = cli("up " + file("base.toml", "[lab]\nname = \"base\"\n[namespace.edge]\n"));
    CHECK(refused.exit == 4);
    CHECK_THAT(refused.err, ContainsSubstring(message));
    CHECK(ip("-n core link show dev leaf0").size() == 1);
    CHECK(cli("status base").exit == 0);
    ok("down --all");
  }
  SECTION("an edit of anything else") {
    ok("up " + file("base.toml", kBase + "[namespace.third]\n"));
    ok("down --all");
  }
  SECTION("by force") {
    const Result forced = cli("down --force --json base");
    CHECK(forced.exit == 0);
    const std::string warning = "namespace core of lab \"base\" is used by lab \"a-leaf\" (from " + directory() +
                                "/leaf.toml), whose devices in it go, too";
    CHECK_THAT(forced.err, ContainsSubstring(warning));
    CHECK_THAT(Json::parse(forced.out)["labs"][0]["warnings"][0].get<std::string>(), ContainsSubstring(warning));
    CHECK(namespaces() == Texts{"host"});
    CHECK(cli("status a-leaf").exit == 1);
    // Somebody makes another of that name.
    sh("ip netns add core");
    const Result down = cli("down a-leaf");
    CHECK(down.exit == 0);
    CHECK_THAT(down.err, ContainsSubstring("namespace core is another than the one that this lab used, which is gone"));
    CHECK(namespaces() == Texts{"core"});
    sh("ip netns del core");
  }
  SECTION("one whose record was removed by hand uses nothing") {
    std::filesystem::remove_all("/run/netrig/a-leaf");
    ok("down base");
    sh("ip netns del host; rm -r /run/netrig/existing:*");
  }
  require_nothing_left();
}

TEST_CASE("nobody joins a namespace that is being taken away") {
  ok("up " + file("base.toml", kBase));
  // As after a down that was killed at once.
  REQUIRE(sh("echo '{\"e\":\"phase\",\"p\":3}' >> /run/netrig/base/journal").exit == 0);
  const Result refused = cli("up " + file("leaf.toml", kLeaf));
  CHECK(refused.exit == 4);
  CHECK_THAT(refused.err, ContainsSubstring("namespace core is being taken away, with lab \"base\" that made it"));
  CHECK(namespaces() == Texts{"core", "edge"});
  ok("down base");
  require_nothing_left();
}

TEST_CASE("a namespace that cannot be removed keeps no other, and is named") {
  std::string text = "[lab]\nname = \"five\"\n";
  for (const char* name : {"n1", "n2", "n3", "n4", "n5"}) text += "[namespace." + std::string(name) + "]\n";
  ok("up " + file("five.toml", text));
  // What is mounted there once more is still there when the lab's own is not.
  for (const char* name : {"n2", "n4"})
    REQUIRE(sh("mount --bind /run/netns/" + std::string(name) + " /run/netns/" + name).exit == 0);
  const Result down = cli("down five");
  CHECK(down.exit == 1);
  CHECK_THAT(
      down.err,
      ContainsSubstring("could not remove namespace n2 (cannot remove /run/netns/n2: Device or resource busy (EBUSY)"));
  CHECK_THAT(down.err, ContainsSubstring("namespace n4 (cannot remove /run/netns/n4: Device or resource busy (EBUSY)"));
  CHECK_THAT(down.err, ContainsSubstring("all else is gone, and \"netrig down five\" tries again"));
  CHECK(namespaces() == Texts{"n2", "n4"});
  CHECK_THAT(cli("list").out, ContainsSubstring("cut off while removing"));
  const Result again = cli("down five");
  CHECK(again.exit == 0);
  CHECK_THAT(again.out, ContainsSubstring("lab five is down: 2 namespaces"));
  require_nothing_left();
}

TEST_CASE("a file in the place of a namespace is left alone, and all else goes") {
  ok("up " + file("base.toml", kBase));
  REQUIRE(sh("umount /run/netns/core && echo mine > /run/netns/core").exit == 0);
  const Result down = cli("down base");
  CHECK(down.exit == 0);
  CHECK_THAT(down.err, ContainsSubstring("/run/netns/core is not a network namespace; it was left alone"));
  CHECK(namespaces() == Texts{"core"});
  CHECK(std::filesystem::is_empty("/run/netrig"));
}

TEST_CASE("run says what it could not take away") {
  const std::string told = directory() + "/told";
  const std::string report = directory() + "/report.txt";
  REQUIRE(sh("{ " NETRIG_BINARY " run " + tested() + " -r " + report + " >/dev/null 2>" + told + "; echo $? >" + told +
             ".exit; } &")
              .exit == 0);
  await_state("being tested");
  REQUIRE(sh("mount --bind /run/netns/a /run/netns/a").exit == 0);
  file("go", "");
  REQUIRE(sh("for i in $(seq 600); do [ -s " + told + ".exit ] && exit 0; sleep 0.05; done; exit 1").exit == 0);
  CHECK(read(told + ".exit") == "2\n");
  CHECK_THAT(
      read(told),
      ContainsSubstring("could not remove namespace a (cannot remove /run/netns/a: Device or resource busy (EBUSY)"));
  CHECK_THAT(read(report), ContainsSubstring("1 passed"));
  CHECK(namespaces() == Texts{"a"});
  const Result next = cli("run " + tested());
  CHECK(next.exit == 0);
  CHECK_THAT(next.err, ContainsSubstring("cut off while removing"));
  require_nothing_left();
}

TEST_CASE("run waits for another run of its lab when it is told to") {
  const std::string lab = tested();
  const int first = start_netrig({"run", lab});
  await_state("being tested");
  const Result refused = cli("run " + lab);
  CHECK(refused.exit == 2);
  CHECK_THAT(refused.err, ContainsSubstring("is being tested by netrig (process " + std::to_string(first) + ")"));
  CHECK(cli("test tested").exit == 2);
  CHECK(cli("down tested").exit == 4);
  const int second = start_netrig({"run", "--wait", lab});
  file("go", "");
  CHECK(wait_for(first) == 0);
  CHECK(wait_for(second) == 0);
  require_nothing_left();
}

TEST_CASE("what a killed run left is cleaned up by the next one") {
  const std::string lab = tested();
  const int first = start_netrig({"run", lab});
  await_state("being tested");
  ::kill(first, SIGKILL);
  wait_for(first);
  file("go", "");
  await_state("cut off while testing");
  SECTION("run") {
    const Result next = cli("run " + lab);
    CHECK(next.exit == 0);
    CHECK_THAT(next.err,
               ContainsSubstring("an earlier run on lab \"tested\" was cut off while testing; what it left is "
                                 "removed first"));
  }
  SECTION("up") {
    const Result next = cli("up " + lab);
    CHECK(next.exit == 0);
    CHECK_THAT(next.err, ContainsSubstring("cut off while testing"));
    const Result refused = cli("run " + lab);
    CHECK(refused.exit == 2);
    CHECK_THAT(refused.err, ContainsSubstring("lab tested is up already, and run would take it down"));
    CHECK(cli("run --wait " + lab).exit == 2);
    CHECK(cli("status tested").exit == 0);
    ok("down tested");
  }
  SECTION("down") { ok("down tested"); }
  require_nothing_left();
  std::filesystem::remove(directory() + "/go");
}

TEST_CASE("a lab that a run was told to keep is not cleaned up by the next one") {
  std::string text = kTested;
  text.replace(text.find("until"), text.find("done\"") + 4 - text.find("until"), "false");
  const std::string lab = file("tested.toml", text);
  CHECK(cli("run --keep " + lab).exit == 1);
  await_state("up");
  CHECK(cli("run " + lab).exit == 2);
  CHECK(namespaces() == Texts{"a", "b"});
  ok("down tested");
  require_nothing_left();
}

TEST_CASE("an edit lets go of an interface together with its sysctl in an existing namespace") {
  REQUIRE(sh("ip netns add shared").exit == 0);
  const std::string key = "net.ipv4.conf.v0.arp_ignore";
  const std::string head = "[lab]\nname = \"lets-go\"\n[namespace.own]\n";
  const std::string with = head + "[namespace.shared]\nexisting = true\nsysctl = { \"" + key +
                           "\" = 1 }\n[device.w]\ndriver = \"veth\"\ninterfaces = [{ namespace = \"shared\", name = "
                           "\"v0\" }, { namespace = \"own\", name = \"v1\" }]\n";
  ok("up " + file("lets-go.toml", with));
  CHECK(value_of("shared", key) == 1);
  SECTION("and of the namespace") { ok("up " + file("lets-go.toml", head)); }
  SECTION("and not of the namespace") {
    ok("up " + file("lets-go.toml", head + "[namespace.shared]\nexisting = true\n"));
  }
  CHECK(ip("-n shared link show").size() == 1);
  ok("down lets-go");
  CHECK(namespaces() == Texts{"shared"});
  CHECK(sh("ls /run/netrig").out.empty());
  sh("ip netns delete shared");
}

namespace {

/// A lab that sets these in the existing namespace "shared".
std::string sharing(const std::string& name, const std::string& keys) {
  return file(name + ".toml", "[lab]\nname = \"" + name + "\"\n[namespace.shared]\nexisting = true\n" + keys + "\n");
}

/// A namespace with an interface of its own, and what it is before any lab.
void make_shared(const std::string& before = "") {
  REQUIRE(sh("ip netns add shared && ip -n shared link add e0 type bridge").exit == 0);
  if (!before.empty()) REQUIRE(sh("ip netns exec shared sysctl -qw " + before).exit == 0);
}

/// All that the switch of forwarding writes.
std::string forwarding(const std::string& space = "shared") {
  return sh("ip netns exec " + space +
            " sysctl net.ipv4.ip_forward net.ipv4.conf.all.accept_redirects net.ipv4.conf.default.forwarding "
            "net.ipv4.conf.e0.forwarding net.ipv4.conf.lo.forwarding net.ipv6.conf.all.forwarding "
            "net.ipv6.conf.default.forwarding net.ipv6.conf.e0.forwarding")
      .out;
}

const std::string kForward4 = "net.ipv4.ip_forward";
const std::string kForward6 = "net.ipv6.conf.all.forwarding";
const std::string kOfOne = "net.ipv4.conf.e0.forwarding";

}  // namespace

TEST_CASE("a sysctl that had its value already when a lab came stays as long as that lab") {
  make_shared();
  const std::string before = forwarding();
  ok("up " + sharing("one", "forwarding = true"));
  SECTION("another lab set it") {
    ok("up " + sharing("two", "forwarding = true"));
    ok("down one");
    CHECK(cli("verify two").exit == 0);
    CHECK(value_of("shared", kForward4) == 1);
    CHECK(value_of("shared", kForward6) == 1);
    CHECK(value_of("shared", kOfOne) == 1);
    ok("down two");
  }
  SECTION("another lab had set it, and goes last") {
    ok("up " + sharing("two", "forwarding = true"));
    ok("down two");
    CHECK(cli("verify one").exit == 0);
    CHECK(value_of("shared", kOfOne) == 1);
    ok("down one");
  }
  SECTION("an edit asks for what another lab has set") {
    ok("up " + sharing("two", ""));
    ok("up " + sharing("two", "forwarding = true"));
    ok("down one");
    CHECK(cli("verify two").exit == 0);
    ok("down two");
  }
  SECTION("an edit asks for what a later lab has set") {
    ok("up " + sharing("two", "forwarding = false"));
    ok("up " + sharing("one", "forwarding = false"));
    ok("down two");
    CHECK(cli("verify one").exit == 0);
    CHECK(value_of("shared", kForward4) == 0);
    ok("down one");
  }
  CHECK(forwarding() == before);
  CHECK(std::filesystem::is_empty("/run/netrig"));
  sh("ip netns del shared");  // each section begins anew
}

TEST_CASE("a lab that edits a sysctl of its namespace while another lab uses that keeps its value") {
  const auto base = [](const std::string& value) {
    std::string text = kBase;
    if (!value.empty())
      text.replace(text.find("[namespace.edge]"), 0, "sysctl = { \"" + kKey + "\" = " + value + " }\n");
    return file("base.toml", text);
  };
  const auto leaf = [](const std::string& value) {
    std::string text = kLeaf;
    text.replace(text.find("[namespace.host]"), 0, "sysctl = { \"" + kKey + "\" = " + value + " }\n");
    return file("leaf.toml", text);
  };
  ok("up " + base("111"));
  ok("up " + leaf("222"));
  SECTION("and the other goes first") {
    ok("up " + base("112"));
    CHECK(value_of("core") == 112);
    ok("down a-leaf");
    CHECK(value_of("core") == 112);
    CHECK(cli("verify base").exit == 0);
  }
  SECTION("which the other has set already") {
    ok("up " + base("222"));
    ok("down a-leaf");
    CHECK(value_of("core") == 222);
    CHECK(cli("verify base").exit == 0);
  }
  SECTION("and takes it back") {
    ok("up " + base("112"));
    ok("up " + base(""));
    CHECK(value_of("core") == 222);
    ok("down a-leaf");
    CHECK(value_of("core") == value_of("edge"));
  }
  SECTION("and takes it back when the other is gone") {
    ok("up " + base("112"));
    ok("down a-leaf");
    ok("up " + base(""));
    CHECK(value_of("core") == value_of("edge"));
  }
  SECTION("and the other sets it once more") {
    ok("up " + base("112"));
    ok("up " + leaf("223"));
    CHECK(value_of("core") == 223);
    ok("down a-leaf");
    CHECK(value_of("core") == 112);
  }
  SECTION("which it had not set before the other") {
    ok("up " + base(""));
    ok("up " + base("112"));
    ok("up " + base(""));
    CHECK(value_of("core") == 222);
    ok("down a-leaf");
    CHECK(value_of("core") == value_of("edge"));
  }
  ok("down --all");
  require_nothing_left();
}

TEST_CASE("what the kernel writes with the switch of forwarding is as before when a lab lets go of that") {
  make_shared("net.ipv4.conf.all.accept_redirects=0 " + kOfOne + "=1 net.ipv6.conf.e0.forwarding=1");
  const std::string before = forwarding();
  const std::string on = "forwarding = true";
  SECTION("down") {
    ok("up " + sharing("one", on));
    CHECK(value_of("shared", "net.ipv4.conf.lo.forwarding") == 1);
    ok("down one");
  }
  SECTION("an edit, after which the lab is still there") {
    ok("up " + sharing("one", on));
    ok("up " + sharing("one", ""));
    CHECK(forwarding() == before);
    ok("down one");
  }
  SECTION("an edit that makes the switch what it was") {
    ok("up " + sharing("one", on));
    ok("up " + sharing("one", "forwarding = false"));
    ok("down one");
  }
  SECTION("an edit that lets go of an interface's own") {
    ok("up " + sharing("one", on + "\nsysctl = { \"" + kOfOne + "\" = 0 }"));
    CHECK(value_of("shared", kOfOne) == 0);
    ok("up " + sharing("one", on));
    ok("down one");
  }
  SECTION("an edit that asks for the switch after an interface's own") {
    ok("up " + sharing("one", "sysctl = { \"" + kOfOne + "\" = 0 }"));
    ok("up " + sharing("one", on + "\nsysctl = { \"" + kOfOne + "\" = 0 }"));
    CHECK(value_of("shared", kOfOne) == 0);
    ok("down one");
  }
  SECTION("a lab that fails") {
    const Result failed = cli("up " + sharing("one", on + "\nsysctl = { \"net.ipv4.conf.e0.arp_ignore\" = \"x\" }"));
    CHECK(failed.exit != 0);
  }
  SECTION("an edit that fails") {
    ok("up " + sharing("one", ""));
    const Result failed = cli("up " + sharing("one", on + "\nsysctl = { \"net.ipv4.conf.e0.arp_ignore\" = \"x\" }"));
    CHECK(failed.exit != 0);
    CHECK(forwarding() == before);
    ok("down one");
  }
  SECTION("an edit that fails in a lab that has it switched") {
    ok("up " + sharing("one", on));
    const std::string switched = forwarding();
    const Result failed = cli("up " + sharing("one", "sysctl = { \"net.ipv4.conf.e0.arp_ignore\" = \"x\" }"));
    CHECK(failed.exit != 0);
    CHECK(forwarding() == switched);
    ok("down one");
  }
  SECTION("a lab that was killed") {
    ok("up " + sharing("one", on));
    // As after an up that was killed at once.
    REQUIRE(sh("echo '{\"e\":\"phase\",\"p\":0}' >> /run/netrig/one/journal").exit == 0);
    ok("down one");
  }
  SECTION("of several labs the last") {
    for (const char* last : {"one", "two"}) {
      CAPTURE(last);
      ok("up " + sharing("one", on));
      ok("up " + sharing("two", on));
      ok(std::string("down ") + (std::string(last) == "one" ? "two" : "one"));
      CHECK(value_of("shared", "net.ipv4.conf.lo.forwarding") == 1);
      CHECK(cli("verify " + std::string(last)).exit == 0);
      ok("down " + std::string(last));
      CHECK(forwarding() == before);
    }
  }
  SECTION("but what another lab sets of it") {
    ok("up " + sharing("one", on));
    ok("up " + sharing("two", "sysctl = { \"net.ipv4.conf.lo.forwarding\" = 1, \"" + kOfOne + "\" = 0 }"));
    ok("down one");
    CHECK(cli("verify two").exit == 0);
    CHECK(value_of("shared", "net.ipv4.conf.lo.forwarding") == 1);
    CHECK(value_of("shared", kOfOne) == 0);
    ok("down two");
  }
  SECTION("also where another lab had set some of it") {
    ok("up " + sharing("two", "sysctl = { \"net.ipv4.conf.lo.forwarding\" = 1, \"" + kOfOne + "\" = 0 }"));
    ok("up " + sharing("one", on));
    ok("down two");
    CHECK(value_of("shared", kOfOne) == 1);
    ok("down one");
  }
  CHECK(forwarding() == before);
  CHECK(std::filesystem::is_empty("/run/netrig"));
  sh("ip netns del shared");  // each section begins anew
}

TEST_CASE("a switch of forwarding and an interface's own are given back together") {
  make_shared();
  const std::string before = forwarding();
  ok("up " + sharing("one", "sysctl = { \"" + kForward4 + "\" = 1, \"" + kOfOne + "\" = 1 }"));
  ok("down one");
  CHECK(forwarding() == before);
  ok("up " + sharing("one", "sysctl = { \"" + kForward4 + "\" = 1, \"net.ipv4.conf.all.forwarding\" = 1 }"));
  ok("down one");
  CHECK(forwarding() == before);
  sh("ip netns del shared");
}

TEST_CASE("what a lab wants of redirects is what it has although its switch of forwarding turns them off") {
  make_shared();
  const std::string before = forwarding();
  const std::string key = "net.ipv4.conf.all.accept_redirects";
  ok("up " + sharing("one", "forwarding = true\nsysctl = { \"" + key + "\" = 1 }"));
  CHECK(value_of("shared", key) == 1);
  CHECK(cli("verify one").exit == 0);
  ok("down one");
  CHECK(forwarding() == before);
  sh("ip netns del shared");
}
