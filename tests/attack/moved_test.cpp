// SPDX-License-Identifier: Apache-2.0
// What was there before a lab outlives it: interfaces that a driver, or somebody else, moved into the lab, and those
// that got the number of one of the lab's.
#include <thread>

#include "attack/place.hpp"
#include "catch.hpp"
#include "kernel/sysfs.hpp"

using namespace scratch;
using attack::Place;

namespace {

const std::string kGrant = "[driver.privileged]\ngrant = [\"CAP_NET_ADMIN\"]\n";
const std::vector<std::string> kOnlyMine = {"mine"};

/// A namespace of somebody else, with a pair eth0, of number 77, and eth1.
struct Moved {
  Moved() {
    std::uint64_t now = 0;
    std::thread([&] { now = netrig::kernel::birth_now(); }).join();  // in a thread, for it ends up elsewhere
    if (now == 0) skip("this machine lets no sysfs be mounted, by which interfaces are told apart");
    REQUIRE(sh("ip netns add mine && ip -n mine link add eth0 index 77 type veth peer name eth1").exit == 0);
    before = kernel_state("mine");
  }
  ~Moved() { sh("ip netns delete mine"); }
  Moved(const Moved&) = delete;
  Moved& operator=(const Moved&) = delete;
  Json before;
};

/// A lab whose driver moves mine:eth0 to a:x, and makes a bridge y in "mine" by itself.
std::string moving_lab(const std::string& how, const std::string& when) {
  return file("lab.toml",
              "[lab]\nname = \"odd\"\n[namespace.a]\n[namespace.mine]\nexisting = true\n[device.d]\ndriver = "
              "\"privileged\"\nparams = { how = \"" +
                  how + "\", when = \"" + when +
                  "\" }\ninterfaces = [{ namespace = \"a\", name = \"x\" }, { namespace = \"mine\", name = \"y\" }]\n");
}

/// It is in namespace a, which is all that is left of the lab; once it is moved back, another `down` ends the lab.
void require_left(const Result& result, const Moved& mine, const std::string& netrig) {
  INFO(result.err);
  CHECK(result.exit == 8);
  CHECK_THAT(result.err,
             ContainsSubstring("interface a:x was there before this lab, so it and its namespace are left"));
  CHECK(namespaces() == std::vector<std::string>{"a", "mine"});
  CHECK(ip("-n a link show dev x")[0]["ifindex"] == 77);
  CHECK(ip("-n mine link show").size() == 2);  // lo and eth1, and no bridge
  const Result again = cli(netrig + "down odd");
  CHECK(again.exit == 8);
  CHECK_THAT(again.err, ContainsSubstring("interface a:x was there before this lab"));
  REQUIRE(sh("ip -n a link set x netns mine name eth0").exit == 0);
  const Result last = cli(netrig + "down odd");
  INFO(last.err);
  CHECK(last.exit == 0);
  CHECK(kernel_state("mine") == mine.before);
  CHECK(namespaces() == kOnlyMine);
  CHECK(sh("ls /run/netrig").out.empty());
}

}  // namespace

TEST_CASE("an interface that a driver moved into the lab before it failed is left") {
  const std::string how = GENERATE("move-crash", "move-fail");
  const Moved mine;
  const Place place("privileged", NETRIG_TEST_PLUGIN_DIR);
  const std::string netrig = "--host-config " + place.policy("", kGrant) + " ";
  const Result up = cli(netrig + "up " + moving_lab(how, "create"));
  CHECK_THAT(up.err, ContainsSubstring("lab.toml:6:9: device d (driver privileged): "));
  require_left(up, mine, netrig);
}

TEST_CASE("an interface that a driver moved into the lab is left when its driver can no longer give it back") {
  const Moved mine;
  const Place place("privileged", NETRIG_TEST_PLUGIN_DIR);
  std::string netrig = "--host-config " + place.policy("", kGrant) + " ";
  const auto up = [&](const std::string& when) {
    const Result result = cli(netrig + "up " + moving_lab("move", when));
    INFO(result.err);
    REQUIRE(result.exit == 0);
    CHECK(ip("-n a link show dev x")[0]["ifindex"] == 77);
  };
  SECTION("it crashes") { up("crash-later"); }
  SECTION("it has the interface deleted") { up("create"); }
  SECTION("it has been uninstalled") {
    up("give-back");
    REQUIRE(sh("rm " + place.file).exit == 0);
  }
  SECTION("it has lost its grant") {
    up("give-back");
    netrig = "--host-config " + place.policy() + " ";
  }
  require_left(cli(netrig + "down odd"), mine, netrig);
}

TEST_CASE("an interface that a driver moved into the lab and gives back is where it was") {
  const Moved mine;
  const Place place("privileged", NETRIG_TEST_PLUGIN_DIR);
  const std::string netrig = "--host-config " + place.policy("", kGrant) + " ";
  REQUIRE(cli(netrig + "up " + moving_lab("move", "give-back")).exit == 0);
  const Result down = cli(netrig + "down odd");
  INFO(down.err);
  CHECK(down.exit == 0);
  CHECK(kernel_state("mine") == mine.before);
  CHECK(namespaces() == kOnlyMine);
}

TEST_CASE("an interface that somebody moved into a lab is left") {
  const Moved mine;
  const std::string lab = file("lab.toml", "[lab]\nname = \"odd\"\n[namespace.a]\n[namespace.b]\n");
  REQUIRE(cli("up " + lab).exit == 0);
  SECTION("by down") {
    REQUIRE(sh("ip -n mine link set eth0 netns a name x").exit == 0);
    require_left(cli("down odd"), mine, "");
  }
  SECTION("by an edit that takes its namespace away") {
    REQUIRE(sh("ip -n mine link set eth0 netns a name x").exit == 0);
    const Result up = cli("up " + file("lab.toml", "[lab]\nname = \"odd\"\n[namespace.b]\n"));
    CHECK(up.exit == 8);
    CHECK_THAT(up.err, ContainsSubstring("lab odd is as its file says; and interface a:x was there before this lab"));
    require_left(cli("down odd"), mine, "");
  }
  SECTION("but not one that was made in it") {
    REQUIRE(sh("ip -n a link add own type bridge").exit == 0);
    CHECK(cli("down odd").exit == 0);
    CHECK(namespaces() == kOnlyMine);
  }
}

TEST_CASE("what has got the number of a lab's interface is not deleted in its stead") {
  const std::string other = GENERATE("theirs index 77777 type bridge", "x index 77777 type veth peer name peer");
  const Moved mine;
  const Place place("hostile", NETRIG_TEST_PLUGIN_DIR);
  const std::string netrig = "--host-config " + place.policy() + " ";
  REQUIRE(cli(netrig + "up " +
              file("lab.toml",
                   "[lab]\nname = \"odd\"\n[namespace.mine]\nexisting = true\n[device.d]\ndriver = "
                   "\"hostile\"\ninterfaces = [{ namespace = \"mine\", name = \"x\" }]\n"))
              .exit == 0);
  const std::string number = ip("-n mine link show dev x")[0]["ifindex"].dump();
  std::string made = other;
  made.replace(made.find("77777"), 5, number);
  REQUIRE(sh("ip -n mine link delete x && ip -n mine link add " + made).exit == 0);
  const Json before = kernel_state("mine");
  const Result down = cli(netrig + "down odd");
  CHECK(down.exit == 8);
  CHECK_THAT(down.err, ContainsSubstring("has the number " + number + " of the lab's mine:x, but is another"));
  CHECK(kernel_state("mine") == before);
  CHECK(sh("ls /run/netrig").out.empty());
}

TEST_CASE("where descriptors run out, what could not be looked at is left") {
  const Moved mine;
  const std::string lab =
      file("lab.toml",
           "[lab]\nname = \"odd\"\n[namespace.a]\n[namespace.b]\n[device.w]\ndriver = \"veth\"\ninterfaces = "
           "[{ namespace = \"a\", name = \"w\" }, { namespace = \"b\", name = \"w\" }]\n");
  REQUIRE(cli("up " + lab).exit == 0);
  REQUIRE(sh("ip -n mine link set eth0 netns a name x").exit == 0);
  bool enough = false;
  for (int most = 5; most < 64 && !enough; ++most) {
    const Result down = sh("prlimit --nofile=" + std::to_string(most) + " " + NETRIG_BINARY + " down odd");
    INFO(most << " descriptors: " << down.err);
    CHECK(down.exit != 0);
    CHECK(sh("ip -n a link show dev x").exit == 0);
    CHECK(!sh("ls /run/netrig").out.empty());
    enough = down.exit == 8;
  }
  CHECK(enough);
  require_left(cli("down odd"), mine, "");
}
