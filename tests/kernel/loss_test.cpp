// SPDX-License-Identifier: Apache-2.0
// What the kernel takes along with what is changed is there again, and what is not concerned loses no packet.
#include <signal.h>

#include "catch.hpp"
#include "running.hpp"

using namespace scratch;
using namespace running;

namespace {

const std::string kHosts = R"([lab]
name = "t"
[namespace.a]
routes = [
  { to = "default", via = "10.0.0.254" },
  { to = "default", via = "2001:db8::fe" },
  { to = "192.0.2.0/24", via = "10.0.0.2", source = "10.0.0.3" },
  { to = "198.51.100.0/24", dev = "eth0", metric = 7 },
]
[namespace.b]
[device.wire]
driver = "veth"
interfaces = [
  { namespace = "a", name = "eth0", addresses = ["10.0.0.1/24", "10.0.0.3/24", "10.0.0.4/24", "2001:db8::1/64"] },
  { namespace = "b", name = "eth0", addresses = ["10.0.0.2/24", "2001:db8::2/64"] },
]
)";

std::string sysctl(const std::string& key) {
  const std::string out = sh("ip netns exec a sysctl -n " + key).out;
  return out.substr(0, out.find('\n'));
}

/// Pings from "a" to "b" all the time, until it is asked what was lost.
class Pinging {
 public:
  explicit Pinging(const std::string& to) {
    const Result started = sh("ip netns exec a ping -i 0.005 -W 2 " + to + " >" + directory() + "/ping 2>&1 & echo $!");
    process_ = std::stoi(started.out);
    await([] { return read(directory() + "/ping").find("icmp_seq=20 ") != std::string::npos; });
  }
  ~Pinging() {
    if (process_ != 0) ::kill(process_, SIGKILL);
  }
  Pinging(const Pinging&) = delete;
  Pinging& operator=(const Pinging&) = delete;
  /// Ends it; its last words.
  std::string lost() {
    // What is under way has time to come back; ping counts it as lost otherwise.
    ::kill(process_, SIGINT);
    await([] { return read(directory() + "/ping").find("packet loss") != std::string::npos; });
    process_ = 0;
    const std::string text = read(directory() + "/ping");
    // Numbers are without gaps, but for the one that was under way at the end.
    int last = 0;
    int gaps = 0;
    for (std::size_t at = 0; (at = text.find("icmp_seq=", at)) != std::string::npos; at += 9) {
      const int number = std::stoi(text.substr(at + 9));
      if (number != last + 1) ++gaps;
      last = number;
    }
    const bool refused = text.find("Unreachable") != std::string::npos || text.find("sendmsg") != std::string::npos;
    return gaps == 0 && !refused ? "" : text;
  }

 private:
  int process_ = 0;
};

}  // namespace

TEST_CASE("another primary address keeps the secondaries and the routes") {
  up(kHosts);
  const Json before = kernel_state("a");
  std::string edited = kHosts;
  SECTION("one is replaced") { edited = replaced(kHosts, "\"10.0.0.1/24\"", "\"10.0.0.9/24\""); }
  SECTION("one is removed") { edited = replaced(kHosts, "\"10.0.0.1/24\", ", ""); }
  SECTION("they change places") {
    edited = replaced(kHosts, "\"10.0.0.1/24\", \"10.0.0.3/24\"", "\"10.0.0.3/24\", \"10.0.0.1/24\"");
  }
  up(edited);
  require_clean("t");
  CHECK(kernel_state("a")["-4 route show table all"] != Json::array());
  CHECK(ip("-n a route show default").size() == 1);
  CHECK(ip("-n a route show 192.0.2.0/24")[0]["prefsrc"] == "10.0.0.3");
  CHECK(ip("-n a route show 198.51.100.0/24").size() == 1);
  CHECK(kernel_state("a")["-6 route show table all"] == before["-6 route show table all"]);
  up(kHosts);
  CHECK(kernel_state("a") == before);
  REQUIRE(cli("down t").exit == 0);
}

TEST_CASE("all addresses of an interface are replaced, and the routes are there") {
  up(kHosts);
  std::string edited = replaced(kHosts, "\"10.0.0.1/24\", \"10.0.0.3/24\", \"10.0.0.4/24\"", "\"10.0.0.3/16\"");
  up(edited);
  require_clean("t");
  CHECK(addresses("a", "eth0") == std::vector<std::string>{"10.0.0.3/16", "2001:db8::1/64"});
  CHECK(ip("-n a route show default").size() == 1);
  CHECK(ip("-n a route show 192.0.2.0/24").size() == 1);
  CHECK(ip("-n a route show 198.51.100.0/24").size() == 1);
}

TEST_CASE("an interface that an edit sets down and up again has its IPv6 addresses and default routes") {
  up(kHosts);
  const Json before = kernel_state("a");
  // Without routes that need it, it may be down.
  std::string down = replaced(kHosts, "{ namespace = \"a\", name = \"eth0\"",
                              "{ namespace = \"a\", name = \"eth0\", state = \"down\"");
  down = replaced(down, ", \"2001:db8::1/64\"", "");
  const std::size_t begin = down.find("routes = [");
  down.erase(begin, down.find("]\n", begin) + 2 - begin);
  up(down);
  require_clean("t");
  CHECK(ip("-n a -4 route").empty());
  up(kHosts);
  require_clean("t");
  CHECK(kernel_state("a") == before);
}

TEST_CASE("ip_forward and each interface's forwarding are as the file says, whichever changes") {
  const auto lab = [&](const std::string& all, const std::string& one) {
    return replaced(replaced(kHosts, "[namespace.a]", "[namespace.a]\nforwarding = " + all),
                    "name = \"eth0\", addresses = [\"10.0.0.1/24\"",
                    "name = \"eth0\", sysctl = { \"ipv4.forwarding\" = " + one + ", \"ipv6.forwarding\" = " + one +
                        " }, addresses = [\"10.0.0.1/24\"");
  };
  const auto is = [&](const std::string& all, const std::string& one) {
    require_clean("t");
    CHECK(sysctl("net.ipv4.ip_forward") == all);
    CHECK(sysctl("net.ipv6.conf.all.forwarding") == all);
    CHECK(sysctl("net.ipv4.conf.eth0.forwarding") == one);
    CHECK(sysctl("net.ipv6.conf.eth0.forwarding") == one);
  };
  up(lab("true", "0"));
  is("1", "0");
  up(lab("false", "1"));
  is("0", "1");
  up(lab("true", "1"));
  is("1", "1");
  up(lab("true", "0"));
  is("1", "0");
  // What somebody does to the one writes the other.
  REQUIRE(sh("ip netns exec a sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0").exit == 0);
  CHECK(verify("t")["drift"] == true);
  up(lab("true", "0"));
  is("1", "0");
  up(kHosts);
  require_clean("t");
  CHECK(sysctl("net.ipv4.ip_forward") == "0");
  CHECK(sysctl("net.ipv4.conf.eth0.forwarding") == "0");
}

TEST_CASE("a ping through the lab loses nothing while something else is edited or mended") {
  const std::string to = GENERATE("10.0.0.2", "2001:db8::2");
  const std::vector<std::string> edits = {
      replaced(kHosts, "\"10.0.0.4/24\"", "\"10.0.0.5/24\", \"10.5.0.1/16\", \"2001:db8:7::1/64\""),
      replaced(kHosts, "metric = 7", "metric = 8"),
      replaced(kHosts, "{ to = \"default\", via = \"10.0.0.254\" }", "{ to = \"default\", via = \"10.0.0.253\" }"),
      replaced(kHosts, "[namespace.a]", "[namespace.a]\nrules = [{ from = \"10.9.0.0/16\", table = 100 }]"),
      replaced(kHosts, "[namespace.a]",
               "[namespace.a]\nforwarding = true\nsysctl = { \"net.ipv4.ip_default_ttl\" = 33 }"),
      replaced(kHosts, "name = \"eth0\", addresses", "name = \"eth0\", alias = \"x\", addresses"),
      kHosts};
  const std::vector<std::string> drifts = {
      "ip -n a addr del 10.0.0.4/24 dev eth0; ip -n a addr add 10.7.0.1/24 dev eth0",
      "ip -n a route del default; ip -n a -6 route del default",
      "ip -n a route replace 198.51.100.0/24 via 10.0.0.9 metric 7 proto 110",
      "ip -n a rule add from 10.8.0.0/16 table 200",
      "ip -n a link set eth0 alias mine",
  };
  up(kHosts);
  Pinging pinging(to);
  for (const std::string& edit : edits) up(edit);
  for (const std::string& drift : drifts) {
    REQUIRE(sh(drift).exit == 0);
    up(kHosts, "--remove-foreign");
  }
  CHECK(pinging.lost() == "");
  require_clean("t");
  REQUIRE(cli("down t").exit == 0);
}

TEST_CASE("neighbours that the kernel takes from a link without a carrier are there when up returns") {
  const std::string lab = file("lab.toml", R"([lab]
name = "v"
namespaces = ["a", "b"]
[[link]]
ends = [{ end = "a:e", addresses = ["10.0.0.1/24", "2001:db8::1/64"], neighbours = [{ address = "10.0.0.9", proxy = true }, { address = "2001:db8::99", proxy = true }, { address = "10.0.0.8", mac = "02:00:00:00:00:08", state = "noarp" }] }, { end = "b:e", state = "down" }]
)");
  REQUIRE(cli("up " + lab).exit == 0);
  CHECK(ip("-n a neigh show proxy").size() == 2);
  CHECK(ip("-n a neigh show 10.0.0.8 nud all").size() == 1);
  const Result verified = cli("verify --strict v");
  INFO(verified.out);
  CHECK(verified.exit == 0);
  REQUIRE(cli("down v").exit == 0);
  require_nothing_left();
}
