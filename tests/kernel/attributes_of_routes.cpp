// SPDX-License-Identifier: Apache-2.0
#include "attribute_rows.hpp"
#include "model/state.hpp"

namespace attribute_rows {

using namespace netrig;

namespace {

/// A route, with more keys.
Subject route_subject(const std::string& keys, const std::string& name) {
  return {Route::kKind, wired("routes = [@{ " + keys + "$ }]", kRouted), "route " + name,
          keys.find(':') == std::string::npos ? "-d route show 10.9.0.0/16 table all"
                                              : "-d -6 route show 2001:db8:9::/48 table all"};
}
Subject route4() {
  return route_subject(R"(to = "10.9.0.0/16", via = "10.0.0.2")", "10.9.0.0/16 via 10.0.0.2 dev eth0");
}
Subject route6() {
  return route_subject(R"(to = "2001:db8:9::/48", via = "2001:db8::2")", "2001:db8:9::/48 via 2001:db8::2 dev eth0");
}

}  // namespace

std::vector<Row> route_rows() {
  const Subject four = route4();
  const Subject six = route6();
  const std::string replace = "a route replace 10.9.0.0/16 protocol 110 ";
  const std::string again = "a route del 10.9.0.0/16 && a route add 10.9.0.0/16 via 10.0.0.2 protocol 110 ";
  const Subject direct = route_subject(R"(to = "10.9.0.0/16", dev = "eth0")", "10.9.0.0/16 dev eth0");
  const Subject bare = route_subject(R"(to = "10.9.0.0/16")", "blackhole 10.9.0.0/16");
  const Subject bare6 = route_subject(R"(to = "2001:db8:9::/48")", "2001:db8:9::/48");
  const auto list = [](const std::string& name) {
    Subject one = route4();
    one.lab = wired("$", kRouted);
    one.name = "route " + name;
    one.ip = "route show root 10.8.0.0/15";
    return one;
  };
  Subject gateway = list("default via 10.0.0.2");
  gateway.ip = "route show default";
  const auto metric = [&](std::string_view attribute, const std::string& first, const std::string& drift,
                          const std::string& second, const std::string& with) {
    const std::string key(attribute);
    return Row{.of = four,
               .attribute = attribute,
               .first = ", " + key + " = @" + first,
               .second = ", " + key + " = " + second,
               .drift = replace + "via 10.0.0.2 " + with + " " + drift,
               .at = "/0/metrics/0/" + key,
               .shown = {first, drift, second, "-"}};
  };
  Row mtu = metric("mtu", "1400", "1450", "1300", "mtu");
  mtu.name = four.name + " mtu 1400";
  return {
      {.of = direct,
       .attribute = "scope",
       .first = ", scope = @\"global\"",
       .second = ", scope = \"site\"",
       .drift = replace + "dev eth0 scope link",
       .at = "/0/scope",
       .shown = {"global", "link", "site", "link"}},
      {.of = four,
       .attribute = "protocol",
       .first = ", protocol = @\"bgp\"",
       .second = ", protocol = \"bird\"",
       .drift = "a route replace 10.9.0.0/16 via 10.0.0.2 protocol static",
       .at = "/0/protocol",
       .shown = {"bgp", "static", "bird", "110"},
       .words = {"186", "4"}},
      {.of = four,
       .attribute = "source",
       .first = ", source = @\"10.0.0.7\"",
       .second = ", source = \"10.0.0.1\"",
       .drift = replace + "via 10.0.0.2",
       .at = "/0/prefsrc",
       .shown = {"10.0.0.7", "-", "10.0.0.1", "-"},
       .words = {"10.0.0.7", "none"},
       .name = four.name + " src 10.0.0.7"},
      mtu,
      metric("advmss", "1300", "1310", "1320", "advmss"),
      metric("initcwnd", "20", "21", "22", "initcwnd"),
      {.of = four,
       .attribute = "congestion",
       .first = ", congestion = @\"reno\"",
       .second = ", congestion = \"cubic\"",
       .drift = replace + "via 10.0.0.2",
       .at = "/0/metrics/0/congestion",
       .shown = {"reno", "-", "cubic", "-"},
       .words = {"reno", "none"}},
      {.of = six,
       .attribute = "preference",
       .first = ", preference = @\"high\"",
       .second = ", preference = \"low\"",
       .drift = "a -6 route replace 2001:db8:9::/48 via 2001:db8::2 protocol 110 pref medium",
       .at = "/0/pref",
       .shown = {"high", "medium", "low", "medium"}},
      {.of = bare,
       .attribute = "type",
       .first = ", type = \"blackhole\"",
       .second = ", type = \"prohibit\"",
       .without = ", via = \"10.0.0.2\"",
       .drift = "a route replace unreachable 10.9.0.0/16 protocol 110",
       .at = "/0/type",
       .shown = {"blackhole", "unreachable", "prohibit", "unicast"}},
      {.of = bare,
       .attribute = "next hops",
       .first = ", via = \"10.0.0.2\"",
       .second = ", via = \"10.0.0.3\"",
       .without = ", type = \"throw\"",
       .drift = replace + "via 10.0.0.4",
       .at = "/0/gateway",
       .shown = {"10.0.0.2", "10.0.0.4", "10.0.0.3", "-"},
       .words = {"via 10.0.0.2", "via 10.0.0.4 dev eth0"},
       .name = "route 10.9.0.0/16 via 10.0.0.2"},
      {.of = bare,
       .attribute = "next hops",
       .first = ", dev = \"eth0\"",
       .second = ", dev = \"lo\"",
       .without = ", type = \"throw\"",
       .drift = replace + "dev lo",
       .at = "/0/dev",
       .shown = {"eth0", "lo", "lo", "-"},
       .words = {"dev eth0", "dev lo"},
       .name = "route 10.9.0.0/16 dev eth0"},
      {.of = bare,
       .attribute = "next hops",
       .first = R"(, via = "10.0.0.2", dev = "eth0", onlink = true)",
       .second = R"(, via = "10.77.0.1", dev = "eth0", onlink = true)",
       .without = R"(, via = "10.0.0.2", dev = "eth0")",
       .drift = replace + "via 10.0.0.2 dev eth0",
       .at = "/0/flags#onlink",
       .shown = {"true", "false", "true", "false"},
       .words = {"via 10.0.0.2 dev eth0 onlink", "via 10.0.0.2 dev eth0"},
       .name = "route 10.9.0.0/16 via 10.0.0.2 dev eth0 onlink"},
      {.of = bare,
       .attribute = "next hops",
       .first = R"(, next_hops = [{ via = "10.0.0.2", dev = "eth0", weight = 2 }, { via = "10.0.0.3", dev = "eth0" }])",
       .second =
           R"(, next_hops = [{ via = "10.0.0.2", dev = "eth0", weight = 3 }, { via = "10.0.0.3", dev = "eth0" }])",
       .without = R"(, next_hops = [{ via = "10.0.0.2", dev = "eth0" }, { via = "10.0.0.3", dev = "eth0" }])",
       .drift = replace + "nexthop via 10.0.0.2 weight 4 nexthop via 10.0.0.3",
       .at = "/0/nexthops/0/weight",
       .shown = {"2", "4", "3", "1"},
       .words = {"nexthop via 10.0.0.2 dev eth0 weight 2 nexthop via 10.0.0.3 dev eth0",
                 "nexthop via 10.0.0.2 dev eth0 weight 4 nexthop via 10.0.0.3 dev eth0"},
       .name = "route 10.9.0.0/16 nexthop via 10.0.0.2 dev eth0 weight 2 nexthop via 10.0.0.3 dev eth0"},
      {.of = bare6,
       .attribute = "next hops",
       .first = R"(, via = "2001:db8::2")",
       .second = R"(, via = "2001:db8::3")",
       .without = R"(, type = "throw")",
       .drift = "a -6 route replace 2001:db8:9::/48 via 2001:db8::4 protocol 110",
       .at = "/0/gateway",
       .shown = {"2001:db8::2", "2001:db8::4", "2001:db8::3", "-"},
       .words = {"via 2001:db8::2", "via 2001:db8::4 dev eth0"},
       .name = "route 2001:db8:9::/48 via 2001:db8::2"},
      {.of = bare6,
       .attribute = "next hops",
       .first = R"(, next_hops = [{ via = "2001:db8::2" }, { via = "2001:db8::3" }])",
       .second = R"(, next_hops = [{ via = "2001:db8::2" }, { via = "2001:db8::4" }])",
       .without = R"(, via = "2001:db8::2")",
       .drift = "a -6 route del 2001:db8:9::/48 via 2001:db8::3",
       .at = "/0/nexthops/1/gateway",
       .shown = {"2001:db8::3", "-", "2001:db8::4", "-"},
       .words = {"nexthop via 2001:db8::2 nexthop via 2001:db8::3", "via 2001:db8::2 dev eth0"},
       .name = "route 2001:db8:9::/48 nexthop via 2001:db8::2 nexthop via 2001:db8::3"},
      {.of = four,
       .attribute = "metric",
       .first = ", metric = 7",
       .second = ", metric = 8",
       .drift = again + "metric 9",
       .at = "/0/metric",
       .shown = {"7", "9", "8", "-"},
       .name = "route 10.9.0.0/16 via 10.0.0.2 metric 7",
       .wrong = "missing",
       .foreign = 1},
      {.of = four,
       .attribute = "table",
       .first = ", table = 100",
       .second = ", table = 101",
       .drift = "a route del 10.9.0.0/16 table 100 && a route add 10.9.0.0/16 via 10.0.0.2 protocol 110 table 102",
       .at = "/0/table",
       .shown = {"100", "102", "101", "main"},
       .name = "route 10.9.0.0/16 via 10.0.0.2 table 100",
       .wrong = "missing",
       .foreign = 1},
      {.of = four,
       .attribute = "tos",
       .first = ", tos = 0x10",
       .second = ", tos = 0x8",
       .drift = "a route del 10.9.0.0/16 tos 0x10 && a route add 10.9.0.0/16 via 10.0.0.2 protocol 110 tos 0x4",
       .at = "/0/tos",
       .shown = {"0x10", "0x04", "0x08", "-"},
       .name = "route 10.9.0.0/16 via 10.0.0.2 tos 0x10",
       .wrong = "missing",
       .foreign = 1},
      {.of = list("10.9.0.0/16 via 10.0.0.2"),
       .attribute = "there",
       .first = R"(routes = [@{ to = "10.9.0.0/16", via = "10.0.0.2" }])",
       .second = R"(routes = [{ to = "10.8.0.0/16", via = "10.0.0.2" }])",
       .drift = "a route del 10.9.0.0/16",
       .at = "/0/dst",
       .shown = {"10.9.0.0/16", "-", "10.8.0.0/16", "-"},
       .wrong = "missing"},
      {.of = gateway,
       .attribute = "there",
       .first = R"(gateway = @"10.0.0.2")",
       .second = R"(gateway = "10.0.0.3")",
       .drift = "a route del default",
       .at = "/0/gateway",
       .shown = {"10.0.0.2", "-", "10.0.0.3", "-"},
       .wrong = "missing"},
  };
}

}  // namespace attribute_rows
