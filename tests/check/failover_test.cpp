// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdio>

#include "catch.hpp"
#include "check/rig.hpp"
#include "check/services.hpp"
#include "check/watch.hpp"

using namespace netrig;

namespace {

/// Two ways from h1 to an address of h2; the second is taken when the first has no carrier
/// (ignore_routes_with_linkdown).
const char* const kTwoWays = R"(
[lab]
name = "rig"
[namespace.h1]
sysctl = { "net.ipv4.conf.all.ignore_routes_with_linkdown" = 1 }
routes = [
  { to = "198.51.100.0/24", via = "192.0.2.2", metric = 10 },
  { to = "198.51.100.0/24", via = "192.0.2.6", metric = 20 },
]
[namespace.h2]
sysctl = { "net.ipv4.conf.all.ignore_routes_with_linkdown" = 1 }
routes = [
  { to = "192.0.2.0/24", via = "203.0.113.2", metric = 10 },
  { to = "192.0.2.0/24", via = "203.0.113.6", metric = 20 },
]
[device.net]
driver = "veth"
interfaces = [
  { namespace = "h2", name = "net", addresses = ["198.51.100.1/24"] },
  { namespace = "h2", name = "other" },
]
[[repeat]]
for = { i = "0..1" }
[repeat.namespace."r{i}"]
sysctl = { "net.ipv4.ip_forward" = 1 }
routes = [{ to = "198.51.100.0/24", via = "203.0.113.{1+4*i}" }]
[repeat.device."left{i}"]
driver = "veth"
interfaces = [
  { namespace = "h1", name = "up{i}", addresses = ["192.0.2.1/30 + {4*i}"] },
  { namespace = "r{i}", name = "left", addresses = ["192.0.2.2/30 + {4*i}"] },
]
[repeat.device."right{i}"]
driver = "veth"
interfaces = [
  { namespace = "r{i}", name = "right", addresses = ["203.0.113.2/30 + {4*i}"] },
  { namespace = "h2", name = "down{i}", addresses = ["203.0.113.1/30 + {4*i}"] },
]
)";

check::TestResult failover(const std::string& check, const std::string& during) {
  const rig::Rig rig(std::string(kTwoWays) + "[[test]]\nname = \"t\"\nfrom = \"h1\"\nduring = " + during +
                     "\nfailover = " + check + "\n");
  rig::OpenJob open(rig, "t");
  check::ServicePool pool(rig.ground());
  check::TestServices services(open.job, pool);
  check::Events events(open.job, services);
  check::run(std::get<FailoverCheck>(open.job.test.check), open.job);
  events.finish(open.job);
  return std::move(open.result);
}

}  // namespace

TEST_CASE("failover measures how long nothing came back", "[backlog]") {
  // A second until the kernel tells of the lost carrier; more on a busy machine.
  const auto result = failover("{ to = \"198.51.100.1\", duration = \"8s\", max_outage = \"7s\" }",
                               "[{ at = \"300ms\", interface = [\"r0:left\", \"r0:right\"], state = \"down\" }]");
  CHECK(result.findings.empty());
  CHECK(rig::metric(result.metrics, "outage") < 7000);
  CHECK(result.events.size() == 2);
  CHECK(result.series.at(0).points.size() == 1600);
}

TEST_CASE("failover tells an outage that is too long, or never ends") {
  // The command keeps the links down for a while, however late events are on a busy machine.
  auto result = failover("{ to = \"198.51.100.1\", duration = \"6s\", max_outage = \"100ms\" }",
                         "[{ at = \"200ms\", interface = [\"h2:down*\"], state = \"down\" }, { at = \"210ms\", "
                         "namespace = \"h1\", command = \"sleep 0.5\" }, { at = \"220ms\", "
                         "interface = [\"h2:down*\"], state = \"up\" }]");
  REQUIRE(result.findings.size() == 1);
  double length = 0;
  double from = 0;
  REQUIRE(std::sscanf(result.findings[0].seen.c_str(), "nothing came back for %lf ms, from %lf ms on", &length,
                      &from) == 2);
  CHECK(result.findings[0].expected == "at most 100ms");
  // It began before the links were known to be down, and did not end before they were told to come up.
  REQUIRE(result.events.size() == 5);
  CHECK(from <= result.events[1].at * 1000 + 1);
  CHECK(from + length >= result.events[2].at * 1000 + 500 - 10);
  CHECK(std::abs(rig::metric(result.metrics, "outage") - length) <= 1);
  result = failover("{ to = \"198.51.100.1\", duration = \"2s\", max_outage = \"10s\" }",
                    "[{ at = \"200ms\", interface = \"h2:down*\", state = \"down\" }]");
  REQUIRE(result.findings.size() == 1);
  CHECK_THAT(result.findings[0].seen, ContainsSubstring("packets do not flow at the end"));
}

TEST_CASE("failover tells packets that were lost before anything happened", "[backlog]") {
  const auto result = failover("{ to = \"198.51.100.9\", duration = \"1500ms\" }",
                               "[{ at = \"1s\", interface = \"r1:left\", state = \"down\" }]");
  REQUIRE(result.findings.size() == 2);
  CHECK_THAT(result.findings[0].seen, ContainsSubstring("before anything happened"));
}

TEST_CASE("failover counts packets that were under way at the first event to the outage") {
  const rig::Rig rig(std::string(kTwoWays) + R"(
[[test]]
name = "t"
from = "h1"
during = [{ at = "800ms", interface = ["r0:left", "r0:right"], state = "down" }]
failover = { to = "198.51.100.1", duration = "5s", max_outage = "4s" }
)");
  if (scratch::sh("for i in 0 1; do tc -n h1 qdisc add dev up$i root netem delay 100ms || exit; done").exit != 0)
    scratch::skip("this kernel cannot delay packets (netem)");
  rig::OpenJob open(rig, "t");
  check::ServicePool pool(rig.ground());
  check::TestServices services(open.job, pool);
  check::Events events(open.job, services);
  check::run(std::get<FailoverCheck>(open.job.test.check), open.job);
  events.finish(open.job);
  INFO((open.result.findings.empty() ? "" : open.result.findings[0].seen));
  CHECK(open.result.findings.empty());
  CHECK(rig::metric(open.result.metrics, "lost") > 0);
}
