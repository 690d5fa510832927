// SPDX-License-Identifier: Apache-2.0
// What is not seen, or read, as it was written: a lab with it is as its file says all the same, and what is changed in
// it is mended.
#include "catch.hpp"
#include "running.hpp"

using namespace scratch;
using namespace running;

namespace {

/// Two hosts; these keys are of namespace a, and these of its interface.
std::string seen_lab(const std::string& space, const std::string& interface = "") {
  return file("seen.toml", "[lab]\nname = \"seen\"\n[namespace.a]\n" + space +
                               "\n[namespace.b]\n[device.wire]\ndriver = \"veth\"\ninterfaces = [\n"
                               "  { namespace = \"a\", name = \"eth0\", addresses = [\"10.0.0.1/24\"]" +
                               (interface.empty() ? "" : ", " + interface) +
                               " },\n  { namespace = \"b\", name = \"eth0\", addresses = [\"10.0.0.2/24\"] },\n]\n");
}

/// An edit that the kernel refuses at its end, after all else is done: a second host with an address of the first.
void fails_to_edit(const std::string& lab) {
  const std::string text = replaced(read(lab), "[namespace.b]\n", "[namespace.b]\n[namespace.c]\n") +
                           "[device.other]\ndriver = \"veth\"\ninterfaces = [\n"
                           "  { namespace = \"a\", name = \"eth1\" },\n"
                           "  { namespace = \"c\", name = \"eth0\", addr_gen_mode = \"stable_secret\" },\n]\n";
  const Result up = cli("up --replace " + file("edited.toml", text));
  CHECK(up.exit == 1);
  CHECK_THAT(up.err, ContainsSubstring("addr_gen_mode \"stable_secret\" of c:eth0"));
  CHECK_THAT(up.err, !ContainsSubstring("did not end well"));
  const Result verified = cli("verify --strict seen");
  CHECK(verified.out + verified.err == verified.out);
  CHECK(verified.exit == 0);
}

/// Brings it up, and sees that nothing differs, for netrig as for who asks again.
void is_as_written(const std::string& lab) {
  const Result up = cli("up " + lab);
  INFO(up.err);
  REQUIRE(up.exit == 0);
  const Result verified = cli("verify --strict seen");
  CHECK(verified.out + verified.err == verified.out);
  CHECK(verified.exit == 0);
  CHECK(Json::parse(cli("--json plan " + lab).out)["steps"].empty());
}

}  // namespace

TEST_CASE("a route with a routing daemon's protocol is the lab's, and those of the daemon are nobody's") {
  const std::string with = "routes = [{ to = \"192.0.2.0/24\", via = \"10.0.0.2\", protocol = \"bird\" }]";
  is_as_written(seen_lab(with));
  CHECK(ip("-n a route show 192.0.2.0/24")[0]["protocol"] == "bird");
  REQUIRE(sh("ip -n a route add 198.51.100.0/24 via 10.0.0.2 proto bird && ip -n a route del 192.0.2.0/24").exit == 0);
  const Result verified = cli("verify --strict seen");
  CHECK(verified.exit == 1);
  CHECK_THAT(verified.out, ContainsSubstring("a route 192.0.2.0/24 via 10.0.0.2: missing"));
  CHECK_THAT(verified.out, !ContainsSubstring("198.51.100.0"));
  REQUIRE(cli("up --remove-foreign " + directory() + "/seen.toml").exit == 0);
  CHECK(ip("-n a route show 192.0.2.0/24").size() == 1);
  CHECK(ip("-n a route show 198.51.100.0/24").size() == 1);
  SECTION("after an edit that fails, both are there") {
    fails_to_edit(directory() + "/seen.toml");
    CHECK(ip("-n a route show 192.0.2.0/24").size() == 1);
    CHECK(ip("-n a route show 198.51.100.0/24").size() == 1);
  }
  SECTION("without it, it goes") {
    REQUIRE(cli("up " + seen_lab("")).exit == 0);
    CHECK(ip("-n a route show 192.0.2.0/24").empty());
    CHECK(ip("-n a route show 198.51.100.0/24").size() == 1);
  }
  CHECK(cli("down seen").exit == 0);
  require_nothing_left();
}

TEST_CASE("a route of the file that a routing daemon has taken over is mended") {
  is_as_written(seen_lab("routes = [{ to = \"192.0.2.0/24\", via = \"10.0.0.2\" }]"));
  REQUIRE(sh("ip -n a route replace 192.0.2.0/24 via 10.0.0.3 proto zebra").exit == 0);
  const Result verified = cli("verify seen");
  CHECK(verified.exit == 1);
  CHECK_THAT(verified.out, ContainsSubstring("protocol: expected 110, found 11"));
  is_as_written(directory() + "/seen.toml");
  CHECK(ip("-n a route show 192.0.2.0/24")[0]["gateway"] == "10.0.0.2");
  CHECK(cli("down seen").exit == 0);
  require_nothing_left();
}

TEST_CASE("what a daemon has made where others' links come and go is not made in its place") {
  const std::string wide = "routes = [{ to = \"192.0.2.0/24\", via = \"10.0.0.2\" }]";
  is_as_written(seen_lab(wide));
  REQUIRE(sh("ip -n a route add 198.51.100.0/24 via 10.0.0.2 proto bird").exit == 0);
  // The only IPv4 address is made anew, and takes all routes over it along.
  const std::string lab = seen_lab(wide, "alias = \"x\"");
  REQUIRE(cli("up " + file("seen.toml", replaced(read(lab), "[\"10.0.0.1/24\"]",
                                                 "[{ address = \"10.0.0.1/24\", label = \"eth0:x\" }]")))
              .exit == 0);
  CHECK(ip("-n a route show 192.0.2.0/24").size() == 1);
  CHECK(ip("-n a route show 198.51.100.0/24").empty());
  CHECK(cli("down seen").exit == 0);
  require_nothing_left();
}

TEST_CASE("a neighbour that may be learned anew is the lab's while it is there") {
  const std::string with = "neighbours = [{ address = \"10.0.0.9\", mac = \"02:00:00:00:00:09\", state = \"stale\" }]";
  is_as_written(seen_lab("", with));
  REQUIRE(sh("ip -n a neigh del 10.0.0.9 dev eth0").exit == 0);
  CHECK(cli("verify seen").exit == 1);
  REQUIRE(cli("up " + directory() + "/seen.toml").exit == 0);
  CHECK(ip("-n a neigh show 10.0.0.9")[0]["lladdr"] == "02:00:00:00:00:09");
  // What b is to a, a has learned: nobody's. So is what a daemon has learned for the kernel.
  REQUIRE(sh("ip -n a neigh add 10.0.0.77 lladdr 02:00:00:00:00:77 dev eth0 nud permanent extern_learn").exit == 0);
  REQUIRE(answers("a", "10.0.0.2"));
  CHECK(cli("verify --strict seen").exit == 0);
  CHECK(cli("down seen").exit == 0);
  require_nothing_left();
}

TEST_CASE("a sysctl that reads otherwise than it was written is as the file says, until somebody changes it") {
  // A bit mask of ports, a number in another base, and words with more between them than one space.
  const std::string lab = seen_lab(
      "sysctl = { \"net.ipv4.ip_local_reserved_ports\" = \"8081,8080,9000\", "
      "\"net.ipv4.tcp_mtu_probing\" = \"0x1\", \"net.ipv4.tcp_rmem\" = \"4096  8192   65536\" }");
  is_as_written(lab);
  CHECK(sh("ip netns exec a sysctl -n net.ipv4.ip_local_reserved_ports").out == "8080-8081,9000\n");
  REQUIRE(sh("ip netns exec a sysctl -qw net.ipv4.ip_local_reserved_ports=80").exit == 0);
  const Result verified = cli("verify seen");
  CHECK(verified.exit == 1);
  CHECK_THAT(verified.out, ContainsSubstring("net.ipv4.ip_local_reserved_ports"));
  CHECK_THAT(verified.out, ContainsSubstring("expected 8081,8080,9000, found 80"));
  is_as_written(lab);
  SECTION("after an edit that fails") {
    fails_to_edit(lab);
    CHECK(sh("ip netns exec a sysctl -n net.ipv4.ip_local_reserved_ports").out == "8080-8081,9000\n");
  }
  SECTION("no longer in the file") {
    is_as_written(seen_lab(""));
    CHECK(sh("ip netns exec a sysctl -n net.ipv4.ip_local_reserved_ports").out == "\n");
  }
  SECTION("edited") {
    is_as_written(seen_lab("sysctl = { \"net.ipv4.ip_local_reserved_ports\" = \"7,6\" }"));
    CHECK(sh("ip netns exec a sysctl -n net.ipv4.ip_local_reserved_ports").out == "6-7\n");
    CHECK(sh("ip netns exec a sysctl -n net.ipv4.tcp_mtu_probing").out == "0\n");
  }
  CHECK(cli("down seen").exit == 0);
  require_nothing_left();
}

TEST_CASE("a sysctl that cannot be read before it is set, and one that never can, are set") {
  is_as_written(seen_lab("sysctl = { \"net.ipv4.route.flush\" = 1 }",
                         "sysctl = { \"ipv6.stable_secret\" = \"2001:db8::1\" }, addr_gen_mode = \"stable_secret\""));
  CHECK(sh("ip netns exec a sysctl -n net.ipv6.conf.eth0.stable_secret").out ==
        "2001:0db8:0000:0000:0000:0000:0000:0001\n");
  is_as_written(seen_lab("", "sysctl = { \"ipv6.stable_secret\" = \"2001:db8::2\" }"));
  CHECK(sh("ip netns exec a sysctl -n net.ipv6.conf.eth0.stable_secret").out ==
        "2001:0db8:0000:0000:0000:0000:0000:0002\n");
  CHECK(cli("down seen").exit == 0);
  require_nothing_left();
}

TEST_CASE("an empty value is given back to a namespace that others use, and is none for a number") {
  REQUIRE(sh("ip netns add ours").exit == 0);
  const std::string existing = "[lab]\nname = \"seen\"\n[namespace.ours]\nexisting = true\nsysctl = { ";
  REQUIRE(cli("up " + file("seen.toml", existing + "\"net.ipv4.ip_local_reserved_ports\" = \"8081,8080\" }\n")).exit ==
          0);
  CHECK(sh("ip netns exec ours sysctl -n net.ipv4.ip_local_reserved_ports").out == "8080-8081\n");
  CHECK(cli("down seen").exit == 0);
  CHECK(sh("ip netns exec ours sysctl -n net.ipv4.ip_local_reserved_ports").out == "\n");
  CHECK(cli("up " + file("seen.toml", existing + "\"net.ipv4.ip_forward\" = \"\" }\n")).exit == 1);
  REQUIRE(sh("ip netns del ours").exit == 0);
  require_nothing_left();
}

TEST_CASE("sysctls of an interface go with it when somebody renames it") {
  const std::string lab = seen_lab("", "sysctl = { \"ipv4.forwarding\" = 1, \"ipv4.rp_filter\" = 2 }");
  is_as_written(lab);
  REQUIRE(sh("ip -n a link set eth0 down && ip -n a link set eth0 name wan.0 && ip -n a link set wan.0 up").exit == 0);
  const Result verified = cli("verify seen");
  CHECK(verified.exit == 1);
  CHECK_THAT(verified.out, ContainsSubstring("name: expected eth0, found wan.0"));
  CHECK_THAT(verified.out, !ContainsSubstring("sysctl"));
  SECTION("after an edit that fails") { fails_to_edit(lab); }
  SECTION("mended") { is_as_written(lab); }
  CHECK(sh("ip netns exec a sysctl -n net.ipv4.conf.eth0.rp_filter").out == "2\n");
  CHECK(cli("down seen").exit == 0);
  require_nothing_left();
}

TEST_CASE("an MTU too small for what the file has of IPv6 is drift although it names none") {
  const std::string lab = seen_lab("", "addr_gen_mode = \"none\", sysctl = { \"ipv6.neigh.gc_stale_time\" = 5 }");
  is_as_written(lab);
  REQUIRE(sh("ip -n a link set eth0 mtu 1000").exit == 0);
  const Result verified = cli("verify seen");
  CHECK(verified.exit == 1);
  CHECK_THAT(verified.out, ContainsSubstring("mtu: expected 1280, found 1000"));
  is_as_written(lab);
  CHECK(sh("ip netns exec a sysctl -n net.ipv6.neigh.eth0.gc_stale_time").out == "5\n");
  CHECK(cli("down seen").exit == 0);
  require_nothing_left();
}

TEST_CASE("a sysctl that could not be given back is refused in a namespace that others use") {
  REQUIRE(sh("ip netns add ours").exit == 0);
  const Result up = cli("up " + file("seen.toml",
                                     "[lab]\nname = \"seen\"\n[namespace.ours]\nexisting = true\n"
                                     "sysctl = { \"net.ipv6.conf.default.stable_secret\" = \"2001:db8::1\" }\n"));
  CHECK(up.exit == 6);
  CHECK_THAT(up.err, ContainsSubstring("seen.toml:5:"));
  CHECK_THAT(up.err, ContainsSubstring("cannot be read, so it could not be given back"));
  REQUIRE(sh("ip -n ours link add own type veth peer name other").exit == 0);
  CHECK(cli("up " + file("seen.toml",
                         "[lab]\nname = \"seen\"\n[namespace.ours]\nexisting = true\n"
                         "sysctl = { \"net.ipv6.conf.own.stable_secret\" = \"2001:db8::1\" }\n"))
            .exit == 6);
  REQUIRE(sh("ip netns del ours").exit == 0);
  require_nothing_left();
}

TEST_CASE("of several settings of a link, the one that the kernel refuses is named, at its place") {
  const std::string text =
      "[lab]\nname = \"seen\"\n[namespace.a]\n[device.wire]\ndriver = \"veth\"\ninterfaces = [\n"
      "  { namespace = \"a\", name = \"eth0\", alias = \"first\", txqlen = 7, addr_gen_mode = \"stable_secret\" },\n"
      "  { namespace = \"a\", name = \"eth1\" },\n]\n";
  const Result up = cli("up " + file("seen.toml", text));
  CHECK(up.exit != 0);
  CHECK_THAT(up.err, ContainsSubstring("seen.toml:7:82: the kernel refuses addr_gen_mode \"stable_secret\" of a:eth0"));
  require_nothing_left();
}

TEST_CASE("sysctls of IPv6 are set when the MTU has become great enough for it") {
  const std::string grown = "mtu = 1500, sysctl = { \"ipv6.accept_ra\" = 0 }";
  REQUIRE(cli("up " + seen_lab("", "mtu = 1000")).exit == 0);
  CHECK(sh("ip netns exec a test -e /proc/sys/net/ipv6/conf/eth0").exit == 1);
  is_as_written(seen_lab("", grown));
  CHECK(sh("ip netns exec a sysctl -n net.ipv6.conf.eth0.accept_ra").out == "0\n");
  SECTION("and again when somebody has taken it away") {
    REQUIRE(sh("ip -n a link set eth0 mtu 1000").exit == 0);
    CHECK(cli("verify seen").exit == 1);
    is_as_written(seen_lab("", grown));
    CHECK(sh("ip netns exec a sysctl -n net.ipv6.conf.eth0.accept_ra").out == "0\n");
  }
  CHECK(cli("down seen").exit == 0);
  require_nothing_left();
}

TEST_CASE("a link that somebody has renamed gets its name back while it is up") {
  is_as_written(seen_lab("routes = [{ to = \"default\", via = \"10.0.0.2\" }]"));
  // Before 6.2 that goes only while it is down.
  REQUIRE(sh("ip -n a link set eth0 down && ip -n a link set eth0 name wan0 && ip -n a link set wan0 up").exit == 0);
  const Result verified = cli("verify seen");
  CHECK(verified.exit == 1);
  CHECK_THAT(verified.out, ContainsSubstring("name: expected eth0, found wan0"));
  is_as_written(directory() + "/seen.toml");
  CHECK(links("a") == std::vector<std::string>{"eth0"});
  CHECK(answers("a", "10.0.0.2"));
  CHECK(cli("down seen").exit == 0);
  require_nothing_left();
}
