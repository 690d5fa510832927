// SPDX-License-Identifier: Apache-2.0
// TUN and TAP, which the host makes without netlink.
#include <filesystem>

#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;

namespace {

void require_tun() {
  if (const std::string reason = kernel_lacks("CONFIG_TUN"); !reason.empty()) skip(reason);
  if (!std::filesystem::exists("/dev/net/tun")) skip("/dev/net/tun is not there");
}

const std::string kTaps = R"([lab]
name = "taps"
[namespace.a]
[device.br]
driver = "bridge"
interfaces = [{ namespace = "a", name = "br0" }]
[device.vm]
driver = "tap"
params = { owner = 1234, group_id = 5678, multi_queue = true, vnet_header = true }
interfaces = [{ namespace = "a", name = "tap0", mac = "02:00:00:00:00:01", mtu = 1400, master = "br0" }]
[device.vpn]
driver = "tun"
params = { packet_info = true }
interfaces = [{ namespace = "a", name = "tun0", index = 4711, addresses = ["10.8.0.1/24", "2001:db8::1/64"] }]
)";

Json tuns(const std::string& space) { return ip("-n " + space + " -d link show type tun"); }

}  // namespace

TEST_CASE("a tap and a tun are as the file says, and persist") {
  require_tun();
  const std::string lab = file("lab.toml", kTaps);
  const Result up = cli("up " + lab);
  INFO(up.err);
  REQUIRE(up.exit == 0);
  const Json tap = ip("-n a -d link show dev tap0")[0];
  INFO(tap.dump());
  CHECK(tap["address"] == "02:00:00:00:00:01");
  CHECK(tap["mtu"] == 1400);
  CHECK(tap["master"] == "br0");
  CHECK(tap["linkinfo"]["info_kind"] == "tun");
  const Json& data = tap["linkinfo"]["info_data"];
  CHECK(data["type"] == "tap");
  CHECK(data["pi"] == false);
  CHECK(data["vnet_hdr"] == true);
  CHECK(data["multi_queue"] == true);
  CHECK(data["persist"] == true);
  CHECK_THAT(data.dump(), ContainsSubstring("1234") && ContainsSubstring("5678"));
  const Json tun = ip("-n a -d link show dev tun0")[0];
  INFO(tun.dump());
  CHECK(tun["ifindex"] == 4711);
  CHECK(tun["linkinfo"]["info_data"]["type"] == "tun");
  CHECK(tun["linkinfo"]["info_data"]["pi"] == true);
  CHECK(tun["linkinfo"]["info_data"]["multi_queue"] == false);
  CHECK(addresses("a", "tun0") == std::vector<std::string>{"10.8.0.1/24", "2001:db8::1/64"});
  CHECK_THAT(cli("up " + lab).out, ContainsSubstring("nothing to change") || ContainsSubstring("as the file says"));
  CHECK(cli("verify taps").exit == 0);
  // A program may attach, and say for itself what is before its packets.
  const std::string attach =
      "import fcntl, os, struct, sys\n"
      "fd = os.open('/dev/net/tun', os.O_RDWR)\n"
      "fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', b'tun0', 0x0001 | 0x1000))\n";
  CHECK(sh("ip netns exec a python3 " + file("attach.py", attach)).exit == 0);
  CHECK(cli("verify taps").exit == 0);
  REQUIRE(cli("down taps").exit == 0);
  require_nothing_left();
}

TEST_CASE("another owner makes a tap anew, and an edit that fails brings the old one back") {
  require_tun();
  REQUIRE(cli("up " + file("lab.toml", kTaps)).exit == 0);
  const std::string owned = replaced(kTaps, "owner = 1234", "owner = 4321");
  SECTION("made anew") {
    REQUIRE(cli("up " + file("lab.toml", owned)).exit == 0);
    CHECK_THAT(ip("-n a -d link show dev tap0")[0]["linkinfo"]["info_data"].dump(), ContainsSubstring("4321"));
    CHECK(tuns("a").size() == 2);
  }
  SECTION("brought back") {
    const Json before = ip("-n a -d link show dev tap0")[0]["linkinfo"];
    const Result up =
        cli("up " + file("lab.toml", owned + "[device.no]\ndriver = \"tap\"\ninterfaces = [{ namespace = \"a\", name = "
                                             "\"tap9\", mtu = 65535 }]\n"));
    CHECK(up.exit != 0);
    CHECK_THAT(up.err, ContainsSubstring("device no (driver tap): the kernel refuses the MAC or MTU of tap9"));
    CHECK(ip("-n a -d link show dev tap0")[0]["linkinfo"] == before);
    CHECK(tuns("a").size() == 2);
  }
  REQUIRE(cli("down taps").exit == 0);
  require_nothing_left();
}

TEST_CASE("in a namespace of others a name that is taken is refused, and only the lab's tap goes") {
  require_tun();
  REQUIRE(sh("ip netns add mine && ip -n mine tuntap add dev theirs mode tap").exit == 0);
  const Json before = kernel_state("mine");
  const std::string lab =
      "[lab]\nname = \"taps\"\n[namespace.mine]\nexisting = true\n[device.t]\ndriver = \"tap\"\ninterfaces = [{ "
      "namespace = \"mine\", name = \"tap0\" }]\n";
  CHECK(cli("up " + file("lab.toml", replaced(lab, "tap0", "theirs"))).exit == 4);
  CHECK(kernel_state("mine") == before);
  REQUIRE(cli("up " + file("lab.toml", lab)).exit == 0);
  CHECK(tuns("mine").size() == 2);
  REQUIRE(cli("down taps").exit == 0);
  CHECK(kernel_state("mine") == before);
  REQUIRE(sh("ip netns delete mine").exit == 0);
}

TEST_CASE("a driver has packets of its interface if the policy grants them") {
  require_tun();
  const std::string lab = file("lab.toml",
                               "[lab]\nname = \"taps\"\n[namespace.a]\n[device.q]\ndriver = \"queue\"\ninterfaces = [{ "
                               "namespace = \"a\", name = \"q0\", mac = \"02:00:00:00:00:02\" }]\n");
  SECTION("granted") {
    const std::string policy = policy_with_test_drivers("[driver.queue]\ngrant = [\"TUN\"]\n");
    const Result up = cli("--host-config " + policy + " up " + lab);
    INFO(up.err);
    REQUIRE(up.exit == 0);
    CHECK(ip("-n a -s link show dev q0")[0]["stats64"]["rx"]["packets"] == 1);
    CHECK_THAT(cli("--host-config " + policy + " drivers show queue").out, ContainsSubstring("wants TUN"));
    REQUIRE(cli("--host-config " + policy + " down taps").exit == 0);
  }
  SECTION("not granted") {
    const Result up = cli("--host-config " + policy_with_test_drivers() + " up " + lab);
    CHECK(up.exit == 3);
    CHECK_THAT(up.err, ContainsSubstring("device q (driver queue): the driver asks for what it may not: a queue that "
                                         "needs TUN, which its table does not ask for or the policy does not grant"));
  }
  require_nothing_left();
}
