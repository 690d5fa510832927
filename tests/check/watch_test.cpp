// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <thread>

#include "capture/tap.hpp"
#include "catch.hpp"
#include "check/process.hpp"
#include "check/rig.hpp"
#include "check/services.hpp"
#include "check/watch.hpp"

using namespace netrig;
using namespace std::chrono_literals;

namespace {

/// A lab whose one test has this beside a harmless check.
std::string with(const std::string& more, const std::string& lab = rig::kWire) {
  return lab + "[[test]]\nname = \"t\"\nfrom = \"h1\"\nexec = { command = \"true\" }\n" + more + "\n";
}

check::TestResult count(const std::string& more, const std::string& traffic) {
  const rig::Rig rig(with("counters = " + more));
  rig::OpenJob open(rig, "t");
  check::CounterWatch watch(open.job);
  scratch::sh(traffic);
  watch.finish(open.job);
  return std::move(open.result);
}

check::TestResult captured(const std::string& more, const std::string& traffic) {
  const rig::Rig rig(with("capture = " + more));
  rig::OpenJob open(rig, "t");
  check::CaptureWatch watch(open.job, scratch::directory() + "/kept");
  const auto sent = scratch::sh(traffic);
  INFO(sent.err);
  REQUIRE(sent.exit == 0);
  watch.finish(open.job);
  return std::move(open.result);
}

const std::string kPing = "ip netns exec h1 ping -q -c 3 -i 0.01 192.0.2.2";

/// The same, of interfaces that `before` has put into a state first.
check::TestResult captured_after(const std::string& before, const std::string& more, const std::string& traffic) {
  const rig::Rig rig(with("capture = " + more));
  rig::OpenJob open(rig, "t");
  scratch::sh(before);
  check::CaptureWatch watch(open.job, scratch::directory() + "/kept");
  scratch::sh(traffic);
  watch.finish(open.job);
  return std::move(open.result);
}

/// Makes an interface and sends over it for a second, so that something is seen whenever the capture joins.
std::string call_over(const std::string& interface) {
  return "ip -n h1 link add " + interface +
         " type veth peer name peer && ip -n h1 link set peer up && ip -n h1 address add " + "198.51.100.1/24 dev " +
         interface + " && ip -n h1 link set " + interface +
         " up; ip netns exec h1 ping -q -c 50 -i 0.02 -W 1 198.51.100.9;";
}

}  // namespace

TEST_CASE("counters pass without drops, and count packets") {
  const auto result = count("{ interface = \"h1:eth0\", min_packets = 6 }", kPing);
  CHECK(result.findings.empty());
  CHECK(rig::metric(result.metrics, "h1:eth0 packets") >= 6);
  CHECK(rig::metric(result.metrics, "h1:eth0 drops") == 0);
}

TEST_CASE("counters tell drops, and too many or too few packets") {
  // A veth drops what is larger than its peer takes.
  auto result = count("{ interface = \"h1:eth0\" }",
                      "ip -n h2 link set eth0 mtu 1000; ip netns exec h1 ping -q -c 3 -i 0.01 -W 1 -s 1400 192.0.2.2");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].about == "h1:eth0");
  CHECK_THAT(result.findings[0].seen, Catch::Matchers::Matches("[0-9]+ packets dropped"));
  CHECK(result.findings[0].expected == "at most 0");
  CHECK(result.findings[0].look_at == "netrig exec rig h1 -- ip -s -s link show eth0");
  result = count("{ interface = \"h1:eth0\", max_packets = 2 }", kPing);
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].expected == "at most 2");
  result = count("{ interface = \"h1:eth0\", min_packets = 1000 }", kPing);
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].expected == "at least 1000");
}

TEST_CASE("capture passes by what a filter sees and does not see") {
  const auto result = captured(
      "[{ interface = \"h2:eth0\", filter = \"icmp[icmptype] == icmp-echo\", min = 3, max = 3 }, { interface = "
      "\"h2:eth0\", "
      "filter = \"tcp\", sees = false }]",
      kPing);
  CHECK(result.findings.empty());
  CHECK(rig::metric(result.metrics, "h2:eth0 captured") == 3);
  CHECK_FALSE(std::filesystem::exists(scratch::directory() + "/kept"));
}

TEST_CASE("capture fails with what was seen, and keeps the packets") {
  auto result = captured("{ interface = \"h2:eth0\", filter = \"icmp\", sees = false }", kPing);
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].about == "h2:eth0");
  CHECK(result.findings[0].seen == "6 packets that match \"icmp\"");
  CHECK(result.findings[0].expected == "none");
  REQUIRE(result.attachments.size() == 1);
  CHECK_THAT(result.attachments[0].text,
             ContainsSubstring("192.0.2.1 -> 192.0.2.2 ICMP echo request, sequence 1 (98 bytes)"));
  CHECK(scratch::sh("tcpdump -nr " + result.attachments[0].path + " 2>/dev/null | grep -c 'ICMP echo'").out == "6\n");
  result = captured("{ interface = \"h2:eth0\", filter = \"udp port 53\" }", kPing);
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "0 packets that match \"udp port 53\"");
  CHECK(result.findings[0].expected == "at least 1");
}

TEST_CASE("a failed capture is kept in one file with what all interfaces of the test saw") {
  const auto result = captured(
      "[{ interface = \"h1:eth0\", filter = \"icmp\" }, { interface = \"h2:eth0\", filter = \"icmp\", max = 1 }, "
      "{ interface = \"h2:eth0\", filter = \"icmp[icmptype] == icmp-echo\", sees = false }]",
      kPing);
  REQUIRE(result.findings.size() == 2);
  REQUIRE(result.attachments.size() == 2);
  CHECK(result.attachments[0].path == scratch::directory() + "/kept/t.pcapng");
  CHECK(result.attachments[1].path == result.attachments[0].path);
  const std::string path = result.attachments[0].path;
  CHECK(scratch::sh("tcpdump -nr " + path + " 2>/dev/null | grep -c 'ICMP echo'").out == "15\n");
  // One interface each assertion, by its name.
  const std::string bytes = scratch::read(path);
  const auto times = [&](const std::string& word) {
    std::size_t count = 0;
    for (std::size_t at = bytes.find(word); at != std::string::npos; at = bytes.find(word, at + 1)) ++count;
    return count;
  };
  CHECK(times("h1:eth0") == 1);
  CHECK(times("h2:eth0") == 2);
}

TEST_CASE("a capture is kept in no place that somebody else chose by a link") {
  const std::string victim = scratch::file("victim", "mine");
  const std::filesystem::path kept = scratch::directory() + "/kept";
  const std::string assertion = "{ interface = \"h2:eth0\", filter = \"icmp\", sees = false }";
  std::filesystem::create_directory(kept);
  std::filesystem::create_symlink(victim, kept / "t.pcapng");
  auto result = captured(assertion, kPing);
  CHECK(scratch::read(victim) == "mine");
  REQUIRE(result.attachments.size() == 1);
  CHECK(std::filesystem::is_regular_file(std::filesystem::symlink_status(result.attachments[0].path)));
  std::filesystem::remove_all(kept);
  std::filesystem::create_directory_symlink("/etc", kept);
  result = captured(assertion, kPing);
  REQUIRE(result.attachments.size() == 1);
  CHECK(result.attachments[0].path.empty());
  CHECK_THAT(result.attachments[0].text, ContainsSubstring("cannot keep the capture in"));
  CHECK_FALSE(std::filesystem::exists("/etc/t.pcapng"));
}

TEST_CASE("a capture filter that is none is told in the library's words") {
  CHECK(capture::filter_fault("tcp port 80") == std::nullopt);
  CHECK(capture::filter_fault("") == std::nullopt);
  CHECK_THAT(capture::filter_fault("tcp prot 80").value(), ContainsSubstring("syntax error"));
}

namespace {

/// Without the order in which things came to be.
scratch::Json sorted(scratch::Json json) {
  if (!json.is_structured()) return json;
  for (auto& inner : json) inner = sorted(inner);
  if (json.is_array())
    std::sort(json.begin(), json.end(), [](const auto& a, const auto& b) { return a.dump() < b.dump(); });
  return json;
}

/// Everything that ip shows of all namespaces.
scratch::Json state_of(const rig::Rig& rig) {
  scratch::Json all;
  for (const Namespace& space : rig.lab().namespaces) all[space.name.str()] = scratch::kernel_state(space.name.str());
  return sorted(std::move(all));
}

bool is_down(const std::string& space, const std::string& link) {
  return scratch::ip("-n " + space + " link show " + link)[0]["operstate"] == "DOWN";
}

}  // namespace

TEST_CASE("events take links down and up, and everything comes back") {
  std::string lab = rig::kRouted;
  const std::string first = "routes = [";
  lab.insert(
      lab.find(first) + first.size(),
      "{ to = \"203.0.113.0/24\", via = \"192.0.2.253\", table = 100, metric = 7 }, "
      "{ to = \"2001:db8:9::/48\", via = \"2001:db8:1::fd\" }, { to = \"198.18.0.0/15\", type = \"blackhole\" }, ");
  const std::string mark = scratch::directory() + "/mark";
  const rig::Rig rig(
      // The links stay down until the test has looked at them.
      with("during = [{ at = \"10ms\", interface = \"h1:eth0\", state = \"down\" }, { at = \"20ms\", interface = "
           "[\"r:eth1\", \"r:eth2\"], state = \"down\" }, { at = \"30ms\", namespace = \"h1\", command = \"until test "
           "-e " +
               mark +
               "; do sleep 0.02; done\" }, { at = \"120ms\", interface = \"h1:eth0\", state = \"up\" }, { at = "
               "\"130ms\", "
               "namespace = \"h2\", command = \"test -e /sys/class/net/eth0\" }]",
           lab));
  const auto before = state_of(rig);
  {
    rig::OpenJob open(rig, "t");
    check::ServicePool pool(rig.ground());
    check::TestServices services(open.job, pool);
    check::Events events(open.job, services);
    scratch::await([] { return is_down("h1", "eth0") && is_down("r", "eth2"); });
    scratch::file("mark", "");
    events.finish(open.job);
    CHECK(open.result.findings.empty());
    REQUIRE(open.result.events.size() == 6);
    CHECK(open.result.events[0].what == "h1:eth0 down");
    CHECK(open.result.events[0].at >= 0.01);
    CHECK(open.result.events[5].what == "h2: /bin/sh -c 'test -e /sys/class/net/eth0'");
  }
  CHECK(scratch::Json::diff(before, state_of(rig)).dump() == "[]");
}

TEST_CASE("events that fail are findings, and links come back also when the test is cut off") {
  const rig::Rig rig(
      with("during = [{ at = \"1ms\", interface = \"r:eth2\", state = \"down\" }, { at = \"5ms\", namespace = \"h1\", "
           "command = "
           "\"echo no >&2; exit 3\" }]",
           rig::kRouted));
  const auto before = state_of(rig);
  {
    rig::OpenJob open(rig, "t");
    check::ServicePool pool(rig.ground());
    check::TestServices services(open.job, pool);
    check::Events events(open.job, services);
    events.finish(open.job);
    REQUIRE(open.result.findings.size() == 1);
    CHECK_THAT(open.result.findings[0].seen, ContainsSubstring("ended with exit code 3: no"));
  }
  {
    rig::OpenJob open(rig, "t");
    check::ServicePool pool(rig.ground());
    check::TestServices services(open.job, pool);
    const check::Events events(open.job, services);
    scratch::await([] { return is_down("r", "eth2"); });
  }
  CHECK(scratch::Json::diff(before, state_of(rig)).dump() == "[]");
}

TEST_CASE("a capture joins an interface that comes up while the test runs") {
  const auto result = captured_after("ip -n h1 link set eth0 down", "{ interface = \"h1:eth0\", filter = \"icmp\" }",
                                     "ip -n h1 link set eth0 up; ip netns exec h1 ping -q -c 100 -i 0.02 192.0.2.2");
  CHECK(result.findings.empty());
  CHECK(rig::metric(result.metrics, "h1:eth0 captured") > 0);
}

TEST_CASE("a capture joins an interface that is made while the test runs, and again when it is made anew") {
  const std::string filter = "\", filter = \"arp\"";
  auto result = captured_after("true",
                               "[{ interface = \"h1:late*" + filter +
                                   " }, { interface = \"h1:late*\", filter = "
                                   "\"udp port 9\", sees = false }]",
                               call_over("late1"));
  CHECK(result.findings.empty());
  const double once = rig::metric(result.metrics, "h1:late1 captured");
  CHECK(once > 0);
  result = captured_after(call_over("late2"), "{ interface = \"h1:late2" + filter + " }",
                          "ip -n h1 link delete late2;" + call_over("late2"));
  CHECK(result.findings.empty());
  CHECK(rig::metric(result.metrics, "h1:late2 captured") > 0);
}

TEST_CASE("an interface that is down all the time sees nothing, and says so") {
  auto result = captured_after("ip -n h1 link set eth0 down", "{ interface = \"h1:eth0\", sees = false }", "true");
  CHECK(result.findings.empty());
  result = captured_after("ip -n h1 link set eth0 down", "{ interface = \"h1:eth0\" }", "true");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "none, for it was never up");
  CHECK(result.attachments.empty());
}

TEST_CASE("an interface that was never there is an error, whatever it was to see") {
  for (const char* sees : {"true", "false"}) {
    const rig::Rig rig(with(std::string("capture = { interface = \"h1:eth7\", sees = ") + sees + " }"));
    rig::OpenJob open(rig, "t");
    check::CaptureWatch watch(open.job, scratch::directory() + "/kept");
    CHECK_THROWS_WITH(watch.finish(open.job),
                      ContainsSubstring("there was no interface h1:eth7 to capture at while the test ran"));
  }
}
