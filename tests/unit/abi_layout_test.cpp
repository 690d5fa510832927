// SPDX-License-Identifier: Apache-2.0
// The ABI as binaries in the field know it (LP64), held against tests/abi/history: every struct with the places of its
// members, and every number that a header defines. What is there stays; what is new is added to the file. After a
// deliberate change before 1.0: NETRIG_WRITE_HISTORY=1 netrig_unit_test "the ABI is what its history says".
#include <fmt/format.h>
#include <netrig/services.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "catch.hpp"

namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  REQUIRE(file.good());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string headers() {
  std::string text;
  for (const char* name : {"table.h", "driver.h", "services.h"})
    text += text_of(std::string(NETRIG_SDK_DIR) + "/include/netrig/" + name);
  return text;
}

/// Structs as lines; that nothing lies between two members is checked here.
class Layout {
 public:
  void begin(const char* name, std::size_t size) {
    end();
    name_ = name;
    size_ = size;
    at_ = 0;
    structs.insert(name);
    lines.push_back(fmt::format("struct {}", name));
  }
  void member(const char* name, std::size_t offset, std::size_t size) {
    INFO(name_ << "::" << name);
    CHECK(offset == at_);  // padding, or a member that is not in this test
    at_ = offset + size;
    lines.push_back(fmt::format("  {} {}+{}", name, offset, size));
  }
  void end() {
    INFO(name_);
    CHECK(at_ == size_);
  }
  std::vector<std::string> lines;
  std::set<std::string> structs;

 private:
  std::string name_;
  std::size_t size_ = 0;
  std::size_t at_ = 0;
};

Layout layout_of_all() {
  Layout layout;
  layout.begin("netrig_parameter", sizeof(netrig_parameter));
  layout.member("struct_size", offsetof(netrig_parameter, struct_size), sizeof(netrig_parameter::struct_size));
  layout.member("type", offsetof(netrig_parameter, type), sizeof(netrig_parameter::type));
  layout.member("flags", offsetof(netrig_parameter, flags), sizeof(netrig_parameter::flags));
  layout.member("encoding", offsetof(netrig_parameter, encoding), sizeof(netrig_parameter::encoding));
  layout.member("places", offsetof(netrig_parameter, places), sizeof(netrig_parameter::places));
  layout.member("attribute", offsetof(netrig_parameter, attribute), sizeof(netrig_parameter::attribute));
  layout.member("attribute6", offsetof(netrig_parameter, attribute6), sizeof(netrig_parameter::attribute6));
  layout.member("element", offsetof(netrig_parameter, element), sizeof(netrig_parameter::element));
  layout.member("mask", offsetof(netrig_parameter, mask), sizeof(netrig_parameter::mask));
  layout.member("scale", offsetof(netrig_parameter, scale), sizeof(netrig_parameter::scale));
  layout.member("tolerance", offsetof(netrig_parameter, tolerance), sizeof(netrig_parameter::tolerance));
  layout.member("minimum", offsetof(netrig_parameter, minimum), sizeof(netrig_parameter::minimum));
  layout.member("maximum", offsetof(netrig_parameter, maximum), sizeof(netrig_parameter::maximum));
  layout.member("also_attribute", offsetof(netrig_parameter, also_attribute), sizeof(netrig_parameter::also_attribute));
  layout.member("also_encoding", offsetof(netrig_parameter, also_encoding), sizeof(netrig_parameter::also_encoding));
  layout.member("reserved", offsetof(netrig_parameter, reserved), sizeof(netrig_parameter::reserved));
  layout.member("also_value", offsetof(netrig_parameter, also_value), sizeof(netrig_parameter::also_value));
  layout.member("name", offsetof(netrig_parameter, name), sizeof(netrig_parameter::name));
  layout.member("default_text", offsetof(netrig_parameter, default_text), sizeof(netrig_parameter::default_text));
  layout.member("unset_text", offsetof(netrig_parameter, unset_text), sizeof(netrig_parameter::unset_text));
  layout.member("only_with", offsetof(netrig_parameter, only_with), sizeof(netrig_parameter::only_with));
  layout.member("kernel_option", offsetof(netrig_parameter, kernel_option), sizeof(netrig_parameter::kernel_option));
  layout.member("help", offsetof(netrig_parameter, help), sizeof(netrig_parameter::help));
  layout.member("choices", offsetof(netrig_parameter, choices), sizeof(netrig_parameter::choices));
  layout.begin("netrig_table", sizeof(netrig_table));
  layout.member("struct_size", offsetof(netrig_table, struct_size), sizeof(netrig_table::struct_size));
  layout.member("abi_major", offsetof(netrig_table, abi_major), sizeof(netrig_table::abi_major));
  layout.member("abi_minor", offsetof(netrig_table, abi_minor), sizeof(netrig_table::abi_minor));
  layout.member("parameter_size", offsetof(netrig_table, parameter_size), sizeof(netrig_table::parameter_size));
  layout.member("parameter_count", offsetof(netrig_table, parameter_count), sizeof(netrig_table::parameter_count));
  layout.member("functions", offsetof(netrig_table, functions), sizeof(netrig_table::functions));
  layout.member("wants", offsetof(netrig_table, wants), sizeof(netrig_table::wants));
  layout.member("min_interfaces", offsetof(netrig_table, min_interfaces), sizeof(netrig_table::min_interfaces));
  layout.member("max_interfaces", offsetof(netrig_table, max_interfaces), sizeof(netrig_table::max_interfaces));
  layout.member("max_ports", offsetof(netrig_table, max_ports), sizeof(netrig_table::max_ports));
  layout.member("peer_attribute", offsetof(netrig_table, peer_attribute), sizeof(netrig_table::peer_attribute));
  layout.member("reserved", offsetof(netrig_table, reserved), sizeof(netrig_table::reserved));
  layout.member("name", offsetof(netrig_table, name), sizeof(netrig_table::name));
  layout.member("version", offsetof(netrig_table, version), sizeof(netrig_table::version));
  layout.member("summary", offsetof(netrig_table, summary), sizeof(netrig_table::summary));
  layout.member("link_kinds", offsetof(netrig_table, link_kinds), sizeof(netrig_table::link_kinds));
  layout.begin("netrig_note", sizeof(netrig_note));
  layout.member("name_size", offsetof(netrig_note, name_size), sizeof(netrig_note::name_size));
  layout.member("description_size", offsetof(netrig_note, description_size), sizeof(netrig_note::description_size));
  layout.member("type", offsetof(netrig_note, type), sizeof(netrig_note::type));
  layout.member("name", offsetof(netrig_note, name), sizeof(netrig_note::name));
  layout.begin("netrig_interface", sizeof(netrig_interface));
  layout.member("struct_size", offsetof(netrig_interface, struct_size), sizeof(netrig_interface::struct_size));
  layout.member("netns_fd", offsetof(netrig_interface, netns_fd), sizeof(netrig_interface::netns_fd));
  layout.member("name", offsetof(netrig_interface, name), sizeof(netrig_interface::name));
  layout.member("ifindex", offsetof(netrig_interface, ifindex), sizeof(netrig_interface::ifindex));
  layout.member("mtu", offsetof(netrig_interface, mtu), sizeof(netrig_interface::mtu));
  layout.member("mac", offsetof(netrig_interface, mac), sizeof(netrig_interface::mac));
  layout.member("has_mac", offsetof(netrig_interface, has_mac), sizeof(netrig_interface::has_mac));
  layout.member("reserved", offsetof(netrig_interface, reserved), sizeof(netrig_interface::reserved));
  layout.begin("netrig_reference", sizeof(netrig_reference));
  layout.member("struct_size", offsetof(netrig_reference, struct_size), sizeof(netrig_reference::struct_size));
  layout.member("netns_fd", offsetof(netrig_reference, netns_fd), sizeof(netrig_reference::netns_fd));
  layout.member("text", offsetof(netrig_reference, text), sizeof(netrig_reference::text));
  layout.member("name", offsetof(netrig_reference, name), sizeof(netrig_reference::name));
  layout.member("ifindex", offsetof(netrig_reference, ifindex), sizeof(netrig_reference::ifindex));
  layout.member("number", offsetof(netrig_reference, number), sizeof(netrig_reference::number));
  layout.begin("netrig_request", sizeof(netrig_request));
  layout.member("struct_size", offsetof(netrig_request, struct_size), sizeof(netrig_request::struct_size));
  layout.member("interface_count", offsetof(netrig_request, interface_count), sizeof(netrig_request::interface_count));
  layout.member("lab", offsetof(netrig_request, lab), sizeof(netrig_request::lab));
  layout.member("device", offsetof(netrig_request, device), sizeof(netrig_request::device));
  layout.member("interfaces", offsetof(netrig_request, interfaces), sizeof(netrig_request::interfaces));
  layout.begin("netrig_device", sizeof(netrig_device));
  layout.member("struct_size", offsetof(netrig_device, struct_size), sizeof(netrig_device::struct_size));
  layout.member("interface_count", offsetof(netrig_device, interface_count), sizeof(netrig_device::interface_count));
  layout.member("lab", offsetof(netrig_device, lab), sizeof(netrig_device::lab));
  layout.member("device", offsetof(netrig_device, device), sizeof(netrig_device::device));
  layout.member("interfaces", offsetof(netrig_device, interfaces), sizeof(netrig_device::interfaces));
  layout.member("record", offsetof(netrig_device, record), sizeof(netrig_device::record));
  layout.member("record_size", offsetof(netrig_device, record_size), sizeof(netrig_device::record_size));
  layout.member("reserved", offsetof(netrig_device, reserved), sizeof(netrig_device::reserved));
  layout.begin("netrig_host", sizeof(netrig_host));
  layout.member("struct_size", offsetof(netrig_host, struct_size), sizeof(netrig_host::struct_size));
  layout.member("abi_major", offsetof(netrig_host, abi_major), sizeof(netrig_host::abi_major));
  layout.member("abi_minor", offsetof(netrig_host, abi_minor), sizeof(netrig_host::abi_minor));
  layout.member("fail", offsetof(netrig_host, fail), sizeof(netrig_host::fail));
  layout.member("service", offsetof(netrig_host, service), sizeof(netrig_host::service));
  layout.member("count", offsetof(netrig_host, count), sizeof(netrig_host::count));
  layout.member("get_bool", offsetof(netrig_host, get_bool), sizeof(netrig_host::get_bool));
  layout.member("get_integer", offsetof(netrig_host, get_integer), sizeof(netrig_host::get_integer));
  layout.member("get_string", offsetof(netrig_host, get_string), sizeof(netrig_host::get_string));
  layout.member("get_mac", offsetof(netrig_host, get_mac), sizeof(netrig_host::get_mac));
  layout.member("get_address", offsetof(netrig_host, get_address), sizeof(netrig_host::get_address));
  layout.member("get_reference", offsetof(netrig_host, get_reference), sizeof(netrig_host::get_reference));
  layout.member("set_interface", offsetof(netrig_host, set_interface), sizeof(netrig_host::set_interface));
  layout.member("save_record", offsetof(netrig_host, save_record), sizeof(netrig_host::save_record));
  layout.member("set_state", offsetof(netrig_host, set_state), sizeof(netrig_host::set_state));
  layout.member("last_error", offsetof(netrig_host, last_error), sizeof(netrig_host::last_error));
  layout.member("changed", offsetof(netrig_host, changed), sizeof(netrig_host::changed));
  layout.member("set_bool", offsetof(netrig_host, set_bool), sizeof(netrig_host::set_bool));
  layout.member("set_integer", offsetof(netrig_host, set_integer), sizeof(netrig_host::set_integer));
  layout.member("set_string", offsetof(netrig_host, set_string), sizeof(netrig_host::set_string));
  layout.member("set_mac", offsetof(netrig_host, set_mac), sizeof(netrig_host::set_mac));
  layout.member("set_address", offsetof(netrig_host, set_address), sizeof(netrig_host::set_address));
  layout.member("get_bytes", offsetof(netrig_host, get_bytes), sizeof(netrig_host::get_bytes));
  layout.member("get_file", offsetof(netrig_host, get_file), sizeof(netrig_host::get_file));
  layout.member("set_bytes", offsetof(netrig_host, set_bytes), sizeof(netrig_host::set_bytes));
  layout.begin("netrig_error", sizeof(netrig_error));
  layout.member("struct_size", offsetof(netrig_error, struct_size), sizeof(netrig_error::struct_size));
  layout.member("status", offsetof(netrig_error, status), sizeof(netrig_error::status));
  layout.member("error_number", offsetof(netrig_error, error_number), sizeof(netrig_error::error_number));
  layout.member("offset", offsetof(netrig_error, offset), sizeof(netrig_error::offset));
  layout.member("text", offsetof(netrig_error, text), sizeof(netrig_error::text));
  layout.member("message", offsetof(netrig_error, message), sizeof(netrig_error::message));
  layout.begin("netrig_functions", sizeof(netrig_functions));
  layout.member("struct_size", offsetof(netrig_functions, struct_size), sizeof(netrig_functions::struct_size));
  layout.member("reserved", offsetof(netrig_functions, reserved), sizeof(netrig_functions::reserved));
  layout.member("validate", offsetof(netrig_functions, validate), sizeof(netrig_functions::validate));
  layout.member("create", offsetof(netrig_functions, create), sizeof(netrig_functions::create));
  layout.member("destroy", offsetof(netrig_functions, destroy), sizeof(netrig_functions::destroy));
  layout.member("inspect", offsetof(netrig_functions, inspect), sizeof(netrig_functions::inspect));
  layout.member("change", offsetof(netrig_functions, change), sizeof(netrig_functions::change));
  layout.member("settle", offsetof(netrig_functions, settle), sizeof(netrig_functions::settle));
  layout.begin("netrig_link", sizeof(netrig_link));
  layout.member("struct_size", offsetof(netrig_link, struct_size), sizeof(netrig_link::struct_size));
  layout.member("interface", offsetof(netrig_link, interface), sizeof(netrig_link::interface));
  layout.member("kind", offsetof(netrig_link, kind), sizeof(netrig_link::kind));
  layout.member("attributes", offsetof(netrig_link, attributes), sizeof(netrig_link::attributes));
  layout.member("data", offsetof(netrig_link, data), sizeof(netrig_link::data));
  layout.member("peer_attributes", offsetof(netrig_link, peer_attributes), sizeof(netrig_link::peer_attributes));
  layout.member("attributes_size", offsetof(netrig_link, attributes_size), sizeof(netrig_link::attributes_size));
  layout.member("data_size", offsetof(netrig_link, data_size), sizeof(netrig_link::data_size));
  layout.member("peer_attributes_size", offsetof(netrig_link, peer_attributes_size),
                sizeof(netrig_link::peer_attributes_size));
  layout.member("peer", offsetof(netrig_link, peer), sizeof(netrig_link::peer));
  layout.member("peer_type", offsetof(netrig_link, peer_type), sizeof(netrig_link::peer_type));
  layout.member("lower", offsetof(netrig_link, lower), sizeof(netrig_link::lower));
  layout.begin("netrig_netlink", sizeof(netrig_netlink));
  layout.member("struct_size", offsetof(netrig_netlink, struct_size), sizeof(netrig_netlink::struct_size));
  layout.member("reserved", offsetof(netrig_netlink, reserved), sizeof(netrig_netlink::reserved));
  layout.member("create_link", offsetof(netrig_netlink, create_link), sizeof(netrig_netlink::create_link));
  layout.member("set_link", offsetof(netrig_netlink, set_link), sizeof(netrig_netlink::set_link));
  layout.member("delete_link", offsetof(netrig_netlink, delete_link), sizeof(netrig_netlink::delete_link));
  layout.member("flush", offsetof(netrig_netlink, flush), sizeof(netrig_netlink::flush));
  layout.member("link_ifindex", offsetof(netrig_netlink, link_ifindex), sizeof(netrig_netlink::link_ifindex));
  layout.member("get_link", offsetof(netrig_netlink, get_link), sizeof(netrig_netlink::get_link));
  layout.member("request", offsetof(netrig_netlink, request), sizeof(netrig_netlink::request));
  layout.begin("netrig_genl", sizeof(netrig_genl));
  layout.member("struct_size", offsetof(netrig_genl, struct_size), sizeof(netrig_genl::struct_size));
  layout.member("reserved", offsetof(netrig_genl, reserved), sizeof(netrig_genl::reserved));
  layout.member("family", offsetof(netrig_genl, family), sizeof(netrig_genl::family));
  layout.member("request", offsetof(netrig_genl, request), sizeof(netrig_genl::request));
  layout.begin("netrig_socket", sizeof(netrig_socket));
  layout.member("struct_size", offsetof(netrig_socket, struct_size), sizeof(netrig_socket::struct_size));
  layout.member("reserved", offsetof(netrig_socket, reserved), sizeof(netrig_socket::reserved));
  layout.member("open", offsetof(netrig_socket, open), sizeof(netrig_socket::open));
  layout.begin("netrig_log", sizeof(netrig_log));
  layout.member("struct_size", offsetof(netrig_log, struct_size), sizeof(netrig_log::struct_size));
  layout.member("reserved", offsetof(netrig_log, reserved), sizeof(netrig_log::reserved));
  layout.member("write", offsetof(netrig_log, write), sizeof(netrig_log::write));
  layout.member("enabled", offsetof(netrig_log, enabled), sizeof(netrig_log::enabled));
  layout.begin("netrig_sysfs", sizeof(netrig_sysfs));
  layout.member("struct_size", offsetof(netrig_sysfs, struct_size), sizeof(netrig_sysfs::struct_size));
  layout.member("reserved", offsetof(netrig_sysfs, reserved), sizeof(netrig_sysfs::reserved));
  layout.member("read", offsetof(netrig_sysfs, read), sizeof(netrig_sysfs::read));
  layout.member("write", offsetof(netrig_sysfs, write), sizeof(netrig_sysfs::write));
  layout.begin("netrig_cancel", sizeof(netrig_cancel));
  layout.member("struct_size", offsetof(netrig_cancel, struct_size), sizeof(netrig_cancel::struct_size));
  layout.member("reserved", offsetof(netrig_cancel, reserved), sizeof(netrig_cancel::reserved));
  layout.member("cancelled", offsetof(netrig_cancel, cancelled), sizeof(netrig_cancel::cancelled));
  layout.member("remaining", offsetof(netrig_cancel, remaining), sizeof(netrig_cancel::remaining));
  layout.begin("netrig_tun_device", sizeof(netrig_tun_device));
  layout.member("struct_size", offsetof(netrig_tun_device, struct_size), sizeof(netrig_tun_device::struct_size));
  layout.member("interface", offsetof(netrig_tun_device, interface), sizeof(netrig_tun_device::interface));
  layout.member("type", offsetof(netrig_tun_device, type), sizeof(netrig_tun_device::type));
  layout.member("flags", offsetof(netrig_tun_device, flags), sizeof(netrig_tun_device::flags));
  layout.member("owner", offsetof(netrig_tun_device, owner), sizeof(netrig_tun_device::owner));
  layout.member("group", offsetof(netrig_tun_device, group), sizeof(netrig_tun_device::group));
  layout.begin("netrig_tun", sizeof(netrig_tun));
  layout.member("struct_size", offsetof(netrig_tun, struct_size), sizeof(netrig_tun::struct_size));
  layout.member("reserved", offsetof(netrig_tun, reserved), sizeof(netrig_tun::reserved));
  layout.member("create", offsetof(netrig_tun, create), sizeof(netrig_tun::create));
  layout.member("open_queue", offsetof(netrig_tun, open_queue), sizeof(netrig_tun::open_queue));
  layout.end();
  return layout;
}

/// "NETRIG_BUSY 4", of every #define that is a number or a text.
std::vector<std::string> numbers() {
  std::vector<std::string> lines;
  const std::string text = headers();
  const std::regex define("#define (NETRIG_\\w+) (\"[^\"]*\"|0x[0-9a-f]+u?|[0-9]+u?|UINT32_MAX)");
  for (std::sregex_iterator at(text.begin(), text.end(), define), last; at != last; ++at)
    lines.push_back(fmt::format("{} {}", (*at)[1].str(), (*at)[2].str()));
  return lines;
}

}  // namespace

TEST_CASE("every struct of the ABI is looked at") {
  const Layout layout = layout_of_all();
  const std::string text = headers();
  const std::regex begin("\nstruct (netrig_\\w+) \\{");
  std::set<std::string> declared;
  for (std::sregex_iterator at(text.begin(), text.end(), begin), last; at != last; ++at)
    declared.insert((*at)[1].str());
  CHECK(layout.structs == declared);
  std::string code = text;  // without its comments
  for (std::size_t at = code.find("/*"); at != std::string::npos; at = code.find("/*", at))
    code.erase(at, code.find("*/", at) + 2 - at);
  CHECK_FALSE(std::regex_search(code, std::regex("\\b(bool|long|size_t)\\b")));
}

TEST_CASE("the ABI is what its history says") {
  const std::string path = NETRIG_TEST_DIR "/abi/history";
  std::vector<std::string> now = layout_of_all().lines;
  const auto defined = numbers();
  now.insert(now.end(), defined.begin(), defined.end());
  if (std::getenv("NETRIG_WRITE_HISTORY") != nullptr) {
    std::ofstream file(path);
    for (const std::string& line : now) file << line << '\n';
  }
  std::vector<std::string> before;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) before.push_back(line);
  REQUIRE(!before.empty());
  CHECK(now == before);
}
