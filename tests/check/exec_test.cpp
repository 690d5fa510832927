// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "check/rig.hpp"

using namespace netrig;

namespace {

check::TestResult exec(const std::string& check, const std::string& from = "h1") {
  const rig::Rig rig(std::string(rig::kWire) + "[[test]]\nname = \"t\"\nfrom = \"" + from + "\"\nexec = " + check +
                     "\n");
  return rig.run<ExecCheck>("t", std::chrono::seconds(1));
}

}  // namespace

TEST_CASE("exec passes in every namespace that matches, by exit code and output") {
  const auto result =
      exec("{ command = \"ip -4 address show eth0\", matches = \"inet 192\\\\.0\\\\.2\\\\.[12]/24\" }", "h*");
  CHECK(result.findings.empty());
  REQUIRE(result.pairs.size() == 2);
  CHECK(result.pairs[1].from == "h2");
  CHECK(exec("{ command = [\"false\"], exit = 1 }").findings.empty());
}

TEST_CASE("exec fails with the exit code, the output, or the time seen") {
  auto result = exec("{ command = \"echo broken pipe dream >&2; exit 4\" }");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].about == "h1");
  CHECK(result.findings[0].seen == "exit code 4; standard error: \"broken pipe dream\"");
  CHECK(result.findings[0].expected == "exit code 0");
  CHECK(result.findings[0].look_at == "netrig exec rig h1 -- /bin/sh -c 'echo broken pipe dream >&2; exit 4'");
  result = exec("{ command = [\"echo\", \"down\"], matches = \"^up$\" }");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "standard output is \"down\"");
  CHECK(result.findings[0].expected == "a line that matches \"^up$\"");
  result = exec("{ command = [\"sleep\", \"60\"] }");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "the command did not end in time");
}
