// SPDX-License-Identifier: Apache-2.0
// `netrig bench`: the same tests over several labs.
#include <filesystem>

#include "catch.hpp"
#include "check/rig.hpp"

using namespace scratch;

namespace {

const std::string kCompare = NETRIG_CONFIG_DIR "/compare/";

}  // namespace

TEST_CASE("bench shows what each lab measures, side by side, and leaves none behind") {
  const std::string out = directory() + "/comparison";
  const Result run =
      cli("bench " + kCompare + "veth.toml " + kCompare + "macvlan.toml " + kCompare + "bridge.toml " + kCompare +
          "routed.toml --rounds 2 -f 'round trip' -f connecting -r " + out + ".json -r " + out + ".html");
  INFO(run.out << run.err);
  CHECK(run.exit == 0);
  const Json json = Json::parse(read(out + ".json"));
  std::string labs;
  for (const Json& lab : json["labs"]) {
    labs += lab["name"].get<std::string>() + " ";
    CHECK(lab["totals"]["passed"] == 4);
  }
  CHECK(labs == "veth macvlan bridge routed ");
  CHECK(json["labs"][1]["drivers"][0]["name"] == "macvlan");
  CHECK(json["rounds"] == 2);
  const Json& rtt = json["metrics"][0];
  CHECK(rtt["test"] == "round trip");
  CHECK(rtt["metric"] == "rtt_avg");
  REQUIRE(rtt["labs"].size() == 4);
  for (const Json& lab : rtt["labs"]) {
    CHECK(lab["runs"] == 2);
    CHECK(lab["least"].get<double>() > 0);
    CHECK(lab["least"].get<double>() <= lab["median"].get<double>());
    CHECK(lab["median"].get<double>() <= lab["most"].get<double>());
  }
  CHECK_THAT(run.out, ContainsSubstring("rtt avg") && ContainsSubstring("x)"));
  CHECK_THAT(read(out + ".html"), ContainsSubstring("round trip: rtt avg"));
  CHECK(namespaces().empty());
  CHECK(std::filesystem::is_empty("/run/netrig"));
}

TEST_CASE("bench refuses labs that cannot be compared") {
  const std::string test = "[[test]]\nname = \"t\"\nfrom = \"h1\"\nping = { to = \"h2\" }\n";
  const std::string one = file("one.toml", rig::kWire + test);
  const auto refused = [&](const std::string& arguments) {
    const Result result = cli("bench " + arguments);
    CHECK(result.exit == 2);
    CHECK(namespaces().empty());
    return result.err;
  };
  CHECK_THAT(refused(one + " " + kCompare + "veth.toml"),
             ContainsSubstring("labs are compared by tests that all of them have, and there is no ping test \"t\""));
  CHECK_THAT(refused(one + " " + one), ContainsSubstring("lab is called \"rig\" as in"));
  CHECK_THAT(refused(one + " -r x.xml"), ContainsSubstring("a comparison cannot be written as junit"));
}
