// SPDX-License-Identifier: Apache-2.0
// Keys of namespaces and interfaces.
#include "config/keys.hpp"

namespace netrig::config {

using tomlfile::Section;

const Section& namespace_keys() {
  static const Section kSection(
      "namespace",
      {{"existing", "boolean", "true: it is there already; the lab uses it and gives it back as it was"},
       {"path", "string", "Where an existing one is: \"/proc/self/ns/net\" is the machine's own"},
       {"lo", "[string | address]", "Addresses of the loopback beside 127.0.0.1 and ::1"},
       {"forwarding", "boolean", "Whether it forwards packets, of both families"},
       {"gateway", "string | [string]", "Default routes in short: an address, or one of each family"},
       {"routes", "[route]", "Routes"},
       {"rules", "[rule]", "Policy rules, as ip-rule(8) has them"},
       {"sysctl", "{integer | string | boolean}", "Sysctls by their whole names in quotes: \"net.ipv4.ip_forward\""},
       {"foreign", R"("report" | "remove" | "keep")", "What happens to what nobody accounts for in it"},
       {"interface", "{interface_default}", "Keys of its interfaces, by name or pattern"},
       {"switch", "boolean", "true: patterns of tests and groups do not match it, only its name does"},
       {"hostname", "string", "The host name that its commands see"},
       {"private", "[string | private]", "Directories of its own that its commands see in place of the machine's"},
       {"files", "{string | own_file}", "Files that its commands see: by path, the name of a file or a directory"},
       {"values", "{string | integer}", "Values for its files, and for the environment of its commands"},
       {"commands", "[string | command]", "What \"netrig up\" runs in it"}});
  return kSection;
}

const Section& private_keys() {
  static const Section kSection("private", {{"path", "required string", "The directory"},
                                            {"owner", "string", "Whose it is: name or number; root if it does not say"},
                                            {"group", "string", "Likewise its group"},
                                            {"mode", "string", "Octal digits; \"0755\" if it does not say"}});
  return kSection;
}

const Section& command_keys() {
  static const Section kSection(
      "command", {{"run", "required string | [string]", "For the shell, or a program with its arguments"},
                  {"undo", "string | [string]", "What takes that back"}});
  return kSection;
}

const Section& own_file_keys() {
  static const Section kSection(
      "own_file",
      {{"source", "string", "Name of a file, or of a directory that is copied whole, relative to this file"},
       {"text", "string", "What the file holds"},
       {"mode", "string", "Octal digits; \"0644\" if it does not say, \"0755\" for a program"},
       {"owner", "string", "Whose it is: name or number; root if it does not say"},
       {"group", "string", "Likewise its group"},
       {"values", "{string | integer}", "Over those of the namespace"}});
  return kSection;
}

const Section& interface_default_keys() {
  static const Section kSection(
      "interface_default",
      {{"addresses", "[string | address]", "Addresses with prefix length"},
       {"mac", "mac", "MAC address; the kernel chooses one if it does not say"},
       {"mtu", "integer 68..65535", "MTU; 1280 at least with anything of IPv6"},
       {"master", "string", "Interface in the same namespace that takes ports, such as a bridge"},
       {"state", R"("up" | "down")", "Administrative state; up if it does not say"},
       {"alias", "string", "Up to 255 bytes of text that \"ip link\" shows"},
       {"txqlen", "integer 0..4294967295", "Packets in the transmit queue"},
       {"group", "integer 0..4294967295", "Number of its group, for \"ip link show group\""},
       {"promiscuous", "boolean", "Whether it takes packets for others"},
       {"allmulticast", "boolean", "Whether it takes packets for all groups"},
       {"multicast", "boolean", "Whether it does multicast"},
       {"arp", "boolean", "Whether it asks for MAC addresses"},
       {"addr_gen_mode", R"("eui64" | "none" | "stable_secret" | "random")", "How its link-local IPv6 address is made"},
       {"index", "integer 2..2147483647", "Its number, once in a namespace"},
       {"protodown", "boolean", "true: held down by a protocol, without carrier"},
       {"altnames", "[string]", "More names"},
       {"dynamic", "boolean", "true: addresses and routes that clients made here are theirs, not foreign"},
       {"sysctl", "{integer | string | boolean}",
        "Its sysctls, in short: \"ipv4.forwarding\", \"ipv4.neigh.gc_stale_time\""},
       {"neighbours", "[neighbour]", "Neighbours whose MAC addresses nobody need ask for"},
       {"impair", "impair", "What happens to what it sends: delay, loss, a rate"},
       {"port", "port", "What it is as a port of a bridge, as bridge-link(8) has it"},
       {"vlans", "[integer 1..4094 | string | vlan]",
        "All VLANs of this port of a bridge, or of the bridge itself: 10, \"20-30\", tables"}});
  return kSection;
}

const Section& impair_keys() {
  static const Section kSection(
      "impair",
      {{"delay", "duration", "How long each packet is held back"},
       {"jitter", "duration", "By how much that varies, up and down"},
       {"distribution", R"("uniform" | "normal" | "pareto" | "paretonormal")", "How the delays lie around their mean"},
       {"loss", "number 0..100", "Percent of packets that get lost"},
       {"duplicate", "number 0..100", "Percent of packets that come twice"},
       {"reorder", "number 0..100", "Percent of packets that are sent at once and so overtake others"},
       {"corrupt", "number 0..100", "Percent of packets in which a bit is wrong"},
       {"rate", "rate", "How much is sent; alone it is a token bucket (tbf), beside others netem's"},
       {"burst", "integer 1..1073741824 | size", "Of a rate alone: bytes that may be sent at once"},
       {"limit", "integer 1..4294967295", "Packets that are held at most; 1000 if it does not say"}});
  return kSection;
}

const Section& interface_keys() {
  static const Section kSection = [] {
    const Section place(
        "interface",
        {{"namespace", "required string", "Where the interface is"},
         {"name", "string", "1 to 15 bytes; a single interface is called as its device if it does not say"}});
    return place.with("interface", interface_default_keys().keys());
  }();
  return kSection;
}

const Section& address_keys() {
  static const Section kSection(
      "address", {{"address", "required string", "With prefix length"},
                  {"peer", "string", "Address of the other end of a point-to-point link"},
                  {"scope", R"("global" | "site" | "link" | "host")", "IPv4: how far it is valid"},
                  {"dad", R"("off" | "on" | "wait")", "IPv6: duplicate address detection"},
                  {"broadcast", "string", "IPv4: the broadcast address; \"\": none"},
                  {"label", "string", "IPv4: the interface's name, or it with \":\" and more"},
                  {"valid", "string", "How long it is valid, in whole seconds with a unit, or \"forever\""},
                  {"preferred", "string", "How long it is preferred, likewise; \"0s\": deprecated from the beginning"},
                  {"prefix_route", "boolean", "false: without the route to its prefix"},
                  {"metric", "integer 1..4294967295", "Metric of the route to its prefix"}});
  return kSection;
}

const Section& neighbour_keys() {
  static const Section kSection(
      "neighbour", {{"address", "required string", "Whose MAC address it is"},
                    {"mac", "mac", "The MAC address"},
                    {"state", R"("permanent" | "reachable" | "noarp" | "stale")", "What the kernel takes it for"},
                    {"router", "boolean", "IPv6: whether it is a router"},
                    {"proxy", "boolean", "true: the interface answers for this address"}});
  return kSection;
}

const Section& port_keys() {
  static const Section kSection(
      "port",
      {{"cost", "integer 1..65535", "Cost of the way over it, for spanning tree"},
       {"priority", "integer 0..63", "Which of several ways of one cost is taken: the least"},
       {"state", R"("disabled" | "forwarding")", "What it does, where spanning tree does not decide it"},
       {"hairpin", "boolean", "Whether packets go out where they came in"},
       {"isolated", "boolean", "Whether it speaks only to ports that are not isolated"},
       {"learning", "boolean", "Whether it learns who is behind it"},
       {"flood", "boolean", "Whether it gets unicast packets whose port is unknown"},
       {"multicast_flood", "boolean", "Whether it gets multicast packets that nobody has asked for"},
       {"broadcast_flood", "boolean", "Whether it gets broadcast packets"},
       {"multicast_to_unicast", "boolean", "Whether multicast goes to each host by itself"},
       {"guard", "boolean", "Whether it is switched off when it hears of another bridge (BPDU)"},
       {"root_block", "boolean", "Whether it never leads to the root of spanning tree"},
       {"fast_leave", "boolean", "Whether a group ends here as soon as one host leaves it"},
       {"neighbour_suppress", "boolean", "Whether ARP and neighbour discovery are answered for those behind it"},
       {"proxy_arp", "boolean", "Whether ARP is answered for it"},
       {"locked", "boolean", "Whether it takes packets only of those that the forwarding database has there"}});
  return kSection;
}

const Section& vlan_keys() {
  static const Section kSection("vlan",
                                {{"id", "required integer 1..4094 | string", "Its number, or a range: \"20-30\""},
                                 {"pvid", "boolean", "Whether packets that come without a tag are in it"},
                                 {"untagged", "boolean", "Whether its packets leave without a tag"}});
  return kSection;
}

}  // namespace netrig::config
