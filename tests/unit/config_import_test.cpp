// SPDX-License-Identifier: Apache-2.0
// A lab written as a lab file is read as the same lab; what repeats is written once.
#include <fmt/format.h>

#include "catch.hpp"
#include "config/fold.hpp"
#include "config/said.hpp"
#include "fake_drivers.hpp"

using namespace netrig;

namespace {

Lab read(const std::string& text) { return config::parse(text, "lab.toml", fake_drivers()).lab; }

/// What a lab is written as.
config::Said said(const std::string& text, std::vector<Remark> remarks = {}) {
  Lab lab = read(text);
  // What import gives: parameters that are to be written, and nothing that comes by itself.
  for (Device& device : lab.devices) {
    device.parameters.erase("stp");
    device.parameters.erase("mode");
  }
  return config::say_lab({.lab = std::move(lab), .remarks = std::move(remarks)}, fake_drivers());
}

std::string body_of(const std::string& text) { return text.substr(text.find("[lab]")); }

std::optional<std::string> folded(std::vector<std::int64_t> i, const std::vector<std::string>& texts) {
  return config::folded_text({.variable = "i", .values = std::move(i)}, texts);
}

}  // namespace

TEST_CASE("texts that differ by one number are one with an expression") {
  CHECK(folded({1, 2, 3}, {"h1", "h2", "h3"}) == "h{i}");
  CHECK(folded({1, 2, 3}, {"p7", "p9", "p11"}) == "p{2*i+5}");
  CHECK(folded({1, 2, 3}, {"p9", "p8", "p7"}) == "p{10-i}");
  CHECK(folded({8, 9, 10}, {"h08", "h09", "h10"}) == "h{i:02}");
  CHECK(folded({1, 2, 3}, {"a:eth0 10.0.1.1/24", "a:eth0 10.0.2.1/24", "a:eth0 10.0.3.1/24"}) ==
        "a:eth0 10.0.{i}.1/24");
  // Over the end of an octet, and by the sixteen bits of IPv6.
  CHECK(folded({254, 255, 256}, {"10.0.0.254/16", "10.0.0.255/16", "10.0.1.0/16"}) == "10.0.0.254/16 + {i-254}");
  CHECK(folded({9, 10, 11}, {"2001:db8::9/64", "2001:db8::a/64", "2001:db8::b/64"}) == "2001:db8::{i:x}/64");
  CHECK(folded({9, 10}, {"02:00:00:00:00:09", "02:00:00:00:00:0a"}) == "02:00:00:00:00:{i:02x}");
  CHECK(folded({1, 2}, {"{1}", "{2}"}) == "{{{i}}}");
  CHECK_FALSE(folded({1, 2, 3}, {"h1", "h2", "h4"}));
  CHECK_FALSE(folded({1, 2}, {"h1", "g2"}));
  CHECK_FALSE(folded({9, 10, 11}, {"h09", "h10", "h011"}));
}

TEST_CASE("a lab is written as it was read, with links as links") {
  const std::string text = R"([lab]
name = "x"
dad = "on"
namespaces = ["bare"]

[namespace.a]
lo = ["10.255.0.1/32"]
forwarding = true
gateway = "10.0.0.2"
sysctl = { "net.ipv4.icmp_ratelimit" = 0, "net.ipv4.ping_group_range" = "0 100" }
routes = [
  { to = "10.9.0.0/16", next_hops = [{ via = "10.0.0.2", weight = 2 }, { via = "10.0.0.3" }], metric = 50 },
]
rules = [{ from = "10.6.0.0/16", table = 100, priority = 1000 }]

[namespace.b]
routes = [
  { to = "10.7.0.0/16", type = "blackhole" },
  { to = "default", dev = "eth0", source = "2001:db8::2" },
]

[device.br0]
driver = "bridge"
interfaces = [{ namespace = "b", sysctl = { "ipv4.rp_filter" = 2 } }]
params = { hello_time = "5s" }

[[link]]
ends = ["a:e 10.0.0.1/24", { end = "b:eth0 10.0.0.2/24 2001:db8::2/64", mtu = 1400, alias = "to \"a\"" }]
params = { tx_queues = 2 }
)";
  CHECK(body_of(said(text).text) == text);
}

TEST_CASE("hosts that differ by a number are one repeat, and stay the same lab") {
  std::string text =
      "[lab]\nname = \"x\"\n[namespace.hub]\n[device.br0]\ndriver = \"bridge\"\ninterfaces = [{ namespace = \"hub\" "
      "}]\n";
  for (int i = 1; i <= 300; ++i)
    text += fmt::format(
        "[namespace.h{0}]\ngateway = \"10.0.255.254\"\n[[link]]\nends = [\"h{0}:eth0 10.0.{1}.{2}/16\", {{ end = "
        "\"hub:p{0}\", "
        "master = \"br0\" }}]\n",
        i, i / 256, i % 256);
  const std::string written = said(text).text;
  INFO(written);
  CHECK(body_of(written) == R"([lab]
name = "x"
namespaces = ["hub"]

[[repeat]]
for = { i = "1..300" }
[repeat.namespace."h{i}"]
gateway = "10.0.255.254"
[[repeat.link]]
ends = ["h{i}:eth0 10.0.0.1/16 + {i-1}", { end = "hub:p{i}", master = "br0" }]

[device.br0]
driver = "bridge"
interfaces = [{ namespace = "hub" }]
)");
  CHECK(read(written).devices.size() == 301);
}

TEST_CASE("every other one repeats by a number of its own, and one that is otherwise stands alone") {
  std::string text = "[lab]\nname = \"x\"\n";
  for (int i = 0; i < 40; ++i)
    text += fmt::format("[namespace.f{}]\nlo = [\"10.{}.0.{}/32\"]\n", i, i % 2 == 0 ? 1 : 2, i == 11 ? 250 : i);
  const std::string written = said(text).text;
  INFO(written);
  CHECK_THAT(written,
             ContainsSubstring("for = { k = \"0..19\" }\n[repeat.namespace.\"f{2*k}\"]\nlo = [\"10.1.0.{2*k}/32\"]"));
  CHECK_THAT(written, ContainsSubstring("[namespace.f11]\nlo = [\"10.2.0.250/32\"]"));
  const Lab one = read(written);
  CHECK(one.namespaces.size() == 40);
}

TEST_CASE("what the reader of lab files refuses becomes a comment, and the rest stays") {
  Lab lab = read(R"([lab]
name = "x"
[namespace.a]
[namespace.b]
[[link]]
ends = ["a:e 10.0.0.1/24", "b:e 10.0.0.2/24"]
)");
  lab.namespaces[0].objects.of<Route>() = {
      {.destination = *Prefix::parse("10.9.0.0/16"), .next_hops = {{.via = IpAddress::parse("192.0.2.1")}}},
      {.destination = *Prefix::parse("10.8.0.0/16"), .next_hops = {{.via = IpAddress::parse("10.0.0.2")}}}};
  lab.devices[0].interfaces[1].link.mac = {*MacAddress::parse("03:00:00:00:00:01")};
  lab.devices[0].interfaces[0].objects.of<Address>().push_back(
      {.interface = "e", .prefix = *Prefix::parse("224.0.0.1/24")});
  const config::Said result =
      config::say_lab({.lab = lab, .remarks = {{.space = 1, .text = "e: qdisc htb 1: is\nnot"}}}, fake_drivers());
  INFO(result.text);
  CHECK_THAT(result.text, ContainsSubstring("# e: address 224.0.0.1/24 cannot be said: "));
  CHECK_THAT(result.text, ContainsSubstring("# routes { to = \"10.9.0.0/16\", via = \"192.0.2.1\" } cannot be said: "));
  CHECK_THAT(result.text, ContainsSubstring("routes = [{ to = \"10.8.0.0/16\", via = \"10.0.0.2\" }]"));
  CHECK_THAT(result.text, ContainsSubstring("mac = \"03:00:00:00:00:01\" cannot be said: "));
  CHECK_THAT(result.text, ContainsSubstring("# e: qdisc htb 1: is not\n"));
  CHECK(result.unsaid.size() == 4);
  CHECK(read(result.text).devices.size() == 1);
}
