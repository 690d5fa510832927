// SPDX-License-Identifier: Apache-2.0
// All that is wrong with a lab file is told at once, and nothing that only follows from it.
#include "catch.hpp"
#include "fake_drivers.hpp"
#include "toml/faults.hpp"

using namespace netrig;

namespace {

/// "LINE:COLUMN message" of each.
std::vector<std::string> faults_of(const std::string& text, bool* cut = nullptr) {
  std::vector<std::string> found;
  try {
    config::parse(text, config::Source{.file = "lab.toml", .all_faults = true}, fake_drivers());
  } catch (const tomlfile::Errors& errors) {
    CHECK(errors.what() == std::string(errors.all().front().what()));
    if (cut != nullptr) *cut = errors.cut();
    for (const Error& one : errors.all()) found.push_back(one.where().substr(9) + " " + one.message());
  }
  return found;
}

void are(const std::string& text, const std::vector<std::string>& wanted) {
  const std::vector<std::string> found = faults_of(text);
  std::string shown;
  for (const std::string& one : found) shown += one + "\n";
  INFO(text << "\ngave:\n" << shown);
  REQUIRE(found.size() == wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) CHECK_THAT(found[i], ContainsSubstring(wanted[i]));
}

}  // namespace

TEST_CASE("every thing that is wrong by itself is told, in the order of the file") {
  are(R"([lab]
name = "x"
[[test]]
name = "t"
from = "a"
pingg = { to = "b" }
[namespace.a]
adresses = []
routes = [{ to = "10.0.0.0/8" }, { to = "10.1.0.0/16", dev = "eth0" }, { to = "x", dev = "eth0" }]
[namespace.b]
[device.d]
driver = "macvlann"
interfaces = []
[[link]]
ends = ["a:eth0", { end = "b:eth0", mtu = "big" }]
[[link]]
ends = ["a:eth1 10.0.0.1", "b:eth1"]
[service.s]
namespace = "a"
command = ""
)",
      {"6:1 unknown key \"pingg\"", "8:1 unknown key \"adresses\"", "9:11 route has neither via nor dev",
       "9:79 destination", "12:10 unknown driver \"macvlann\"", "15:43 mtu is a string", "17:9 ",
       "20:11 command is empty"});
}

TEST_CASE("what follows from a fault is not told") {
  // All that names what is wrong.
  are("[lab]\nname = \"x\"\n[namespace.a]\nforwarding = 7\n[namespace.b]\n[[link]]\nends = [\"a:eth0\", \"b:eth0\"]\n"
      "[service.s]\nnamespace = \"a\"\ncommand = \"true\"\n",
      {"4:14 forwarding is an integer"});
  are("[lab]\nname = \"x\"\n[namespace.a]\ninterface = { \"eth*\" = { mtuu = 9 } }\n[[link]]\nends = [\"a:e0\", "
      "\"a:e1\"]\n",
      {"4:26 unknown key \"mtuu\""});
  // A key that is missing because it is misspelt.
  are("[lab]\nname = \"x\"\n[namespace.a]\nroutes = [{ too = \"10.0.0.0/8\", dev = \"e\" }]\n",
      {"4:13 unknown key \"too\""});
  // What the whole lab has to do with it.
  are("[lab]\nname = \"x\"\n[namespace.a]\nhostname = \"\"\n[[test]]\nname = \"t\"\nfrom = \"nobody\"\nping = { to = "
      "\"a\" }\n",
      {"4:12 hostname"});
}

TEST_CASE("what repeats is wrong once, and who has made everything wrong reads the first twenty") {
  are("[lab]\nname = \"x\"\n[[repeat]]\nfor = { i = \"1..50\" }\nnamespace.\"n{i}\" = { forwarding = \"maybe\" }\n",
      {"5:35 forwarding = \"maybe\" is neither true nor false (i = 1)"});
  std::string text = "[lab]\nname = \"x\"\n[namespace.a]\n";
  for (int i = 0; i < 30; ++i) text += "key" + std::to_string(i) + " = 1\n";
  bool cut = false;
  const auto found = faults_of(text, &cut);
  CHECK(found.size() == tomlfile::Faults::kMost);
  CHECK(cut);
}

TEST_CASE("a lab that is right has no faults, and one fault is told as ever") {
  CHECK(faults_of("[lab]\nname = \"x\"\nnamespaces = [\"a\"]\n").empty());
  CHECK_THROWS_AS(config::parse("[lab]\nname = 7\n", config::Source{.file = "x", .all_faults = true}, fake_drivers()),
                  Error);
  are("[lab]\nname = \"x\"\nnmae = 1\ndadd = 2\n", {"3:1 unknown key \"nmae\"", "4:1 unknown key \"dadd\""});
}

TEST_CASE("what is wrong with [lab] hides nothing that follows, but for a file that has none") {
  are(R"([lab]
nmae = "x"
dad = "never"
[namespace.a]
adresses = []
)",
      {"2:1 unknown key \"nmae\"", "3:7 ", "5:1 unknown key \"adresses\""});
  are("[namespace.a]\nadresses = []\n", {"1:1 there is no [lab]"});
}

TEST_CASE("every value of a table that is wrong by itself is told, and not what follows from it") {
  are(R"([lab]
name = 7
[namespace.a]
forwarding = 1
hostname = 2
[[link]]
ends = [{ end = "a:eth0", mtu = "big", txqlen = -1, state = "upp", arp = 3 }, "b:eth0"]
[namespace.b]
rules = [{ priority = -1, source_ports = 0, table = 0 }]
[[test]]
name = "t"
from = "a"
timeout = 5
ping = { to = "b", count = "x", interval = "soon", ttl = 300, family = "ipv5", max_loss = 101, max_rtt = "2h" }
during = { at = 3, interface = "a:eth0", state = "gone" }
[[test]]
name = "follows"
from = "a"
unreachable = { to = "b", protocol = "tpc", port = 80 }
)",
      {"2:8 name is an integer", "4:14 forwarding is an integer", "5:12 hostname is an integer", "7:33 mtu is a string",
       "7:49 txqlen = -1 is out of range", "7:61 state = \"upp\"", "7:74 arp is an integer", "9:23 priority = -1",
       "9:42 source_ports = 0", "9:53 table = 0", "13:11 timeout is an integer", "14:28 count is a string",
       "14:44 interval = \"soon\" is not a duration", "14:58 ttl = 300", "14:72 family = \"ipv5\"",
       "14:91 max_loss is a percentage", "14:106 max_rtt is out of range", "15:50 state = \"gone\"",
       "19:38 protocol = \"tpc\""});
}

TEST_CASE("rules that several parts of a lab have a say in are told together") {
  are(R"([lab]
name = "x"
namespaces = ["b"]
[namespace.a]
routes = [{ to = "10.0.0.0/8", dev = "eht0" }, { to = "10.1.0.0/16", via = "198.51.100.1" }]
rules = [{ from = "10.0.0.0/8", priority = 5 }, { from = "10.0.0.0/8", priority = 5 }, { tos = 8 }, { tos = 8 }]
[[link]]
ends = [{ end = "a:eth0 192.0.2.1/24", master = "br7" }, { end = "b:eth0 192.0.2.2/24", master = "br8" }]
[[link]]
ends = ["a:eth1 192.0.2.1/24", "b:eth0"]
[[test]]
name = "t"
from = "nobody"
exec = { command = "true" }
counters = [{ interface = "a:eth9" }, { interface = "c:eth0" }]
[[test]]
name = "t"
from = "a"
exec = { command = "true" }
)",
      {"namespace a has no interface \"eht0\"", "next hop 198.51.100.1 is not reachable", "has this rule already",
       "has this rule already", "unknown master \"br7\"", "unknown master \"br8\"", "address 192.0.2.1 is in",
       "an interface \"eth0\" already", "\"nobody\" matches no namespace", "\"a:eth9\" matches no interface",
       "\"c\" matches no namespace", "test \"t\" is there already"});
}

TEST_CASE("circles, and what is borrowed of a namespace that there is not, end no reading") {
  are(R"([lab]
name = "x"
namespaces = ["a"]
[device.one]
driver = "macvlan"
params = { parent = "a:two" }
interfaces = [{ namespace = "a", name = "one" }]
[device.two]
driver = "macvlan"
params = { parent = "a:one" }
interfaces = [{ namespace = "a", name = "two" }]
[device.three]
driver = "macvlan"
params = { parent = "nowhere:eth0" }
interfaces = [{ namespace = "a", name = "three" }]
)",
      {"devices need each other in a circle: one -> two -> one", "unknown namespace \"nowhere\""});
}

TEST_CASE("a capture at an interface that the file does not have is a warning, for somebody may make it") {
  const auto parsed = config::parse(
      "[lab]\nname = \"x\"\nnamespaces = [\"a\"]\n[[test]]\nname = \"t\"\nfrom = \"a\"\nexec = { command = "
      "\"true\" }\ncapture = { interface = \"a:tun*\" }\n",
      config::Source{.file = "lab.toml", .all_faults = true}, fake_drivers());
  REQUIRE(parsed.warnings.size() == 1);
  CHECK_THAT(parsed.warnings[0].message, ContainsSubstring("\"a:tun*\" matches no interface of the lab"));
}
