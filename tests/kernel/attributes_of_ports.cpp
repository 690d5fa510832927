// SPDX-License-Identifier: Apache-2.0
#include "attribute_rows.hpp"
#include "model/state.hpp"

namespace attribute_rows {

using namespace netrig;

namespace {

std::string bridge(const std::string& interface, const std::string& params) {
  return "[device.br0]\ndriver = \"bridge\"\ninterfaces = [{ namespace = \"a\"" + interface + " }]\nparams = { " +
         params + " }\n";
}

/// A setting of a port, as `ip link set type bridge_slave` calls it.
Row port_row(const Subject& port, std::string_view attribute, const std::string& first, const std::string& second,
             const std::string& word, const std::string& drift, std::array<std::string, 4> shown) {
  return {.of = port,
          .attribute = attribute,
          .first = ", port = { " + std::string(attribute) + " = @" + first + " }",
          .second = ", port = { " + std::string(attribute) + " = " + second + " }",
          .drift = "a link set eth0 type bridge_slave " + word + " " + drift,
          .at = "/0/linkinfo/info_slave_data/" + word,
          .shown = std::move(shown)};
}

}  // namespace

std::vector<Row> port_rows() {
  Subject port{Port::kKind, wired("", "\"eth0\", master = \"br0\"$", bridge("", "")), "port eth0",
               "-d link show dev eth0"};
  std::vector<Row> rows;
  struct Flag {
    std::string_view attribute;
    const char* word;
    bool usual;
  };
  for (const Flag& one :
       {Flag{"hairpin", "hairpin", false}, Flag{"isolated", "isolated", false}, Flag{"learning", "learning", true},
        Flag{"flood", "flood", true}, Flag{"multicast_flood", "mcast_flood", true},
        Flag{"broadcast_flood", "bcast_flood", true}, Flag{"multicast_to_unicast", "mcast_to_unicast", false},
        Flag{"guard", "guard", false}, Flag{"root_block", "root_block", false}, Flag{"fast_leave", "fastleave", false},
        Flag{"neighbour_suppress", "neigh_suppress", false}, Flag{"proxy_arp", "proxy_arp", false},
        Flag{"locked", "locked", false}}) {
    const std::string usual = one.usual ? "true" : "false";
    const std::string other = one.usual ? "false" : "true";
    rows.push_back(
        port_row(port, one.attribute, usual, other, one.word, one.usual ? "off" : "on", {usual, other, other, usual}));
  }
  rows.push_back(port_row(port, "priority", "5", "6", "priority", "7", {"5", "7", "6", "32"}));
  Row cost = port_row(port, "cost", "5", "6", "cost", "7", {"5", "7", "6", "*"});
  cost.is_made_anew = true;  // that nobody had ever set one cannot be said
  rows.push_back(cost);
  Row state = port_row(port, "state", "\"disabled\"", "\"forwarding\"", "state", "3",
                       {"disabled", "forwarding", "forwarding", "forwarding"});
  rows.push_back(state);
  rows.push_back({.of = port,
                  .attribute = "there",
                  .first = ", port = @{ hairpin = true }",
                  .second = ", port = { isolated = true }",
                  .drift = "a link set eth0 nomaster",
                  .at = "/0/master",
                  .shown = {"br0", "-", "br0", "br0"},
                  .wrong = "missing",
                  .faults = 2});
  return rows;
}

std::vector<Row> vlans_rows() {
  const std::string filtering = "vlan_filtering = true";
  Subject port{Vlans::kKind, wired("", "\"eth0\", master = \"br0\"$", bridge("", filtering)), "vlans eth0",
               "bridge vlan show dev eth0"};
  Subject self{Vlans::kKind, wired("", "\"eth0\", master = \"br0\"", bridge("$", filtering)), "vlans br0",
               "bridge vlan show dev br0"};
  Subject other = port;
  other.lab = wired("", "\"eth0\", master = \"br0\"$", bridge("", filtering + ", vlan_default_pvid = 7"));
  Subject joined = port;
  joined.ip = "-d link show dev eth0";
  const std::string untagged = " PVID Egress Untagged";
  return {
      {.of = port,
       .attribute = "list",
       .first = ", vlans = @[10, \"20-22\"]",
       .second = ", vlans = [{ id = 10, untagged = true, pvid = true }]",
       .drift = "bridge -n a vlan add dev eth0 vid 99 && bridge -n a vlan del dev eth0 vid 10",
       .at = "/vlans",
       .shown = {"10, 20-22", "20-22, 99", "10" + untagged, "1" + untagged},
       .words = {"10, 20-22", "20-22, 99"}},
      {.of = port,
       .attribute = "list",
       .first = ", vlans = @[{ id = 10, pvid = true }, 11]",
       .second = ", vlans = [{ id = 11, pvid = true }, 10]",
       .drift = "bridge -n a vlan add dev eth0 vid 11 pvid untagged",
       .at = "/vlans",
       .shown = {"10 PVID, 11", "10, 11" + untagged, "10, 11 PVID", "1" + untagged},
       .words = {"10 pvid, 11", "10, 11 pvid untagged"}},
      {.of = self,
       .attribute = "list",
       .first = ", vlans = @[30]",
       .second = ", vlans = [{ id = 31, pvid = true, untagged = true }]",
       .drift = "bridge -n a vlan add dev br0 vid 1 pvid untagged self",
       .at = "/vlans",
       .shown = {"30", "1" + untagged + ", 30", "31" + untagged, "1" + untagged},
       .words = {"30", "1 pvid untagged, 30"}},
      {.of = other,
       .attribute = "list",
       .first = ", vlans = @[\"10-4094\"]",
       .second = ", vlans = [\"1-4094\"]",
       .drift = "bridge -n a vlan del dev eth0 vid 100-4094",
       .at = "/vlans",
       .shown = {"10-4094", "10-99", "1-4094", "7" + untagged},
       .words = {"10-4094", "10-99"}},
      {.of = joined,
       .attribute = "there",
       .first = ", vlans = @[10]",
       .second = ", vlans = [11]",
       .drift = "a link set eth0 nomaster",
       .at = "/0/master",
       .shown = {"br0", "-", "br0", "br0"},
       .wrong = "missing",
       .faults = 2},
  };
}

}  // namespace attribute_rows
