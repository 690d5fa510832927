// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "check/process.hpp"
#include "check/rig.hpp"

using namespace netrig;

namespace {

check::TestResult ask_dns(const std::string& check, bool serve = true) {
  const rig::Rig rig(
      std::string(rig::kWire) +
      "[service.ns]\nstart = \"test\"\nnamespace = \"h2\"\ncommand = [\"dnsmasq\", \"--keep-in-foreground\", "
      "\"--conf-file=/dev/null\", "
      "\"--no-resolv\", \"--no-hosts\", \"--pid-file=\", \"--user=root\", \"--local=/example.test/\", "
      "\"--host-record=www.example.test,192.0.2.80,2001:db8::80\", \"--address=/many.example.test/192.0.2.81\", "
      "\"--cname=web.example.test,www.example.test\", \"--mx-host=example.test,mail.example.test,10\", "
      "\"--txt-record=example.test,hello world\"]\nready = { udp = 53 }\n[[test]]\nname = \"t\"\nfrom = \"h1\"\ndns "
      "= " +
      check + "\n");
  std::optional<check::Process> server;
  if (serve)
    server.emplace(check::start_service(rig.ground(), rig.lab().services.at(0),
                                        {check::Clock::now() + std::chrono::seconds(20), nullptr}));
  return rig.run<DnsCheck>("t");
}

}  // namespace

TEST_CASE("dns passes with exactly the records expected") {
  if (scratch::sh("command -v dnsmasq").exit != 0) scratch::skip("dnsmasq is not installed");
  for (const std::string check : {
           "{ to = \"h2\", name = \"www.example.test\", answers = [\"192.0.2.80\"] }",
           "{ to = \"h2\", family = \"ipv6\", name = \"www.example.test\", type = \"AAAA\", answers = \"2001:db8::80\" "
           "}",
           "{ to = \"h2\", name = \"web.example.test\", type = \"CNAME\", answers = \"www.example.test\" }",
           "{ to = \"h2\", name = \"example.test\", type = \"MX\", answers = \"10 mail.example.test\" }",
           "{ to = \"h2\", name = \"example.test\", type = \"TXT\", answers = \"hello world\" }",
           "{ to = \"h2\", name = \"none.example.test\", rcode = \"NXDOMAIN\" }",
           "{ to = \"h2\", name = \"www.example.test\" }",
       }) {
    INFO(check);
    const auto result = ask_dns(check);
    CHECK(result.findings.empty());
    if (!result.findings.empty()) UNSCOPED_INFO(result.findings[0].seen);
  }
}

TEST_CASE("dns tells the records, the code or the silence that it met") {
  if (scratch::sh("command -v dnsmasq").exit != 0) scratch::skip("dnsmasq is not installed");
  auto result = ask_dns("{ to = \"h2\", name = \"www.example.test\", answers = [\"192.0.2.81\", \"192.0.2.80\"] }");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "192.0.2.80");
  CHECK(result.findings[0].expected == "192.0.2.80, 192.0.2.81");
  CHECK(result.findings[0].look_at == "netrig exec rig h1 -- dig @192.0.2.2 -p 53 www.example.test A");
  result = ask_dns("{ to = \"h2\", name = \"none.example.test\", answers = [\"192.0.2.80\"] }");
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "NXDOMAIN");
  result = ask_dns("{ to = \"h2\", name = \"www.example.test\" }", false);
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].seen == "the server does not answer: Connection refused (ECONNREFUSED)");
}
