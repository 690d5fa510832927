// SPDX-License-Identifier: Apache-2.0
#include "attribute_rows.hpp"
#include "model/state.hpp"

namespace attribute_rows {

using namespace netrig;

namespace {

/// An address, with more keys.
Subject address_subject(const std::string& address) {
  const std::string family = address.find(':') == std::string::npos ? "-4" : "-6";
  return {Address::kKind, wired("", "\"eth0\", addresses = [{ address = @\"" + address + "\"$ }]"),
          "address eth0 " + address, "-d " + family + " address show dev eth0 scope global"};
}

/// Neighbours of an interface.
Subject neighbour_subject(const std::string& address, const std::string& name) {
  return {Neighbour::kKind, wired("", "\"eth0\", addresses = [\"10.0.0.1/24\", \"2001:db8::1/64\"], neighbours = [$]"),
          "neighbour eth0 " + name, "neighbour show to " + address + " dev eth0 nud all"};
}

}  // namespace

std::vector<Row> address_rows() {
  const Subject four = address_subject("10.0.0.1/24");
  const Subject six = address_subject("2001:db8::1/64");
  Subject any_scope = four;
  any_scope.ip = "-d -4 address show dev eth0";
  // Rest of the command that makes the address by hand, another one in its place.
  const std::string again = "a address del 10.0.0.1/24 dev eth0 && a address add 10.0.0.1/24 dev eth0 ";
  Subject list = four;
  list.lab = wired("", "\"eth0\", addresses = [$]");
  Subject lo = four;
  lo.lab = wired("lo = [$]", "\"eth0\"");
  lo.name = "address lo 10.255.0.1/32";
  lo.ip = "-4 address show dev lo scope global";
  Subject point = list;
  point.name = "address eth0 10.0.0.1 peer 10.9.0.1/32";
  Subject list6 = six;
  list6.lab = list.lab;
  list6.name = "address eth0 2001:db8::1 peer 2001:db8::2/128";
  return {
      {.of = any_scope,
       .attribute = "scope",
       .first = ", scope = @\"link\"",
       .second = ", scope = \"host\"",
       .drift = again + "scope site brd +",
       .at = "/0/addr_info/0/scope",
       .shown = {"link", "site", "host", "global"}},
      {.of = four,
       .attribute = "broadcast",
       .first = ", broadcast = @\"10.0.0.127\"",
       .second = ", broadcast = \"\"",
       .drift = again + "brd 10.0.0.63",
       .at = "/0/addr_info/0/broadcast",
       .shown = {"10.0.0.127", "10.0.0.63", "-", "10.0.0.255"}},
      {.of = four,
       .attribute = "label",
       .first = ", label = @\"eth0:x\"",
       .second = ", label = \"eth0:y\"",
       .drift = again + "brd + label eth0:z",
       .at = "/0/addr_info/0/label",
       .shown = {"eth0:x", "eth0:z", "eth0:y", "eth0"}},
      {.of = four,
       .attribute = "valid",
       .first = ", preferred = \"2000s\", valid = @\"5000s\"",
       .second = ", preferred = \"2000s\", valid = \"4000s\"",
       .drift = "a address change 10.0.0.1/24 dev eth0 valid_lft 9000 preferred_lft 1999",
       .at = "/0/addr_info/0/valid_life_time",
       .shown = {"~5000", "~9000", "~4000", "4294967295"},
       .words = {"5000s", "~9000s"}},
      {.of = six,
       .attribute = "preferred",
       .first = ", valid = \"9000s\", preferred = @\"5000s\"",
       .second = ", valid = \"9000s\", preferred = \"0s\"",
       .drift = "a address change 2001:db8::1/64 dev eth0 valid_lft 8999 preferred_lft 6000",
       .at = "/0/addr_info/0/preferred_life_time",
       .shown = {"~5000", "~6000", "0", "4294967295"},
       .words = {"5000s", "~6000s"}},
      {.of = four,
       .attribute = "prefix_route",
       .first = ", prefix_route = @false",
       .second = ", prefix_route = true",
       .drift = again + "brd +",
       .at = "/0/addr_info/0/noprefixroute",
       .shown = {"true", "-", "-", "-"},
       .words = {"false", "true"}},
      {.of = six,
       .attribute = "prefix_route",
       .first = ", prefix_route = @false",
       .second = ", prefix_route = true",
       .drift = "a address change 2001:db8::1/64 dev eth0",
       .at = "/0/addr_info/0/noprefixroute",
       .shown = {"true", "-", "-", "-"},
       .words = {"false", "true"}},
      {.of = four,
       .attribute = "metric",
       .first = ", metric = @77",
       .second = ", metric = 78",
       .drift = "a address change 10.0.0.1/24 dev eth0 metric 79",
       .at = "/0/addr_info/0/metric",
       .shown = {"77", "79", "78", "-"}},
      {.of = six,
       .attribute = "metric",
       .first = ", metric = @77",
       .second = ", metric = 78",
       .drift = "a address change 2001:db8::1/64 dev eth0 metric 79",
       .at = "/0/addr_info/0/metric",
       .shown = {"77", "79", "78", "-"}},
      {.of = point,
       .attribute = "peer",
       .first = "{ address = @\"10.0.0.1/32\", peer = \"10.9.0.1\" }",
       .second = "{ address = \"10.0.0.1/32\", peer = \"10.9.0.2\" }",
       .without = "\"10.0.0.1/32\"",
       .drift = "a address del 10.0.0.1 peer 10.9.0.1/32 dev eth0 && a address add 10.0.0.1 peer 10.9.0.3/32 dev eth0",
       .at = "/0/addr_info/0/address",
       .shown = {"10.9.0.1", "10.9.0.3", "10.9.0.2", "-"},
       .wrong = "missing",
       .foreign = 1},
      {.of = list6,
       .attribute = "peer",
       .first = "{ address = @\"2001:db8::1/128\", peer = \"2001:db8::2\" }",
       .second = "{ address = \"2001:db8::1/128\", peer = \"2001:db8::3\" }",
       .without = "\"2001:db8::1/128\"",
       .drift = "a address change 2001:db8::1 peer 2001:db8::4/128 dev eth0",
       .at = "/0/addr_info/0/address",
       .shown = {"2001:db8::2", "2001:db8::4", "2001:db8::3", "-"}},
      {.of = list6,
       .attribute = "prefix length",
       .first = "@\"2001:db8::1/64\"",
       .second = "\"2001:db8::1/56\"",
       .drift = "a address del 2001:db8::1/64 dev eth0 && a address add 2001:db8::1/48 dev eth0 nodad",
       .at = "/0/addr_info/0/prefixlen",
       .shown = {"64", "48", "56", "-"},
       .name = "address eth0 2001:db8::1/64"},
      {.of = six,
       .attribute = "duplicate",
       .first = "",
       .second = "",
       .drift = "a address del 2001:db8::1/64 dev eth0 && ip -n b address add 2001:db8::1/64 dev eth0 nodad && "
                "a address add 2001:db8::1/64 dev eth0 && "
                "until a address show dev eth0 dadfailed | grep -q db8; do sleep 0.02; done && "
                "ip -n b address del 2001:db8::1/64 dev eth0",
       .at = "/0/addr_info/0/dadfailed",
       .shown = {"-", "true", "-", "-"},
       .words = {"false", "true"}},
      {.of = list,
       .attribute = "order",
       .first = "@\"10.0.0.1/24\", \"10.0.0.2/24\"",
       .second = "\"10.0.0.2/24\", \"10.0.0.1/24\"",
       .drift = "a address del 10.0.0.1/24 dev eth0 && a address flush dev eth0 scope global && "
                "a address add 10.0.0.2/24 brd + dev eth0 && a address add 10.0.0.1/24 brd + dev eth0",
       .at = "/0/addr_info/0/local",
       .shown = {"10.0.0.1", "10.0.0.2", "10.0.0.2", "-"},
       .words = {"as in the file", "another"},
       .faults = 2},
      {.of = list,
       .attribute = "there",
       .first = "@\"10.0.0.1/24\"",
       .second = "\"10.0.0.2/24\"",
       .drift = "a address del 10.0.0.1/24 dev eth0",
       .at = "/0/addr_info/0/local",
       .shown = {"10.0.0.1", "-", "10.0.0.2", "-"},
       .wrong = "missing"},
      {.of = lo,
       .attribute = "there",
       .first = "@\"10.255.0.1/32\"",
       .second = "\"10.255.0.2/32\"",
       .drift = "a address del 10.255.0.1/32 dev lo",
       .at = "/0/addr_info/1/local",
       .shown = {"10.255.0.1", "-", "10.255.0.2", "-"},
       .wrong = "missing"},
  };
}

std::vector<Row> neighbour_rows() {
  const Subject four = neighbour_subject("10.0.0.9", "10.0.0.9 lladdr 02:00:00:00:00:09");
  const Subject six = neighbour_subject("2001:db8::9", "2001:db8::9 lladdr 02:00:00:00:00:09");
  Subject proxy = neighbour_subject("", "proxy 10.0.0.9");
  proxy.ip = "-4 neighbour show proxy dev eth0";
  return {
      {.of = four,
       .attribute = "mac",
       .first = R"({ address = "10.0.0.9", mac = @"02:00:00:00:00:09" })",
       .second = R"({ address = "10.0.0.9", mac = "02:00:00:00:00:0b" })",
       .drift = "a neighbour replace 10.0.0.9 lladdr 02:00:00:00:00:0c nud permanent dev eth0",
       .at = "/0/lladdr",
       .shown = {"02:00:00:00:00:09", "02:00:00:00:00:0c", "02:00:00:00:00:0b", "-"}},
      {.of = four,
       .attribute = "state",
       .first = R"({ address = "10.0.0.9", mac = "02:00:00:00:00:09", state = @"noarp" })",
       .second = R"({ address = "10.0.0.9", mac = "02:00:00:00:00:09", state = "permanent" })",
       .without = R"({ address = "10.0.0.9", mac = "02:00:00:00:00:09" })",
       .drift = "a neighbour replace 10.0.0.9 lladdr 02:00:00:00:00:09 nud permanent dev eth0",
       .at = "/0/state",
       .shown = {R"(["NOARP"])", R"(["PERMANENT"])", R"(["PERMANENT"])", R"(["PERMANENT"])"},
       .words = {"noarp", "permanent"}},
      {.of = six,
       .attribute = "router",
       .first = R"({ address = "2001:db8::9", mac = "02:00:00:00:00:09", router = @true })",
       .second = R"({ address = "2001:db8::9", mac = "02:00:00:00:00:09", router = false })",
       .without = R"({ address = "2001:db8::9", mac = "02:00:00:00:00:09" })",
       .drift = "a neighbour replace 2001:db8::9 lladdr 02:00:00:00:00:09 nud permanent dev eth0",
       .at = "/0/router",
       .shown = {"null", "-", "-", "-"},
       .words = {"true", "false"}},
      {.of = four,
       .attribute = "there",
       .first = R"({ address = @"10.0.0.9", mac = "02:00:00:00:00:09" })",
       .second = R"({ address = "10.0.0.8", mac = "02:00:00:00:00:09" })",
       .drift = "a neighbour del 10.0.0.9 dev eth0",
       .at = "/0/dst",
       .shown = {"10.0.0.9", "-", "-", "-"},
       .wrong = "missing"},
      {.of = proxy,
       .attribute = "proxy",
       .first = R"({ address = @"10.0.0.9", proxy = true })",
       .second = R"({ address = "10.0.0.8", proxy = true })",
       .drift = "a neighbour del proxy 10.0.0.9 dev eth0",
       .at = "/0/dst",
       .shown = {"10.0.0.9", "-", "10.0.0.8", "-"},
       .wrong = "missing"},
  };
}

}  // namespace attribute_rows
