// SPDX-License-Identifier: Apache-2.0
// Every wrong lab file gets one message that says where, what is wrong, and what would be right.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "fake_drivers.hpp"

using namespace netrig;

namespace {

/// A lab with two joined namespaces; `extra` begins in line 12.
std::string lab(const std::string& extra) {
  return "[lab]\n"
         "name = \"x\"\n"
         "[namespace.a]\n"
         "[namespace.b]\n"
         "[device.wire]\n"
         "driver = \"veth\"\n"
         "interfaces = [\n"
         "  { namespace = \"a\", name = \"eth0\", addresses = [\"10.0.0.1/24\"] },\n"
         "  { namespace = \"b\", name = \"eth0\", addresses = [\"10.0.0.2/24\"] },\n"
         "]\n"
         "\n" +
         extra;
}
/// A lab whose second interface is this.
std::string with_interface(const std::string& interface) {
  return "[lab]\nname = \"x\"\n[namespace.a]\n[namespace.b]\n[device.wire]\ndriver = \"veth\"\ninterfaces = [\n"
         "  { namespace = \"a\", name = \"eth0\" },\n" +
         interface + "\n]\n";
}
std::string with_address(const std::string& address) {
  return with_interface("{ namespace = \"b\", name = \"eth0\", addresses = [" + address + "] }");
}
std::string with_name(const std::string& name) {
  return with_interface("{ namespace = \"b\", name = \"" + name + "\" }");
}
std::string with_route(const std::string& route) {
  std::string text = lab("");
  return text.replace(text.find("[namespace.a]"), 13, "[namespace.a]\nroutes = [{ " + route + " }]");
}

std::string error_of(const std::string& text) {
  try {
    config::parse(text, "lab.toml", fake_drivers());
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}
std::string error_of_file(const std::string& path) {
  try {
    config::load(path, fake_drivers());
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

struct Case {
  std::string text;
  std::string message;
};

void check(const std::vector<Case>& cases) {
  for (const auto& [text, message] : cases) {
    INFO(text.substr(0, 2000));
    CHECK_THAT(error_of(text), ContainsSubstring(message));
  }
}

}  // namespace

TEST_CASE("keys that are unknown, missing or of the wrong type are refused where they stand") {
  check({
      {"[lab]\nnmae = \"x\"\n", "lab.toml:2:1: unknown key \"nmae\" in [lab]; did you mean \"name\"?"},

      {lab("[device.w2]\ndriver = \"veth\"\ninterfaces = [{ namespace = \"a\", name = \"x\", adresses = [] }, { "
           "namespace = \"b\", name = \"y\" }]"),
       "lab.toml:14:46: unknown key \"adresses\" in interface; did you mean \"addresses\"?"},
      {lab("[devise.w2]\n"), "lab.toml:12:2: unknown key \"devise\" in the file; did you mean \"device\"?"},
      {lab("[namespace.c]\nfrobnicate = 1\n"),
       "lab.toml:13:1: unknown key \"frobnicate\" in namespace; it can have existing, path, lo, forwarding, gateway"},
      {"[lab]\n", "lab.toml:1:1: [lab] has no \"name\""},
      {"[namespace.a]\n", "lab.toml:1:1: there is no [lab]"},
      {"[lab]\nname = 7\n", "lab.toml:2:8: name is an integer; write a string in quotes"},
      {"lab = 7\n", "lab.toml:1:7: lab is an integer; write a table"},
      {lab("namespace = 3\n"), "lab.toml:12:"},
      {lab("[namespace]\nc = 3\n"), "lab.toml:13:5: namespace \"c\" is an integer, not a table"},
      {with_interface("{ namespace = \"b\", name = \"eth0\", mtu = \"big\" }"),
       "lab.toml:9:41: mtu is a string; write an integer without quotes"},
      {with_interface("{ namespace = \"b\", name = \"eth0\", mtu = 67 }"),
       "lab.toml:9:41: mtu = 67 is out of range; it can be 68 to 65535"},
      {with_interface("{ namespace = \"b\", name = \"eth0\", addresses = \"10.0.0.1/24\" }"),
       "lab.toml:9:47: addresses is a string; write a list"},
      {with_interface("7"), "lab.toml:9:1: interface is not a table"},
      {with_interface("{ namespace = \"b\", name = \"eth0\", state = \"on\" }"),
       "lab.toml:9:43: state = \"on\" is not known; it can be \"up\", \"down\""},
      {with_interface("{ name = \"eth0\" }"), "lab.toml:9:1: interface has no \"namespace\""},
      {"[lab]\nname = \"x\"\nname = \"y\"\n", "lab.toml:3:"},
      {"[lab\nname = \"x\"\n", "lab.toml:1:"},
  });
}

TEST_CASE("names that the kernel or a file system would not take are refused") {
  check({
      {with_name("abcdefghijklmnop"),
       "lab.toml:9:27: interface name \"abcdefghijklmnop\" is 16 bytes long; at most 15 are allowed"},
      {with_name(""), "lab.toml:9:27: interface name \"\" is empty"},
      {with_name("."), "interface name \".\" is reserved by the kernel"},
      {with_name(".."), "interface name \"..\" is reserved by the kernel"},
      {with_name("all"), "interface name \"all\" is reserved by the kernel"},
      {with_name("default"), "interface name \"default\" is reserved by the kernel"},
      {with_name("a/b"), "interface name \"a/b\" has '/' in it"},
      {with_name("a b"), "interface name \"a b\" has a space in it"},
      {with_name("a:b"), "interface name \"a:b\" has ':' in it"},
      {with_name("a\\u0007b"), "has the control byte 0x07 in it"},
      {with_name("a\\u0000b"), "interface name \"a\\x00b\" has the control byte 0x00 in it"},
      {with_name("\\u00fc"), "has a byte that is not ASCII in it"},
      {with_name("eth%d"), "has '%' in it"},
      {with_name("lo"), "lab.toml:9:27: interface name \"lo\" is the loopback's"},
      {lab("[namespace.\"../../etc\"]\n"), "lab.toml:12:12: namespace name \"../../etc\" has '/' in it"},
      {lab("[namespace.\"\"]\n"), "namespace name \"\" is empty"},
      {lab("[namespace.\"..\"]\n"), "namespace name \"..\" is a directory"},
      {lab("[namespace.\"-x\"]\n"), "namespace name \"-x\" begins with '-'"},
      {lab("[namespace.\"" + std::string(256, 'n') + "\"]\n"), "is 256 bytes long; at most 255 are allowed"},
      {"[lab]\nname = \"../x\"\n", "lab.toml:2:8: lab name \"../x\" has '/' in it"},
      {"[lab]\nname = \"\"\n", "lab name \"\" is empty"},
      {lab("[device.\"a b\"]\n"), "device name \"a b\" has a space in it"},
  });
}

TEST_CASE("addresses that no interface can have are refused") {
  check({
      {with_address("\"192.0.2.1\""),
       "lab.toml:9:48: address \"192.0.2.1\" has no prefix length; write \"192.0.2.1/24\""},
      {with_address("\"2001:db8::1\""), "address \"2001:db8::1\" has no prefix length; write \"2001:db8::1/64\""},
      {with_address("\"192.0.2.1/33\""), "address \"192.0.2.1/33\" has a bad prefix length; it can be 0 to 32"},
      {with_address("\"192.0.2.1/x\""), "has a bad prefix length"},
      {with_address("\"192.0.2.256/24\""), "address \"192.0.2.256/24\" is not an IPv4 or IPv6 address"},
      {with_address("\"224.0.0.5/24\""), "address 224.0.0.5/24 is a multicast address"},
      {with_address("\"ff02::1/64\""), "is a multicast address"},
      {with_address("\"0.0.0.0/24\""), "is the unspecified address"},
      {with_address("\"::/64\""), "is the unspecified address"},
      {with_address("\"127.0.0.1/8\""), "address 127.0.0.1 is a loopback address, which no interface can have"},
      {with_address("\"255.255.255.255/32\""), "is the limited broadcast address"},
      {with_address("\"10.0.0.5/0\""), "is on a prefix of length 0"},
      {with_address("7"), "lab.toml:9:48: address is an integer"},
      {with_address("\"10.0.0.5/24\", \"10.0.0.5/24\""), "lab.toml:9:63: address 10.0.0.5 is in namespace b twice"},
      {with_address("{ address = \"10.0.0.5/24\", peer = \"fd00::1\" }"), "peer fd00::1 is of another family"},
      {with_address("{ address = \"10.0.0.5/24\", dad = \"off\" }"), "dad is for IPv6 addresses"},
      {with_interface("{ namespace = \"b\", name = \"eth0\", mtu = 1000, addresses = [\"fd00::1/64\"] }"),
       "mtu 1000 is too small for IPv6, which needs 1280"},
      {with_interface("{ namespace = \"b\", name = \"eth0\", mac = \"03:00:00:00:00:01\" }"), "is a group address"},
      {with_interface("{ namespace = \"b\", name = \"eth0\", mac = \"00:00:00:00:00:00\" }"), "mac is all zero"},
      {with_interface("{ namespace = \"b\", name = \"eth0\", mac = \"x\" }"), "is not a MAC address"},
  });
}

TEST_CASE("addresses that are likely a slip draw a warning that names better ones") {
  const auto warning = [](const std::string& address) {
    const auto parsed = config::parse(with_address(address), "lab.toml", fake_drivers());
    return parsed.warnings.empty() ? std::string("none")
                                   : parsed.warnings.front().where + ": " + parsed.warnings.front().message;
  };
  CHECK_THAT(
      warning("\"240.0.0.7/24\""),
      ContainsSubstring(
          "lab.toml:9:48: address 240.0.0.7/24 is reserved for future use (RFC 1112); labs use private (RFC 1918"));
  CHECK_THAT(warning("\"240.0.0.7/24\""), ContainsSubstring("RFC 5737"));
  CHECK_THAT(warning("\"8.8.8.8/24\""), ContainsSubstring("is public and belongs to somebody"));
  CHECK_THAT(warning("\"2a00::1/64\""), ContainsSubstring("RFC 3849"));
  CHECK_THAT(warning("\"10.0.0.0/24\""), ContainsSubstring("is the network address of its prefix"));
  CHECK_THAT(warning("\"10.0.0.255/24\""), ContainsSubstring("is the broadcast address of its prefix"));
  for (const char* good : {"\"10.0.0.0/31\"", "\"10.0.0.1/32\"", "\"192.0.2.7/24\"", "\"100.64.0.1/10\"",
                           "\"fd00::1/64\"", "\"2001:db8::1/64\"", "\"169.254.1.1/16\""})
    CHECK(warning(good) == "none");
}

TEST_CASE("an address that two interfaces of one link have draws a warning") {
  const auto warnings = [](const std::string& text) {
    std::string all;
    for (const auto& one :
         config::parse("[lab]\nname = \"x\"\n[namespace.a]\n[namespace.b]\n" + text, "lab.toml", fake_drivers())
             .warnings)
      all += one.where + ": " + one.message + "\n";
    return all;
  };
  CHECK(warnings("[[link]]\nends = [\"a:eth0 10.0.0.1/24\", \"b:eth0 10.0.0.1/24\"]\n") ==
        "lab.toml:6:31: address 10.0.0.1 is also that of a:eth0, on the same link\n");
  const std::string port = "[[link]]\nends = [{ end = \"sw:p%\", master = \"br0\" }, \"%:eth0 10.0.0.1/24\"]\n";
  const auto joined = [&](std::string name) {
    std::string text = port;
    for (std::size_t at = text.find('%'); at != std::string::npos; at = text.find('%')) text.replace(at, 1, name);
    return text;
  };
  CHECK_THAT(warnings("[namespace.sw]\n[device.sw]\ndriver = \"bridge\"\ninterfaces = [{ namespace = \"sw\", name = "
                      "\"br0\" }]\n" +
                      joined("a") + joined("b")),
             ContainsSubstring("address 10.0.0.1 is also that of a:eth0, on the same link"));
  // On two wires they do not meet, and a link-local address is that of each link.
  CHECK(warnings("[namespace.c]\n[[link]]\nends = [\"a:eth0 10.0.0.1/24\", \"b:eth0 10.0.0.2/24\"]\n[[link]]\nends "
                 "= [\"a:eth1 10.0.1.1/24\", \"c:eth0 10.0.0.1/24\"]\n")
            .empty());
}

TEST_CASE("a warning that a repeat gives a thousand times is given once") {
  const auto parsed = config::parse(
      "[lab]\nname = \"x\"\n[namespace.hub]\n[[repeat]]\nfor = { i = \"0..99\" }\nnamespace.\"h{i}\" = {}\n"
      "device.\"d{i}\" = { driver = \"veth\", interfaces = [{ namespace = \"hub\", name = \"p{i}\" }, "
      "{ namespace = \"h{i}\", name = \"eth0\", addresses = [\"8.0.0.1/16 + {i}\"] }] }\n",
      "lab.toml", fake_drivers());
  REQUIRE(parsed.warnings.size() == 1);
  CHECK_THAT(parsed.warnings.front().message, ContainsSubstring("(and 99 more like it)"));
}

TEST_CASE("routes that lead nowhere are refused") {
  check({
      {with_route("to = \"default\", via = \"10.9.9.9\""),
       "lab.toml:4:11: next hop 10.9.9.9 is not reachable from namespace a, whose addresses are 10.0.0.1/24; add an "
       "address on its prefix"},
      {with_route("to = \"default\", via = \"fd00::9\""), "which has no address of that family"},
      {with_route("to = \"default\""), "route has neither via nor dev"},
      {with_route("to = \"default\", dev = \"eth1\""), "namespace a has no interface \"eth1\"; did you mean \"eth0\"?"},
      {with_route("to = \"fd00::/64\", via = \"10.0.0.2\""), "is IPv6 but its next hop 10.0.0.2 is IPv4"},
      {with_route("to = \"fd00::/64\", via = \"fe80::1\""), "is link-local, so the interface must be named; add dev"},
      {with_route("to = \"10.1.2.3/16\", via = \"10.0.0.2\""), "has host bits set; write \"10.1.0.0/16\""},
      {with_route("to = \"10.1.0.0/16\", type = \"blackhole\", via = \"10.0.0.2\""), "has no next hop"},
      {with_route("to = \"10.1.0.0/16\", via = \"10.0.0.2\", next_hops = [{ via = \"10.0.0.2\" }]"), "use one of them"},
      {with_route("to = \"10.1.0.0/16\", via = \"10.0.0.2/24\""),
       "has a prefix length where one address is wanted; write \"10.0.0.2\""},
      {with_route("to = \"10.1.0.0/16\", via = \"10.0.0.2\", source = \"10.0.0.77\""),
       "source 10.0.0.77 is not an address of namespace a"},
      {with_route("to = \"10.1.0.0/16\", via = \"10.0.0.2\", onlink = true"), "onlink needs both via and dev"},
      {with_route("to = \"10.1.0.0/16\", via = \"10.0.0.2\" }, { to = \"10.1.0.0/16\", via = \"10.0.0.3\""),
       "has a route to 10.1.0.0/16 in table 254 with that metric already"},
      {with_route("via = \"10.0.0.2\""), "route has no \"to\""},
      {with_route("to = \"nowhere\", via = \"10.0.0.2\""), "nor \"default\""},
      {with_route("to = \"default\", via = \"10.0.0.2\", table = \"mine\""), "table \"mine\" is not known"},
  });
}

TEST_CASE("what a lab names must be there") {
  check({
      {with_interface("{ namespace = \"bb\", name = \"eth0\" }"),
       "lab.toml:9:15: unknown namespace \"bb\"; did you mean"},
      {with_interface("{ namespace = \"somewhere\", name = \"eth0\" }"),
       "unknown namespace \"somewhere\"; add [namespace.\"somewhere\"]"},
      {lab("[device.w2]\ndriver = \"vteh\"\ninterfaces = []\n"),
       "lab.toml:13:10: unknown driver \"vteh\"; did you mean \"veth\"?"},
      {lab("[device.w2]\ninterfaces = []\n"), "device has no \"driver\""},
      {lab("[device.w2]\ndriver = \"veth\"\ninterfaces = [{ namespace = \"a\", name = \"x\" }]\n"),
       "lab.toml:14:14: device \"w2\" has 1 interface; a veth has 2"},
      {lab("[device.w2]\ndriver = \"bridge\"\n"), "device \"w2\" has 0 interfaces; a bridge has 1"},
      {with_interface("{ namespace = \"a\", name = \"eth0\" }"),
       "lab.toml:9:27: namespace a has an interface \"eth0\" already, in line 8"},
      {with_interface("{ namespace = \"b\", name = \"eth0\", master = \"br0\" }"),
       "unknown master \"br0\" in namespace b"},
      {with_interface("{ namespace = \"a\", name = \"eth1\", master = \"eth0\" }"),
       "master \"eth0\" is a veth, which cannot be a master; a bridge can"},
      {lab("[device.m]\ndriver = \"macvlan\"\ninterfaces = [{ namespace = \"a\", name = \"m\" }]\n"),
       "driver macvlan needs parameter parent (interface it sits on)"},
      {lab("[device.m]\ndriver = \"macvlan\"\nparams = { parent = \"a:eth9\" }\ninterfaces = [{ namespace = \"a\", "
           "name = \"m\" }]\n"),
       "lab.toml:14:21: namespace a has no interface \"eth9\"; did you mean \"eth0\"?"},
      {lab("[device.m]\ndriver = \"macvlan\"\nparams = { parent = \"q:eth0\" }\ninterfaces = [{ namespace = \"a\", "
           "name = \"m\" }]\n"),
       "unknown namespace \"q\""},
      {lab("[device.m]\ndriver = \"macvlan\"\nparams = { parent = \"eth0\" }\ninterfaces = [{ namespace = \"a\", name "
           "= \"m\" }]\n"),
       "write \"namespace:interface\""},
      {lab("[[test]]\nname = \"t\"\nfrom = \"zz*\"\nping = { to = \"b\" }\n"), "from = \"zz*\" matches no namespace"},
      {lab("[[test]]\nname = \"t\"\nfrom = \"a\"\n"), "test checks nothing"},
      {lab("[[test]]\nname = \"t\"\nfrom = \"a\"\nping = { to = \"b\", max_rtt = \"soon\" }\n"),
       "lab.toml:15:30: max_rtt = \"soon\" is not a duration"},
  });
}

TEST_CASE("what is borrowed is there without the lab, and elsewhere") {
  const auto borrowing = [](const std::string& params, const std::string& home, bool existing) {
    return lab(std::string(existing ? "[namespace.host]\nexisting = true\n" : "") +
               "[device.c]\ndriver = \"card\"\nparams = { " + params + " }\ninterfaces = [{ namespace = \"" + home +
               "\", name = \"wan\" }]\n");
  };
  check({
      {borrowing("mac = \"02:00:00:00:00:01\"", "a", false),
       "lab.toml:12:9: driver card borrows an interface of an existing namespace, and the lab has none"},
      {borrowing("interface = \"a:eth0\"", "b", true), "a:eth0 cannot be borrowed: namespace a is of this lab"},
      {borrowing("interface = \"host:eno1\"", "host", true), "host:eno1 is in that namespace already"},
      {borrowing("interface = \"hots:eno1\"", "a", true), "unknown namespace \"hots\"; did you mean \"host\"?"},
  });
  CHECK(error_of(borrowing("interface = \"host:eno1\"", "a", true)) == "no error");
  CHECK(error_of(borrowing("mac = \"02:00:00:00:00:01\"", "a", true)) == "no error");
}

TEST_CASE("checks of tests refuse what they cannot mean") {
  const auto test = [](const std::string& more) { return lab("[[test]]\nname = \"t\"\nfrom = \"a\"\n" + more + "\n"); };
  const std::string flap = "during = [{ at = \"1s\", interface = \"a:eth0\", state = \"down\" }]\n";
  check({
      {test("within = \"5s\"\nping = { to = \"b\" }"),
       "lab.toml:15:10: within is the check's: write ping = { to = \"h2\", within = \"10s\" }"},
      {test("ping = { to = \"b\", within = \"60s\" }"),
       "lab.toml:15:29: within can take 1m, and the test's timeout is 1m; raise timeout"},
      {test("timeout = \"20s\"\nping = { to = \"b\", within = \"15s\", holds = \"5s\" }"),
       "within with holds can take 20s, and the test's timeout is 20s"},
      {test("timeout = \"5s\"\nping = { to = \"b\", holds = \"5s\" }"), "holds can take 5s"},
      {test(flap + "ping = { to = \"b\", within = \"5s\" }"),
       "lab.toml:16:29: within tries a check again and again, and during is about one run of it; make it two tests"},
      {test(flap + "failover = { to = \"b\", holds = \"5s\" }"),
       "holds tries a check again and again, and failover is about"},
      {test("throughput = { to = \"b\", within = \"5s\" }"), "throughput is about one run of it"},
      {test("share = {}\nping = { to = \"b\" }"), "lab.toml:15:9: share is the check's: write udp = { to = \"h2\""},
      {test("ping = { to = \"b\", within = \"5s\", share = { interfaces = [\"a:eth0\", \"b:eth0\"] } }"),
       "within tries a check again and again, and share is about one run of it"},
      {test("udp = { to = \"b\", share = { ratio = [1] } }"), "lab.toml:15:27: share has no \"interfaces\""},
      {test("udp = { to = \"b\", share = { interfaces = [\"a:eth0\"] } }"), "a share is of two interfaces at least"},
      {test("udp = { to = \"b\", share = { interfaces = [\"a:eth0\", \"a:eth0\"] } }"),
       "lab.toml:15:53: \"a:eth0\" is there already"},
      {test("udp = { to = \"b\", share = { interfaces = [\"a:eth*\", \"b:eth0\"] } }"),
       "\"a:eth*\" is a pattern, and a share is of one interface; name each"},
      {test("udp = { to = \"b\", share = { interfaces = [\"a\", \"b:eth0\"] } }"), "\"a\" names no interface"},
      {test("udp = { to = \"b\", share = { interfaces = [\"a:eth0\", \"b:eht0\"] } }"),
       "\"b:eht0\" matches no interface of the lab; did you mean \"eth0\"?"},
      {test("udp = { to = \"b\", share = { interfaces = [\"a:eth0\", \"b:eth0\"], ratio = [1, 2, 3] } }"),
       "ratio has 3 numbers for 2 interfaces; write one for each"},
      {test("udp = { to = \"b\", share = { interfaces = [\"a:eth0\", \"b:eth0\"], ratio = [0, 1] } }"),
       "ratio has 0, which is out of range; it can be 1 to 65535"},
      {test("udp = { to = \"b\", share = { interfaces = [\"a:eth0\", \"b:eth0\"], tolerance = \"10%\" } }"),
       "tolerance is a percentage"},
      {test("mtu = { to = \"b\", equals = 1500, share = {} }"),
       "share does not go with mtu; it goes with ping, tcp, udp, throughput"},
      {test("tcp = { to = \"b\", flows = 5, count = 2 }"), "count does not go with flows of tcp"},
      {test("udp = { to = \"b\", flows = 10001 }"), "flows = 10001 is out of range; it can be 1 to 10000"},
      {test("throughput = { to = \"b\", size = \"64k\" }"),
       "lab.toml:15:33: size = \"64k\" is a size as tc(8) writes it, 65536 bytes; write \"64KiB\""},
      {test("throughput = { to = \"b\", size = \"3kb\" }"), "3072 bytes; write \"3KiB\""},
      {test("throughput = { to = \"b\", size = \"8kbit\" }"), "1024 bytes; write \"1KiB\""},
      {test("throughput = { to = \"b\", size = \"0\" }"), "is no size from 1 to 1024GiB"},
      {test("throughput = { to = \"b\", size = 0 }"), "size = 0 is out of range"},
      {test("throughput = { to = \"b\", size = 10, duration = \"2s\" }"), "duration beside size"},
      {test("throughput = { to = \"b\", size = 10, protocol = \"udp\" }"), "size goes with protocol = \"tcp\""},
      {test("route = { to = \"192.0.2.2\", vrf = \"a b\" }"), "interface name \"a b\""},
      {test("route = { to = \"192.0.2.0/24\", vrf = \"red\", table = 10 }"),
       "table beside vrf, which says it by its table; leave one out"},
      {test("route = { to = \"192.0.2.2\", vrf = \"red\", source = \"192.0.2.1\", iif = \"eth0\" }"), "iif beside vrf"},
      {test("counters = { interface = \"a:eth0\" }\nping = { to = \"b\", within = \"5s\" }"), "and counters is about"},
      {test("capture = { interface = \"a:eth0\" }\nping = { to = \"b\", within = \"5s\" }"), "and capture is about"},
      {test("ping = { to = \"b\", source = \"192.0.2.1/24\" }"), "lab.toml:15:29: "},
      {test("ping = { to = \"192.0.2.2\", source = \"2001:db8::1\" }"),
       "source is of another family than what is asked for"},
      {test("ping = { to = \"b\", family = \"ipv6\", source = \"192.0.2.1\" }"),
       "source is of another family than what is asked for"},
      {test("ping = { to = \"192.0.2.2\", family = \"ipv6\" }"),
       "lab.toml:15:37: family is another than that of 192.0.2.2"},
      {test("ping = { to = \"b\", tos = 256 }"), "lab.toml:15:26: "},
      {test("ping = { to = \"b\", dev = \"a:eth0\" }"), "interface name \"a:eth0\""},
      {test("throughput = { to = \"b\", dev = \"eth0\" }"),
       "dev does not go with throughput; it goes with ping, failover, tcp, udp, path, unreachable, http"},
      {test("http = { to = \"b\", tos = 4 }"),
       "tos does not go with http; it goes with ping, failover, tcp, udp, path, unreachable"},
      {test("http = { to = \"b\", source = \"192.0.2.1\", dev = \"eth0\" }"), "takes source or dev and not both"},
      {test("ping = { to = \"b\", min_loss = 50, max_loss = 40 }"), "min_loss is more than max_loss"},
      {test("ping = { to = \"b\", min_rtt = \"2s\", max_rtt = \"1s\" }"), "min_rtt is more than max_rtt"},
      {test("route = { to = \"192.0.2.0/24\", fwmark = 2 }"),
       "fwmark is of a packet to one address: write to = \"ADDRESS\" without a prefix length"},
      {test("route = { to = \"192.0.2.2\", fwmark = \"0x2/0xff\" }"), "fwmark of a packet has no mask"},
      {test("route = { to = \"192.0.2.2\", source_port = 53 }"), "source_port goes with protocol = \"tcp\" or \"udp\""},
      {test("route = { to = \"192.0.2.2\", protocol = \"tcpp\" }"), "did you mean \"tcp\"?"},
      {test("route = { to = \"192.0.2.2\", iif = \"eth0\" }"), "write source = \"ADDRESS\" beside iif"},
      {test("route = { to = \"192.0.2.2\", source = \"2001:db8::1\" }"),
       "source is of another family than the destination"},
      {test("ping = { to = \"b\", retry = \"5s\" }"), "unknown key \"retry\" in ping; did you mean \"within\"?"},
      {test("route = { to = \"192.0.2.2\", dport = 80 }"), "did you mean \"destination_port\"?"},
      {test("link = { interface = \"eth0\" }"), "link looks at nothing; add carrier, speed, master or port_state"},
      {test("link = { interface = \"a:eth0\", carrier = true }"), "the namespace stands in from"},
      {test("link = { interface = \"eth0\", speed = \"10kbit\" }"), "the kernel tells speeds in whole Mbit"},
      {test("link = { interface = \"eth0\", port_state = \"up\" }"), "it can be \"disabled\", \"listening\""},
      {test("fdb = { interface = \"eth0\" }"), "fdb has no \"mac\""},
      {test("fdb = { interface = \"eth0\", mac = \"2\" }"), "\"2\" is not a MAC address"},
      {test("fdb = { interface = \"eth0\", mac = \"02:00:00:00:00:01\", vlan = 4095 }"), "vlan"},
      {test("ping = { to = \"b\" }\nbefore = [{ at = \"1s\", interface = \"a:eth0\", state = \"down\" }]"),
       "before happens before the check begins; what happens later goes into during"},
      {test("ping = { to = \"b\" }\nbefore = [{ interface = \"a:eth7\", state = \"down\" }]"),
       "\"a:eth7\" matches no interface of the lab"},
      {test("ping = { to = \"b\" }\nbefore = [{ service = \"web\", state = \"stop\" }]"),
       "services: there is no [service.web]"},
      {test("ping = { to = \"b\" }\nduring = [{ at = \"1s\", service = \"web\" }]"),
       "during has no \"state\"; of a service it can be \"stop\", \"start\", \"restart\" or \"kill\""},
      {test("ping = { to = \"b\" }\nduring = [{ at = \"1s\", service = \"web\", state = \"down\" }]"),
       "state = \"down\" is not known; it can be \"stop\""},
      {test("ping = { to = \"b\" }\nbefore = [{ service = \"web\", interface = \"a:eth0\", state = \"down\" }]"),
       "before takes one of interface = \"NAMESPACE:INTERFACE\" with state = \"down\" or impair, service = "},
  });
}

TEST_CASE("parameters are checked against what the driver declares") {
  const auto bridge = [](const std::string& params) {
    return lab("[device.sw]\ndriver = \"bridge\"\nparams = { " + params +
               " }\ninterfaces = [{ namespace = \"a\", name = \"br0\" }]\n");
  };
  check({
      {bridge("spt = true"), "lab.toml:14:12: unknown parameter \"spt\" of driver bridge; did you mean \"stp\"?"},
      {bridge("stp = \"yes\""),
       "lab.toml:14:18: parameter stp is a string; it is of type boolean: write true or false without quotes"},
      {bridge("hello_time = 2"),
       "parameter hello_time is an integer; it is of type duration: write a string in quotes"},
      {bridge("hello_time = \"2\""), "parameter hello_time = \"2\" is not a duration"},
      {bridge("hello_time = \"60s\""), "parameter hello_time = \"60s\" is out of range; it can be 1s to 10s"},
      {lab("[device.m]\ndriver = \"macvlan\"\nparams = { parent = \"a:eth0\", mode = \"brigde\" }\ninterfaces = [{ "
           "namespace = \"a\", name = \"m\" }]\n"),
       "parameter mode = \"brigde\" is not a choice; did you mean \"bridge\"?"},
      {lab("[device.m]\ndriver = \"macvlan\"\nparams = { parent = \"a:eth0\", macs = \"x\" }\ninterfaces = [{ "
           "namespace = \"a\", name = \"m\" }]\n"),
       "write a list"},
      {"test = { name = \"t\" }\n" + lab(""), "test is a table; write a list: [ ... ]"},
      {lab("[test]\nname = \"t\"\n"), "test is a table; write its header with two brackets: [[ ... ]]"},
      {"[lab]\nname = x\n", "; text stands in quotes"},
  });
}

TEST_CASE("no message shows the value of a secret parameter") {
  const std::string message =
      error_of(lab("[device.w2]\ndriver = \"veth\"\nparams = { password = \"hunter2\" }\ninterfaces = [{ namespace = "
                   "\"a\", name = \"x\" }, { namespace = \"b\", name = \"y\" }]\n"));
  CHECK_THAT(message, ContainsSubstring("parameter password = (secret)"));
  CHECK_THAT(message, !ContainsSubstring("hunter2"));
}

TEST_CASE("no message shows a secret whose braces are wrong, or that a repeat goes over") {
  const auto in_repeat = [](const std::string& loop, const std::string& body) {
    return error_of(lab("[[repeat]]\nfor = { " + loop + " }\n" + body));
  };
  const std::string device =
      "driver = \"veth\"\ninterfaces = [{ namespace = \"a\", name = \"x{i}\" }, { namespace = \"b\", name = "
      "\"y{i}\" }]\n";
  for (const std::string secret : {"hunter2}", "{hunter2", "hunt{er2 x}", "{'hunter2':03}", "{hunter2}"}) {
    const std::string message = in_repeat(
        "i = \"0..1\"", "[repeat.device.\"w{i}\"]\n" + device + "params = { password = \"" + secret + "\" }\n");
    CHECK_THAT(message, ContainsSubstring("parameter password = (secret) has braces that hold no expression") &&
                            ContainsSubstring("(#i = 1)") && !ContainsSubstring("er2"));
    // Of a link it is not known yet whether it is one.
    CHECK_THAT(in_repeat("i = \"0..1\"", "[[repeat.link]]\nends = [\"a:x{i}\", \"b:y{i}\"]\nparams = { password = \"" +
                                             secret + "\" }\n"),
               ContainsSubstring("braces") && !ContainsSubstring("er2"));
  }
  const std::string message = in_repeat("i = \"0..1\", word = [\"hunter2\"]",
                                        "[repeat.device.\"w{i}\"]\n" + device + "params = { password = \"{word}\" }\n");
  CHECK_THAT(message, ContainsSubstring("parameter password = (secret)") && !ContainsSubstring("hunter2"));
  // Where names may stand for lists and tables, braces are looked at before anything is read.
  const std::string listed = "[vars]\nsites = [\"x\"]\n";
  CHECK_THAT(error_of(listed + lab("[[repeat]]\nfor = { i = \"0..1\" }\n[repeat.device.\"w{i}\"]\n" + device +
                                   "params = { password = \"{hunter2 pw}\" }\n")),
             ContainsSubstring("braces") && !ContainsSubstring("hunter2"));
  for (const std::string pin : {"471193", "\"hunter2\""})
    CHECK_THAT(in_repeat("i = \"0..1\", p = [{ psk = " + pin + " }]",
                         "[repeat.device.\"w{i}\"]\n" + device + "params = { password = \"{p.psk + x}\" }\n"),
               !ContainsSubstring("hunter2") && !ContainsSubstring("471193"));
  CHECK_THAT(in_repeat("i = \"0..1\", pin = [471193]",
                       "[repeat.device.\"w{i}\"]\n" + device + "params = { password = \"{pin}{nope}\" }\n"),
             ContainsSubstring("(secret)") && !ContainsSubstring("471193"));
}

TEST_CASE("devices and masters in a circle are refused, and the circle is shown") {
  const auto macvlan = [](const std::string& name, const std::string& parent) {
    return "[device." + name + "]\ndriver = \"macvlan\"\nparams = { parent = \"a:" + parent +
           "\" }\ninterfaces = [{ namespace = \"a\", name = \"" + name + "\" }]\n";
  };
  check({
      {lab(macvlan("m1", "m2") + macvlan("m2", "m3") + macvlan("m3", "m1")),
       "devices need each other in a circle: m1 -> m2 -> m3 -> m1"},
      {lab(macvlan("m1", "m1")), "devices need each other in a circle: m1 -> m1"},
      {lab("[device.s]\ndriver = \"bridge\"\ninterfaces = [{ namespace = \"a\", name = \"br0\", master = \"br1\" }]\n"
           "[device.t]\ndriver = \"bridge\"\ninterfaces = [{ namespace = \"a\", name = \"br1\", master = \"br0\" }]\n"),
       "masters in a circle: br0 -> br1 -> br0"},
  });
}

TEST_CASE("a bridge with over 1023 ports is refused before the kernel meets it") {
  check(
      {{"[lab]\nname = \"x\"\n[namespace.hub]\n[device.sw]\ndriver = \"bridge\"\ninterfaces = [{ namespace = \"hub\", "
        "name = \"br0\" }]\n"
        "[[repeat]]\nfor = { i = \"0..1023\" }\nnamespace.\"h{i}\" = {}\n"
        "device.\"d{i}\" = { driver = \"veth\", interfaces = [{ namespace = \"hub\", name = \"p{i}\", master = \"br0\" "
        "}, { namespace = \"h{i}\", name = \"eth0\" }] }\n",
        "hub:br0 has over 1023 ports, and a bridge takes no more; add a second one and join the two by a veth"}});
}

TEST_CASE("sysctls outside of the network namespace are refused") {
  check({
      {lab("[namespace.c]\nsysctl = { \"kernel.panic\" = 1 }\n"),
       "lab.toml:13:12: sysctl \"kernel.panic\" does not belong to a network namespace"},
      {lab("[namespace.c]\nsysctl = { \"net.../../../etc/passwd\" = 1 }\n"), "is not the name of a sysctl"},
      {lab("[namespace.c]\nsysctl = { net.ipv4.ip_forward = 1 }\n"), "put the whole name in quotes"},
      {lab("[namespace.c]\nsysctl = { \"net.ipv4.ip_forward\" = [] }\n"), "is a list; write a number or a string"},
  });
}

TEST_CASE("a repeat that goes wrong says in which iteration") {
  const auto repeat = [](const std::string& range, const std::string& body) {
    return lab("[[repeat]]\nfor = { " + range + " }\n" + body + "\n");
  };
  check({
      {repeat("i = \"1..10000000\"", "namespace.\"n{i}\" = {}"),
       "lab.toml:13:13: this repeat makes over 1000000 things"},
      {repeat("i = \"1..5000\", j = \"1..5000\"", "namespace.\"n{i}-{j}\" = {}"), "this repeat makes over"},
      {repeat("i = \"0..9223372036854775807\"", "namespace.\"n{i}\" = {}"), "this repeat makes over 1000000 things"},
      {repeat("i = \"5..1\"", "namespace.\"n{i}\" = {}"), "range \"5..1\" runs backwards; write \"1..5\""},
      {repeat("i = \"5\"", "namespace.\"n{i}\" = {}"), "is not FIRST..LAST"},
      {repeat("i = 5", "namespace.\"n{i}\" = {}"), "range i is an integer"},
      {lab("[[repeat]]\nnamespace.\"n\" = {}\n"), "[[repeat]] has no variable"},
      {repeat("i = \"1..3\"", "namespace.\"n{j}\" = {}"),
       "lab.toml:14:11: {j}: unknown variable \"j\"; did you mean \"i\"? (i = 1)"},
      {repeat("i = \"0..3\"", "namespace.\"n{4/i}\" = {}"), "division by zero (i = 0)"},
      {repeat("i = \"0..3\"", "namespace.\"n{i\" = {}"), "'}' is missing"},
      {repeat("i = \"0..3\"", "namespace.\"same\" = {}"), "namespace \"same\" is there already, in line 14 (i = 1)"},
      {repeat("i = \"0..9\"",
              "device.\"d{i}\" = { driver = \"veth\", interfaces = [{ namespace = \"a\", name = \"x{i}\", addresses = "
              "[\"192.0.2.250/24 + {i}\"] }, { namespace = \"b\", name = \"x{i}\" }] }"),
       "\"192.0.2.250/24 + 6\" is 192.0.3.0, which leaves the prefix 192.0.2.0/24 (i = 6)"},
      {repeat("i = \"0..9\"",
              "device.\"d{i}\" = { driver = \"veth\", interfaces = [{ namespace = \"a\", name = \"x{i}\", addresses = "
              "[\"255.255.255.252/30 + {4*i}\"] }, { namespace = \"b\", name = \"x{i}\" }] }"),
       "leaves the range of IPv4 addresses (i = 1)"},
      {repeat("i = \"0..9\"", "frob = 1"), "unknown key \"frob\" in [[repeat]]"},
  });
}

TEST_CASE("files that are no lab files are refused") {
  const std::string directory =
      std::filesystem::temp_directory_path() / ("netrig-config-" + std::to_string(::getpid()));
  std::filesystem::create_directory(directory);
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(directory + "/" + name, std::ios::binary) << text;
    return directory + "/" + name;
  };
  CHECK_THAT(error_of_file(directory + "/none.toml"),
             ContainsSubstring("none.toml: cannot open the lab file: No such file or directory"));
  CHECK_THAT(error_of_file(directory), ContainsSubstring("is a directory, not a lab file"));
  ::mkfifo((directory + "/fifo").c_str(), 0600);
  CHECK_THAT(error_of_file(directory + "/fifo"), ContainsSubstring("is not a regular file"));
  CHECK_THAT(error_of_file(write("empty.toml", "")),
             ContainsSubstring("empty.toml: is empty; a lab file begins with [lab]"));
  CHECK_THAT(error_of_file(write("big.toml", std::string(10 << 20, '#'))),
             ContainsSubstring("is 10485760 bytes long; a lab file has at most 8388608"));
  CHECK_THAT(error_of_file(write("utf8.toml", "[lab]\nname = \"\xff\xfe\"\n")), ContainsSubstring("utf8.toml:2:"));
  CHECK_THAT(error_of_file(write("nul.toml", std::string("[lab]\nname = \"a\0b\"\n", 20))),
             ContainsSubstring("nul.toml:2:"));
  CHECK_THAT(error_of_file(
                 write("deep.toml", "[lab]\nname = \"x\"\nx = " + std::string(100000, '[') + std::string(100000, ']'))),
             ContainsSubstring("deep.toml:3:"));
  std::filesystem::remove_all(directory);
}

TEST_CASE("the same MAC address twice in one namespace is refused") {
  check({{lab("[device.w2]\ndriver = \"veth\"\ninterfaces = [{ namespace = \"a\", name = \"x\", mac = "
              "\"02:00:00:00:00:01\" }, { namespace = \"a\", name = \"y\", mac = \"02:00:00:00:00:01\" }]\n"),
          "mac 02:00:00:00:00:01 is in namespace a twice"}});
}
