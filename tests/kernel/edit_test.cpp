// SPDX-License-Identifier: Apache-2.0
// Edits in which what is to be and what there is cannot both have something, on a real kernel.
#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;

namespace {

const std::string kHead = "[lab]\nname = \"moves\"\n[namespace.h1]\n[namespace.h2]\n";

std::string veth(const std::string& device, const std::string& one, const std::string& other) {
  return "[device." + device + "]\ndriver = \"veth\"\ninterfaces = [{ namespace = \"h1\", " + one +
         " }, { namespace = \"h2\", " + other + " }]\n";
}

std::string on(const std::string& device, const std::string& driver, const std::string& params,
               const std::string& interface) {
  return "[device." + device + "]\ndriver = \"" + driver + "\"\nparams = { " + params +
         " }\ninterfaces = [{ namespace = \"h1\", " + interface + " }]\n";
}

Result up(const std::string& text) { return cli("up " + file("lab.toml", kHead + text)); }

/// From one file to the other and back: all that each says is there, and a second look finds nothing to do.
void goes_over(const std::string& one, const std::string& other) {
  for (const std::string& text : {one, other, one}) {
    INFO(text);
    const Result result = up(text);
    INFO(result.err);
    REQUIRE(result.exit == 0);
    CHECK(cli("verify moves").exit == 0);
    CHECK_THAT(up(text).out, ContainsSubstring("nothing to change"));
  }
  REQUIRE(cli("down moves").exit == 0);
  require_nothing_left();
}

const std::string kWire = veth("wire", "name = \"eth0\", addresses = [\"10.0.0.1/24\"]", "name = \"eth0\"");

}  // namespace

TEST_CASE("what another device has alone goes before the device that is to have it") {
  SECTION("a number of its kind") {
    goes_over(on("vx1", "vxlan", "id = 7, local = \"10.0.0.1\"", "name = \"vx1\""),
              on("vx2", "vxlan", "id = 7, local = \"10.0.0.1\"", "name = \"vx2\""));
  }
  SECTION("an alternative name") {
    goes_over(veth("a", "name = \"a0\", altnames = [\"one\"]", "name = \"a1\""),
              veth("b", "name = \"b0\", altnames = [\"one\"]", "name = \"b1\""));
    goes_over(veth("a", "name = \"a0\", altnames = [\"one\"]", "name = \"a1\""),
              veth("b", "name = \"one\"", "name = \"b1\""));
    goes_over(veth("a", "name = \"a0\", altnames = [\"one\"]", "name = \"a1\"") + kWire,
              veth("a", "name = \"a0\"", "name = \"a1\"") + kWire + veth("b", "name = \"one\"", "name = \"b1\""));
  }
  SECTION("an index") {
    goes_over(veth("a", "name = \"a0\", index = 100", "name = \"a1\""),
              veth("b", "name = \"b0\", index = 100", "name = \"b1\""));
  }
  SECTION("an index that one which stays has by itself") {
    REQUIRE(up(kWire).exit == 0);
    const std::string index = ip("-n h1 link show dev eth0")[0]["ifindex"].dump();
    REQUIRE(cli("down moves").exit == 0);
    goes_over(kWire, kWire + veth("b", "name = \"eth1\", index = " + index, "name = \"eth1\""));
    goes_over(kWire + veth("b", "name = \"eth1\"", "name = \"eth1\""),
              kWire + veth("b", "name = \"eth1\", index = " + index, "name = \"eth1\""));
  }
}

TEST_CASE("an edit that fails brings back what had to go first") {
  const std::string first = on("vx1", "vxlan", "id = 7", "name = \"vx1\", altnames = [\"one\"]") + kWire;
  REQUIRE(up(first).exit == 0);
  const std::string mac = ip("-n h1 link show dev vx1")[0]["address"];
  // With IPv6 switched off the kernel takes no IPv6 address.
  const Result refused =
      up(on("vx2", "vxlan", "id = 7",
            "name = \"vx2\", altnames = [\"one\"], sysctl = { \"ipv6.disable_ipv6\" = 1 }, addresses = "
            "[\"fd00::1/64\"]") +
         kWire);
  CHECK(refused.exit != 0);
  CHECK(refused.err.find("did not end well") == std::string::npos);
  CHECK(links("h1") == std::vector<std::string>{"eth0", "vx1"});
  CHECK(ip("-n h1 link show dev vx1")[0]["address"] == mac);
  CHECK(cli("verify moves").exit == 0);
  REQUIRE(cli("down moves").exit == 0);
  require_nothing_left();
}

TEST_CASE("what only one interface can have moves between those that stay") {
  SECTION("alternative names") {
    const auto lab = [](const std::string& one, const std::string& other) {
      return veth("a", "name = \"a0\"" + one, "name = \"a0\"") + veth("b", "name = \"b0\"" + other, "name = \"b0\"");
    };
    goes_over(lab(", altnames = [\"one\"]", ", altnames = [\"two\"]"),
              lab(", altnames = [\"two\"]", ", altnames = [\"one\"]"));
    goes_over(lab("", ", altnames = [\"one\"]"), lab(", altnames = [\"one\"]", ""));
    // And back, where the edit fails.
    const std::string first = lab(", altnames = [\"one\"]", ", altnames = [\"two\"]");
    REQUIRE(up(first).exit == 0);
    const Result refused = up(lab(", altnames = [\"two\"]",
                                  ", altnames = [\"one\"], sysctl = { \"ipv6.disable_ipv6\" = 1 }, "
                                  "addresses = [\"fd00::1/64\"]"));
    CHECK(refused.exit != 0);
    CHECK(refused.err.find("did not end well") == std::string::npos);
    CHECK(ip("-n h1 link show dev one")[0]["ifname"] == "a0");
    CHECK(ip("-n h1 link show dev two")[0]["ifname"] == "b0");
    CHECK(cli("verify moves").exit == 0);
    REQUIRE(cli("down moves").exit == 0);
    require_nothing_left();
  }
  SECTION("MACs of macvlans on one interface") {
    const auto lab = [](const std::string& one, const std::string& other) {
      return kWire + on("m1", "macvlan", "parent = \"h1:eth0\"", "name = \"m1\", mac = \"" + one + "\"") +
             on("m2", "macvlan", "parent = \"h1:eth0\"", "name = \"m2\", mac = \"" + other + "\"");
    };
    goes_over(lab("02:00:00:00:00:11", "02:00:00:00:00:12"), lab("02:00:00:00:00:12", "02:00:00:00:00:11"));
    goes_over(lab("02:00:00:00:00:11", "02:00:00:00:00:12"), lab("02:00:00:00:00:12", "02:00:00:00:00:13"));
  }
}

TEST_CASE("an interface that somebody has renamed is made anew, or becomes the file's under that name") {
  const std::string with_mac =
      veth("wire", "name = \"eth0\", mac = \"02:00:00:00:00:11\"", "name = \"eth0\", addresses = [\"10.0.0.2/24\"]");
  const std::string next = GENERATE(
      veth("wire", "name = \"ethx\", mac = \"02:00:00:00:00:11\"", "name = \"eth0\", addresses = [\"10.0.0.2/24\"]"),
      veth("cable", "name = \"ethx\"", "name = \"eth1\""),
      veth("wire", "name = \"eth0\"", "name = \"eth0\", addresses = [\"10.0.0.2/24\"]"));
  INFO(next);
  REQUIRE(up(with_mac).exit == 0);
  REQUIRE(sh("ip -n h1 link set eth0 down && ip -n h1 link set eth0 name ethx && ip -n h1 link set ethx up").exit == 0);
  const Result result = up(next);
  INFO(result.err);
  REQUIRE(result.exit == 0);
  CHECK(cli("verify moves").exit == 0);
  CHECK_THAT(up(next).out, ContainsSubstring("nothing to change"));
  REQUIRE(cli("down moves").exit == 0);
  require_nothing_left();
}

TEST_CASE("an MTU grows from below and shrinks from above, whichever comes first in the file") {
  const auto lab = [](const std::string& mtu, const std::string& space) {
    const std::string at = "name = \"eth0\", mtu = " + mtu;
    return "[device.amv]\ndriver = \"macvlan\"\nparams = { parent = \"h2:eth0\" }\ninterfaces = [{ namespace = \"" +
           space + "\", name = \"amv\", mtu = " + mtu + " }]\n" + veth("wire", at, at);
  };
  const std::string space = GENERATE("h1", "h2");
  goes_over(lab("1400", space), lab("9000", space));
  // One that is new stands on one that has grown already.
  const std::string small = veth("wire", "name = \"eth0\", mtu = 1400", "name = \"eth0\", mtu = 1400");
  goes_over(small, lab("9000", space));
  // And back, where the edit fails.
  REQUIRE(up(lab("9000", space)).exit == 0);
  const Result refused = up(replaced(lab("1400", space), "name = \"amv\"",
                                     "name = \"amv\", sysctl = { \"ipv6.disable_ipv6\" = 1 }, addresses = "
                                     "[\"fd00::1/64\"]"));
  CHECK(refused.exit != 0);
  CHECK(refused.err.find("did not end well") == std::string::npos);
  CHECK(ip("-n " + space + " link show dev amv")[0]["mtu"] == 9000);
  CHECK(cli("verify moves").exit == 0);
  REQUIRE(cli("down moves").exit == 0);
  require_nothing_left();
}

TEST_CASE("after an edit that fails, commands find the namespaces where they are") {
  const auto lab = [](const std::string& address, const std::string& more) {
    return veth("wire", "name = \"eth0\", addresses = [\"" + address + "\"" + more + "]", "name = \"eth0\"");
  };
  REQUIRE(up(lab("10.0.0.1/24", "")).exit == 0);
  const auto hosts = [] { return cli("exec moves h2 -- grep h1 /etc/hosts").out; };
  CHECK(hosts() == "10.0.0.1 h1\n");
  const Result refused = up(replaced(lab("10.0.0.9/24", ", \"fd00::1/64\""), "addresses",
                                     "sysctl = { \"ipv6.disable_ipv6\" = 1 }, addresses"));
  CHECK(refused.exit != 0);
  CHECK(hosts() == "10.0.0.1 h1\n");
  REQUIRE(up(lab("10.0.0.9/24", "")).exit == 0);
  CHECK(hosts() == "10.0.0.9 h1\n");
  REQUIRE(cli("down moves").exit == 0);
  require_nothing_left();
}
