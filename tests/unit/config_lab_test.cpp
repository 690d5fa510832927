// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "fake_drivers.hpp"
#include "toml/expand.hpp"

using namespace netrig;

namespace {

std::int64_t evaluate(const std::string& expression, const tomlfile::Variables& variables) {
  return std::get<std::int64_t>(tomlfile::evaluate(expression, {.variables = &variables}));
}
std::string expand(const std::string& text, const tomlfile::Variables& variables) {
  return tomlfile::expand(text, {.variables = &variables});
}

Lab example(const std::string& name) {
  return config::load(std::string(NETRIG_CONFIG_DIR) + "/" + name, fake_drivers()).lab;
}

}  // namespace

TEST_CASE("expressions follow the rules of arithmetic") {
  const tomlfile::Variables variables = {{"i", std::int64_t{7}}, {"k_2", std::int64_t{-3}}};
  CHECK(evaluate("2*i+1", variables) == 15);
  CHECK(evaluate("2*(i+1)", variables) == 16);
  CHECK(evaluate(" i % 4 ", variables) == 3);
  CHECK(evaluate("-i/2", variables) == -3);
  CHECK(evaluate("--i", variables) == 7);
  CHECK(evaluate("k_2 - -1", variables) == -2);
  CHECK(evaluate("i-3-2", variables) == 2);
  CHECK(evaluate("9223372036854775807+0*i", variables) == INT64_MAX);
  for (const char* bad : {"", "i+", "(i", "i)", "i i", "2i", "i//2", "1/0", "1%0", "9223372036854775808",
                          "9223372036854775807+1", "j", "i;i", "-9223372036854775807-2"})
    CHECK_THROWS_AS(evaluate(bad, variables), tomlfile::ExpansionError);
  CHECK_THROWS_AS(evaluate(std::string(10000, '('), variables), tomlfile::ExpansionError);
}

TEST_CASE("expressions agree with the compiler on all small numbers") {
  for (std::int64_t a = -7; a <= 7; ++a)
    for (std::int64_t b = -7; b <= 7; ++b) {
      const tomlfile::Variables variables = {{"a", a}, {"b", b}};
      CHECK(evaluate("a+b*a-b", variables) == a + b * a - b);
      CHECK(evaluate("(a+b)*(a-b)", variables) == (a + b) * (a - b));
      if (b != 0) CHECK(evaluate("a/b*b+a%b", variables) == a);
    }
}

TEST_CASE("braces expand in text, doubled ones stand for themselves") {
  const tomlfile::Variables variables = {{"f", std::int64_t{2}}, {"i", std::int64_t{7}}};
  CHECK(expand("h{f}-{i:03}", variables) == "h2-007");
  CHECK(expand("{{{i}}}", variables) == "{7}");
  CHECK(expand("plain", variables) == "plain");
  CHECK_THROWS_AS(expand("{i:3}", variables), tomlfile::ExpansionError);
  CHECK_THROWS_AS(expand("}", variables), tomlfile::ExpansionError);
}

TEST_CASE("the example labs parse to what their comments say") {
  const Lab two = example("two-hosts.toml");
  CHECK(two.name.str() == "two-hosts");
  CHECK(two.namespaces.size() == 2);
  REQUIRE(two.devices.size() == 1);
  CHECK(two.devices[0].interfaces[1].of<Address>()[1].prefix.str() == "2001:db8::2/64");
  REQUIRE(two.tests.size() == 1);
  CHECK(name_of(two.tests[0].check) == "ping");

  const Lab campus = example("routed-campus.toml");
  CHECK(campus.namespaces.size() == 103);
  CHECK(campus.devices.size() == 104);
  CHECK(campus.tests.size() == 2);
  const Device& last = campus.devices.back();
  CHECK(last.name.str() == "port2-50");
  CHECK(last.interfaces[1].of<Address>()[0].prefix.str() == "10.2.1.50/16");

  const Lab pairs = example("pairs-1000.toml");
  CHECK(pairs.namespaces.size() == 1000);
  CHECK(pairs.devices.size() == 500);
  CHECK(pairs.devices[499].interfaces[0].of<Address>()[0].prefix.str() == "10.0.7.205/30");
  CHECK(pairs.namespaces[998].of<Route>()[0].next_hops[0].via->str() == "10.0.7.206");

  CHECK(example("star-1000.toml").devices.size() == 1001);
  CHECK(example("macvlan-on-uplink.toml").devices.size() == 4);
}

TEST_CASE("devices may refer to each other in any order") {
  const Lab lab = config::parse(
                      "[lab]\nname = \"x\"\n[device.m]\ndriver = \"macvlan\"\nparams = { parent = \"a:eth0\" }\n"
                      "interfaces = [{ namespace = \"b\" }]\n[device.w]\ndriver = \"veth\"\n"
                      "interfaces = [{ namespace = \"a\", name = \"eth0\" }, { namespace = \"b\", name = \"eth0\" "
                      "}]\n[namespace.a]\n[namespace.b]\n",
                      "lab.toml", fake_drivers())
                      .lab;
  CHECK(lab.devices[0].interfaces[0].name.str() == "m");
  CHECK(std::get<std::string>(lab.devices[0].parameters.at("mode").values[0]) == "bridge");
}

TEST_CASE("several variables run nested, in the order written") {
  const Lab lab =
      config::parse(
          "[lab]\nname = \"x\"\n[[repeat]]\nfor = { z = \"1..2\", a = \"8..10\" }\nnamespace.\"n{z}-{a:02}\" = {}\n",
          "lab.toml", fake_drivers())
          .lab;
  std::vector<std::string> names;
  for (const Namespace& space : lab.namespaces) names.push_back(space.name.str());
  CHECK(names == std::vector<std::string>{"n1-08", "n1-09", "n1-10", "n2-08", "n2-09", "n2-10"});
}

TEST_CASE("tests stand in the order of the file, those of a repeat where it stands") {
  const Lab lab = config::parse(R"(
[lab]
name = "x"
[namespace.a]
[[test]]
name = "first"
from = "a"
exec = { command = "true" }
[[repeat]]
for = { i = "1..2" }
[[repeat.test]]
name = "second {i}"
from = "a"
exec = { command = "true" }
[[repeat.test]]
name = "third {i}"
from = "a"
depends_on = "second {i}"
exec = { command = "true" }
[[test]]
name = "last"
from = "a"
depends_on = ["third 1", "third 2"]
exec = { command = "true" }
)",
                                "lab.toml", fake_drivers())
                      .lab;
  std::vector<std::string> names;
  for (const Test& test : lab.tests) names.push_back(test.name);
  CHECK(names == std::vector<std::string>{"first", "second 1", "third 1", "second 2", "third 2", "last"});
}

TEST_CASE("flows, shares and sizes are read, and a share goes where its interfaces go") {
  const Lab lab = config::parse(R"(
[lab]
name = "x"
[namespace.a]
[namespace.b]
[namespace.c]
[[link]]
ends = ["a:eth0 10.0.0.1/24", "b:eth0 10.0.0.2/24"]
[[link]]
ends = ["a:eth1", "c:eth0"]
[[test]]
name = "spread"
from = "a"
udp = { to = "b", flows = 64, share = { interfaces = ["a:eth0", "c:eth0"], ratio = [11, 45], tolerance = 2.5 } }
[[repeat]]
for = { i = "2..2" }
[[repeat.test]]
name = "alike"
from = "a"
throughput = { to = "b", size = "{i}MiB", share = { interfaces = ["a:eth0", "b:eth0"], ratio = ["{i}", 1] } }
[[test]]
name = "route"
from = "a"
route = { to = "10.0.0.2", vrf = "red" }
)",
                                "lab.toml", fake_drivers())
                      .lab;
  REQUIRE(lab.tests.size() == 3);
  CHECK(std::get<ConnectCheck>(lab.tests[0].check).flows == 64);
  const Share& share = *lab.tests[0].share;
  REQUIRE(share.parts.size() == 2);
  CHECK(share.parts[0].interface.str() == "a:eth0");
  CHECK(share.parts[0].ratio == 11);
  CHECK(share.parts[1].ratio == 45);
  CHECK(share.tolerance == 2.5);
  CHECK(std::get<ThroughputCheck>(lab.tests[1].check).size == 2U << 20U);
  CHECK(lab.tests[1].share->parts[0].ratio == 2);
  CHECK(lab.tests[1].share->tolerance == 10);
  CHECK(std::get<RouteCheck>(lab.tests[2].check).vrf->str() == "red");
  const Lab part = select(lab, {"a", "b"});
  REQUIRE(part.tests.size() == 2);
  CHECK(part.tests[0].name == "alike");
}

TEST_CASE("what a check asks for beside its target is read") {
  const Lab lab = config::parse(R"(
[lab]
name = "x"
[namespace.a]
[namespace.b]
[service.web]
namespace = "b"
command = "true"
[[test]]
name = "t"
from = "a"
ping = { to = "b", source = "2001:db8::1", dev = "red", tos = 0x20, min_loss = 10, within = "30s", holds = "5s" }
before = { service = "w*", state = "kill" }
[[test]]
name = "route"
from = "a"
route = { to = "192.0.2.2", source = "192.0.2.1", fwmark = "0x2", protocol = "tcp", destination_port = 80, iif = "eth0" }
)",
                                "lab.toml", fake_drivers())
                      .lab;
  const Test& test = lab.tests.at(0);
  CHECK(test.waiting == Waiting{.within = 30s, .holds = 5s});
  const auto& ping = std::get<PingCheck>(test.check);
  CHECK(ping.to.family == Family::ipv6);
  CHECK(ping.to.sender == Sender{.source = IpAddress::parse("2001:db8::1"), .dev = InterfaceName("red"), .tos = 0x20});
  CHECK(ping.min_loss == 10);
  CHECK(ping.max_loss == 100);
  REQUIRE(test.before.size() == 1);
  CHECK(std::get<ServiceEvent>(test.before[0].what) ==
        ServiceEvent{.services = {"w*"}, .how = ServiceEvent::How::kill});
  CHECK(std::get<RouteCheck>(lab.tests.at(1).check).query == RouteQuery{.source = IpAddress::parse("192.0.2.1"),
                                                                        .fwmark = 2,
                                                                        .protocol = std::uint8_t{6},
                                                                        .source_port = {},
                                                                        .destination_port = std::uint16_t{80},
                                                                        .iif = InterfaceName("eth0")});
}

TEST_CASE("a part of a lab has the tests whose services and links are in it") {
  const Lab lab = config::parse(R"(
[lab]
name = "x"
[namespace.a]
[namespace.b]
[service.web]
namespace = "b"
command = "true"
[[test]]
name = "needs b's service"
from = "a"
exec = { command = "true" }
before = { service = "web", state = "stop" }
[[test]]
name = "needs b's link"
from = "a"
exec = { command = "true" }
before = { interface = "b:lo", state = "down" }
[[test]]
name = "needs a alone"
from = "a"
exec = { command = "true" }
before = { interface = "a:lo", state = "down" }
)",
                                "lab.toml", fake_drivers())
                      .lab;
  const Lab part = select(lab, {"a"});
  REQUIRE(part.tests.size() == 1);
  CHECK(part.tests[0].name == "needs a alone");
}

TEST_CASE("a part of a lab has the namespaces that match and the devices within") {
  const Lab part = select(example("star-1000.toml"), {"h1?", "hub"});
  CHECK(part.namespaces.size() == 11);
  CHECK(part.devices.size() == 11);
  const Lab lonely = select(example("pairs-1000.toml"), {"f0"});
  CHECK(lonely.devices.empty());
  CHECK(lonely.namespaces[0].of<Route>().empty());
}

TEST_CASE("durations and rates are read and written") {
  CHECK(parse_duration("15s") == 15'000'000'000);
  CHECK(parse_duration("1.5ms") == 1'500'000);
  CHECK_FALSE(parse_duration("15"));
  CHECK_FALSE(parse_duration("-1s"));
  CHECK_FALSE(parse_duration("99999999999999h"));
  CHECK(parse_rate("100Mbit") == 100'000'000);
  CHECK_FALSE(parse_rate("100"));
  CHECK(format_duration(2'000'000'000) == "2s");
  CHECK(format_duration(90'000'000'000) == "90s");
  CHECK(format_rate(1'500'000) == "1500Kbit");
}
