// SPDX-License-Identifier: Apache-2.0
// Every key of a namespace and an interface: what it becomes, and what is wrong with a value where it stands.
#include "catch.hpp"
#include "fake_drivers.hpp"

using namespace netrig;

namespace {

config::Parsed parsed(const std::string& text) { return config::parse(text, "lab.toml", fake_drivers()); }

std::string fault_of(const std::string& text) {
  try {
    parsed(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

/// Keys of namespace a, from line 4 on.
std::string space_text(const std::string& keys) {
  return "[lab]\nname = \"x\"\n[namespace.a]\n" + keys +
         "\n[namespace.b]\n[device.w]\ndriver = \"veth\"\ninterfaces = [\n"
         "{ namespace = \"a\", name = \"eth0\", addresses = [\"10.0.0.1/24\", \"2001:db8::1/64\"] },\n"
         "{ namespace = \"b\", name = \"eth0\" }]\n";
}
/// Keys of interface a:eth0, from column 3 of line 8 on.
std::string link_line(const std::string& keys) {
  return "[lab]\nname = \"x\"\n[namespace.a]\n[namespace.b]\n[device.w]\ndriver = \"veth\"\ninterfaces = [\n{ " + keys +
         ", namespace = \"a\", name = \"eth0\" },\n{ namespace = \"b\", name = \"eth0\" }]\n";
}

Namespace space_of(const std::string& keys) { return parsed(space_text(keys)).lab.namespaces.at(0); }
Interface link_of(const std::string& keys) { return parsed(link_line(keys)).lab.devices.at(0).interfaces.at(0); }
Address address_of(const std::string& keys) { return link_of("addresses = [{ " + keys + " }]").of<Address>().at(0); }
Rule rule_of(const std::string& keys) { return space_of("rules = [{ " + keys + " }]").of<Rule>().at(0); }
Route route_of(const std::string& keys) { return space_of("routes = [{ " + keys + " }]").of<Route>().at(0); }

void wrong_space(const std::string& keys, const std::string& message) {
  INFO(keys);
  CHECK_THAT(fault_of(space_text(keys)), ContainsSubstring(message));
}
void wrong_link(const std::string& keys, const std::string& message) {
  INFO(keys);
  CHECK_THAT(fault_of(link_line(keys)), ContainsSubstring(message));
}
void wrong_address(const std::string& keys, const std::string& message) {
  wrong_link("addresses = [{ " + keys + " }]", message);
}
void wrong_rule(const std::string& keys, const std::string& message) {
  wrong_space("rules = [{ " + keys + " }]", message);
}
void wrong_route(const std::string& keys, const std::string& message) {
  wrong_space("routes = [{ " + keys + " }]", message);
}

template <typename T>
void check_given(const Given<T>& found, const T& expected, std::uint32_t line, std::uint32_t column) {
  REQUIRE(found);
  CHECK(*found == expected);
  CHECK(found.where.line == line);
  CHECK(found.where.column == column);
}

}  // namespace

TEST_CASE("lo has addresses beside those that it always has") {
  const Namespace space =
      space_of(R"(lo = ["10.255.0.1/32", "127.0.0.2/8", { address = "2001:db8:ff::1/128", metric = 5 }])");
  REQUIRE(space.of<Address>().size() == 3);
  CHECK(space.of<Address>()[0].prefix.str() == "10.255.0.1/32");
  CHECK(space.of<Address>()[0].where.column == 7);
  check_given(space.of<Address>()[2].metric, 5U, 4, 82);
  CHECK(parsed(space_text("lo = [\"10.255.0.1/32\", \"127.0.0.2/8\"]")).warnings.empty());
  wrong_space("lo = \"10.0.0.1/32\"", "lab.toml:4:6: lo is a string; write a list");
  wrong_space("lo = [\"127.0.0.1/8\"]", "lab.toml:4:7: address 127.0.0.1 is on every lo; leave it out");
  wrong_space("lo = [\"::1/128\"]", "lab.toml:4:7: address ::1 is on every lo");
  wrong_space("lo = [\"10.0.0.1/32\"]", "lab.toml:4:7: address 10.0.0.1 is in namespace a twice");
  wrong_link("addresses = [\"127.0.0.2/8\"]", "lo = [\"127.0.0.2/8\"] of its namespace can");
  // What lo has can be a source, and leads nowhere.
  CHECK(space_of("lo = [\"10.9.0.1/24\"]\nroutes = [{ to = \"default\", via = \"10.0.0.2\", source = \"10.9.0.1\" }]")
            .of<Route>()
            .size() == 1);
  wrong_space("lo = [\"10.9.0.1/24\"]\nroutes = [{ to = \"default\", via = \"10.9.0.2\" }]",
              "lab.toml:5:11: next hop 10.9.0.2 is not reachable");
}

TEST_CASE("forwarding is a sysctl of either family") {
  const Namespace space = space_of("forwarding = true\nsysctl = { \"net.ipv4.conf.eth0.rp_filter\" = 0 }");
  REQUIRE(space.of<Sysctl>().size() == 3);
  CHECK(space.of<Sysctl>()[0].key_text == "net.ipv4.ip_forward");
  check_given(space.of<Sysctl>()[0].value, std::string("1"), 4, 14);
  CHECK(space.of<Sysctl>()[1].key_text == "net.ipv6.conf.all.forwarding");
  CHECK(*space_of("forwarding = false").of<Sysctl>().at(0).value == "0");
  CHECK(space_of("forwarding = true\nsysctl = { \"net.ipv4.ip_forward\" = 1 }").of<Sysctl>().size() == 2);
  wrong_space("forwarding = 1", "lab.toml:4:14: forwarding is an integer; write true or false");
  wrong_space("forwarding = true\nsysctl = { \"net.ipv4.ip_forward\" = 0 }",
              "lab.toml:5:36: sysctl net.ipv4.ip_forward is \"0\" here and \"1\" in line 4; leave one out");
}

TEST_CASE("gateway is a default route of each family") {
  const Namespace space = space_of(
      "gateway = [\"10.0.0.2\", \"2001:db8::2\"]\nroutes = [{ to = \"10.9.0.0/16\", via = "
      "\"10.0.0.3\" }]");
  REQUIRE(space.of<Route>().size() == 3);
  CHECK(space.of<Route>()[0].text() == "default via 10.0.0.2");
  CHECK(space.of<Route>()[0].where.column == 12);
  CHECK(space.of<Route>()[1].destination.str() == "::/0");
  CHECK(space_of("gateway = \"10.0.0.2\"").of<Route>().size() == 1);
  wrong_space("gateway = 1", "lab.toml:4:11: gateway is an integer; write \"192.0.2.254\"");
  wrong_space("gateway = [1]", "lab.toml:4:12: gateway is a list of strings, not of an integer");
  wrong_space("gateway = \"10.0.0.2/24\"", "has a prefix length where one address is wanted");
  wrong_space("gateway = [\"10.0.0.2\", \"10.0.0.3\"]",
              "lab.toml:4:24: gateway 10.0.0.3 is a second one of its family");
  wrong_space("gateway = \"10.1.0.2\"", "lab.toml:4:11: next hop 10.1.0.2 is not reachable from namespace a");
  wrong_space("gateway = \"fe80::1\"", "lab.toml:4:11: gateway fe80::1 is link-local");
  wrong_space("gateway = \"10.0.0.2\"\nroutes = [{ to = \"default\", via = \"10.0.0.3\" }]",
              "lab.toml:5:11: namespace a has a route to 0.0.0.0/0 in table 254 with that metric already");
}

TEST_CASE("the namespace's own address as next hop draws a warning, where the kernel takes it") {
  const auto result = parsed(space_text("gateway = \"10.0.0.1\""));
  REQUIRE(result.warnings.size() == 1);
  CHECK(result.warnings[0].where == "lab.toml:4:11");
  CHECK_THAT(result.warnings[0].message, ContainsSubstring("next hop 10.0.0.1 is namespace a itself"));
  wrong_space("gateway = \"2001:db8::1\"", "lab.toml:4:11: next hop 2001:db8::1 is namespace a itself");
}

TEST_CASE("foreign is the namespace's own word, else the lab's") {
  const std::string text =
      "[lab]\nname = \"x\"\nforeign = \"remove\"\n[namespace.a]\n[namespace.b]\nforeign = \"keep\"\n"
      "[namespace.c]\nexisting = true\n";
  const Lab lab = parsed(text).lab;
  CHECK(lab.foreign == Foreign::remove);
  CHECK(lab.namespaces[0].foreign == Foreign::remove);
  CHECK(lab.namespaces[1].foreign == Foreign::keep);
  CHECK(lab.namespaces[2].foreign == Foreign::keep);
  CHECK(space_of("").foreign == Foreign::report);
  wrong_space("foreign = \"delete\"",
              "lab.toml:4:11: foreign = \"delete\" is not known; it can be \"report\", \"remove\", \"keep\"");
  wrong_space("foreign = true", "lab.toml:4:11: foreign is a boolean");
  wrong_space("existing = true\nforeign = \"remove\"", "lab.toml:5:11: foreign is for namespaces that the lab makes");
}

TEST_CASE("rules have all that ip-rule(8) selects by") {
  const Rule rule = rule_of(
      R"(from = "10.0.0.0/8", to = "192.0.2.1", iif = "eth0", oif = "lo", fwmark = "0x2/0xff", tos = 0x10, table = 100, priority = 50, ipproto = "tcp", source_ports = "1000-2000", destination_ports = 80, uid_range = "0-99", not = true, suppress_prefix_length = 0)");
  CHECK(
      rule.text() ==
      "50: not from 10.0.0.0/8 to 192.0.2.1/32 tos 0x10 fwmark 0x2/0xff iif eth0 oif lo uidrange 0-99 ipproto 6 sport "
      "1000-2000 dport 80 lookup 100 suppress_prefixlength 0");
  CHECK(rule.where.line == 4);
  CHECK(rule.where.column == 10);
  CHECK(rule_of("table = \"local\"").table == 255);
  CHECK(rule_of("from = \"2001:db8::/32\"").family == Family::ipv6);
  CHECK(rule_of("family = \"ipv6\", l3mdev = true").l3mdev);
  CHECK(rule_of("action = \"prohibit\"").action == RuleAction::prohibit);
  CHECK(rule_of("fwmark = 7").fwmark == std::pair(7U, 0xffffffffU));
  CHECK_FALSE(rule_of("from = \"0.0.0.0/0\"").from);
  CHECK(rule_of("ipproto = 6") == rule_of("ipproto = \"tcp\""));
}

TEST_CASE("rules that say nothing the kernel knows are refused") {
  wrong_space("rules = { from = \"10.0.0.0/8\" }", "lab.toml:4:9: rules is a table; write a list");
  wrong_rule("vrf = \"red\"", "lab.toml:4:12: unknown key \"vrf\" in rule");
  wrong_rule("from = 10", "lab.toml:4:19: from is an integer");
  wrong_rule("from = \"10.0.0.1/8\"", "has host bits set; write \"10.0.0.0/8\"");
  wrong_rule("from = \"10.0.0.0/8\", to = \"2001:db8::/32\"", "lab.toml:4:38: to 2001:db8::/32 is of another family");
  wrong_rule("from = \"10.0.0.0/8\", family = \"ipv6\"", "from 10.0.0.0/8 is of another family than the rule");
  wrong_rule("iif = \"a b\"", "lab.toml:4:18: interface name \"a b\" has a space in it");
  wrong_rule("oif = 3", "lab.toml:4:18: oif is an integer");
  wrong_rule("fwmark = \"red\"",
             "lab.toml:4:21: fwmark \"red\" is not a mark; write a number, \"0x2\" or \"0x2/0xff\"");
  wrong_rule("fwmark = -1", "lab.toml:4:21: fwmark = -1 is out of range");
  wrong_rule("fwmark = \"1/0\"", "has an empty mask");
  wrong_rule("tos = 256", "lab.toml:4:18: tos = 256 is out of range; it can be 0 to 255");
  wrong_rule("tos = 0x11", "lab.toml:4:18: tos = 0x11 has ECN bits set, which routing does not look at; write 0x10");
  wrong_rule("table = \"mian\"", "lab.toml:4:20: table \"mian\" is not known; did you mean \"main\"?");
  wrong_rule("table = 0", "lab.toml:4:20: table = 0 is out of range");
  wrong_rule("l3mdev = 1", "lab.toml:4:21: l3mdev is an integer");
  wrong_rule("l3mdev = true, table = 5", "lab.toml:4:35: table beside l3mdev = true");
  wrong_rule("priority = 4294967296", "lab.toml:4:23: priority = 4294967296 is out of range");
  wrong_rule("family = \"ipv5\"", "lab.toml:4:21: family = \"ipv5\" is not known");
  wrong_rule("ipproto = \"tpc\"", "lab.toml:4:22: ipproto \"tpc\" is not known; did you mean \"tcp\"?");
  wrong_rule("ipproto = 256", "lab.toml:4:22: ipproto = 256 is out of range; it can be 1 to 255");
  wrong_rule("source_ports = \"9-1\"", "lab.toml:4:27: source_ports \"9-1\" runs backwards; write \"1-9\"");
  wrong_rule("source_ports = 0", "lab.toml:4:27: source_ports = 0 is out of range; it can be 1 to 65534");
  wrong_rule("destination_ports = \"1-65536\"", "destination_ports \"1-65536\" is out of range");
  wrong_rule("destination_ports = 65535", "out of range");  // the kernel takes no rule for it
  wrong_rule("destination_ports = \"http\"", "is not a range; write a number or \"FIRST-LAST\"");
  wrong_rule("uid_range = true", "lab.toml:4:24: uid_range is a boolean");
  wrong_rule("not = \"yes\"", "lab.toml:4:18: not is a string");
  wrong_rule("suppress_prefix_length = 33",
             "lab.toml:4:37: suppress_prefix_length = 33 is out of range; it can be 0 to 32");
  wrong_rule("action = \"drop\"", "lab.toml:4:21: action = \"drop\" is not known");
  wrong_rule("action = \"blackhole\", table = 5", "lab.toml:4:42: a rule that looks up no table has no table");
}

TEST_CASE("the same rule twice is refused, unless each has a priority of its own") {
  CHECK(space_of("rules = [{ table = 5, priority = 1 }, { table = 5, priority = 2 }]").of<Rule>().size() == 2);
  for (const char* second : {"{ table = 5, priority = 1 }", "{ table = 5 }"})
    wrong_space(std::string("rules = [\n{ table = 5, priority = 1 },\n") + second + "]",
                "lab.toml:6:1: namespace a has this rule already, in line 5");
  wrong_space("rules = [{ table = 5 }, { table = 5, priority = 2 }]", "namespace a has this rule already, in line 4");
  // Of one priority, one that says less is taken for the other, whichever comes first, and whatever "not" says.
  const std::string narrow = "{ from = \"10.0.0.0/8\", table = 5, priority = 1 }";
  for (const std::string& wide : {std::string("{ table = 5, priority = 1 }"),
                                  std::string("{ from = \"10.0.0.0/8\", not = true, table = 5, priority = 1 }")})
    for (const std::string& rules : {narrow + ",\n" + wide, wide + ",\n" + narrow})
      wrong_space("rules = [\n" + rules + "]",
                  "lab.toml:6:1: the kernel does not tell this rule from the one of the same priority in line 5");
  for (const char* other : {"{ table = 6, priority = 1 }", "{ to = \"10.0.0.0/8\", table = 5, priority = 1 }",
                            "{ family = \"ipv6\", table = 5, priority = 1 }", "{ table = 5 }"})
    CHECK(space_of("rules = [" + narrow + ", " + other + "]").of<Rule>().size() == 2);
  const auto result = parsed(space_text("rules = [{ iif = \"eht0\" }]"));
  REQUIRE(result.warnings.size() == 1);
  CHECK_THAT(result.warnings[0].message, ContainsSubstring("no interface \"eht0\", until somebody makes one; did you"));
}

TEST_CASE("routes have what ip-route(8) can say of one") {
  const Route route = route_of(
      R"(to = "10.9.0.0/16", via = "10.0.0.2", scope = "link", protocol = "bird", tos = 0x10, advmss = 1400, initcwnd = 20, congestion = "reno", metric = 0)");
  check_given(route.scope, Scope::link, 4, 59);
  check_given(route.protocol, 12U, 4, 78);
  CHECK(route.tos == 0x10);
  check_given(route.advmss, 1400U, 4, 107);
  check_given(route.initcwnd, 20U, 4, 124);
  check_given(route.congestion, std::string("reno"), 4, 141);
  CHECK_FALSE(route.metric);
  CHECK(*route_of("to = \"default\", via = \"10.0.0.2\"").protocol == kRouteProtocol);
  const Route six = route_of(R"(to = "2001:db8:9::/48", via = "2001:db8::2", preference = "high", protocol = 200)");
  CHECK(*six.preference == RoutePreference::high);
  CHECK(*six.protocol == 200);
  const Route local = route_of(R"(to = "10.9.0.0/16", type = "local", dev = "lo")");
  CHECK(local.type == RouteType::local);
  CHECK(local.table == 255);
  CHECK(route_of(R"(to = "2001:db8:9::/64", type = "anycast", dev = "eth0")").type == RouteType::anycast);
  CHECK(route_of(R"(to = "224.0.0.0/4", type = "multicast", dev = "eth0")").table == 254);
  CHECK(route_of(R"(to = "10.9.0.0/16", type = "throw", table = 100)").type == RouteType::throw_);
  // An address of a local route is the namespace's.
  CHECK(space_of("routes = [{ to = \"10.9.0.0/16\", type = \"local\", dev = \"lo\" }, { to = \"default\", via = "
                 "\"10.0.0.2\", source = \"10.9.1.1\" }]")
            .of<Route>()
            .size() == 2);
  // They differ in tos.
  CHECK(space_of(
            "routes = [{ to = \"10.9.0.0/16\", via = \"10.0.0.2\" }, { to = \"10.9.0.0/16\", via = \"10.0.0.2\", tos "
            "= 16 }]")
            .of<Route>()
            .size() == 2);
}

TEST_CASE("routes that no kernel takes are refused") {
  const std::string base = "to = \"10.9.0.0/16\", via = \"10.0.0.2\", ";
  const std::string six = "to = \"2001:db8:9::/48\", via = \"2001:db8::2\", ";
  wrong_route(base + "scope = \"universe\"", "lab.toml:4:59: scope = \"universe\" is not known");
  wrong_route(base + "protocol = \"bidr\"", "lab.toml:4:62: protocol \"bidr\" is not known; did you mean \"bird\"?");
  wrong_route(base + "protocol = 2", "lab.toml:4:62: protocol = 2 is out of range; it can be 3 to 255");
  wrong_route(base + "tos = \"low\"", "lab.toml:4:57: tos is a string");
  wrong_route(base + "advmss = 0", "lab.toml:4:60: advmss = 0 is out of range; it can be 1 to 65495");
  wrong_route(base + "initcwnd = 0", "lab.toml:4:62: initcwnd = 0 is out of range");
  wrong_route(base + "congestion = \"New Reno\"", "lab.toml:4:64: congestion \"New Reno\" is not the name");
  wrong_route(base + "congestion = 1", "lab.toml:4:64: congestion is an integer");
  wrong_route(base + "preference = \"high\"", "lab.toml:4:64: preference is for IPv6 routes (RFC 4191)");
  wrong_route(six + "preference = \"most\"",
              "preference = \"most\" is not known; it can be \"low\", \"medium\", \"high\"");
  wrong_route("to = \"10.9.0.0/16\", next_hops = [{ via = \"10.0.0.2\", weight = 2 }]",
              "weight is a next hop's share among several");
  wrong_route(six + "tos = 16", "tos is for IPv4 routes");
  wrong_route(six + "scope = \"link\"", "scope is for IPv4 routes");
  wrong_route(base + "mtu = 65535", "mtu = 65535 is out of range; it can be 68 to 65520");
  wrong_route(base + "type = \"nat\"", "lab.toml:4:58: type = \"nat\" is not known");
  wrong_route(base + "type = \"throw\"", "throw route has no next hop");
  wrong_route(base + "type = \"local\"", "a local route has no next hop but an interface; write dev = \"lo\"");
  wrong_route("to = \"10.9.0.0/16\", type = \"local\"", "a local route has no next hop but an interface");
  wrong_route("to = \"10.9.0.0/16\", dev = \"eth0\", type = \"anycast\"", "anycast is a type of IPv6 routes");
  wrong_route("to = \"224.0.0.0/4\", type = \"multicast\"", "route has neither via nor dev");
  for (const char* later : {"encap", "nexthop", "vrf", "as"})
    wrong_route(base + later + " = 1", std::string("lab.toml:4:51: unknown key \"") + later + "\" in route");
}

TEST_CASE("an interface has the settings of ip-link(8)") {
  const Interface link = link_of(
      R"(txqlen = 500, group = 7, promiscuous = true, allmulticast = true, multicast = false, arp = false, addr_gen_mode = "none", index = 70, protodown = true, altnames = ["uplink-to-b", "a1"], dynamic = true)");
  check_given(link.link.txqlen, 500U, 8, 12);
  check_given(link.link.group, 7U, 8, 25);
  check_given(link.link.promiscuous, true, 8, 42);
  check_given(link.link.allmulticast, true, 8, 63);
  check_given(link.link.multicast, false, 8, 81);
  check_given(link.link.arp, false, 8, 94);
  check_given(link.link.addr_gen_mode, AddressGeneration::none, 8, 117);
  check_given(link.index, 70U, 8, 133);
  check_given(link.link.protodown, true, 8, 149);
  check_given(link.link.altnames, {"a1", "uplink-to-b"}, 8, 166);
  CHECK(link.dynamic);
  const Interface plain = parsed(link_line("mtu = 1500")).lab.devices.at(0).interfaces.at(1);
  CHECK_FALSE(plain.dynamic);
  CHECK(plain.link == LinkSettings{});
  CHECK(*link_of("addr_gen_mode = \"stable_secret\"").link.addr_gen_mode == AddressGeneration::stable_secret);

  wrong_link("txqlen = -1", "lab.toml:8:12: txqlen = -1 is out of range; it can be 0 to 4294967295");
  wrong_link("txqlen = \"many\"", "lab.toml:8:12: txqlen is a string");
  wrong_link("group = 4294967296", "lab.toml:8:11: group = 4294967296 is out of range");
  for (const char* key : {"promiscuous", "allmulticast", "multicast", "arp", "protodown", "dynamic"})
    wrong_link(std::string(key) + " = 1", std::string(key) + " is an integer; write true or false without quotes");
  wrong_link("addr_gen_mode = \"eui48\"",
             "lab.toml:8:19: addr_gen_mode = \"eui48\" is not known; it can be \"eui64\", \"none\", \"stable_secret\"");
  wrong_link("index = 1", "lab.toml:8:11: index = 1 is out of range; it can be 2 to 2147483647");
  wrong_link("index = 2147483648", "lab.toml:8:11: index = 2147483648 is out of range");
}

TEST_CASE("alternative names are names, each of one interface") {
  wrong_link("altnames = \"x\"", "lab.toml:8:14: altnames is a string; write a list");
  wrong_link("altnames = [1]", "lab.toml:8:15: altnames is a list of strings, not of an integer");
  wrong_link("altnames = [\"\"]", "lab.toml:8:15: alternative name has 0 bytes; it can have 1 to 127");
  CHECK(link_of("altnames = [\"" + std::string(127, 'a') + "\"]").link.altnames->size() == 1);
  wrong_link("altnames = [\"" + std::string(128, 'a') + "\"]", "alternative name has 128 bytes");
  wrong_link("altnames = [\"a/b\"]", "alternative name \"a/b\" has more in it");
  wrong_link("altnames = [\"a\", \"a\"]", "lab.toml:8:20: alternative name \"a\" is there twice");
  wrong_link("altnames = [\"eth0\"]", "lab.toml:8:14: alternative name \"eth0\" is that of another interface");
  wrong_link("altnames = [\"lo\"]", "lab.toml:8:14: alternative name \"lo\" is the loopback's");
  const auto two = [](const std::string& first, const std::string& second) {
    return "[lab]\nname = \"x\"\n[namespace.a]\n[device.w]\ndriver = \"veth\"\ninterfaces = [\n{ namespace = \"a\", "
           "name = "
           "\"e0\", " +
           first + " },\n{ namespace = \"a\", name = \"e1\", " + second + " }]\n";
  };
  CHECK_THAT(fault_of(two("altnames = [\"x\"]", "altnames = [\"x\"]")),
             ContainsSubstring("lab.toml:8:44: alternative name \"x\" is that of another interface of namespace a, in "
                               "line 7"));
  CHECK_THAT(fault_of(two("index = 7", "index = 7")),
             ContainsSubstring("lab.toml:8:41: index 7 is that of another interface of namespace a, in line 7"));
  CHECK(fault_of(two("index = 7", "index = 8")) == "no error");
}

TEST_CASE("addresses have what ip-address(8) can say of one") {
  const Address address = address_of(
      R"(address = "10.0.0.1/24", broadcast = "10.0.0.255", label = "eth0:1", valid = "1h", preferred = "30s", metric = 7)");
  check_given(address.broadcast, std::string("10.0.0.255"), 8, 55);
  check_given(address.label, std::string("eth0:1"), 8, 77);
  check_given(address.valid, Lifetime{3600}, 8, 95);
  check_given(address.preferred, Lifetime{30}, 8, 113);
  check_given(address.metric, 7U, 8, 129);
  check_given(address_of("address = \"10.0.0.1/24\", broadcast = \"\"").broadcast, std::string(), 8, 55);
  check_given(address_of("address = \"10.0.0.1/24\", prefix_route = false").prefix_route, false, 8, 58);
  CHECK(*address_of("address = \"10.0.0.1/24\", valid = \"forever\"").valid == Lifetime::for_ever);
  CHECK(*address_of("address = \"10.0.0.1/24\", valid = \"10s\"").preferred == Lifetime{10});
  CHECK(*address_of("address = \"2001:db8::1/64\", preferred = \"0s\"").preferred == Lifetime::none);

  const std::string base = "address = \"10.0.0.1/24\", ";
  wrong_address(base + "broadcast = \"here\"", "lab.toml:8:55: \"here\" is not an IPv4 or IPv6 address");
  wrong_address(base + "broadcast = \"2001:db8::1\"", "lab.toml:8:55: broadcast 2001:db8::1 is not an IPv4 address");
  wrong_address("address = \"2001:db8::1/64\", broadcast = \"\"", "broadcast is for IPv4 addresses");
  CHECK(*address_of("address = \"10.0.0.1/24\", broadcast = \"0.0.0.0\"").broadcast == "");
  wrong_address("address = \"2001:db8::1/64\", scope = \"link\"", "scope is for IPv4 addresses");
  wrong_address("address = \"2001:db8::1/64\", label = \"eth0\"", "label is for IPv4 addresses");
  wrong_address(base + "label = \"eth1:1\"",
                "lab.toml:8:51: label \"eth1:1\" does not begin with the interface's name");
  wrong_address(base + "label = \"eth01\"", "write \"eth0:...\"");
  wrong_address(base + "label = \"eth0:0123456789a\"", "is 16 bytes long; at most 15 are allowed");
  wrong_address(base + "valid = 30", "lab.toml:8:51: valid is an integer; write a string in quotes");
  for (const char* bad : {"0s", "1500ms", "30", "soon", "2000000h"})
    wrong_address(base + "valid = \"" + bad + "\"", "is not a lifetime; write 1 or more whole seconds");
  wrong_address(base + "valid = \"5s\", preferred = \"6s\"", "lab.toml:8:69: preferred is longer than valid");
  wrong_address(base + "metric = 0", "lab.toml:8:52: metric = 0 is out of range");
  wrong_address(base + "prefix_route = false, metric = 5", "metric is of the prefix route, which prefix_route = false");
  wrong_address(base + "prefix_route = \"no\"", "lab.toml:8:58: prefix_route is a string");
}

TEST_CASE("neighbours of an interface are what ip-neighbour(8) takes") {
  const Interface link = link_of(
      R"(neighbours = [{ address = "10.0.0.9", mac = "02:00:00:00:00:09" }, { address = "fe80::9", mac = "02:00:00:00:00:09", state = "stale", router = true }, { address = "10.0.0.8", proxy = true }, { address = "10.0.0.7", state = "noarp" }])");
  REQUIRE(link.of<Neighbour>().size() == 4);
  CHECK(link.of<Neighbour>()[0].where.column == 29);
  check_given(link.of<Neighbour>()[0].mac, *MacAddress::parse("02:00:00:00:00:09"), 8, 47);
  CHECK(*link.of<Neighbour>()[0].state == NeighbourState::permanent);
  check_given(link.of<Neighbour>()[1].state, NeighbourState::stale, 8, 128);
  CHECK(*link.of<Neighbour>()[1].router);
  CHECK(link.of<Neighbour>()[2].proxy);
  CHECK_FALSE(link.of<Neighbour>()[2].state);
  CHECK_FALSE(link.of<Neighbour>()[3].mac);

  const auto wrong = [](const std::string& keys, const std::string& message) {
    wrong_link("neighbours = [{ " + keys + " }]", message);
  };
  wrong_link("neighbours = [\"10.0.0.9\"]", "lab.toml:8:17: neighbour is not a table");
  wrong("mac = \"02:00:00:00:00:09\"", "lab.toml:8:17: neighbour has no \"address\"");
  wrong("address = \"10.0.0.9\"", "lab.toml:8:29: neighbour 10.0.0.9 has no \"mac\"");
  wrong("address = \"10.0.0.9/24\"", "has a prefix length");
  wrong("address = \"224.0.0.9\"", "neighbour 224.0.0.9 is not the address of a host");
  wrong("address = \"10.0.0.9\", mac = \"x\"", "lab.toml:8:47: mac \"x\" is not a MAC address");
  wrong("address = \"10.0.0.9\", mac = \"02:00:00:00:00:09\", state = \"failed\"", "state = \"failed\" is not known");
  wrong("address = \"10.0.0.9\", mac = \"02:00:00:00:00:09\", router = true", "router is for IPv6 neighbours");
  wrong("address = \"10.0.0.9\", mac = \"02:00:00:00:00:09\", proxy = true",
        "lab.toml:8:47: a proxied neighbour has no mac");
  wrong("address = \"10.0.0.9\", proxy = 1", "proxy is an integer");
  wrong("address = \"10.0.0.9\", proxy = true }, { address = \"10.0.0.9\", proxy = true",
        "neighbour 10.0.0.9 is on this interface twice");
}

namespace {

/// Keys of interface a:eth0 under bridge br0, from column 17 of line 10 on; keys of the bridge's interface, of the
/// bridge.
std::string port_lab(const std::string& keys, const std::string& bridge = "", const std::string& params = "") {
  return "[lab]\nname = \"x\"\n[namespace.a]\n[namespace.b]\n[device.br0]\ndriver = \"bridge\"\nparams = { "
         "vlan_filtering = true" +
         params + " }\ninterfaces = [{ namespace = \"a\"" + bridge + " }]\n[device.w]\ninterfaces = [{ " + keys +
         ", namespace = \"a\", name = \"eth0\", master = \"br0\" },\n{ namespace = \"b\", name = \"eth0\" }]\ndriver = "
         "\"veth\"\n";
}
void wrong_port(const std::string& keys, const std::string& message) {
  INFO(keys);
  CHECK_THAT(fault_of(port_lab(keys)), ContainsSubstring(message));
}

}  // namespace

TEST_CASE("a port of a bridge, and the bridge itself, have the VLANs of the list") {
  const Lab lab =
      parsed(
          port_lab(
              R"(vlans = [30, "20-29", { id = 1, pvid = true, untagged = true }, { id = "40-41", untagged = true }])",
              ", vlans = [7]"))
          .lab;
  const Vlans& port = lab.devices.at(1).interfaces.at(0).of<Vlans>().at(0);
  CHECK(setting_text(*port.list) == "1 pvid untagged, 20-30, 40-41 untagged");
  CHECK_FALSE(port.of_bridge);
  CHECK(port.where.line == 10);
  CHECK(port.where.column == 25);
  const Vlans& bridge = lab.devices.at(0).interfaces.at(0).of<Vlans>().at(0);
  CHECK(setting_text(*bridge.list) == "7");
  CHECK(bridge.of_bridge);
  CHECK(parsed(port_lab("vlans = []")).lab.devices.at(1).interfaces.at(0).of<Vlans>().at(0).list->empty());

  wrong_port("vlans = 10", "lab.toml:10:25: vlans is an integer; write a list");
  wrong_port("vlans = [true]", "lab.toml:10:26: VLAN is a boolean; write 10, \"20-30\", or");
  wrong_port("vlans = [0]", "lab.toml:10:26: VLAN = 0 is out of range; it can be 1 to 4094");
  wrong_port("vlans = [\"10-4095\"]", "VLAN \"10-4095\" is out of range");
  wrong_port("vlans = [\"30-20\"]", "VLAN \"30-20\" runs backwards; write \"20-30\"");
  wrong_port("vlans = [\"all\"]", "VLAN \"all\" is not a range");
  wrong_port("vlans = [{ untagged = true }]", "lab.toml:10:26: VLAN has no \"id\"");
  wrong_port("vlans = [{ id = 4095 }]", "lab.toml:10:33: id = 4095 is out of range");
  wrong_port("vlans = [{ vid = 4 }]", "unknown key \"vid\" in VLAN; did you mean \"id\"?");
  wrong_port("vlans = [{ id = \"1-2\", pvid = true }]", "lab.toml:10:26: pvid is one VLAN, and 1-2 are several");
  wrong_port("vlans = [{ id = 1, pvid = true }, { id = 2, pvid = true }]",
             "lab.toml:10:51: pvid is another VLAN already, in line 10");
  wrong_port("vlans = [\"10-20\", 15]", "lab.toml:10:35: VLAN 15 is in the list already, in line 10");
  wrong_link("vlans = [10]",
             "lab.toml:8:11: vlans is for ports of a bridge, and for the bridge itself; eth0 has no master");
  const std::string plain = "vlan_filtering = true";
  std::string without = port_lab("vlans = [10]");
  without.replace(without.find(plain), plain.size(), "vlan_filtering = false");
  CHECK_THAT(fault_of(without),
             ContainsSubstring("lab.toml:10:25: vlans of eth0 have no effect, for bridge br0 does not "
                               "look at them; give it params = { vlan_filtering = true }"));
  CHECK_THAT(fault_of("[lab]\nname = \"x\"\n[namespace.a]\n[device.br0]\ndriver = \"bridge\"\ninterfaces = [{ "
                      "namespace = \"a\", vlans = [1] }]\n"),
             ContainsSubstring("lab.toml:6:42: vlans of br0 have no effect"));
}

TEST_CASE("a port of a bridge has the settings of bridge-link(8)") {
  const Lab lab =
      parsed(port_lab(R"(port = { cost = 5, priority = 7, state = "disabled", hairpin = true, isolated = false })"))
          .lab;
  const Port& port = lab.devices.at(1).interfaces.at(0).of<Port>().at(0);
  check_given(port.cost, 5U, 10, 33);
  check_given(port.priority, 7U, 10, 47);
  check_given(port.state, PortState::disabled, 10, 58);
  check_given(port.hairpin, true, 10, 80);
  check_given(port.isolated, false, 10, 97);
  CHECK_FALSE(port.learning);
  CHECK(port.where.column == 24);
  CHECK(parsed(port_lab("port = {}")).lab.devices.at(1).interfaces.at(0).of<Port>().size() == 1);

  wrong_port("port = 1", "lab.toml:10:24: port is an integer; write a table");
  wrong_port("port = { cost = 0 }", "lab.toml:10:33: cost = 0 is out of range; it can be 1 to 65535");
  wrong_port("port = { priority = 64 }", "priority = 64 is out of range; it can be 0 to 63");
  wrong_port("port = { state = \"up\" }", "state = \"up\" is not known; it can be \"disabled\"");
  wrong_port("port = { state = \"learning\" }", "state = \"learning\" is not known");
  wrong_port("port = { hairpin = 1 }", "hairpin is an integer; write true or false");
  wrong_port("port = { neigh_suppress = true }",
             "unknown key \"neigh_suppress\" in port; did you mean "
             "\"neighbour_suppress\"?");
  wrong_port("port = { bpdu_guard = true }", "did you mean \"guard\"?");
  wrong_port("state = \"down\", port = { state = \"disabled\" }", "lab.toml:10:50: state of a port that is down");
  wrong_link("port = { cost = 5 }", "lab.toml:8:10: port is for ports of a bridge; eth0 has no master");
  CHECK_THAT(
      fault_of(port_lab("port = { state = \"disabled\" }", "", ", stp = true")),
      ContainsSubstring("lab.toml:10:34: state beside spanning tree, which decides it; leave it out, or stp of br0"));
  CHECK_THAT(fault_of(port_lab("mtu = 1400", ", port = {}")),
             ContainsSubstring("port is for ports of a bridge; br0 has no master"));
}

TEST_CASE("sysctls are known by one name, however they are written") {
  const Namespace space = space_of(
      "sysctl = { \"net/ipv4/conf/eth0.10/forwarding\" = 1, \"net.ipv4.conf.b/1.arp_ignore\" "
      "= \"2\" }");
  CHECK(space.of<Sysctl>().at(0).key_text == "net.ipv4.conf.eth0/10.forwarding");
  CHECK(space.of<Sysctl>().at(1).key_text == "net.ipv4.conf.b/1.arp_ignore");
  check_given(space.of<Sysctl>().at(1).value, std::string("2"), 4, 85);
  wrong_space("sysctl = { \"net.ipv4.ip_forward\" = 1, \"net/ipv4/ip_forward\" = 1 }",
              "lab.toml:4:39: sysctl net.ipv4.ip_forward is there already, in line 4");

  const Interface link =
      link_of(R"(sysctl = { "ipv4.forwarding" = 1, "ipv6.neigh.gc_stale_time" = 60, "mpls.input" = true })");
  REQUIRE(link.of<Sysctl>().size() == 3);
  CHECK(link.of<Sysctl>()[0].key_text == "net.ipv4.conf.eth0.forwarding");
  check_given(link.of<Sysctl>()[0].value, std::string("1"), 8, 34);
  CHECK(link.of<Sysctl>()[1].key_text == "net.ipv6.neigh.eth0.gc_stale_time");
  CHECK(link.of<Sysctl>()[2].key_text == "net.mpls.conf.eth0.input");
  CHECK(*link.of<Sysctl>()[2].value == "1");
  wrong_link(
      "sysctl = { \"net.ipv4.conf.eth0.forwarding\" = 1 }",
      "lab.toml:8:14: \"net.ipv4.conf.eth0.forwarding\" is not a sysctl of an interface; write \"ipv4.forwarding\"");
  wrong_link("sysctl = { forwarding = 1 }", "write \"ipv4.forwarding\", or the same with \"ipv6\" or \"mpls\"");
  wrong_link("sysctl = { \"net.ipv6.neigh.eth0.gc_stale_time\" = 1 }", "write \"ipv6.neigh.gc_stale_time\"");
  wrong_link("sysctl = { \"ipv4.../../x\" = 1 }", "is not a sysctl of an interface");
  wrong_link("sysctl = { ipv4.forwarding = 1 }", "sysctl ipv4 is a table; put the whole name in quotes");
  wrong_link("sysctl = { \"ipv4.forwarding\" = [1] }", "is a list; write a number or a string");
  wrong_link("sysctl = 1", "lab.toml:8:12: sysctl is an integer; write a table");
}

TEST_CASE("a namespace and its interface agree on a sysctl") {
  const auto both = [](const std::string& value) {
    std::string text = link_line("sysctl = { \"ipv4.forwarding\" = 1 }");
    return text.replace(text.find("[namespace.a]"), 13,
                        "[namespace.a]\nsysctl = { \"net/ipv4/conf/eth0/forwarding\" = " + value + " }");
  };
  const Lab lab = parsed(both("1")).lab;
  CHECK(lab.namespaces[0].of<Sysctl>().size() == 1);
  CHECK(lab.devices[0].interfaces[0].of<Sysctl>().empty());
  CHECK_THAT(fault_of(both("0")), ContainsSubstring("lab.toml:9:34: sysctl net.ipv4.conf.eth0.forwarding is \"1\" here "
                                                    "and \"0\" in line 4; leave one out"));
}

TEST_CASE("keys that others call otherwise are understood") {
  for (const auto& [word, key] : {std::pair{"ip", "addresses"},
                                  {"address", "addresses"},
                                  {"neighbors", "neighbours"},
                                  {"txqueuelen", "txqlen"},
                                  {"qlen", "txqlen"},
                                  {"promisc", "promiscuous"},
                                  {"allmulti", "allmulticast"},
                                  {"MTUBytes", "mtu"},
                                  {"MACAddress", "mac"},
                                  {"lladdr", "mac"},
                                  {"addrgenmode", "addr_gen_mode"},
                                  {"ifindex", "index"}})
    wrong_link(std::string(word) + " = 1",
               std::string("lab.toml:8:3: unknown key \"") + word + "\" in interface; did you mean \"" + key + "\"?");
  for (const auto& [word, key] : {std::pair{"gateway4", "gateway"},
                                  {"route", "routes"},
                                  {"RoutingPolicyRule", "rules"},
                                  {"IPForward", "forwarding"},
                                  {"loopback", "lo"}})
    wrong_space(std::string(word) + " = 1",
                std::string("lab.toml:4:1: unknown key \"") + word + "\" in namespace; did you mean \"" + key + "\"?");
  for (const auto& [word, key] : {std::pair{"src", "source"},
                                  {"dst", "to"},
                                  {"gw", "via"},
                                  {"proto", "protocol"},
                                  {"Gateway", "via"},
                                  {"pref", "preference"},
                                  {"priority", "metric"}})
    wrong_route(std::string(word) + " = 1", std::string("in route; did you mean \"") + key + "\"?");
  for (const auto& [word, key] : {std::pair{"src", "from"},
                                  {"dst", "to"},
                                  {"dev", "iif"},
                                  {"pref", "priority"},
                                  {"lookup", "table"},
                                  {"sport", "source_ports"},
                                  {"FirewallMark", "fwmark"},
                                  {"uidrange", "uid_range"},
                                  {"suppress_prefixlength", "suppress_prefix_length"}})
    wrong_rule(std::string(word) + " = 1", std::string("in rule; did you mean \"") + key + "\"?");
  wrong_address("address = \"10.0.0.1/24\", valid_lft = \"1s\"", "did you mean \"valid\"?");
}

TEST_CASE("new keys expand inside a repeat") {
  const Lab lab =
      parsed(
          "[lab]\nname = \"x\"\n[[repeat]]\nfor = { i = \"1..2\" }\n"
          "namespace.\"r{i}\" = { lo = [\"10.255.0.0/32 + {i}\"], rules = [{ from = \"10.{i}.0.0/16\", table = "
          "\"{100+i}\", fwmark = \"{i}/0xff\" }] }\n"
          "device.\"br{i}\" = { driver = \"bridge\", interfaces = [{ namespace = \"r{i}\", name = \"b{i}\", "
          "txqlen = \"{10*i}\", altnames = [\"bridge-{i}\"], addresses = [{ address = \"10.{i}.0.1/16\", label "
          "= \"b{i}:0\" }], sysctl = { \"ipv4.forwarding\" = \"{i%2}\" } }] }\n")
          .lab;
  REQUIRE(lab.namespaces.size() == 2);
  CHECK(lab.namespaces[1].of<Address>().at(0).prefix.str() == "10.255.0.2/32");
  CHECK(lab.namespaces[1].of<Rule>().at(0).table == 102);
  CHECK(lab.namespaces[1].of<Rule>().at(0).fwmark->first == 2);
  const Interface& link = lab.devices.at(1).interfaces.at(0);
  CHECK(*link.link.txqlen == 20);
  CHECK(link.link.altnames->at(0) == "bridge-2");
  CHECK(*link.of<Address>().at(0).label == "b2:0");
  CHECK(*link.of<Sysctl>().at(0).value == "0");
}
