// SPDX-License-Identifier: Apache-2.0
// Parameters of the drivers reach the kernel.
#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;

namespace {

Json info_data(const std::string& space, const std::string& interface) {
  return ip("-n " + space + " -d link show dev " + interface)[0]["linkinfo"]["info_data"];
}

void up_with(const std::string& body) {
  const Result result =
      cli("up " + file("lab.toml", "[lab]\nname = \"drivers\"\n[namespace.a]\n[namespace.b]\n" + body));
  INFO(result.err);
  REQUIRE(result.exit == 0);
}

}  // namespace

TEST_CASE("a veth has the queues that its parameters ask for, each end its own") {
  up_with(R"([device.wire]
driver = "veth"
params = { tx_queues = 3, rx_queues = 2, peer_tx_queues = 5, gso_max_size = 32000, gso_max_segs = 20 }
interfaces = [{ namespace = "a", name = "x" }, { namespace = "b", name = "y" }])");
  const Json first = ip("-n a -d link show dev x")[0];
  CHECK(first["num_tx_queues"] == 3);
  CHECK(first["num_rx_queues"] == 2);
  CHECK(first["gso_max_size"] == 32000);
  CHECK(first["gso_max_segs"] == 20);
  const Json second = ip("-n b -d link show dev y")[0];
  CHECK(second["num_tx_queues"] == 5);
  CHECK(second["num_rx_queues"] == 2);
  CHECK(second["gso_max_size"] == 32000);
}

TEST_CASE("a bridge has every setting of its parameters") {
  const bool filters = kernel_lacks("CONFIG_BRIDGE_NETFILTER").empty();
  up_with(R"([device.switch]
driver = "bridge"
interfaces = [{ namespace = "a", name = "br0" }]
params = { stp = true, priority = 4096, forward_delay = "4s", hello_time = "1s", max_age = "6s", ageing_time = "30s", group_fwd_mask = 8, group_address = "01:80:c2:00:00:05", multicast_snooping = true, multicast_querier = true, multicast_router = 2, multicast_igmp_version = 3, multicast_mld_version = 2)" +
          std::string(filters ? ", nf_call_iptables = true }" : " }"));
  const Json data = info_data("a", "br0");
  CHECK(data["stp_state"] == 1);
  CHECK(data["priority"] == 4096);
  CHECK(data["forward_delay"] == 400);
  CHECK(data["hello_time"] == 100);
  CHECK(data["max_age"] == 600);
  CHECK(data["ageing_time"] == 3000);
  CHECK(data["group_fwd_mask"] == "0x8");
  CHECK(data["group_addr"] == "01:80:c2:00:00:05");
  CHECK(data["mcast_snooping"] == 1);
  CHECK(data["mcast_querier"] == 1);
  CHECK(data["mcast_router"] == 2);
  CHECK(data["mcast_igmp_version"] == 3);
  CHECK(data["mcast_mld_version"] == 2);
  if (filters) CHECK(data["nf_call_iptables"] == 1);
}

TEST_CASE("a bridge filters VLANs with the protocol and the default VLAN asked for") {
  if (const std::string reason = kernel_lacks("CONFIG_BRIDGE_VLAN_FILTERING"); !reason.empty()) skip(reason);
  up_with(R"([device.switch]
driver = "bridge"
interfaces = [{ namespace = "a", name = "br0" }]
params = { vlan_filtering = true, vlan_default_pvid = 9, vlan_protocol = "802.1ad", vlan_stats = true })");
  const Json data = info_data("a", "br0");
  CHECK(data["vlan_filtering"] == 1);
  CHECK(data["vlan_default_pvid"] == 9);
  CHECK(data["vlan_protocol"] == "802.1ad");
}

TEST_CASE("a macvlan sits on a parent in another namespace, in each of its modes") {
  const std::string mode = GENERATE("private", "vepa", "bridge", "passthru");
  up_with(R"([device.wire]
driver = "veth"
interfaces = [{ namespace = "a", name = "up" }, { namespace = "b", name = "far" }]
[device.mv]
driver = "macvlan"
params = { parent = "a:up", mode = ")" +
          mode + R"(" }
interfaces = [{ namespace = "b", name = "mv0" }])");
  CHECK(info_data("b", "mv0")["mode"] == mode);
  CHECK(ip("-n b -d link show dev mv0")[0]["link_index"] == ip("-n a link show dev up")[0]["ifindex"]);
  REQUIRE(cli("down drivers").exit == 0);
  CHECK(namespaces().empty());
}

TEST_CASE("a parameter that the kernel is too old for is refused, not ignored") {
  const Result up = cli("up " + file("lab.toml", R"([lab]
name = "old"
[namespace.a]
[namespace.b]
[device.wire]
driver = "veth"
interfaces = [{ namespace = "a", name = "up" }, { namespace = "b", name = "far" }]
[device.mv]
driver = "macvlan"
params = { parent = "a:up", bc_cutoff = 5 }
interfaces = [{ namespace = "b", name = "mv0" }])"));
  INFO(up.err);
  if (sh("printf '6.4\\n%s\\n' $(uname -r) | sort -V -C").exit == 0) {
    CHECK(up.exit == 0);
    CHECK(cli("down old").exit == 0);
  } else {
    CHECK(up.exit == 6);
    CHECK_THAT(up.err, ContainsSubstring("this kernel does not know bc_cutoff: receivers of a multicast"));
  }
  require_nothing_left();
}

TEST_CASE("a macvlan in source mode lets in the senders listed") {
  up_with(R"([device.wire]
driver = "veth"
interfaces = [{ namespace = "a", name = "up" }, { namespace = "b", name = "far" }]
[device.mv]
driver = "macvlan"
params = { parent = "a:up", mode = "source", macs = ["02:00:00:00:00:01", "02:00:00:00:00:02"] }
interfaces = [{ namespace = "b", name = "mv0" }])");
  CHECK(info_data("b", "mv0")["mode"] == "source");
  CHECK(info_data("b", "mv0")["macaddr_count"] == 2);
}

TEST_CASE("down returns when the parent of a macvlan is free again") {
  REQUIRE(sh("ip netns add mine && ip -n mine link add eth0 type veth peer name eth1").exit == 0);
  const Json before = kernel_state("mine");
  const std::string lab = file("lab.toml", R"([lab]
name = "drivers"
[namespace.a]
[namespace.mine]
existing = true
[device.mv]
driver = "macvlan"
params = { parent = "mine:eth0", mode = "passthru" }
interfaces = [{ namespace = "a", name = "mv0" }])");
  for (int i = 0; i < 30; ++i) {
    const Result up = cli("up " + lab);
    INFO("round " << i << ": " << up.err);
    REQUIRE(up.exit == 0);
    REQUIRE(cli("down drivers").exit == 0);
    REQUIRE(sh("ip -n mine link add probe link eth0 type macvlan mode passthru && ip -n mine link delete probe").exit ==
            0);
  }
  CHECK(kernel_state("mine") == before);
  REQUIRE(sh("ip netns delete mine").exit == 0);
}
