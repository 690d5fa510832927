// SPDX-License-Identifier: Apache-2.0
// Keys of a lab file, of what repeats and groups, and of what makes devices.
#include "config/keys.hpp"

namespace netrig::config {

using tomlfile::Section;

const Section& file_keys() {
  static const Section kSection(
      "file", {{"lab", "lab", "What the whole lab has in common; not in a file that another includes"},
               {"vars", "{any}", "Variables for braces: integers, strings, booleans, lists, tables"},
               {"include", "[string]", "Lab files that are read before this one, relative to it"},
               {"group", "{group}", "Keys for several namespaces"},
               {"namespace", "{namespace}", "Network namespaces, by name"},
               {"device", "{device}", "What drivers make, by name"},
               {"link", "[link]", "Devices in short: each joins its ends"},
               {"lan", "{lan}", "Switches in short: each is a bridge with veths to its ports"},
               {"repeat", "[repeat]", "What stands for as many as its \"for\" says"},
               {"test", "[test]", "What shall hold, for \"netrig test\" and \"netrig run\""},
               {"service", "{service}", "Programs that run in namespaces"}});
  return kSection;
}

const Section& lab_keys() {
  static const Section kSection(
      "lab",
      {{"name", "required string", "What commands call the lab: 1 to 64 of letters, digits, \".\", \"_\" and \"-\""},
       {"description", "string", "For people"},
       {"dad", R"("off" | "on" | "wait")", "Duplicate address detection of all IPv6 addresses that do not say"},
       {"foreign", R"("report" | "remove" | "keep")",
        "What happens to what nobody accounts for in the lab's namespaces"},
       {"namespaces", "[string]", "Names of namespaces that need no keys"},
       {"prefix", "string", "Stands before the name of each of the lab's own namespaces in /run/netns"},
       {"resolve", "boolean", "Whether commands find the lab's namespaces by name"}});
  return kSection;
}

const Section& group_keys() {
  static const Section kSection = [] {
    Section keys("group", {{"members", "required string | [string]", "Names of namespaces, or patterns over them"}});
    return keys.with("group", namespace_keys().keys());
  }();
  return kSection;
}

const Section& repeat_keys() {
  static const Section kSection(
      "repeat",
      {{"for", "required {string | [any]}", "Variables, each with a range (\"1..4\"), a list, or the name of one"},
       {"when", "string | integer | boolean", "A comparison; where it does not hold nothing is made"},
       {"namespace", "{namespace}", "Network namespaces, by name"},
       {"device", "{device}", "What drivers make, by name"},
       {"link", "[link]", "Devices in short: each joins its ends"},
       {"lan", "{lan}", "Switches in short: each is a bridge with veths to its ports"},
       {"test", "[test]", "What shall hold"},
       {"service", "{service}", "Programs that run in namespaces"}});
  return kSection;
}

const Section& device_keys() {
  static const Section kSection("device",
                                {{"driver", "required string", "The driver that makes it: \"netrig drivers list\""},
                                 {"interfaces", "required [interface]", "As many as the driver makes"},
                                 {"params", "{any}", "Parameters of the driver: \"netrig drivers show DRIVER\""}});
  return kSection;
}

const Section& link_keys() {
  static const Section kSection(
      "link", {{"ends", "required [string | end]",
                "As many as the driver makes interfaces: \"NAMESPACE:INTERFACE ADDRESS...\", or tables"},
               {"driver", "string", "The driver that makes it; veth if it does not say"},
               {"params", "{any}", "Parameters of the driver"},
               {"mtu", "integer 68..65535", "MTU of every end that has none"},
               {"impair", "impair", "What happens to what every end sends that does not say"},
               {"prefix", "string | [string]", "Addresses for the ends that have none, of each family one prefix"}});
  return kSection;
}

const Section& lan_keys() {
  static const Section kSection(
      "lan", {{"ports", "required [string | lan_port]",
               "What is connected to it: \"NAMESPACE:INTERFACE ADDRESS...\", or tables"},
              {"params", "{any}", "Parameters of the bridge"},
              {"prefix", "string | [string]", "Addresses for the ends that have none, of each family one prefix"}});
  return kSection;
}

const Section& end_keys() {
  static const Section kSection = [] {
    Section keys = interface_default_keys().with(
        "end", {{"end", "string", "\"NAMESPACE:INTERFACE ADDRESS...\""},
                {"namespace", "string", "Where the interface is, unless \"end\" says so"},
                {"name", "string", "What the interface is called, unless \"end\" says so"}});
    return keys;
  }();
  return kSection;
}

const Section& lan_port_keys() {
  static const Section kSection =
      interface_default_keys()
          .without("lan_port", {"port"})
          .with("lan_port",
                {{"access", "integer 1..4094", "The one VLAN that it is in: its packets have no tag"},
                 {"trunk", "[integer 1..4094 | string]", "VLANs whose packets have tags: 10, \"20-30\""},
                 {"native", "integer 1..4094", "The VLAN beside those of its trunk whose packets have no tag"},
                 {"port", "port", "What the port of the bridge is, as bridge-link(8) has it"},
                 {"end", "required string", "\"NAMESPACE:INTERFACE ADDRESS...\""},
                 {"namespace", "refused", "\"end\" says it"},
                 {"name", "string", "What the port of the bridge is called; the namespace's name if it does not say"}});
  return kSection;
}

std::vector<const Section*> all_keys() {
  return {&file_keys(),
          &lab_keys(),
          &group_keys(),
          &repeat_keys(),
          &device_keys(),
          &link_keys(),
          &lan_keys(),
          &end_keys(),
          &lan_port_keys(),
          &namespace_keys(),
          &private_keys(),
          &command_keys(),
          &own_file_keys(),
          &interface_keys(),
          &interface_default_keys(),
          &address_keys(),
          &neighbour_keys(),
          &route_keys(),
          &next_hop_keys(),
          &rule_keys(),
          &service_keys(),
          &ready_keys(),
          &test_keys(),
          &placed_command_keys(),
          &preparation_keys(),
          &event_keys(),
          &counters_keys(),
          &capture_keys(),
          &share_keys(),
          &impair_keys(),
          &port_keys(),
          &vlan_keys(),
          &ping_keys(),
          &failover_keys(),
          &tcp_keys(),
          &udp_keys(),
          &throughput_keys(),
          &path_keys(),
          &mtu_keys(),
          &dns_keys(),
          &http_keys(),
          &unreachable_keys(),
          &neighbour_check_keys(),
          &route_check_keys(),
          &address_check_keys(),
          &link_check_keys(),
          &fdb_check_keys(),
          &exec_keys(),
          &verify_keys()};
}

}  // namespace netrig::config
