// SPDX-License-Identifier: Apache-2.0
// What a driver does to a device that is there: change, settle, inspect, destroy; and services that fail on the way.
#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;

namespace {

Result with_live(const std::string& arguments) {
  return cli("--host-config " + policy_with_test_drivers() + " " + arguments);
}

std::string live_lab(const std::string& params, const std::string& more = "") {
  return file("lab.toml",
              "[lab]\nname = \"ops\"\n[namespace.a]\n[namespace.b]\n[device.wire]\ndriver = \"veth\"\n"
              "interfaces = [{ namespace = \"a\", name = \"w0\", master = \"br0\" }, { namespace = \"b\", "
              "name = \"w1\" }]\n[device.d]\ndriver = \"live\"\nparams = { " +
                  params + " }\ninterfaces = [{ namespace = \"a\", name = \"br0\" }]\n" + more);
}

void live_up(const std::string& params) {
  const Result up = with_live("up " + live_lab(params));
  INFO(up.err);
  REQUIRE(up.exit == 0);
}

int bridge_ageing() {
  return ip("-n a -d link show dev br0")[0]["linkinfo"]["info_data"]["ageing_time"].get<int>() / 100;
}
int bridge_index() { return ip("-n a link show dev br0")[0]["ifindex"].get<int>(); }
Json live_state() { return Json::parse(with_live("--json status ops").out)["devices"][1]["state"]; }

void take_live_down() {
  const Result down = with_live("down ops");
  INFO(down.err);
  CHECK(down.exit == 0);
  require_nothing_left();
}

}  // namespace

TEST_CASE("of a device that does not tell how it is nobody says that it is as its file says") {
  live_up("ageing = 60, word = \"one\", fail = \"inspect\"");
  const Result verify = with_live("verify ops");
  CHECK(verify.exit == 1);
  CHECK_THAT(verify.out,
             ContainsSubstring("lab ops: whether it is as its file says is not known: device d could not be "
                               "asked how it is\n"));
  CHECK_THAT(verify.err, ContainsSubstring("it does not tell how it is"));
  CHECK(Json::parse(with_live("--json verify ops").out)["unknown"].size() == 1);
  CHECK_THAT(with_live("status ops").out, ContainsSubstring("whether it is as its file says is not known: device d"));
  take_live_down();
}

TEST_CASE("change: an edit of what only functions read leaves the device where it is") {
  live_up("ageing = 60, word = \"one\"");
  CHECK(bridge_ageing() == 60);
  CHECK(live_state() == Json({{"ageing", "60"}, {"mood", "well"}, {"word", "one"}}));
  const int before = bridge_index();
  const std::string edit = live_lab("ageing = 70, word = \"two\"");
  CHECK_THAT(with_live("plan " + edit).out, ContainsSubstring("~ device d  ageing 60 -> 70, word one -> two"));
  const Result up = with_live("up " + edit);
  INFO(up.err);
  REQUIRE(up.exit == 0);
  CHECK(bridge_index() == before);
  CHECK(bridge_ageing() == 70);
  CHECK(live_state()["word"] == "two");
  CHECK_THAT(up.err, ContainsSubstring("change: word two, beside nothing"));
  CHECK_THAT(up.err, !ContainsSubstring("settle"));  // it is not new
  CHECK_THAT(with_live("plan " + edit).out, ContainsSubstring("nothing to change"));
  // What is no longer said is unset, and what is create-only makes it anew.
  REQUIRE(with_live("up " + live_lab("word = \"two\"")).exit == 0);
  CHECK(bridge_index() == before);
  CHECK(bridge_ageing() == 300);
  REQUIRE(with_live("up " + live_lab("word = \"two\", stumble = true")).exit == 0);
  CHECK(ip("-n a link show dev w0")[0]["master"] == "br0");
  take_live_down();
}

TEST_CASE("change: what fails later, or the change itself, is changed back") {
  live_up("ageing = 60, word = \"one\"");
  const int before = bridge_index();
  const Json seen = live_state();
  SECTION("the change itself") {
    const Result up = with_live("up " + live_lab("ageing = 70, word = \"bad\""));
    CHECK(up.exit == 2);
    CHECK_THAT(up.err, ContainsSubstring("device d (driver live): it does not like that word"));
    CHECK_THAT(up.err, ContainsSubstring("change: word one"));
  }
  SECTION("something after it") {
    const Result up = with_live("up " + live_lab("ageing = 70, word = \"two\"",
                                                 "[device.e]\ndriver = \"live\"\nparams = { fail = \"settle\" "
                                                 "}\ninterfaces = [{ namespace = \"b\", name = \"br1\" }]\n"));
    CHECK(up.exit == 1);
    CHECK_THAT(up.err, ContainsSubstring("device e (driver live): it does not settle"));
    CHECK(links("b") == std::vector<std::string>{"w1"});
  }
  CHECK(bridge_index() == before);
  CHECK(bridge_ageing() == 60);
  CHECK(live_state() == seen);
  CHECK(with_live("verify ops").exit == 0);
  take_live_down();
}

TEST_CASE("inspect: verify tells what only a driver knows, and up mends it in place") {
  live_up("ageing = 60, word = \"one\"");
  const int before = bridge_index();
  CHECK(with_live("verify ops").exit == 0);
  REQUIRE(sh("ip -n a link set br0 type bridge ageing_time 9000").exit == 0);
  const Result verify = with_live("verify ops");
  CHECK(verify.exit == 1);
  CHECK_THAT(verify.out,
             ContainsSubstring("device d ageing: expected 60, found 90") && ContainsSubstring("lab.toml:10:"));
  const std::string lab = live_lab("ageing = 60, word = \"one\"");
  CHECK_THAT(with_live("plan " + lab).out, ContainsSubstring("~ device d  ageing 90 -> 60"));
  const Result up = with_live("up " + lab);
  INFO(up.err);
  REQUIRE(up.exit == 0);
  CHECK(bridge_ageing() == 60);
  CHECK(bridge_index() == before);
  CHECK(with_live("verify ops").exit == 0);
  take_live_down();
}

TEST_CASE("settle and destroy: they see the device, its record, its parameters and its references") {
  const Result up = with_live("up " + live_lab("word = \"one\", beside = \"b:w1\""));
  INFO(up.err);
  REQUIRE(up.exit == 0);
  CHECK_THAT(up.err, ContainsSubstring("ops/d (driver live): settle: word one, beside b:w1 (there)"));
  SECTION("whole") {
    CHECK_THAT(with_live("down ops").err, ContainsSubstring("destroy: word one as one, beside b:w1 (there)"));
  }
  SECTION("the reference is gone") {
    REQUIRE(sh("ip -n b link delete w1").exit == 0);
    CHECK_THAT(with_live("down ops").err, ContainsSubstring("destroy: word one as one, beside b:w1 (not there)"));
  }
  require_nothing_left();
}

TEST_CASE("destroy: after a create that failed only with what it has saved") {
  const auto [how, called] =
      GENERATE(table<std::string, bool>({{"before the record", false}, {"behind the record", true}}));
  const Result up = with_live("up " + live_lab("word = \"one\", fail = \"" + how + "\""));
  CHECK(up.exit == 1);
  CHECK_THAT(up.err, ContainsSubstring("device d (driver live): it fails "));
  CHECK((up.err.find("destroy: word one as one") != std::string::npos) == called);
  require_nothing_left();
}

TEST_CASE("a record is in the journal as soon as it is saved") {
  const Result up = with_live("up " + live_lab("word = \"one\""));
  REQUIRE(up.exit == 0);
  CHECK_THAT(read("/run/netrig/ops/journal"), ContainsSubstring("\"r\":\"6f6e65\""));  // "one"
  take_live_down();
}

TEST_CASE("a service that fails is the driver's to handle") {
  SECTION("it goes on") {
    const Result up = with_live("up " + live_lab("ageing = 60, stumble = true"));
    INFO(up.err);
    REQUIRE(up.exit == 0);
    CHECK(bridge_ageing() == 60);
    CHECK_THAT(up.err, ContainsSubstring("refused at 16: the kernel refuses a request of type 16: "));
    take_live_down();
  }
  SECTION("it gives up, with its words and the kernel's") {
    const Result up = with_live("up " + live_lab("stumble = true, fail = \"with the kernel\""));
    CHECK(up.exit == 1);
    CHECK_THAT(up.err, ContainsSubstring("device d (driver live): the queue of this bridge does not fit: the kernel "
                                         "refuses a request of type 16: "));
    require_nothing_left();
  }
}
