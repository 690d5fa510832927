// SPDX-License-Identifier: Apache-2.0
// Services that a test stops, kills and starts, and links that are set before a check; all put back afterwards.
#include <filesystem>

#include "catch.hpp"
#include "check/rig.hpp"

using namespace scratch;

namespace {

/// The lab of a test: taken down come what may, for processes are the machine's.
struct ServedLab {
  explicit ServedLab(const std::string& text) : path(file("lab.toml", rig::kWire + text)) {
    const Result result = cli("up " + path);
    INFO(result.err);
    REQUIRE(result.exit == 0);
  }
  ~ServedLab() { cli("--quiet down --force rig"); }
  ServedLab(const ServedLab&) = delete;
  ServedLab& operator=(const ServedLab&) = delete;
  const std::string path;
};

/// Listens on TCP port 80 of h2.
std::string web(const std::string& name, const std::string& more = "") {
  return "[service." + name +
         "]\nnamespace = \"h2\"\nready = { tcp = 80 }\ntimeout = \"50s\"\ncommand = [\"python3\", \"-c\", "
         "\"import socket, time; s = socket.create_server(('', 80)); time.sleep(" +
         rig::an_hour() + ")\"]\n" + more + "\n";
}

std::string test_at_h2(const std::string& name, const std::string& more) {
  return "[[test]]\nname = \"" + name + "\"\nfrom = \"h2\"\n" + more + "\n";
}

const std::string kListens = "ss -Hltn sport = 80 | grep -q .";
std::string serves(const std::string& name) {
  return "[[test]]\nname = \"" + name + "\"\nfrom = \"h1\"\ntcp = { to = \"h2\", port = 80, server = false }\n";
}

Json pass_tests(const std::string& more = "") {
  const Result result = cli("test rig --json" + more);
  INFO(result.out << result.err);
  CHECK(result.exit == 0);
  return Json::parse(result.out);
}

std::string process_of_service(const std::string& service) {
  const Json status = Json::parse(cli("--json status rig").out);
  for (const Json& one : status["services"])
    if (one["name"] == service) return one["process"].dump();
  return "none";
}

}  // namespace

TEST_CASE("a service that up started is stopped before a test, and runs again after it") {
  const ServedLab up(web("web") +
                     test_at_h2("nobody", "before = [{ service = \"web\", state = \"stop\" }]\nexec = { command = '" +
                                              kListens + "', exit = 1 }") +
                     serves("somebody"));
  const std::string before = process_of_service("web");
  pass_tests();
  CHECK(process_of_service("web") != before);
  CHECK(cli("verify --strict rig").exit == 0);
  CHECK(rig::processes_with(rig::an_hour()) > 0);
  REQUIRE(cli("down rig").exit == 0);
  CHECK(rig::processes_with(rig::an_hour()) == 0);
  require_nothing_left();
}

TEST_CASE("a service is killed and started in the middle of a check") {
  const ServedLab up(
      web("web") +
      test_at_h2("dies and comes back",
                 "timeout = \"50s\"\nexec = { command = 'while " + kListens + "; do sleep 0.02; done; until " +
                     kListens +
                     "; do sleep 0.02; done' }\nduring = [{ at = \"10ms\", service = \"web\", state = \"kill\" }, { at "
                     "= \"2s\", service = \"w*\", state = \"start\" }]") +
      serves("serves"));
  const Json report = pass_tests();
  const Json& events = report["tests"][0]["events"];
  REQUIRE(events.size() == 2);
  CHECK(events[0]["what"] == "service web killed");
  CHECK(events[1]["what"] == "service web started");
  CHECK(cli("verify --strict rig").exit == 0);
}

TEST_CASE("a restarted service is another process, also one that a test had started") {
  const std::string restart = "before = [{ service = \"web\", state = \"restart\" }]\n";
  {
    const ServedLab up(web("web") + "[[test]]\nname = \"t\"\nfrom = \"h1\"\n" + restart +
                       "tcp = { to = \"h2\", port = 80, server = false }\n");
    const std::string before = process_of_service("web");
    pass_tests();
    CHECK(process_of_service("web") != before);
  }
  const ServedLab up(web("web", "start = \"test\"") +
                     test_at_h2("gone",
                                "services = \"web\"\nbefore = [{ service = \"web\", state = "
                                "\"kill\" }]\nexec = { command = '" +
                                    kListens + "', exit = 1 }") +
                     "[[test]]\nname = \"t\"\nfrom = \"h1\"\nservices = \"web\"\n" + restart +
                     "tcp = { to = \"h2\", port = 80, server = false }\n");
  pass_tests();
  CHECK(rig::processes_with(rig::an_hour()) == 0);
}

TEST_CASE("a service that did not run before a test is ended after it") {
  const ServedLab up(web("late", "start = \"test\"") +
                     test_at_h2("runs", "before = [{ service = \"late\", state = \"start\" }]\nexec = { command = '" +
                                            kListens + "' }") +
                     test_at_h2("does not", "exec = { command = '" + kListens + "', exit = 1 }"));
  pass_tests();
  CHECK(rig::processes_with(rig::an_hour()) == 0);
}

TEST_CASE("a service that cannot be stopped because it does not run is a finding") {
  const ServedLab up(
      web("late", "start = \"test\"") +
      test_at_h2("t", "before = [{ service = \"late\", state = \"stop\" }]\nexec = { command = \"true\" }"));
  const Result result = cli("test rig --json");
  CHECK(result.exit == 1);
  const Json finding = Json::parse(result.out)["tests"][0]["findings"][0];
  CHECK(finding["seen"] == "service late does not run");
  CHECK_THAT(finding["about"].get<std::string>(), Catch::Matchers::StartsWith("before, at "));
}

TEST_CASE("a lab that run brings up has its services stopped and started, too") {
  const std::string path = file(
      "lab.toml", rig::kWire + web("web") +
                      test_at_h2("nobody", "before = [{ service = \"web\", state = \"stop\" }]\nexec = { command = '" +
                                               kListens + "', exit = 1 }") +
                      serves("somebody"));
  const Result result = cli("run " + path);
  INFO(result.out << result.err);
  CHECK(result.exit == 0);
  CHECK(rig::processes_with(rig::an_hour()) == 0);
  require_nothing_left();
}

TEST_CASE("links that are set before a check are put back after it") {
  const ServedLab up(
      "[[test]]\nname = \"cut\"\nfrom = \"h1\"\nbefore = [{ interface = \"h2:eth0\", state = \"down\" }]\n"
      "unreachable = { to = \"h2\" }\n"
      "[[test]]\nname = \"whole\"\nfrom = \"h1\"\nping = { to = \"h2\", count = 1 }\n");
  const Json h2 = kernel_state("h2");
  pass_tests(" --verify");
  CHECK(Json::diff(h2, kernel_state("h2")).dump() == "[]");
}
