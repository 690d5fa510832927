// SPDX-License-Identifier: Apache-2.0
// Every example lab with tests passes them as written.
#include <filesystem>

#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;

namespace {

/// The NAT example and its like need nftables in the kernel.
void need_nftables() {
  const Result nft = sh(
      "unshare -n sh -c 'nft add table ip t && nft add chain ip t c \"{ type nat hook postrouting priority 100; }\" && "
      "nft add rule ip t c masquerade && nft add chain ip t f \"{ type filter hook forward priority 0; }\" && "
      "nft add rule ip t f ct state established accept'");
  if (nft.exit != 0) skip("nftables with NAT and connection tracking is not to be had here: " + nft.err);
}

/// Or the test is skipped.
void need(const std::string& command, const std::string& what) {
  const Result tried = sh(command);
  if (tried.exit != 0) skip(what + " is not to be had here: " + tried.err);
}

void need_program(const std::string& name) { need("command -v " + name, name); }

void need_frr(const std::string& daemon) {
  need_program("/usr/lib/frr/zebra");
  need_program("/usr/lib/frr/" + daemon);
}

void passes(const std::string& name, const std::string& options = "") {
  const std::string report = directory() + "/report.json";
  const Result run = cli("run " NETRIG_CONFIG_DIR "/" + name + " " + options + " -r " + report);
  INFO(run.out << run.err);
  CHECK(run.exit == 0);
  const Json json = Json::parse(read(report));
  CHECK(json["totals"]["passed"].get<std::size_t>() == json["tests"].size());
  CHECK_FALSE(json["tests"].empty());
  CHECK(namespaces().empty());
  CHECK(std::filesystem::is_empty("/run/netrig"));
}

}  // namespace

TEST_CASE("the example two-hosts passes its tests") { passes("two-hosts.toml"); }
TEST_CASE("the example macvlan-on-uplink passes its tests") { passes("macvlan-on-uplink.toml"); }
TEST_CASE("the example failover passes its tests") { passes("failover.toml"); }
TEST_CASE("the example nat passes its tests") {
  need_nftables();
  passes("nat.toml");
}
TEST_CASE("the example tenants passes its tests, also several at once") { passes("tenants.toml", "-j 4"); }
TEST_CASE("the example office-vlans passes its tests") {
  need(
      "unshare -n sh -c 'ip link add br0 type bridge vlan_filtering 1 && ip link add link br0 name v10 type vlan id "
      "10'",
      "a bridge that filters VLANs, with a VLAN interface,");
  passes("office-vlans.toml");
}
TEST_CASE("the example mtu-black-hole passes its tests") {
  need_nftables();
  passes("mtu-black-hole.toml");
}
TEST_CASE("the example asymmetric-routes passes its tests") {
  need_nftables();
  passes("asymmetric-routes.toml");
}
TEST_CASE("the example wan passes its tests") {
  need("unshare -n tc qdisc add dev lo root netem delay 1ms", "netem");
  need_program("iperf3");
  passes("wan.toml");
}
TEST_CASE("the example dual-stack passes its tests") { passes("dual-stack.toml", "-j 4"); }

TEST_CASE("the example ospf-ring passes its tests") {
  need_frr("ospfd");
  passes("ospf-ring.toml");
}
TEST_CASE("the example ospf-flap passes its tests") {
  need_frr("ospfd");
  need_frr("ospf6d");
  passes("ospf-flap.toml");
}
TEST_CASE("the example evpn-fabric passes its tests") {
  need_frr("bgpd");
  need("unshare -n ip link add v type vxlan id 10 dstport 4789 local 192.0.2.1 nolearning", "a VXLAN");
  passes("evpn-fabric.toml");
}
TEST_CASE("the example bgp-multihomed passes its tests") {
  need_program("bird");
  passes("bgp-multihomed.toml");
}
TEST_CASE("the example anycast passes its tests") {
  need_program("bird");
  need_program("dnsmasq");
  passes("anycast.toml");
}
TEST_CASE("the example dhcp-ra passes its tests") {
  need_program("dnsmasq");
  need_program("udhcpc");
  passes("dhcp-ra.toml");
}
TEST_CASE("the example vrrp-failover passes its tests") {
  need_program("keepalived");
  passes("vrrp-failover.toml");
}
TEST_CASE("the example dns-hierarchy passes its tests") {
  need_program("named");
  passes("dns-hierarchy.toml");
}
TEST_CASE("the example firewall passes its tests") {
  need_nftables();
  passes("firewall.toml");
}
TEST_CASE("the example load-balancing passes its tests") {
  need_nftables();
  need("unshare -n nft -f " NETRIG_CONFIG_DIR "/load-balancing/nftables.conf", "balancing by nftables");
  passes("load-balancing.toml");
}
