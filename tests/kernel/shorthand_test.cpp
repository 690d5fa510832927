// SPDX-License-Identifier: Apache-2.0
// What a lab file says in short comes up as what it stands for, and what a lab was read from is remembered whole.
#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;

namespace {

using Texts = std::vector<std::string>;

const std::string kOffice = R"(
include = ["hosts.toml"]
[lab]
name = "office"
namespaces = ["r1", "r2"]
[vars]
hosts = 2
[group.routers]
members = "r*"
forwarding = true
interface = { "*" = { mtu = 1400 } }
[namespace.far]
gateway = "10.0.9.1"
[lan.floor]
prefix = "10.0.3.0/24"
ports = ["r1:lan 10.0.3.254/24", { for = { i = "1..{hosts}" }, end = "h{i}:eth0" }]
[[link]]
ends = ["r1:up 10.0.1.1/30", "r2:down 10.0.1.2/30"]
[[link]]
ends = ["r2:lan", "far:eth0"]
prefix = "10.0.9.0/24"
)";
const std::string kOfficeHosts = R"(
[[repeat]]
for = { i = "1..{hosts}" }
namespace."h{i}" = { gateway = "10.0.3.254" }
[group.one]
members = "r1"
routes = [{ to = "10.0.9.0/24", via = "10.0.1.2" }]
[group.two]
members = "r2"
routes = [{ to = "10.0.3.0/24", via = "10.0.1.1" }]
)";

/// Both files in this test's directory; returns the lab's.
std::string office() {
  file("hosts.toml", kOfficeHosts);
  return file("office.toml", kOffice);
}

void require_up(const std::string& arguments) {
  const Result up = cli("up " + arguments);
  INFO(up.err);
  REQUIRE(up.exit == 0);
}

}  // namespace

TEST_CASE("lans, links and groups come up and carry packets") {
  const std::string lab = office();
  require_up(lab);
  CHECK(namespaces() == Texts{"far", "floor", "h1", "h2", "r1", "r2"});
  CHECK(links("floor") == Texts{"br0", "h1", "h2", "r1"});
  for (const char* port : {"h1", "h2", "r1"})
    CHECK(ip(std::string("-n floor link show dev ") + port)[0]["master"] == "br0");
  CHECK(addresses("h1", "eth0") == Texts{"10.0.3.1/24"});
  CHECK(addresses("h2", "eth0") == Texts{"10.0.3.2/24"});
  CHECK(addresses("far", "eth0") == Texts{"10.0.9.2/24"});
  CHECK(ip("-n r1 link show dev lan")[0]["mtu"] == 1400);
  CHECK(ip("-n h1 link show dev eth0")[0]["mtu"] == 1500);
  // Nobody speaks from a switch.
  CHECK(ip("-n floor -6 addr show").empty());
  CHECK(answers("h1", "10.0.3.2"));
  CHECK(answers("h2", "10.0.9.2"));
  CHECK(cli("verify office").exit == 0);
  CHECK(cli("plan " + lab).out.find("nothing to change") != std::string::npos);
  CHECK(cli("up " + lab).out.find("up already; nothing to change") != std::string::npos);
  REQUIRE(cli("down office").exit == 0);
  require_nothing_left();
}

TEST_CASE("what a lab includes, and what the command line sets, is part of what is up") {
  const std::string lab = office();
  require_up(lab + " --set hosts=3");
  CHECK(addresses("h3", "eth0") == Texts{"10.0.3.3/24"});
  CHECK(cli("verify office").exit == 0);
  CHECK(cli("up " + lab + " --set hosts=3").out.find("nothing to change") != std::string::npos);
  // An edit of what is included is an edit.
  file("hosts.toml",
       replaced(read(directory() + "/hosts.toml"), "gateway = \"10.0.3.254\"", "gateway = \"10.0.3.253\""));
  require_up(lab + " --set hosts=3");
  CHECK(ip("-n h3 route show default")[0]["gateway"] == "10.0.3.253");
  // What is up is known by what it was, whatever has become of the files.
  REQUIRE(sh("rm " + directory() + "/hosts.toml").exit == 0);
  CHECK(cli("verify office").exit == 0);
  const Result gone = cli("up " + lab);
  CHECK(gone.exit == 2);
  CHECK(gone.err.find("office.toml:2:12: cannot include it: ") != std::string::npos);
  REQUIRE(cli("down office").exit == 0);
  require_nothing_left();
}

TEST_CASE("one lab runs twice side by side") {
  const std::string lab = office();
  require_up(lab);
  require_up(lab + " --name second --set hosts=1");
  CHECK(namespaces() == Texts{"far", "floor", "h1", "h2", "r1", "r2", "second-far", "second-floor", "second-h1",
                              "second-r1", "second-r2"});
  CHECK(addresses("second-h1", "eth0") == Texts{"10.0.3.1/24"});
  // Commands use the names of the file.
  CHECK(answers("h1", "10.0.9.2"));
  CHECK(cli("exec second h2 -- true").exit != 0);
  CHECK(cli("status second").exit == 0);
  CHECK(cli("verify second").exit == 0);
  CHECK(cli("up " + lab + " --name second --set hosts=1").out.find("nothing to change") != std::string::npos);
  // A mended namespace is the one of this lab.
  REQUIRE(sh("ip netns exec second-h1 ip route del default").exit == 0);
  CHECK(cli("verify second").exit == 1);
  CHECK(cli("verify office").exit == 0);
  require_up(lab + " --name second --set hosts=1");
  CHECK(ip("-n second-h1 route show default")[0]["gateway"] == "10.0.3.254");
  // A new one is made with the prefix, and goes with it.
  require_up(lab + " --name second");
  CHECK(addresses("second-h2", "eth0") == Texts{"10.0.3.2/24"});
  require_up(lab + " --name second --set hosts=1");
  CHECK(namespaces().size() == 11);
  REQUIRE(cli("down office").exit == 0);
  CHECK(namespaces().size() == 5);
  REQUIRE(cli("down second").exit == 0);
  require_nothing_left();
}

TEST_CASE("a prefix does not change while a lab is up") {
  const std::string lab = file("lab.toml", "[lab]\nname = \"x\"\nprefix = \"a-\"\nnamespaces = [\"h\"]\n");
  require_up(lab);
  CHECK(namespaces() == Texts{"a-h"});
  file("lab.toml", "[lab]\nname = \"x\"\nprefix = \"b-\"\nnamespaces = [\"h\"]\n");
  const Result up = cli("up " + lab);
  CHECK(up.exit == 4);
  CHECK(up.err.find("is up with the prefix \"a-\"") != std::string::npos);
  CHECK(namespaces() == Texts{"a-h"});
  REQUIRE(cli("down x").exit == 0);
  require_nothing_left();
}

TEST_CASE("plan --expand prints a lab that is the same") {
  const std::string lab = office();
  const Result expanded = cli("plan " + lab + " --expand");
  REQUIRE(expanded.exit == 0);
  const std::string plain = file("plain.toml", expanded.out);
  require_up(lab);
  CHECK(cli("plan " + plain).out.find("nothing to change") != std::string::npos);
  REQUIRE(cli("down office").exit == 0);
  require_nothing_left();
}

TEST_CASE("a namespace of a lab with a prefix is known as that lab's") {
  const std::string lab = file("lab.toml", "[lab]\nname = \"x\"\nprefix = \"a-\"\nnamespaces = [\"h\"]\n");
  require_up(lab);
  const Result other = cli("up " + file("other.toml", "[lab]\nname = \"other\"\nnamespaces = [\"a-h\"]\n"));
  CHECK(other.exit == 4);
  CHECK(other.err.find("namespace a-h is of lab x (from " + lab + ")") != std::string::npos);
  REQUIRE(cli("down x").exit == 0);
  require_nothing_left();
}

TEST_CASE("a file that several labs were made from names none of them") {
  const std::string lab = file("lab.toml", "[lab]\nname = \"x\"\nnamespaces = [\"h\"]\n");
  require_up(lab + " --name one");
  CHECK(cli("status " + lab).exit == 0);
  require_up(lab + " --name two");
  const Result down = cli("down " + lab);
  CHECK(down.exit == 4);
  CHECK(down.err.find("labs one, two are all from " + lab + "; say which of them") != std::string::npos);
  CHECK(namespaces() == Texts{"one-h", "two-h"});
  REQUIRE(cli("down one").exit == 0);
  REQUIRE(cli("down " + lab).exit == 0);
  require_nothing_left();
}
