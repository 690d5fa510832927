// SPDX-License-Identifier: Apache-2.0
// What a machine drops for want of room is no loss of the lab.
#include "catch.hpp"
#include "check/machine_room.hpp"
#include "check/rig.hpp"

using namespace netrig;

namespace {

/// Makes the machine drop packets all the while, as others that flood it would: each packet of its loop becomes 1200 at
/// once, and a processor's queue holds net.core.netdev_max_backlog of them (1000).
class Crowd {
 public:
  Crowd() {
    scratch::must(
        "set -e; ip netns add crowd; ip -n crowd link add name in0 type veth peer name in1; "
        "ip -n crowd link add name out0 type veth peer name out1; "
        "for i in in0 in1 out0 out1; do ip -n crowd link set dev $i addrgenmode none up; done; "
        "ip -n crowd address add 192.0.2.1/24 dev in1; "
        "ip -n crowd neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev in1");
    std::string rules = "table netdev t {\nchain c { type filter hook ingress device in0 priority 0;\n";
    for (int i = 0; i < 1200; ++i) rules += "dup to \"out0\"\n";
    const auto set_up = scratch::sh("ip netns exec crowd nft -f " + scratch::file("copies", rules + "}\n}\n"));
    if (set_up.exit != 0) scratch::skip("this kernel does not copy packets: " + set_up.err.substr(0, 200));
    scratch::must(
        "ip netns exec crowd bash -c 'while sleep 0.1; do echo > /dev/udp/192.0.2.2/9; done' >/dev/null 2>&1 "
        "& echo $! >" +
        scratch::directory() + "/crowd");
    const check::MachineRoom room;
    const std::uint64_t before = room.refusals();
    scratch::await([&] { return room.refusals() != before; });
  }
  ~Crowd() {
    scratch::sh("kill $(cat " + scratch::directory() + "/crowd)");
    scratch::sh("ip netns delete crowd");
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
};

/// The first packet from each source port, of whatever goes to the server of a check, is lost.
const char* const kLoseTheFirst =
    "ip netns exec h2 nft 'add table inet t; add set inet t seen { type inet_service; size 65535; flags dynamic; }; "
    "add chain inet t c { type filter hook input priority 0; }; add rule inet t c meta l4proto { tcp, udp } "
    "th dport 7777 th sport != @seen add @seen { th sport } drop'";

std::string with_test(const std::string& check) {
  return std::string(rig::kRouted) + "[[test]]\nname = \"t\"\nfrom = \"h1\"\n" + check + "\n";
}

}  // namespace

TEST_CASE("a datagram or a connection that the machine may have dropped gets its time again", "[backlog]") {
  const Crowd crowd;
  for (const std::string check : {"udp = { to = \"h2\", flows = 20, timeout = \"500ms\" }",
                                  "tcp = { to = \"h2\", flows = 20, timeout = \"800ms\" }"}) {
    INFO(check);
    const rig::Rig rig(with_test(check));
    scratch::must(kLoseTheFirst);
    const auto result = rig.run<ConnectCheck>("t");
    for (const check::Finding& finding : result.findings) UNSCOPED_INFO(finding.about << ": " << finding.seen);
    CHECK(result.findings.empty());
    CHECK(rig::metric(result.metrics, "resent") >= 20);
  }
}

TEST_CASE("a question to a DNS server that the machine may have dropped is asked again", "[backlog]") {
  if (scratch::sh("command -v dnsmasq").exit != 0) scratch::skip("dnsmasq is not installed");
  const Crowd crowd;
  const rig::Rig rig(
      with_test("dns = { to = \"h2\", name = \"www.example.test\", timeout = \"500ms\" }\n"
                "[service.ns]\nnamespace = \"h2\"\ncommand = [\"dnsmasq\", \"--keep-in-foreground\", "
                "\"--conf-file=/dev/null\", \"--no-resolv\", \"--no-hosts\", \"--pid-file=\", "
                "\"--user=root\", \"--host-record=www.example.test,192.0.2.80\"]\nready = { udp = 53 }"));
  scratch::must(
      "ip netns exec h2 nft 'add table inet t; add set inet t seen { type ipv4_addr; size 16; flags "
      "dynamic; }; add chain inet t c { type filter hook input priority 0; }; add rule inet t c udp "
      "dport 53 ip saddr != @seen add @seen { ip saddr } drop'");
  const auto result = rig.run<DnsCheck>("t");
  for (const check::Finding& finding : result.findings) UNSCOPED_INFO(finding.about << ": " << finding.seen);
  CHECK(result.findings.empty());
  CHECK_THAT(scratch::sh("ip netns exec h2 nft list set inet t seen").out, ContainsSubstring("192.0.2.1"));
}

TEST_CASE("what the lab loses is lost, whatever the machine drops", "[backlog]") {
  const Crowd crowd;
  const rig::Rig rig(with_test("udp = { to = \"h2\", timeout = \"300ms\" }"));
  scratch::must(
      "ip netns exec h2 nft 'add table inet t; add chain inet t c { type filter hook input priority 0; "
      "}; add rule inet t c udp dport 7777 drop'");
  const auto result = rig.run<ConnectCheck>("t");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "no answer from UDP port 7777");
}
