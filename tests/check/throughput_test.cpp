// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "catch.hpp"
#include "check/rig.hpp"

using namespace netrig;

namespace {

check::TestResult measure(const std::string& check, const std::string& breakage = {}) {
  const rig::Rig rig(std::string(rig::kWire) + "[[test]]\nname = \"t\"\nfrom = \"h1\"\nthroughput = " + check + "\n");
  if (!breakage.empty()) REQUIRE(scratch::sh(breakage).exit == 0);
  return rig.run<ThroughputCheck>("t");
}

}  // namespace

TEST_CASE("throughput over TCP is measured, with both ends' CPU time and its course") {
  const auto result = measure("{ to = \"h2\", duration = \"1s\", streams = 2, min = \"1Mbit\" }");
  CHECK(result.findings.empty());
  CHECK(rig::metric(result.metrics, "throughput") > 1e6);
  CHECK(rig::metric(result.metrics, "cpu_sender") > 0);
  CHECK(rig::metric(result.metrics, "cpu_receiver") > 0);
  CHECK(rig::metric(result.metrics, "cpu_per_packet") > 0);
  CHECK(rig::metric(result.metrics, "retransmits") >= 0);
  REQUIRE(result.series.size() == 1);
  CHECK(result.series[0].points.size() >= 4);
  CHECK(result.pairs.at(0).address == "192.0.2.2");
}

TEST_CASE("throughput over UDP and IPv6, from the target, keeps to the rate") {
  const auto result = measure(
      "{ to = \"h2\", family = \"ipv6\", protocol = \"udp\", reverse = true, rate = \"4Mbit\", duration = \"2s\", "
      "min = \"1Mbit\", max = \"6Mbit\", max_loss = 50, max_jitter = \"1s\" }");
  CHECK(result.findings.empty());
  // Without a rate it would be thousands of times as much.
  CHECK(rig::metric(result.metrics, "throughput") > 1e6);
  CHECK(rig::metric(result.metrics, "loss") <= 50);
}

TEST_CASE("throughput over UDP sends 1 Mbit/s where the file says no rate, all streams together") {
  const auto line = [](const std::string& more) {
    return measure("{ to = \"h2\", duration = \"1s\", protocol = \"udp\"" + more + " }").reproduce.back();
  };
  CHECK_THAT(line(""), Catch::Matchers::EndsWith(" --bitrate 1000000"));
  CHECK_THAT(line(", streams = 4"), Catch::Matchers::EndsWith(" --bitrate 250000"));
  CHECK_THAT(line(", streams = 4, rate = \"8Mbit\""), Catch::Matchers::EndsWith(" --bitrate 2000000"));
  CHECK_THAT(measure("{ to = \"h2\", duration = \"1s\", streams = 4 }").reproduce.back(),
             !ContainsSubstring("bitrate"));
}

TEST_CASE("throughput fails with what was measured, wanted, and the command") {
  auto result = measure("{ to = \"h2\", duration = \"1s\", protocol = \"udp\", rate = \"2Mbit\", min = \"10Gbit\" }");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].about == "h1 -> h2 (192.0.2.2)");
  CHECK_THAT(result.findings[0].seen, ContainsSubstring("bit"));
  CHECK(result.findings[0].expected == "at least 10Gbit");
  CHECK_THAT(result.findings[0].look_at, ContainsSubstring("netrig exec rig h1 -- iperf3 --client 192.0.2.2"));
  CHECK(result.pairs.at(0).outcome == check::Outcome::failed);
  result = measure("{ to = \"h2\", duration = \"1s\", max = \"1Kbit\" }");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].expected == "at most 1Kbit");
}

TEST_CASE("throughput to nobody says why there is none") {
  const auto result = measure("{ to = \"192.0.2.2\", duration = \"1s\" }",
                              "ip netns exec h2 nft 'add table inet t; add chain inet t in { type filter hook input "
                              "priority 0; }; add rule inet t in tcp dport 5201 reject with tcp reset'");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "iperf3: unable to connect to server: Connection refused");
}

TEST_CASE("throughput of a size carries so many bytes and says how long that took") {
  const rig::Rig rig(std::string(rig::kWire) + R"(
[[test]]
name = "there"
from = "h1"
throughput = { to = "h2", size = "8MiB", min = "1Mbit", max_retransmits = 100000 }
[[test]]
name = "back"
from = "h1"
throughput = { to = "h2", family = "ipv6", size = 1000001, streams = 3, reverse = true }
)");
  const auto received = [](const std::string& space) {
    return scratch::ip("-s -n " + space + " link show dev eth0")[0]["stats64"]["rx"]["bytes"].get<double>();
  };
  constexpr double kSize = 8 << 20;
  const double before = received("h2");
  const auto there = rig.run<ThroughputCheck>("there");
  CHECK(there.findings.empty());
  CHECK(received("h2") - before >= kSize);
  CHECK(received("h2") - before < 1.2 * kSize);
  const double took = rig::metric(there.metrics, "took");
  CHECK(took > 0);
  CHECK(std::abs(rig::metric(there.metrics, "throughput") - 8 * kSize / (took / 1000)) < 1e3);
  CHECK(rig::metric(there.metrics, "retransmits") >= 0);
  REQUIRE(there.series.size() == 1);
  CHECK_FALSE(there.series[0].points.empty());
  const double nothing = received("h1");
  CHECK(rig.run<ThroughputCheck>("back").findings.empty());
  CHECK(received("h1") - nothing >= 1000001);
}

TEST_CASE("throughput of a size keeps to its rate, and fails with what was seen") {
  auto result = measure("{ to = \"h2\", size = \"256KiB\", rate = \"4Mbit\", min = \"1Gbit\" }");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].about == "h1 -> h2 (192.0.2.2)");
  CHECK(result.findings[0].expected == "at least 1Gbit");
  // Half a second, but for what goes out at once.
  CHECK(rig::metric(result.metrics, "took") > 250);
  result = measure("{ to = \"h2\", size = \"1MiB\" }",
                   "ip netns exec h2 nft 'add table inet t; add chain inet t in { type filter hook input "
                   "priority 0; }; add rule inet t in tcp dport 5201 reject with tcp reset'");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "TCP port 5201: Connection refused (ECONNREFUSED)");
  CHECK(result.findings[0].expected == "1048576 bytes over TCP");
}

TEST_CASE("throughput of a size ends with the test's time") {
  const rig::Rig rig(std::string(rig::kWire) +
                     "[[test]]\nname = \"t\"\nfrom = \"h1\"\nthroughput = { to = \"h2\", size = \"1GiB\", rate = "
                     "\"1Mbit\" }\n");
  const auto result = rig.run<ThroughputCheck>("t", std::chrono::seconds(1));
  REQUIRE(result.findings.size() == 1);
  CHECK_THAT(result.findings[0].seen, ContainsSubstring(" of 1073741824 bytes had arrived when time was over"));
}
