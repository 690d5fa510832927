// SPDX-License-Identifier: Apache-2.0
#include "attribute_rows.hpp"
#include "model/state.hpp"

namespace attribute_rows {

using namespace netrig;

namespace {

Subject link_subject() { return {Link::kKind, wired("", "@\"eth0\"$"), "interface eth0", "-d link show dev eth0"}; }

}  // namespace

std::vector<Row> link_rows() {
  const Subject link = link_subject();
  const std::string bridges =
      "[device.br0]\ndriver = \"bridge\"\ninterfaces = [{ namespace = \"a\" }]\n"
      "[device.br1]\ndriver = \"bridge\"\ninterfaces = [{ namespace = \"a\" }]\n";
  Subject port = link;
  port.lab += bridges;
  Subject macvlan = link;
  macvlan.lab = wired("", "\"eth0\"",
                      "[device.mv0]\ndriver = \"macvlan\"\nparams = { parent = \"a:eth0\" }\n"
                      "interfaces = [{ namespace = \"a\", name = @\"mv0\"$ }]\n");
  macvlan.name = "interface mv0";
  macvlan.ip = "-d link show dev mv0";
  Subject named = link;
  named.lab = wired("", "@$");
  named.ip = "link show type veth";
  Subject lo = link;
  lo.lab = "[lab]\nname = \"attributes\"\n$\n[namespace.b]\n";
  lo.name = "interface lo";
  lo.ip = "link show dev lo";
  return {
      {.of = link,
       .attribute = "mac",
       .first = ", mac = @\"02:00:00:00:00:0a\"",
       .second = ", mac = \"02:00:00:00:00:0b\"",
       .drift = "a link set eth0 address 02:00:00:00:00:0c",
       .at = "/0/address",
       .shown = {"02:00:00:00:00:0a", "02:00:00:00:00:0c", "02:00:00:00:00:0b", "*"},
       .is_made_anew = true},
      {.of = link,
       .attribute = "mtu",
       .first = ", mtu = @1400",
       .second = ", mtu = 1300",
       .drift = "a link set eth0 mtu 1450",
       .at = "/0/mtu",
       .shown = {"1400", "1450", "1300", "1500"},
       .is_made_anew = true},
      {.of = port,
       .attribute = "master",
       .first = ", master = @\"br0\"",
       .second = ", master = \"br1\"",
       .drift = "a link set eth0 nomaster",
       .at = "/0/master",
       .shown = {"br0", "-", "br1", "-"},
       .words = {"br0", "none"}},
      {.of = port,
       .attribute = "master",
       .first = "",
       .second = ", master = \"br1\"",
       .drift = "a link set eth0 master br0",
       .at = "/0/master",
       .shown = {"-", "br0", "br1", "-"},
       .words = {"none", "br0"}},
      {.of = link,
       .attribute = "state",
       .first = ", state = @\"down\"",
       .second = ", state = \"up\"",
       .drift = "a link set eth0 up",
       .at = "/0/flags#UP",
       .shown = {"false", "true", "true", "true"},
       .words = {"down", "up"}},
      {.of = lo,
       .attribute = "state",
       .first = "[namespace.@a]",
       .second = "[namespace.a]",
       .without = "[namespace.a]",
       .drift = "a link set lo down",
       .at = "/0/flags#UP",
       .shown = {"true", "false", "true", "true"},
       .words = {"up", "down"}},
      {.of = link,
       .attribute = "alias",
       .first = ", alias = @\"to b\"",
       .second = ", alias = \"to B\"",
       .drift = "a link set eth0 alias mine",
       .at = "/0/ifalias",
       .shown = {"to b", "mine", "to B", "-"}},
      {.of = link,
       .attribute = "txqlen",
       .first = ", txqlen = @500",
       .second = ", txqlen = 0",
       .drift = "a link set eth0 txqlen 600",
       .at = "/0/txqlen",
       .shown = {"500", "600", "-", "1000"},
       .is_made_anew = true},
      {.of = link,
       .attribute = "group",
       .first = ", group = @7",
       .second = ", group = 9",
       .drift = "a link set eth0 group 8",
       .at = "/0/group",
       .shown = {"7", "8", "9", "default"}},
      {.of = link,
       .attribute = "promiscuous",
       .first = ", promiscuous = @true",
       .second = ", promiscuous = false",
       .drift = "a link set eth0 promisc off",
       .at = "/0/flags#PROMISC",
       .shown = {"true", "false", "false", "false"}},
      {.of = link,
       .attribute = "allmulticast",
       .first = ", allmulticast = @true",
       .second = ", allmulticast = false",
       .drift = "a link set eth0 allmulticast off",
       .at = "/0/flags#ALLMULTI",
       .shown = {"true", "false", "false", "false"}},
      {.of = link,
       .attribute = "multicast",
       .first = ", multicast = @false",
       .second = ", multicast = true",
       .drift = "a link set eth0 multicast on",
       .at = "/0/flags#MULTICAST",
       .shown = {"false", "true", "true", "true"}},
      {.of = link,
       .attribute = "arp",
       .first = ", arp = @false",
       .second = ", arp = true",
       .drift = "a link set eth0 arp on",
       .at = "/0/flags#NOARP",
       .shown = {"true", "false", "false", "false"},
       .words = {"false", "true"}},
      {.of = link,
       .attribute = "addr_gen_mode",
       .first = ", addr_gen_mode = @\"none\"",
       .second = ", addr_gen_mode = \"random\"",
       .drift = "a link set eth0 addrgenmode eui64",
       .at = "/0/inet6_addr_gen_mode",
       .shown = {"none", "eui64", "random", "eui64"}},
      {.of = macvlan,
       .attribute = "protodown",
       .first = ", protodown = @true",
       .second = ", protodown = false",
       .drift = "a link set mv0 protodown off",
       .at = "/0/proto_down",
       .shown = {"true", "-", "-", "-"},
       .words = {"true", "false"}},
      {.of = link,
       .attribute = "altnames",
       .first = ", altnames = @[\"x2\", \"x1\"]",
       .second = ", altnames = [\"x3\", \"x1\"]",
       .drift = "a link property del dev eth0 altname x1",
       .at = "/0/altnames",
       .shown = {R"(["x1","x2"])", R"(["x2"])", R"(["x1","x3"])", "-"},
       .words = {"x1 x2", "x2"}},
      {.of = named,
       .attribute = "name",
       .first = "@\"eth0\"",
       .second = "\"eth1\"",
       .without = "\"eth2\"",
       .drift = "a link set eth0 down && a link set eth0 name eth9 && a link set eth9 up",
       .at = "/0/ifname",
       .shown = {"eth0", "eth9", "eth1", "eth2"},
       .is_made_anew = true},
      {.of = named,
       .attribute = "there",
       .first = "@\"eth0\"",
       .second = "\"eth1\"",
       .without = "\"eth2\"",
       .drift = "a link del eth0",
       .at = "/0/ifname",
       .shown = {"eth0", "-", "eth1", "eth2"},
       .wrong = "missing",
       .faults = 2,
       .is_made_anew = true},
  };
}

}  // namespace attribute_rows
