// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "check/aim.hpp"
#include "check/rig.hpp"

using namespace netrig;

TEST_CASE("a target is aimed at by the address on the link that both are on") {
  const rig::Rig rig(std::string(rig::kRouted) + R"(
[[test]]
name = "near"
from = "h*"
ping = { to = "r" }
[[test]]
name = "far"
from = "h1"
ping = { to = "h2", family = "ipv6" }
[[test]]
name = "interface"
from = "h1"
ping = { to = "r:eth2" }
[[test]]
name = "drawn"
from = "*"
ping = { to = "*", pairs = 4 }
)");
  const auto aims = [&](const std::string& name) {
    std::string text;
    rig::OpenJob open(rig, name);
    for (const check::Pair& pair : open.job.pairs(*target_of(rig.test(name).check)))
      text += rig.ground().name(pair.from) + ">" + pair.address.str() + " ";
    return text;
  };
  CHECK(aims("near") == "h1>192.0.2.254 h2>198.51.100.254 ");
  CHECK(aims("far") == "h1>2001:db8:2::2 ");
  CHECK(aims("interface") == "h1>198.51.100.254 ");
  CHECK(check::aims_of(rig.lab(), rig.test("drawn"), *target_of(rig.test("drawn").check)).size() == 4);
  CHECK(aims("drawn") == aims("drawn"));
}

namespace {

/// The wire, h2 without addresses in the file, with a test of this check.
std::string without_addresses(const std::string& check, const std::string& from = "h1") {
  return scratch::replaced(rig::kWire, ", addresses = [\"192.0.2.2/24\", \"2001:db8::2/64\"]", "") +
         "[[test]]\nname = \"t\"\nfrom = \"" + from + "\"\nping = { count = 1, " + check + " }\n";
}

void in_h2(const std::string& arguments) {
  const auto done = scratch::sh("ip -n h2 " + arguments);
  INFO(done.err);
  REQUIRE(done.exit == 0);
}

std::string aim_of(const rig::Rig& rig) {
  rig::OpenJob open(rig, "t");
  try {
    return open.job.pairs(*target_of(open.job.test.check)).at(0).address.str();
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::not_found);
    return error.message();
  }
}

}  // namespace

TEST_CASE("an address that the file does not give is the kernel's") {
  const rig::Rig rig(without_addresses("to = \"h2:eth0\""));
  CHECK_THAT(aim_of(rig),
             ContainsSubstring("h1 and h2:eth0 have no address to use between them: the file gives none, and in the "
                               "kernel h1 has eth0 192.0.2.1/24, eth0 2001:db8::1/64") &&
                 ContainsSubstring("h2:eth0 has eth0 fe80::"));
  // Of an interface that is not meant.
  in_h2("link set lo up");
  in_h2("address add 203.0.113.9/32 dev lo");
  CHECK_THAT(aim_of(rig), ContainsSubstring("no address to use"));
  in_h2("address add 198.51.100.9/24 dev eth0");
  CHECK(aim_of(rig) == "198.51.100.9");
  // One on the link that both are on comes first, also where it is a secondary one.
  in_h2("address add 192.0.7.9/16 dev eth0");
  in_h2("address add 192.0.2.8/16 dev eth0");
  CHECK_THAT(scratch::sh("ip -n h2 -o address show dev eth0 secondary").out, ContainsSubstring("192.0.2.8/16"));
  CHECK(aim_of(rig) == "192.0.2.8");
}

TEST_CASE("an address that the kernel does not use yet, or should not any more, is none") {
  const rig::Rig rig(without_addresses("to = \"h2\", family = \"ipv6\""));
  REQUIRE(
      scratch::sh("ip netns exec h2 sysctl -qw net.ipv6.conf.eth0.dad_transmits=10000 net.ipv6.conf.eth0.accept_dad=1")
          .exit == 0);
  in_h2("address add 2001:db8::7/64 dev eth0");
  in_h2("address add 2001:db8::8/64 dev eth0 nodad preferred_lft 0");
  CHECK_THAT(aim_of(rig), ContainsSubstring("h1 and h2 have no IPv6 address to use between them") &&
                              ContainsSubstring("eth0 2001:db8::7/64 (tentative)") &&
                              ContainsSubstring("eth0 2001:db8::8/64 (deprecated)"));
  in_h2("address add 2001:db8::9/64 dev eth0 nodad");
  CHECK(aim_of(rig) == "2001:db8::9");
}

TEST_CASE("a target without an address in the file is waited for and asked, and one that gets none is an error") {
  const std::string give =
      "[service.dhcp]\nnamespace = \"h2\"\ncommand = \"sleep 0.5; ip address add 192.0.2.9/24 dev eth0; exec sleep " +
      rig::an_hour() + "\"\n";
  const auto run = scratch::cli("run --json " + scratch::file("lab.toml", without_addresses("to = \"h2\", within = "
                                                                                            "\"50s\"") +
                                                                              give));
  INFO(run.out << run.err);
  CHECK(run.exit == 0);
  CHECK(scratch::Json::parse(run.out)["tests"][0]["pairs"][0]["address"] == "192.0.2.9");
  // Who asks need not have one in the file either.
  const auto asks = scratch::cli(
      "run --json " + scratch::file("lab.toml", without_addresses("to = \"h1\", within = \"50s\"", "h2") + give));
  INFO(asks.out << asks.err);
  CHECK(asks.exit == 0);
  const auto never = scratch::cli("run --json " + scratch::file("lab.toml", without_addresses("to = \"h2\"")));
  CHECK(never.exit == 2);
  CHECK_THAT(scratch::Json::parse(never.out)["tests"][0]["reason"].get<std::string>(),
             ContainsSubstring("h2 has eth0 fe80::") || ContainsSubstring("h2 has none"));
}
