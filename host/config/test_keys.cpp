// SPDX-License-Identifier: Apache-2.0
// Keys of tests, of what happens around them, and of services.
#include "config/keys.hpp"

namespace netrig::config {

using tomlfile::Section;

const Section& service_keys() {
  static const Section kSection(
      "service", {{"namespace", "required string | [string]", "Where it runs; of a pattern or a list one for each"},
                  {"command", "required string | [string]", "For the shell, or a program with its arguments"},
                  {"start", R"("up" | "test")", "When it starts: with the lab, or with tests that name it"},
                  {"ready", "ready", "How it is known that it can be used"},
                  {"timeout", "duration", "How long it may take to be ready"},
                  {"after", "string | [string]", "Services that must be ready before it starts"},
                  {"user", "string", "Whom it runs as; root if it does not say"},
                  {"environment", "{string | integer}", "Variables of its environment"},
                  {"directory", "string", "Where it runs"},
                  {"forks", "boolean", "true: the command ends, and its children are the service"},
                  {"stop", "duration", "How long it may take to end before it is killed"},
                  {"log", "integer 0..1073741824 | size", "How much of what it prints is kept; 0: nothing"}});
  return kSection;
}

const Section& ready_keys() {
  static const Section kSection("ready", {{"tcp", "integer 1..65535", "It listens at this port"},
                                          {"udp", "integer 1..65535", "It has bound this port"},
                                          {"output", "string", "It has printed a line that this matches"},
                                          {"command", "string | [string]", "This ends with exit code 0"}});
  return kSection;
}

const Section& test_keys() {
  static const Section kSection(
      "test", {{"name", "required string", "What reports call it; no two are called alike"},
               {"description", "string", "For people"},
               {"from", "string", "Namespaces that it is run in, as a pattern; required, but for verify"},
               {"tags", "string | [string]", "Words for --filter"},
               {"depends_on", "string | [string]", "Tests without whose success it is skipped"},
               {"repeat", "integer 1..1000000", "How often it is run, until it fails"},
               {"timeout", "duration", "How long one repetition may take with all that belongs to it"},
               {"before", "preparation | [preparation]", "What happens before the check begins"},
               {"after", "placed_command | [placed_command]", "What is run after it, whatever happened"},
               {"services", "string | [string]", "Services that run meanwhile"},
               {"during", "event | [event]", "What happens in the middle"},
               {"counters", "counters | [counters]", "What counters of interfaces may do meanwhile"},
               {"capture", "capture | [capture]", "What packets an interface sees meanwhile"},
               {"ping", "ping", "Check: echo requests are answered"},
               {"failover", "failover", "Check: how long an outage lasts"},
               {"tcp", "tcp", "Check: TCP connections"},
               {"udp", "udp", "Check: UDP packets are answered"},
               {"throughput", "throughput", "Check: bit rate, by iperf3"},
               {"path", "path", "Check: routers on the way"},
               {"mtu", "mtu", "Check: path MTU"},
               {"dns", "dns", "Check: answers of a name server"},
               {"http", "http", "Check: answers of a web server"},
               {"unreachable", "unreachable", "Check: nothing gets through"},
               {"neighbour", "neighbour_check", "Check: an entry of the neighbour table"},
               {"route", "route_check", "Check: the route that the kernel takes or has"},
               {"address", "address_check", "Check: an address of an interface"},
               {"exec", "exec", "Check: a command's exit code and output"},
               {"verify", "verify", "Check: the lab is as its file says"},
               {"link", "link_check", "Check: an interface as the kernel has it"},
               {"fdb", "fdb_check", "Check: an entry of a bridge's or a VXLAN's forwarding database"}});
  return kSection;
}

const Section& placed_command_keys() {
  static const Section kSection(
      "placed_command", {{"namespace", "required string", "Where it is run"},
                         {"command", "required string | [string]", "For the shell, or a program with its arguments"}});
  return kSection;
}

const Section& preparation_keys() {
  static const Section kSection(
      "preparation",
      {{"interface", "string | [string]", "\"NAMESPACE:INTERFACE\", either a pattern, that goes into a state"},
       {"service", "string | [string]", "Services, by name or pattern, that something is done to"},
       {"state", R"("down" | "up" | "stop" | "start" | "restart" | "kill")",
        "Of interfaces down and up, of services the rest"},
       {"impair", "impair", "What happens to what interfaces send, in place of a state; zeros end it"},
       {"namespace", "string", "Where a command is run"},
       {"command", "string | [string]", "For the shell, or a program with its arguments"}});
  return kSection;
}

const Section& event_keys() {
  static const Section kSection = Section("event", {{"at", "required duration", "When, from the check's beginning on"}})
                                      .with("event", preparation_keys().keys());
  return kSection;
}

const Section& counters_keys() {
  static const Section kSection("counters",
                                {{"interface", "required string", "\"NAMESPACE:INTERFACE\", either a pattern"},
                                 {"max_drops", "integer 0..", "Packets that may be dropped; none if it does not say"},
                                 {"max_errors", "integer 0..", "Errors that may happen; none if it does not say"},
                                 {"min_packets", "integer 0..", "Packets that must go by"},
                                 {"max_packets", "integer 0..", "Packets that may go by"}});
  return kSection;
}

const Section& capture_keys() {
  static const Section kSection("capture",
                                {{"interface", "required string", "\"NAMESPACE:INTERFACE\", either a pattern"},
                                 {"filter", "string", "Which packets, as tcpdump(8) says it"},
                                 {"sees", "boolean", "Whether there are any"},
                                 {"min", "integer 0..", "So many at least"},
                                 {"max", "integer 0..", "So many at most"}});
  return kSection;
}

const Section& share_keys() {
  static const Section kSection(
      "share",
      {{"interfaces", "required [string]", "\"NAMESPACE:INTERFACE\" each, what they send is counted"},
       {"ratio", "[integer 1..65535]", "How much each should carry, a number for each; alike if it does not say"},
       {"tolerance", "number 0..100", "Percent of each expected part; 10 if it does not say"}});
  return kSection;
}

}  // namespace netrig::config
