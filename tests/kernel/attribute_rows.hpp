// SPDX-License-Identifier: Apache-2.0
// Everything that a lab file can say of an object, row by row: how it is said, shown, drifted and left out.
#pragma once
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace attribute_rows {

/// Of what rows are attributes.
struct Subject {
  std::string_view kind;
  std::string lab;   ///< "$": where the attribute stands; "@": where the object does
  std::string name;  ///< as `verify` calls it, without its namespace
  std::string ip;    ///< arguments of `ip -n a -j` that show it, "bridge ..."; or a shell command that prints the value
};

struct Row {
  Subject of;
  std::string_view attribute;  ///< a setting, or what else of the object can be wrong
  // What the file says, in place of "$". "@": where `verify` finds it; there is none: where the object stands.
  std::string first;
  std::string second;
  std::string without = {};
  std::string drift;    ///< a shell command, after `first`; "a ..." is "ip -n a ..."
  std::string at = {};  ///< where in the JSON: "/0/mtu"; "/0/flags#UP": whether the list has it
  /// What is there: by `first`, by `drift`, by `second`, by `without`. "-": nothing; "~9": 9 or a little less; "*":
  /// anything but what was there before.
  std::array<std::string, 4> shown;
  /// What `verify` expects and has found, where these are not the words of ip(8).
  std::array<std::string, 2> words = {};
  std::string name = {};      ///< as `verify` calls the object, where that is not the subject's
  std::string wrong = {};     ///< all that `verify` says is wrong with it: "missing"
  std::size_t foreign = 0;    ///< so many objects that nobody accounts for come with the drift
  std::size_t faults = 1;     ///< so many differences of which this is the first
  bool needs_netem = false;   ///< not every kernel has it
  bool is_made_anew = false;  ///< the kernel cannot take it back: without it the device is another
};

/// Namespaces "a" and "b", and a veth between them; with more keys of a, of a's end, and more devices.
inline std::string wired(const std::string& space, const std::string& link, const std::string& more = {}) {
  return "[lab]\nname = \"attributes\"\n[namespace.a]\n" + space +
         "\n[namespace.b]\n[device.wire]\ndriver = \"veth\"\ninterfaces = [\n  { namespace = \"a\", name = " + link +
         " },\n  { namespace = \"b\", name = \"eth0\" },\n]\n" + more;
}

/// An end with addresses for routes to go over.
inline const char* const kRouted = "\"eth0\", addresses = [\"10.0.0.1/24\", \"10.0.0.7/24\", \"2001:db8::1/64\"]";

std::vector<Row> sysctl_rows();
std::vector<Row> link_rows();
std::vector<Row> qdisc_rows();
std::vector<Row> port_rows();
std::vector<Row> vlans_rows();
std::vector<Row> address_rows();
std::vector<Row> neighbour_rows();
std::vector<Row> route_rows();
std::vector<Row> rule_rows();

}  // namespace attribute_rows
