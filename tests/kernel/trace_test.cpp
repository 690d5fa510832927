// SPDX-License-Identifier: Apache-2.0
// What goes between host and drivers, written down.
#include <fstream>

#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;

namespace {

std::vector<Json> lines_of(const std::string& path) {
  std::vector<Json> lines;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
  return lines;
}

/// Lines of one event of one operation.
std::vector<Json> of(const std::vector<Json>& all, const std::string& operation, const std::string& event) {
  std::vector<Json> some;
  for (const Json& line : all)
    if (line["operation"] == operation && line["event"] == event) some.push_back(line);
  return some;
}

Result traced(const std::string& arguments) {
  return cli("--host-config " + policy_with_test_drivers() + " --trace-drivers " + directory() + "/trace " + arguments);
}

}  // namespace

TEST_CASE("a trace has every call of a driver, and what it asks for") {
  const std::string path = directory() + "/trace";
  const std::string lab = file("lab.toml", R"([lab]
name = "traced"
namespaces = ["a", "b"]
[device.wire]
driver = "live"
params = { ageing = 30 }
interfaces = [{ namespace = "a", name = "eth0", mtu = 1400 }]
[device.plain]
driver = "bridge"
params = { priority = 4096 }
interfaces = [{ namespace = "b", name = "br0" }]
)");
  const Result up = traced("up " + lab);
  INFO(up.err);
  REQUIRE(up.exit == 0);
  const std::vector<Json> made = lines_of(path);
  const auto begun = of(made, "create", "begin");
  REQUIRE(begun.size() == 2);
  for (const Json& line : begun) {
    CHECK(line["at_us"].is_number_unsigned());
    CHECK(line["interfaces"].size() == 1);
    CHECK(line["interfaces"][0]["ifindex"] == 0);
    if (line["driver"] == "live") {
      CHECK(line["device"] == "wire");
      CHECK(line["interfaces"][0]["name"] == "eth0");
      CHECK(line["interfaces"][0]["mtu"] == 1400);
    } else {
      CHECK(line["parameters"]["priority"] == "4096");
    }
  }
  for (const Json& line : of(made, "create", "end")) {
    CHECK(line["took_us"].is_number());
    CHECK_FALSE(line.contains("error"));
    if (line["driver"] == "bridge") {
      REQUIRE(line["orders"].size() == 1);
      CHECK(line["orders"][0]["order"] == "create_link");
      CHECK(line["orders"][0]["kind"] == "bridge");
      CHECK_FALSE(line["orders"][0]["data"].get<std::string>().empty());
    }
  }
  REQUIRE(traced("down traced").exit == 0);
  CHECK(lines_of(path).size() > made.size());
  CHECK(of(lines_of(path), "destroy", "end").size() == 2);
  require_nothing_left();
}

TEST_CASE("a trace tells of what fails, and shows no secrets") {
  const std::string path = directory() + "/trace";
  sh("rm -f " + path);  // another case's
  CHECK(traced("up " + file("lab.toml",
                            "[lab]\nname = \"traced\"\nnamespaces = [\"a\"]\n[device.d]\ndriver = "
                            "\"cveth\"\nparams = { token = \"hunter22\", refuse = true }\n"
                            "interfaces = [{ namespace = \"a\", name = \"x\" }, { namespace = \"a\", "
                            "name = \"y\" }]\n"))
            .exit != 0);
  CHECK(read(path).find("hunter22") == std::string::npos);
  CHECK(read(path).find("68756e746572") == std::string::npos);  // the same in hexadecimal
  const auto begun = of(lines_of(path), "create", "begin");
  REQUIRE(begun.size() == 1);
  CHECK(begun[0]["parameters"]["token"] == "(secret)");
  const auto ends = of(lines_of(path), "create", "end");
  REQUIRE(ends.size() == 1);
  CHECK(ends[0]["error"]["message"].is_string());
  require_nothing_left();
}
