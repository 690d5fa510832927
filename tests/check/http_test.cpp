// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "check/process.hpp"
#include "check/rig.hpp"

using namespace netrig;

namespace {

check::TestResult ask_http(const std::string& check) {
  const std::string root = scratch::directory() + "/www";
  scratch::sh("mkdir -p " + root + " && echo all is well > " + root + "/health");
  const rig::Rig rig(
      std::string(rig::kWire) +
      "[service.web]\nstart = \"test\"\nnamespace = \"h2\"\ncommand = [\"python3\", \"-m\", \"http.server\", "
      "\"--bind\", "
      "\"::\", \"--directory\", \"" +
      root + "\", \"8080\"]\nready = { tcp = 8080 }\n[[test]]\nname = \"t\"\nfrom = \"h1\"\nhttp = " + check + "\n");
  const auto web = check::start_service(rig.ground(), rig.lab().services.at(0),
                                        {check::Clock::now() + std::chrono::seconds(20), nullptr});
  return rig.run<HttpCheck>("t");
}

}  // namespace

TEST_CASE("http passes by status and body, over IPv4, IPv6 and with a host name") {
  for (const std::string family : {"ipv4", "ipv6"}) {
    const auto result =
        ask_http("{ to = \"h2\", family = \"" + family +
                 "\", port = 8080, path = \"/health\", host = \"www.example.test\", matches = \"^all is\" }");
    INFO(family);
    CHECK(result.findings.empty());
    CHECK(rig::metric(result.metrics, "total") > 0);
    CHECK(rig::metric(result.metrics, "size") == 12);
  }
  CHECK(ask_http("{ to = \"h2\", port = 8080, path = \"/none\", status = 404 }").findings.empty());
}

TEST_CASE("http fails with the status, the body or the refusal seen") {
  auto result = ask_http("{ to = \"h2\", port = 8080, path = \"/none\" }");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "status 404");
  CHECK(result.findings[0].expected == "status 200");
  CHECK(result.findings[0].look_at.starts_with("netrig exec rig h1 -- curl "));
  result = ask_http("{ to = \"h2\", port = 8080, path = \"/health\", matches = \"broken\" }");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].expected == "a line that matches \"broken\"");
  result = ask_http("{ to = \"h2\", port = 8081 }");
  REQUIRE(result.findings.size() == 1);
  CHECK_THAT(result.findings[0].seen, ContainsSubstring("no answer: Failed to connect to 192.0.2.2 port 8081"));
}
