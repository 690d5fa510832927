// SPDX-License-Identifier: Apache-2.0
// Keys of what tests check.
#include "config/keys.hpp"

namespace netrig::config {
namespace {

using tomlfile::Key;
using tomlfile::Section;

const std::vector<Key>& waiting() {
  static const std::vector<Key> kKeys = {{"within", "duration", "It is tried again until it holds, so long at most"},
                                         {"holds", "duration", "It must hold all that time"}};
  return kKeys;
}

const std::vector<Key>& target() {
  static const std::vector<Key> kKeys = {
      {"to", "required string", "Namespaces, \"NAMESPACE:INTERFACE\" or an address; all but addresses as patterns"},
      {"family", R"("ipv4" | "ipv6")", "Which addresses of theirs; IPv4 where both ends have it if it does not say"},
      {"pairs", "integer 1..1000000", "So many pairs, drawn at random but the same every time"}};
  return kKeys;
}

const std::vector<Key>& sender() {
  static const std::vector<Key> kKeys = {{"source", "string", "An address of the sender"},
                                         {"dev", "string", "An interface of the sender, or a VRF"}};
  return kKeys;
}

const std::vector<Key>& service_type() {
  static const std::vector<Key> kKeys = {{"tos", "integer 0..255", "Type of service, or traffic class"}};
  return kKeys;
}

const std::vector<Key>& spread() {
  static const std::vector<Key> kKeys = {{"share", "share", "How what interfaces send meanwhile spreads over them"}};
  return kKeys;
}

Section check_section(std::string_view name, std::initializer_list<std::vector<Key>> parts) {
  Section section(name, {});
  for (const std::vector<Key>& part : parts) section = section.with(name, part);
  return section.with(name, waiting());
}

std::vector<Key> connect_keys(std::string_view sizes) {
  return {{"port", "integer 1..65535", "Port; 7777 if it does not say"},
          {"server", "boolean", "false: something listens there already"},
          {"size", sizes, "Bytes to send and want back"},
          {"count", "integer 1..1000000", "How often, for each pair"},
          {"flows", "integer 1..10000", "So many source ports for each pair"},
          {"max_rtt", "duration", "Longest time of connecting, and of an answer"},
          {"timeout", "duration", "How long to wait for one answer"}};
}

}  // namespace

const Section& ping_keys() {
  static const Section kSection =
      check_section("ping", {target(),
                             sender(),
                             service_type(),
                             spread(),
                             {{"count", "integer 1..1000000", "Echo requests for each pair"},
                              {"interval", "duration", "Time between two"},
                              {"size", "integer 0..65507", "Bytes after the ICMP header"},
                              {"dont_fragment", "boolean", "true: packets must not be taken apart"},
                              {"ttl", "integer 1..255", "Time to live, or hop limit"},
                              {"max_loss", "number 0..100", "Percent that may get lost"},
                              {"max_rtt", "duration", "Longest time of a reply"},
                              {"min_loss", "number 0..100", "Percent that must get lost"},
                              {"min_rtt", "duration", "Shortest time of a reply"},
                              {"timeout", "duration", "How long to wait for one reply"}}});
  return kSection;
}

const Section& failover_keys() {
  static const Section kSection =
      check_section("failover", {target(),
                                 sender(),
                                 service_type(),
                                 {{"interval", "duration", "Time between two requests"},
                                  {"duration", "duration", "How long it is looked at"},
                                  {"max_outage", "duration", "Longest time without an answer"}}});
  return kSection;
}

const Section& tcp_keys() {
  static const Section kSection =
      check_section("tcp", {target(), sender(), service_type(), spread(), connect_keys("integer 0..16777216")});
  return kSection;
}

const Section& udp_keys() {
  static const Section kSection =
      check_section("udp", {target(), sender(), service_type(), spread(), connect_keys("integer 1..65507")});
  return kSection;
}

const Section& throughput_keys() {
  static const Section kSection = check_section(
      "throughput", {target(),
                     spread(),
                     {{"protocol", R"("tcp" | "udp")", "tcp if it does not say"},
                      {"duration", "duration", "How long it is measured"},
                      {"size", "integer 1..1099511627776 | size", "How much is sent, however long it takes"},
                      {"streams", "integer 1..128", "Streams side by side"},
                      {"reverse", "boolean", "true: the target sends"},
                      {"port", "integer 1..65535", "Port; 5201 if it does not say"},
                      {"rate", "rate", "Sending rate of all streams"},
                      {"min", "rate", "Least bit rate, as received"},
                      {"max", "rate", "Highest bit rate, as received"},
                      {"max_retransmits", "integer 0..", "TCP: segments that may be sent again"},
                      {"max_jitter", "duration", "UDP: highest jitter"},
                      {"max_loss", "number 0..100", "UDP: percent that may get lost"}}});
  return kSection;
}

const Section& path_keys() {
  static const Section kSection =
      check_section("path", {target(),
                             sender(),
                             service_type(),
                             {{"hops", "string | [string]", "Namespaces or addresses on the way, in their order"},
                              {"max_hops", "integer 1..255", "How far it is looked"},
                              {"timeout", "duration", "How long to wait for one answer"}}});
  return kSection;
}

const Section& mtu_keys() {
  static const Section kSection =
      check_section("mtu", {target(),
                            {{"equals", "required integer 68..65535", "The path MTU, in bytes"},
                             {"black_hole", "boolean", "true: larger packets get lost without a word"},
                             {"timeout", "duration", "How long to wait for one answer"}}});
  return kSection;
}

const Section& dns_keys() {
  static const Section kSection = check_section(
      "dns", {target(),
              {{"name", "required string", "The name to look up"},
               {"type", R"("A" | "AAAA" | "CNAME" | "MX" | "NS" | "PTR" | "SRV" | "TXT")", "Type of the records"},
               {"answers", "string | [string]", "What they must be"},
               {"rcode", R"("NOERROR" | "FORMERR" | "SERVFAIL" | "NXDOMAIN" | "NOTIMP" | "REFUSED")",
                "How the server must answer"},
               {"port", "integer 1..65535", "Port of the server"},
               {"timeout", "duration", "How long to wait for the answer"}}});
  return kSection;
}

const Section& http_keys() {
  static const Section kSection =
      check_section("http", {target(),
                             sender(),
                             {{"tls", "boolean", "true: HTTPS, whatever the certificate"},
                              {"port", "integer 1..65535", "Port of the server"},
                              {"path", "string", "What is asked for"},
                              {"host", "string", "Name of the server"},
                              {"status", "integer 100..599", "How the server must answer"},
                              {"matches", "string", "Regular expression that the answer must match"},
                              {"timeout", "duration", "How long to wait for the answer"}}});
  return kSection;
}

const Section& unreachable_keys() {
  static const Section kSection =
      check_section("unreachable", {target(),
                                    sender(),
                                    service_type(),
                                    {{"protocol", R"("icmp" | "tcp" | "udp")", "icmp if it does not say"},
                                     {"port", "integer 1..65535", "Port; 7777 if it does not say"},
                                     {"server", "boolean", "false: no server is started there"},
                                     {"count", "integer 1..1000", "How often, for each pair"},
                                     {"timeout", "duration", "How long to wait for an answer that must not come"},
                                     {"how", R"("any" | "silent" | "rejected")", "Whether something must say no"}}});
  return kSection;
}

const Section& neighbour_check_keys() {
  static const Section kSection =
      check_section("neighbour_check", {{{"interface", "required string", "The interface"},
                                         {"address", "required string", "Whose MAC address it is"},
                                         {"mac", "mac", "The MAC address that it must have"},
                                         {"present", "boolean", "false: there must be none"}}});
  return kSection;
}

const Section& route_check_keys() {
  static const Section kSection = check_section(
      "route_check",
      {{{"to", "required string", "An address: what the kernel takes for it; a prefix or \"default\": a route it has"},
        {"via", "string", "Next hop that it must have"},
        {"interface", "string", "Interface that it must have"},
        {"table", "integer 1..4294967295 | \"main\" | \"default\" | \"local\"", "Table that it is in"},
        {"vrf", "string", "VRF whose table it is in, or that a socket of the packet's is bound to"},
        {"metric", "integer 0..4294967295", "Metric that it must have"},
        {"present", "boolean", "false: there must be none"},
        {"source", "string", "Of the packet: where it comes from"},
        {"fwmark", "integer 0..4294967295 | string", "Of the packet: its mark"},
        {"protocol", "integer 1..255 | string", "Of the packet: its protocol"},
        {"source_port", "integer 1..65535", "Of the packet: its source port"},
        {"destination_port", "integer 1..65535", "Of the packet: its destination port"},
        {"iif", "string", "Of the packet: the interface that it came by"}}});
  return kSection;
}

const Section& address_check_keys() {
  static const Section kSection =
      check_section("address_check", {{{"interface", "required string", "The interface"},
                                       {"address", "required string", "With prefix length"},
                                       {"present", "boolean", "false: it must not have it"}}});
  return kSection;
}

const Section& link_check_keys() {
  static const Section kSection = check_section(
      "link_check", {{{"interface", "required string", "The interface, or a pattern"},
                      {"carrier", "boolean", "Whether it has carrier"},
                      {"speed", "rate", "Its speed"},
                      {"master", "string", "Whose port it is; \"\": nobody's"},
                      {"port_state", R"("disabled" | "listening" | "learning" | "forwarding" | "blocking")",
                       "State of the bridge's port"}}});
  return kSection;
}

const Section& fdb_check_keys() {
  static const Section kSection =
      check_section("fdb_check", {{{"interface", "required string", "The interface, or a pattern"},
                                   {"mac", "required mac", "The MAC address"},
                                   {"dst", "string", "VXLAN: where it leads"},
                                   {"vlan", "integer 1..4094", "VLAN of the entry"},
                                   {"present", "boolean", "false: there must be none"}}});
  return kSection;
}

const Section& exec_keys() {
  static const Section kSection = check_section(
      "exec", {{{"command", "required string | [string]", "For the shell, or a program with its arguments"},
                {"exit", "integer 0..255", "Exit code that it must have; 0 if it does not say"},
                {"matches", "string", "Regular expression that its output must match"}}});
  return kSection;
}

const Section& verify_keys() {
  static const Section kSection =
      check_section("verify", {{{"strict", "boolean", "true: nothing foreign may be there either"}}});
  return kSection;
}

}  // namespace netrig::config
