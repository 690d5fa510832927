// SPDX-License-Identifier: Apache-2.0
#include "attribute_rows.hpp"
#include "model/state.hpp"

namespace attribute_rows {

using namespace netrig;

namespace {

Subject sysctl_subject(const std::string& key, const std::string& lab) {
  return {Sysctl::kKind, lab, "sysctl " + key, "ip netns exec a sysctl -n " + key};
}

/// A rule of priority 1000 that looks in table 100, unless it says otherwise. Another one is another rule: the one of
/// the file is missing, and the other nobody accounts for.
Row rule_row(std::string_view attribute, const std::string& first, const std::string& second, const std::string& drift,
             const std::string& at, const std::array<std::string, 4>& shown, const std::string& name) {
  const bool is_v6 = attribute == "family";
  const std::string family = is_v6 ? "-6 " : "";
  Subject rule{Rule::kKind, wired("rules = [@{ priority = 1000, $ }]", kRouted), "rule 1000: " + name,
               family + "rule show pref 1000"};
  return {.of = rule,
          .attribute = attribute,
          .first = first,
          .second = second,
          .without = "table = 100",
          .drift = "a " + family + "rule del pref 1000 && a rule add pref 1000 protocol 110 " + drift,
          .at = at,
          .shown = shown,
          .wrong = "missing",
          .foreign = 1};
}

}  // namespace

std::vector<Row> sysctl_rows() {
  const Subject space =
      sysctl_subject("net.ipv4.ip_default_ttl", wired("sysctl = { \"net.ipv4.tcp_ecn\" = 1$ }", "\"eth0\""));
  const Subject link = sysctl_subject("net.ipv4.conf.eth0.rp_filter", wired("", "\"eth0\", sysctl = { $ }"));
  const Subject neigh = sysctl_subject("net.ipv6.neigh.eth0.gc_stale_time", wired("", "\"eth0\", sysctl = { $ }"));
  const Subject forwarding = sysctl_subject("net.ipv4.ip_forward", wired("$", "\"eth0\""));
  return {
      {.of = space,
       .attribute = "value",
       .first = ", \"net.ipv4.ip_default_ttl\" = @33",
       .second = ", \"net.ipv4.ip_default_ttl\" = 34",
       .drift = "ip netns exec a sysctl -qw net.ipv4.ip_default_ttl=35",
       .shown = {"33", "35", "34", "64"}},
      {.of = link,
       .attribute = "value",
       .first = "\"ipv4.rp_filter\" = @1",
       .second = "\"ipv4.rp_filter\" = 2",
       .drift = "ip netns exec a sysctl -qw net.ipv4.conf.eth0.rp_filter=0",
       .shown = {"1", "0", "2", "0"}},
      {.of = neigh,
       .attribute = "value",
       .first = "\"ipv6.neigh.gc_stale_time\" = @\"70\"",
       .second = "\"ipv6.neigh.gc_stale_time\" = \"80\"",
       .drift = "ip netns exec a sysctl -qw net.ipv6.neigh.eth0.gc_stale_time=90",
       .shown = {"70", "90", "80", "60"}},
      {.of = forwarding,
       .attribute = "value",
       .first = "forwarding = @true",
       .second = "forwarding = false",
       .drift = "ip netns exec a sysctl -qw net.ipv4.ip_forward=0",
       .shown = {"1", "0", "0", "0"}},
  };
}

std::vector<Row> rule_rows() {
  const std::string keeps = "table = 100, ";
  std::vector<Row> rows = {
      rule_row("from", keeps + "from = \"10.1.0.0/16\"", keeps + "from = \"10.2.0.0/16\"",
               "from 10.3.0.0/16 lookup 100", "/0/src", {"10.1.0.0", "10.3.0.0", "10.2.0.0", "all"},
               "from 10.1.0.0/16 lookup 100"),
      rule_row("to", keeps + "to = \"10.1.0.0/16\"", keeps + "to = \"10.2.0.0/16\"", "to 10.3.0.0/16 lookup 100",
               "/0/dst", {"10.1.0.0", "10.3.0.0", "10.2.0.0", "-"}, "from all to 10.1.0.0/16 lookup 100"),
      rule_row("iif", keeps + "iif = \"eth0\"", keeps + "iif = \"lo\"", "iif eth3 lookup 100", "/0/iif",
               {"eth0", "eth3", "lo", "-"}, "from all iif eth0 lookup 100"),
      rule_row("oif", keeps + "oif = \"eth0\"", keeps + "oif = \"lo\"", "oif eth3 lookup 100", "/0/oif",
               {"eth0", "eth3", "lo", "-"}, "from all oif eth0 lookup 100"),
      rule_row("fwmark", keeps + "fwmark = \"0x2/0xff\"", keeps + "fwmark = \"0x3/0xff\"", "fwmark 0x2/0xf lookup 100",
               "/0/fwmask", {"0xff", "0xf", "0xff", "-"}, "from all fwmark 0x2/0xff lookup 100"),
      rule_row("tos", keeps + "tos = 0x10", keeps + "tos = 0x8", "tos 0x4 lookup 100", "/0/tos",
               {"0x10", "0x04", "0x08", "-"}, "from all tos 0x10 lookup 100"),
      rule_row("ipproto", keeps + "ipproto = \"tcp\"", keeps + "ipproto = \"udp\"", "ipproto icmp lookup 100",
               "/0/ipproto", {"tcp", "icmp", "udp", "-"}, "from all ipproto 6 lookup 100"),
      rule_row("source_ports", keeps + "source_ports = \"100-200\"", keeps + "source_ports = \"100-202\"",
               "sport 100-201 lookup 100", "/0/sport_end", {"200", "201", "202", "-"},
               "from all sport 100-200 lookup 100"),
      rule_row("destination_ports", keeps + "destination_ports = 100", keeps + "destination_ports = 102",
               "dport 101 lookup 100", "/0/dport", {"100", "101", "102", "-"}, "from all dport 100 lookup 100"),
      rule_row("uid_range", keeps + "uid_range = \"100-200\"", keeps + "uid_range = \"100-202\"",
               "uidrange 100-201 lookup 100", "/0/uid_end", {"200", "201", "202", "-"},
               "from all uidrange 100-200 lookup 100"),
      rule_row("not", keeps + "from = \"10.1.0.0/16\", not = true", keeps + "from = \"10.1.0.0/16\", not = false",
               "from 10.1.0.0/16 lookup 100", "/0/not", {"null", "-", "-", "-"}, "not from 10.1.0.0/16 lookup 100"),
      rule_row("table", "table = 101", "table = 102", "lookup 103", "/0/table", {"101", "103", "102", "100"},
               "from all lookup 101"),
      rule_row("l3mdev", "l3mdev = true", "l3mdev = false", "lookup main", "/0/l3mdev", {"null", "-", "-", "-"},
               "from all lookup [l3mdev-table]"),
      rule_row("suppress_prefix_length", keeps + "suppress_prefix_length = 0", keeps + "suppress_prefix_length = 8",
               "lookup 100 suppress_prefixlength 16", "/0/suppress_prefixlen", {"0", "16", "8", "-"},
               "from all lookup 100 suppress_prefixlength 0"),
      rule_row("action", "action = \"blackhole\"", "action = \"prohibit\"", "unreachable", "/0/action",
               {"blackhole", "unreachable", "prohibit", "-"}, "from all blackhole"),
      rule_row("family", keeps + "family = \"ipv6\"", "table = 101, family = \"ipv6\"", "lookup 100", "/0/table",
               {"100", "-", "101", "-"}, "from all lookup 100"),
  };
  Subject prior{Rule::kKind, wired("rules = [@{ table = 100$ }]", kRouted), "rule 1000: from all lookup 100",
                "rule show table 100"};
  rows.push_back({.of = prior,
                  .attribute = "priority",
                  .first = ", priority = 1000",
                  .second = ", priority = 1002",
                  .drift = "a rule del pref 1000 && a rule add pref 1001 lookup 100 protocol 110",
                  .at = "/0/priority",
                  .shown = {"1000", "1001", "1002", "1002"}});
  Subject list = prior;
  list.lab = wired("rules = [$]", kRouted);
  list.name = "rule ipv4: from all lookup 100";
  rows.push_back({.of = list,
                  .attribute = "there",
                  .first = "@{ table = 100 }",
                  .second = "{ table = 100, priority = 7 }",
                  .drift = "a rule del table 100",
                  .at = "/0/priority",
                  .shown = {"32765", "-", "7", "-"},
                  .wrong = "missing"});
  return rows;
}

}  // namespace attribute_rows
