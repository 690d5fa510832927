// SPDX-License-Identifier: Apache-2.0
// Drawings as a user gets them: where they go, and what other programs make of them.
#include <filesystem>
#include <random>
#include <set>

#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;

namespace {

const std::string kCampus = std::string(NETRIG_CONFIG_DIR) + "/routed-campus.toml";

}  // namespace

TEST_CASE("graph draws every example lab as XML and as Graphviz reads it") {
  for (const std::string name : {"two-hosts", "macvlan-on-uplink", "routed-campus", "pairs-1000"}) {
    const std::string lab = std::string(NETRIG_CONFIG_DIR) + "/" + name + ".toml";
    const std::string svg = directory() + "/" + name + ".svg";
    REQUIRE(cli("graph " + lab + " -o " + svg).exit == 0);
    const Result xml = sh("xmllint --noout " + svg);
    INFO(xml.err);
    CHECK(xml.exit == 0);
    REQUIRE(cli("graph " + lab + " -o " + directory() + "/lab.gv").exit == 0);
    // The canonical form is parsed and not laid out, which takes Graphviz long.
    CHECK(sh("dot -Tcanon -o /dev/null " + directory() + "/lab.gv").exit == 0);
  }
}

TEST_CASE("the ending of the output says what form a drawing has, unless told") {
  const auto begins = [](const std::string& file, const std::string& options, const std::string& text) {
    const std::string path = directory() + "/" + file;
    REQUIRE(cli("graph " + kCampus + " " + options + " -o " + path).exit == 0);
    CHECK(read(path).substr(0, text.size()) == text);
  };
  begins("a.svg", "", "<svg ");
  begins("a.gv", "", "graph ");
  begins("a.mmd", "", "flowchart ");
  begins("a.json", "", "{");
  begins("a", "", "<svg ");
  begins("a.txt", "--format svg", "<svg ");
  CHECK(cli("graph " + kCampus + " -o " + directory() + "/b.txt").exit == 2);
  begins("b.svg", "--format dot", "graph ");
  CHECK(cli("graph " + kCampus).out.substr(0, 5) == "<svg ");
  CHECK(Json::parse(cli("--json graph " + kCampus).out)["namespaces"].size() == 103);
  CHECK(Json::parse(cli("graph --only floor1 --format json " + kCampus).out)["namespaces"].size() == 1);
}

TEST_CASE("a running lab is drawn by its name, as it was brought up") {
  const std::string lab = file("lab.toml", "[lab]\nname = \"x\"\n[namespace.before]\n");
  REQUIRE(cli("up " + lab).exit == 0);
  file("lab.toml", "[lab]\nname = \"x\"\n[namespace.after]\n");
  const Result result = cli("graph x --format json");
  INFO(result.err);
  REQUIRE(result.exit == 0);
  CHECK(Json::parse(result.out)["namespaces"][0]["name"] == "before");
  REQUIRE(cli("down x").exit == 0);
}

TEST_CASE("graph says what is wrong") {
  CHECK(cli("graph nowhere").exit == 7);
  CHECK(cli("graph " + kCampus + " --format png").exit == 2);
  CHECK(cli("graph " + file("bad.toml", "[lab]\n")).exit == 2);
  const Result result = cli("graph " + kCampus + " -o /nowhere/x.svg");
  CHECK(result.exit == 1);
  CHECK_THAT(result.err, ContainsSubstring("/nowhere/x.svg"));
}

TEST_CASE("graph hints at Graphviz where it would help and is not installed") {
  std::string text = "[lab]\nname = \"x\"\nnamespaces = [";
  for (int i = 0; i < 40; ++i) text += "\"n" + std::to_string(i) + "\", ";
  text += "]\n";
  // Wires between any two, by a generator that is everywhere the same.
  std::minstd_rand random(7);
  std::set<std::pair<std::size_t, std::size_t>> joined;
  const auto join = [&](std::size_t a, std::size_t b) {
    if (!joined.emplace(a, b).second) return;
    const auto end = [](std::size_t of, std::size_t to) {
      return "\"n" + std::to_string(of) + ":to" + std::to_string(to) + "\"";
    };
    text += "[[link]]\nends = [" + end(a, b) + ", " + end(b, a) + "]\n";
  };
  for (std::size_t i = 1; i < 40; ++i) join(random() % i, i);
  for (std::size_t i = 0; i < 38; ++i) join(i, i + 2 + random() % (38 - i));
  const std::string lab = file("tangle.toml", text);
  const std::string without = "PATH=" + directory() + " " NETRIG_BINARY " ";
  const Result hint = sh(without + "graph " + lab);
  INFO(hint.err);
  REQUIRE(hint.exit == 0);
  CHECK_THAT(hint.out, Catch::Matchers::StartsWith("<svg "));
  CHECK_THAT(hint.err, ContainsSubstring("apt-get install graphviz"));
  CHECK(sh(without + "--quiet graph " + lab).err.empty());
  CHECK(sh(without + "graph --format dot " + lab).err.empty());
  CHECK(sh(without + "graph " + kCampus).err.empty());
  CHECK(cli("graph " + lab).err.empty());
  CHECK(cli("graph " + lab).out != hint.out);
}
