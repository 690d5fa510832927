// SPDX-License-Identifier: Apache-2.0
// Keys of routes and rules.
#include "config/keys.hpp"

namespace netrig::config {

using tomlfile::Section;

const Section& route_keys() {
  static const Section kSection(
      "route",
      {{"to", "required string", "A prefix, an address, or \"default\""},
       {"via", "string", "Next hop"},
       {"dev", "string", "Interface"},
       {"metric", "integer 0..4294967295", "The least is taken; 0 is as if it were not given"},
       {"table", "integer 1..4294967295 | \"main\" | \"default\" | \"local\"", "The table that it is in"},
       {"onlink", "boolean", "true: the next hop is taken to be on dev, whatever addresses say"},
       {"source", "string", "Address of the namespace that packets are sent from"},
       {"type", R"("unicast" | "blackhole" | "unreachable" | "prohibit" | "local" | "multicast" | "throw" | "anycast")",
        "What becomes of packets"},
       {"next_hops", "[next_hop]", "Several next hops in place of via and dev"},
       {"mtu", "integer 68..65520", "MTU of the route"},
       {"family", R"("ipv4" | "ipv6")", "For a default route that names no address"},
       {"weight", "refused", "It belongs to next_hops"},
       {"scope", R"("global" | "site" | "link" | "host")", "IPv4: how far the destination is"},
       {"tos", "integer 0..252", "IPv4: only packets of this type of service, a multiple of 4"},
       {"protocol", "integer 3..255 | string", "Who made it: a number, or a name of iproute2's such as \"static\""},
       {"advmss", "integer 1..65495", "Segment size that TCP connections announce"},
       {"initcwnd", "integer 1..4294967295", "First congestion window of TCP connections, in segments"},
       {"congestion", "string", "Congestion control of TCP connections, as \"cubic\""},
       {"preference", R"("low" | "medium" | "high")", "IPv6: preference of the router (RFC 4191)"}});
  return kSection;
}

const Section& next_hop_keys() {
  static const Section kSection("next_hop",
                                {{"via", "string", "Next hop"},
                                 {"dev", "string", "Interface"},
                                 {"weight", "integer 1..256", "Its share, where there are several"},
                                 {"onlink", "boolean", "true: it is taken to be on dev, whatever addresses say"}});
  return kSection;
}

const Section& rule_keys() {
  static const Section kSection(
      "rule",
      {{"from", "string", "Prefix or address that packets come from"},
       {"to", "string", "Prefix or address that packets go to"},
       {"iif", "string", "Interface that the packet came by"},
       {"oif", "string", "Interface that the socket is bound to"},
       {"fwmark", "integer 0..4294967295 | string",
        "Mark of the packet: a number, \"0x2\", or with a mask \"0x2/0xff\""},
       {"tos", "integer 0..252", "Type of service, a multiple of 4"},
       {"table", "integer 1..4294967295 | \"main\" | \"default\" | \"local\"", "Where to look"},
       {"l3mdev", "boolean", "true: in the table of the packet's VRF"},
       {"priority", "integer 0..4294967295", "The least is asked first"},
       {"family", R"("ipv4" | "ipv6")", "For a rule that names no address"},
       {"ipproto", "integer 1..255 | string", "Protocol: a number, or a name such as \"tcp\""},
       {"source_ports", "integer 1..65534 | string", "A port, or \"FIRST-LAST\""},
       {"destination_ports", "integer 1..65534 | string", "A port, or \"FIRST-LAST\""},
       {"uid_range", "integer 0..4294967294 | string", "User of the socket: a number, or \"FIRST-LAST\""},
       {"not", "boolean", "true: packets that do not match"},
       {"suppress_prefix_length", "integer 0..128", "What is found with a prefix as short as this counts as not found"},
       {"action", R"("table" | "blackhole" | "unreachable" | "prohibit")", "What becomes of packets"}});
  return kSection;
}

}  // namespace netrig::config
