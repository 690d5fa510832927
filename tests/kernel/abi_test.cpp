// SPDX-License-Identifier: Apache-2.0
// A driver that uses all of ABI 0.9, on this host: as it was built then (tests/abi/frozen), as its source is built
// today, and with headers of a later version, whose structs are longer.
#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;

namespace {

Result with_kind(const std::string& arguments) {
  return cli("--host-config " + policy_with_test_drivers() + " " + arguments);
}

std::string lab(const std::string& kind, const std::string& params) {
  return file("lab.toml",
              "[lab]\nname = \"abi\"\n[namespace.a]\n[namespace.b]\n[device.wire]\ndriver = \"veth\"\ninterfaces = [{ "
              "namespace = \"a\", name = \"w0\", master = \"br0\" }, { namespace = \"b\", name = \"w1\" }]\n"
              "[device.d]\ndriver = \"" +
                  kind +
                  "\"\ninterfaces = [{ namespace = \"a\", name = \"br0\" }, { namespace = \"a\", name = "
                  "\"tap0\" }]\nparams = { ageing = \"60s\", on = true, number = -5, mac_of = \"02:00:00:00:00:09\", "
                  "addresses = [\"192.0.2.1\", \"2001:db8::1\"], net = \"192.0.2.0/24\", speed = \"100Mbit\", mood = "
                  "\"wild\", beside = \"b:w1\", " +
                  params + " }\n");
}

Json bridge() { return ip("-n a -d link show dev br0")[0]; }

}  // namespace

TEST_CASE("drivers of ABI 0.9 work as built then and as built today and so do those of a later version") {
  const std::string kind = GENERATE("frozen", "current", "longer");
  INFO(kind);
  const Result refused = with_kind("plan " + lab(kind, "word = \"refused\""));
  CHECK(refused.exit == 2);
  CHECK_THAT(refused.err, ContainsSubstring("word is \"refused\"; say another"));

  const std::string one = lab(kind, "word = \"one\"");
  const Result up = with_kind("up " + one);
  INFO(up.err);
  REQUIRE(up.exit == 0);
  CHECK_THAT(up.err, ContainsSubstring("abi/d (driver " + kind + "): settle: one"));
  const Json made = bridge();
  CHECK(made["linkinfo"]["info_kind"] == "bridge");
  CHECK(made["linkinfo"]["info_data"]["ageing_time"] == 6000);
  CHECK(made["linkinfo"]["info_data"]["priority"] == 4096);
  CHECK(ip("-n a -d link show dev tap0")[0]["linkinfo"]["info_data"]["type"] == "tap");
  CHECK(ip("-n a link show dev w0")[0]["master"] == "br0");
  CHECK(links("a") == std::vector<std::string>{"br0", "tap0", "w0"});
  CHECK(Json::parse(with_kind("--json status abi").out)["devices"][1]["state"]["age"] == "frozen");
  CHECK(with_kind("verify abi").exit == 0);

  REQUIRE(sh("ip -n a link set br0 type bridge ageing_time 9000").exit == 0);
  CHECK_THAT(with_kind("verify abi").out, ContainsSubstring("ageing"));
  const std::string two = lab(kind, "word = \"two\"");
  const Result edit = with_kind("up " + two);
  INFO(edit.err);
  REQUIRE(edit.exit == 0);
  CHECK_THAT(edit.err, ContainsSubstring("change: two"));
  CHECK(bridge()["ifindex"] == made["ifindex"]);
  CHECK(bridge()["linkinfo"]["info_data"]["ageing_time"] == 6000);
  CHECK_THAT(with_kind("plan " + two).out, ContainsSubstring("nothing to change"));

  const Result down = with_kind("down abi");
  CHECK(down.exit == 0);
  CHECK_THAT(down.err, ContainsSubstring("destroy: two"));
  require_nothing_left();
}
