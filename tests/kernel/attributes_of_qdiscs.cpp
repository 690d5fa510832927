// SPDX-License-Identifier: Apache-2.0
#include "attribute_rows.hpp"
#include "model/state.hpp"

namespace attribute_rows {

using namespace netrig;

namespace {

/// What a impairs, its value in place of "$".
Subject impairment(const std::string& impair, const std::string& kind) {
  return {Qdisc::kKind, wired("", "\"eth0\", impair = " + impair), "qdisc eth0 " + kind,
          "tc -n a -j -d qdisc show dev eth0"};
}

/// A setting of a netem that also loses a packet in a hundred.
Row netem_row(std::string_view attribute, const std::string& first, const std::string& second, const std::string& drift,
              const std::string& at, const std::array<std::string, 4>& shown, const std::array<std::string, 2>& words) {
  return {.of = impairment("{ duplicate = 1$ }", "netem"),
          .attribute = attribute,
          .first = first,
          .second = second,
          .drift = "tc -n a qdisc change dev eth0 root netem duplicate 1% " + drift,
          .at = at,
          .shown = shown,
          .words = words,
          .needs_netem = true};
}

void add_netem(std::vector<Row>& rows) {
  const std::string options = "/0/options/";
  rows.push_back(netem_row("delay", ", delay = @\"50ms\"", ", delay = \"60ms\"", "delay 70ms", options + "delay/delay",
                           {"0.05", "0.07", "0.06", "-"}, {"50ms", "70ms"}));
  rows.push_back(netem_row("jitter", ", delay = \"50ms\", jitter = @\"5ms\"", ", delay = \"50ms\", jitter = \"6ms\"",
                           "delay 50ms 7ms", options + "delay/jitter", {"0.005", "0.007", "0.006", "-"},
                           {"5ms", "7ms"}));
  rows.push_back(netem_row("loss", ", loss = @2", ", loss = 3.5", "loss 4%", options + "loss-random/loss",
                           {"0.02", "0.04", "0.035", "-"}, {"2%", "4%"}));
  rows.push_back(netem_row("corrupt", ", corrupt = @2", ", corrupt = 3.5", "corrupt 4%", options + "corrupt/corrupt",
                           {"0.02", "0.04", "0.035", "-"}, {"2%", "4%"}));
  rows.push_back(netem_row("reorder", ", delay = \"1ms\", reorder = @2", ", delay = \"1ms\", reorder = 3.5",
                           "delay 1ms reorder 4%", options + "reorder/reorder", {"0.02", "0.04", "0.035", "-"},
                           {"2%", "4%"}));
  rows.push_back(netem_row("rate", ", rate = @\"10Mbit\"", ", rate = \"20Mbit\"", "rate 30mbit", options + "rate/rate",
                           {"1250000", "3750000", "2500000", "-"}, {"10Mbit", "30Mbit"}));
  rows.push_back(netem_row("limit", ", limit = @50", ", limit = 60", "limit 70", options + "limit",
                           {"50", "70", "60", "1000"}, {}));
  rows.push_back({.of = impairment("{ loss = 2$ }", "netem"),
                  .attribute = "duplicate",
                  .first = ", duplicate = @2",
                  .second = ", duplicate = 3.5",
                  .drift = "tc -n a qdisc change dev eth0 root netem loss 2% duplicate 4%",
                  .at = options + "duplicate/duplicate",
                  .shown = {"0.02", "0.04", "0.035", "-"},
                  .words = {"2%", "4%"},
                  .needs_netem = true});
  // The kernel does not tell it, so that it comes and goes with the rest.
  rows.push_back({.of = impairment("@{ delay = \"50ms\", jitter = \"5ms\"$ }", "netem"),
                  .attribute = "distribution",
                  .first = ", distribution = \"normal\"",
                  .second = ", distribution = \"pareto\"",
                  .drift = "tc -n a qdisc del dev eth0 root",
                  .at = "/0/kind",
                  .shown = {"netem", "noqueue", "netem", "netem"},
                  .wrong = "missing",
                  .needs_netem = true});
  rows.push_back({.of = impairment("@{ delay = \"50ms\"$ }", "netem"),
                  .attribute = "options",
                  .first = "",
                  .second = ", jitter = \"1ms\"",
                  .drift = "tc -n a qdisc change dev eth0 root netem delay 50ms loss gemodel 1% 10%",
                  .at = options + "loss-gemodel/p",
                  .shown = {"-", "0.01", "-", "-"},
                  .words = {"as in the file", "others"},
                  .needs_netem = true});
  rows.push_back({.of = impairment("@{ $ }", "netem"),
                  .attribute = "kind",
                  .first = "delay = \"50ms\"",
                  .second = "rate = \"1Mbit\"",
                  .without = "loss = 1",
                  .drift = "tc -n a qdisc replace dev eth0 root tbf rate 1mbit burst 3000 latency 50ms",
                  .at = "/0/kind",
                  .shown = {"netem", "tbf", "tbf", "netem"},
                  .needs_netem = true});
}

}  // namespace

std::vector<Row> qdisc_rows() {
  const Subject bucket = impairment("@{ $ }", "tbf");
  const std::string by_hand = "tc -n a qdisc change dev eth0 root tbf ";
  Subject list = bucket;
  list.lab = wired("", "\"eth0\"$");
  std::vector<Row> rows = {
      {.of = bucket,
       .attribute = "rate",
       .first = "rate = @\"1Mbit\"",
       .second = "rate = \"2Mbit\"",
       .without = "rate = \"3Mbit\"",
       .drift = by_hand + "rate 4mbit burst 3000 latency 50ms",
       .at = "/0/options/rate",
       .shown = {"125000", "500000", "250000", "375000"},
       .words = {"1Mbit", "4Mbit"}},
      {.of = bucket,
       .attribute = "burst",
       .first = "rate = \"1Mbit\", burst = @4000",
       .second = "rate = \"1Mbit\", burst = 5000",
       .without = "rate = \"1Mbit\"",
       .drift = by_hand + "rate 1mbit burst 6000 latency 50ms",
       .at = "/0/options/burst",
       .shown = {"4000b/1", "6000b/1", "5000b/1", "3000b/1"},
       .words = {"4000", "6000"}},
      {.of = bucket,
       .attribute = "latency",
       .first = "rate = \"1Mbit\"",
       .second = "rate = \"2Mbit\"",
       .without = "rate = \"1Mbit\"",
       .drift = by_hand + "rate 1mbit burst 3000 latency 80ms",
       .at = "/0/options/lat",
       .shown = {"50000", "80000", "50000", "50000"},
       .words = {"50ms", "80ms"}},
      {.of = bucket,
       .attribute = "options",
       .first = "rate = \"1Mbit\"",
       .second = "rate = \"2Mbit\"",
       .without = "rate = \"1Mbit\"",
       .drift = by_hand + "rate 1mbit burst 3000 latency 50ms peakrate 3mbit mtu 1600",
       .at = "/0/options/mtu",
       .shown = {"-", "*", "-", "-"},
       .words = {"as in the file", "others"}},
      {.of = bucket,
       .attribute = "kind",
       .first = "rate = \"1Mbit\"",
       .second = "rate = \"2Mbit\"",
       .without = "rate = \"1Mbit\"",
       .drift = "tc -n a qdisc replace dev eth0 root pfifo limit 10",
       .at = "/0/kind",
       .shown = {"tbf", "pfifo", "tbf", "tbf"}},
      {.of = list,
       .attribute = "there",
       .first = ", impair = @{ rate = \"1Mbit\" }",
       .second = ", impair = { rate = \"2Mbit\" }",
       .drift = "tc -n a qdisc del dev eth0 root",
       .at = "/0/kind",
       .shown = {"tbf", "noqueue", "tbf", "noqueue"},
       .wrong = "missing"},
  };
  add_netem(rows);
  return rows;
}

}  // namespace attribute_rows
