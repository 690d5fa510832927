// SPDX-License-Identifier: Apache-2.0
// Links that a test impairs, and that are afterwards what the lab makes of them.
#include "catch.hpp"
#include "check/impairment_keeper.hpp"
#include "check/rig.hpp"

using namespace netrig;
using scratch::Json;

namespace {

/// h1's end keeps to 1 Mbit/s.
std::string limited(const std::string& more = "") {
  std::string text = rig::kWire;
  const std::string end = "name = \"eth0\", ";
  text.insert(text.find(end) + end.size(), "impair = { rate = \"1Mbit\" }, ");
  return text + more;
}

Json discipline(const std::string& space) {
  const auto shown = scratch::sh("tc -n " + space + " -j qdisc show dev eth0 root");
  REQUIRE(shown.exit == 0);
  Json one = Json::parse(shown.out).at(0);
  one.erase("handle");
  return one;
}

Qdisc rate_of(std::uint64_t bytes) {
  Qdisc one;
  one.kind = Qdisc::kTbf;
  one.rate = ByteRate(bytes);
  return one;
}

std::string impaired_exec(const std::string& name, const std::string& around, const std::string& command) {
  return "[[test]]\nname = \"" + name + "\"\nfrom = \"h1\"\n" + around + "\nexec = { command = '" + command + "' }\n";
}

struct ImpairedLab {
  explicit ImpairedLab(const std::string& text) : path(scratch::file("lab.toml", text)) {
    const auto result = scratch::cli("up " + path);
    INFO(result.err);
    REQUIRE(result.exit == 0);
  }
  ~ImpairedLab() { scratch::cli("--quiet down rig"); }
  ImpairedLab(const ImpairedLab&) = delete;
  ImpairedLab& operator=(const ImpairedLab&) = delete;
  const std::string path;
};

}  // namespace

TEST_CASE("what links do to packets is put back to what it was, whatever the lab says") {
  const rig::Rig rig(limited());
  const Json before = discipline("h1");
  CHECK(before["kind"] == "tbf");
  {
    check::ImpairmentKeeper keeper(rig.ground());
    CHECK(keeper.set({.space = "h*", .interface = "eth0"}, rate_of(1'000'000)) ==
          std::vector<std::string>{"h1:eth0", "h2:eth0"});
    CHECK(discipline("h1")["options"]["rate"] == 1'000'000);
    CHECK(discipline("h2")["options"]["rate"] == 1'000'000);
    keeper.set({.space = "h1", .interface = "eth0"}, {});
    CHECK(discipline("h1")["kind"] == "noqueue");
    CHECK(keeper.restore().empty());
  }
  CHECK(discipline("h1") == before);
  CHECK(discipline("h2")["kind"] == "noqueue");
  check::ImpairmentKeeper keeper(rig.ground());
  CHECK_THROWS_WITH(keeper.set({.space = "h1", .interface = "eth7"}, rate_of(1)), "there is no interface h1:eth7");
  REQUIRE(scratch::sh("tc -n h2 qdisc add dev eth0 root pfifo limit 7").exit == 0);
  CHECK_THROWS_WITH(keeper.set({.space = "h2", .interface = "eth0"}, rate_of(1)),
                    "cannot impair h2:eth0: it has a pfifo that could not be given back");
  CHECK(keeper.restore().empty());
  CHECK(discipline("h2")["options"]["limit"] == 7);
  REQUIRE(scratch::sh("tc -n h2 qdisc del dev eth0 root").exit == 0);
  keeper.set({.space = "h2", .interface = "eth0"}, rate_of(1'000'000));
  REQUIRE(scratch::sh("ip -n h2 link del eth0").exit == 0);
  CHECK(keeper.restore().empty());
}

TEST_CASE("a test impairs links before and during its check, and the lab is as its file says after it") {
  const auto has = [](const std::string& rate) {
    return "tc qdisc show dev eth0 root | grep -qi \"rate " + rate + " \"";
  };
  const std::string until = "until " + has("3mbit") + "; do sleep 0.05; done";
  const ImpairedLab up(limited(
      impaired_exec("before", "before = [{ interface = \"h1:eth0\", impair = { rate = \"2Mbit\" } }]", has("2mbit")) +
      impaired_exec("during", "during = [{ at = \"0s\", interface = \"h1:eth0\", impair = { rate = \"3Mbit\" } }]",
                    until) +
      impaired_exec("none", "before = [{ interface = \"h1:eth0\", impair = { rate = \"0bit\" } }]",
                    "tc qdisc show dev eth0 root | grep -q noqueue") +
      impaired_exec("as in the file", "", has("1mbit")) +
      "[[test]]\nname = \"verified\"\nverify = { strict = true }\n"));
  const auto result = scratch::cli("test rig --json --verify");
  INFO(result.out << result.err);
  CHECK(result.exit == 0);
  CHECK(Json::parse(result.out)["totals"]["passed"] == 5);
}

TEST_CASE("a test that wants packets delayed says that the kernel cannot") {
  if (scratch::kernel_has_netem()) scratch::skip("this kernel has netem");
  const ImpairedLab up(
      limited(impaired_exec("slow", "before = [{ interface = \"h1:eth0\", impair = { delay = \"30ms\" } }]", "true")));
  const auto result = scratch::cli("test rig");
  INFO(result.out << result.err);
  CHECK(result.exit == 1);
  CHECK_THAT(result.out, ContainsSubstring("cannot impair h1:eth0: this kernel has no netem (sch_netem"));
}

TEST_CASE("delays and losses of a test are felt while it runs, and not after it") {
  if (!scratch::kernel_has_netem()) scratch::skip("this kernel has no netem (CONFIG_NET_SCH_NETEM)");
  const std::string ping = "[[test]]\nname = \"N\"\nfrom = \"h1\"\nping = { to = \"h2\", family = \"ipv4\", M }\n";
  const auto test = [&](const std::string& name, const std::string& bounds, const std::string& around) {
    return scratch::replaced(scratch::replaced(ping, "N", name), "M", bounds) + around + "\n";
  };
  const ImpairedLab up(
      std::string(rig::kWire) +
      test("slow", "min_rtt = \"60ms\"", "before = { interface = \"h*:eth0\", impair = { delay = \"30ms\" } }") +
      test("fast", "min_loss = 0", "") +
      test("lossy", "count = 5, interval = \"300ms\", min_loss = 20, timeout = \"500ms\"",
           "during = [{ at = \"500ms\", interface = \"h1:eth0\", impair = { loss = 100 } }]") +
      test("spread", "min_rtt = \"10ms\"",
           "before = { interface = \"h1:eth0\", impair = { delay = \"40ms\", jitter = \"5ms\", distribution = "
           "\"normal\" } }") +
      "[[test]]\nname = \"verified\"\nverify = { strict = true }\n");
  const auto result = scratch::cli("test rig --json --verify");
  INFO(result.out << result.err);
  CHECK(result.exit == 0);
}
