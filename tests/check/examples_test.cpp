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
TEST_CASE("the example mtu-black-hole passes its tests") {
  need_nftables();
  passes("mtu-black-hole.toml");
}
TEST_CASE("the example asymmetric-routes passes its tests") {
  need_nftables();
  passes("asymmetric-routes.toml");
}
TEST_CASE("the example dual-stack passes its tests") { passes("dual-stack.toml", "-j 4"); }
