// SPDX-License-Identifier: Apache-2.0
// `netrig watch`: what it tells, and what it follows. Changes are made by ip(8), as a user makes them.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <sstream>

#include "catch.hpp"
#include "kernel/inside.hpp"
#include "kernel/monitor.hpp"
#include "kernel/namespace.hpp"
#include "scratch.hpp"

using namespace scratch;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

const char* const kLab =
    "[lab]\nname = \"two\"\n[namespace.h1]\nsysctl = { \"net.ipv4.ip_forward\" = 1 }\n"
    "routes = [{ to = \"198.51.100.0/24\", via = \"192.0.2.2\" }]\n[namespace.h2]\n"
    "[device.wire]\ndriver = \"veth\"\ninterfaces = [\n"
    "  { namespace = \"h1\", name = \"eth0\", addresses = [\"192.0.2.1/24\", \"2001:db8::1/64\"] },\n"
    "  { namespace = \"h2\", name = \"eth0\", addresses = [\"192.0.2.2/24\"], "
    "neighbours = [{ address = \"192.0.2.9\", mac = \"02:00:00:00:00:09\" }] },\n]\n";

std::string drifting(const std::string& text = kLab) { return file("two.toml", text); }

/// A watch that runs in the background.
class Watching {
 public:
  explicit Watching(const std::string& options = "") {
    const Result started =
        sh(std::string(NETRIG_BINARY) + " watch two " + options + " >" + out() + " 2>" + err() + " & echo $!");
    process_ = std::stoi(started.out);
    // The first words come when it listens.
    await([&] { return !read(out()).empty() || !read(err()).empty(); });
  }
  ~Watching() { ::kill(process_, SIGKILL); }
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;

  [[nodiscard]] std::string text() const { return read(out()) + read(err()); }
  [[nodiscard]] std::vector<Json> events() const {
    std::vector<Json> events;
    std::istringstream lines(read(out()));
    for (std::string line; std::getline(lines, line);)
      if (!lines.eof()) events.push_back(Json::parse(line));
    return events;
  }
  void await_line(const std::string& line) const {
    for (int i = 0; i < 12000; ++i) {
      if (text().find(line) != std::string::npos) return;
      ::usleep(5000);
    }
    FAIL("no \"" << line << "\" in\n" << text());
  }
  [[nodiscard]] bool is_running() const { return ::kill(process_, 0) == 0; }
  void interrupt() const { ::kill(process_, SIGINT); }

 private:
  static std::string out() { return directory() + "/watch.out"; }
  static std::string err() { return directory() + "/watch.err"; }
  int process_ = 0;
};

void change(const std::string& command) {
  const Result result = sh(command);
  INFO(command << ": " << result.err);
  REQUIRE(result.exit == 0);
}

}  // namespace

TEST_CASE("a monitor hears of namespaces that it holds no socket in, and of their end") {
  change("ip netns add a && ip netns add b");
  netrig::kernel::Monitor monitor;
  const auto listen = [&](const char* name) {
    const auto fd = netrig::kernel::open_namespace(netrig::kernel::path_of(netrig::NamespaceName(name)));
    return monitor.listen_to(*fd);
  };
  const std::int32_t a = listen("a");
  const std::int32_t b = listen("b");
  CHECK(a != b);
  using What = netrig::kernel::Monitor::Notice::What;
  const auto hear = [&](std::int32_t space, What what) {
    bool heard = false;
    await([&] {
      monitor.wait({.deadline = Clock::now() + 20ms, .gave_up = {}}, [&](const auto& notice) {
        if (notice.space == space && notice.what == what) heard = true;
        CHECK(notice.space == space);
      });
      return heard;
    });
  };
  const auto drain = [&] {
    while (monitor.wait({.deadline = Clock::now() + 50ms, .gave_up = {}}, [](const auto&) {}) ==
           netrig::Waited::ready) {
    }
  };
  for (const char* command :
       {"link add d0 type veth peer name d1", "addr add 192.0.2.1/24 dev d0", "link set d1 up", "link set d0 up",
        "-6 addr add 2001:db8::1/64 dev d0", "route add 198.51.100.0/24 dev d0", "-6 route add 2001:db8:9::/64 dev d0",
        "rule add pref 77 lookup 77", "-6 rule add pref 77 lookup 77",
        "neigh add 192.0.2.7 lladdr 02:00:00:00:00:07 dev d0 nud permanent"}) {
    INFO(command);
    change(std::string("ip -n b ") + command);
    hear(b, What::changed);
    drain();
  }
  change("ip -n a neigh add 192.0.2.7 lladdr 02:00:00:00:00:07 dev lo nud reachable");
  hear(a, What::neighbour);
  drain();
  change("ip netns delete b");
  hear(b, What::gone);
  change("ip netns delete a");
}

TEST_CASE("watch tells what somebody changes, and when it is as in the file again") {
  REQUIRE(cli("up " + drifting()).exit == 0);
  const Watching watching;
  watching.await_line("lab two is as its file says; watching it\n");
  change("ip -n h1 addr del 2001:db8::1/64 dev eth0");
  watching.await_line("h1 address eth0 2001:db8::1/64: missing  (" + directory() + "/two.toml:10:");
  change("ip -n h1 addr add 2001:db8::1/64 dev eth0 nodad");
  watching.await_line("h1 address eth0 2001:db8::1/64 is as in the file again\n");
  change("ip -n h2 link set eth0 mtu 1400");
  change("ip -n h1 route del 198.51.100.0/24");
  watching.await_line("h1 route 198.51.100.0/24 via 192.0.2.2: missing  (");
  change("ip -n h1 route add 198.51.100.0/24 via 192.0.2.2 proto 110");
  watching.await_line("h1 route 198.51.100.0/24 via 192.0.2.2 is as in the file again\n");
  change("ip -n h2 neigh del 192.0.2.9 dev eth0");
  watching.await_line("h2 neighbour eth0 192.0.2.9 lladdr 02:00:00:00:00:09: missing");
  change("ip -n h2 neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent");
  watching.await_line("h2 neighbour eth0 192.0.2.9 lladdr 02:00:00:00:00:09 is as in the file again\n");
  change("ip -n h1 link set eth0 down");
  watching.await_line("h1 interface eth0 state: expected up, found down");
  // The file sets no MTU, and without --strict nobody is told of what it does not name.
  change("ip -n h1 addr add 203.0.113.1/32 dev eth0");
  change("ip -n h1 link set eth0 up");
  watching.await_line("h1 interface eth0 state is as in the file again\n");
  CHECK(watching.text().find("mtu") == std::string::npos);
  CHECK(watching.text().find("203.0.113.1") == std::string::npos);
  watching.interrupt();
  await([&] { return !watching.is_running(); });
  REQUIRE(cli("down two").exit == 0);
  require_nothing_left();
}

TEST_CASE("a device that somebody has replaced is told of by watch and verify, once, and made again when it is gone") {
  REQUIRE(cli("up " + drifting()).exit == 0);
  const Watching watching;
  watching.await_line("watching it\n");
  change(R"(set -e
ip -n h1 link del eth0
ip -n h1 link add eth0 index 77 type veth peer name eth0 index 78 netns h2
ip -n h1 addr add 192.0.2.1/24 brd + dev eth0
ip -n h1 addr add 2001:db8::1/64 dev eth0 nodad
ip -n h2 addr add 192.0.2.2/24 brd + dev eth0
ip -n h2 neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent
ip -n h1 link set eth0 up
ip -n h2 link set eth0 up
ip -n h1 route add 198.51.100.0/24 via 192.0.2.2 proto 110
)");
  watching.await_line("device wire: replaced by another of its name");
  const Result verified = cli("verify two");
  CHECK(verified.exit == 1);
  CHECK_THAT(verified.out, Catch::Matchers::StartsWith("device wire: replaced by another of its name"));
  CHECK_THAT(verified.out, Catch::Matchers::Contains("1 difference;"));
  // What somebody else has made is his, and it has the name.
  const Json before = ip("-n h1 addr");
  const Result refused = cli("up " + drifting());
  CHECK(refused.exit == 4);
  CHECK_THAT(refused.err, Catch::Matchers::Contains("interface eth0 exists already in namespace h1"));
  CHECK(ip("-n h1 addr") == before);
  CHECK(cli("verify two").exit == 1);
  change("ip -n h1 link del eth0");
  REQUIRE(cli("up " + drifting()).exit == 0);
  CHECK(cli("verify two").exit == 0);
  REQUIRE(cli("down two").exit == 0);
  require_nothing_left();
}

TEST_CASE("watch sweeps sysctls, of which the kernel tells nobody") {
  REQUIRE(cli("up " + drifting()).exit == 0);
  const Watching watching("--json");
  change("ip netns exec h1 sysctl -qw net.ipv4.ip_forward=0");
  watching.await_line("ip_forward");
  const Json drift = watching.events().back();
  CHECK(drift["event"] == "drift");
  CHECK(drift["lab"] == "two");
  CHECK(drift["foreign"] == false);
  CHECK(drift["difference"]["namespace"] == "h1");
  CHECK(drift["difference"]["object"] == "sysctl");
  CHECK(drift["difference"]["changes"][0]["expected"] == "1");
  CHECK(drift["difference"]["changes"][0]["found"] == "0");
  change("ip netns exec h1 sysctl -qw net.ipv4.ip_forward=1");
  watching.await_line("\"mended\"");
  REQUIRE(cli("down two").exit == 0);
}

TEST_CASE("watch tells of what somebody makes of the ports of a bridge") {
  const std::string text =
      "[lab]\nname = \"two\"\nnamespaces = [\"h1\"]\n[lan.sw]\nports = [{ end = \"h1:eth0\", port = { hairpin = true } "
      "}]\n";
  REQUIRE(cli("up " + file("two.toml", text)).exit == 0);
  const Watching watch;
  change("ip -n sw link set h1 type bridge_slave hairpin off");
  watch.await_line("sw port h1 hairpin: expected true, found false");
  change("ip -n sw link set h1 type bridge_slave hairpin on");
  watch.await_line("sw port h1 hairpin is as in the file again");
}

TEST_CASE("watch --strict also tells of what is not in the file") {
  REQUIRE(cli("up " + drifting()).exit == 0);
  const Watching watching("--strict");
  watching.await_line("watching it\n");
  change("ip -n h1 addr add 203.0.113.1/32 dev eth0");
  watching.await_line("h1 address eth0 203.0.113.1/32: there, but not in the file\n");
  change("ip -n h1 addr del 203.0.113.1/32 dev eth0");
  watching.await_line("h1 address eth0 203.0.113.1/32 is gone again\n");
  REQUIRE(cli("down two").exit == 0);
}

TEST_CASE("watch holds no namespace: one that is deleted goes, and is told of") {
  REQUIRE(cli("up " + drifting()).exit == 0);
  const Watching watching;
  change("ip netns delete h2");
  watching.await_line("namespace h2: missing");
  // The link's other end goes with the namespace, once nothing holds it.
  watching.await_line("h1 interface eth0: missing");
  CHECK(sh("ip -n h1 link show dev eth0").exit != 0);
  REQUIRE(cli("up " + drifting()).exit == 0);
  watching.await_line("namespace h2 is as in the file again\n");
  watching.await_line("h1 interface eth0 is as in the file again\n");
  REQUIRE(cli("down two").exit == 0);
}

TEST_CASE("watch notices a namespace whose name is gone while a process keeps it") {
  REQUIRE(cli("up " + drifting()).exit == 0);
  const int sleeper = std::stoi(sh("ip netns exec h2 sleep 1000 >/dev/null 2>&1 & echo $!").out);
  const Watching watching;
  watching.await_line("watching it\n");
  change("ip netns delete h2");
  watching.await_line("namespace h2: missing");
  ::kill(sleeper, SIGKILL);
  REQUIRE(cli("down two").exit == 0);
}

TEST_CASE("watch follows another netrig: a changed file, and the end of the lab") {
  REQUIRE(cli("up " + drifting()).exit == 0);
  const Watching watching;
  watching.await_line("watching it\n");
  std::string text = kLab;
  text.replace(text.find("192.0.2.2/24"), 12, "192.0.2.3/24");
  REQUIRE(cli("up " + drifting(text)).exit == 0);
  watching.await_line("lab two was changed: what " + directory() + "/two.toml says now counts from here on\n");
  change("ip -n h2 addr del 192.0.2.3/24 dev eth0");
  watching.await_line("h2 address eth0 192.0.2.3/24: missing");
  REQUIRE(cli("up " + drifting(text)).exit == 0);
  watching.await_line("h2 address eth0 192.0.2.3/24 is as in the file again\n");
  REQUIRE(cli("down two").exit == 0);
  watching.await_line("lab two was taken down\n");
  await([&] { return !watching.is_running(); });
  // Nothing of what netrig itself does on the way is drift.
  CHECK(watching.text().find("192.0.2.2/24") == std::string::npos);
  CHECK(watching.text().find("192.0.2.1") == std::string::npos);
  CHECK(watching.text().find("namespace") == std::string::npos);
}

TEST_CASE("watch ends with what there is to say") {
  CHECK(cli("watch two").exit == 7);
  REQUIRE(cli("up " + drifting()).exit == 0);
  CHECK(cli("watch two --for nonsense").exit == 2);
  const Result good = cli("watch two --for 200ms");
  CHECK(good.exit == 0);
  CHECK(good.out == "lab two is as its file says; watching it\n");
  change("ip -n h1 link set eth0 down");
  const Result bad = cli("watch two --for 200ms");
  CHECK(bad.exit == 1);
  CHECK_THAT(bad.out, ContainsSubstring("h1 interface eth0 state: expected up, found down"));
  CHECK_THAT(bad.out, ContainsSubstring("watching it\n"));
  // Who ends it has seen it.
  const std::string out = directory() + "/out";
  CHECK(sh(NETRIG_BINARY " watch two >" + out + " & until grep -q 'watching it' " + out +
           "; do sleep 0.02; done; kill -INT $!; wait $!")
            .exit == 0);
  // A reader that goes away ends it, too.
  CHECK(sh("timeout 120 sh -c '" NETRIG_BINARY " watch two; true' | head -n 1").exit == 0);
  CHECK(sh("bash -c 'set -o pipefail; timeout 120 " NETRIG_BINARY " watch two | head -n 1'").exit == 0);
  REQUIRE(cli("down two").exit == 0);
}

TEST_CASE("status counts the differences of each interface") {
  REQUIRE(cli("up " + drifting()).exit == 0);
  Json status = Json::parse(cli("--json status two").out);
  CHECK(status["drift"] == false);
  CHECK(status["differences"].empty());
  CHECK(status["devices"][0]["interfaces"][0]["differences"] == 0);
  CHECK_THAT(cli("status two").out, ContainsSubstring("DRIFT") && !ContainsSubstring("from its file"));
  change("ip -n h1 link set eth0 down");
  change("ip -n h1 link set eth0 alias other");
  change("ip netns exec h1 sysctl -qw net.ipv4.ip_forward=0");
  const Result text = cli("status two");
  CHECK(text.exit == 1);
  CHECK_THAT(text.out, ContainsSubstring("all there"));
  CHECK_THAT(text.out, ContainsSubstring("of them of no interface above; \"netrig verify two\" tells them\n"));
  const Result json = cli("--json status two");
  CHECK(json.exit == 1);
  status = Json::parse(json.out);
  CHECK(status["whole"] == true);
  CHECK(status["drift"] == true);
  const Json& interfaces = status["devices"][0]["interfaces"];
  CHECK(interfaces[0]["differences"].get<int>() >= 2);
  CHECK(interfaces[1]["differences"] == 0);
  REQUIRE(cli("up " + drifting()).exit == 0);
  CHECK(cli("status two").exit == 0);
  CHECK_THAT(cli("list").out, !ContainsSubstring("DRIFT"));
  REQUIRE(cli("down two").exit == 0);
}
