// SPDX-License-Identifier: Apache-2.0
// The check `verify`, and --verify: which test leaves the lab otherwise than it found it.
#include "catch.hpp"
#include "check/rig.hpp"

using namespace scratch;

namespace {

const char* const kVerify =
    "[[test]]\nname = \"all\"\nverify = {}\n"
    "[[test]]\nname = \"strict\"\nfrom = \"h2\"\nverify = { strict = true }\n"
    "[[test]]\nname = \"h2 alone\"\nfrom = \"h2\"\nverify = {}\n";

std::string lab(const std::string& tests) { return file("lab.toml", rig::kWire + tests); }

std::string exec_test(const std::string& name, const std::string& command, const std::string& more = "") {
  return "[[test]]\nname = \"" + name + "\"\nfrom = \"h1\"\nexec = { command = \"" + command + "\" }\n" + more + "\n";
}

Json test_named(const Json& report, const std::string& name) {
  for (const Json& test : report["tests"])
    if (test["name"] == name) return test;
  FAIL("no test " << name);
  return {};
}

}  // namespace

TEST_CASE("verify fails with every difference, and where it stands in the file") {
  const rig::Rig rig(std::string(rig::kWire) + kVerify);
  CHECK(rig.run<netrig::VerifyCheck>("all").findings.empty());
  CHECK(rig.run<netrig::VerifyCheck>("strict").findings.empty());
  REQUIRE(sh("ip -n h1 addr del 192.0.2.1/24 dev eth0 && ip -n h2 addr add 203.0.113.2/32 dev eth0").exit == 0);
  const auto all = rig.run<netrig::VerifyCheck>("all");
  REQUIRE(all.findings.size() == 1);
  CHECK(all.findings[0].about == "h1 address eth0 192.0.2.1/24");
  CHECK(all.findings[0].seen == "missing");
  CHECK_THAT(all.findings[0].expected, ContainsSubstring("what ") && ContainsSubstring(".toml:"));
  CHECK(all.findings[0].look_at == "netrig verify rig");
  CHECK(rig::metric(all.metrics, "differences") == 1);
  CHECK(rig.run<netrig::VerifyCheck>("h2 alone").findings.empty());
  const auto strict = rig.run<netrig::VerifyCheck>("strict");
  REQUIRE(strict.findings.size() == 1);
  CHECK(strict.findings[0].about == "h2 address eth0 203.0.113.2/32");
  CHECK(strict.findings[0].seen == "there, but not in the file");
  CHECK(strict.findings[0].expected == "nothing that is not in the file");
}

TEST_CASE("verify needs no from, and knows no other option than strict") {
  CHECK(cli("run --list " + lab("[[test]]\nname = \"t\"\nverify = {}\n")).exit == 0);
  const Result other = cli("run --list " + lab("[[test]]\nname = \"t\"\nverify = { stict = true }\n"));
  CHECK(other.exit == 2);
  CHECK_THAT(other.err, ContainsSubstring("unknown key \"stict\" in verify; did you mean \"strict\"?"));
}

TEST_CASE("run --verify blames the test that leaves the lab otherwise, and no other") {
  const std::string path =
      lab(exec_test("good", "true") +
          exec_test("careless", "ip link set eth0 mtu 1400; ip addr del 192.0.2.1/24 dev eth0") +
          exec_test("later", "true") +
          exec_test("tidy", "ip addr del 2001:db8::1/64 dev eth0",
                    "after = { namespace = \"h1\", command = \"ip addr add 2001:db8::1/64 dev eth0 nodad\" }"));
  const Result run = cli("run --verify --json " + path);
  CHECK(run.exit == 1);
  INFO(run.out << run.err);
  const Json report = Json::parse(run.out);
  CHECK(test_named(report, "good")["outcome"] == "passed");
  CHECK(test_named(report, "careless")["outcome"] == "failed");
  CHECK(test_named(report, "later")["outcome"] == "passed");
  CHECK(test_named(report, "tidy")["outcome"] == "passed");
  CHECK_THAT(test_named(report, "careless").dump(),
             ContainsSubstring("h1 address eth0 192.0.2.1/24") && ContainsSubstring("the test left it so: missing"));
  CHECK(cli("run --json " + path).exit == 0);
  require_nothing_left();
}

TEST_CASE("links that a test sets down and that come back are no drift") {
  const std::string path = lab(
      "[[test]]\nname = \"flap\"\nfrom = \"h1\"\nfailover = { to = \"h2\", duration = \"1s\", max_outage = \"1s\" }\n"
      "during = [{ at = \"100ms\", interface = \"h1:eth0\", state = \"down\" },\n"
      "          { at = \"200ms\", interface = \"h1:eth0\", state = \"up\" }]\n"
      "[[test]]\nname = \"left down\"\nfrom = \"h1\"\nexec = { command = \"sleep 0.3\" }\n"
      "during = [{ at = \"100ms\", interface = \"h1:eth0\", state = \"down\" }]\n");
  const Result run = cli("run --verify " + path);
  INFO(run.out << run.err);
  CHECK(run.exit == 0);
  require_nothing_left();
}

TEST_CASE("test --verify blames no test for what differs before") {
  REQUIRE(cli("up " + lab(exec_test("good", "true"))).exit == 0);
  REQUIRE(sh("ip -n h1 addr del 192.0.2.1/24 dev eth0").exit == 0);
  const Result test = cli("test rig --verify");
  CHECK(test.exit == 0);
  CHECK_THAT(test.err, ContainsSubstring("lab \"rig\" is otherwise than its file says before the first test"));
  REQUIRE(cli("down rig").exit == 0);
}
