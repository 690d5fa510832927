// SPDX-License-Identifier: Apache-2.0
// `impair`: what it becomes at an interface, a link and in a test, and what is wrong with it where it stands.
#include "catch.hpp"
#include "fake_drivers.hpp"
#include "plan/wanted.hpp"

using namespace netrig;

namespace {

Lab impaired_lab(const std::string& text) { return config::parse(text, "lab.toml", fake_drivers()).lab; }

/// Of a's end of a wire; from line 5, column 17 on.
std::string impaired_end(const std::string& impair, const std::string& more = "") {
  return "[lab]\nname = \"x\"\nnamespaces = [\"a\", \"b\"]\n[[link]]\nends = [{ impair = " + impair + ", " + more +
         "end = \"a:eth0\" }, \"b:eth0\"]\n";
}
std::vector<Qdisc> qdiscs_of(const std::string& text, std::size_t end = 0) {
  return impaired_lab(text).devices.at(0).interfaces.at(end).of<Qdisc>();
}
Qdisc qdisc_of(const std::string& impair, const std::string& more = "") {
  return qdiscs_of(impaired_end(impair, more)).at(0);
}

std::string impair_fault(const std::string& text) {
  try {
    impaired_lab(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}
void wrong_impair(const std::string& impair, const std::string& message) {
  INFO(impair);
  CHECK_THAT(impair_fault(impaired_end(impair)), ContainsSubstring(message));
}

std::string impair_test_text(const std::string& keys) {
  return impaired_end("{ delay = \"1ms\" }") + "[[test]]\nname = \"t\"\nfrom = \"a\"\nexec = { command = \"true\" }\n" +
         keys + "\n";
}

}  // namespace

TEST_CASE("an impairment is netem, and a rate alone a token bucket") {
  const Qdisc netem = qdisc_of(
      "{ delay = \"50ms\", jitter = \"5ms\", distribution = \"pareto\", loss = 0.1, duplicate = 1, reorder = 25, "
      "corrupt = 100, rate = \"10Mbit\", limit = 50 }");
  CHECK(netem.kind == "netem");
  CHECK(netem.interface == "eth0");
  CHECK(netem.delay == Given(PacketDelay(50'000'000)));
  CHECK(netem.delay.where.column == 30);
  CHECK(netem.distribution == Given(DelayDistribution::pareto));
  CHECK(netem.loss == Given(PacketShare(4'294'967)));
  CHECK(netem.corrupt == Given(PacketShare(UINT32_MAX)));
  CHECK(netem.rate == Given(ByteRate(1'250'000)));
  CHECK(netem.where.line == 5);
  CHECK(netem.where.column == 20);
  CHECK(netem.words() ==
        "delay 50ms jitter 5ms distribution pareto loss 0.1% duplicate 1% reorder 25% corrupt 100% rate 10Mbit limit "
        "50");
  CHECK(qdisc_of("{ limit = 1000 }").kind == "netem");
  CHECK(qdisc_of("{ loss = 0.5, rate = \"1Gbit\" }").kind == "netem");

  const Qdisc tbf = qdisc_of("{ rate = \"100Mbit\" }");
  CHECK(tbf.kind == "tbf");
  CHECK(tbf.burst == Given(50'000U));  // what it sends in 4 ms
  CHECK(tbf.queue_wanted() == 675'000);
  CHECK(qdisc_of("{ rate = \"1Mbit\" }").burst == Given(3'000U));
  CHECK(qdisc_of("{ rate = \"1Mbit\" }", "mtu = 9000, ").burst == Given(18'000U));
  CHECK(qdisc_of("{ rate = \"1Mbit\", burst = \"4KiB\" }").burst == Given(4096U));
  CHECK(qdisc_of("{ rate = \"80Gbit\" }").rate == Given(ByteRate(10'000'000'000)));
  CHECK(qdisc_of("{ rate = \"8kibit\" }").rate == Given(ByteRate(1024)));
}

TEST_CASE("zeros impair nothing, so that one interface can be spared what a pattern says") {
  CHECK(qdiscs_of(impaired_end("{ delay = \"0s\", loss = 0 }")).empty());
  const std::string text =
      "[lab]\nname = \"x\"\n[namespace.a.interface.\"eth*\"]\nimpair = { delay = \"10ms\", loss = 1 }\n"
      "[namespace.a.interface.eth1]\nimpair = { delay = \"0s\" }\n[namespace.b]\n[[link]]\nends = [\"a:eth0\", "
      "\"b:x\"]\n[[link]]\nends = [\"a:eth1\", \"b:y\"]\n[[link]]\nends = [{ end = \"a:eth2\", impair = { rate = "
      "\"1Mbit\" } }, \"b:z\"]\n";
  const Lab lab = impaired_lab(text);
  const auto words = [&](std::size_t device) {
    const auto& qdiscs = lab.devices.at(device).interfaces.at(0).of<Qdisc>();
    return qdiscs.empty() ? std::string("none") : qdiscs.front().words();
  };
  CHECK(words(0) == "delay 10ms loss 1%");
  CHECK(words(1) == "loss 1%");
  CHECK(words(2) == "delay 10ms loss 1% rate 1Mbit");
}

TEST_CASE("a link impairs both of its ends that do not say, a port of a lan its own") {
  const std::string text =
      "[lab]\nname = \"x\"\nnamespaces = [\"a\", \"b\"]\n[[link]]\nimpair = { delay = \"{d}ms\", loss = \"{l}\" "
      "}\nends "
      "= [\"a:eth0\", { end = \"b:eth0\", impair = { loss = 2 } }]\nfor = { d = \"7..7\", l = [\"0.5\"] }\n";
  std::string repeated = text;
  repeated.replace(repeated.find("for = "), std::string::npos, "");
  repeated.replace(repeated.find("[[link]]"), 8, "[[repeat]]\nfor = { d = \"7..7\", l = [\"0.5\"] }\n[[repeat.link]]");
  CHECK(qdiscs_of(repeated, 0).at(0).words() == "delay 7ms loss 0.5%");
  CHECK(qdiscs_of(repeated, 1).at(0).words() == "loss 2%");
  const Lab lan = impaired_lab(
      "[lab]\nname = \"x\"\nnamespaces = [\"a\", \"b\"]\n[lan.l]\nports = [{ end = \"a:eth0\", impair = { rate = "
      "\"1Mbit\" } }, \"b:eth0\"]\n");
  CHECK(lan.devices.at(1).interfaces.at(0).of<Qdisc>().empty());
  CHECK(lan.devices.at(1).interfaces.at(1).of<Qdisc>().at(0).words() == "rate 1Mbit burst 3000");
  CHECK_THAT(impair_fault("[lab]\nname = \"x\"\nnamespaces = [\"a\", \"b\"]\n[[link]]\nimpair = \"50ms\"\nends = "
                          "[\"a:eth0\", \"b:eth0\"]\n"),
             ContainsSubstring("lab.toml:5:10: impair is a string; write a table"));
}

TEST_CASE("impairments that say nothing the kernel knows are refused") {
  wrong_impair("\"50ms\"", "lab.toml:5:20: impair is a string; write a table: { key = value }");
  wrong_impair("{ }", "lab.toml:5:20: impair says nothing; write impair = { delay = \"50ms\", loss = 1 }");
  wrong_impair("{ delay = 50 }", "lab.toml:5:30: delay is an integer; write a string in quotes");
  wrong_impair("{ delay = \"50\" }", "lab.toml:5:30: delay = \"50\" is not a duration; write a number and a unit");
  wrong_impair("{ delay = \"2h\" }", "lab.toml:5:30: delay is out of range; it can be 0s to 1h");
  wrong_impair("{ jitter = \"5ms\" }",
               "lab.toml:5:31: jitter has nothing to go by without a delay; write delay = \"50ms\" beside it");
  wrong_impair("{ delay = \"1ms\", distribution = \"normal\" }", "distribution has nothing to go by without jitter");
  wrong_impair(
      "{ delay = \"1ms\", jitter = \"1ms\", distribution = \"gauss\" }",
      "distribution = \"gauss\" is not known; it can be \"uniform\", \"normal\", \"pareto\", \"paretonormal\"");
  wrong_impair("{ reorder = 25 }", "lab.toml:5:32: reorder has nothing to go by without a delay");
  wrong_impair("{ loss = 101 }", "lab.toml:5:29: loss is a percentage: a number from 0 to 100 without quotes");
  wrong_impair("{ loss = -0.5 }", "loss is a percentage");
  wrong_impair("{ loss = \"1%\" }", "loss is a percentage");
  wrong_impair("{ burst = 3000 }", "lab.toml:5:30: burst has nothing to go by without a rate; write rate = \"10Mbit\"");
  wrong_impair("{ burst = 0, rate = \"1Mbit\" }", "burst = 0 is out of range; it can be 1 to 1073741824");
  wrong_impair("{ burst = \"3k\", rate = \"1Mbit\" }",
               "burst = \"3k\" is a size as tc(8) writes it, 3072 bytes; write \"3KiB\"");
  wrong_impair("{ rate = \"1Mbit\", burst = 3000, loss = 1 }",
               "burst is for a rate alone, which a token bucket (tbf) keeps; beside loss netem does");
  wrong_impair("{ rate = \"10\" }", "rate = \"10\" is not a rate; write a number and a unit");
  wrong_impair("{ rate = \"40kbps\" }",
               "rate = \"40kbps\" is not a rate: bps are bytes a second in tc; write \"320Kbit\"");
  wrong_impair("{ rate = \"7bit\" }", "rate is out of range; it can be 8bit to 500Gbit");
  wrong_impair("{ rate = \"80bit\" }",
               "lab.toml:5:20: a burst of 3000 bytes takes more than 250 seconds at a rate of 80bit");
  wrong_impair("{ rate = \"1Mbit\", burst = 40000000 }", "lab.toml:5:46: a burst of 40000000 bytes takes more than");
  wrong_impair("{ rate = \"1Tbit\" }", "rate is out of range");
  wrong_impair("{ limit = 0 }", "limit = 0 is out of range");
  wrong_impair("{ latency = \"1ms\" }", "unknown key \"latency\" in impair; did you mean \"delay\"?");
  wrong_impair("{ bandwidth = \"1Mbit\" }", "did you mean \"rate\"?");
  wrong_impair("{ packet_loss = 1 }", "did you mean \"loss\"?");
  for (const char* word : {"netem", "delay", "latency", "bandwidth", "qdisc"}) {
    std::string text = impaired_end("{ loss = 1 }");
    text.replace(text.find("impair"), 6, word);
    INFO(text);
    CHECK_THAT(impair_fault(text), ContainsSubstring("did you mean \"impair\"?"));
  }
}

TEST_CASE("tests impair interfaces before and during a check") {
  const Test test =
      impaired_lab(impair_test_text("before = { interface = \"a:eth*\", impair = { loss = 100 } }\nduring = [{ at = "
                                    "\"1s\", interface = [\"a:eth0\", \"b:*\"], impair = { loss = 0 } }]"))
          .tests.at(0);
  const auto& before = std::get<ImpairEvent>(test.before.at(0).what);
  CHECK(before.interfaces.at(0).str() == "a:eth*");
  CHECK(before.what.words() == "loss 100%");
  const auto& during = std::get<ImpairEvent>(test.during.at(0).what);
  CHECK(during.interfaces.size() == 2);
  CHECK(during.what.kind.empty());
  const auto wrong = [](const std::string& keys, const std::string& message) {
    INFO(keys);
    CHECK_THAT(impair_fault(impair_test_text(keys)), ContainsSubstring(message));
  };
  wrong("before = { interface = \"a:eth0\", state = \"down\", impair = { loss = 1 } }",
        "lab.toml:10:42: state beside impair: make them two events, each with the interface");
  wrong("before = { service = \"x\", state = \"stop\", impair = { loss = 1 } }",
        "impair goes with interface = \"NAMESPACE:INTERFACE\"");
  wrong("before = { interface = \"a:eth7\", impair = { loss = 1 } }", "\"a:eth7\" matches no interface of the lab");
  wrong("during = { at = \"1s\", interface = \"a:eth0\", impair = { jitter = \"1ms\" } }",
        "jitter has nothing to go by without a delay");
  wrong("before = { interface = \"a:eth0\" }", "it can be \"down\" or \"up\", or there is impair");
}

TEST_CASE("what an impairment does not say does not happen") {
  const Lab lab = impaired_lab(impaired_end("{ loss = 1 }"));
  const SpaceState state = plan::Wanted(lab).in(0);
  REQUIRE(state.of<Qdisc>().size() == 1);
  const Qdisc& whole = state.of<Qdisc>().front();
  CHECK(whole.delay == Given(PacketDelay{}));
  CHECK(whole.delay.where.column == 20);
  CHECK(whole.limit == Given(1000U));
  CHECK_FALSE(whole.burst);
  CHECK(whole.words() == "loss 1%");
}
