// SPDX-License-Identifier: Apache-2.0
// Checks that are tried again and again: `within` and `holds`.
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "catch.hpp"
#include "check/again.hpp"
#include "check/rig.hpp"

using namespace netrig;
using Catch::Matchers::Matches;

namespace {

std::string with_check(const std::string& check, const std::string& lab = rig::kWire) {
  return lab + "[[test]]\nname = \"t\"\nfrom = \"h1\"\n" + check + "\n";
}

/// What a test with this check comes to, in a lab of its own.
check::TestResult wait_for_check(const rig::Rig& rig) {
  rig::OpenJob open(rig, "t");
  check::run_check(open.job);
  return std::move(open.result);
}

/// A command that counts its runs in a file, and then does something with their number $n.
std::string counting(const std::string& then) {
  const std::string file = scratch::directory() + "/runs";
  return "command = 'echo run >> " + file + "; n=$(wc -l < " + file + "); " + then + "'";
}
std::size_t times_run() {
  const std::string text = scratch::read(scratch::directory() + "/runs");
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("a check with within is tried until it holds") {
  const std::string mark = scratch::directory() + "/mark";
  const std::string path =
      scratch::file("lab.toml", with_check("exec = { " + counting("test -e " + mark) + ", within = \"50s\" }"));
  const int netrig = scratch::start_netrig({"run", path, "-r", scratch::directory() + "/report.json"});
  scratch::await([] { return times_run() >= 3; });
  scratch::file("mark", "");
  CHECK(scratch::wait_for(netrig) == 0);
  const auto report = scratch::Json::parse(scratch::read(scratch::directory() + "/report.json"));
  const auto& metrics = report["tests"][0]["metrics"];
  const auto tries =
      std::find_if(metrics.begin(), metrics.end(), [](const auto& one) { return one["name"] == "tries"; });
  REQUIRE(tries != metrics.end());
  CHECK((*tries)["value"] == times_run());
}

TEST_CASE("a check that does not begin to hold says what was waited for, how long, and what was last seen") {
  const rig::Rig rig(with_check("route = { to = \"203.0.113.0/24\", within = \"300ms\" }", rig::kRouted));
  const auto result = wait_for_check(rig);
  REQUIRE(result.findings.size() == 1);
  CHECK_THAT(result.findings[0].seen,
             Matches("after 0\\.[3-9]s and [2-9] tries: there is default via 192\\.0\\.2\\.254 dev eth0"));
  CHECK(result.findings[0].expected == "a route to 203.0.113.0/24, within 300ms");
  CHECK(result.pairs.size() == 1);
  CHECK(rig::metric(result.metrics, "waited") >= 300);
}

TEST_CASE("a try does not outlive the time within which a check must hold") {
  const rig::Rig rig(with_check("exec = { command = [\"sleep\", \"" + rig::an_hour() + "\"], within = \"200ms\" }"));
  const auto result = wait_for_check(rig);
  REQUIRE(result.findings.size() == 1);
  CHECK_THAT(result.findings[0].seen, Matches("after [0-9.]+s and 1 try: the command did not end in time"));
  CHECK(result.findings[0].expected == "its end, within 200ms");
  CHECK(rig::processes_with(rig::an_hour()) == 0);
}

TEST_CASE("a check with holds fails at the first time that it does not") {
  const rig::Rig rig(with_check("exec = { " + counting("test $n -lt 3") + ", holds = \"40s\" }"));
  const auto result = wait_for_check(rig);
  REQUIRE(result.findings.size() == 1);
  CHECK_THAT(result.findings[0].seen, Matches("it held for [0-9.]+s and no longer; then: exit code 1.*"));
  CHECK(result.findings[0].expected == "exit code 0, for 40s");
  CHECK(times_run() == 3);
}

TEST_CASE("a check with holds that does not hold at once has failed") {
  const rig::Rig rig(with_check("exec = { " + counting("test $n -gt 1") + ", holds = \"40s\" }"));
  const auto result = wait_for_check(rig);
  REQUIRE(result.findings.size() == 1);
  CHECK_THAT(result.findings[0].seen, Matches("at the first try: exit code 1.*"));
  CHECK(times_run() == 1);
}

TEST_CASE("a check with holds is tried again and again until its time is over") {
  const rig::Rig rig(with_check("exec = { " + counting("true") + ", holds = \"600ms\" }"));
  const auto begin = check::Clock::now();
  CHECK(wait_for_check(rig).findings.empty());
  CHECK(check::Clock::now() - begin >= std::chrono::milliseconds(600));
  CHECK(times_run() >= 2);
}

TEST_CASE("with both a check may begin to hold again as long as there is time for it") {
  const rig::Rig rig(
      with_check("exec = { " + counting("test $n = 2 -o $n -ge 5") + ", within = \"40s\", holds = \"500ms\" }"));
  const auto result = wait_for_check(rig);
  CHECK(result.findings.empty());
  CHECK(times_run() >= 6);
}

TEST_CASE("with both a check that holds too briefly says so") {
  // It holds every other time, and so never for long.
  const rig::Rig rig(
      with_check("exec = { " + counting("test $((n % 2)) = 0") + ", within = \"1500ms\", holds = \"20s\" }"));
  const auto result = wait_for_check(rig);
  REQUIRE(result.findings.size() == 1);
  CHECK_THAT(result.findings[0].seen,
             Matches("it held for [0-9.]+s and no longer; after [0-9.]+s and [0-9]+ tries: exit code 1.*"));
  CHECK(result.findings[0].expected == "exit code 0, within 1500ms, and then for 20s");
}

TEST_CASE("within waits for an interface that is not there yet, and says at the end that it is not there") {
  const std::string link = "link = { interface = \"late0\", carrier = false, within = ";
  {
    const rig::Rig rig(with_check(link + "\"50s\" }"));
    check::TestResult result;
    std::thread waiting([&] { result = wait_for_check(rig); });
    const auto added = scratch::sh("ip -n h1 link add late0 type veth peer name late1");
    waiting.join();
    REQUIRE(added.exit == 0);
    CHECK(result.findings.empty());
  }
  const auto run = scratch::cli("run --json " + scratch::file("lab.toml", with_check(link + "\"200ms\" }")));
  CHECK(run.exit == 2);
  const auto report = scratch::Json::parse(run.out);
  CHECK(report["tests"][0]["outcome"] == "error");
  CHECK_THAT(report["tests"][0]["reason"].get<std::string>(), ContainsSubstring("h1 has no interface late0"));
}

TEST_CASE("ping within waits for a target whose link comes up later") {
  const rig::Rig rig(
      with_check("ping = { to = \"h2\", family = \"ipv4\", count = 1, timeout = \"200ms\", within = \"50s\", holds = "
                 "\"300ms\" }"));
  REQUIRE(scratch::sh("ip -n h2 link set eth0 down").exit == 0);
  check::TestResult result;
  std::thread waiting([&] { result = wait_for_check(rig); });
  const auto mended = scratch::sh("ip -n h2 link set eth0 up");
  waiting.join();
  REQUIRE(mended.exit == 0);
  for (const check::Finding& finding : result.findings) UNSCOPED_INFO(finding.seen);
  CHECK(result.findings.empty());
}
