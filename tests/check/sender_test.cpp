// SPDX-License-Identifier: Apache-2.0
// `source`, `dev` and `tos` of checks, and what a route is looked up for: as the other end's firewall sees it.
#include "catch.hpp"
#include "check/rig.hpp"

using namespace netrig;

namespace {

/// The routed lab with a web server at h2, and h1 with two more addresses.
std::string sender_lab(const std::string& tests) {
  std::string text = scratch::replaced(rig::kRouted, "\"2001:db8:1::1/64\"",
                                       "\"2001:db8:1::1/64\", \"192.0.2.77/24\", \"2001:db8:1::77/64\"");
  return text +
         "[service.web]\nstart = \"test\"\nnamespace = \"h2\"\ncommand = [\"python3\", \"-m\", "
         "\"http.server\", \"80\"]\nready = { tcp = 80 }\ntimeout = \"50s\"\n" +
         tests;
}

/// A test during which h2 takes only packets that this matches from h1, and no others.
std::string test_of(const std::string& name, const std::string& check, const std::string& only) {
  return "[[test]]\nname = \"" + name + "\"\nfrom = \"h1\"\n" + check +
         "\nbefore = [{ namespace = \"h2\", command = '''nft 'add table inet t; add chain inet t c { type filter hook "
         "input priority 0; policy drop; }; add rule inet t c ip6 hoplimit 255 accept; add rule inet t c iif lo "
         "accept; add rule inet t c " +
         only + " accept' '''}]\nafter = [{ namespace = \"h2\", command = \"nft delete table inet t\" }]\n";
}

}  // namespace

TEST_CASE("packets of checks leave from the source and with the type of service that a test says") {
  const std::string to = "{ to = \"h2\", timeout = \"3s\", ";
  const std::string source = "source = \"192.0.2.77\" }";
  const std::string from = "ip saddr 192.0.2.77";
  std::string tests = test_of("ping", "ping = " + to + "count = 1, " + source, from);
  tests += test_of("ping over IPv6", "ping = " + to + "count = 1, source = \"2001:db8:1::77\" }",
                   "ip6 saddr 2001:db8:1::77");
  tests += test_of("tcp", "tcp = " + to + source, from);
  tests += test_of("udp", "udp = " + to + source, from);
  tests += test_of("http", "services = \"web\"\nhttp = " + to + source, from);
  tests += test_of("ping with tos", "ping = " + to + "count = 1, tos = 0x20 }", "ip dscp 8");
  tests +=
      test_of("ping with traffic class", "ping = " + to + "count = 1, family = \"ipv6\", tos = 0x20 }", "ip6 dscp 8");
  tests += test_of("tcp with tos", "tcp = " + to + "tos = 0x20 }", "ip dscp 8");
  tests += test_of("udp with traffic class", "udp = " + to + "family = \"ipv6\", tos = 0x20 }", "ip6 dscp 8");
  tests += test_of("path", "path = { to = \"h2\", hops = [\"r\", \"h2\"], timeout = \"3s\", " + source, from);
  // And what has another does not get through, by which the others say something.
  tests += test_of("other source", "unreachable = { to = \"h2\", source = \"192.0.2.1\" }", from);
  tests += test_of("other tos", "unreachable = { to = \"h2\", protocol = \"udp\", tos = 0x40 }", "ip dscp 8");
  const auto run = scratch::cli("run " + scratch::file("lab.toml", sender_lab(tests)));
  INFO(run.out << run.err);
  CHECK(run.exit == 0);
}

TEST_CASE("packets of checks leave by the device that a test says") {
  const std::string lo = "dev = \"lo\" }";
  const std::string eth0 = "dev = \"eth0\" }";
  const auto test = [](const std::string& name, const std::string& check) {
    return "[[test]]\nname = \"" + name + "\"\nfrom = \"h1\"\n" + check + "\n";
  };
  std::string tests = test("ping", "ping = { to = \"h2\", count = 1, " + eth0);
  tests += test("tcp", "tcp = { to = \"h2\", " + eth0);
  tests += test("http", "services = \"web\"\nhttp = { to = \"h2\", " + eth0);
  tests += test("no way by lo", "unreachable = { to = \"h2\", " + lo);
  tests += test("nor with tcp", "unreachable = { to = \"h2\", protocol = \"tcp\", " + lo);
  const auto run = scratch::cli("run " + scratch::file("lab.toml", sender_lab(tests)));
  INFO(run.out << run.err);
  CHECK(run.exit == 0);
}

TEST_CASE("packets of checks leave by the VRF that a test says") {
  // h1's table knows no way; that of the VRF, in which h1's link is, does.
  const rig::Rig rig(std::string(rig::kRouted) +
                     "[[test]]\nname = \"in it\"\nfrom = \"h1\"\nping = { to = \"h2\", count = 1, dev = \"red\" }\n"
                     "[[test]]\nname = \"outside\"\nfrom = \"h1\"\nping = { to = \"h2\", count = 1 }\n");
  if (scratch::sh("ip -n h1 link add red type vrf table 10").exit != 0) scratch::skip("this kernel has no VRFs");
  REQUIRE(scratch::sh("set -e; ip -n h1 link set red up; ip -n h1 link set eth0 master red; ip -n h1 route replace "
                      "default via 192.0.2.254 vrf red")
              .exit == 0);
  CHECK(rig.run<PingCheck>("in it").findings.empty());
  const auto outside = rig.run<PingCheck>("outside");
  REQUIRE(outside.findings.size() == 1);
  CHECK_THAT(outside.findings[0].seen, ContainsSubstring("no route to 198.51.100.2"));
}

TEST_CASE("a source or a device that the sender does not have is an error") {
  const auto reason = [](const std::string& check) {
    const auto run = scratch::cli("run --json " + scratch::file("lab.toml", std::string(rig::kRouted) +
                                                                                "[[test]]\nname = \"t\"\nfrom = "
                                                                                "\"h1\"\n" +
                                                                                check + "\n"));
    CHECK(run.exit == 2);
    return scratch::Json::parse(run.out)["tests"][0]["reason"].get<std::string>();
  };
  CHECK_THAT(reason("ping = { to = \"h2\", source = \"192.0.2.78\" }"),
             ContainsSubstring("h1 has no address 192.0.2.78 to send from"));
  CHECK_THAT(reason("tcp = { to = \"h2\", dev = \"eth7\" }"), ContainsSubstring("h1 has no interface eth7 to send by"));
}

TEST_CASE("route asks the kernel for the packet that a test says") {
  const std::string detour = "via = \"192.0.2.253\"";
  const std::string straight = "via = \"192.0.2.254\"";
  const auto test = [](const std::string& name, const std::string& from, const std::string& route) {
    return "[[test]]\nname = \"" + name + "\"\nfrom = \"" + from + "\"\nroute = { to = \"198.51.100.2\", " + route +
           " }\n";
  };
  const rig::Rig rig(sender_lab(test("plain", "h1", straight) + test("mark", "h1", "fwmark = \"0x2\", " + detour) +
                                test("other mark", "h1", "fwmark = 3, " + straight) +
                                test("source", "h1", "source = \"192.0.2.77\", " + detour) +
                                test("port", "h1", "protocol = \"tcp\", destination_port = 80, " + detour) +
                                test("other port", "h1", "protocol = \"tcp\", destination_port = 81, " + straight) +
                                test("source port", "h1", "protocol = \"udp\", source_port = 53, " + detour) +
                                test("comes in", "r", "source = \"192.0.2.1\", iif = \"eth1\", interface = \"eth2\"") +
                                test("wrong", "h1", "fwmark = 2, " + straight)));
  REQUIRE(
      scratch::sh("set -e; ip -n h1 route add default via 192.0.2.253 table 100; ip -n h1 rule add fwmark 2 lookup "
                  "100; ip -n h1 rule add from 192.0.2.77 lookup 100; ip -n h1 rule add ipproto tcp dport 80 lookup "
                  "100; ip -n h1 rule add ipproto udp sport 53 lookup 100")
          .exit == 0);
  for (const Test& one : rig.lab().tests) {
    const auto result = rig.run<RouteCheck>(one.name);
    INFO(one.name << (result.findings.empty() ? "" : ": " + result.findings[0].seen));
    CHECK(result.findings.empty() == (one.name != "wrong"));
  }
  const auto wrong = rig.run<RouteCheck>("wrong");
  CHECK_THAT(wrong.findings.at(0).seen, ContainsSubstring("via 192.0.2.253"));
  CHECK(wrong.findings[0].expected == "a route to 198.51.100.2 via 192.0.2.254 for a packet with mark 0x2");
  CHECK(wrong.findings[0].look_at == "netrig exec rig h1 -- ip route get 198.51.100.2 mark 0x2");
}
