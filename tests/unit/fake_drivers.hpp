// SPDX-License-Identifier: Apache-2.0
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"  // designated, and meant
// Descriptions of drivers for tests that need no plugin.
#pragma once
#include <map>

#include "config/config.hpp"

inline netrig::config::Drivers fake_drivers() {
  using netrig::DriverDescription;
  using netrig::ParameterDeclaration;
  using netrig::ParameterType;
  using Known = std::map<std::string, std::shared_ptr<const DriverDescription>, std::less<>>;
  static const Known kAll = [] {
    Known all;
    DriverDescription veth;
    veth.kind = "veth";
    veth.link_kinds = {"veth"};
    veth.min_interfaces = veth.max_interfaces = 2;
    veth.parameters = {{.name = "tx_queues", .type = ParameterType::integer, .minimum = 1, .maximum = 4096},
                       {.name = "password", .type = ParameterType::mac, .secret = true}};
    DriverDescription bridge;
    bridge.kind = "bridge";
    bridge.max_ports = 1023;
    bridge.link_kinds = {"bridge"};
    bridge.parameters = {
        {.name = "stp", .type = ParameterType::boolean, .default_text = "false"},
        {.name = "vlan_filtering", .type = ParameterType::boolean},
        {.name = "hello_time", .type = ParameterType::duration, .minimum = 1'000'000'000, .maximum = 10'000'000'000}};
    DriverDescription macvlan;
    macvlan.kind = "macvlan";
    macvlan.parameters = {
        {.name = "parent", .type = ParameterType::interface, .required = true, .help = "interface it sits on"},
        {.name = "mode",
         .type = ParameterType::enumeration,
         .default_text = "bridge",
         .choices = {{.name = "private"}, {.name = "bridge"}}},
        {.name = "macs", .type = ParameterType::mac, .list = true}};
    DriverDescription vxlan;
    vxlan.kind = "vxlan";
    vxlan.parameters = {
        {.name = "id", .type = ParameterType::integer, .required = true, .minimum = 0, .maximum = 0xffffff},
        {.name = "local", .type = ParameterType::address},
        {.name = "learning", .type = ParameterType::boolean}};
    DriverDescription tuner;  // its functions change it, and tell how it is
    tuner.kind = "tuner";
    tuner.functions = 2U | DriverDescription::kInspects | DriverDescription::kChanges | DriverDescription::kSettles;
    tuner.parameters = {{.name = "tone", .type = ParameterType::string, .inspected = true},
                        {.name = "secret_tone", .type = ParameterType::string, .secret = true},
                        {.name = "wood", .type = ParameterType::string, .kernel = {.create_only = true}},
                        {.name = "strings", .type = ParameterType::integer, .list = true},
                        {.name = "wait", .type = ParameterType::duration},
                        {.name = "stand", .type = ParameterType::interface}};
    DriverDescription card;  // is there already
    card.kind = "card";
    card.parameters = {{.name = "interface", .type = ParameterType::interface, .kernel = {.places = 8, .attribute = 1}},
                       {.name = "mac", .type = ParameterType::mac, .kernel = {.places = 8, .attribute = 2}}};
    for (DriverDescription* one : {&veth, &bridge, &macvlan, &vxlan, &tuner, &card})
      all.emplace(one->kind, std::make_shared<const DriverDescription>(*one));
    return all;
  }();
  return {.find =
              [](std::string_view kind) {
                const auto found = kAll.find(kind);
                return found == kAll.end() ? nullptr : found->second;
              },
          .kinds =
              [] {
                std::vector<std::string> kinds;
                for (const auto& [kind, description] : kAll) kinds.push_back(kind);
                return kinds;
              }};
}
