// SPDX-License-Identifier: Apache-2.0
// Every kind of table of a lab file, with its keys.
#pragma once
#include <vector>

#include "toml/keys.hpp"

namespace netrig::config {

const tomlfile::Section& file_keys();
const tomlfile::Section& lab_keys();
const tomlfile::Section& group_keys();
const tomlfile::Section& repeat_keys();
const tomlfile::Section& device_keys();
const tomlfile::Section& link_keys();
const tomlfile::Section& lan_keys();
const tomlfile::Section& end_keys();
const tomlfile::Section& lan_port_keys();

const tomlfile::Section& namespace_keys();
const tomlfile::Section& private_keys();
const tomlfile::Section& command_keys();
const tomlfile::Section& own_file_keys();
const tomlfile::Section& interface_keys();
/// Of an interface, where its name and namespace are said elsewhere.
const tomlfile::Section& interface_default_keys();
const tomlfile::Section& impair_keys();
const tomlfile::Section& address_keys();
const tomlfile::Section& neighbour_keys();
const tomlfile::Section& port_keys();
const tomlfile::Section& vlan_keys();
const tomlfile::Section& route_keys();
const tomlfile::Section& next_hop_keys();
const tomlfile::Section& rule_keys();

const tomlfile::Section& service_keys();
const tomlfile::Section& ready_keys();
const tomlfile::Section& test_keys();
const tomlfile::Section& placed_command_keys();
const tomlfile::Section& preparation_keys();
const tomlfile::Section& event_keys();
const tomlfile::Section& counters_keys();
const tomlfile::Section& capture_keys();
const tomlfile::Section& share_keys();

const tomlfile::Section& ping_keys();
const tomlfile::Section& failover_keys();
const tomlfile::Section& tcp_keys();
const tomlfile::Section& udp_keys();
const tomlfile::Section& throughput_keys();
const tomlfile::Section& path_keys();
const tomlfile::Section& mtu_keys();
const tomlfile::Section& dns_keys();
const tomlfile::Section& http_keys();
const tomlfile::Section& unreachable_keys();
const tomlfile::Section& neighbour_check_keys();
const tomlfile::Section& route_check_keys();
const tomlfile::Section& address_check_keys();
const tomlfile::Section& link_check_keys();
const tomlfile::Section& fdb_check_keys();
const tomlfile::Section& exec_keys();
const tomlfile::Section& verify_keys();

/// All of them; the file itself comes first.
std::vector<const tomlfile::Section*> all_keys();

}  // namespace netrig::config
